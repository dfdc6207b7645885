"""The early-warning panel: the figures of a match, over all faults, by family, and by family and severity. Pure."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from service.score.episodes import Episode
from service.score.intervals import Interval, median_interval, poisson, quantile, wilson
from service.score.matching import AGAIN_S, EventOutcome, Match
from service.score.times import seconds

WARNED_S = (0.0, 60.0, 300.0)
"""How long before its first limit an event must be warned of: at all, a minute, five minutes."""
MISSED = "missed"
"""What stands in the confusion of grades for an event without an alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """So many of so many, with Wilson's interval."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """The share, None of nothing."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> Interval:
        """Its 95 % interval."""
        return wilson(self.hits, self.of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Seconds with their median and 90 % quantile; infinite where they are of what never came."""

    values: tuple[float, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.values)

    @property
    def median(self) -> float | None:
        """The median, None of nothing."""
        return quantile(self.values, 0.5)

    @property
    def p90(self) -> float | None:
        """What 90 % of them do not pass."""
        return quantile(self.values, 0.9)

    @property
    def interval(self) -> Interval | None:
        """The median's bootstrap interval, drawn when asked for: most spreads of a curve never are."""
        return median_interval(self.values)

    @classmethod
    def of(cls, values: Iterable[float]) -> "Spread":
        """Return the spread of values, some of which may be infinite."""
        return cls(values=tuple(values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Warned:
    """Events warned of at least `ahead_s` before their first limit.

    `all` is of every event that reached a limit, missed ones too; `possible` only of those whose limit came that long
    after their onset.
    """

    ahead_s: float
    all: Share
    possible: Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The figures of some fault events.

    Attributes:
        caught: events that an alert told of; `by_source` of them at first by another sensor of the source.
        stood: missed events at one of whose sensors an alert stood already.
        rose: events not told of in time where an alert that stood already escalated in time: what the rule costs.
        delay: onset to alert over the events caught; `delay_all` over all, never for those that were missed.
        lead: alert to first limit over all that reached one; minus infinity for those missed.
        changes: level changes per event caught, while it lasted, on average.
        graded: events caught whose gravest alert had the expected grade; `over` and `under` were graver, less grave.
    """

    caught: Share
    by_source: int
    stood: int
    rose: int
    delay: Spread
    delay_all: Spread
    lead: Spread
    warned: tuple[Warned, ...]
    changes: float | None
    graded: Share
    over: int
    under: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FalseFigures:
    """False alerts. `count` counts one again for each day that it stands; `rate` is by sensor-day, with its interval.

    Attributes:
        episodes: without counting again.
        sensors: how many sensors there are.
        stood_share: the share of all sensor-time over which false alerts stood; may pass 1 where a sensor has several.
        on_look_alikes: how many of `count` look-alikes caused; `elsewhere` the others.
        look_alikes: of the look-alikes of each family, those that alarmed.
        by_kind: `count` by kind of alert.
    """

    count: int
    episodes: int
    sensors: int
    sensor_days: float
    rate: float
    interval: Interval
    stood_share: float
    on_look_alikes: int
    elsewhere: int
    look_alikes: Mapping[str, Share]
    by_kind: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """All figures of one detector on one truth.

    `confusion` counts events by expected grade and by the gravest that was told, ``missed`` without an alert.
    `repeats` are returns within 60 s, over all episodes.
    """

    overall: Group
    families: Mapping[str, Group]
    severities: Mapping[tuple[str, str], Group]
    false: FalseFigures
    confusion: Mapping[tuple[str, str], int]
    repeats: int
    system: int
    outside: int


def panel_of(found: Match, sensors: int, until_tolerance_s: float) -> Panel:
    """Return the figures of a match over so many sensors; what is told after an event's end and tolerance is not looked at."""
    slack_ns = round(until_tolerance_s * 1e9)
    group = _Grouper(slack_ns)
    return Panel(
        overall=group(found.faults),
        families={key: group(part) for key, part in _by(found.faults, lambda o: o.event.kind).items()},
        severities={
            key: group(part)
            for key, part in _by(found.faults, lambda o: (o.event.kind, o.event.severity)).items()
        },
        false=_false(found, sensors),
        confusion=_confusion(found.faults),
        repeats=sum(episode.repeats for episode in _all(found)),
        system=len(found.system),
        outside=len(found.outside),
    )


_K = TypeVar("_K")


def _by(outcomes: Iterable[EventOutcome], key: Callable[[EventOutcome], _K]) -> dict[_K, list[EventOutcome]]:
    parts: dict[_K, list[EventOutcome]] = {}
    for outcome in outcomes:
        parts.setdefault(key(outcome), []).append(outcome)
    return {name: parts[name] for name in sorted(parts, key=str)}


class _Grouper:
    def __init__(self, slack_ns: int) -> None:
        self._slack_ns = slack_ns

    def __call__(self, outcomes: Sequence[EventOutcome]) -> Group:
        caught = [outcome for outcome in outcomes if outcome.caught]
        changes = [
            sum(e.changes(outcome.event.end_ns + self._slack_ns) for e in outcome.episodes)
            for outcome in caught
        ]
        graded = [
            (outcome.gravest, outcome.event.grade) for outcome in caught if outcome.event.grade is not None
        ]
        told = [(was, expected) for was, expected in graded if was is not None]
        leads = [lead for outcome in outcomes if (lead := outcome.lead_s) is not None]
        return Group(
            caught=Share(hits=len(caught), of=len(outcomes)),
            by_source=sum(outcome.by_source for outcome in caught),
            stood=sum(outcome.stood for outcome in outcomes if not outcome.caught),
            rose=sum(outcome.rose_in_time for outcome in outcomes),
            delay=Spread.of([outcome.delay_s for outcome in caught]),
            delay_all=Spread.of([outcome.delay_s for outcome in outcomes]),
            lead=Spread.of(leads),
            warned=tuple(_warned(outcomes, ahead_s) for ahead_s in WARNED_S),
            changes=sum(changes) / len(changes) if changes else None,
            graded=Share(hits=sum(was == expected for was, expected in told), of=len(told)),
            over=sum(was > expected for was, expected in told),
            under=sum(was < expected for was, expected in told),
        )


def _warned(outcomes: Sequence[EventOutcome], ahead_s: float) -> Warned:
    """Count who was warned that long ahead; a lead of nothing is no warning."""
    limited = [(outcome, lead) for outcome in outcomes if (lead := outcome.lead_s) is not None]
    warned = [outcome for outcome, lead in limited if lead >= ahead_s and lead > 0.0]
    room = [outcome for outcome, _ in limited if _room_s(outcome) >= ahead_s and _room_s(outcome) > 0.0]
    return Warned(
        ahead_s=ahead_s,
        all=Share(hits=len(warned), of=len(limited)),
        possible=Share(hits=len(warned), of=len(room)),
    )


def _room_s(outcome: EventOutcome) -> float:
    """Return how long there was from the onset to the first limit."""
    limit_ns = outcome.event.first_limit_ns
    return -math.inf if limit_ns is None else seconds(limit_ns - outcome.event.onset_ns)


def _false(found: Match, sensors: int) -> FalseFigures:
    days = sensors * seconds(found.truth.end_ns - found.truth.start_ns) / AGAIN_S
    count = sum(alert.count for alert in found.false)
    interval = poisson(count)
    on_look_alikes = sum(alert.count for alert in found.false if alert.look_alike is not None)
    by_kind: Counter[str] = Counter()
    for alert in found.false:
        by_kind[str(alert.episode.kind)] += alert.count
    return FalseFigures(
        count=count,
        episodes=len(found.false),
        sensors=sensors,
        sensor_days=days,
        rate=count / days,
        interval=Interval(interval.lo / days, interval.hi / days),
        stood_share=sum(alert.stood_s for alert in found.false) / (days * AGAIN_S),
        on_look_alikes=on_look_alikes,
        elsewhere=count - on_look_alikes,
        look_alikes={
            kind: Share(hits=sum(outcome.caught for outcome in part), of=len(part))
            for kind, part in _by(found.look_alikes, lambda o: o.event.kind).items()
        },
        by_kind=dict(sorted(by_kind.items())),
    )


def _confusion(outcomes: Iterable[EventOutcome]) -> dict[tuple[str, str], int]:
    cells: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        expected = outcome.event.grade
        told = outcome.gravest
        if expected is not None and (told is not None or not outcome.caught):
            cells[expected.label, told.label if told is not None else MISSED] += 1
    return dict(sorted(cells.items()))


def _all(found: Match) -> Iterable[Episode]:
    for outcome in found.faults:
        yield from outcome.episodes
    for alert in found.false:
        yield alert.episode
