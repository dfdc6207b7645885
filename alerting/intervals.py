"""Times of the week: shifts, nights, weekends, holidays, by a calendar and a time zone; pure, and asked by the instant."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_NS_PER_S = 1_000_000_000
_LOOK_AHEAD_DAYS = 370
_DAY_MINUTES = 24 * 60
DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SATURDAY = 5


class DayClass(StrEnum):
    """A day by what it is rather than by its name; all but `WEEKEND` ask for a calendar."""

    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    WORKDAY = "workday"
    RESTDAY = "restday"


@dataclass(frozen=True, slots=True)
class Calendar:
    """Holidays, and the days of weekends on which people work instead (调休)."""

    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def rests(self, day: date) -> bool:
        """Return whether people rest on this day: a holiday, or a weekend that is not worked."""
        return day in self.holidays or (day.weekday() >= _SATURDAY and day not in self.workdays)

    def is_of(self, day: date, what: DayClass) -> bool:
        """Return whether the day is of this class."""
        match what:
            case DayClass.WEEKEND:
                return day.weekday() >= _SATURDAY
            case DayClass.HOLIDAY:
                return day in self.holidays
            case DayClass.WORKDAY:
                return not self.rests(day)
            case DayClass.RESTDAY:
                return self.rests(day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Some hours of some days, in minutes of local time; one that ends at or before its beginning ends next day.

    `days` are weekdays from 0 (Monday), `classes` kinds of days; either is enough, neither means every day.
    """

    from_min: int = 0
    to_min: int = _DAY_MINUTES
    days: frozenset[int] = frozenset()
    classes: frozenset[DayClass] = frozenset()

    def begins_on(self, day: date, calendar: Calendar) -> bool:
        """Return whether it begins on this day."""
        if not self.days and not self.classes:
            return True
        return day.weekday() in self.days or any(calendar.is_of(day, what) for what in sorted(self.classes))


@dataclass(slots=True)
class Interval:
    """A named set of spans; remembers the stretch that it was asked about last, so that asking costs little."""

    name: str
    zone: ZoneInfo
    spans: tuple[Span, ...]
    calendar: Calendar = field(default_factory=Calendar)
    _from_ns: int = field(default=0, init=False, repr=False, compare=False)
    _until_ns: int = field(default=0, init=False, repr=False, compare=False)
    _inside: bool = field(default=False, init=False, repr=False, compare=False)

    def holds_at(self, now_ns: int) -> bool:
        """Return whether the instant lies in it; a span begins at its first minute and ends before its last."""
        self._look(now_ns)
        return self._inside

    def until_ns(self, now_ns: int) -> int:
        """Return when that changes next; a year on where it does not change for so long."""
        self._look(now_ns)
        return self._until_ns

    def _look(self, now_ns: int) -> None:
        if self._from_ns <= now_ns < self._until_ns:
            return
        today = datetime.fromtimestamp(now_ns // _NS_PER_S, UTC).astimezone(self.zone).date()
        around = list(self._stretches(today, -2, 2))
        self._inside = any(start <= now_ns < end for start, end in around)
        self._from_ns = now_ns
        self._until_ns = self._change(today, now_ns, inside=self._inside)

    def _change(self, today: date, now_ns: int, *, inside: bool) -> int:
        end_ns = now_ns
        for start, end in self._stretches(today, -2, _LOOK_AHEAD_DAYS):
            if not inside and start > now_ns:
                return start
            if inside and start <= end_ns < end:
                end_ns = end  # spans that touch are one stretch
            elif inside and start > end_ns:
                break
        if inside:
            return end_ns
        return now_ns + _LOOK_AHEAD_DAYS * 86_400 * _NS_PER_S

    def _stretches(self, today: date, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield the stretches that begin on the days around `today`, in the order of their beginnings."""
        for offset in range(first, last + 1):
            day = today + timedelta(days=offset)
            found = [
                (
                    _instant_ns(day, span.from_min, self.zone),
                    _instant_ns(day, span.to_min + (_DAY_MINUTES if _wraps(span) else 0), self.zone),
                )
                for span in self.spans
                if span.begins_on(day, self.calendar)
            ]
            yield from sorted(stretch for stretch in found if stretch[0] < stretch[1])


def _wraps(span: Span) -> bool:
    return span.to_min <= span.from_min


def _instant_ns(day: date, minutes: int, zone: ZoneInfo) -> int:
    days, rest = divmod(minutes, _DAY_MINUTES)
    local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return int(local.timestamp()) * _NS_PER_S
