"""Who is told: a pure tree of routes, after Alertmanager's: depth first, the first child that matches takes it.

A label may have several values, of which one must match: an area's label has the codes of all areas that it lies in,
so a district's code matches its towns. A label that an alert does not have has the one empty value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import re2

from alerting.events import AlertEvent
from alerting.intervals import Interval
from alerting.texts import both
from registry.plant import Area, SourceGrade, Text
from registry.sensors import SensorRegistry

_QUIET = re2.Options()
_QUIET.log_errors = False  # what is wrong is told to whoever wrote it
LABELS = (
    "grade",
    "kind",
    "type",
    "enterprise",
    "industry",
    "source",
    "source_grade",
    "equipment",
    "sensor",
    "area",
    "incident_size",
    "event",
)
"""What matchers may ask of an alert event."""

OF_THE_MOMENT = frozenset({"event"})
"""Labels of an event rather than of its alert: nothing that lasts can ask for them."""

Labels = Mapping[str, tuple[str, ...]]
ABSENT = ("",)
MOST_REMEMBERED = 65_536
"""So many label sets are remembered with their matches."""


class Op(StrEnum):
    """How a matcher compares; regular expressions must match the whole value."""

    EQUAL = "="
    UNEQUAL = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; raises `re2.error` for a bad regular expression.

    RE2's, for they come from people who are signed in: Python's own engine would let one of them hold up everybody.
    """

    label: str
    op: Op
    value: str
    _pattern: re2._Regexp | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = re2.compile(self.value, _QUIET) if self.op in {Op.LIKE, Op.UNLIKE} else None
        object.__setattr__(self, "_pattern", pattern)

    def __str__(self) -> str:
        return f"{self.label}{self.op}{self.value}"

    def holds(self, labels: Labels) -> bool:
        """Return whether an alert with these labels is meant."""
        return self.holds_for(labels.get(self.label, ABSENT))

    def holds_for(self, values: tuple[str, ...]) -> bool:
        """Return whether the label's values are meant; the negative forms ask that no value matches."""
        pattern = self._pattern
        found = self.value in values if pattern is None else any(pattern.fullmatch(v) for v in values)
        return found if self.op in {Op.EQUAL, Op.LIKE} else not found


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """Alerts with equal values of the labels `by` are told together; see docs/routing.md for the three times.

    `repeat_interval_s` None: what stands is told again only when something changes.
    """

    by: tuple[str, ...]
    wait_s: float = 30.0
    interval_s: float = 300.0
    repeat_interval_s: float | None = 14_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A node of the tree; `receiver` was inherited from its parent when the tree was built, None tells nobody.

    `path` says where the node stands in the routes file: ``route`` for the root, ``route.routes[1]`` below it.
    """

    path: str
    receiver: str | None
    matchers: tuple[Matcher, ...] = ()
    carry_on: bool = False
    children: tuple["Route", ...] = ()
    grouping: Grouping | None = None
    mute: tuple[Interval, ...] = ()
    active: tuple[Interval, ...] = ()
    escalation: str | None = None

    def muted(self, now_ns: int) -> tuple[int, Text] | None:
        """Return until when nothing is told by this route and why; None where it tells now.

        The time is that of the next change, which need not end it: ask again then.
        """
        for interval in self.mute:
            if interval.holds_at(now_ns):
                text = Text(
                    f"{self.path} 在时段 {interval.name} 静音", f"{self.path} is mute in {interval.name}"
                )
                return interval.until_ns(now_ns), text
        if self.active and not any(interval.holds_at(now_ns) for interval in self.active):
            names = [interval.name for interval in self.active]
            return (
                min(interval.until_ns(now_ns) for interval in self.active),
                Text(
                    f"{self.path} 仅在时段 {'、'.join(names)} 通知",
                    f"{self.path} tells only in {', '.join(names)}",
                ),
            )
        return None


@dataclass(frozen=True, slots=True)
class Match:
    """A route that an alert goes by, and why that one; `receiver` and `path` are the route's, `line` is `said` of its reason."""

    route: Route
    reason: Text
    receiver: str | None = field(init=False)
    path: str = field(init=False)
    line: dict[str, Any] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "receiver", self.route.receiver)
        object.__setattr__(self, "path", self.route.path)
        object.__setattr__(self, "line", self.said(self.reason))

    def said(self, reason: Text) -> dict[str, Any]:
        """Return how it stands in an alert line, with this reason."""
        return {"receiver": self.receiver, "route": self.path, "reason": both(reason)}


def match(route: Route, labels: Labels) -> list[Match]:
    """Return the matches in the order of the tree; none only where the route itself does not match."""
    if not all(matcher.holds(labels) for matcher in route.matchers):
        return []
    found: list[Match] = []
    for child in route.children:
        below = match(child, labels)
        found += below
        if below and not child.carry_on:
            break
    return found or [Match(route, _reason(route))]


def walk(route: Route) -> Iterator[Route]:
    """Yield every node, each before those below it."""
    yield route
    for child in route.children:
        yield from walk(child)


def labels_of(event: AlertEvent, registry: SensorRegistry) -> Labels:
    """Return the labels of an alert event; those of its place come from its sensor and the plant."""
    return {**_labels_of_place(event, registry), **_labels_of_moment(event)}


def _labels_of_moment(event: AlertEvent) -> Labels:
    incident = event.why.get("incident")
    return {
        "grade": (event.grade,),
        "kind": (event.kind,),
        "incident_size": (str(incident["size"]) if incident else "1",),
        "event": (event.event,),
    }


def _labels_of_place(event: AlertEvent, registry: SensorRegistry) -> dict[str, tuple[str, ...]]:
    plant = registry.plant
    enterprise = plant.enterprises.get(event.enterprise or "")
    labels = {
        "enterprise": (event.enterprise or "",),
        "industry": ((enterprise.industry if enterprise else None) or "",),
        "source": (event.source or "",),
        "equipment": (event.equipment or "",),
        "sensor": (event.sensor or "",),
        "area": area_chain(event.area, plant.areas),
    }
    i = registry.index.get(event.sensor) if event.sensor else None
    if i is not None:
        source = registry.source_of(i)
        labels["type"] = (registry.specs[i].type,)
        labels["source_grade"] = grade_values(source.grade) if source and source.grade else ABSENT
    return labels


class Router:
    """The tree with its answers remembered: alerts that differ in nothing that a matcher asks of are matched once."""

    def __init__(self, root: Route, registry: SensorRegistry) -> None:
        self.root = root
        self.routes: Mapping[str, Route] = {route.path: route for route in walk(root)}
        self._registry = registry
        asked = {matcher.label for route in walk(root) for matcher in route.matchers}
        self._asked = tuple(label for label in LABELS if label in asked)
        self._places: dict[tuple[str | None, ...], Mapping[str, tuple[str, ...]]] = {}
        self._found: dict[tuple[tuple[str, ...], ...], list[Match]] = {}

    def labels(self, event: AlertEvent) -> Labels:
        """Return the labels of an event."""
        place = (event.sensor, event.enterprise, event.source, event.equipment, event.area)
        known = self._places.get(place)
        if known is None:
            known = self._places[place] = _labels_of_place(event, self._registry)
        return {**known, **_labels_of_moment(event)}

    def match(self, labels: Labels) -> list[Match]:
        """Return the matches, as `match` does."""
        key = tuple(labels.get(label, ABSENT) for label in self._asked)
        found = self._found.get(key)
        if found is None:
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            found = self._found[key] = match(self.root, labels)
        return found


def grade_values(grade: SourceGrade) -> tuple[str, ...]:
    """Return both ways in which people write a source grade: Ⅲ and III."""
    return (grade.roman, grade.name)


def area_chain(code: str | None, areas: Mapping[str, Area]) -> tuple[str, ...]:
    """Return the code of the area and of all areas around it, innermost first."""
    chain: list[str] = []
    while code and code not in chain:
        chain.append(code)
        area = areas.get(code)
        code = area.parent if area else None
    return tuple(chain) or ABSENT


def _reason(route: Route) -> Text:
    if not route.matchers:
        return Text("该处无更具体的路由", "no route is more specific here")
    asked = [str(matcher) for matcher in route.matchers]
    return Text(f"符合 {'、'.join(asked)}", f"matches {', '.join(asked)}")
