"""A commit of one journal entry, as durable as the service has it."""

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from ledger.ledger import Ledger
from ledger.records import Commit, JournalEntry
from service.bench.workload import T0_NS


@pytest.mark.parametrize("body_bytes", [2_000, 200_000])
def test_commit(benchmark: BenchmarkFixture, tmp_path: Path, body_bytes: int) -> None:
    ledger = Ledger.open(tmp_path)
    commit = Commit(entries=[JournalEntry(now_ns=T0_NS, kind="messages", body=b"x" * body_bytes)])
    try:
        assert benchmark(ledger.commit, commit) >= 1
    finally:
        ledger.close()
