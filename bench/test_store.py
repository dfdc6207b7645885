"""Line protocol of a round of readings with their scores."""

from pytest_benchmark.fixture import BenchmarkFixture

from service.bench.store import SENSORS, batches
from service.bench.workload import plant
from store.lineprotocol import LineEncoder


def test_lines(benchmark: BenchmarkFixture) -> None:
    encoder, batch = LineEncoder(plant(SENSORS)), next(batches())
    assert benchmark(encoder.encode, batch).count(b"\n") == 2 * SENSORS
