"""Alert events: the lines that other programs are written against."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any

import msgspec


class Grade(IntEnum):
    """An alert's priority; a larger number is graver."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4

    @property
    def label(self) -> str:
        """The name in an alert line."""
        return _LABELS[self]


_LABELS = {grade: grade.name.lower() for grade in Grade}
GRADE_OF: Mapping[str, Grade] = MappingProxyType({label: grade for grade, label in _LABELS.items()})
"""A grade by its name in an alert line."""


class State(StrEnum):
    """Where an alert is in its lifecycle.

    The states of ISA-18.2 (IEC 62682); its normal state is that there is no occurrence, `CLOSED` is the end of one.
    """

    UNACK = "unack"
    ACKED = "acked"
    RTNUN = "rtnun"
    LUNAK = "lunak"
    LACKD = "lackd"
    SHELVED = "shelved"
    SUPPRESSED = "suppressed"
    OUT_OF_SERVICE = "out_of_service"
    CLOSED = "closed"


UNACKNOWLEDGED_STATES = frozenset({State.UNACK, State.RTNUN, State.LUNAK})
"""States in which no acknowledgement holds."""
HELD_STATES = frozenset({State.SHELVED, State.SUPPRESSED, State.OUT_OF_SERVICE})
"""States in which an alert is evaluated and recorded, and nobody is told of it."""


class Event(StrEnum):
    """What happened to an alert."""

    OPENED = "opened"
    ESCALATED = "escalated"
    DEESCALATED = "deescalated"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    REOPENED = "reopened"
    CONFIRMED = "confirmed"
    RESET = "reset"
    COMMENTED = "commented"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SUPPRESSED = "suppressed"
    UNSUPPRESSED = "unsuppressed"
    OUT_OF_SERVICE = "out_of_service"
    IN_SERVICE = "in_service"
    CLOSED = "closed"


ACTIVATIONS = frozenset({Event.OPENED, Event.REOPENED})
"""What counts as one alarm in statistics (EEMUA 191, ISA-18.2): its beginning, and its coming back."""


class Family(StrEnum):
    """What kinds have in common: the process, the sensor's own health, or hazwatch itself; they are never mixed up."""

    PROCESS = "process"
    HEALTH = "health"
    SYSTEM = "system"


class Kind(StrEnum):
    """What an alert is about: that of the gravest condition that stands (see `slot_of`)."""

    HIGH = "high"
    LOW = "low"
    RATE = "rate"
    ANOMALY = "anomaly"
    OUT_OF_RANGE = "out_of_range"
    DEAD = "dead"
    STUCK = "stuck"
    NOISE = "noise"
    SATURATION = "saturation"
    CLOCK = "clock"
    BAD_QUALITY = "bad_quality"
    DRIFT = "drift"
    SYSTEM = "system"

    @property
    def family(self) -> Family:
        """The family of this kind."""
        return _FAMILIES[self]


_FAMILIES = {
    kind: Family.PROCESS
    if kind in {Kind.HIGH, Kind.LOW, Kind.RATE, Kind.ANOMALY}
    else Family.SYSTEM
    if kind is Kind.SYSTEM
    else Family.HEALTH
    for kind in Kind
}
SLOTS: Mapping[Kind, str] = MappingProxyType(
    {kind: Family.PROCESS if of is Family.PROCESS else kind for kind, of in _FAMILIES.items()}
)
"""See `slot_of`."""


def slot_of(kind: Kind) -> str:
    """Return the name of the place that an alert has at its sensor, of which each holds one open alert.

    All that is wrong with the process at one sensor is one alert, whose kind may change: its slot is ``process``.
    Every trouble of the sensor itself is an alert of its own: the slot has the kind's name.
    """
    return SLOTS[kind]


class AlertEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One line of the alert stream; keys in the order of the contract, None where there is none.

    `time` and `onset` are RFC 3339 UTC with milliseconds. `seq` counts the events of this pipeline from 1. `why` is
    complete and bilingual: ``seen``, ``reasons``, ``grade``, ``told`` and ``advice``; see docs/alerts.md. It belongs to the event
    alone: the stages of the desk put into it what they find, and nobody changes it once the desk has told of it.
    """

    id: str
    seq: int
    time: str
    event: str
    state: str
    grade: str
    kind: str
    sensor: str | None
    enterprise: str | None
    source: str | None
    equipment: str | None
    area: str | None
    value: float | None
    unit: str | None
    limit: float | None
    limit_name: str | None
    forecast_s: float | None
    onset: str | None
    score: float | None
    title: dict[str, str]
    why: dict[str, Any]

    def line(self) -> bytes:
        """Return the event as one line of NDJSON, without the line's end."""
        return msgspec.json.encode(self)


PLACELESS = AlertEvent(
    id="",
    seq=0,
    time="",
    event=Event.COMMENTED,
    state=State.CLOSED,
    grade=Grade.BLUE.label,
    kind=Kind.SYSTEM,
    sensor=None,
    enterprise=None,
    source=None,
    equipment=None,
    area=None,
    value=None,
    unit=None,
    limit=None,
    limit_name=None,
    forecast_s=None,
    onset=None,
    score=None,
    title={},
    why={},
)
"""What every event has that is of no sensor and has no figures; whoever makes one gives the rest, `why` always."""
