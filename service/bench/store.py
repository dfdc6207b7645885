"""`hazwatch bench store`: writing to a real VictoriaMetrics and to DuckDB, beside the bare post and the bare insert."""

import contextlib
import http.client
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import duckdb
import numpy as np

from registry.sensors import SensorRegistry
from service.bench.figures import Figure, Peer, Target
from service.bench.servers import ServerMissing, victoria_metrics
from service.bench.timing import best_s
from service.bench.workload import later, plant, readings
from store.duck import DuckStore
from store.influx import InfluxSettings, InfluxStore
from store.lineprotocol import LineEncoder
from store.series import StoreBatch
from store.writer import StoreWriter

SENSORS = 10_000
UNIT = "points/s"
_WRITE_TARGET = Target(limit=200_000)
_OFFER_TARGET = Target(limit=5.0, at_least=False)
_MEASUREMENTS = 4


def measure(seconds: float, say: Callable[[str], None]) -> list[Figure]:
    """Measure for about `seconds`; what needs a server that is missing says so."""
    share_s = seconds / _MEASUREMENTS / 2
    registry = plant(SENSORS)
    with tempfile.TemporaryDirectory(prefix="hazwatch-bench-") as name:
        folder = Path(name)
        say("store: line protocol")
        figures = [_encoded(registry, share_s)]
        say("store: DuckDB")
        figures += [_duckdb(folder, registry, share_s)]
        say("store: VictoriaMetrics")
        try:
            with victoria_metrics(folder) as port:
                figures += _victoria(folder, port, registry, share_s)
        except ServerMissing as error:
            figures.append(
                Figure(
                    name=f"write to the time-series server: {error}", value=None, unit=UNIT,
                    target=_WRITE_TARGET,
                )
            )  # fmt: skip
    return figures


def batches() -> Iterator[StoreBatch]:
    """Yield batches of one round of readings with their scores, each later than the one before."""
    block = readings(SENSORS, SENSORS, in_order=True)[:SENSORS]
    for seq in count(1):
        yield StoreBatch(seq=seq, block=block, score=np.full(len(block), 0.1))
        block = later(block)


def _points(batch: StoreBatch) -> int:
    """A reading is two points: its value and its score."""
    return 2 * len(batch.block)


def _encoded(registry: SensorRegistry, within_s: float) -> Figure:
    encoder, batch = LineEncoder(registry), next(batches())
    rows = list(
        zip(batch.block.sensor.tolist(), batch.block.value.tolist(), batch.block.t_ns.tolist(), strict=True)
    )

    def bare() -> bytes:
        both = [f"readings,sensor={s} value={v} {t}\nscores,sensor={s} score=0.1 {t}" for s, v, t in rows]
        return "\n".join(both).encode()

    return Figure(
        name="line protocol",
        value=_points(batch) / best_s(lambda: encoder.encode(batch), within_s),
        unit=UNIT,
        beside=Peer(name="an f-string each", value=_points(batch) / best_s(bare, within_s)),
    )


def _duckdb(folder: Path, registry: SensorRegistry, within_s: float) -> Figure:
    supply = batches()
    store = DuckStore(folder / "bench.duckdb", registry, "bench")
    with contextlib.closing(store):
        ours_s = best_s(lambda: store.write([next(supply)]), within_s)
    batch = next(supply)
    columns = {"code": batch.block.sensor, "t_ns": batch.block.t_ns, "value": batch.block.value}
    with duckdb.connect(str(folder / "bare.duckdb")) as db:
        db.execute("CREATE TABLE readings(code INTEGER, t_ns BIGINT, value DOUBLE)")
        db.execute("CREATE TABLE scores(code INTEGER, t_ns BIGINT, value DOUBLE)")

        def bare() -> None:
            db.register("batch", columns)
            db.execute("BEGIN")
            db.execute("INSERT INTO readings SELECT * FROM batch")
            db.execute("INSERT INTO scores SELECT * FROM batch")
            db.execute("COMMIT")
            db.unregister("batch")

        bare_s = best_s(bare, within_s)
    return Figure(
        name="write to DuckDB",
        value=_points(batch) / ours_s,
        unit=UNIT,
        beside=Peer(name="bare insert from numpy", value=_points(batch) / bare_s),
    )


def _victoria(folder: Path, port: int, registry: SensorRegistry, within_s: float) -> list[Figure]:
    supply = batches()
    store = InfluxStore(InfluxSettings(url=f"http://127.0.0.1:{port}", flavour="victoria"), registry)
    with contextlib.closing(store):
        ours_s = best_s(lambda: store.write([next(supply)]), within_s)
        lines, points = store.encode(next(supply)), 2 * SENSORS
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        bare_s = best_s(lambda: _post(connection, lines), within_s)
    return [
        Figure(
            name="write to VictoriaMetrics through influxdb-client",
            value=points / ours_s,
            unit=UNIT,
            target=_WRITE_TARGET,
            beside=Peer(name="raw HTTP post of the same lines, encoded beforehand", value=points / bare_s),
        ),
        Figure(
            name="longest wait of the pipeline for the store",
            value=_longest_offer_ms(folder, port, registry, within_s),
            unit="ms",
            target=_OFFER_TARGET,
        ),
    ]


def _post(connection: http.client.HTTPConnection, lines: bytes) -> None:
    connection.request("POST", "/api/v2/write?precision=ns", lines)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == http.client.NO_CONTENT, "it takes the lines that it took from us"


def _longest_offer_ms(folder: Path, port: int, registry: SensorRegistry, within_s: float) -> float:
    """Offer faster than the server can take, and return the longest that one offer took."""
    store = InfluxStore(InfluxSettings(url=f"http://127.0.0.1:{port}", flavour="victoria"), registry)
    writer = StoreWriter(store, folder / "spool")
    writer.start()
    longest_s = 0.0
    supply = batches()
    until = time.perf_counter() + within_s
    while time.perf_counter() < until:
        batch = next(supply)
        began = time.perf_counter()
        writer.offer(batch)
        longest_s = max(longest_s, time.perf_counter() - began)
        time.sleep(0.005)
    writer.close(timeout_s=0.1)
    return longest_s * 1e3
