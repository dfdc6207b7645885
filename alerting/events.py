"""Alert events: the lines that other programs are written against."""

from enum import IntEnum, StrEnum
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
        return self.name.lower()


class State(StrEnum):
    """Where an alert is in its lifecycle (ISA-18.2 states; `CLOSED` is the end of an occurrence)."""

    UNACK = "unack"
    ACKED = "acked"
    RTNUN = "rtnun"
    CLOSED = "closed"


class Event(StrEnum):
    """What happened to an alert."""

    OPENED = "opened"
    ESCALATED = "escalated"
    DEESCALATED = "deescalated"
    ACKNOWLEDGED = "acknowledged"
    CLEARED = "cleared"
    REOPENED = "reopened"
    CLOSED = "closed"


class Kind(StrEnum):
    """What an alert is about; a sensor has at most one open alert of a kind."""

    HIGH = "high"
    LOW = "low"
    RATE = "rate"
    ANOMALY = "anomaly"
    OUT_OF_RANGE = "out_of_range"
    DEAD = "dead"
    DRIFT = "drift"
    SYSTEM = "system"


class AlertEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the alert stream; keys in the order of the contract, None where there is none.

    `time` and `onset` are RFC 3339 UTC with milliseconds. `seq` counts the events of this pipeline from 1. `why` is
    complete and bilingual: ``seen``, ``grade``, ``told`` and ``advice``; see docs/alerts.md.
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
