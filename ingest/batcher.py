"""Gathers messages until they are worth one pass of the pipeline. Sans-io: time is an argument."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

MAX_AGE_NS: Final = 5_000_000
MAX_COUNT: Final = 2_000
MAX_BYTES: Final = 8 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchLimits:
    """A batch is due `max_age_ns` after the one before, at once after a pause or when it holds this much.

    So no item waits longer than `max_age_ns`, and one that comes alone does not wait at all.
    """

    max_age_ns: int = MAX_AGE_NS
    max_count: int = MAX_COUNT
    max_bytes: int = MAX_BYTES


class Batcher(Generic[Item]):
    """Items in the order they were added, taken in batches.

    Ask `due_ns` after each `add` or `take`, wait until then, and `take`. An item larger than `max_bytes` makes a
    batch of its own. Nothing is ever dropped: who adds without taking grows it without bound.
    """

    def __init__(self, limits: BatchLimits | None = None) -> None:
        self._limits = limits or BatchLimits()
        self._items: list[tuple[Item, int, int]] = []
        self._bytes = 0
        self._taken_ns: int | None = None

    def __len__(self) -> int:
        return len(self._items)

    def add(self, item: Item, size_bytes: int, now_ns: int) -> None:
        """Add an item that came at `now_ns`."""
        self._items.append((item, size_bytes, now_ns))
        self._bytes += size_bytes

    def due_ns(self) -> int | None:
        """Return when a batch is due, a time in the past if it is due already; None where there is nothing."""
        if not self._items:
            return None
        oldest_ns = self._items[0][2]
        full = len(self._items) >= self._limits.max_count or self._bytes >= self._limits.max_bytes
        if full or self._taken_ns is None:
            return oldest_ns
        return max(oldest_ns, min(self._taken_ns, oldest_ns) + self._limits.max_age_ns)

    def take(self, now_ns: int, *, flush: bool = False) -> list[Item]:
        """Return the batch that is due at `now_ns`, empty where none is; `flush` takes what there is."""
        due_ns = self.due_ns()
        if due_ns is None or (due_ns > now_ns and not flush):
            return []
        self._taken_ns = now_ns
        batch = list(self._next_batch())
        del self._items[: len(batch)]
        return batch

    def _next_batch(self) -> Iterator[Item]:
        room = self._limits.max_bytes
        for position, (item, size_bytes, _) in enumerate(self._items[: self._limits.max_count]):
            if position and size_bytes > room:
                return
            room -= size_bytes
            self._bytes -= size_bytes
            yield item
