"""Notifications of routing: of one event, and of several alerts together."""

import heapq
from collections.abc import Mapping
from typing import Any

from alerting.events import GRADE_OF, AlertEvent
from alerting.groups import MOST_CHANGED, body_of
from alerting.notification import Notification, notification_id
from alerting.texts import rfc3339
from alerting.verdicts import STANDING, Row
from registry.plant import Text


def single(
    event: AlertEvent, receiver: str, body: bytes, reason: Text, *, time: str, route: str, step: str = ""
) -> Notification:
    """Return the notification of one event; `body` is its line."""
    return Notification(
        id=notification_id(event.id, event.seq, receiver, step),
        receiver=receiver,
        alert=event.id,
        seq=event.seq,
        time=time,
        body=body,
        reason=reason,
        route=route,
        grade=GRADE_OF[event.grade],
    )


def of_several(
    *,
    subject: str,
    receiver: str,
    labels: Mapping[str, str],
    events: list[AlertEvent],
    omitted: int,
    why: Text,
    now_ns: int,
    step: str,
    status: str | None = None,
    group: str | None = None,
) -> Notification:
    """Return the notification of several alerts, none of which could be told of alone; `subject` keeps their order."""
    seq = max((event.seq for event in events), default=0)
    stands = omitted or any(event.state in STANDING for event in events)
    return Notification(
        id=notification_id(subject, seq, receiver, step),
        receiver=receiver,
        alert=subject,
        seq=seq,
        time=rfc3339(now_ns),
        body=body_of(
            labels=labels,
            receiver=receiver,
            reason=why,
            status=status or ("firing" if stands else "resolved"),
            events=events,
            omitted=omitted,
        ),
        reason=why,
        group=group or subject,
        grade=max((GRADE_OF[event.grade] for event in events), default=None),
    )


def gravest(events: list[AlertEvent]) -> list[AlertEvent]:
    """Return at most `MOST_CHANGED` events, the gravest ones, in the order in which they stand."""
    if len(events) <= MOST_CHANGED:
        return events
    chosen = heapq.nsmallest(MOST_CHANGED, range(len(events)), key=lambda i: (-GRADE_OF[events[i].grade], i))
    return [events[i] for i in sorted(chosen)]


def lines(rows: list[Row]) -> list[dict[str, Any]]:
    """Return verdicts as they stand in an alert line's ``told`` and ``held``."""
    return [row.match.line if row.reason is row.match.reason else row.match.said(row.reason) for row in rows]
