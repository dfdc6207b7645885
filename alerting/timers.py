"""Timers of a pure stage: each is known by its name, has one due time, and can be moved or dropped.

The next deadline is found without looking at all of them: a heap holds every time that was ever set, and what was moved
or dropped since is thrown away when it comes up, or when it has become the greater part.
"""

import heapq
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

_T = TypeVar("_T", bound=tuple[Any, ...])
_SLACK = 64


class Timers(Generic[_T]):
    """A set of timers, each a tuple: what kind it is (the smaller fires first at one time), and whose.

    What fires first depends on their times and names alone, never on the order of setting.
    """

    def __init__(self) -> None:
        self._due: dict[_T, int] = {}
        self._heap: list[tuple[int, _T]] = []

    def set(self, timer: _T, due_ns: int | None) -> None:
        """Let the timer fire at `due_ns`, instead of when it was to fire before; None: not at all."""
        if due_ns is None:
            self._due.pop(timer, None)
        elif self._due.get(timer) != due_ns:
            self._due[timer] = due_ns
            heapq.heappush(self._heap, (due_ns, timer))
        if len(self._heap) > 2 * len(self._due) + _SLACK:
            self.restore(self._due)

    def drop(self, timer: _T) -> None:
        """Never fire the timer, unless it is set again."""
        self.set(timer, None)

    def due_ns(self, timer: _T) -> int | None:
        """Return when the timer fires, None where it is not set."""
        return self._due.get(timer)

    def next_ns(self) -> int | None:
        """Return when the next one fires."""
        heap = self._heap
        while heap and self._due.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def pop(self, now_ns: int) -> tuple[int, _T] | None:
        """Take out the earliest that is due up to `now_ns`, with its own time."""
        due_ns = self.next_ns()
        if due_ns is None or due_ns > now_ns:
            return None
        _, timer = heapq.heappop(self._heap)
        del self._due[timer]
        return due_ns, timer

    def entries(self) -> list[tuple[_T, int]]:
        """Return every timer with its time, in an order of its own, for a snapshot."""
        return sorted(self._due.items())

    def restore(self, due: Mapping[_T, int]) -> None:
        """Take over the timers of a snapshot."""
        self._due = dict(due)
        self._heap = [(due_ns, timer) for timer, due_ns in due.items()]
        heapq.heapify(self._heap)
