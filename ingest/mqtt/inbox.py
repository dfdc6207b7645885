"""The bounded place between the network thread, which fills it, and the pipeline, which drains it."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final, NamedTuple

from ingest.messages import Message

MAX_COUNT: Final = 65_536
MAX_BYTES: Final = 64 << 20


class Received(NamedTuple):
    """A message and what to acknowledge it by; token 0 needs no acknowledgement."""

    message: Message
    token: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxLimits:
    """How much waits at most; the last message may go over `max_bytes`."""

    max_count: int = MAX_COUNT
    max_bytes: int = MAX_BYTES


class Inbox:
    """Messages in the order they came.

    `on_ready` is called from the network thread when there is something to drain, and not again until a drain has
    left nothing. `on_room` is called from the draining thread when a full inbox is half empty again.
    """

    def __init__(
        self, limits: InboxLimits, on_ready: Callable[[], None], on_room: Callable[[], None]
    ) -> None:
        self._limits = limits
        self._on_ready = on_ready
        self._on_room = on_room
        self._lock = Lock()
        self._waiting: deque[Received] = deque()
        self._bytes = 0
        self._told = False
        self._full = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, arrived: Sequence[Received]) -> None:
        """Take messages; network thread only."""
        with self._lock:
            self._waiting.extend(arrived)
            self._bytes += sum(len(item.message.payload) for item in arrived)
            tell, self._told = not self._told, True
        if tell:
            self._on_ready()

    def filling(self) -> float:
        """Return how full it is, 0..1; any thread."""
        limits = self._limits
        with self._lock:
            return min(1.0, max(len(self._waiting) / limits.max_count, self._bytes / limits.max_bytes))

    def room(self) -> int:
        """Return how many messages may come; once there is none, there is none until half is free. Network thread."""
        limits = self._limits
        with self._lock:
            share = 2 if self._full else 1
            free = limits.max_count - len(self._waiting)
            tight = len(self._waiting) * share >= limits.max_count or self._bytes * share >= limits.max_bytes
            self._full = tight and len(self._waiting) > 0
            return 0 if self._full else free

    def drain(self, max_count: int) -> list[Received]:
        """Return up to `max_count` messages, the oldest first; drain again until there are none."""
        with self._lock:
            take = min(max_count, len(self._waiting))
            items = [self._waiting.popleft() for _ in range(take)]
            self._bytes -= sum(len(item.message.payload) for item in items)
            self._told = bool(self._waiting)
            was_full = self._full
        if was_full and self.room():
            self._on_room()
        return items
