"""The truth about a run: events with the limits that were really passed, in the form of the truth file."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from registry.plant import SourceGrade
from sim.faults.crossings import FELT, Crossing
from sim.faults.plan import Event
from sim.faults.senses import named
from sim.plant.site import Site
from sim.truth import rfc3339

_NS = 1_000_000_000
_SECOND = frozenset({"ll", "hh"})
GRADES: Mapping[int, Mapping[SourceGrade, str]] = {
    1: {SourceGrade.IV: "blue", SourceGrade.III: "blue", SourceGrade.II: "blue", SourceGrade.I: "yellow"},
    2: {SourceGrade.IV: "blue", SourceGrade.III: "yellow", SourceGrade.II: "yellow", SourceGrade.I: "orange"},
    3: {SourceGrade.IV: "yellow", SourceGrade.III: "orange", SourceGrade.II: "orange", SourceGrade.I: "red"},
    4: {SourceGrade.IV: "orange", SourceGrade.III: "red", SourceGrade.II: "red", SourceGrade.I: "red"},
}
"""The grade by urgency and source: the default table of docs/alerts.md, which a test compares. The plant does not read
its judge's settings."""


@dataclass(frozen=True, slots=True)
class _Spell:
    """A true value beyond a limit; `end_s` infinite while it is."""

    limit: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The site with its sources' own grades, and what of its time is told."""

    site: Site
    grades: Sequence[SourceGrade]
    start_ns: int
    seconds: int

    def at(self, t_s: float) -> str:
        """Return a time of the simulation as the truth file has it, not after its end."""
        return rfc3339(self.start_ns + round(min(t_s, float(self.seconds)) * _NS))


def events_of_truth(
    span: Span, events: Sequence[Event], crossings: Sequence[Crossing]
) -> list[dict[str, Any]]:
    """Return the events as the truth file has them."""
    spells = _spells(crossings)
    return [_event(span, event, spells) for event in events if event.onset_s < span.seconds]


def _spells(crossings: Sequence[Crossing]) -> Mapping[int, list[_Spell]]:
    """Return, by point, when its true value was beyond which limit."""
    open_: dict[tuple[int, str], float] = {}
    found: dict[int, list[_Spell]] = defaultdict(list)
    for crossing in crossings:
        key = (crossing.point, crossing.limit)
        if crossing.beyond:
            open_.setdefault(key, crossing.t_s)
        elif key in open_:
            found[crossing.point].append(_Spell(crossing.limit, open_.pop(key), crossing.t_s))
    for (point, limit), start in open_.items():
        found[point].append(_Spell(limit, start, float("inf")))
    return found


def _event(span: Span, event: Event, spells: Mapping[int, list[_Spell]]) -> dict[str, Any]:
    site = span.site
    points = [point for role in event.family.names for point in named(site, event, role)]
    during = {
        point: [s for s in spells.get(point, []) if s.start_s < event.end_s and s.end_s > event.onset_s]
        for point in points
    }
    kept = [
        point
        for point in points
        if site.points[point].what != "gas" or _concerns(event, point, during[point])
    ]
    beyond = [(point, s) for point in kept for s in during[point] if s.limit != FELT]
    first: dict[tuple[str, str], float] = {}
    for point, s in beyond:
        if event.onset_s <= s.start_s < span.seconds:
            key = (site.points[point].point.id, s.limit)
            first[key] = min(first.get(key, s.start_s), s.start_s)
    source = None if event.place is None else span.grades[event.place]
    grade = GRADES[_urgency(list(first))][source] if event.family.fault and source is not None else None
    return {
        "id": event.id,
        "kind": event.family.kind,
        "severity": event.severity,
        "fault": event.family.fault,
        "onset": span.at(event.onset_s),
        "end": span.at(max([event.end_s, *(s.end_s for _, s in beyond)])),
        "grade": grade,
        "sensors": [site.points[point].point.id for point in kept],
        "limits": [
            {"sensor": sensor, "limit_name": limit, "time": span.at(t_s)}
            for t_s, sensor, limit in sorted((t_s, *key) for key, t_s in first.items())
        ],
    }


def _concerns(event: Event, point: int, spells: Sequence[_Spell]) -> bool:
    """Tell whether a gas detector belongs to the event: it is what the event is about, or it really feels something."""
    plant = event.family.effects or event.family.releases
    return (
        point == event.point
        or not plant
        or "gas" not in event.family.names
        or bool(spells)
        or bool(event.family.senses)
    )


def _urgency(passed: Sequence[tuple[str, str]]) -> int:
    """Return the row of the grade table that an event deserves in the end, by the limits that it really passes."""
    second = {sensor for sensor, limit in passed if limit in _SECOND}
    return 4 if len(second) > 1 else 3 if second else 2 if passed else 1
