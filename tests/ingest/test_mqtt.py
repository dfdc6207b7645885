"""The MQTT shell against a real Mosquitto, and iotcore where MQTT 5 is not spoken."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from iotcore import Broker

from ingest.mqtt import (
    InboxLimits,
    LinkState,
    MqttPublisher,
    MqttSettings,
    MqttSource,
    Phase,
    Protocol,
    Received,
)
from tests.servers.mosquitto import Mosquitto, free_port, make_certificates

pytestmark = pytest.mark.server

PATIENCE_S = 60.0
ROOT = Path(__file__).parents[2]


class Reader:
    """A source with what a pipeline does to it: waits to be told, drains, acknowledges when asked."""

    def __init__(self, settings: MqttSettings, **options: Any) -> None:
        self._ready = Event()
        self.told = 0
        self.source = MqttSource(settings, time.time_ns, on_ready=self._tell, **options)
        self.got: list[Received] = []
        self.source.start()

    def _tell(self) -> None:
        self.told += 1
        self._ready.set()

    def read(self, count: int, *, ack: bool = True) -> list[bytes]:
        """Return the payloads read so far, once there are `count`."""
        deadline = time.monotonic() + PATIENCE_S
        while len(self.got) < count and time.monotonic() < deadline:
            self._ready.wait(0.1)
            self._ready.clear()
            while items := self.source.drain(1000):
                self.got += items
                if ack:
                    self.source.ack([item.token for item in items])
        return [item.message.payload for item in self.got]


@contextmanager
def reader(url: str, **options: Any) -> Iterator[Reader]:
    limits = options.pop("limits", None)
    settings = MqttSettings(**{"url": url, "topics": ("t/#",), "client_id": "reader", **options})
    subject = Reader(settings, limits=limits)
    try:
        yield subject
    finally:
        subject.source.stop()


@contextmanager
def publisher(url: str, **options: Any) -> Iterator[MqttPublisher]:
    subject = MqttPublisher(MqttSettings(url=url, client_id="publisher", clean=True, **options), time.time_ns)
    subject.start()
    try:
        yield subject
    finally:
        subject.stop()


def send(to: MqttPublisher, numbers: range) -> None:
    futures = [to.offer(f"t/{i % 7}", b"%d" % i) for i in numbers]
    assert all(future.result(PATIENCE_S).confirmed for future in futures)


def numbers(span: range) -> list[bytes]:
    return [b"%d" % i for i in span]


def until(link: MqttSource | MqttPublisher, wanted: Callable[[LinkState], bool]) -> LinkState:
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(state := link.state()):
        assert time.monotonic() < deadline, state
        time.sleep(0.01)
    return state


def healthy(state: LinkState) -> bool:
    return state.healthy


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "broker") as mosquitto:
        yield mosquitto


def test_messages_come_in_order_once_and_are_acknowledged(broker: Mosquitto) -> None:
    with reader(broker.url) as r, publisher(broker.url) as p:
        assert until(r.source, healthy).protocol is Protocol.V5
        send(p, range(2000))
        assert r.read(2000) == numbers(range(2000))
        assert {item.message.topic for item in r.got} == {f"t/{i}" for i in range(7)}
        until(r.source, lambda _: r.source.counters().unacked == 0)
        counters = r.source.counters()
        assert (counters.received, counters.acked, counters.stale_acks) == (2000, 2000, 0)
        assert counters.received_bytes == sum(len(payload) for payload in numbers(range(2000)))
        assert 1 <= r.told <= 2000
        before = time.monotonic()
        r.source.stop()
        assert time.monotonic() - before < 2
        assert r.source.state().phase is Phase.STOPPED


def test_late_acknowledgement_does_not_narrow_the_window(broker: Mosquitto) -> None:
    with reader(broker.url) as r, publisher(broker.url) as p:
        until(r.source, healthy)
        send(p, range(500))
        assert len(r.read(500, ack=False)) == 500
        assert r.source.counters().unacked == 500
        r.source.ack([item.token for item in r.got])
        r.source.ack([item.token for item in r.got])  # a second time is worth nothing
        until(r.source, lambda _: r.source.counters().stale_acks == 500)
        assert r.source.counters().acked == 500
    with reader(broker.url) as again, publisher(broker.url) as p:
        until(again.source, healthy)
        send(p, range(500, 501))
        came = again.read(1)
        while came[-1] != b"500":
            came += again.read(1)
        assert len(came) < 501
        assert came == numbers(range(501 - len(came), 501)), (
            "of what was acknowledged only the last may come again"
        )


def test_qos_0_needs_no_acknowledgement(broker: Mosquitto) -> None:
    with reader(broker.url) as r:
        until(r.source, healthy)
        command = ["mosquitto_pub", "-p", str(broker.port), "-q", "0", "-t", "t/a", "-m", "x"]
        subprocess.run(command, check=True, timeout=PATIENCE_S)
        assert r.read(1) == [b"x"]
        assert r.got[0].token == 0
        assert (r.source.counters().acked, r.source.counters().unacked) == (0, 0)


def test_a_killed_subscriber_gets_the_unacknowledged_half_again(broker: Mosquitto) -> None:
    command = [sys.executable, "-m", "tests.ingest.subscriber", broker.url]
    with (
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as victim,
        publisher(broker.url) as p,
    ):
        assert victim.stdout is not None
        assert victim.stdout.readline() == "subscribed\n"
        send(p, range(100))
        assert any(line == "half acknowledged\n" for line in iter(victim.stdout.readline, ""))
        victim.kill()
    with reader(broker.url, client_id="victim") as r:
        until(r.source, healthy)
        with publisher(broker.url) as p:
            send(p, range(100, 101))
        assert r.read(51) == numbers(range(50, 101))


def test_a_stopped_broker_is_lost_and_the_session_is_resumed(broker: Mosquitto) -> None:
    with reader(broker.url) as r, publisher(broker.url) as p:
        until(r.source, healthy)
        send(p, range(10))
        assert r.read(10, ack=False) == numbers(range(10))
        r.source.ack([item.token for item in r.got[:4]])
        until(r.source, lambda _: r.source.counters().acked == 4)
        send(p, range(10, 11))
        r.read(11, ack=False)
        broker.stop()
        lost = until(r.source, lambda state: state.phase is Phase.LOST)
        assert lost.reason
        old = [item.token for item in r.got[4:]]
        broker.start()
        assert until(r.source, healthy).protocol is Protocol.V5
        assert r.read(11 + 7, ack=False)[11:] == numbers(range(4, 11))
        r.source.ack(old)  # tokens of the connection that was lost
        until(r.source, lambda _: r.source.counters().stale_acks == 7)
        assert r.source.counters().unacked == 7
        assert r.source.counters().reconnects == 1
        until(p, healthy)
        send(p, range(11, 12))
        assert r.read(19)[-1] == b"11"


def test_a_killed_broker_is_lost_and_found(broker: Mosquitto) -> None:
    with reader(broker.url) as r:
        until(r.source, healthy)
        broker.kill()
        since_ns = until(r.source, lambda state: state.phase is Phase.LOST).since_ns
        refused = until(r.source, lambda state: "refused" in state.reason)
        assert (refused.phase, refused.since_ns) == (Phase.LOST, since_ns)
        broker.start()
        assert until(r.source, healthy).protocol is Protocol.V5


def test_a_wrong_password_is_told_and_a_right_one_goes(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, password=("gw", "secret")) as broker:
        with reader(broker.url, username="gw", password="wrong") as r:
            lost = until(r.source, lambda state: state.phase is Phase.LOST)
            assert "Not authorized" in lost.reason
        with reader(broker.url, username="gw", password="secret") as r:
            until(r.source, healthy)


def test_tls_with_a_client_certificate(tmp_path: Path) -> None:
    pem = make_certificates(tmp_path / "pem")
    client = {"ca": pem.ca, "cert": pem.client_cert, "key": pem.client_key}
    with Mosquitto(tmp_path / "broker", certificates=pem) as broker:
        with reader(broker.url, **client) as r, publisher(broker.url, **client) as p:
            until(r.source, healthy)
            send(p, range(1000))
            assert r.read(1000) == numbers(range(1000))
            large = b"x" * 500_000
            assert p.publish("t/large", large, timeout_s=PATIENCE_S).confirmed
            assert r.read(1001)[-1] == large
        with reader(broker.url, ca=pem.ca) as r:
            assert until(r.source, lambda state: state.phase is Phase.LOST).reason
        with reader(broker.url) as r:
            assert "certificate" in until(r.source, lambda state: state.phase is Phase.LOST).reason.lower()


def test_a_broker_without_mqtt_5_is_spoken_to_in_3_1_1() -> None:
    port = free_port()
    with Broker(port=port, listen="127.0.0.1"), reader(f"mqtt://127.0.0.1:{port}") as r:
        assert until(r.source, healthy).protocol is Protocol.V311
        with publisher(f"mqtt://127.0.0.1:{port}") as p:
            send(p, range(300))
        assert r.read(300) == numbers(range(300))


def test_a_broker_that_names_the_version_is_spoken_to_in_3_1_1() -> None:
    def refuse(listener: socket.socket) -> None:
        """Answer as a broker of 3.1.1 does: return code 1 for MQTT 5, welcome and grant for its own version."""
        for answers in (["2002 00 01"], ["2002 00 00", "9003 00 01 01"]):
            peer, _ = listener.accept()
            with peer:
                for answer in answers:
                    peer.recv(4096)
                    peer.sendall(bytes.fromhex(answer))
                peer.recv(4096)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=refuse, args=(listener,))
        thread.start()
        with reader(f"mqtt://127.0.0.1:{listener.getsockname()[1]}") as r:
            assert until(r.source, healthy).protocol is Protocol.V311
        thread.join(PATIENCE_S)


def test_a_full_inbox_pauses_reading_and_loses_nothing(broker: Mosquitto) -> None:
    limits = InboxLimits(max_count=5, max_bytes=1 << 20)
    with reader(broker.url, limits=limits) as r, publisher(broker.url) as p:
        until(r.source, healthy)
        send(p, range(300))
        until(r.source, lambda _: r.source.counters().full_waits > 0)
        assert r.source.counters().received == 5
        assert r.read(300) == numbers(range(300))
        until(r.source, lambda _: r.source.counters().unacked == 0)
        assert r.source.counters().reconnects == 0


def test_a_pipeline_that_stands_still_for_long_loses_the_connection_and_nothing_else(
    broker: Mosquitto,
) -> None:
    limits = InboxLimits(max_count=5, max_bytes=1 << 20)
    with reader(broker.url, limits=limits, keepalive_s=2) as r, publisher(broker.url) as p:
        until(r.source, healthy)
        send(p, range(50))
        until(r.source, lambda state: state.phase is Phase.LOST)
        seen = r.read(55, ack=True)
        assert set(seen) == set(numbers(range(50)))
        until(r.source, healthy)
        assert r.source.counters().reconnects == 1
        assert r.source.counters().stale_acks == 5


def refuse_the_second_topic(listener: socket.socket) -> None:
    """Answer one client as an MQTT 5 broker that grants its first topic and refuses its second."""
    peer, _ = listener.accept()
    with peer:
        peer.recv(4096)
        peer.sendall(bytes.fromhex("2003 00 00 00"))
        subscribe = peer.recv(4096)
        peer.sendall(bytes.fromhex("9005") + subscribe[2:4] + bytes.fromhex("00 01 87"))
        peer.recv(4096)


def test_a_refused_subscription_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=refuse_the_second_topic, args=(listener,))
        thread.start()
        with reader(f"mqtt://127.0.0.1:{listener.getsockname()[1]}", topics=("t/#", "secret/#")) as r:
            state = until(r.source, lambda state: state.phase is Phase.CONNECTED)
            assert "secret/#: Not authorized" in state.reason
            assert ": t/#" not in state.reason
            assert not state.healthy
        thread.join(PATIENCE_S)


def test_a_message_without_a_broker_is_not_confirmed_and_a_retained_one_stays(broker: Mosquitto) -> None:
    with publisher(broker.url) as p:
        until(p, healthy)
        assert p.publish("t/kept", b"siren on", retain=True).confirmed
        broker.stop()
        until(p, lambda state: state.phase is Phase.LOST)
        delivery = p.publish("t/x", b"lost", timeout_s=0.2)
        assert not delivery.confirmed
        assert "lost" in delivery.reason
        broker.start()
        until(p, healthy)
        assert p.publish("t/x", b"again", timeout_s=PATIENCE_S).confirmed
        assert not p.publish("t/#", b"").confirmed
    with reader(broker.url) as r:
        assert r.read(1) == [b"siren on"]


def test_stopping_while_nobody_answers_takes_no_second() -> None:
    settings = MqttSettings(url=f"mqtt://127.0.0.1:{free_port()}", client_id="alone")
    for link in (
        MqttSource(settings, time.time_ns, on_ready=lambda: None),
        MqttPublisher(settings, time.time_ns),
    ):
        link.start()
        until(link, lambda state: state.phase is Phase.LOST)
        before = time.monotonic()
        link.stop()
        assert time.monotonic() - before < 2


def test_a_session_with_a_backlog_is_connected_before_its_subscription_is_confirmed_anew(
    broker: Mosquitto,
) -> None:
    """The confirmation comes behind everything that was queued, which a full inbox does not let through."""
    with reader(broker.url) as r:
        until(r.source, healthy)
    with publisher(broker.url) as p:
        send(p, range(2000))
    with reader(broker.url, limits=InboxLimits(max_count=10)) as r:
        since_ns = until(r.source, healthy).since_ns
        assert r.read(2000) == numbers(range(2000))
        assert until(r.source, healthy).since_ns == since_ns
