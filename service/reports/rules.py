"""How a report counts, and the limits that it holds its figures against: packaged data with their sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

import msgspec

from alerting.events import Grade
from registry.plant import Text

MINUTE_NS = 60_000_000_000
SECOND_NS = 1_000_000_000
HOUR_NS = 60 * MINUTE_NS
PERIOD_MINUTES = 10
"""The period of the standards; a minute divides it, and it divides an hour."""


class Verdict(StrEnum):
    """What a figure says against its limits."""

    ACCEPTABLE = "acceptable"
    MANAGEABLE = "manageable"
    OVERLOADED = "overloaded"

    @property
    def text(self) -> Text:
        """The verdict in words."""
        return _VERDICTS[self]


_VERDICTS: Mapping[Verdict, Text] = {
    Verdict.ACCEPTABLE: Text("很可能可接受", "very likely acceptable"),
    Verdict.MANAGEABLE: Text("勉强可管理", "manageable"),
    Verdict.OVERLOADED: Text("过载", "overloaded"),
}


class Limit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Up to where a figure is acceptable and manageable; without the second everything above is overloaded.

    `verified` is as the head of the data file says.
    """

    acceptable: float
    manageable: float | None = None
    source: str
    verified: bool

    def verdict(self, value: float) -> Verdict:
        """Return what a figure says; a limit itself still belongs to the better side."""
        if value <= self.acceptable:
            return Verdict.ACCEPTABLE
        if self.manageable is not None and value <= self.manageable:
            return Verdict.MANAGEABLE
        return Verdict.OVERLOADED


class _Number(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: int
    source: str
    verified: bool


class _Definitions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    period_min: _Number
    crowded_10min: _Number
    crowded_hour: _Number
    flood_begins_above: _Number
    flood_ends_below: _Number
    chattering_count: _Number
    chattering_s: _Number
    fleeting_s: _Number
    stale_h: _Number
    no_return_h: _Number
    rubber_stamp_s: _Number
    rubber_stamp_count: _Number
    rubber_stamp_burst_s: _Number
    base_days: _Number


class _Priorities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    blue: _Number
    yellow: _Number
    orange: _Number
    red: _Number


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    definitions: _Definitions
    priorities: _Priorities
    limits: dict[str, Limit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How things are counted, and the limits by the names of measures; docs/report.md says what each means."""

    crowded_10min: int
    crowded_hour: int
    flood_begins_above: int
    flood_ends_below: int
    chattering_count: int
    chattering_ns: int
    fleeting_ns: int
    stale_ns: int
    no_return_ns: int
    rubber_stamp_ns: int
    rubber_stamp_count: int
    rubber_stamp_burst_ns: int
    base_days: int
    priorities: Mapping[Grade, float]
    limits: Mapping[str, Limit]

    def in_time_ns(self, grade: Grade) -> int:
        """Return within what an alarm of a grade is acknowledged in time: up to where its P95 is acceptable."""
        return round(self.limits[f"acknowledge_p95_{grade.label}"].acceptable * SECOND_NS)


@cache
def packaged_rules() -> Rules:
    """Return the rules of the packaged file."""
    body = files("service.reports").joinpath("data/limits.yaml").read_bytes()
    read = msgspec.yaml.decode(body, type=_File)
    given = read.definitions
    assert given.period_min.value == PERIOD_MINUTES, "measures are named after it"
    return Rules(
        crowded_10min=given.crowded_10min.value,
        crowded_hour=given.crowded_hour.value,
        flood_begins_above=given.flood_begins_above.value,
        flood_ends_below=given.flood_ends_below.value,
        chattering_count=given.chattering_count.value,
        chattering_ns=given.chattering_s.value * SECOND_NS,
        fleeting_ns=given.fleeting_s.value * SECOND_NS,
        stale_ns=given.stale_h.value * HOUR_NS,
        no_return_ns=given.no_return_h.value * HOUR_NS,
        rubber_stamp_ns=given.rubber_stamp_s.value * SECOND_NS,
        rubber_stamp_count=given.rubber_stamp_count.value,
        rubber_stamp_burst_ns=given.rubber_stamp_burst_s.value * SECOND_NS,
        base_days=given.base_days.value,
        priorities={grade: float(getattr(read.priorities, grade.label).value) for grade in Grade},
        limits=read.limits,
    )
