"""What stands beside the panel: detectors that know nothing, and how many minutes one detector earns over another. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from alerting.events import Family, Kind
from registry.plant import Text
from service.score.episodes import ALWAYS_NS, Episode
from service.score.matching import EventOutcome, Match, Rules, match
from service.score.panel import Panel, Spread, panel_of
from service.score.truth_file import Truth

SHIFTS = 19
"""Turns of the alerts about the range that luck is judged by."""


def always(truth: Truth, sensors: Iterable[str]) -> list[Episode]:
    """Return the alerts of a detector that has alarmed on every sensor since before anything began."""
    return [
        Episode(sensor=sensor, source=None, kind=Kind.ANOMALY, opened_ns=ALWAYS_NS, ended_ns=truth.end_ns)
        for sensor in sorted(sensors)
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One detector as the table beside shows it; shares are 0..1, infinite seconds stand for never.

    `earned_s` says how much earlier than fixed limits as set it told of the events that reach a limit.
    """

    name: str
    text: Text
    caught: float | None
    warned: tuple[float | None, ...]
    lead_s: float | None
    delay_s: float | None
    false_rate: float
    stood_share: float
    earned: Spread | None = None
    threshold: float | None = None
    set_rate: float | None = None
    note: Text | None = None


def row_of(name: str, text: Text, panel: Panel) -> Row:
    """Return the row of a panel."""
    group, false = panel.overall, panel.false
    return Row(
        name=name,
        text=text,
        caught=group.caught.value,
        warned=tuple(warned.all.value for warned in group.warned),
        lead_s=group.lead.median,
        delay_s=group.delay_all.median,
        false_rate=false.rate,
        stood_share=false.stood_share,
    )


def by_luck(truth: Truth, episodes: Sequence[Episode], rules: Rules, sensors: int) -> Row:
    """Return what the same alerts would be worth had they come at other times: the mean over turns about the range.

    Turned, an alert keeps its sensor and its length and knows nothing of the events. What stands at the end of the range
    does not go on at its start.
    """
    span_ns = truth.end_ns - truth.start_ns
    own = [
        e for e in episodes if e.family is not Family.SYSTEM and truth.start_ns <= e.opened_ns < truth.end_ns
    ]
    panels = []
    for k in range(1, SHIFTS + 1):
        turned = [_turned(e, truth, span_ns * k // (SHIFTS + 1)) for e in own]
        panels.append(panel_of(match(truth, turned, rules), sensors, rules.tolerance_s))
    rows = [row_of("luck", _LUCK, panel) for panel in panels]
    return replace(
        rows[0],
        caught=_mean(row.caught for row in rows),
        warned=tuple(_mean(row.warned[k] for row in rows) for k in range(len(rows[0].warned))),
        lead_s=None,
        delay_s=None,
        false_rate=sum(row.false_rate for row in rows) / len(rows),
        stood_share=sum(row.stood_share for row in rows) / len(rows),
    )


_LUCK = Text("同样的报警，别的时刻", "same alerts, other times")


def _turned(episode: Episode, truth: Truth, by_ns: int) -> Episode:
    span_ns = truth.end_ns - truth.start_ns
    opened_ns = truth.start_ns + (episode.opened_ns - truth.start_ns + by_ns) % span_ns
    ended_ns = min(truth.end_ns, opened_ns + episode.ended_ns - episode.opened_ns)
    return replace(episode, opened_ns=opened_ns, ended_ns=ended_ns, told=())


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def earned(found: Match, over: Match) -> Mapping[str, Spread]:
    """Return by family, and as ``all``, how many seconds earlier `found` told of each event that reached a limit than `over`.

    Who alone told of an event earned infinitely much; an event that neither told of counts as nothing earned.
    """
    others = {outcome.event.id: outcome for outcome in over.faults}
    by_family: dict[str, list[float]] = {"all": []}
    for outcome in found.faults:
        if outcome.event.first_limit_ns is None or outcome.event.id not in others:
            continue
        gain = _gain_s(outcome, others[outcome.event.id])
        by_family["all"].append(gain)
        by_family.setdefault(outcome.event.kind, []).append(gain)
    return {family: Spread.of(gains) for family, gains in by_family.items()}


def _gain_s(outcome: EventOutcome, other: EventOutcome) -> float:
    if math.isinf(outcome.delay_s) and math.isinf(other.delay_s):
        return 0.0
    return other.delay_s - outcome.delay_s
