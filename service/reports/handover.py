"""What one shift hands over to the next: what stands, what happened, who is on duty, what is to be known. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from alerting.arrangements import Arrangement
from ledger.handover import HandoverNote
from registry.plant import Plant, Text
from service.reports.following import Followed, Following
from service.reports.lines import Line
from service.reports.period import Period
from service.reports.report import Report, fold_of, line_warnings, report_from
from service.reports.rules import Rules
from service.reports.shifts import Shift

AHEAD_NS = 86_400 * 10**9
"""Works that begin within so much time are told where no coming shift is known."""
UNREAD = Text("交班留言无法读取", "the notes of the outgoing shift cannot be read")


class Duty(msgspec.Struct, frozen=True):
    """Who is on duty by a schedule in this shift and in the next one."""

    schedule: str
    now: tuple[Text, ...]
    next: tuple[Text, ...]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a hand-over says that no alert line does.

    `duty` is None where it is not for the reader, or not known. `arrangements` are those that hold alerts back when the report
    is made, `ahead` the works that are announced then; None for a shift that was over long before. `notes` is None where they
    cannot be read.
    """

    shift: Shift | None = None
    next: Shift | None = None
    duty: Sequence[Duty] | None = None
    notes: Sequence[HandoverNote] | None = ()
    arrangements: Sequence[Arrangement] | None = None
    ahead: Sequence[Arrangement] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """Everything that a hand-over says."""

    report: Report
    followed: Followed
    known: Known
    warnings: tuple[Text, ...]


def ahead_until_ns(known: Known, end_ns: int) -> int:
    """Return before when works must begin to be told at a period's end: by the end of the coming shift, if one is known."""
    coming = known.next
    return coming.end_ns if coming is not None and coming.end_ns > end_ns else end_ns + AHEAD_NS


def handover_of(
    lines: Iterable[Line], *, period: Period, rules: Rules, plant: Plant, origin: str, known: Known
) -> Handover:
    """Return the hand-over at the period's end, from lines in their order."""
    fold, following = fold_of(period, rules, (), plant), Following(period)
    for line in lines:
        fold.take(line)
        following.take(line)
    counted = fold.counted()
    return Handover(
        report=report_from(counted, rules=rules, by=(), plant=plant, origin=origin),
        followed=following.followed(),
        known=known,
        warnings=(*([UNREAD] if known.notes is None else []), *line_warnings(counted)),
    )
