"""One connection, on a thread of its own: paho speaks the protocol, the loop is ours.

Our own loop, over paho's calls for external event loops, because it lets acknowledgements leave together (see
`MqttSource.ack`), reads without a select for each packet, stops reading when the inbox is full, and waits between
attempts with jitter. Everything that touches paho happens on that one thread.
"""

import random
import select
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import Any, Final

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from ingest.mqtt.settings import MqttSettings
from ingest.mqtt.state import LinkCounters, LinkState, Outcome, Phase, Protocol, delay_s, next_protocol

CONNECT_TIMEOUT_S: Final = 5.0
STOP_TIMEOUT_S: Final = 1.0
WAIT_S: Final = 1.0
MAX_BURST: Final = 256


class Link:
    """A connection that is tried again until it is stopped; what is done with it is told by subclasses.

    `clock_ns` gives the times of `state`; `jitter` gives numbers in 0..1.
    """

    def __init__(
        self,
        settings: MqttSettings,
        clock_ns: Callable[[], int],
        *,
        name: str,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock_ns = clock_ns
        self._jitter = jitter
        self._state = LinkState(phase=Phase.CONNECTING, since_ns=clock_ns())
        self._counters = LinkCounters()
        self._counting = Lock()
        self._stopping = Event()
        self._wake_r, self._wake_w = socket.socketpair()
        self._wake_r.setblocking(False)
        self._wake_w.setblocking(False)
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._outcome = Outcome.UNREACHED
        self._problem = ""
        self._raw = bytearray()
        self._paho_midway = False

    # What others call, from any thread.

    def start(self) -> None:
        """Begin to connect; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Send what is waiting, disconnect and end the thread, within a second; the broker keeps the session."""
        self._stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT_S)
        self._state = LinkState(phase=Phase.STOPPED, since_ns=self._clock_ns())
        if not self._thread.is_alive():
            self._wake_r.close()
            self._wake_w.close()

    def state(self) -> LinkState:
        """Return where the connection stands."""
        return self._state

    def counters(self) -> LinkCounters:
        """Return what was done so far."""
        return self._counters

    def wake(self) -> None:
        """Make the network thread look at what it has to do."""
        with suppress(OSError):  # full: it is awake already; closed: it is over
            self._wake_w.send(b"\0")

    @property
    def _opened(self) -> bool:
        return self._outcome is Outcome.OPENED

    # What subclasses tell; always on the network thread.

    def _on_opened(self, client: Client) -> None:
        """Do what a new connection needs first, and call `_established` when that is done."""
        self._established(client)

    def _on_message(self, _client: Client, _userdata: Any, message: MQTTMessage) -> None:
        """Take one message."""

    def _on_published(self, _client: Client, _userdata: Any, mid: int, code: ReasonCode, _props: Any) -> None:
        """Note that the broker has a message."""

    def _on_closed(self, reason: str) -> None:
        """Forget what belonged to the connection that was just lost."""

    def _work(self, client: Client) -> None:
        """Hand what waits to `client` or to `_raw`; called whenever the thread is awake and the link open."""

    def _room(self) -> int:
        """Return how many messages may be read now."""
        return MAX_BURST

    def _progress(self) -> int:
        """Return a number that grows with every message read."""
        return 0

    def _hand_over(self) -> None:
        """Pass on what was read in one go."""

    def _count(self, **more: int) -> None:
        with self._counting:
            fields = {name: getattr(self._counters, name) + n for name, n in more.items()}
            self._counters = replace(self._counters, **fields)

    # The thread.

    def _run(self) -> None:
        protocol, attempt = Protocol.V5, 0
        while not self._stopping.is_set():
            self._one_connection(protocol)
            attempt = 0 if self._opened else attempt + 1
            protocol = next_protocol(protocol, self._outcome)
            if not (protocol is Protocol.V311 and attempt == 1):  # the fall-back need not wait
                self._stopping.wait(delay_s(attempt, self._jitter()))

    def _one_connection(self, protocol: Protocol) -> None:
        """Connect, serve until the connection ends, and say why it did."""
        self._outcome, self._problem, self._paho_midway = Outcome.UNREACHED, "", False
        self._raw.clear()
        try:
            client = self._client(protocol)
            self._connect(client, protocol)
            self._outcome = Outcome.NOT_UNDERSTOOD
            self._serve(client)
        except OSError as error:
            self._problem = self._problem or str(error) or type(error).__name__
        except Exception as error:  # noqa: BLE001 - paho raises what it likes on bytes that are not MQTT
            self._problem = self._problem or f"{type(error).__name__}: {error}"
        reason = self._problem or "the connection ended"
        self._hand_over()
        self._on_closed(reason)
        if not self._stopping.is_set():
            since_ns = self._state.since_ns if self._state.phase is Phase.LOST else self._clock_ns()
            self._state = LinkState(phase=Phase.LOST, since_ns=since_ns, reason=reason)

    def _client(self, protocol: Protocol) -> Client:
        settings = self._settings
        v5 = protocol is Protocol.V5
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=None if v5 else settings.clean,
            protocol=MQTTProtocolVersion.MQTTv5 if v5 else MQTTProtocolVersion.MQTTv311,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password)
        context = settings.tls_context()
        if context is not None:
            client.tls_set_context(context)
        client.on_connect = self._on_connack
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_publish = self._on_published
        client.on_subscribe = self._on_suback
        client.on_socket_register_write = _no_direct_write
        return client

    def _connect(self, client: Client, protocol: Protocol) -> None:
        settings = self._settings
        if protocol is Protocol.V311:
            client.connect(settings.host, settings.port, settings.keepalive_s)
            return
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call] # paho has no type there
        properties.ReceiveMaximum = settings.receive_maximum
        properties.SessionExpiryInterval = 0 if settings.clean else settings.session_expiry_s
        client.connect(
            settings.host,
            settings.port,
            settings.keepalive_s,
            clean_start=settings.clean,
            properties=properties,
        )

    def _on_connack(
        self, client: Client, _userdata: Any, flags: ConnectFlags, code: ReasonCode, _properties: Any
    ) -> None:
        if code.is_failure:
            self._problem = f"refused by the broker: {code}"
            if code.getName() != "Unsupported protocol version":
                self._outcome = Outcome.REFUSED
            return
        self._outcome = Outcome.OPENED
        if (
            flags.session_present
        ):  # its subscriptions hold; their confirmation comes behind all that was queued
            self._established(client)
        self._on_opened(client)

    def _established(self, client: Client, reason: str = "") -> None:
        """Note that the connection does what it is for; `reason` says what it nevertheless lacks."""
        if self._state.phase is Phase.LOST:
            self._count(reconnects=1)
        protocol = Protocol.V5 if client.protocol == MQTTProtocolVersion.MQTTv5 else Protocol.V311
        self._state = LinkState(
            phase=Phase.CONNECTED,
            since_ns=self._state.since_ns if self._state.phase is Phase.CONNECTED else self._clock_ns(),
            protocol=protocol,
            reason=reason,
        )

    def _on_disconnect(
        self, _client: Client, _userdata: Any, _flags: Any, code: ReasonCode, _properties: Any
    ) -> None:
        self._problem = self._problem or f"the connection ended: {code}"

    def _on_suback(
        self, client: Client, _userdata: Any, _mid: int, codes: Sequence[ReasonCode], _p: Any
    ) -> None:
        refused = [
            f"{topic}: {code}"
            for topic, code in zip(self._settings.topics, codes, strict=False)
            if code.value != 1  # anything but QoS 1 granted could lose messages
        ]
        self._established(
            client, f"subscription refused or weakened: {'; '.join(refused)}" if refused else ""
        )

    def _serve(self, client: Client) -> None:
        """Move bytes until the connection ends or `stop` is called."""
        sock = client.socket()
        poll = select.poll()
        poll.register(self._wake_r, select.POLLIN)
        watched = 0
        while sock is not None and client.socket() is sock:
            if self._opened:
                self._work(client)
            if self._stopping.is_set():
                self._finish(client)
                return
            reading = not self._opened or self._room() > 0
            wanted = (select.POLLIN if reading else 0) | (select.POLLOUT if self._has_output(client) else 0)
            watched = _watch(poll, sock, watched, wanted)
            buffered = reading and callable(pending := getattr(sock, "pending", None)) and pending() > 0
            ready = dict(poll.poll(0 if buffered else WAIT_S * 1000))
            self._clear_wake()
            if ready.get(sock.fileno(), 0) & select.POLLOUT:
                self._write(client)
            if reading and (buffered or ready.get(sock.fileno(), 0) & ~select.POLLOUT):
                self._read(client)
            client.loop_misc()

    def _read(self, client: Client) -> None:
        """Read packets until there is none complete, or as many as there is room for."""
        for _ in range(min(MAX_BURST, self._room()) if self._opened else 1):
            before = self._progress()
            client.loop_read()
            if self._progress() == before or client.socket() is None:
                break
        self._hand_over()

    def _has_output(self, client: Client) -> bool:
        return bool(self._raw) or client.want_write()

    def _write(self, client: Client) -> None:
        """Write our own packets and paho's, never one into the middle of the other."""
        if self._paho_midway:
            client.loop_write()
            self._paho_midway = client.want_write()
        sock = client.socket()
        if self._paho_midway or sock is None:
            return
        if self._raw:
            with suppress(BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                del self._raw[: sock.send(self._raw)]
        if not self._raw:
            client.loop_write()
            self._paho_midway = client.want_write()

    def _finish(self, client: Client) -> None:
        """Send what waits and say good-bye; a broker that does not take it in half a second has had its chance."""
        client.disconnect()
        sock = client.socket()
        poll = select.poll()
        if sock is not None:
            poll.register(sock, select.POLLOUT)
        while client.socket() is sock and sock is not None and self._has_output(client):
            if not poll.poll(STOP_TIMEOUT_S * 500):
                return
            self._write(client)

    def _clear_wake(self) -> None:
        with suppress(BlockingIOError):
            self._wake_r.recv(4096)


def _no_direct_write(_client: Client, _userdata: Any, _sock: Any) -> None:
    """Stand where paho asks for an event loop: that it is there keeps paho from writing behind our loop's back."""


def _watch(poll: select.poll, sock: Any, watched: int, wanted: int) -> int:
    """Make `poll` watch `sock` for `wanted`; not at all for 0, or a hang-up would spin a loop that may not read."""
    if wanted and not watched:
        poll.register(sock, wanted)
    elif wanted and wanted != watched:
        poll.modify(sock, wanted)
    elif watched and not wanted:
        poll.unregister(sock)
    return wanted
