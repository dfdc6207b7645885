"""Episodes of a statistic beyond a level, cut out of its readings as the method itself would begin and end them.

Declustering by the method's own rules: an episode at level u is what the method would raise if u were its threshold, so
neighbouring excesses of one disturbance are one episode, and episodes are what an operator would count.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DAY_S = 86_400.0
_DAY_NS = DAY_S * 1e9
_GAP = 10.0
"""A pause of so many usual intervals is not time in which the sensor was watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a method begins and ends a finding.

    Attributes:
        samples: consecutive good readings beyond the threshold before it is a finding.
        off_ns: how long it must be back before the finding recovers.
        back: it is back below this share of the threshold.
    """

    samples: int
    off_ns: int
    back: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A method's statistic on one sensor, in time order.

    Attributes:
        t_ns: event times.
        value: the statistic, never negative.
        begins: True where a stretch begins: what lies before was cut out, so no episode reaches across.
    """

    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    begins: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.t_ns)

    def half(self, rows: slice) -> "Track":
        """Return some of the readings; the first begins a stretch."""
        begins = self.begins[rows].copy()
        begins[:1] = True
        return Track(t_ns=self.t_ns[rows], value=self.value[rows], begins=begins)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episodes:
    """Episodes at one level, in time order: when each was raised, and the level at which it would no more have been."""

    level: float
    start: NDArray[np.intp]
    peak: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.start)


def sustained(track: Track, samples: int) -> NDArray[np.float64]:
    """Return for each reading the level that it and the `samples` - 1 before it all reach; -inf where there are too few."""
    least = track.value.copy()
    since = np.arange(len(track)) - np.maximum.accumulate(np.where(track.begins, np.arange(len(track)), 0))
    for back in range(1, min(samples, len(track))):
        least[back:] = np.minimum(least[back:], track.value[:-back])
    least[since < samples - 1] = -np.inf
    return least


def episodes(
    track: Track, level: float, rules: Rules, reached: NDArray[np.float64] | None = None
) -> Episodes:
    """Return the episodes at a level; `reached` is `sustained` where the caller has it already.

    Two excesses are two episodes where `off_ns` lies between them and the statistic was back, below `back` of the level,
    in between; the method itself asks that it be back for all of that time, which at a level that noise reaches every
    minute would make one episode of a whole day.
    """
    if reached is None:
        reached = sustained(track, rules.samples)
    beyond = np.flatnonzero(reached >= level)
    if not len(beyond):
        return Episodes(level=level, start=beyond, peak=np.empty(0))
    back = np.cumsum(track.value < rules.back * level)[beyond]
    stretch = np.cumsum(track.begins)[beyond]
    apart = (np.diff(track.t_ns[beyond]) > rules.off_ns) & (np.diff(back) > 0) | (np.diff(stretch) > 0)
    first = np.concatenate([[0], np.flatnonzero(apart) + 1])
    return Episodes(level=level, start=beyond[first], peak=np.maximum.reduceat(reached[beyond], first))


def watched_days(track: Track) -> float:
    """Return for how many days the sensor was watched: its intervals, without pauses and what was cut out."""
    if len(track) < 2:  # noqa: PLR2004 - an interval has two ends
        return 0.0
    step = np.diff(track.t_ns)[~track.begins[1:]]
    if not len(step):
        return 0.0
    return float(step[step <= _GAP * max(1.0, float(np.median(step)))].sum() / _DAY_NS)
