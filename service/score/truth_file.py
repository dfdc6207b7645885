"""The truth file: what really happened, checked field by field before anything is scored against it."""

import json
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, TypeVar

from alerting.events import Grade
from registry.faults import Fault, InputError
from registry.marks import KeyPath, parse_marked
from registry.sensors import LIMIT_NAMES
from registry.suggest import shown
from service.score.times import parse_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """When the true value passed a limit."""

    sensor: str
    limit_name: str
    t_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrueEvent:
    """A fault, or a look-alike that must not alarm; `grade` is what its author expects, None where nothing is."""

    id: str
    kind: str
    severity: str
    fault: bool
    onset_ns: int
    end_ns: int
    grade: Grade | None
    sensors: tuple[str, ...]
    limits: tuple[Crossing, ...] = ()

    @property
    def first_limit_ns(self) -> int | None:
        """When the first of its limits was really crossed; None where none was."""
        return min((crossing.t_ns for crossing in self.limits), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """All events of [start_ns, end_ns), in the order of their onset.

    `others` are events that are not scored here, since they began before or other sensors see them: an alert that tells
    of one is neither right nor false.
    """

    scenario: str
    seed: int | None
    start_ns: int
    end_ns: int
    events: tuple[TrueEvent, ...]
    others: tuple[TrueEvent, ...] = ()

    @property
    def sensors(self) -> frozenset[str]:
        """Every sensor that an event names."""
        return frozenset(sensor for event in self.events for sensor in event.sensors)

    def part(self, start_ns: int, end_ns: int) -> Self:
        """Return the truth of a stretch: the events that begin in it, cut at its end."""
        inside = (event for event in self.events if start_ns <= event.onset_ns < end_ns)
        events = tuple(replace(event, end_ns=min(event.end_ns, end_ns)) for event in inside)
        before = tuple(event for event in self.events if event.onset_ns < start_ns)
        return replace(self, start_ns=start_ns, end_ns=end_ns, events=events, others=(*self.others, *before))

    def of_sensors(self, sensors: frozenset[str]) -> Self:
        """Return the truth as far as these sensors can tell it: events that name one of them."""
        seen = tuple(event for event in self.events if sensors & set(event.sensors))
        rest = tuple(event for event in self.events if not sensors & set(event.sensors))
        return replace(self, events=seen, others=(*self.others, *rest))


def load_truth(path: Path, known: Container[str] | None = None) -> Truth:
    """Read a truth file; every sensor must be `known`, where that is told.

    Raises:
        InputError: with every fault of the file, each with its line.
    """
    text = _read(path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InputError(
            [Fault(file=str(path), where=where, message=f"not valid JSON: {error.msg}")]
        ) from None
    reading = _Reading(known)
    truth = reading.truth(data)
    if truth is None or reading.wrong:
        # lines are looked up only now: a file without a fault is read once
        marked = parse_marked(text, str(path))
        raise InputError(
            Fault(
                file=str(path),
                where=", ".join(part for part in (marked.where(at), _path_text(at)) if part),
                message=message,
                allowed=allowed,
            )
            for at, message, allowed in reading.wrong
        )
    return truth


def _read(path: Path) -> str:
    if not path.is_file():
        raise InputError(
            [Fault(file=str(path), where="", message="there is no such file", allowed="a truth file")]
        )
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError([Fault(file=str(path), where="", message="the text is not UTF-8")]) from None


def _path_text(path: KeyPath) -> str:
    """Return a key path as a person reads it: ``events[3].onset``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


_TIME = "RFC 3339 with a zone, such as 2026-11-24T08:00:00.000Z"
_GRADES: Mapping[str, Grade] = MappingProxyType({grade.label: grade for grade in Grade})


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _severity(value: Any) -> str | None:
    return (
        str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
    )


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _time(value: Any) -> int | None:
    return parse_ns(value) if isinstance(value, str) else None


def _limit_name(value: Any) -> str | None:
    return value if value in LIMIT_NAMES else None


def _texts(value: Any) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not value or not all(_text(item) for item in value):
        return None
    return tuple(value)


_T = TypeVar("_T")


class _Reading:
    """One reading of a file; `wrong` collects place, message and what is allowed."""

    def __init__(self, known: Container[str] | None) -> None:
        self._known = known
        self.wrong: list[tuple[KeyPath, str, str]] = []

    def truth(self, data: Any) -> Truth | None:
        if not isinstance(data, dict):
            self.wrong.append(
                ((), "a truth file is one object", '{"scenario", "seed", "start", "end", "events"}')
            )
            return None
        start_ns = self._field(data, (), "start", _time, _TIME)
        end_ns = self._field(data, (), "end", _time, _TIME)
        listed = data.get("events")
        if not isinstance(listed, list):
            self.wrong.append(
                (("events",), "'events' must be a list", "a list of events, which may be empty")
            )
        if start_ns is None or end_ns is None or not isinstance(listed, list):
            return None
        if end_ns <= start_ns:
            self.wrong.append((("end",), "the end is not after the start", "a later time"))
        found = [self._event(item, ("events", i)) for i, item in enumerate(listed)]
        events = [event for event in found if event is not None]
        self._within(found, start_ns, end_ns)
        self._unique(found)
        seed = data.get("seed")
        return Truth(
            scenario=str(data.get("scenario", "")),
            seed=seed if isinstance(seed, int) else None,
            start_ns=start_ns,
            end_ns=end_ns,
            events=tuple(sorted(events, key=lambda event: (event.onset_ns, event.id))),
        )

    def _field(
        self, data: dict[str, Any], at: KeyPath, key: str, read: Callable[[Any], _T | None], allowed: str
    ) -> _T | None:
        if key not in data:
            self.wrong.append((at, f"the key {key!r} is missing", allowed))
            return None
        value = read(data[key])
        if value is None:
            self.wrong.append(((*at, key), f"{key!r} cannot be {shown(data[key])}", allowed))
        return value

    def _event(self, data: Any, at: KeyPath) -> TrueEvent | None:
        if not isinstance(data, dict):
            self.wrong.append((at, "an event is an object", "see docs/score.md"))
            return None
        id_ = self._field(data, at, "id", _text, "a text, each once")
        kind = self._field(data, at, "kind", _text, "the fault family, a text")
        severity = self._field(data, at, "severity", _severity, "a whole number or a text")
        fault = self._field(data, at, "fault", _flag, "true, or false for a look-alike")
        onset_ns = self._field(data, at, "onset", _time, _TIME)
        end_ns = self._field(data, at, "end", _time, _TIME)
        sensors = self._field(data, at, "sensors", _texts, "a list of full sensor ids, at least one")
        grade = None
        if data.get("grade") is not None:
            grade = self._field(
                data, at, "grade", lambda value: _GRADES.get(str(value)), f"{', '.join(_GRADES)}, null"
            )
        for k, sensor in enumerate(sensors or ()):
            if self._known is not None and sensor not in self._known:
                message = f"the sensor {shown(sensor)} is not in the points table"
                self.wrong.append(((*at, "sensors", k), message, "a full sensor id of that table"))
        limits = self._limits(data.get("limits", []), (*at, "limits"))
        if id_ is None or kind is None or severity is None or fault is None or sensors is None:
            return None
        if onset_ns is None or end_ns is None or limits is None:
            return None
        if end_ns < onset_ns:
            self.wrong.append(((*at, "end"), "the event ends before its onset", "a later time"))
        for i, crossing in enumerate(limits):
            if crossing.t_ns < onset_ns:
                message = "the limit is crossed before the event's onset"
                self.wrong.append(((*at, "limits", i, "time"), message, "a later time"))
        return TrueEvent(
            id=id_,
            kind=kind,
            severity=severity,
            fault=fault,
            onset_ns=onset_ns,
            end_ns=end_ns,
            grade=grade,
            sensors=sensors,
            limits=limits,
        )

    def _limits(self, data: Any, at: KeyPath) -> tuple[Crossing, ...] | None:
        if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
            self.wrong.append(
                (at, "'limits' must be a list of objects", '[{"sensor", "limit_name", "time"}]')
            )
            return None
        crossings = []
        for i, item in enumerate(data):
            place = (*at, i)
            sensor = self._field(item, place, "sensor", _text, "a full sensor id")
            name = self._field(item, place, "limit_name", _limit_name, ", ".join(LIMIT_NAMES))
            t_ns = self._field(item, place, "time", _time, _TIME)
            if sensor is not None and name is not None and t_ns is not None:
                crossings.append(Crossing(sensor=sensor, limit_name=name, t_ns=t_ns))
        return tuple(crossings)

    def _within(self, events: Sequence[TrueEvent | None], start_ns: int, end_ns: int) -> None:
        for i, event in enumerate(events):
            if event is None:
                continue
            times = [("onset", event.onset_ns), ("end", event.end_ns)]
            for key, t_ns in times:
                if not start_ns <= t_ns <= end_ns:
                    message = f"{key!r} lies outside the truth's own range"
                    self.wrong.append((("events", i, key), message, "a time from 'start' to 'end'"))

    def _unique(self, events: Sequence[TrueEvent | None]) -> None:
        first: dict[str, int] = {}
        for i, event in enumerate(events):
            if event is not None and first.setdefault(event.id, i) != i:
                message = f"the id {shown(event.id)} stands twice; the first is events[{first[event.id]}]"
                self.wrong.append((("events", i, "id"), message, "each once"))
