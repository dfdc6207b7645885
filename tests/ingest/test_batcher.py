"""Batches come in order, are neither too old nor too large, and nothing is lost."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.batcher import Batcher, BatchLimits

LIMITS = BatchLimits(max_age_ns=5, max_count=3, max_bytes=100)


def test_the_first_item_after_a_pause_does_not_wait_and_those_behind_it_go_together() -> None:
    batcher: Batcher[str] = Batcher(LIMITS)
    assert batcher.due_ns() is None
    assert batcher.take(8) == []
    batcher.add("first", 1, 10)
    assert batcher.due_ns() == 10
    assert batcher.take(10) == ["first"]
    batcher.add("a", 1, 11)
    batcher.add("b", 1, 14)
    assert batcher.due_ns() == 15
    assert batcher.take(14) == []
    assert batcher.take(15) == ["a", "b"]
    assert batcher.due_ns() is None
    batcher.add("late", 1, 90)
    assert batcher.due_ns() == 90


def test_a_full_batch_is_due_at_once() -> None:
    batcher: Batcher[int] = Batcher(LIMITS)
    for i in range(4):
        batcher.add(i, 1, 10)
    assert batcher.due_ns() == 10
    assert batcher.take(10) == [0, 1, 2]
    assert batcher.due_ns() == 15
    assert batcher.take(10) == []
    assert batcher.take(10, flush=True) == [3]


def test_bytes_fill_a_batch_too_and_a_giant_goes_alone() -> None:
    batcher: Batcher[str] = Batcher(LIMITS)
    batcher.add("small", 60, 10)
    batcher.add("giant", 500, 10)
    batcher.add("last", 60, 10)
    assert batcher.take(10) == ["small"]
    assert batcher.take(10) == ["giant"]
    assert batcher.take(10) == []
    assert batcher.take(15) == ["last"]


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(0, 4), st.booleans())))
def test_nothing_is_lost_doubled_or_late(steps: list[tuple[int, int, bool]]) -> None:
    batcher: Batcher[tuple[int, int, int]] = Batcher(LIMITS)
    now_ns, taken = 0, []
    for number, (size_bytes, wait_ns, take) in enumerate(steps):
        now_ns += wait_ns
        batcher.add((number, size_bytes, now_ns), size_bytes, now_ns)
        if take:
            batch = batcher.take(now_ns)
            assert len(batch) <= LIMITS.max_count
            assert sum(size for _, size, _ in batch) <= LIMITS.max_bytes or len(batch) == 1
            taken += batch
            while batch:
                batch = batcher.take(now_ns)
                taken += batch
            due_ns = batcher.due_ns()
            assert due_ns is None or due_ns > now_ns
    while len(batcher):
        taken += batcher.take(now_ns, flush=True)
    assert [number for number, _, _ in taken] == list(range(len(steps)))
