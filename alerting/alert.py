"""One alert while it lives in the book, and the frozen view of it that others get."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from alerting.conditions import Condition
from alerting.events import AlertEvent, Grade, Kind, State, slot_of


class Acknowledged(msgspec.Struct, frozen=True, array_like=True):
    """Who acknowledged, when (ns of the pipeline's clock) and with which words."""

    by: str
    now_ns: int
    comment: str


class Alert(msgspec.Struct, kw_only=True):
    """An open occurrence; owned and changed by the book alone, and part of its snapshot.

    `subject` is the sensor's full id, or the name of a trouble of hazwatch's own. `kind` is that of the gravest
    condition, and stays what it was when all have ended. `urgency` and `gravity` are the severity when it was last
    judged. `conditions` are those that hold now, by key; empty when it has returned to normal; `gravest` is the one
    that it was about when it was last judged. `withheld` are the ends of conditions that were found while the sensor
    was silent, by key, oldest first: they count when it speaks again. `last` is what was last told of it, None only
    inside the call that opens it.
    """

    id: str
    subject: str
    kind: Kind
    opened_ns: int
    state: State = State.UNACK
    grade: Grade = Grade.BLUE
    urgency: int = 0
    gravity: int = 0
    conditions: dict[str, Condition] = {}
    withheld: dict[str, Condition] = {}
    gravest: Condition | None = None
    acknowledged: Acknowledged | None = None
    last: AlertEvent | None = None

    @property
    def key(self) -> "Key":
        """What the book knows it by: at most one alert is open of a key."""
        return self.subject, slot_of(self.kind)

    @property
    def active(self) -> bool:
        """Whether something stands."""
        return self.state in {State.UNACK, State.ACKED}


Key = tuple[str, str]
"""Subject and slot (`alerting.events.slot_of`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An open alert as it stands; `event` is the newest thing told of it (before routing: `told` is empty).

    `reasons` and `blind` are as in the `why` of its lines, but of now: conditions come and go without being told.
    """

    id: str
    state: State
    grade: Grade
    kind: Kind
    opened_ns: int
    active: bool
    event: AlertEvent
    reasons: list[dict[str, Any]]
    blind: dict[str, Any] | None
    acknowledged_by: str | None
    acknowledged_ns: int | None
    comment: str


def view_of(alert: Alert, present: Mapping[str, Any]) -> AlertView:
    """Return what others may see of an open alert; `present` has the ``reasons`` and ``blind`` of now."""
    assert alert.last is not None, "an alert is told as soon as it is opened"
    seen = alert.acknowledged
    return AlertView(
        id=alert.id,
        state=alert.state,
        grade=alert.grade,
        kind=alert.kind,
        opened_ns=alert.opened_ns,
        active=alert.active,
        event=alert.last,
        reasons=present["reasons"],
        blind=present["blind"],
        acknowledged_by=seen.by if seen else None,
        acknowledged_ns=seen.now_ns if seen else None,
        comment=seen.comment if seen else "",
    )
