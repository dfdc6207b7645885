"""What the page of reports asks of the rest of hazwatch, and the values that it gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting.arrangements import Arrangement
from console.scope import Place, Scope
from ledger.handover import HandoverNote
from registry.plant import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftTime:
    """A shift from `start_ns` to before `end_ns`."""

    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which report of which period (ns since 1970) an account wants, in which format (json, csv, xlsx, pdf) and language.

    `by` puts alarms apart in the report of alarms. The account's `scope` limits what is counted. `arrangements` are what holds
    alerts back now and `ahead` the works that are announced, for a hand-over of now; else None.
    """

    kind: str
    start_ns: int
    end_ns: int
    format: str
    language: str
    by: tuple[str, ...]
    account: str
    scope: Scope
    arrangements: Sequence[Arrangement] | None = None
    ahead: Sequence[Arrangement] | None = None


class ReportRefused(Exception):  # noqa: N818 - it names the answer, not a failure of the program
    """The report cannot be made; `code` is one of `console.problems`, `detail` says more where there is more."""

    def __init__(self, code: str, detail: Text | None = None) -> None:
        self.code = code
        self.detail = detail
        super().__init__(code)


def place_of_note(note: HandoverNote) -> Place:
    """Return what a note belongs to: one of an author without a scope may speak of anything, and is for such accounts only."""
    return Place(enterprise=note.enterprise, area=note.area)


class ReportsBackend(Protocol):
    """Reports and the notes of hand-overs."""

    @property
    def zone(self) -> str:
        """The zone in which reports are cut into days."""

    def shifts(self, t_ns: int, days: int) -> Sequence[ShiftTime]:
        """Return the shifts that begin within so many days of a time, the first one first."""

    async def make(self, asked: Asked) -> bytes:
        """Return the report; raises `ReportRefused`. One at a time for an account, and never on the event loop's time."""

    async def notes(self, from_ns: int, to_ns: int) -> Sequence[HandoverNote]:
        """Return the notes of shifts that began in a period, in the order in which they were written."""

    async def note(self, note: int) -> HandoverNote | None:
        """Return a note by its id."""

    async def write_note(self, note: HandoverNote) -> HandoverNote | None:
        """Keep a note, durably; None where the shift has as many as it may have."""

    async def take_over(self, note: int, by: str, now_ns: int, answer: str) -> bool:
        """Note durably who took a note over; False where somebody has."""
