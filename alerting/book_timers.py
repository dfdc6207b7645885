"""Timers of the book: each named thing has at most one time; the earliest is always known."""

import heapq

Timer = tuple[str, str]
"""What is due, and of what: ``("realarm", alert id)``."""
_SLACK = 64


class Timers:
    """Times by name. Equal times fire in the order of their names, so that a restored book fires alike."""

    def __init__(self) -> None:
        self._due_ns: dict[Timer, int] = {}
        self._heap: list[tuple[int, Timer]] = []

    def set(self, timer: Timer, due_ns: int | None) -> None:
        """Let a timer fire at `due_ns`, whatever it was set to before; None: not at all."""
        if due_ns is None:
            self._due_ns.pop(timer, None)
        elif self._due_ns.get(timer) != due_ns:
            self._due_ns[timer] = due_ns
            heapq.heappush(self._heap, (due_ns, timer))
        if len(self._heap) > 2 * len(self._due_ns) + _SLACK:
            self._heap = [(due, name) for name, due in self._due_ns.items()]
            heapq.heapify(self._heap)
        while self._heap and self._due_ns.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)

    def next_ns(self) -> int | None:
        """Return when the earliest is due."""
        return self._heap[0][0] if self._heap else None

    def pop(self) -> Timer | None:
        """Take out the earliest."""
        if not self._heap:
            return None
        timer = self._heap[0][1]
        self.set(timer, None)
        return timer
