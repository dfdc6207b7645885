"""Delay against false alarms: what a detector would be at each place where it could be made more or less sensitive. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from alerting.events import Grade
from registry.plant import Text
from service.score.episodes import Episode
from service.score.matching import Rules, match
from service.score.panel import Panel, panel_of
from service.score.truth_file import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One place: false alerts by sensor-day; median delay over all events (infinite where most were missed); shares."""

    label: str
    false_rate: float
    delay_s: float | None
    lead_s: float | None
    caught: float | None
    warned: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """The points of one detector, the most sensitive first. `by` says what was varied."""

    name: str
    text: Text
    by: str
    points: tuple[Point, ...]


def point_of(label: str, panel: Panel) -> Point:
    """Return the point of a panel."""
    group = panel.overall
    return Point(
        label=label,
        false_rate=panel.false.rate,
        delay_s=group.delay_all.median,
        lead_s=group.lead.median,
        caught=group.caught.value,
        warned=tuple(warned.all.value for warned in group.warned),
    )


def curve_of_thresholds(name: str, text: Text, panels: Iterable[tuple[float, Panel]]) -> Curve:
    """Return the curve of a statistic."""
    points = tuple(point_of(f"{threshold:.4g}", panel) for threshold, panel in panels)
    return Curve(name=name, text=text, by="threshold", points=points)


def curve_of_grades(truth: Truth, episodes: Sequence[Episode], rules: Rules, sensors: int) -> Curve:
    """Return the curve of somebody who is told only from a grade up."""
    points = []
    for grade in Grade:
        told = [cut for episode in episodes if (cut := episode.from_grade(grade)) is not None]
        panel = panel_of(match(truth, told, rules), sensors, rules.tolerance_s)
        points.append(point_of(grade.label, panel))
    return Curve(
        name="hazwatch",
        text=Text("hazwatch（按级别）", "hazwatch, by grade"),
        by="grade",
        points=tuple(points),
    )
