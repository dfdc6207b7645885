"""What an alert's events and readings say beyond its newest line: checklist, likeness, what was usual. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from alerting.advice import measures_of
from alerting.events import AlertEvent, Event, State
from console.backend import AlertRow
from registry.plant import Text
from store.series import Series

ROBUST = 1.4826
"""Times the median absolute deviation: the standard deviation of what is normally distributed (Hampel 1974)."""
USUAL_SIGMAS = 3.0
USUAL_LEAST_POINTS = 20
USUAL_LEAST_NS = 600 * 10**9
"""Less than this is not what is usual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A measure of the checklist; by whom and when it was carried out or taken back last, None where nobody has said so."""

    text: Text
    done: bool = False
    by: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsualBefore:
    """Median of what was read from `start_ns` until `end_ns`, and the band that holds the usual readings of it."""

    start_ns: int
    end_ns: int
    median: float
    low: float
    high: float


def checklist(events: Sequence[AlertEvent]) -> list[Step]:
    """Return the measures of the newest advice, then those that were carried out when the advice was another one."""
    if not events:
        return []
    steps = {step: Step(text=step) for step in _measures(events[-1])}
    for event in events:
        person = event.why.get("person") or {}
        said = person.get("check")
        if event.event != Event.COMMENTED or said is None:
            continue
        text = Text(said["step"]["zh"], said["step"]["en"])
        steps[text] = Step(text=text, done=said["done"], by=person["by"], time=person["time"])
    return list(steps.values())


def _measures(event: AlertEvent) -> tuple[Text, ...]:
    advice = event.why.get("advice")
    return measures_of(Text(advice["zh"], advice["en"])) if isinstance(advice, dict) else ()


def row_of(events: Sequence[AlertEvent]) -> AlertRow:
    """Return how a closed alert stands, by its events, of which there is at least one."""
    seen = next((e.why.get("acknowledged") for e in reversed(events) if e.event == Event.ACKNOWLEDGED), None)
    return AlertRow(
        event=events[-1],
        opened=events[0].time,
        acknowledged_by=seen["by"] if seen else None,
        acknowledged_at=seen["time"] if seen else None,
    )


def likeness(events: Sequence[AlertEvent], sensor: str | None) -> dict[str, Any]:
    """Return an earlier alert in short, ready for JSON: when, how grave at the most, and what its confirmation says."""
    first, last = events[0], events[-1]
    closed = next((e.time for e in events if e.state == State.CLOSED), None)
    ranks = ("blue", "yellow", "orange", "red")
    return {
        "id": first.id,
        "sensor": first.sensor,
        "same_sensor": first.sensor == sensor,
        "opened": first.time,
        "closed": closed,
        "grade": max((event.grade for event in events), key=ranks.index),
        "title": first.title,
        "confirmed": last.why.get("confirmed"),
    }


def entry(event: AlertEvent) -> dict[str, Any]:
    """Return a line of the timeline, ready for JSON: the event without what only its own moment needs."""
    line = msgspec.structs.asdict(event)
    kept = ("person", "confirmed", "because", "incident", "told", "acknowledged")
    line["why"] = {name: event.why[name] for name in kept if event.why.get(name)}
    return {name: line[name] for name in _ENTRY}


_ENTRY = (
    "seq", "time", "event", "state", "grade", "kind", "value", "unit", "limit", "limit_name", "forecast_s", "title", "why",
)  # fmt: skip


def usual_before(series: Series, start_ns: int, end_ns: int) -> UsualBefore | None:
    """Return the band of three robust standard deviations around the median, None where too little was read."""
    values = series.mean[np.isfinite(series.mean)]
    if len(values) < USUAL_LEAST_POINTS or series.t_ns[-1] - series.t_ns[0] < USUAL_LEAST_NS:
        return None
    median = float(np.median(values))
    # within a bucket of merged readings the spread is that of its extremes
    off = np.maximum(np.abs(series.high - median), np.abs(series.low - median))
    sigma = ROBUST * float(np.median(off[np.isfinite(off)]))
    return UsualBefore(
        start_ns=start_ns,
        end_ns=end_ns,
        median=median,
        low=median - USUAL_SIGMAS * sigma,
        high=median + USUAL_SIGMAS * sigma,
    )
