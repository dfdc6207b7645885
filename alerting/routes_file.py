"""routes.yaml to `Routes`: every fault at once, each with its line and what is allowed."""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from alerting.cap.settings_file import read_cap
from alerting.dispatch import Routes
from alerting.events import Event, Grade, Kind
from alerting.notify.settings import LogSettings, ReceiverSettings
from alerting.receivers_file import NOBODY, read_receivers
from alerting.routing import ABSENT, LABELS, Matcher, Op, Route, grade_values
from registry.faults import Fault, errors_in
from registry.marks import KeyPath, Marked, load_marked
from registry.plant import Plant, SourceGrade
from registry.sensors import SensorType
from registry.suggest import did_you_mean, shown

_TOP_KEYS = ("receivers", "route", "cap")
_ROUTE_KEYS = ("receiver", "match", "continue", "routes")
_MATCHER = re.compile(r"\s*(?P<label>\w+)\s*(?P<op>=~|!~|!=|=)\s*(?P<value>.*?)\s*", re.DOTALL)
_MATCHER_FORM = "label=value, label!=value, label=~regexp or label!~regexp"

Domains = Mapping[str, list[tuple[str, ...]]]


def load_routes(path: Path, plant: Plant | None = None) -> tuple[Routes | None, list[Fault]]:
    """Read a routes file; None when it cannot be used.

    With a plant, matchers on enterprise, source and area must name what is in it.
    """
    marked = load_marked(path)
    faults = list(marked.faults)
    if not isinstance(marked.data, dict):
        if not faults:
            faults.append(marked.fault((), "no routes", allowed=" and ".join(_TOP_KEYS)))
        return None, faults
    faults += marked.unknown_keys((), marked.data, _TOP_KEYS)
    receivers = read_receivers(marked, path.parent, faults)
    cap = read_cap(marked, faults)
    reader = _Reader(marked, faults, receivers, domains_of(plant))
    root = reader.root()
    sound = {name: settings for name, settings in receivers.items() if settings is not None}
    if root is None:
        return None, faults
    if not errors_in(faults):
        faults += _untold_grades(marked, root, sound)
        faults += _unused(marked, root, sound)
    return (None if errors_in(faults) else Routes(root, sound, cap)), faults


def routes_to_log() -> Routes:
    """Return the routes of a run without a routes file: everything to the log."""
    return Routes(Route(path="route", receiver="log"), {"log": LogSettings()})


def domains_of(plant: Plant | None) -> Domains:
    """Return every value that each label can have, where that is known; a system alert has no type or source."""
    domains: dict[str, list[tuple[str, ...]]] = {
        "grade": [(grade.label,) for grade in Grade],
        "kind": [(kind,) for kind in Kind],
        "type": [ABSENT, *((t,) for t in SensorType)],
        "source_grade": [ABSENT, *(grade_values(grade) for grade in SourceGrade)],
        "event": [(event,) for event in Event],
    }
    if plant is not None:
        domains["enterprise"] = [ABSENT, *((name,) for name in plant.enterprises)]
        domains["source"] = [ABSENT, *((name,) for name in plant.sources)]
    return domains


class _Reader:
    """Reads the tree; what is wrong goes to `faults`."""

    def __init__(
        self,
        marked: Marked,
        faults: list[Fault],
        receivers: Mapping[str, ReceiverSettings | None],
        domains: Domains,
    ) -> None:
        self.marked = marked
        self.faults = faults
        self.receivers = receivers
        self.domains = domains

    def root(self) -> Route | None:
        row = self.marked.data.get("route")
        if not isinstance(row, dict):
            self.fault(("route",), "no routing tree", "a mapping with receiver and routes")
            return None
        for key in ("match", "continue"):
            if key in row:
                self.fault(
                    ("route", key), f"the root takes every alert, so it has no {key}", "receiver, routes"
                )
        return self.route(row, ("route",), None, ())

    def route(self, row: Any, at: KeyPath, inherited: str | None, around: tuple[Matcher, ...]) -> Route:
        """Return the node at `at`; `around` are the matchers of all nodes above it."""
        if not isinstance(row, dict):
            self.fault(at, f"a route is a mapping, not {shown(row)}", ", ".join(_ROUTE_KEYS))
            row = {}
        self.faults += self.marked.unknown_keys(at, row, _ROUTE_KEYS)
        receiver = self.receiver(row, at, inherited)
        matchers = self.matchers(row.get("match", []), (*at, "match"))
        path_matchers = (*around, *matchers)
        self.check_possible(path_matchers, at)
        return Route(
            path=_shown_path(at),
            receiver=receiver,
            matchers=matchers,
            carry_on=self.flag(row, at),
            children=self.children(row.get("routes", []), (*at, "routes"), receiver, path_matchers),
        )

    def children(
        self, rows: Any, at: KeyPath, inherited: str | None, around: tuple[Matcher, ...]
    ) -> tuple[Route, ...]:
        if not isinstance(rows, list):
            self.fault(at, f"routes is {shown(rows)}", "a list of routes")
            return ()
        children: list[Route] = []
        for i, row in enumerate(rows):
            child = self.route(row, (*at, i), inherited, around)
            asked = {*around, *child.matchers}
            for before in children:
                if not before.carry_on and asked.issuperset(before.matchers):
                    message = f"the route is never reached: {before.path} takes all that it would match"
                    self.fault((*at, i), message, f"put it before {before.path}, or let that one continue")
                    break
            children.append(child)
        return tuple(children)

    def receiver(self, row: Mapping[str, Any], at: KeyPath, inherited: str | None) -> str | None:
        name = row.get("receiver")
        if name is None or name == NOBODY:
            return inherited if name is None else None
        if not isinstance(name, str) or name not in self.receivers:
            hint = did_you_mean(str(name), self.receivers)
            allowed = ", ".join([*self.receivers, NOBODY])
            self.fault((*at, "receiver"), f"unknown receiver {shown(name)}{hint}", allowed)
            return inherited
        return name

    def flag(self, row: Mapping[str, Any], at: KeyPath) -> bool:
        value = row.get("continue", False)
        if not isinstance(value, bool):
            self.fault((*at, "continue"), f"continue is {shown(value)}", "true, false")
        return value is True

    def matchers(self, given: Any, at: KeyPath) -> tuple[Matcher, ...]:
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list):
            self.fault(at, f"match is {shown(given)}", f"a list of {_MATCHER_FORM}")
            return ()
        found = [
            self.matcher(text, (*at, i) if isinstance(given, list) else at) for i, text in enumerate(texts)
        ]
        return tuple(matcher for matcher in found if matcher is not None)

    def matcher(self, text: Any, at: KeyPath) -> Matcher | None:
        parts = _MATCHER.fullmatch(text) if isinstance(text, str) else None
        if parts is None:
            self.fault(at, f"{shown(text)} is no matcher", _MATCHER_FORM)
            return None
        label = parts["label"]
        if label not in LABELS:
            self.fault(at, f"unknown label {shown(label)}{did_you_mean(label, LABELS)}", ", ".join(LABELS))
            return None
        try:
            matcher = Matcher(label, Op(parts["op"]), _unquoted(parts["value"]))
        except re.error as exc:
            self.fault(at, f"{shown(text)}: not a regular expression: {exc}", "a Python regular expression")
            return None
        self.check_value(matcher, at)
        return matcher

    def check_value(self, matcher: Matcher, at: KeyPath) -> None:
        """Refuse a matcher that speaks of something that no alert can have: probably a slip of the pen."""
        known = self.domains.get(matcher.label)
        if known is None:
            return
        positive = {Op.UNEQUAL: Op.EQUAL, Op.UNLIKE: Op.LIKE}.get(matcher.op, matcher.op)
        asks = Matcher(matcher.label, positive, matcher.value)
        if any(asks.holds_for(values) for values in known):
            return
        names = [values[-1] for values in known if values != ABSENT]
        hint = did_you_mean(matcher.value, names) if positive is Op.EQUAL else ""
        message = f"{shown(str(matcher))}: no alert has this {matcher.label}{hint}"
        self.fault(at, message, ", ".join(names))

    def check_possible(self, matchers: tuple[Matcher, ...], at: KeyPath) -> None:
        """Refuse a route whose matchers, with those above it, contradict each other."""
        for label in dict.fromkeys(matcher.label for matcher in matchers):
            asked = [matcher for matcher in matchers if matcher.label == label]
            values = self.domains.get(label) or [(m.value,) for m in asked if m.op is Op.EQUAL]
            if label == "area" or len(asked) == 1 or not values:
                continue  # an area lies in many areas
            if not any(all(matcher.holds_for(value) for matcher in asked) for value in values):
                together = " and ".join(str(matcher) for matcher in asked)
                self.fault(at, f"the route is never reached: {together} cannot hold together", "")
                return

    def fault(self, at: KeyPath, message: str, allowed: str) -> None:
        self.faults.append(self.marked.fault(at, message, allowed=allowed))


def _walk(route: Route, around: tuple[Matcher, ...] = ()) -> Iterable[tuple[Route, tuple[Matcher, ...]]]:
    """Yield every node with its own matchers and those above it."""
    here = (*around, *route.matchers)
    yield route, here
    yield from chain.from_iterable(_walk(child, here) for child in route.children)


def _untold_grades(marked: Marked, root: Route, receivers: Mapping[str, ReceiverSettings]) -> list[Fault]:
    """Return a fault for each grade whose opening no receiver would ever be told of, and a warning for gaps."""
    faults = []
    for grade in Grade:
        if not any(_tells(node, asked, grade, receivers) for node, asked in _walk(root)):
            message = f"nobody is ever told of a {grade.label} alert"
            faults.append(marked.fault(("route",), message, allowed="a receiver for every grade"))
    if root.receiver is None and not faults:
        message = "the root has no receiver: an alert that no route matches is told to nobody"
        faults.append(marked.fault(("route",), message, allowed="a receiver for the rest", level="warning"))
    return faults


def _tells(
    node: Route, asked: tuple[Matcher, ...], grade: Grade, receivers: Mapping[str, ReceiverSettings]
) -> bool:
    if node.receiver is None:
        return False
    possible = {"grade": (grade.label,), "event": (Event.OPENED.value,)}
    if not all(matcher.holds_for(possible[matcher.label]) for matcher in asked if matcher.label in possible):
        return False
    return grade is Grade.RED or Event.OPENED in receivers[node.receiver].events


def _unused(marked: Marked, root: Route, receivers: Mapping[str, ReceiverSettings]) -> list[Fault]:
    used = {node.receiver for node, _ in _walk(root)}
    return [
        marked.fault(("receivers", name), f"no route names receiver {name}", level="warning")
        for name in receivers
        if name not in used
    ]


def _shown_path(at: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".")


def _unquoted(value: str) -> str:
    both_ends = 2
    quoted = len(value) >= both_ends and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if quoted else value
