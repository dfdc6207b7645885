"""One alert while it lives in the book, and the frozen view of it that others get."""

from dataclasses import dataclass

import msgspec

from alerting.conditions import Condition
from alerting.events import AlertEvent, Grade, Kind, State


class Acknowledged(msgspec.Struct, frozen=True, array_like=True):
    """Who acknowledged, when (ns of the pipeline's clock) and with which words."""

    by: str
    now_ns: int
    comment: str


class Alert(msgspec.Struct, kw_only=True):
    """An open occurrence; owned and changed by the book alone, and part of its snapshot.

    `subject` is the sensor's full id, or the name of a trouble of hazwatch's own. `urgency` and `rank` are the
    severity when it was last judged. `conditions` are those that hold now, by key; empty when it has returned to
    normal; `gravest` is the one that decided when it was last judged. `last` is what was last told of it, None only
    inside the call that opens it.
    """

    id: str
    subject: str
    kind: Kind
    opened_ns: int
    state: State = State.UNACK
    grade: Grade = Grade.BLUE
    urgency: int = 0
    rank: int = 0
    conditions: dict[str, Condition] = {}
    gravest: Condition | None = None
    acknowledged: Acknowledged | None = None
    last: AlertEvent | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An open alert as it stands; `event` is the newest thing told of it (before routing: `told` is empty)."""

    id: str
    state: State
    grade: Grade
    kind: Kind
    opened_ns: int
    active: bool
    event: AlertEvent
    acknowledged_by: str | None
    acknowledged_ns: int | None
    comment: str


def view_of(alert: Alert) -> AlertView:
    """Return what others may see of an open alert."""
    assert alert.last is not None, "an alert is told as soon as it is opened"
    seen = alert.acknowledged
    return AlertView(
        id=alert.id,
        state=alert.state,
        grade=alert.grade,
        kind=alert.kind,
        opened_ns=alert.opened_ns,
        active=alert.state in {State.UNACK, State.ACKED},
        event=alert.last,
        acknowledged_by=seen.by if seen else None,
        acknowledged_ns=seen.now_ns if seen else None,
        comment=seen.comment if seen else "",
    )
