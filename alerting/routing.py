"""Who is told: a pure tree of routes, after Alertmanager's: depth first, the first child that matches takes it.

A label may have several values, of which one must match: an area's label has the codes of all areas that it lies in,
so a district's code matches its towns. A label that an alert does not have has the one empty value.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alerting.events import AlertEvent
from registry.plant import Area, SourceGrade, Text
from registry.sensors import SensorRegistry

LABELS = ("grade", "kind", "type", "enterprise", "source", "source_grade", "area", "event")
"""What matchers may ask of an alert event."""

Labels = Mapping[str, tuple[str, ...]]
ABSENT = ("",)


class Op(StrEnum):
    """How a matcher compares; regular expressions must match the whole value."""

    EQUAL = "="
    UNEQUAL = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label; raises `re.error` for a bad regular expression."""

    label: str
    op: Op
    value: str
    _pattern: re.Pattern[str] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        pattern = re.compile(self.value) if self.op in {Op.LIKE, Op.UNLIKE} else None
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
class Route:
    """A node of the tree; `receiver` was inherited from its parent when the tree was built, None tells nobody.

    `path` says where the node stands in the routes file: ``route`` for the root, ``route.routes[1]`` below it.
    """

    path: str
    receiver: str | None
    matchers: tuple[Matcher, ...] = ()
    carry_on: bool = False
    children: tuple["Route", ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A receiver that an alert goes to (None: nobody), by which route, and why that one."""

    receiver: str | None
    path: str
    reason: Text


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
    return found or [Match(route.receiver, route.path, _reason(route))]


def labels_of(event: AlertEvent, registry: SensorRegistry) -> Labels:
    """Return the labels of an alert event; `type` and `source_grade` come from its sensor."""
    labels = {
        "grade": (event.grade,),
        "kind": (event.kind,),
        "enterprise": (event.enterprise or "",),
        "source": (event.source or "",),
        "area": area_chain(event.area, registry.plant.areas),
        "event": (event.event,),
    }
    i = registry.index.get(event.sensor) if event.sensor else None
    if i is not None:
        source = registry.source_of(i)
        labels["type"] = (registry.specs[i].type,)
        labels["source_grade"] = grade_values(source.grade) if source and source.grade else ABSENT
    return labels


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
