"""Publishes single messages and says whether the broker has them."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.reasoncodes import ReasonCode

from ingest.mqtt.connection import Link
from ingest.mqtt.settings import MqttSettings


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whether the broker confirmed a message; where it did not, why. An unconfirmed one may still have arrived."""

    confirmed: bool
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outgoing:
    topic: str
    payload: bytes
    retain: bool
    future: Future[Delivery]


class MqttPublisher(Link):
    """Publishes at QoS 1 from any thread, over a connection of its own that comes back when it is lost.

    A message waits while there is no connection; one that was sent and not confirmed when the connection broke is
    answered as unconfirmed, and it is the caller who tries again. `settings.client_id` must be its own.
    """

    def __init__(self, settings: MqttSettings, clock_ns: Callable[[], int]) -> None:
        super().__init__(settings, clock_ns, name="mqtt-publisher")
        self._waiting: deque[_Outgoing] = deque()
        self._sent: dict[int, Future[Delivery]] = {}

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, timeout_s: float = 5.0
    ) -> Delivery:
        """Publish and wait until the broker confirms it, at most `timeout_s`; never raises."""
        future = self.offer(topic, payload, retain=retain)
        try:
            return future.result(timeout_s)
        except FutureTimeoutError:
            future.cancel()
            state = self.state()
            return Delivery(
                False,
                f"no confirmation within {timeout_s} s ({state.phase}{': ' * bool(state.reason)}{state.reason})",
            )

    def offer(self, topic: str, payload: bytes, *, retain: bool = False) -> Future[Delivery]:
        """Publish without waiting; a future that is cancelled before its message was sent takes it back."""
        future: Future[Delivery] = Future()
        self._waiting.append(_Outgoing(topic=topic, payload=payload, retain=retain, future=future))
        self.wake()
        return future

    def stop(self) -> None:
        """End the connection; whatever waits is answered as unconfirmed."""
        super().stop()
        while self._waiting:
            _answer(self._waiting.popleft().future, Delivery(False, "the publisher was stopped"))

    def _work(self, client: Client) -> None:
        while self._waiting:
            message = self._waiting.popleft()
            if message.future.cancelled():
                continue
            try:
                info = client.publish(message.topic, message.payload, qos=1, retain=message.retain)
            except ValueError as error:  # a wildcard in the topic, a payload over 256 MB
                _answer(message.future, Delivery(False, str(error)))
                continue
            self._sent[info.mid] = message.future

    def _on_published(
        self, _client: Client, _userdata: Any, mid: int, code: ReasonCode, _properties: Any
    ) -> None:
        future = self._sent.pop(mid, None)
        if code.is_failure:
            delivery = Delivery(False, f"refused by the broker: {code}")
        else:
            delivery = Delivery(True)
            self._count(published=1)
        if future is not None:
            _answer(future, delivery)

    def _on_closed(self, reason: str) -> None:
        sent, self._sent = self._sent, {}
        for future in sent.values():
            _answer(future, Delivery(False, reason))


def _answer(future: Future[Delivery], delivery: Delivery) -> None:
    with suppress(InvalidStateError):  # cancelled meanwhile
        future.set_result(delivery)
