"""What the page about hazwatch itself asks of it beside its figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from registry.plant import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that could not be used, or `count` readings of one; `number` rises with each and is never given twice."""

    number: int
    now_ns: int
    reason: str
    detail: str
    topic: str
    payload: bytes
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of trying a receiver: `sent`, or why not; `again` says that the same may succeed later.

    `refused` is a code where nothing was tried.
    """

    sent: bool
    again: bool = False
    why: Text | None = None
    refused: str | None = None


class OwnBackend(Protocol):
    """hazwatch's own figures, what it refused, and its notification channels."""

    def figures(self) -> Mapping[str, Any]:
        """Return hazwatch's own figures, ready for JSON; see docs/console.md."""

    def letters(self, limit: int, before: int | None, reason: str | None) -> Sequence[Letter]:
        """Return at most `limit` refused messages, newest first: those before a number, of a reason, where they are given."""

    def letter(self, number: int) -> Letter | None:
        """Return a refused message, None where it is kept no more."""

    async def try_receiver(self, name: str, by: str) -> Tried | None:
        """Send a receiver a notification that says it is a test; None where there is no such receiver."""
