"""The routing tree of a routes file: each node checked, and whether anything can reach it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alerting.intervals import Interval
from alerting.matcher_text import MATCHER_FORM, MatcherError, parse_matcher
from alerting.notify.settings import MqttSettings, ReceiverSettings, SirenSettings
from alerting.receivers_file import NOBODY
from alerting.routing import ABSENT, LABELS, OF_THE_MOMENT, Grouping, Matcher, Op, Route
from registry.faults import Fault
from registry.marks import KeyPath, Marked
from registry.suggest import did_you_mean, shown

_TIMERS = {
    "group_wait_s": "wait_s",
    "group_interval_s": "interval_s",
    "repeat_interval_s": "repeat_interval_s",
}
_ROUTE_KEYS = (
    "receiver",
    "match",
    "continue",
    "group_by",
    *_TIMERS,
    "mute",
    "active",
    "escalation",
    "routes",
)
_A_WEEK_S = 604_800.0
_UNGROUPED = "none"
GROUP_LABELS = tuple(label for label in LABELS if label not in {*OF_THE_MOMENT, "incident_size"})
"""What alerts can be grouped by: what does not change from event to event."""

Domains = Mapping[str, list[tuple[str, ...]]]


class MatcherReader:
    """Reads matchers, wherever they stand; what is wrong goes to `faults`."""

    def __init__(self, marked: Marked, faults: list[Fault], domains: Domains) -> None:
        self.marked = marked
        self.faults = faults
        self.domains = domains

    def matchers(self, given: Any, at: KeyPath) -> tuple[Matcher, ...]:
        """Return the matchers that are sound."""
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts, list):
            self.fault(at, f"match is {shown(given)}", f"a list of {MATCHER_FORM}")
            return ()
        found = [
            self.matcher(text, (*at, i) if isinstance(given, list) else at) for i, text in enumerate(texts)
        ]
        return tuple(matcher for matcher in found if matcher is not None)

    def matcher(self, text: Any, at: KeyPath) -> Matcher | None:
        """Return a matcher, None where it is at fault."""
        try:
            matcher = parse_matcher(text)
        except MatcherError as exc:
            self.fault(at, str(exc), exc.allowed)
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

    def contradiction(self, matchers: tuple[Matcher, ...]) -> str | None:
        """Return which of these matchers contradict each other, None where all can hold together."""
        for label in dict.fromkeys(matcher.label for matcher in matchers):
            asked = [matcher for matcher in matchers if matcher.label == label]
            values = self.domains.get(label) or [(m.value,) for m in asked if m.op is Op.EQUAL]
            if label == "area" or len(asked) == 1 or not values:
                continue  # an area lies in many areas
            if not any(all(matcher.holds_for(value) for matcher in asked) for value in values):
                together = " and ".join(str(matcher) for matcher in asked)
                return f"{together} cannot hold together"
        return None

    def fault(self, at: KeyPath, message: str, allowed: str) -> None:
        """Note what is wrong."""
        self.faults.append(self.marked.fault(at, message, allowed=allowed))


class TreeReader(MatcherReader):
    """Reads the tree; what is wrong goes to `faults`."""

    def __init__(
        self,
        marked: Marked,
        faults: list[Fault],
        domains: Domains,
        receivers: Mapping[str, ReceiverSettings | None],
        times: Mapping[str, Interval | None],
    ) -> None:
        super().__init__(marked, faults, domains)
        self.receivers = receivers
        self.times = times

    def root(self) -> Route | None:
        """Return the tree, None where there is none."""
        row = self.marked.data.get("route")
        if not isinstance(row, dict):
            self.fault(("route",), "no routing tree", "a mapping with receiver and routes")
            return None
        for key in ("match", "continue", "mute", "active"):
            if key in row:
                self.fault(
                    ("route", key), f"the root takes every alert, so it has no {key}", "receiver, routes"
                )
        return self.route(row, ("route",), None, ())

    def route(self, row: Any, at: KeyPath, above: Route | None, around: tuple[Matcher, ...]) -> Route:
        """Return the node at `at`; `around` are the matchers of all nodes above it."""
        if not isinstance(row, dict):
            self.fault(at, f"a route is a mapping, not {shown(row)}", ", ".join(_ROUTE_KEYS))
            row = {}
        self.faults += self.marked.unknown_keys(at, row, _ROUTE_KEYS)
        matchers = self.matchers(row.get("match", []), (*at, "match"))
        path_matchers = (*around, *matchers)
        contradiction = self.contradiction(path_matchers)
        if contradiction is not None:
            self.fault(at, f"the route is never reached: {contradiction}", "")
        node = Route(
            path=_shown_path(at),
            receiver=self.receiver(row, at, above.receiver if above else None),
            matchers=matchers,
            carry_on=self.flag(row, at),
            grouping=self.grouping(row, at, above.grouping if above else None),
            mute=self.intervals(row, at, "mute"),
            active=self.intervals(row, at, "active"),
            escalation=self.escalation(row, at, above.escalation if above else None),
        )
        self.check_times(node, at)
        self.check_single(node, at)
        return replace(
            node, children=self.children(row.get("routes", []), (*at, "routes"), node, path_matchers)
        )

    def children(
        self, rows: Any, at: KeyPath, above: Route, around: tuple[Matcher, ...]
    ) -> tuple[Route, ...]:
        """Return the nodes below a node."""
        if not isinstance(rows, list):
            self.fault(at, f"routes is {shown(rows)}", "a list of routes")
            return ()
        children: list[Route] = []
        for i, row in enumerate(rows):
            child = self.route(row, (*at, i), above, around)
            asked = {*around, *child.matchers}
            for before in children:
                if not before.carry_on and asked.issuperset(before.matchers):
                    message = f"the route is never reached: {before.path} takes all that it would match"
                    self.fault((*at, i), message, f"put it before {before.path}, or let that one continue")
                    break
            children.append(child)
        return tuple(children)

    def receiver(self, row: Mapping[str, Any], at: KeyPath, inherited: str | None) -> str | None:
        """Return who is told, as the node above says where this one does not; None: nobody."""
        name = row.get("receiver")
        if name is None or name == NOBODY:
            return inherited if name is None else None
        if not isinstance(name, str) or name not in self.receivers:
            hint = did_you_mean(str(name), self.receivers)
            allowed = ", ".join([*self.receivers, NOBODY])
            self.fault((*at, "receiver"), f"unknown receiver {shown(name)}{hint}", allowed)
            return inherited
        if isinstance(self.receivers[name], SirenSettings):
            message = f"{name} is a siren: it follows all alerts of its places, no route tells it"
            self.fault((*at, "receiver"), message, "a receiver of another kind")
            return inherited
        return name

    def flag(self, row: Mapping[str, Any], at: KeyPath) -> bool:
        """Return whether the routes after this one are asked too."""
        value = row.get("continue", False)
        if not isinstance(value, bool):
            self.fault((*at, "continue"), f"continue is {shown(value)}", "true, false")
        return value is True

    def grouping(self, row: Mapping[str, Any], at: KeyPath, inherited: Grouping | None) -> Grouping | None:
        """Return by what and when alerts are told together; what is not said is as in the node above."""
        by = row.get("group_by", inherited.by if inherited else None)
        timers = {key: row[key] for key in _TIMERS if key in row}
        if by is None or by == _UNGROUPED:
            for key in timers:
                self.fault((*at, key), f"{key} is for groups, and the route has no group_by", "group_by too")
            return None
        made = replace(inherited or Grouping(by=()), by=self.group_by(by, (*at, "group_by")))
        for key, value in timers.items():
            off = key == "repeat_interval_s" and value == "never"
            least = 0.0 if key == "group_wait_s" else 0.001
            if off or (
                isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= _A_WEEK_S
            ):
                changes: dict[str, Any] = {_TIMERS[key]: None if off else float(value)}
                made = replace(made, **changes)
            else:
                allowed = "seconds, 0 or more" if least == 0 else "seconds, more than 0"
                never = ", or never" if key == "repeat_interval_s" else ""
                self.fault((*at, key), f"{key} is {shown(value)}", f"{allowed}, at most a week{never}")
        return made

    def group_by(self, given: Any, at: KeyPath) -> tuple[str, ...]:
        """Return the labels that alerts of one group have in common."""
        if not isinstance(given, list | tuple):
            self.fault(
                at, f"group_by is {shown(given)}", f"a list of {', '.join(GROUP_LABELS)}; or {_UNGROUPED}"
            )
            return ()
        for i, label in enumerate(given):
            if label not in GROUP_LABELS:
                hint = did_you_mean(str(label), GROUP_LABELS)
                self.fault((*at, i), f"nothing is grouped by {shown(label)}{hint}", ", ".join(GROUP_LABELS))
        return tuple(label for label in dict.fromkeys(map(str, given)) if label in GROUP_LABELS)

    def intervals(self, row: Mapping[str, Any], at: KeyPath, key: str) -> tuple[Interval, ...]:
        """Return the times that a route names."""
        given = row.get(key, [])
        names = [given] if isinstance(given, str) else given
        if not isinstance(names, list):
            self.fault((*at, key), f"{key} is {shown(given)}", "a list of names of times")
            return ()
        found = []
        for i, name in enumerate(names):
            where = (*at, key, i) if isinstance(given, list) else (*at, key)
            if not isinstance(name, str) or name not in self.times:
                hint = did_you_mean(str(name), self.times)
                allowed = ", ".join(self.times) or "a name that stands under times"
                self.fault(where, f"unknown time {shown(name)}{hint}", allowed)
                continue
            found.append(self.times[name])
        return tuple(interval for interval in found if interval is not None)

    def escalation(self, row: Mapping[str, Any], at: KeyPath, inherited: str | None) -> str | None:
        """Return the name of the route's escalation chain."""
        given = row.get("escalation", inherited)
        if given is not None and not isinstance(given, str):
            self.fault((*at, "escalation"), f"escalation is {shown(given)}", "the name of a chain")
            return inherited
        return given

    def check_times(self, node: Route, at: KeyPath) -> None:
        """Refuse a route that never tells anything but red."""
        both = [interval.name for interval in node.active if interval in node.mute]
        if both and len(both) == len(node.active):
            names = ", ".join(both)
            self.fault(
                (*at, "mute"), f"the route is always mute: it is active only in {names}", "other times"
            )

    def check_single(self, node: Route, at: KeyPath) -> None:
        """Refuse groups where the receiver shows how each alert stands."""
        made = self.receivers.get(node.receiver) if node.receiver else None
        if node.grouping is not None and isinstance(made, MqttSettings):
            message = f"receiver {node.receiver} shows single alerts, not groups"
            self.fault(at, message, f"group_by: {_UNGROUPED}")


def _shown_path(at: KeyPath) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in at).removeprefix(".")
