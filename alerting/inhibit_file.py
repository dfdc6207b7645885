"""Inhibition rules and receivers' limits of a routes file."""

from collections.abc import Mapping
from typing import Any

from alerting.events import Grade
from alerting.inhibition import InhibitRule
from alerting.limits import Limit
from alerting.notify.settings import MqttSettings, ReceiverSettings
from alerting.routing import OF_THE_MOMENT, Matcher, Op
from alerting.tree_file import GROUP_LABELS, Domains, MatcherReader
from registry.faults import Fault
from registry.marks import KeyPath, Marked
from registry.suggest import did_you_mean, shown

_RULE_KEYS = ("source", "target", "equal")
_LIMIT_KEYS = ("count", "per_s")
_NOT_RED = Matcher("grade", Op.UNEQUAL, Grade.RED.label)


def read_inhibit(marked: Marked, faults: list[Fault], domains: Domains) -> tuple[InhibitRule, ...]:
    """Return the rules; rules that hold back each other's sources in a circle are a fault."""
    rows = marked.data.get("inhibit", [])
    if not isinstance(rows, list):
        faults.append(marked.fault(("inhibit",), f"inhibit is {shown(rows)}", allowed="a list of rules"))
        return ()
    reader = _Reader(marked, faults, domains)
    rules = [reader.rule(row, ("inhibit", i), f"inhibit[{i}]") for i, row in enumerate(rows)]
    for circle in _circles(rules, reader):
        names = " and ".join(rules[i].path for i in circle)
        message = f"{names} can hold back each other's alerts, and nobody would be told of either"
        faults.append(marked.fault(("inhibit", circle[-1]), message, allowed="one direction"))
    return tuple(rules)


class _Reader(MatcherReader):
    def rule(self, row: Any, at: KeyPath, path: str) -> InhibitRule:
        if not isinstance(row, dict):
            self.fault(at, f"a rule is a mapping, not {shown(row)}", ", ".join(_RULE_KEYS))
            row = {}
        self.faults += self.marked.unknown_keys(at, row, _RULE_KEYS)
        source = self.side(row, at, "source")
        target = self.side(row, at, "target")
        if target and (contradiction := self.contradiction((*target, _NOT_RED))) is not None:
            self.fault((*at, "target"), f"a red alert is never inhibited: {contradiction}", "lesser grades")
        return InhibitRule(path=path, source=source, target=target, equal=self.equal(row, at))

    def side(self, row: Mapping[str, Any], at: KeyPath, key: str) -> tuple[Matcher, ...]:
        found = self.matchers(row.get(key, []), (*at, key))
        if not row.get(key):
            self.fault((*at, key), f"the rule has no {key}", "a list of matchers")
        for matcher in found:
            if matcher.label in OF_THE_MOMENT:
                self.fault(
                    (*at, key), f"a rule cannot ask for {matcher.label}: it does not last", "other labels"
                )
        contradiction = self.contradiction(found)
        if contradiction is not None:
            self.fault((*at, key), f"the rule never applies: {contradiction}", "")
        return found

    def equal(self, row: Mapping[str, Any], at: KeyPath) -> tuple[str, ...]:
        given = row.get("equal", [])
        if not isinstance(given, list):
            self.fault((*at, "equal"), f"equal is {shown(given)}", f"a list of {', '.join(GROUP_LABELS)}")
            return ()
        for i, label in enumerate(given):
            if label not in GROUP_LABELS:
                hint = did_you_mean(str(label), GROUP_LABELS)
                self.fault((*at, "equal", i), f"unknown label {shown(label)}{hint}", ", ".join(GROUP_LABELS))
        return tuple(label for label in given if label in GROUP_LABELS)


def _circles(rules: list[InhibitRule], reader: _Reader) -> list[list[int]]:
    """Return each circle of two or more rules of which every one can hold back a source of the next, once."""
    follows = {
        i: [
            j
            for j, other in enumerate(rules)
            if j != i and reader.contradiction((*rule.target, _NOT_RED, *other.source)) is None
        ]
        for i, rule in enumerate(rules)
    }
    found: list[list[int]] = []
    for first in follows:
        path = _way_back(first, follows)
        if path and min(path) == first:
            found.append(path)
    return found


def _way_back(first: int, follows: Mapping[int, list[int]]) -> list[int]:
    """Return the shortest way from a rule to itself, nothing where there is none."""
    ways, seen = [[first]], {first}
    while ways:
        way = ways.pop(0)
        for step in follows[way[-1]]:
            if step == first:
                return way
            if step not in seen:
                seen.add(step)
                ways.append([*way, step])
    return []


def read_limits(
    marked: Marked, faults: list[Fault], receivers: Mapping[str, ReceiverSettings | None]
) -> dict[str, Limit]:
    """Return the limits by receiver."""
    rows = marked.data.get("limits", {})
    if not isinstance(rows, dict):
        faults.append(marked.fault(("limits",), f"limits is {shown(rows)}", allowed="a mapping of receivers"))
        return {}
    return {
        name: limit
        for name, row in rows.items()
        if (limit := _limit(marked, faults, name, row, receivers)) is not None
    }


def _limit(
    marked: Marked, faults: list[Fault], name: str, row: Any, receivers: Mapping[str, ReceiverSettings | None]
) -> Limit | None:
    at = ("limits", name)
    if name not in receivers:
        message = f"unknown receiver {shown(name)}{did_you_mean(name, receivers)}"
        faults.append(marked.fault(at, message, allowed=", ".join(receivers)))
        return None
    if isinstance(receivers[name], MqttSettings):
        message = f"receiver {name} shows how each alert stands: it takes no digest"
        faults.append(marked.fault(at, message, allowed="no limit"))
        return None
    given = row if isinstance(row, dict) else {}
    faults += marked.unknown_keys(at, given, _LIMIT_KEYS)
    count: Any = given.get("count")
    per_s: Any = given.get("per_s")
    number = isinstance(per_s, int | float) and not isinstance(per_s, bool) and 0 < per_s <= _A_DAY_S
    if type(count) is int and 1 <= count <= _MOST and number:
        return Limit(count, float(per_s))
    message = f"the limit of {name} is {shown(row)}"
    faults.append(marked.fault(at, message, allowed=f"{{count: 1 to {_MOST}, per_s: seconds up to a day}}"))
    return None


_MOST = 10_000
_A_DAY_S = 86_400
