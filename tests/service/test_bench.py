"""The bench: its figures, its packets and its load are what they say; and each part runs, in short."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from detectors.profile import Methods
from detectors.profile_file import SWITCHES, load_profile
from ingest.messages import Message
from ingest.wire import WireDecoder
from service.bench import core_peers, servers
from service.bench.e2e import latency_load, load
from service.bench.figures import Figure, Peer, Target, shown, table_of
from service.bench.load import LoadSpec, alarms, payloads, send
from service.bench.methods import LIMITS, all_on, alone, switches, with_windows
from service.bench.packets import PublishReader, connect, puback, publish
from service.bench.runs import alert_latencies, hazwatch_rate, percentile, receiver_rate
from service.bench.step import PATTERN, Shards, StepRun
from service.bench.store import measure as measure_store
from service.bench.timing import best_s
from service.bench.touched import Lines, Records, spanned, touched
from service.bench.wire import measure as measure_wire
from service.bench.workload import batch_messages, later, plant, readings, single_messages

KEYS = ["name", "value", "unit", "beside", "beside_value", "ratio", "target", "met"]
NEEDS_MOSQUITTO = pytest.mark.skipif(servers.binary("mosquitto") is None, reason="needs mosquitto")
SMALL = LoadSpec(port=0, shape="columns", sensors=200, messages=40, start_ms=0, step_ms=1000)


@pytest.mark.parametrize(
    ("target", "value", "peer", "met"),
    [
        (Target(limit=10.0), 10.0, None, True),
        (Target(limit=10.0), 9.0, None, False),
        (Target(limit=10.0, at_least=False), 11.0, None, False),
        (Target(limit=0.6, of="ratio"), 6.0, 10.0, True),
        (Target(limit=0.6, of="ratio"), 5.0, 10.0, False),
        (Target(limit=0.6, of="ratio"), 5.0, None, None),
        (Target(limit=10.0), None, 3.0, None),
        (None, 3.0, 3.0, None),
    ],
)
def test_a_target_is_met_or_not_or_was_not_measured(
    target: Target | None, value: float | None, peer: float | None, met: bool | None
) -> None:
    figure = Figure(name="x", value=value, unit="u", beside=Peer(name="p", value=peer), target=target)
    assert figure.met is met
    assert list(figure.as_json()) == KEYS
    assert json.loads(json.dumps(figure.as_json()))["met"] is met


def test_the_table_names_the_target_and_what_is_missing() -> None:
    figure = Figure(
        name="step", value=12_345_678.0, unit="readings/s", target=Target(limit=20e6),
        beside=Peer(name="river (missing)", value=None),
    )  # fmt: skip
    console = Console(width=150)
    with console.capture() as captured:
        console.print(table_of([figure]))
    for text in ("12.3 M", "≥ 20 M readings/s", "river (missing)", "NO"):
        assert text in captured.get()
    assert [shown(v) for v in (None, 0.5, 999.0, 200_000.0, 1e9)] == ["–", "0.5", "999", "200 k", "1 G"]


def test_a_peer_that_is_not_installed_is_named_as_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bottleneck", None)
    peer = next(run for name, run in core_peers.PEERS.items() if "bottleneck" in name)(0.0)
    assert peer.value is None
    assert "missing: pip install" in peer.name


def test_the_best_of_calls_does_not_count_what_is_done_before_them() -> None:
    calls: list[str] = []
    took_s = best_s(lambda: calls.append("x"), 0.0, lambda: calls.append("before"))
    assert calls == ["before", "x"] * 4
    assert 0.0 <= took_s < 1.0


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 65535), st.binary(max_size=300))), st.data())
def test_publications_are_found_however_the_stream_is_cut(
    sent: list[tuple[int, int, bytes]], data: st.DataObject
) -> None:
    stream = b"".join(
        publish("a/b", b"\x00" + payload, packet_id) if qos else b"\x90\x03\x00\x01\x00"
        for qos, packet_id, payload in sent
    )
    reader, ids = PublishReader(), []
    while stream:
        cut = data.draw(st.integers(1, len(stream)))
        ids += reader.feed(stream[:cut])
        stream = stream[cut:]
    assert ids == [packet_id for qos, packet_id, _ in sent if qos]
    assert reader.count == len(ids)


def test_packets_are_as_the_standard_has_them() -> None:
    assert connect("c", 4) == b"\x10\x0d\x00\x04MQTT\x04\x02\x02\x58\x00\x01c"
    assert connect("c", 5) == b"\x10\x11\x00\x04MQTT\x05\x02\x02\x58\x03\x21\xff\xff\x00\x01c"
    assert publish("t", b"x" * 200, 7)[:8] == b"\x32\xcd\x01\x00\x01t\x00\x07"
    assert puback([1, 258]) == b"\x40\x02\x00\x01\x40\x02\x01\x02"


@pytest.mark.parametrize("shape", ["columns", "single"])
def test_a_load_is_readings_that_all_count(shape: str) -> None:
    spec = msgspec.structs.replace(load(shape, 300), sensors=200, messages=300)
    messages = [Message(topic, payload) for topic, payload in payloads(spec)]
    decoded = WireDecoder(plant(200)).decode(messages, time.time_ns())
    assert not decoded.rejects
    assert len(decoded.block) == 300 * (100 if shape == "columns" else 1)


def test_every_alarm_lifts_another_sensor_and_nothing_else() -> None:
    spec = msgspec.structs.replace(latency_load(3.0), sensors=1000, start_ms=time.time_ns() // 1_000_000)
    lifted = alarms(spec)
    assert len(set(lifted.values())) == len(lifted) == 100
    messages = [Message(topic, payload) for topic, payload in payloads(spec)]
    block = WireDecoder(plant(1000)).decode(messages, time.time_ns()).block
    assert sorted(block.sensor[block.value > 90].tolist()) == sorted(lifted.values())


def test_messages_of_every_shape_hold_the_same_plant() -> None:
    decoder = WireDecoder(plant(1000))
    now_ns = int(readings(1000, 1000, in_order=True).t_ns[-1])
    for messages in (
        batch_messages(1000, 20, "columns"),
        batch_messages(1000, 20, "objects"),
        single_messages(1000, 2000),
    ):
        decoded = decoder.decode(messages, now_ns)
        assert (len(decoded.block), decoded.rejects) == (2000, ())


def test_every_switch_of_the_profile_is_measured_alone_and_together() -> None:
    assert set(switches()) == {field.name for field in fields(Methods)} & SWITCHES
    registry = plant(1)
    bits = {name: int(profile.params(registry).base["watch"][0]) for name, profile in alone().items()}
    assert bits[LIMITS] == 0
    everything = int(all_on().params(registry).base["watch"][0])
    for name, mask in bits.items():
        assert mask & everything == mask, name


def test_windows_are_set_for_every_type() -> None:
    profile = with_windows(load_profile(None)[0], 600)
    assert {methods.rate_window_s for methods in profile.types.values()} == {600}
    assert {methods.z_tau_s for methods in profile.types.values()} == {600}


@pytest.mark.parametrize("sensors", [500, 1000, 2300])
def test_a_repeated_plant_is_as_the_small_one_many_times(sensors: int) -> None:
    profile, _, _ = load_profile(None)
    few = StepRun(min(sensors, PATTERN), profile)
    many = StepRun(sensors, profile)
    small, block = (run.next_readings(len(few.memory.state), in_order=True) for run in (few, many))
    block.value[:] = np.resize(small.value, len(block))
    np.testing.assert_array_equal(many(block), np.resize(few(small), len(block)))
    assert few.findings == many.findings == 0


def test_shards_judge_all_readings_of_a_plant() -> None:
    shards = Shards(2000, 2, load_profile(None)[0])
    shards.take(8000, in_order=False)
    assert len(shards) == 8000
    shards.judge()
    shards.forward()
    shards.judge()


def test_the_lines_that_are_touched_are_counted() -> None:
    kind = np.dtype([("a", np.int64), ("b", np.float64, 20), ("c", np.int32)], align=True)
    lines = Lines()
    records: Any = Records(np.zeros((4, 2), kind), lines)
    row = records[1, 1]
    begin = (1 * 2 + 1) * kind.itemsize
    row.a += 5
    assert (records[1, 1].a, records[1][1].a) == (5, 5)
    assert lines.read == lines.written == {begin // 64}
    row.b[19] = 1.0
    assert lines.written == {begin // 64, (begin + 8 + 19 * 8) // 64}
    assert list(spanned(60, 8)) == [0, 1]
    assert records[0, 0].b[3] / 1.0 == 0.0
    assert len(records) == 4


def test_a_reading_touches_one_line_of_its_state_at_least() -> None:
    counted = touched(load_profile(None)[0])
    assert counted.read["memory.state"] == counted.written["memory.state"] == 1.0
    assert counted.bytes_touched >= 64 * 2 + 30
    assert counted.bytes_moved >= counted.bytes_touched + 64


def test_later_readings_follow_on_without_a_gap() -> None:
    block = readings(10, 100, in_order=False)
    assert later(block).t_ns[0] == block.t_ns[-1] + 1_000_000_000


def _broker(server: socket.socket, packets: int, size: int) -> None:
    """Acknowledge packets of one size, as many as come."""
    with server.accept()[0] as peer:
        seen = 0
        while seen < packets * size:
            got = len(peer.recv(4096))
            answers = (seen + got) // size - seen // size
            seen += got
            peer.sendall(b"\x40\x02\x00\x01" * answers)


@pytest.mark.parametrize("rate_hz", [None, 500.0])
def test_the_load_leaves_when_it_is_due_and_ends_when_all_is_acknowledged(rate_hz: float | None) -> None:
    packets = [publish("t", b"%04d" % j, 1) for j in range(50)]
    spec = msgspec.structs.replace(SMALL, rate_hz=rate_hz, messages=50, window=7)
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_broker, args=(server, 50, len(packets[0])))
        thread.start()
        with socket.create_connection(server.getsockname()) as sock:
            done = send(sock, packets, spec)
        thread.join()
    assert done.ended_s > done.began_s
    if rate_hz:
        assert done.ended_s - done.began_s >= 49 / rate_hz


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([1.0, 2.0, 10.0], 50) == 2.0
    assert percentile([1.0, 2.0, 10.0], 99) == 10.0


def test_wire_and_store_are_measured_in_short() -> None:
    figures = measure_wire(0.06, lambda _: None) + measure_store(0.2, lambda _: None)
    assert all(figure.beside is None or figure.beside.name for figure in figures)
    assert {figure.unit for figure in figures} >= {"readings/s", "points/s"}
    assert len([figure for figure in figures if figure.target]) >= 2


@pytest.mark.server
@NEEDS_MOSQUITTO
def test_a_real_service_takes_every_reading_of_a_load_and_tells_every_alarm(tmp_path: Path) -> None:
    taken = hazwatch_rate(tmp_path / "rate", msgspec.structs.replace(load("columns", 40), sensors=200))
    assert taken.rate > 0
    spec = msgspec.structs.replace(latency_load(0.3), sensors=200, alarm_every=10)
    latencies = alert_latencies(tmp_path / "latency", spec)
    for each in (latencies.webhook_ms, latencies.stream_ms):
        assert len(each) == 3
        assert all(ms > 0 for ms in each)


@pytest.mark.server
@NEEDS_MOSQUITTO
@pytest.mark.parametrize("receiver", ["drain", "plain"])
@pytest.mark.parametrize("shape", ["columns", "single"])
def test_the_receivers_beside_see_every_message(tmp_path: Path, receiver: str, shape: str) -> None:
    spec = msgspec.structs.replace(load(shape, 300), sensors=200)
    assert receiver_rate(tmp_path / "run", receiver, spec) > 0


def test_the_command_prints_json_and_says_what_it_does_on_standard_error() -> None:
    done = _bench("wire", "--json", "--seconds", "0.1")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert [list(figure) for figure in figures] == [KEYS] * 3
    assert "wire: " in done.stderr


def test_without_mosquitto_the_command_says_so_and_ends_with_3(tmp_path: Path) -> None:
    code = (
        "import service.bench.servers as s; s.binary = lambda _: None;"
        "import sys; sys.argv = ['hazwatch', 'bench', 'e2e']; from service.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=200, check=False,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 3
    assert "mosquitto is not on this machine" in done.stderr
    assert "Traceback" not in done.stderr


def _bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "service.main", "bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
