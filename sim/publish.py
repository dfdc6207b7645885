"""Publishes recorded readings to a real broker, in their order and at a chosen speed.

Theory of operation: one connection, QoS 1, MQTT 3.1.1 (which every broker speaks). At most `in_flight` messages are
unconfirmed. When the connection is lost, paho sends those again, in order, once it is back; until they are all
confirmed nothing new is sent, so that no message overtakes another. A message may then arrive twice, as QoS 1 allows.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Condition
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.mqtt import MqttSettings, settings_faults
from registry.faults import InputError, errors_in
from sim.outgoing import Outgoing, Packer
from sim.recorded import Recorded

IN_FLIGHT = 1000
PATIENCE_S = 60.0
_NS = 1e9


class BrokerUnreachableError(Exception):
    """The broker could not be reached, refused us, or did not confirm in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What was published: messages and readings that the broker confirmed, and how often the connection came back."""

    messages: int
    readings: int
    reconnects: int
    elapsed_s: float


class Publisher:
    """A connection for one publication; as a context manager it connects, and disconnects at the end.

    `patience_s` is how long it waits for a first connection, for a lost one to come back and for confirmations.
    """

    def __init__(
        self, settings: MqttSettings, *, in_flight: int = IN_FLIGHT, patience_s: float = PATIENCE_S
    ) -> None:
        faults = errors_in(settings_faults(settings))
        if faults:
            raise InputError(faults)
        self._settings = settings
        self._in_flight = in_flight
        self._patience_s = patience_s
        self._changed = Condition()
        self._unconfirmed = 0
        self._open = False
        self._connections = 0
        self._refused = False
        self._problem = "no answer"
        self._client = self._new_client()

    @property
    def reconnects(self) -> int:
        """How often the connection came back."""
        return max(0, self._connections - 1)

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

    def send(self, message: Outgoing) -> None:
        """Publish one message; waits while too many are unconfirmed or the connection is away."""
        self._wait(lambda: self._open and self._unconfirmed < self._in_flight)
        with self._changed:
            self._unconfirmed += 1
        info = self._client.publish(message.topic, message.payload, qos=1)
        if info.rc not in {MQTTErrorCode.MQTT_ERR_SUCCESS, MQTTErrorCode.MQTT_ERR_NO_CONN}:
            raise BrokerUnreachableError(f"{self._settings.url}: {info.rc.name}")

    def finish(self) -> None:
        """Wait until the broker has confirmed every message."""
        self._wait(lambda: self._unconfirmed == 0)

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
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        return client

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
            self._open = self._unconfirmed == 0
            self._changed.notify_all()

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

    def _on_publish(
        self, _client: Client, _userdata: Any, _mid: int, _code: ReasonCode, _props: Properties
    ) -> None:
        with self._changed:
            self._unconfirmed -= 1
            if self._unconfirmed == 0 and self._client.is_connected():
                self._open = True
            self._changed.notify_all()


def publish(
    chunks: Iterable[Recorded],
    publisher: Publisher,
    packer: Packer,
    speed: float | None = None,
    *,
    monotonic_s: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Published:
    """Publish all readings and wait until the broker has confirmed them.

    `speed` is how many times faster than recorded, None as fast as it goes. Pace is kept against the first message
    on a monotonic clock, so that a late message does not make the next ones later; a recording that steps back in
    time goes on at once.
    """
    messages = readings = 0
    began_s = monotonic_s()
    first_ns: int | None = None
    for chunk in chunks:
        for message in packer.pack(chunk):
            if speed is not None:
                first_ns = message.t_ns if first_ns is None else first_ns
                ahead_s = began_s + (message.t_ns - first_ns) / _NS / speed - monotonic_s()
                if ahead_s > 0:
                    sleep(ahead_s)
            publisher.send(message)
            messages += 1
            readings += message.readings
    publisher.finish()
    return Published(
        messages=messages,
        readings=readings,
        reconnects=publisher.reconnects,
        elapsed_s=monotonic_s() - began_s,
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
