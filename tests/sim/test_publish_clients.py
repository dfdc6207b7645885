"""Many clients through a real Mosquitto, in JSON and in Sparkplug B: everything arrives exactly, each sensor in order."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from ingest.messages import Message
from ingest.mqtt import MqttSettings
from ingest.wire import WireDecoder
from registry.defaults import TypeDefaults
from registry.plant_file import load_plant
from registry.points import load_points
from registry.sensors import SensorRegistry, SensorType
from sim.city import city_readings, city_settings
from sim.outgoing import Addresses, Packer, Packing, Shape
from sim.publish import Publisher, connections, publish
from sim.recorded import Recorded
from sim.scenarios import DEMO_START_NS
from sim.sparkplug import SparkplugPacker
from tests.servers.mosquitto import Mosquitto
from tests.sim.sparkplug_reader import read

WAIT_S = 60.0
ENTERPRISES = 6
CLIENTS = 4

pytestmark = pytest.mark.server


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        yield broker


class Listener:
    """All messages below a topic, in the order of their arrival."""

    def __init__(self, port: int, topic: str) -> None:
        self.messages: list[Message] = []
        subscribed = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2, "", clean_session=True, protocol=MQTTProtocolVersion.MQTTv311
        )
        self._client.on_message = lambda _c, _u, message: self._take(message)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.on_subscribe = lambda *_: subscribed.set()
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        assert subscribed.wait(WAIT_S)

    def _take(self, message: MQTTMessage) -> None:
        self.messages.append(Message(message.topic, bytes(message.payload)))

    def wait_for(self, count: int) -> list[Message]:
        deadline = time.monotonic() + WAIT_S
        while len(self.messages) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(self.messages) == count
        return self.messages

    def say(self, topic: str, payload: bytes) -> None:
        self._client.publish(topic, payload, qos=1).wait_for_publish(WAIT_S)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def _readings(seconds: int = 12) -> Recorded:
    """Return readings of a small city, some of them not good and some without a value."""
    run = Recorded.concat(city_readings(3, DEMO_START_NS, seconds, ENTERPRISES))
    rows = np.arange(len(run))
    return Recorded(
        names=run.names,
        column=run.column,
        t_ns=run.t_ns,
        value=np.where(rows % 97 == 0, np.nan, run.value),
        quality=(rows % 41 == 0).astype(np.uint8) + (rows % 97 == 0).astype(np.uint8),
    )


def _registry(folder: Path) -> SensorRegistry:
    folder.mkdir()
    for name, text in city_settings(ENTERPRISES).items():
        (folder / name).write_text(text, encoding="utf-8")
    plant, _ = load_plant(folder / "plant.yaml")
    specs, _ = load_points(folder / "points.csv", plant, {kind: TypeDefaults() for kind in SensorType})
    return SensorRegistry(tuple(specs))


Rows = dict[str, list[tuple[int, str, int]]]


def _by_sensor(names: Sequence[str], *columns: Sequence[float]) -> Rows:
    """Return time, value and quality of each sensor's readings in their order."""
    rows: Rows = {}
    for column, t_ns, value, quality in zip(*columns, strict=True):
        rows.setdefault(names[int(column)], []).append((int(t_ns), repr(value), int(quality)))
    return rows


def _wanted(run: Recorded) -> Rows:
    return _by_sensor(
        run.names, run.column.tolist(), run.t_ns.tolist(), run.value.tolist(), run.qualities().tolist()
    )


def _cut(run: Recorded) -> list[Recorded]:
    return [run[lo : lo + 777] for lo in range(0, len(run), 777)]


@pytest.mark.parametrize("shape", list(Shape))
@pytest.mark.parametrize("gather_s", [0.0, 2.0])
def test_json_of_four_clients_arrives_at_the_decoder_exactly_and_in_order(
    tmp_path: Path, mosquitto: Mosquitto, shape: Shape, gather_s: float
) -> None:
    run = _readings(4 if shape is Shape.SINGLE else 12)
    packing = Packer(Addresses(), shape, lanes=CLIENTS, gather_s=gather_s)
    heard = Listener(mosquitto.port, "hazwatch/v1/#")
    with connections(MqttSettings(url=mosquitto.url), packing, CLIENTS) as publishers:
        done = publish(_cut(run), publishers, packing)
    messages = heard.wait_for(done.messages)
    heard.close()
    registry = _registry(tmp_path / "city")
    decoded = WireDecoder(registry, wall_clock=False).decode(messages, DEMO_START_NS)
    assert not decoded.rejects
    assert done.readings == len(run) == len(decoded.block)
    names = [spec.id for spec in registry.specs]
    block = decoded.block
    got = _by_sensor(
        names, block.sensor.tolist(), block.t_ns.tolist(), block.value.tolist(), block.quality.tolist()
    )
    assert got == _wanted(run)


def _sparkplug_rows(messages: Sequence[Message]) -> Rows:
    """Return what a host makes of Sparkplug messages; fail where one comes before its birth or out of sequence."""
    rows: Rows = {}
    names: dict[tuple[str, int], str] = {}
    due: dict[str, int] = {}
    for message in messages:
        _, _, kind, node, *device = message.topic.split("/")
        told = read(message.payload)
        if kind == "NDEATH":
            due.pop(node)
            continue
        if kind == "NBIRTH":
            due[node] = 0
        assert told.seq == due[node], "a message is missing or overtaken"
        due[node] = (due[node] + 1) % 256
        for metric in told.metrics:
            if kind.endswith("BIRTH"):
                assert metric.name
                if device:
                    names[node, metric.alias] = f"{device[0]}/{metric.name}"
            else:
                quality = {None: 0, 64: 1, 0: 2}[metric.quality]
                rows.setdefault(names[node, metric.alias], []).append(
                    (metric.t_ms * 1_000_000, repr(metric.value), quality)
                )
    return rows


@pytest.mark.parametrize("shape", list(Shape))
def test_sparkplug_of_four_clients_arrives_exactly_and_in_order(mosquitto: Mosquitto, shape: Shape) -> None:
    run = _readings(4 if shape is Shape.SINGLE else 12)
    packing = SparkplugPacker(Addresses(), shape, lanes=CLIENTS)
    heard = Listener(mosquitto.port, "spBv1.0/#")
    with connections(MqttSettings(url=mosquitto.url), packing, CLIENTS) as publishers:
        done = publish(_cut(run), publishers, packing)
    assert (done.readings, done.lost, done.reconnects) == (len(run), 0, 0)
    # beside the data: a birth and a death of each node, a birth of each enterprise
    messages = heard.wait_for(done.messages + 2 * CLIENTS + ENTERPRISES)
    heard.close()
    assert _sparkplug_rows(messages) == _wanted(run)
    births = {m.topic.split("/")[3]: m for m in messages if "/NBIRTH/" in m.topic}
    deaths = {m.topic.split("/")[3]: m for m in messages if "/NDEATH/" in m.topic}
    assert set(births) == set(deaths) == {f"edge-{i + 1}" for i in range(CLIENTS)}
    for node, birth in births.items():
        (of_death,) = read(deaths[node].payload).metrics
        assert read(birth.payload).metrics[0].whole == of_death.whole == 0


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WAIT_S
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def _paused(run: Recorded, pauses: Sequence[threading.Event]) -> Iterator[Recorded]:
    """Yield a run in equal parts, waiting for an event before each but the first."""
    size = len(run) // (len(pauses) + 1)
    for i in range(len(pauses) + 1):
        if i:
            assert pauses[i - 1].wait(WAIT_S)
        yield run[i * size : (i + 1) * size]


def _in_background(
    packing: Packing, broker: Mosquitto, chunks: Iterator[Recorded]
) -> tuple[threading.Thread, list[Publisher]]:
    """Publish over one connection in a thread; the list gets the publisher."""
    found: list[Publisher] = []

    def work() -> None:
        with connections(MqttSettings(url=broker.url), packing) as publishers:
            found.append(publishers[0])
            publish(chunks, publishers, packing)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, found


def test_a_broken_connection_is_a_death_and_everything_is_born_again(mosquitto: Mosquitto) -> None:
    run = _readings(4)
    packing = SparkplugPacker(Addresses())
    heard = Listener(mosquitto.port, "spBv1.0/#")
    go = threading.Event()
    thread, found = _in_background(packing, mosquitto, _paused(run, [go]))
    first = 1 + ENTERPRISES + 2 * ENTERPRISES
    heard.wait_for(first)
    broken = found[0]._client.socket()
    assert isinstance(broken, socket.socket)
    broken.shutdown(socket.SHUT_RDWR)
    heard.wait_for(first + 1)  # the broker tells the will
    go.set()
    thread.join(WAIT_S)
    messages = heard.wait_for(2 * first + 2)
    heard.close()
    assert _sparkplug_rows(messages) == _wanted(run)
    told = [
        (m.topic.split("/")[2], read(m.payload).metrics[0].whole)
        for m in messages
        if "/NBIRTH/" in m.topic or "/NDEATH/" in m.topic
    ]
    assert told == [("NBIRTH", 0), ("NDEATH", 0), ("NBIRTH", 1), ("NDEATH", 1)]


def test_a_host_may_ask_for_births_again(mosquitto: Mosquitto) -> None:
    run = _readings(4)
    packing = SparkplugPacker(Addresses())
    heard = Listener(mosquitto.port, "spBv1.0/#")
    go = threading.Event()
    thread, found = _in_background(packing, mosquitto, _paused(run, [go]))
    first = 1 + ENTERPRISES + 2 * ENTERPRISES
    heard.wait_for(first)
    heard.say("spBv1.0/hazwatch/NCMD/edge-1", b"\x12\x18\x0a\x14Node Control/Rebirth\x70\x01")
    heard.wait_for(first + 1)  # the command itself
    heard.messages.pop()
    _wait_until(lambda: found[0].ready() == 2)
    go.set()
    thread.join(WAIT_S)
    messages = heard.wait_for(2 * first + 1)
    heard.close()
    assert _sparkplug_rows(messages) == _wanted(run)
    kinds = [m.topic.split("/")[2] for m in messages]
    assert kinds.count("NBIRTH") == 2
    assert kinds[first : first + 1] == ["NBIRTH"]
