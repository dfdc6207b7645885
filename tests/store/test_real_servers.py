"""Against a real VictoriaMetrics and a real InfluxDB: every reading once, value for value, also through outages."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from registry.sensors import SensorRegistry, SensorSpec
from store.influx import InfluxSettings, InfluxStore
from store.lineprotocol import tag_text
from store.series import Encoded, StoreBatch, bucket_ns, downsample, encoded
from store.writer import StoreWriter, WriterSettings
from tests.servers.influx import Influx
from tests.servers.victoria import Victoria
from tests.store.batches import NAMES, START_NS, alert, batch, readings_of

pytestmark = pytest.mark.server
STEP_MS = 1_000_000
END_NS = START_NS + 10**13
QUICK = WriterSettings(first_retry_s=0.02, longest_retry_s=0.1)


def renamed(registry: SensorRegistry, enterprise: str) -> SensorRegistry:
    """Return the site under another enterprise, so that tests share a server without sharing series."""
    return SensorRegistry(
        tuple(
            SensorSpec(
                id=f"{enterprise}/{s.sensor}",
                sensor=s.sensor,
                enterprise=enterprise,
                type=s.type,
                source=s.source,
            )
            for s in registry.specs
        )
    )


@pytest.fixture
def at_influx(
    influx_server: Influx, registry: SensorRegistry, request: pytest.FixtureRequest
) -> Iterator[InfluxStore]:
    store = InfluxStore(InfluxSettings(url=influx_server.url), renamed(registry, request.node.name))
    yield store
    store.close()


@pytest.fixture
def at_victoria(
    victoria_server: Victoria, registry: SensorRegistry, request: pytest.FixtureRequest
) -> Iterator[InfluxStore]:
    store = InfluxStore(InfluxSettings(url=victoria_server.url), renamed(registry, request.node.name))
    yield store
    store.close()


def check_all(store: InfluxStore, name: str, batches: list[StoreBatch]) -> None:
    for i, sensor in enumerate(NAMES):
        series = store.read(f"{name}/{sensor}", START_NS, END_NS, 100_000)
        wanted = readings_of(batches, i)
        assert series.t_ns.tolist() == sorted(wanted)
        assert series.mean.tolist() == [wanted[t] for t in sorted(wanted)]


@pytest.mark.parametrize("gzipped", [False, True])
def test_influx_keeps_every_reading_once_to_the_nanosecond(
    influx_server: Influx, registry: SensorRegistry, gzipped: bool
) -> None:
    name = f"exact-{gzipped}"
    store = InfluxStore(InfluxSettings(url=influx_server.url, gzip=gzipped), renamed(registry, name))
    batches = [batch(seq, 50) for seq in range(1, 11)]
    store.write(batches)
    store.write(batches)
    check_all(store, name, batches)
    (row,) = influx_server.ask(
        f"SELECT count(value), count(quality) FROM readings WHERE enterprise = '{name}'"
    )
    assert row[1:] == [sum(len(readings_of(batches, i)) for i in range(len(NAMES))), 500]
    store.close()


def test_influx_merges_many_readings(
    at_influx: InfluxStore, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.reading._PIECE_NS", 10**12)  # so that there are several
    name = request.node.name
    batches = [batch(1, 4000)]
    at_influx.write(batches)
    end_ns = START_NS + 3_999_000_000_123
    series = at_influx.read(f"{name}/{NAMES[0]}", START_NS, end_ns, 70)
    raw = readings_of(batches, 0)
    kept = sorted(t for t in raw if t < end_ns)
    step = bucket_ns(START_NS, end_ns, 70)
    wanted = downsample(np.array(kept), np.array([raw[t] for t in kept]), START_NS, step)
    assert series.t_ns.tolist() == wanted.t_ns.tolist()
    assert np.allclose(series.mean, wanted.mean, rtol=1e-12)
    assert series.low.tolist() == wanted.low.tolist()
    assert series.high.tolist() == wanted.high.tolist()
    assert len(at_influx.read("nobody", START_NS, end_ns, 70)) == 0


def test_alerts_in_influx(at_influx: InfluxStore, influx_server: Influx) -> None:
    alerts = (alert(7), alert(8), alert(9, sensor=None))
    at_influx.write([batch(1, 0, alerts=alerts)] * 2)
    rows = influx_server.ask("SELECT seq, sensor, grade, event, value, title_zh, title_en FROM alerts")
    assert [row[1:] for row in rows] == [
        [e.seq, e.sensor or "_system", "red", "opened", 12.5, '液位"超高"', "Level high, see \\ manual now"]
        for e in alerts
    ]


def test_influx_refuses_a_bad_line_and_keeps_the_others(
    at_influx: InfluxStore, request: pytest.FixtureRequest
) -> None:
    good = encoded(at_influx, [batch(1), batch(2)])
    first, rest = good[0].payload.split(b"\n", 1)
    wrong = [b"readings,sensor=x value=,quality=0i %d\n", b'readings,sensor=x value="text" %d\n']
    wrong = [line % START_NS for line in wrong]
    rejections = at_influx.send([Encoded(1, 22, b"".join([first, b"\n", *wrong, rest])), good[1]])
    assert [r.excerpt for r in rejections] == wrong
    assert "missing field value" in rejections[0].reason
    assert "type conflict" in rejections[1].reason
    check_all(at_influx, request.node.name, [batch(1), batch(2)])


def in_milliseconds(seq: int, rows: int = 20) -> StoreBatch:
    """Return what VictoriaMetrics can hold: whole milliseconds, at most 12 significant digits."""
    made = batch(seq, rows, step_ns=37 * STEP_MS)
    np.round(made.block.value, 3, out=made.block.value)
    return made


def test_victoria_keeps_every_reading_once(
    at_victoria: InfluxStore, victoria_server: Victoria, request: pytest.FixtureRequest
) -> None:
    batches = [in_milliseconds(seq, 50) for seq in range(1, 11)]
    at_victoria.write(batches)
    at_victoria.write(batches)
    victoria_server.flush()
    check_all(at_victoria, request.node.name, batches)


def test_victoria_merges_many_readings(
    at_victoria: InfluxStore,
    victoria_server: Victoria,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    batches = [in_milliseconds(1, 4000)]
    at_victoria.write(batches)
    victoria_server.flush()
    end_ns = START_NS + 4000 * 37 * STEP_MS
    raw = readings_of(batches, 0)
    step = -(-bucket_ns(START_NS, end_ns, 70) // STEP_MS) * STEP_MS
    times = sorted(raw)
    wanted = downsample(np.array(times), np.array([raw[t] for t in times]), START_NS, step)
    exact = at_victoria.read(f"{request.node.name}/{NAMES[0]}", START_NS, START_NS + 70 * step, 70)
    monkeypatch.setattr("store.reading._EXPORT_POINTS", 0)
    monkeypatch.setattr("store.reading._PIECE_NS", 20 * step)
    there = at_victoria.read(f"{request.node.name}/{NAMES[0]}", START_NS, START_NS + 70 * step, 70)
    early_ns = START_NS + 69 * step + 300 * STEP_MS
    cut = at_victoria.read(f"{request.node.name}/{NAMES[0]}", START_NS, early_ns, 70)
    kept = [t for t in times if t < early_ns]
    length = -(-bucket_ns(START_NS, early_ns, 70) // STEP_MS) * STEP_MS
    ends = downsample(np.array(kept), np.array([raw[t] for t in kept]), START_NS, length)
    assert (cut.t_ns.tolist(), cut.high.tolist()) == (ends.t_ns.tolist(), ends.high.tolist()), (
        "none after the end"
    )
    for series in (exact, there):
        assert series.t_ns.tolist() == wanted.t_ns.tolist()
        assert np.allclose(series.mean, wanted.mean, rtol=1e-9)
        assert series.low.tolist() == wanted.low.tolist()
        assert series.high.tolist() == wanted.high.tolist()
    assert len(at_victoria.read("nobody", START_NS, end_ns, 70)) == 0


def offer(writer: StoreWriter, batches: list[StoreBatch]) -> None:
    for each in batches:
        writer.offer(each)


def wait_state(writer: StoreWriter, state: str) -> None:
    end = time.monotonic() + 20
    while writer.health().state != state:
        assert time.monotonic() < end, writer.health()
        time.sleep(0.01)


def test_victoria_away_for_a_while(
    at_victoria: InfluxStore, victoria_server: Victoria, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    batches = [in_milliseconds(seq) for seq in range(1, 61)]
    writer = StoreWriter(at_victoria, tmp_path, QUICK)
    writer.start()
    offer(writer, batches[:20])
    assert writer.drained(20)
    victoria_server.stop()
    offer(writer, batches[20:40])
    wait_state(writer, "away")
    assert "cannot be reached" in writer.health().last_error
    victoria_server.start()
    offer(writer, batches[40:])
    assert writer.drained(30)
    wait_state(writer, "ok")
    victoria_server.flush()
    check_all(at_victoria, request.node.name, batches)
    writer.close(5)


def test_influx_killed_behind_its_front_and_the_writer_restarted(
    at_influx: InfluxStore,
    influx_server: Influx,
    registry: SensorRegistry,
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    name = request.node.name
    batches = [batch(seq) for seq in range(1, 61)]
    first = StoreWriter(at_influx, tmp_path, QUICK)
    first.start()
    offer(first, batches[:20])
    assert first.drained(20)
    influx_server.stop_behind()
    offer(first, batches[20:40])
    wait_state(first, "away")
    first.close(0.2)
    assert first.stored_seq == 40
    assert first.health().spooled_bytes > 0
    influx_server.start_behind()
    store = InfluxStore(InfluxSettings(url=influx_server.url), renamed(registry, name))
    second = StoreWriter(store, tmp_path, QUICK, stored_seq=40)
    second.start()
    offer(second, batches[40:])
    assert second.drained(30)
    check_all(store, name, batches)
    second.close(5)


def test_names_that_need_escaping_are_series_of_their_own(
    at_influx: InfluxStore, influx_server: Influx
) -> None:
    at_influx.write([batch(1)])
    rows = influx_server.ask("SHOW TAG VALUES FROM readings WITH KEY = sensor")
    assert {tag_text(f"test_names_that_need_escaping_are_series_of_their_own/{n}") for n in NAMES} <= {
        row[1] for row in rows
    }
