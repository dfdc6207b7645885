"""What a sensor reads in normal operation: mean and standard deviation of its readings outside the faults of the truth."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.score.comparators.bursts import Burst
from service.score.matching import TOLERANCE_S
from service.score.times import NS
from service.score.truth_file import Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """By sensor; NaN where a sensor had too few readings, and no deviation where it never moves."""

    mean: NDArray[np.float64]
    sigma: NDArray[np.float64]


class NormalFold:
    """Learns what is normal from bursts in a truth's range, without the readings of sensors that an event names while it lasts.

    Variances are summed by parts (Chan, Golub and LeVeque 1983), so that a large level with small noise keeps its digits.
    """

    def __init__(self, ids: list[str], truth: Truth) -> None:
        self._truth = truth
        self._count, self._mean, self._m2 = (np.zeros(len(ids)) for _ in range(3))
        spells: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for event in (*truth.events, *truth.others):
            for sensor in event.sensors:
                spells[sensor].append((event.onset_ns, event.end_ns + round(TOLERANCE_S * NS)))
        self._spells = [np.array(sorted(spells[id_]), np.int64).reshape(-1, 2) for id_ in ids]

    def take(self, burst: Burst) -> None:
        """Take the next burst."""
        value = burst.value[self._is_normal(burst)]
        if not len(value):
            return
        i, n, mean = burst.sensor, float(len(value)), float(value.mean())
        total = self._count[i] + n
        shift = mean - self._mean[i]
        self._m2[i] += float(((value - mean) ** 2).sum()) + shift**2 * self._count[i] * n / total
        self._mean[i] += shift * n / total
        self._count[i] = total

    def normal(self) -> Normal:
        """Return what was learnt."""
        enough = self._count >= _LEAST
        with np.errstate(invalid="ignore", divide="ignore"):
            sigma = np.sqrt(self._m2 / self._count)
        return Normal(mean=np.where(enough, self._mean, np.nan), sigma=np.where(enough, sigma, np.nan))

    def _is_normal(self, burst: Burst) -> NDArray[np.bool_]:
        inside = (burst.t_ns >= self._truth.start_ns) & (burst.t_ns < self._truth.end_ns)
        for onset_ns, until_ns in self._spells[burst.sensor]:
            if onset_ns <= burst.t_ns[-1] and until_ns >= burst.t_ns[0]:
                inside &= (burst.t_ns < onset_ns) | (burst.t_ns > until_ns)
        return np.asarray(inside)


_LEAST = 100
"""Readings below which nothing is known of a sensor."""
