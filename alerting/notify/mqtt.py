"""The MQTT receiver: each alert retained on a topic of its sensor, for sirens, lights and panels.

The topic is ``{prefix}/{enterprise}/{sensor}/{slot}``: ``process`` for all that is wrong with the process at a sensor,
the kind's name for each trouble of the sensor itself. The slot holds one alert at a time and does not change while the
alert's kind does, so the closing of one alert of a sensor (its transmitter is back) never hides another that stands
(its level is high), and an alert that went from ``anomaly`` to ``high`` leaves nothing behind. Every event is published,
retained, so a siren that connects late sees how it stands; the last, with state ``closed``, is the all-clear and stays
until the next occurrence. Troubles of hazwatch's own are on ``{prefix}/_system/{name}/system``.
"""

import asyncio
from concurrent.futures import Future
from typing import Any, Protocol

import msgspec

from alerting.events import AlertEvent, Kind, slot_of
from alerting.notification import Notification
from alerting.notify.bodies import lines_of
from alerting.notify.receiver import Outcome, Retry, Sent
from registry.plant import Text

NO_ENTERPRISE = "_"
SYSTEM = "_system"
CONFIRMED_S = 5.0


class Delivery(Protocol):
    """Whether the broker confirmed a message, and why it did not."""

    @property
    def confirmed(self) -> bool:
        """Whether it did."""

    @property
    def reason(self) -> str:
        """Why it did not."""


class Publisher(Protocol):
    """Publishes at QoS 1; `ingest.mqtt.MqttPublisher` is one."""

    def offer(self, topic: str, payload: bytes, *, retain: bool = False) -> Future[Any]:
        """Publish without waiting; a future (of `Delivery`) that is cancelled before its message was sent takes it back."""


class MqttReceiver:
    """Publishes through a connection that belongs to the caller."""

    def __init__(self, topic_prefix: str, publisher: Publisher) -> None:
        self._prefix = topic_prefix
        self._publisher = publisher
        self._newest: dict[str, int] = {}

    async def send(self, notification: Notification) -> Outcome:
        """Publish the alert line, or each line of a group."""
        for line in lines_of(notification.body):
            event = msgspec.json.decode(line, type=AlertEvent)
            topic = topic_of(self._prefix, event)
            if event.seq < self._newest.get(topic, 0):
                continue  # a group that was held up must not hide what came after it
            self._newest[topic] = event.seq  # before waiting: what is older must not follow meanwhile
            outcome = await publish(self._publisher, topic, line)
            if outcome != Sent():
                return outcome
        return Sent()

    async def close(self) -> None:
        """The connection is the caller's."""


async def publish(publisher: Publisher, topic: str, payload: bytes) -> Outcome:
    """Publish, retained, and wait for the broker's confirmation; no thread waits meanwhile."""
    try:
        async with asyncio.timeout(CONFIRMED_S):
            delivery: Delivery = await asyncio.wrap_future(publisher.offer(topic, payload, retain=True))
    except TimeoutError:
        within = f"{CONFIRMED_S:g}"
        return Retry(
            reason=Text(f"消息服务器 {within} 秒内未确认", f"the broker did not confirm within {within} s")
        )
    if delivery.confirmed:
        return Sent()
    return Retry(
        reason=Text(f"消息服务器未确认：{delivery.reason}", f"the broker did not confirm: {delivery.reason}")
    )


def topic_of(prefix: str, event: AlertEvent) -> str:
    """Return the topic of an alert event; what MQTT gives a meaning to is escaped in ids."""
    slot = slot_of(Kind(event.kind))
    if event.sensor is None:
        levels = [SYSTEM, event.why["system"], slot]
    elif event.enterprise is None:
        levels = [NO_ENTERPRISE, event.sensor, slot]
    else:
        levels = [event.enterprise, event.sensor.removeprefix(f"{event.enterprise}/"), slot]
    return "/".join([prefix, *(level_of(level) for level in levels)])


def level_of(name: str) -> str:
    """Return a name as one level of a topic."""
    for char in "%/+#\0":
        name = name.replace(char, f"%{ord(char):02X}")
    return name
