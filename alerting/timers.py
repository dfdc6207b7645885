"""Timers of a pure stage: each is known by its name, has one due time, and can be moved or dropped.

The next deadline is found without looking at all of them: a heap holds every time that was ever set, and what was moved
or dropped since is thrown away when it comes up.
"""

import heapq
from collections.abc import Mapping

Timer = tuple[int, str]
"""What kind of timer (a smaller number fires first at one time), and whose it is."""


class Timers:
    """A set of timers; what fires first depends on their times and names alone, never on the order of setting."""

    def __init__(self) -> None:
        self._due: dict[Timer, int] = {}
        self._heap: list[tuple[int, int, str]] = []

    def set(self, timer: Timer, due_ns: int) -> None:
        """Let the timer fire at `due_ns`, instead of when it was to fire before."""
        if self._due.get(timer) != due_ns:
            self._due[timer] = due_ns
            heapq.heappush(self._heap, (due_ns, *timer))

    def drop(self, timer: Timer) -> None:
        """Never fire the timer, unless it is set again."""
        self._due.pop(timer, None)

    def due_ns(self, timer: Timer) -> int | None:
        """Return when the timer fires, None where it is not set."""
        return self._due.get(timer)

    def next_ns(self) -> int | None:
        """Return when the next one fires."""
        heap = self._heap
        while heap and self._due.get(heap[0][1:]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][0] if heap else None

    def pop(self, now_ns: int) -> tuple[int, Timer] | None:
        """Take out the earliest that is due up to `now_ns`, with its own time."""
        due_ns = self.next_ns()
        if due_ns is None or due_ns > now_ns:
            return None
        _, kind, name = heapq.heappop(self._heap)
        del self._due[kind, name]
        return due_ns, (kind, name)

    def entries(self) -> list[tuple[int, str, int]]:
        """Return every timer as kind, name and time, for a snapshot."""
        return [(kind, name, due_ns) for (kind, name), due_ns in sorted(self._due.items())]

    def restore(self, due: Mapping[Timer, int]) -> None:
        """Take over the timers of a snapshot."""
        self._due = dict(due)
        self._heap = [(due_ns, *timer) for timer, due_ns in due.items()]
        heapq.heapify(self._heap)
