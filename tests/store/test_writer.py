import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from registry.sensors import SensorRegistry
from store.duck import DuckStore
from store.series import Encoded, Rejection, StoreError
from store.writer import StoreWriter, WriterSettings
from tests.store.batches import FakeStore, batch

QUICK = WriterSettings(first_retry_s=0.01, longest_retry_s=0.05)


def until(condition: Callable[[], bool], within_s: float = 60.0) -> None:
    end = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def writer(store: FakeStore, tmp_path: Path) -> Iterator[StoreWriter]:
    made = StoreWriter(store, tmp_path, QUICK)
    made.start()
    yield made
    store.hold.set()
    made.close(1)


def test_what_is_offered_is_stored_in_order(store: FakeStore, writer: StoreWriter) -> None:
    for seq in range(1, 101):
        assert writer.offer(batch(seq))
    assert writer.drained(20)
    assert store.sent == list(range(1, 101))
    assert writer.stored_seq == 100
    health = writer.health()
    assert (health.state, health.queued, health.spooled_bytes, health.dropped, health.rejected) == (
        "ok",
        0,
        0,
        0,
        0,
    )


def test_while_the_server_is_away_it_goes_to_the_disk_and_afterwards_in_order(
    store: FakeStore, writer: StoreWriter
) -> None:
    writer.offer(batch(1))
    assert writer.drained(20)
    store.away.set()
    for seq in range(2, 60):
        writer.offer(batch(seq))
    until(lambda: writer.stored_seq == 59)
    health = writer.health()
    assert (health.state, health.queued, health.last_error) == ("away", 0, "nobody there")
    assert health.spooled_bytes > 0
    store.away.clear()
    for seq in range(60, 70):
        writer.offer(batch(seq))
    assert writer.drained(20)
    assert store.stored == list(range(1, 70))
    until(lambda: (writer.health().state, writer.health().spooled_bytes) == ("ok", 0))


def test_a_server_that_hangs_never_blocks_and_the_queue_goes_to_the_disk(
    store: FakeStore, tmp_path: Path
) -> None:
    writer = StoreWriter(store, tmp_path, WriterSettings(queue_batches=10, first_retry_s=0.01))
    writer.start()
    store.hold.clear()
    for seq in range(1, 101):
        assert writer.offer(batch(seq))
    until(lambda: writer.stored_seq == 100)
    assert store.sent == []
    assert writer.health().state == "catching_up"
    store.hold.set()
    assert writer.drained(20)
    assert store.stored == list(range(1, 101))
    writer.close(1)


def test_a_restart_sends_what_was_spooled_first(store: FakeStore, tmp_path: Path) -> None:
    store.away.set()
    first = StoreWriter(store, tmp_path, QUICK)
    first.start()
    for seq in range(1, 11):
        first.offer(batch(seq))
    first.close(0.2)
    assert first.stored_seq == 10
    assert first.health().state == "stopped"
    assert store.closed
    store.away.clear()
    second = StoreWriter(store, tmp_path, QUICK, stored_seq=10)
    assert second.stored_seq == 10
    second.start()
    second.offer(batch(11))
    assert second.drained(20)
    assert store.stored == list(range(1, 12))
    second.close(1)


def test_a_clean_stop_sends_what_waits(store: FakeStore, tmp_path: Path) -> None:
    writer = StoreWriter(store, tmp_path, QUICK)
    writer.start()
    for seq in range(1, 51):
        writer.offer(batch(seq))
    writer.close(10)
    assert store.sent == list(range(1, 51))
    assert writer.stored_seq == 50


def test_a_stop_while_the_server_hangs_spools_the_rest_in_bounded_time(
    store: FakeStore, tmp_path: Path
) -> None:
    writer = StoreWriter(store, tmp_path, QUICK)
    writer.start()
    store.hold.clear()
    for seq in range(1, 6):
        writer.offer(batch(seq))
    writer.close(0.1)
    assert writer.stored_seq == 5
    store.hold.set()


def test_a_writer_that_never_started_spools_what_it_was_given(store: FakeStore, tmp_path: Path) -> None:
    writer = StoreWriter(store, tmp_path, QUICK)
    writer.offer(batch(1))
    writer.close(0.1)
    assert (writer.stored_seq, store.sent) == (1, [])


def test_small_batches_are_written_together(store: FakeStore, tmp_path: Path) -> None:
    sizes: list[int] = []
    send = store.send

    def counting(records: Sequence[Encoded]) -> list[Rejection]:
        sizes.append(len(records))
        return send(records)

    store.send = counting  # type: ignore[method-assign]
    writer = StoreWriter(store, tmp_path, WriterSettings(linger_s=5.0))
    writer.start()
    for seq in range(1, 51):
        writer.offer(batch(seq))
    writer.close(10)
    assert sizes == [50]


def test_after_a_crash_the_tail_offered_again_is_stored_once(
    tmp_path: Path, registry: SensorRegistry
) -> None:
    path = tmp_path / "series.duckdb"
    first = StoreWriter(DuckStore(path, registry, "ledger-1"), tmp_path / "spool", QUICK)
    first.start()
    for seq in range(1, 31):
        first.offer(batch(seq))
    first.close(10)
    store = DuckStore(path, registry, "ledger-1")
    second = StoreWriter(store, tmp_path / "spool", QUICK, stored_seq=10)
    assert second.stored_seq == 30, "the file knows better than the ledger"
    second.start()
    for seq in range(11, 41):
        second.offer(batch(seq))
    assert second.drained(20)
    assert store._db.execute("SELECT count(*), count(DISTINCT t_ns) FROM readings").fetchone() == (800, 800)
    second.close(5)


@pytest.mark.parametrize("error", [StoreError("bad line 7", retry=False), RuntimeError("a bug")])
def test_a_bad_batch_blocks_none_behind_it(store: FakeStore, tmp_path: Path, error: Exception) -> None:
    told: list[Rejection] = []

    def answer(record: Encoded) -> list[Rejection]:
        if record.seq == 7:
            raise error
        return []

    store.answer = answer
    writer = StoreWriter(store, tmp_path, QUICK, on_rejected=told.append)
    writer.start()
    for seq in range(1, 21):
        writer.offer(batch(seq, 5))
    assert writer.drained(20)
    assert store.stored == [seq for seq in range(1, 21) if seq != 7]
    assert [r.rows for r in told] == [5]
    assert (writer.health().rejected, writer.health().state, writer.stored_seq) == (5, "ok", 20)
    writer.close(1)


def test_a_spool_that_is_full_drops_the_oldest_and_counts(store: FakeStore, tmp_path: Path) -> None:
    store.away.set()
    writer = StoreWriter(
        store, tmp_path, WriterSettings(spool_bytes=2000, first_retry_s=0.01, longest_retry_s=0.05)
    )
    writer.start()
    for seq in range(1, 301):
        writer.offer(batch(seq, 3))
        if seq % 10 == 0:
            until(lambda now=seq: writer.stored_seq == now)  # type: ignore[misc]
    until(lambda: writer.stored_seq == 300)
    health = writer.health()
    assert 0 < health.spooled_bytes <= 2000
    store.away.clear()
    assert writer.drained(20)
    assert store.stored == list(range(301 - len(store.stored), 301))
    assert health.dropped == 3 * (300 - len(store.stored)) > 0
    writer.close(1)


def test_beyond_all_memory_a_batch_is_refused_and_counted(store: FakeStore, tmp_path: Path) -> None:
    writer = StoreWriter(store, tmp_path, WriterSettings(refuse_bytes=2000))
    assert [writer.offer(batch(seq, 20)) for seq in (1, 2, 3, 4)] == [True, True, True, False]
    assert writer.health().dropped == 20
    writer.close(0.1)


def test_the_servers_wish_to_wait_is_kept(store: FakeStore, tmp_path: Path) -> None:
    tries: list[float] = []

    def answer(_: Encoded) -> list[Rejection]:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise StoreError("too many requests", retry=True, retry_after_s=0.3)
        return []

    store.answer = answer
    writer = StoreWriter(store, tmp_path, QUICK)
    writer.start()
    writer.offer(batch(1))
    assert writer.drained(20)
    assert tries[1] - tries[0] >= 0.3
    writer.close(1)
