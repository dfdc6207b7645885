"""What each comparator makes of a reading: one number, larger the further it is from normal, kept by sensor.

Each is the textbook's own. None knows of hazwatch's; none looks at a later reading.
"""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d
from scipy.signal import lfilter

from registry.plant import Text
from registry.sensors import LIMIT_NAMES, SensorRegistry
from service.score.comparators.bursts import Burst
from service.score.comparators.normal import Normal

EWMA_WEIGHT = 0.1
"""Weight of a new value (Montgomery, Introduction to Statistical Quality Control: 0.05 to 0.25)."""
CUSUM_SLACK = 0.5
"""Sigma that are let pass each time: half of the shift of one sigma that is looked for (Montgomery)."""
_LEAST_SIGMA = 1e-9
_DESIGN = LIMIT_NAMES.index("design")


class Statistic(Protocol):
    """A comparator's statistic.

    Attributes:
        name: its key in JSON and on the command line.
        text: what people read.
        grid: the thresholds that are tried, rising.
        release: of each sensor, the share of a threshold below which an alarm ends.
    """

    name: str
    text: Text
    grid: NDArray[np.float64]
    release: NDArray[np.float64]

    def of(self, burst: Burst) -> NDArray[np.float64]:
        """Return the statistic of each reading; NaN where there is none."""


class Limits:
    """How far from its normal mean towards its first limit a reading is: 1 at the limit as set.

    A threshold below 1 is a limit moved inward by that share. A side whose limit is not beyond the mean is left out.
    """

    name = "limits"
    text = Text("固定限值，移动", "fixed limits moved")

    def __init__(self, registry: SensorRegistry, normal: Normal) -> None:
        ll, l_, h, hh = (registry.limits[:, k] for k in range(_DESIGN))
        low, high = np.where(np.isnan(l_), ll, l_), np.where(np.isnan(h), hh, h)
        mean = np.where(np.isnan(normal.mean), _anywhere_inside(low, high, registry.deadband), normal.mean)
        self._mean = mean
        self._up = np.where(high > mean, high - mean, np.nan)
        self._down = np.where(low < mean, mean - low, np.nan)
        self.grid = np.unique(np.append(np.linspace(0.05, 2.0, 79), 1.0))
        share = registry.deadband / np.fmin(self._up, self._down)
        self.release = np.clip(1.0 - np.nan_to_num(share), 0.0, 1.0)

    def of(self, burst: Burst) -> NDArray[np.float64]:
        """Return the larger of the shares towards both sides."""
        off = burst.value - self._mean[burst.sensor]
        return np.asarray(np.fmax(off / self._up[burst.sensor], -off / self._down[burst.sensor]))


class LimitsAsSet(Limits):
    """The same, only at the limits that the points table has."""

    name = "limits_as_set"
    text = Text("固定限值，原值", "fixed limits as set")

    def __init__(self, registry: SensorRegistry, normal: Normal) -> None:
        nothing = np.full(len(normal.mean), np.nan)
        super().__init__(registry, Normal(mean=nothing, sigma=nothing))
        self.grid = np.array([1.0])


def _anywhere_inside(
    low: NDArray[np.float64], high: NDArray[np.float64], deadband: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a value within the limits, from which 1 is the limit as set: the middle, or beside the only one."""
    beside = 1.0 + 2.0 * deadband
    middle = (low + high) / 2.0
    only = np.where(np.isnan(low), high - beside, low + beside)
    return np.where(np.isnan(middle), only, middle)


class Ewma:
    """Distance of an exponentially weighted mean from the normal mean, in its own sigma (Roberts 1959)."""

    name = "ewma"
    text = Text.same("EWMA")

    def __init__(self, registry: SensorRegistry, normal: Normal) -> None:
        del registry
        self._mean, self._sigma = normal.mean, np.maximum(normal.sigma, _LEAST_SIGMA)
        self._state = np.zeros(len(self._mean))
        self.grid = np.geomspace(1.0, 300.0, 60)
        self.release = np.full(len(self._mean), 0.9)

    def of(self, burst: Burst) -> NDArray[np.float64]:
        """Return the distance; the weighted mean starts at the normal one."""
        i = burst.sensor
        z = (burst.value - self._mean[i]) / self._sigma[i]
        if np.isnan(self._mean[i]):
            return np.full(len(z), np.nan)
        smooth, _ = lfilter(
            [EWMA_WEIGHT], [1.0, EWMA_WEIGHT - 1.0], z, zi=[(1.0 - EWMA_WEIGHT) * self._state[i]]
        )
        self._state[i] = smooth[-1]
        return np.asarray(np.abs(smooth) / np.sqrt(EWMA_WEIGHT / (2.0 - EWMA_WEIGHT)))


class Cusum:
    """The larger of both one-sided cumulated sums beyond the slack, in sigma (Page 1954), over the last readings only.

    Without an end to the past the sum of one long fault takes days to run down and hides the next; the window is Lai's
    (1995, Sequential changepoint detection in quality control and dynamical systems).
    """

    name = "cusum"
    text = Text.same("CUSUM")
    window = 1000
    """Readings, an even number."""

    def __init__(self, registry: SensorRegistry, normal: Normal) -> None:
        del registry
        self._mean, self._sigma = normal.mean, np.maximum(normal.sigma, _LEAST_SIGMA)
        self._last = [np.empty(0) for _ in self._mean]
        self.grid = np.geomspace(4.0, 1e6, 60)
        self.release = np.full(len(self._mean), 0.9)

    def of(self, burst: Burst) -> NDArray[np.float64]:
        """Return the sum: what was cumulated less the least that it was within the window."""
        i = burst.sensor
        z = np.concatenate([self._last[i], (burst.value - self._mean[i]) / self._sigma[i]])
        if np.isnan(self._mean[i]):
            return np.full(len(burst.value), np.nan)
        self._last[i] = z[-self.window :]
        steps = np.stack([z, -z]) - CUSUM_SLACK
        sides = np.concatenate([np.zeros((2, 1)), np.cumsum(steps, axis=1)], axis=1)
        least = minimum_filter1d(sides, self.window + 1, axis=1, mode="nearest", origin=self.window // 2)
        return np.asarray((sides - least).max(axis=0)[-len(burst.value) :])
