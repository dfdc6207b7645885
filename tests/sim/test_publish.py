"""Publishing through a real Mosquitto: everything arrives, in order, also when the broker goes away in between."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ingest.messages import Message
from ingest.mqtt import MqttSettings
from ingest.wire import WireDecoder
from registry.faults import InputError
from registry.load import load_registry
from registry.readings import ReadingBlock
from sim.demo import write_demo
from sim.outgoing import Addresses, Outgoing, Packer, Shape
from sim.publish import BrokerUnreachableError, Publisher, parse_speed, publish
from sim.recorded import Recorded
from sim.scenarios import DEMO_START_NS
from sim.site import NS, SiteSim
from tests.servers.mosquitto import Mosquitto, free_port, make_certificates

WAIT_S = 60.0


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


class Listener:
    """Everything that arrives, in a persistent session, so that a stopped broker keeps it.

    `first_deliveries` leaves out what the broker delivers again because our confirmation did not reach it: how many
    those are depends on how busy the machine is, not on who published.
    """

    def __init__(self, port: int) -> None:
        self.messages: list[Message] = []
        self.first_deliveries: list[bytes] = []
        self._subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            "listener",
            clean_session=False,
            protocol=MQTTProtocolVersion.MQTTv311,
        )
        self._client.reconnect_delay_set(1, 1)
        self._client.on_message = lambda _c, _u, message: self._take(message)
        self._client.on_connect = lambda client, *_: client.subscribe("hazwatch/v1/#", qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert self._subscribed.wait(WAIT_S)

    def _take(self, message: MQTTMessage) -> None:
        self.messages.append(Message(message.topic, bytes(message.payload)))
        if not message.dup:
            self.first_deliveries.append(bytes(message.payload))

    def wait_for(self, count: int) -> list[Message]:
        deadline = time.monotonic() + WAIT_S
        while len(self.messages) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self.messages

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def listener(mosquitto: Mosquitto) -> Iterator[Listener]:
    heard = Listener(mosquitto.port)
    yield heard
    heard.close()


def _run(seconds: int) -> Recorded:
    return SiteSim(7, DEMO_START_NS).step(DEMO_START_NS + seconds * NS)


@pytest.mark.server
@pytest.mark.parametrize("shape", list(Shape))
def test_the_demo_site_arrives_at_the_decoder_as_it_was_simulated(
    tmp_path: Path, mosquitto: Mosquitto, listener: Listener, shape: Shape
) -> None:
    run = _run(30)
    with Publisher(MqttSettings(url=mosquitto.url)) as publisher:
        done = publish([run[:500], run[500:]], [publisher], Packer(Addresses(), shape))
    assert done.readings == len(run)
    settings = write_demo(tmp_path / "demo")
    registry, _ = load_registry(settings.with_name("plant.yaml"), settings.with_name("points.csv"), {})
    assert registry is not None
    decoded = WireDecoder(registry, wall_clock=False).decode(listener.wait_for(done.messages), DEMO_START_NS)
    assert not decoded.rejects
    assert _rows(decoded.block) == list(
        zip(run.column.tolist(), run.t_ns.tolist(), run.value.tolist(), strict=True)
    )


def _rows(block: ReadingBlock) -> list[tuple[int, int, float]]:
    return list(zip(block.sensor.tolist(), block.t_ns.tolist(), block.value.tolist(), strict=True))


@pytest.mark.server
def test_nothing_is_lost_or_overtaken_when_the_broker_goes_away(
    mosquitto: Mosquitto, listener: Listener
) -> None:
    total, in_flight = 3000, 50
    messages = [Outgoing("hazwatch/v1/site", b"%d" % i, i, 1) for i in range(total)]
    with Publisher(MqttSettings(url=mosquitto.url), in_flight=in_flight) as publisher:
        for i, message in enumerate(messages):
            if i == total // 2:
                mosquitto.stop()
                starter = threading.Timer(0.5, mosquitto.start)
                starter.start()
            publisher.send(message)
        publisher.finish()
        starter.join()
        assert publisher.reconnects == 1
    deadline = time.monotonic() + WAIT_S
    while time.monotonic() < deadline and (not listener.messages or listener.messages[-1].payload != b"2999"):
        time.sleep(0.02)
    numbers = [int(message.payload) for message in listener.messages]
    first_seen = list(dict.fromkeys(numbers))
    assert first_seen == list(range(total))
    published_again = len(listener.first_deliveries) - len(set(listener.first_deliveries))
    assert published_again <= in_flight


@pytest.mark.server
def test_tls_and_password(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path / "pem")
    with Mosquitto(tmp_path / "m", password=("gw", "secret"), certificates=certificates) as broker:
        good = MqttSettings(
            url=broker.url,
            username="gw",
            password="secret",
            ca=certificates.ca,
            cert=certificates.client_cert,
            key=certificates.client_key,
        )
        with Publisher(good) as publisher:
            done = publish([_run(3)], [publisher], Packer(Addresses()))
        assert done.messages == 6
        wrong = replace(good, password="other")
        with pytest.raises(BrokerUnreachableError, match="refused"), Publisher(wrong):
            pass


def test_no_broker_is_told_at_once() -> None:
    with (
        pytest.raises(BrokerUnreachableError, match="127"),
        Publisher(MqttSettings(url=f"mqtt://127.0.0.1:{free_port()}")),
    ):
        pass


def test_wrong_settings_are_told() -> None:
    with pytest.raises(InputError, match="http"):
        Publisher(MqttSettings(url="http://127.0.0.1"))


class FakePublisher(Publisher):
    """Takes messages without a broker and notes when."""

    def __init__(self, clock: list[float]) -> None:
        super().__init__(MqttSettings(url="mqtt://127.0.0.1"))
        self.clock = clock
        self.sent_at: list[float] = []

    def ready(self) -> int:
        return 0

    def post(self, message: Outgoing) -> None:
        assert message.readings
        self.sent_at.append(self.clock[0])
        self.clock[0] += 0.25

    def finish(self) -> None:
        pass


@pytest.mark.parametrize(
    ("speed", "wanted"),
    [(None, [0.0, 0.25, 0.5, 0.75]), (1.0, [0.0, 2.0, 2.25, 6.0]), (4.0, [0.0, 0.5, 0.75, 1.5])],
)
def test_the_pace_is_kept_against_the_first_message(speed: float | None, wanted: list[float]) -> None:
    clock = [100.0]

    def sleep(pause_s: float) -> None:
        clock[0] += pause_s

    chunk = Recorded(
        names=("a",),
        column=np.zeros(4, np.int32),
        t_ns=np.array([0, 2, 1, 6], np.int64) * NS,
        value=np.zeros(4),
    )
    fake = FakePublisher(clock)
    publish([chunk], [fake], Packer(Addresses()), speed, monotonic_s=lambda: clock[0], sleep=sleep)
    assert [at - 100 for at in fake.sent_at] == wanted


@pytest.mark.parametrize(("text", "speed"), [("max", None), ("10x", 10.0), ("1X", 1.0), ("0.5", 0.5)])
def test_speeds(text: str, speed: float | None) -> None:
    assert parse_speed(text) == speed


@pytest.mark.parametrize("text", ["fast", "0x", "-1x", "nan", "infx", ""])
def test_what_is_no_speed(text: str) -> None:
    with pytest.raises(ValueError, match="speed"):
        parse_speed(text)
