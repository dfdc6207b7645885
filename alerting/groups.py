"""Groups: alerts that one receiver is told of together, and the three times that say when.

A group is told first `group_wait_s` after its first alert, then at steps of `group_interval_s` where something changed,
and after `repeat_interval_s` where nothing did. A red alert and a recovery do not wait for any of them: they are told at
once, with whatever else waits.
"""

from collections.abc import Iterable, Mapping
from itertools import islice

import msgspec

from alerting.dispatch_state import Group
from alerting.events import AlertEvent
from alerting.routing import ABSENT, Grouping, Labels, Route
from alerting.texts import both
from registry.plant import Text

NS_PER_S = 1_000_000_000
MOST_CHANGED = 500
"""So many changed alerts stand in one notification, the gravest first taken; the number of the others is told."""
MOST_ALONGSIDE = 50
"""So many alerts that have not changed stand beside them."""


def group_labels(grouping: Grouping, labels: Labels) -> dict[str, str]:
    """Return the labels of the group that an alert belongs to, each with one value: the innermost area, the grade III."""
    return {label: labels.get(label, ABSENT)[-1 if label == "source_grade" else 0] for label in grouping.by}


def key_of(route: Route, labels: Labels) -> str:
    """Return the key of the group of an alert on this route."""
    assert route.grouping is not None
    return key_for(route.path, group_labels(route.grouping, labels))


def key_for(path: str, labels: Mapping[str, str]) -> str:
    """Return the key of a group."""
    return f"{path}{{{', '.join(f'{label}={value}' for label, value in labels.items())}}}"


def due_ns(group: Group | None, grouping: Grouping, now_ns: int, *, changed: bool) -> int | None:
    """Return when a group is told next; `None` for a group is one that begins now.

    After the first time it is told at whole steps of `interval_s` from when it last was, so at the first of them after
    something changed, or at the first at which `repeat_interval_s` has passed. None: it has nothing to tell.
    """
    if group is None or group.flushed_ns is None:
        begun_ns = now_ns if group is None else group.begun_ns
        return begun_ns + int(grouping.wait_s * NS_PER_S)
    times = []
    if changed:
        times.append(_step(group.flushed_ns, grouping, now_ns))
    if grouping.repeat_interval_s is not None and group.told_ns is not None:
        repeat_ns = group.told_ns + int(grouping.repeat_interval_s * NS_PER_S)
        times.append(_step(group.flushed_ns, grouping, max(repeat_ns - 1, now_ns)))
    return min(times, default=None)


def _step(anchor_ns: int, grouping: Grouping, after_ns: int) -> int:
    """Return the first whole step from `anchor_ns` that lies after `after_ns`."""
    interval_ns = int(grouping.interval_s * NS_PER_S)
    return anchor_ns + ((after_ns - anchor_ns) // interval_ns + 1) * interval_ns


def alongside(group: Group, told: Mapping[str, object]) -> Iterable[str]:
    """Return members that did not change, to stand beside those that did, oldest first."""
    return islice((alert for alert in group.members if alert not in told), MOST_ALONGSIDE)


def body_of(
    *,
    labels: Mapping[str, str],
    receiver: str,
    reason: Text,
    status: str,
    events: Iterable[AlertEvent],
    omitted: int = 0,
) -> bytes:
    """Return the body of a notification about several alerts."""
    body: dict[str, object] = {
        "group": dict(labels),
        "receiver": receiver,
        "reason": both(reason),
        "status": status,
        "alerts": [msgspec.Raw(event.line()) for event in events],
    }
    if omitted:
        body["omitted"] = omitted
    return msgspec.json.encode(body)
