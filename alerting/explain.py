"""What becomes of one event, by every route of the tree: who is told when, who is not, and why."""

from dataclasses import dataclass

from alerting.routing import ABSENT, Labels, Route
from alerting.verdicts import Row, Verdict
from registry.plant import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One route: `matched` says whether the event goes by it, `when_ns` when its receiver is told, None: not."""

    path: str
    receiver: str | None
    matched: bool
    when_ns: int | None
    reason: Text


def explained(root: Route, labels: Labels, rows: list[Row]) -> tuple[Explained, ...]:
    """Return the routes that match, in the order of the verdicts, then those that do not, in the order of the tree."""
    matched = [
        Explained(
            path=row.match.path,
            receiver=row.match.receiver,
            matched=True,
            when_ns=None if row.verdict is Verdict.HOLD else row.when_ns,
            reason=row.reason,
        )
        for row in rows
    ]
    reached = {one.path for one in matched}
    rest = [one for one in _unmatched(root, labels, None) if one.path not in reached]
    return (*matched, *rest)


def _unmatched(route: Route, labels: Labels, above: Text | None) -> list[Explained]:
    """Return why each node of a tree does not take the event; `above` says why none of them can."""
    reason = above or _refusal(route, labels)
    here = reason or Text("其下或其前的路由已接收", "a route below it or before it takes the alert")
    found = [Explained(path=route.path, receiver=route.receiver, matched=False, when_ns=None, reason=here)]
    below = reason
    for child in route.children:
        found += _unmatched(child, labels, below)
        if below is None and not child.carry_on and _refusal(child, labels) is None:
            below = Text(f"{child.path} 已接收", f"{child.path} takes the alert")
    return found


def _refusal(route: Route, labels: Labels) -> Text | None:
    for matcher in route.matchers:
        if not matcher.holds(labels):
            value = "/".join(labels.get(matcher.label, ABSENT)) or '""'
            return Text(f"不符合 {matcher}（为 {value}）", f"{matcher} does not hold: it is {value}")
    return None
