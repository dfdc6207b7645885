"""Everything that a score says, gathered; what is shown as table, JSON or page is made from this alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from registry.plant import Text
from service.score.beside import Row
from service.score.curve import Curve
from service.score.intervals import quantile
from service.score.load import Load
from service.score.matching import Match, Rules
from service.score.panel import Panel, Share, Spread
from service.score.times import seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A figure that is aimed at: met, missed, or None where nothing was measured."""

    name: str
    text: Text
    wanted: float
    value: float | None
    at_least: bool

    @property
    def met(self) -> bool | None:
        """Whether it is met."""
        if self.value is None:
            return None
        return self.value >= self.wanted if self.at_least else self.value <= self.wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A table of detectors on one stretch; the first row is hazwatch on the same stretch and sensors.

    Attributes:
        title: which stretch and sensors it is of.
        earned: by family and, as ``all``, over all: how much earlier than fixed limits as set hazwatch told of events.
        earned_equal: the same over fixed limits moved to the same false rate.
    """

    title: Text
    rows: tuple[Row, ...]
    earned: Mapping[str, Spread]
    earned_equal: Mapping[str, Spread]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A whole score. `notes` are what a reader must know of how it was made."""

    match: Match
    rules: Rules
    panel: Panel
    load: Load
    operators: int
    targets: tuple[Target, ...]
    beside: tuple[Beside, ...]
    curves: tuple[Curve, ...]
    notes: tuple[Text, ...]


SLOW_S = 600.0
"""A family is slow where its first limit comes, at the median, at least this long after the onset."""


def targets_of(panel: Panel, slow_lead: Spread) -> tuple[Target, ...]:
    """Return the four targets with what was reached; `slow_lead` is of the slow families."""
    warned: Share = panel.overall.warned[0].all
    return (
        Target(
            name="warned_before_limit",
            text=Text("到限前已预警的事件占比", "events warned of before their limit"),
            wanted=0.95,
            value=warned.value,
            at_least=True,
        ),
        Target(
            name="median_lead_slow_s",
            text=Text("慢过程族的提前量中位数，秒", "median lead of slow families, s"),
            wanted=300.0,
            value=slow_lead.median,
            at_least=True,
        ),
        Target(
            name="false_per_sensor_day",
            text=Text("每测点每天误报次数（含似故障）", "false alerts by sensor-day, look-alikes included"),
            wanted=0.01,
            value=panel.false.rate,
            at_least=False,
        ),
        Target(
            name="grade_right",
            text=Text("级别正确占比", "events with the right grade"),
            wanted=0.90,
            value=panel.overall.graded.value,
            at_least=True,
        ),
    )


def slow_leads(found: Match) -> list[float]:
    """Return the leads of all events of slow families that reached a limit."""
    rooms: dict[str, list[float]] = {}
    leads: dict[str, list[float]] = {}
    for outcome in found.faults:
        limit_ns, lead = outcome.event.first_limit_ns, outcome.lead_s
        if limit_ns is not None and lead is not None:
            rooms.setdefault(outcome.event.kind, []).append(seconds(limit_ns - outcome.event.onset_ns))
            leads.setdefault(outcome.event.kind, []).append(lead)
    slow = [family for family, room in rooms.items() if (quantile(room, 0.5) or 0.0) >= SLOW_S]
    return [lead for family in slow for lead in leads[family]]
