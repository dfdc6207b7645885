"""A trial of comparators: thresholds set on one stretch of readings, frozen, and scored on another.

Theory of operation. What is normal is learnt from the calibration stretch outside its events. Every threshold of a
statistic's grid is run at once over the readings. Of those that give, on the calibration stretch, no more false alerts
by sensor-day than asked for, the lowest is kept; it is scored on the other stretch as it is. The other thresholds,
scored there too, are the curve.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from registry.plant import Text
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry
from service.score.comparators.alarms import Alarms, most_episodes
from service.score.comparators.bursts import Burst, Splitter
from service.score.comparators.normal import Normal, NormalFold
from service.score.comparators.statistics import Limits, LimitsAsSet, Statistic
from service.score.episodes import Episode
from service.score.matching import Rules, match
from service.score.panel import Panel, panel_of
from service.score.truth_file import Truth

Maker = Callable[[SensorRegistry, Normal], Statistic]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Readings that can be gone over again and again, and the truth of the part of them that counts."""

    readings: Callable[[], Iterable[ReadingBlock]]
    truth: Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The stretch that thresholds are set on, and the one that is scored; both may have the same readings.

    Attributes:
        sensors: the sensors that take part, as indices; None for all.
        most_rate: false alerts by sensor-day that a threshold may give.
    """

    registry: SensorRegistry
    calibration: Stretch
    scored: Stretch
    rules: Rules
    most_rate: float
    sensors: frozenset[int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """What a comparator came to.

    Attributes:
        threshold: the frozen one; None where none was quiet enough.
        set_rate: its false alerts by sensor-day on the calibration stretch.
        panel: its figures on the scored stretch; None without a threshold.
        episodes: its alarms there.
        hindsight: the lowest threshold that there, in hindsight, has been quiet enough, with its figures.
        curve: threshold and figures of all others there.
    """

    name: str
    text: Text
    threshold: float | None
    set_rate: float | None
    panel: Panel | None
    episodes: tuple[Episode, ...]
    hindsight: tuple[float, Panel] | None
    curve: tuple[tuple[float, Panel], ...]


def run(
    trial: Trial, makers: Sequence[Maker], progress: Callable[[int], None] = lambda _: None
) -> list[Rival]:
    """Run comparators through a trial; `progress` is told of readings that are done with."""
    normal = _normal(trial, progress)
    told = _alarms(trial, trial.calibration, makers, normal, progress)
    again = trial.scored.readings is trial.calibration.readings
    scored = told if again else _alarms(trial, trial.scored, makers, normal, progress)
    return [
        _rival(trial, statistic, before, after)
        for (statistic, before), (_, after) in zip(told, scored, strict=True)
    ]


def sensors_in(trial: Trial) -> int:
    """Return how many sensors take part."""
    return len(trial.registry) if trial.sensors is None else len(trial.sensors)


def _bursts(trial: Trial, stretch: Stretch, progress: Callable[[int], None]) -> Iterator[Burst]:
    splitter = Splitter(len(trial.registry))
    wanted = None if trial.sensors is None else np.isin(np.arange(len(trial.registry)), list(trial.sensors))
    for block in stretch.readings():
        for burst in splitter.bursts(block):
            if wanted is None or wanted[burst.sensor]:
                yield burst
        progress(len(block))


def _normal(trial: Trial, progress: Callable[[int], None]) -> Normal:
    fold = NormalFold([spec.id for spec in trial.registry.specs], trial.calibration.truth)
    for burst in _bursts(trial, trial.calibration, progress):
        fold.take(burst)
    return fold.normal()


def _alarms(
    trial: Trial,
    stretch: Stretch,
    makers: Sequence[Maker],
    normal: Normal,
    progress: Callable[[int], None],
) -> list[tuple[Statistic, Alarms]]:
    registry, truths = trial.registry, (trial.calibration.truth, trial.scored.truth)
    span_ns = max(truth.end_ns for truth in truths) - min(truth.start_ns for truth in truths)
    most = most_episodes(sensors_in(trial), span_ns)
    statistics = [make(registry, normal) for make in makers]
    no_delay = np.zeros(len(registry))
    alarms = [
        Alarms(s.grid, s.release, registry.on_delay_s if isinstance(s, Limits) else no_delay, most)
        for s in statistics
    ]
    for burst in _bursts(trial, stretch, progress):
        for statistic, taker in zip(statistics, alarms, strict=True):
            taker.take(burst, statistic.of(burst))
    return list(zip(statistics, alarms, strict=True))


def _rival(trial: Trial, statistic: Statistic, before: Alarms, after: Alarms) -> Rival:
    """Freeze the lowest threshold that is quiet enough; the limits as set are what they are."""
    most = np.inf if isinstance(statistic, LimitsAsSet) else trial.most_rate
    rates = [(at, _panel(trial, trial.calibration.truth, before, at).false.rate) for at in before.thresholds]
    frozen = quiet_from(rates, most)
    curve = [(at, _panel(trial, trial.scored.truth, after, at)) for at in after.thresholds]
    panels = dict(curve)
    best = quiet_from([(at, panel.false.rate) for at, panel in curve], most)
    threshold = frozen[0] if frozen else None
    return Rival(
        name=statistic.name,
        text=statistic.text,
        threshold=threshold,
        set_rate=frozen[1] if frozen else None,
        panel=None if threshold is None else panels.get(threshold),
        episodes=() if threshold not in panels else tuple(_episodes(trial, after, threshold)),
        hindsight=(best[0], panels[best[0]]) if best else None,
        curve=tuple(curve),
    )


def quiet_from(rates: Sequence[tuple[float, float]], most: float) -> tuple[float, float] | None:
    """Return the lowest threshold from which on, all the way up, no rate is above `most`; thresholds rise.

    A higher threshold may tell apart what a lower one joins, and so be the louder: one that is quiet by such luck is not
    taken.
    """
    loud = max((at for at, rate in rates if rate > most), default=-np.inf)
    return next(((at, rate) for at, rate in rates if at > loud), None)


def _episodes(trial: Trial, alarms: Alarms, threshold: float) -> list[Episode]:
    """Return the alarms of a threshold; those that stand at the end go on beyond any truth."""
    return alarms.episodes(threshold, [spec.id for spec in trial.registry.specs], _FOREVER_NS)


_FOREVER_NS = 2**62


def _panel(trial: Trial, truth: Truth, alarms: Alarms, threshold: float) -> Panel:
    found = match(truth, _episodes(trial, alarms, threshold), trial.rules)
    return panel_of(found, sensors_in(trial), trial.rules.tolerance_s)
