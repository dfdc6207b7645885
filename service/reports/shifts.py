"""The shifts of a site: those of a schedule of the routes file, else fixed hours of a zone."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerting.escalation.schedule import Schedule, shifts_of
from alerting.escalation.schedule import Shift as Turn

_S = 1_000_000_000
_DAY_MIN = 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """A shift from `start_ns` to before `end_ns`; `name` is that of the schedule's turn, else its hours."""

    name: str
    start_ns: int
    end_ns: int

    def __contains__(self, t_ns: int) -> bool:
        return self.start_ns <= t_ns < self.end_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Shifts that begin at the same minutes of each day (`starts_min`, rising) in a zone."""

    zone: ZoneInfo
    starts_min: tuple[int, ...]

    def around(self, t_ns: int, days: int) -> list[Shift]:
        """Return the shifts that begin within so many days of a time, the first one first."""
        here = datetime.fromtimestamp(t_ns // _S, UTC).astimezone(self.zone).date()
        marks = [
            (minute, _at(here + timedelta(days=k), minute, self.zone))
            for k in range(-days, days + 2)
            for minute in self.starts_min
        ]
        return [
            Shift(name=f"{_clock(first)}–{_clock(second)}", start_ns=start_ns, end_ns=end_ns)
            for (first, start_ns), (second, end_ns) in pairwise(marks)
            if start_ns < end_ns
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSchedule:
    """Shifts as a rotation has them; crews that are on duty at the same hours have one shift together."""

    schedule: Schedule

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which they begin."""
        return ZoneInfo(self.schedule.zone)

    def around(self, t_ns: int, days: int) -> list[Shift]:
        """Return the shifts that begin within so many days of a time, the first one first."""
        here = datetime.fromtimestamp(t_ns // _S, UTC).astimezone(self.zone).date()
        found: dict[tuple[int, int], list[str]] = {}
        for k in range(-days, days + 2):
            for turn in self._turns(here + timedelta(days=k)):
                span = tuple(
                    _at(here + timedelta(days=k), minute, self.zone)
                    for minute in (turn.start_min, turn.end_min)
                )
                names = found.setdefault((span[0], span[1]), [])
                if turn.name not in names:
                    names.append(turn.name)
        return [
            Shift(name=" + ".join(names), start_ns=start_ns, end_ns=end_ns)
            for (start_ns, end_ns), names in sorted(found.items())
            if start_ns < end_ns
        ]

    def _turns(self, day: date) -> Iterator[Turn]:
        number = (day - self.schedule.first_day).days
        for crew in self.schedule.crews:
            yield from shifts_of(self.schedule, crew, number)


Shifts = Hours | OfSchedule


def shifts_from(schedules: Sequence[Schedule], hours: Hours) -> Shifts:
    """Return the shifts of the first schedule that has any, else the fixed hours."""
    for schedule in schedules:
        if schedule.crews and any(schedule.cycle):
            return OfSchedule(schedule=schedule)
    return hours


def shift_at(shifts: Shifts, t_ns: int) -> Shift | None:
    """Return the shift at a time, the one that began last where two overlap; None in a gap."""
    return next((one for one in reversed(shifts.around(t_ns, 1)) if t_ns in one), None)


def _at(day: date, minute: int, zone: ZoneInfo) -> int:
    """Return when it is so many minutes past a midnight by the clock on the wall."""
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    return round(local.timestamp()) * _S


def _clock(minute: int) -> str:
    hours, minutes = divmod(minute, 60)
    return f"{hours % 24:02}:{minutes:02}" if minute != _DAY_MIN else "24:00"
