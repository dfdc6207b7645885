"""What the console asks of replays of the past."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from console.accounts import Account

SourceName = Literal["journal", "store"]
Jump = Literal["next", "previous"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What can be replayed, ns since 1970 UTC: readings of the journal, None where there are none; whether there is a store.

    `exact_from_ns` is from when on a replay tells what was told then, line by line; before it the state of then is gone.
    """

    journal_ns: tuple[int, int] | None
    exact_from_ns: int | None
    store: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayOrder:
    """A period [start_ns, end_ns) from the journal or from the store."""

    source: SourceName
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenReplay:
    """A replay that runs: whose it is, and the socket on which its own console answers."""

    id: str
    account: str
    order: ReplayOrder
    socket: Path


class ReplayRefused(Exception):  # noqa: N818 - it names the answer, not a failure of the program
    """There is no such replay; `code` is one of `console.problems`, `why` says more where that helps."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


class ReplaysBackend(Protocol):
    """Opens and ends replays; each ends by itself when nobody looks at it, or its session has ended."""

    async def period(self) -> Period:
        """Return what can be replayed."""

    async def open(self, account: Account, order: ReplayOrder, allowed: Callable[[], bool]) -> OpenReplay:
        """Begin a replay, which lasts no longer than `allowed`; returns when it answers.

        Raises:
            ReplayRefused: too many run, or it cannot be.
        """

    def find(self, replay: str) -> OpenReplay | None:
        """Return a replay that runs; asking for it is looking at it."""

    def of(self, account: str) -> Sequence[OpenReplay]:
        """Return an account's replays."""

    async def end(self, replay: str) -> None:
        """End a replay; harmless where there is none."""


class ReplayControl(Protocol):
    """One replay, from inside its own process."""

    def status(self) -> Mapping[str, Any]:
        """Return what it is and what it does, ready for JSON; see docs/replay.md."""

    def set_speed(self, speed: float) -> None:
        """Go on at so many times the speed of then."""

    def pause(self, *, paused: bool) -> None:
        """Stand still, or go on."""

    def seek(self, to_ns: int) -> None:
        """Go to a time of the period."""

    def jump(self, to: Jump, sees: Callable[[Any], bool]) -> bool:
        """Go to the next or the previous alert at a place that `sees` allows; False where there is no previous one."""
