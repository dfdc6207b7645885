"""Reports in memory, for tests and for work on the page without a pipeline."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec

from console.reports_backend import Asked, ReportRefused, ShiftTime
from ledger.handover import MAX_NOTES, HandoverNote

_SHIFT_NS = 8 * 3600 * 10**9


def _nothing(asked: Asked) -> bytes:
    return msgspec.json.encode({"kind": asked.kind, "language": asked.language, "by": asked.by})


class FakeReports:
    """Keeps notes and what was asked for; `answer` makes the reports, `refusal` is told instead of one, `broken` instead of keeping or reading notes."""

    zone = "Asia/Shanghai"

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.kept: list[HandoverNote] = []
        self.answer: Callable[[Asked], bytes] = _nothing
        self.refusal: ReportRefused | None = None
        self.broken: Exception | None = None

    def shifts(self, t_ns: int, days: int) -> Sequence[ShiftTime]:
        """Return shifts of eight hours, which begin at whole multiples since 1970."""
        here = t_ns // _SHIFT_NS
        return [
            ShiftTime(name=f"shift {k % 3 + 1}", start_ns=k * _SHIFT_NS, end_ns=(k + 1) * _SHIFT_NS)
            for k in range(here - 3 * days, here + 3 * days + 1)
        ]

    async def make(self, asked: Asked) -> bytes:
        """Note what was asked for, and answer it."""
        self.asked.append(asked)
        if self.refusal is not None:
            raise self.refusal
        return self.answer(asked)

    async def notes(self, from_ns: int, to_ns: int) -> Sequence[HandoverNote]:
        """Return the notes kept."""
        if self.broken is not None:
            raise self.broken
        return [note for note in self.kept if from_ns <= note.shift_ns < to_ns]

    async def note(self, note: int) -> HandoverNote | None:
        """Return a note kept."""
        return self.kept[note - 1] if note <= len(self.kept) else None

    async def write_note(self, note: HandoverNote) -> HandoverNote | None:
        """Keep a note, or say why not."""
        if self.broken is not None:
            raise self.broken
        if len(self.kept) >= MAX_NOTES:
            return None
        self.kept.append(replace(note, id=len(self.kept) + 1))
        return self.kept[-1]

    async def take_over(self, note: int, by: str, now_ns: int, answer: str) -> bool:
        """Let the first one take it over."""
        if self.kept[note - 1].taken_by is not None:
            return False
        self.kept[note - 1] = replace(self.kept[note - 1], taken_by=by, taken_ns=now_ns, answer=answer)
        return True
