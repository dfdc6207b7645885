"""One alert while it lives in the book, and the frozen view of it that others get."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from alerting.conditions import Condition
from alerting.events import HELD_STATES, SLOTS, AlertEvent, Grade, Kind, State


class Acknowledged(msgspec.Struct, frozen=True, array_like=True):
    """Who acknowledged, when (ns of the pipeline's clock) and with which words."""

    by: str
    now_ns: int
    comment: str


class Confirmed(msgspec.Struct, frozen=True, array_like=True):
    """Who said what was done, when (ns of the pipeline's clock), the cause's code and the action taken."""

    by: str
    now_ns: int
    cause: str
    action: str


class Assigned(msgspec.Struct, frozen=True, array_like=True):
    """Who is to see to it, who said so, and when (ns of the pipeline's clock)."""

    to: str
    by: str
    now_ns: int


class Alert(msgspec.Struct, kw_only=True, gc=False):
    """An open occurrence; owned and changed by the book alone, and part of its snapshot.

    `subject` is the sensor's full id, or the name of a trouble of hazwatch's own. `kind` is that of the gravest
    condition, and stays what it was when all have ended. `urgency` and `gravity` are the severity when it was last
    judged. `conditions` are those that hold now, by key; empty when it has returned to normal; `gravest` is the one
    that it was about when it was last judged. `withheld` are the ends of conditions that were found while the sensor
    was silent, by key, oldest first: they count when it speaks again. `last` is what was last told of it, None only
    inside the call that opens it.

    `active_since_ns` is since when something stands, None once all is normal. `latching` says that it latches when it
    returns. `realarm_ns` is when it is told again although acknowledged. `settle_ns` is when a return that is held for
    chattering will be told; `ended` is the condition that ended then, as it held, and `back` the finding that ended it.
    `hidden` counts activations that were held so. `waits` is its place among those that return from a hold that has
    timed out: the gravest first, then the oldest.
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
    confirmed: Confirmed | None = None
    assigned: Assigned | None = None
    last: AlertEvent | None = None
    active_since_ns: int | None = None
    latching: bool = False
    realarm_ns: int | None = None
    settle_ns: int | None = None
    ended: Condition | None = None
    back: Condition | None = None
    hidden: int = 0
    waits: tuple[int, int, str] | None = None

    @property
    def key(self) -> "Key":
        """What the book knows it by: at most one alert is open of a key."""
        return self.subject, SLOTS[self.kind]

    @property
    def active(self) -> bool:
        """Whether something stands; while it chatters also in between."""
        return self.active_since_ns is not None

    @property
    def held(self) -> bool:
        """Whether it is shelved, suppressed or out of service."""
        return self.state in HELD_STATES


Key = tuple[str, str]
"""Subject and slot (`alerting.events.slot_of`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertView:
    """An open alert as it stands; `event` is the newest thing told of it.

    `reasons` and `blind` are as in the `why` of its lines, but of now: conditions come and go without being told.
    `latched` says that it has returned to normal and waits for a reset, `safety_class` that holding it back needs a second
    person.
    """

    id: str
    state: State
    grade: Grade
    kind: Kind
    opened_ns: int
    active: bool
    active_since_ns: int | None
    latched: bool
    confirmed: Confirmed | None
    assigned: Assigned | None
    safety_class: bool
    event: AlertEvent
    reasons: list[dict[str, Any]]
    blind: dict[str, Any] | None
    acknowledged_by: str | None
    acknowledged_ns: int | None
    comment: str


def view_of(alert: Alert, present: Mapping[str, Any], *, safety_class: bool) -> AlertView:
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
        active_since_ns=alert.active_since_ns,
        latched=alert.latching and not alert.active,
        confirmed=alert.confirmed,
        assigned=alert.assigned,
        safety_class=safety_class,
        event=alert.last,
        reasons=present["reasons"],
        blind=present["blind"],
        acknowledged_by=seen.by if seen else None,
        acknowledged_ns=seen.now_ns if seen else None,
        comment=seen.comment if seen else "",
    )
