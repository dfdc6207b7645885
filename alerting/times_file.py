"""Times of a routes file: the time zone, the calendar's file, and the named intervals."""

import re
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from alerting.intervals import DAY_NAMES, Calendar, DayClass, Interval, Span
from registry.faults import Fault
from registry.marks import KeyPath, Marked, load_marked
from registry.suggest import did_you_mean, shown

DEFAULT_ZONE = "Asia/Shanghai"
_SPAN_KEYS = ("days", "from", "to")
_CALENDAR_KEYS = ("holidays", "workdays")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
_DAYS = (*DAY_NAMES, *(str(one) for one in DayClass))
_DAYS_FORM = "mon to sun, as mon-fri too, weekend, holiday, workday, restday"
_BY_CALENDAR = frozenset(DayClass) - {DayClass.WEEKEND}
_MOST_DAYS = 60


def read_times(marked: Marked, folder: Path, faults: list[Fault]) -> dict[str, Interval | None]:
    """Return the intervals by name, None for one that is named but at fault; the calendar is relative to `folder`."""
    zone = _zone(marked, faults)
    calendar = _calendar(marked, folder, faults)
    rows = marked.data.get("times", {})
    if not isinstance(rows, dict):
        faults.append(marked.fault(("times",), f"times is {shown(rows)}", allowed="a mapping of names"))
        return {}
    return {name: _Reader(marked, faults, calendar).interval(name, row, zone) for name, row in rows.items()}


def _zone(marked: Marked, faults: list[Fault]) -> ZoneInfo:
    name = marked.data.get("time_zone", DEFAULT_ZONE)
    try:
        return ZoneInfo(name if isinstance(name, str) else "")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        faults.append(
            marked.fault(("time_zone",), f"unknown time zone {shown(name)}", allowed="as Asia/Shanghai")
        )
        return ZoneInfo("UTC")


def _calendar(marked: Marked, folder: Path, faults: list[Fault]) -> Calendar | None:
    """Return the calendar of the named file, None where none is named or it cannot be used."""
    given = marked.data.get("calendar")
    if given is None:
        return None
    if not isinstance(given, str) or not given:
        faults.append(
            marked.fault(("calendar",), f"calendar is {shown(given)}", allowed="the path of a file")
        )
        return Calendar()
    file = load_marked(folder / given)
    if file.faults:
        why = "; ".join(fault.message for fault in file.faults)
        faults.append(marked.fault(("calendar",), f"{shown(given)} cannot be used: {why}", allowed="a file"))
        return Calendar()
    rows = file.data if isinstance(file.data, dict) else {}
    if not rows:
        faults.append(file.fault((), "no calendar", allowed=" and ".join(_CALENDAR_KEYS)))
    faults += file.unknown_keys((), rows, _CALENDAR_KEYS)
    holidays, workdays = (_dates(file, faults, key, rows.get(key, [])) for key in _CALENDAR_KEYS)
    for day in sorted(holidays & workdays):
        faults.append(file.fault(("workdays",), f"{day} is a holiday and a workday", allowed="one of both"))
    return Calendar(frozenset(holidays), frozenset(workdays))


def _dates(file: Marked, faults: list[Fault], key: str, given: Any) -> set[date]:
    found: set[date] = set()
    if not isinstance(given, list):
        faults.append(file.fault((key,), f"{key} is {shown(given)}", allowed="a list of dates"))
        return found
    for i, text in enumerate(given):
        first, _, last = str(text).partition("..")
        try:
            day, end = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            day, end = date.max, date.min
        if not 0 <= (end - day).days <= _MOST_DAYS:
            allowed = f"2026-10-01 or 2026-10-01..2026-10-07, at most {_MOST_DAYS} days"
            faults.append(file.fault((key, i), f"{shown(text)} is no date", allowed=allowed))
            continue
        found |= {day + timedelta(days=offset) for offset in range((end - day).days + 1)}
    return found


class _Reader:
    """Reads one interval; what is wrong goes to `faults`."""

    def __init__(self, marked: Marked, faults: list[Fault], calendar: Calendar | None) -> None:
        self.marked = marked
        self.faults = faults
        self.calendar = calendar

    def interval(self, name: str, row: Any, zone: ZoneInfo) -> Interval | None:
        before = len(self.faults)
        rows = [row] if isinstance(row, dict) else row
        if not isinstance(rows, list) or not rows:
            self.fault(("times", name), f"the time {name} is empty", "a list of {days, from, to}")
            return None
        spans = [
            self.span(one, ("times", name, i) if isinstance(row, list) else ("times", name))
            for i, one in enumerate(rows)
        ]
        made = tuple(span for span in spans if span is not None)
        if len(self.faults) == before and (clash := _overlap(made)) is not None:
            message = f"the time {name} overlaps itself: rows {clash[0] + 1} and {clash[1] + 1}"
            self.fault(("times", name), message, "rows that have no minute in common")
        if len(self.faults) > before:
            return None
        return Interval(name, zone, made, self.calendar or Calendar())

    def span(self, row: Any, at: KeyPath) -> Span | None:
        if not isinstance(row, dict) or not row:
            self.fault(at, f"a time is a mapping, not {shown(row)}", ", ".join(_SPAN_KEYS))
            return None
        self.faults += self.marked.unknown_keys(at, row, _SPAN_KEYS)
        from_min, to_min = self.clock(row, at, "from", "00:00"), self.clock(row, at, "to", "24:00")
        weekdays, classes = self.days(row.get("days", []), (*at, "days"))
        if from_min is None or to_min is None:
            return None
        if from_min in {to_min, _MIDNIGHT}:
            self.fault(at, "the time is empty: it ends when it begins", "from and to that differ")
            return None
        return Span(from_min=from_min, to_min=to_min, days=weekdays, classes=classes)

    def clock(self, row: Mapping[str, Any], at: KeyPath, key: str, default: str) -> int | None:
        value = row.get(key, default)
        found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        minutes = int(found[1]) * 60 + int(found[2]) if found else -1
        if found is None or int(found[2]) > _LAST_MINUTE or minutes > _MIDNIGHT:
            self.fault((*at, key), f"{key} is {shown(value)}", '"00:00" to "24:00"')
            return None
        return minutes

    def days(self, given: Any, at: KeyPath) -> tuple[frozenset[int], frozenset[DayClass]]:
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list):
            self.fault(at, f"days is {shown(given)}", f"a list of {_DAYS_FORM}")
            return frozenset(), frozenset()
        weekdays: set[int] = set()
        classes: set[DayClass] = set()
        for name in names:
            first, dash, last = str(name).partition("-")
            if dash and first in DAY_NAMES and last in DAY_NAMES:
                start, end = DAY_NAMES.index(first), DAY_NAMES.index(last)
                weekdays |= {(start + i) % 7 for i in range((end - start) % 7 + 1)}
            elif name in DAY_NAMES:
                weekdays.add(DAY_NAMES.index(name))
            elif name in _DAYS:
                classes.add(DayClass(name))
            else:
                hint = did_you_mean(str(name), _DAYS)
                self.fault(at, f"unknown day {shown(name)}{hint}", _DAYS_FORM)
        if self.calendar is None and classes & _BY_CALENDAR:
            asked = ", ".join(sorted(classes & _BY_CALENDAR))
            self.fault(at, f"{asked} asks for a calendar, and none is named", "calendar: with a file")
        return frozenset(weekdays), frozenset(classes)

    def fault(self, at: KeyPath, message: str, allowed: str) -> None:
        self.faults.append(self.marked.fault(at, message, allowed=allowed))


_MIDNIGHT = 24 * 60
_LAST_MINUTE = 59
_A_WEEK = tuple(date(2001, 1, 1) + timedelta(days=i) for i in range(7))
"""Monday to Sunday of any week, as days of each class in turn."""


def _overlap(spans: tuple[Span, ...]) -> tuple[int, int] | None:
    """Return two spans that have a minute in common on some kind of week, None where none have."""
    for calendar in (
        Calendar(),
        Calendar(holidays=frozenset(_A_WEEK)),
        Calendar(workdays=frozenset(_A_WEEK)),
    ):
        taken: dict[int, int] = {}
        for i, span in enumerate(spans):
            for minute in sorted(_minutes(span, calendar)):
                if taken.setdefault(minute, i) != i:
                    return taken[minute], i
    return None


def _minutes(span: Span, calendar: Calendar) -> set[int]:
    """Return the minutes of a week that a span covers."""
    length = span.to_min - span.from_min + (_MIDNIGHT if span.to_min <= span.from_min else 0)
    week = 7 * _MIDNIGHT
    return {
        (number * _MIDNIGHT + span.from_min + minute) % week
        for number, day in enumerate(_A_WEEK)
        if span.begins_on(day, calendar)
        for minute in range(length)
    }
