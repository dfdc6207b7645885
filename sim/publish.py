"""Publishes recorded readings to a real broker, in their order and at a chosen speed.

Theory of operation: MQTT 3.1.1 (which every broker speaks), JSON at QoS 1, over one or more connections, each with the
messages of its lane. At most `in_flight` messages of a connection are unconfirmed. When it is lost, paho sends those
again, in order, once it is back; until they are all confirmed nothing new is sent, so that no message overtakes
another. A message may then arrive twice, as QoS 1 allows. Sparkplug B has its data at QoS 0: what was not written to the
connection when it broke is lost, and counted; over the new one everything is born again before its next data.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from threading import Condition
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.mqtt import MqttSettings, settings_faults
from registry.faults import InputError, errors_in
from sim.outgoing import Outgoing, Packing
from sim.recorded import Recorded
from sim.sparkplug import asks_rebirth

IN_FLIGHT = 1000
PATIENCE_S = 60.0
_NS = 1e9


class BrokerUnreachableError(Exception):
    """The broker could not be reached, refused us, or did not confirm in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published: messages of readings, and the readings in them; how often a connection came back.

    `lost` are messages at QoS 0 that a breaking connection took with it; all others the broker has confirmed.
    """

    messages: int
    readings: int
    reconnects: int
    elapsed_s: float
    lost: int = 0


class Publisher:
    """A connection for one publication; as a context manager it connects, and disconnects at the end.

    It is that of the lane `lane` of `packing`, which says what its will is and on which topic it listens.
    `patience_s` is how long it waits for a first connection, for a lost one to come back and for confirmations.
    """

    def __init__(
        self,
        settings: MqttSettings,
        packing: Packing | None = None,
        lane: int = 0,
        *,
        in_flight: int = IN_FLIGHT,
        patience_s: float = PATIENCE_S,
    ) -> None:
        faults = errors_in(settings_faults(settings))
        if faults:
            raise InputError(faults)
        self._settings = settings
        self._packing = packing
        self._lane = lane
        self._in_flight = in_flight
        self._patience_s = patience_s
        self._changed = Condition()
        self._unconfirmed = 0
        self._qos = 1
        self._lost = 0
        self._attempts = 0
        self._openings = 0
        self._open = False
        self._connections = 0
        self._refused = False
        self._problem = "no answer"
        self._client = self._new_client()

    @property
    def reconnects(self) -> int:
        """How often the connection came back."""
        return max(0, self._connections - 1)

    @property
    def lost(self) -> int:
        """How many messages at QoS 0 went with a breaking connection."""
        return self._lost

    @property
    def session(self) -> int:
        """Which attempt to connect, from 0 on, the connection comes from; its will was made for it."""
        return self._attempts - 1

    def __enter__(self) -> Self:
        try:
            self._client.connect(self._settings.host, self._settings.port, self._settings.keepalive_s)
        except OSError as exc:
            raise BrokerUnreachableError(f"{self._settings.url}: {exc}") from exc
        self._client.loop_start()
        try:
            self._wait(lambda: self._open)
        except BrokerUnreachableError:
            self._client.loop_stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def ready(self) -> int:
        """Wait while too many are unconfirmed or the connection is away; return how often an opening was due."""
        self._wait(lambda: self._open and self._unconfirmed < self._in_flight)
        return self._openings

    def send(self, message: Outgoing) -> None:
        """Publish one message as soon as `ready` allows."""
        self.ready()
        self.post(message)

    def post(self, message: Outgoing) -> None:
        """Publish one message without waiting. All messages of a connection have one QoS."""
        with self._changed:
            self._unconfirmed += 1
            self._qos = message.qos
        info = self._client.publish(message.topic, message.payload, qos=message.qos)
        if info.rc not in {
            MQTTErrorCode.MQTT_ERR_SUCCESS,
            MQTTErrorCode.MQTT_ERR_NO_CONN,
            MQTTErrorCode.MQTT_ERR_CONN_LOST,
        }:
            raise BrokerUnreachableError(f"{self._settings.url}: {info.rc.name}")
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._give_up()

    def finish(self) -> None:
        """Wait until the broker has confirmed every message, or at QoS 0 until all are written."""
        self._wait(lambda: self._unconfirmed == 0)

    def _give_up(self) -> None:
        """Count what is not confirmed at QoS 0 as lost: paho does not send it again, as it does at QoS 1."""
        with self._changed:
            if self._qos == 0:
                self._lost, self._unconfirmed = self._lost + self._unconfirmed, 0
                self._changed.notify_all()

    def _wait(self, ready: Callable[[], bool]) -> None:
        """Wait for `ready`; patience begins anew with every confirmation."""
        with self._changed:
            while not ready():
                if self._refused:
                    raise BrokerUnreachableError(f"{self._settings.url}: {self._problem}")
                seen = self._unconfirmed, self._connections
                if not self._changed.wait(self._patience_s) and seen == (
                    self._unconfirmed,
                    self._connections,
                ):
                    raise BrokerUnreachableError(f"{self._settings.url}: {self._problem}")

    def _new_client(self) -> Client:
        settings = self._settings
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id="",
            clean_session=True,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password)
        context = settings.tls_context()
        if context is not None:
            client.tls_set_context(context)
        client.max_inflight_messages_set(0)
        client.reconnect_delay_set(min_delay=1, max_delay=8)
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_message = self._on_message
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def _on_pre_connect(self, client: Client, _userdata: Any) -> None:
        self._attempts += 1
        will = self._packing.will(self._lane, self.session) if self._packing else None
        if will is not None:
            client.will_set(will.topic, will.payload, qos=will.qos)

    def _on_connect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: ConnectFlags,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        with self._changed:
            if code.is_failure:
                self._refused, self._problem = True, f"refused: {code}"
                self._changed.notify_all()
                return
            self._problem = "no confirmation"
            self._connections += 1
            self._openings += 1
            self._open = self._unconfirmed == 0
            self._changed.notify_all()
        commands = self._packing.commands(self._lane) if self._packing else None
        if commands is not None:
            self._client.subscribe(commands, qos=1)

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        if asks_rebirth(bytes(message.payload)):
            with self._changed:
                self._openings += 1

    def _on_disconnect(
        self,
        _client: Client,
        _userdata: Any,
        _flags: DisconnectFlags,
        code: ReasonCode,
        _props: Properties | None,
    ) -> None:
        with self._changed:
            self._open = False
            if not self._refused:
                self._problem = f"the connection was lost: {code}"
        self._give_up()

    def _on_publish(
        self, _client: Client, _userdata: Any, _mid: int, _code: ReasonCode, _props: Properties
    ) -> None:
        with self._changed:
            self._unconfirmed = max(0, self._unconfirmed - 1)
            if self._unconfirmed == 0 and self._client.is_connected():
                self._open = True
            self._changed.notify_all()


@contextmanager
def connections(settings: MqttSettings, packing: Packing, lanes: int = 1) -> Iterator[list[Publisher]]:
    """Give one connection for each lane of `packing`."""
    with ExitStack() as stack:
        yield [stack.enter_context(Publisher(settings, packing, lane)) for lane in range(lanes)]


def publish(
    chunks: Iterable[Recorded],
    publishers: Sequence[Publisher],
    packing: Packing,
    speed: float | None = None,
    *,
    monotonic_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Published:
    """Publish all readings, each over the connection of its lane, and wait until the broker has confirmed them.

    `speed` is how many times faster than recorded, None as fast as it goes. Pace is kept against the first message
    on a monotonic clock, so that a late message does not make the next ones later; a recording that steps back in
    time goes on at once. One thread sends over all connections, so a broken one holds up the others.
    """
    messages = readings = 0
    began_s = monotonic_s()
    first_ns: int | None = None
    opened = [0] * len(publishers)
    for chunk in chunks:
        for message in packing.pack(chunk):
            if speed is not None:
                first_ns = message.t_ns if first_ns is None else first_ns
                ahead_s = began_s + (message.t_ns - first_ns) / _NS / speed - monotonic_s()
                if ahead_s > 0:
                    sleep(ahead_s)
            publisher = publishers[message.lane]
            while (opening := publisher.ready()) != opened[message.lane]:
                opened[message.lane] = opening
                for introduction in packing.opening(message.lane, publisher.session, message.t_ns):
                    publisher.send(packing.sealed(introduction))
            publisher.post(packing.sealed(message))
            messages += 1
            readings += message.readings
    for lane, publisher in enumerate(publishers):
        publisher.finish()
        for farewell in packing.closing(lane, publisher.session) if opened[lane] else ():
            publisher.send(farewell)
            publisher.finish()
    return Published(
        messages=messages,
        readings=readings,
        reconnects=sum(publisher.reconnects for publisher in publishers),
        elapsed_s=monotonic_s() - began_s,
        lost=sum(publisher.lost for publisher in publishers),
    )


def parse_speed(text: str) -> float | None:
    """Return the factor of ``10x`` or ``1x``, None for ``max``; raise ValueError for anything else."""
    plain = text.strip().lower()
    if plain == "max":
        return None
    try:
        factor = float(plain.removesuffix("x"))
    except ValueError:
        factor = 0.0
    if not 0 < factor < float("inf"):
        raise ValueError(f"{text!r} is no speed: max, or a factor above 0 such as 10x")
    return factor
