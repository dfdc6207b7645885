"""The schedules of a routes file: shifts, the cycle, the crews and the exceptions, with gaps and overlaps found."""

import re
from collections.abc import Collection
from datetime import date, datetime
from itertools import pairwise
from types import MappingProxyType
from zoneinfo import ZoneInfo

from alerting.escalation.entries import check_known, named, names_at
from alerting.escalation.schedule import DAY_MIN, Crew, Override, Schedule, Shift, Stretch, uneven
from registry.entries import Entry
from registry.suggest import shown

_SCHEDULE_KEYS = ("zone", "first_day", "shifts", "cycle", "crews", "otherwise", "overrides")
_CREW_KEYS = ("people", "first")
_OVERRIDE_KEYS = ("people", "from", "until", "by", "reason")
_REST = "rest"
_MAX_CYCLE_DAYS = 366
_SHOWN_STRETCHES = 3
_SPAN = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*")
_SPAN_FORM = 'a stretch of the day such as "08:00-16:00" or "22:00-06:00"'
_CYCLE_FORM = f"a list with an entry for each day of the cycle: a shift, a list of shifts, {_REST}"


def read_schedules(root: Entry, people: Collection[str]) -> dict[str, Schedule]:
    """Return the schedules by name; what is wrong with them is noted."""
    return {
        name: _schedule(name, entry, people)
        for name, entry in named(root, "schedules", "a mapping of names to schedules")
    }


def _schedule(name: str, entry: Entry, people: Collection[str]) -> Schedule:
    before = len(entry.faults)
    entry.check_keys(_SCHEDULE_KEYS)
    zone = _zone(entry)
    shifts = _shifts(entry)
    cycle = _cycle(entry, shifts)
    otherwise = names_at(entry, "otherwise", "people")
    check_known(entry, "otherwise", otherwise, people, "person")
    schedule = Schedule(
        name=name,
        zone=zone,
        first_day=_day(entry),
        shifts=MappingProxyType(shifts),
        cycle=cycle,
        crews=_crews(entry, people, len(cycle)),
        otherwise=tuple(otherwise),
        overrides=_overrides(entry, people, zone),
    )
    if len(entry.faults) == before:
        _check_even(entry, schedule)
    return schedule


def _check_even(entry: Entry, schedule: Schedule) -> None:
    """Note when nobody is on duty, or more than one crew is."""
    stretches = uneven(schedule)
    gaps = [one for one in stretches if not one.crews]
    overlaps = [one for one in stretches if one.crews]
    if gaps and not schedule.otherwise:
        message = f"schedule {schedule.name} has gaps, nobody is on duty on {_told(gaps)}"
        entry.fault("crews", message, "a crew at every time, or otherwise: with who is called in the gaps")
    if overlaps:
        crews = " and ".join(overlaps[0].crews)
        message = f"schedule {schedule.name}: crews {crews} are both on duty on {_told(overlaps)}"
        entry.fault("crews", message, "one crew at a time")


def _told(stretches: list[Stretch]) -> str:
    told = [f"day {one.day + 1} {_clock(one.start_min)}-{_clock(one.end_min)}" for one in stretches]
    more = len(told) - _SHOWN_STRETCHES
    return ", ".join(told[:_SHOWN_STRETCHES]) + (f" and {more} more" if more > 0 else "") + " of the cycle"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _zone(entry: Entry) -> str:
    zone = entry.raw("zone")
    if not zone:
        entry.fault("zone", "the schedule has no time zone", "a zone such as Asia/Shanghai")
        return "UTC"
    try:
        ZoneInfo(zone)
    except (OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        pass
    except KeyError:
        pass
    else:
        return zone
    entry.fault("zone", f"unknown time zone {shown(zone)}", "a zone such as Asia/Shanghai")
    return "UTC"


def _day(entry: Entry) -> date:
    text = entry.raw("first_day")
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        entry.fault("first_day", f"first_day is {shown(text)}", "the cycle's first day, such as 2026-01-01")
        return date(2000, 1, 1)


def _shifts(entry: Entry) -> dict[str, Shift]:
    section = entry.mapping("shifts", f"a mapping of names to {_SPAN_FORM}")
    if not section.data:
        entry.fault("shifts", "the schedule has no shifts", f"a mapping of names to {_SPAN_FORM}")
    shifts = {}
    for name in section.data:
        text = section.raw(name) or ""
        found = _SPAN.fullmatch(text)
        hours = [int(part) for part in found.groups()] if found else [99] * 4
        start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if start >= DAY_MIN or end > DAY_MIN or max(hours[1], hours[3]) >= 60:  # noqa: PLR2004 - minutes of an hour
            section.fault(name, f"shift {name} is {shown(text)}", _SPAN_FORM)
        elif name == _REST:
            section.fault(name, f"{_REST} is the word for no shift", "another name")
        else:
            shifts[name] = Shift(name=name, start_min=start, end_min=end if end > start else end + DAY_MIN)
    return shifts


def _cycle(entry: Entry, shifts: Collection[str]) -> tuple[tuple[str, ...], ...]:
    value = entry.data.get("cycle")
    if not isinstance(value, list) or not 0 < len(value) <= _MAX_CYCLE_DAYS:
        entry.fault("cycle", f"cycle is {shown(value)}", f"{_CYCLE_FORM}; at most {_MAX_CYCLE_DAYS} days")
        return ((),)
    days = []
    for i, day in enumerate(value):
        names = [name for name in (day if isinstance(day, list) else [day]) if name != _REST]
        for name in names:
            if name not in shifts:
                path = (*entry.path, "cycle", i)
                message = f"day {i + 1} of the cycle has the unknown shift {shown(name)}"
                entry.faults.append(entry.marked.fault(path, message, ", ".join([*shifts, _REST])))
        days.append(tuple(name for name in names if name in shifts))
    return tuple(days)


def _crews(entry: Entry, people: Collection[str], days: int) -> tuple[Crew, ...]:
    section = entry.mapping("crews", "a mapping of names to {people:, first:}")
    if not section.data:
        entry.fault("crews", "the schedule has no crews", "a mapping of names to {people:, first:}")
    crews = []
    for name, crew in named(entry, "crews", "a mapping of names to {people:, first:}"):
        crew.check_keys(_CREW_KEYS)
        first = crew.data.get("first", 1)
        if isinstance(first, bool) or not isinstance(first, int) or not 1 <= first <= days:
            crew.fault("first", f"first is {shown(first)}", f"a day of the cycle, 1 to {days}")
            first = 1
        crews.append(Crew(name=name, people=_people(crew, people), first=first - 1))
    return tuple(crews)


def _people(entry: Entry, people: Collection[str]) -> tuple[str, ...]:
    names = names_at(entry, "people", "people")
    if not names:
        entry.fault("people", "nobody is named", ", ".join(people))
    check_known(entry, "people", names, people, "person")
    return tuple(names)


def _overrides(entry: Entry, people: Collection[str], zone: str) -> tuple[Override, ...]:
    made: list[tuple[Override, Entry]] = []
    for row in entry.entries("overrides", "a list of {people:, from:, until:, by:, reason:}"):
        row.check_keys(_OVERRIDE_KEYS)
        from_ns, until_ns = _instant(row, "from", zone), _instant(row, "until", zone)
        if until_ns <= from_ns:
            row.fault("until", "the override ends before it begins", "a time after from")
        texts = {key: row.raw(key) or "" for key in ("by", "reason")}
        for key, text in texts.items():
            if not text:
                row.fault(key, f"an override says {key}", "a text")
        override = Override(people=_people(row, people), from_ns=from_ns, until_ns=until_ns, **texts)
        made.append((override, row))
    made.sort(key=lambda one: one[0].from_ns)
    for (before, first), (after, second) in pairwise(made):
        if after.from_ns < before.until_ns:
            where = first.marked.where(first.path)
            second.fault(None, f"the override begins before that on {where} ends", "one at a time")
    return tuple(override for override, _ in made)


def _instant(entry: Entry, key: str, zone: str) -> int:
    text = entry.raw(key)
    try:
        time = datetime.fromisoformat(text or "")
    except ValueError:
        entry.fault(key, f"{key} is {shown(text)}", "a time such as 2026-02-01T08:00, in the schedule's zone")
        return 0
    if time.tzinfo is None:
        time = time.replace(tzinfo=ZoneInfo(zone))
    return int(time.timestamp()) * 10**9
