"""Decoding: one reading a message, batches in columns, batches of objects."""

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ingest.wire import WireDecoder
from service.bench.wire import NOW_NS
from service.bench.workload import batch_messages, plant, single_messages

SENSORS = 1_000
MESSAGES = {
    "single": single_messages(SENSORS, 2_000),
    "columns": batch_messages(SENSORS, 20, "columns"),
    "objects": batch_messages(SENSORS, 20, "objects"),
}


@pytest.mark.parametrize("shape", MESSAGES)
def test_decode(benchmark: BenchmarkFixture, shape: str) -> None:
    decoder = WireDecoder(plant(SENSORS))
    decoded = benchmark(decoder.decode, MESSAGES[shape], NOW_NS)
    assert len(decoded.block) == 2_000
    assert not decoded.rejects
