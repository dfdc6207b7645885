"""Who is on duty at an instant: crews that take turns over a cycle of days, and exceptions from that.

A schedule is wall-clock time in its zone, so that a shift begins at eight all the year round; where the clocks are put
back, the hour that comes twice belongs to the same shift both times, and where they are put forward no shift is lost. The
cycle has no end in either direction. A shift that ends at or before its beginning ends on the next day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerting.texts import rfc3339
from registry.plant import Text

DAY_MIN = 24 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_US = timedelta(microseconds=1)
_NS_PER_US = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A stretch of the day, in minutes since midnight; `end_min` is over 24 h where it ends on the next day."""

    name: str
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Crew:
    """People on duty together; `first` is the day of the cycle that the crew has on the schedule's first day."""

    name: str
    people: tuple[str, ...]
    first: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """These people are on duty from `from_ns` until just before `until_ns`, instead of whose turn it is."""

    people: tuple[str, ...]
    from_ns: int
    until_ns: int
    by: str
    reason: str

    def holds_at(self, t_ns: int) -> bool:
        """Return whether it holds at that instant."""
        return self.from_ns <= t_ns < self.until_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A rotation: day by day a crew has the shifts that `cycle` names for it, several, one, or none.

    `otherwise` are the people on duty while no crew is; `overrides` are those of the settings, of which no two meet.
    """

    name: str
    zone: str
    first_day: date
    shifts: Mapping[str, Shift]
    cycle: tuple[tuple[str, ...], ...]
    crews: tuple[Crew, ...]
    otherwise: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is on duty, and why they are; nobody only where a schedule has a gap and no `otherwise`.

    By an `override`, or as `crew` in `shift`; by neither where no crew is on duty.
    """

    people: tuple[str, ...]
    reason: Text
    crew: str = ""
    shift: str = ""
    override: Override | None = None


def on_call(schedule: Schedule, t_ns: int, commanded: Sequence[Override] = ()) -> OnDuty:
    """Return who is on duty at an instant; of the overrides that people commanded the newest, which stands last, counts."""
    for override in (*reversed(commanded), *schedule.overrides):
        if override.holds_at(t_ns):
            return OnDuty(override.people, _override_reason(schedule, override), override=override)
    local = (_EPOCH + t_ns // _NS_PER_US * _US).astimezone(ZoneInfo(schedule.zone))
    day = (local.date() - schedule.first_day).days
    minute = local.hour * 60 + local.minute
    for crew in schedule.crews:
        for shift in shifts_of(schedule, crew, day):
            if shift.start_min <= minute < shift.end_min:
                return OnDuty(crew.people, _shift_reason(schedule, crew, shift), crew.name, shift.name)
        for shift in shifts_of(schedule, crew, day - 1):
            if minute + DAY_MIN < shift.end_min:
                return OnDuty(crew.people, _shift_reason(schedule, crew, shift), crew.name, shift.name)
    return OnDuty(schedule.otherwise, _gap_reason(schedule))


def shifts_of(schedule: Schedule, crew: Crew, day: int) -> list[Shift]:
    """Return the shifts that begin for a crew on a day, counted from the schedule's first day."""
    return [schedule.shifts[name] for name in schedule.cycle[(crew.first + day) % len(schedule.cycle)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Minutes of the cycle that a number of crews other than one has; `day` counts from the schedule's first day."""

    day: int
    start_min: int
    end_min: int
    crews: tuple[str, ...]


def uneven(schedule: Schedule) -> list[Stretch]:
    """Return the stretches of one cycle in which no crew is on duty, or more than one, in their order.

    A stretch is cut at midnight. Equal neighbours are one stretch; a longest cycle of a year is looked through at once.
    """
    found: list[Stretch] = []
    for day in range(len(schedule.cycle)):
        spans = _spans_of_day(schedule, day)
        edges = sorted({0, DAY_MIN, *(edge for start, end, _ in spans for edge in (start, end))})
        for start, end in pairwise(edges):
            crews = tuple(crew for from_, to, crew in spans if from_ <= start and end <= to)
            if len(crews) == 1:
                continue
            last = found[-1] if found else None
            if last is not None and (last.day, last.end_min, last.crews) == (day, start, crews):
                found[-1] = Stretch(day=day, start_min=last.start_min, end_min=end, crews=crews)
            else:
                found.append(Stretch(day=day, start_min=start, end_min=end, crews=crews))
    return found


def _spans_of_day(schedule: Schedule, day: int) -> list[tuple[int, int, str]]:
    """Return who is on duty on a day, as start and end in minutes of that day."""
    spans: list[tuple[int, int, str]] = []
    for crew in schedule.crews:
        before, begun = shifts_of(schedule, crew, day - 1), shifts_of(schedule, crew, day)
        spans += [(0, shift.end_min - DAY_MIN, crew.name) for shift in before if shift.end_min > DAY_MIN]
        spans += [(shift.start_min, min(shift.end_min, DAY_MIN), crew.name) for shift in begun]
    return spans


def _shift_reason(schedule: Schedule, crew: Crew, shift: Shift) -> Text:
    return Text(
        f"值班表 {schedule.name}：{crew.name} 班当值（{shift.name}）",
        f"on duty by schedule {schedule.name}: crew {crew.name}, shift {shift.name}",
    )


def _override_reason(schedule: Schedule, override: Override) -> Text:
    until = rfc3339(override.until_ns)
    return Text(
        f"值班表 {schedule.name}：由 {override.by} 安排代班至 {until}（{override.reason}）",
        f"on duty by schedule {schedule.name}: set by {override.by} until {until} ({override.reason})",
    )


def _gap_reason(schedule: Schedule) -> Text:
    return Text(
        f"值班表 {schedule.name}：此时无班组当值",
        f"schedule {schedule.name}: no crew is on duty at this time",
    )
