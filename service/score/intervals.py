"""How sure a figure is: exact intervals of counts, intervals of shares, bootstrap intervals of medians. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincinv, ndtri

LEVEL = 0.95
_TAIL = (1.0 - LEVEL) / 2.0
SEED = 20261125
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided 95 % interval; an end may be infinite."""

    lo: float
    hi: float


def poisson(count: int) -> Interval:
    """Return the exact interval of a Poisson mean of which `count` were seen (Garwood 1936)."""
    lo = float(gammaincinv(count, _TAIL)) if count else 0.0
    return Interval(lo, float(gammaincinv(count + 1, 1.0 - _TAIL)))


def wilson(hits: int, of: int) -> Interval:
    """Return Wilson's score interval of a share (Wilson 1927); of nothing it is all of 0..1."""
    if not of:
        return Interval(0.0, 1.0)
    z2 = float(ndtri(1.0 - _TAIL)) ** 2
    middle = (hits + z2 / 2.0) / (of + z2)
    half = math.sqrt(z2) / (of + z2) * math.sqrt(hits * (of - hits) / of + z2 / 4.0)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def quantile(values: Sequence[float], part: float) -> float | None:
    """Return the least value that has at least `part` of all at or below it; None of nothing.

    It is a value that was seen, so it stays defined where some are infinite.
    """
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]


def median_interval(values: Sequence[float]) -> Interval | None:
    """Return the bootstrap percentile interval of `quantile(values, 0.5)` (Efron 1979); None of nothing.

    The seed is fixed, so that the same values in any order give the same interval.
    """
    if not values:
        return None
    ordered = np.sort(np.asarray(values, np.float64))
    draw = np.random.Generator(np.random.PCG64([SEED, len(ordered)]))
    middle = max(0, math.ceil(len(ordered) / 2) - 1)
    medians = np.sort(np.concatenate([_medians(ordered, draw, middle) for _ in range(RESAMPLES // _AT_ONCE)]))
    lo, hi = math.floor(_TAIL * RESAMPLES), math.ceil((1.0 - _TAIL) * RESAMPLES) - 1
    return Interval(float(medians[lo]), float(medians[hi]))


_AT_ONCE = 200
"""Resamples drawn together: memory stays small for tens of thousands of values."""


def _medians(ordered: NDArray[np.float64], draw: np.random.Generator, middle: int) -> NDArray[np.float64]:
    """Draw places, not values: the median's place in an ordered list is the median of the places."""
    places = draw.integers(0, len(ordered), (_AT_ONCE, len(ordered)))
    return np.asarray(ordered[np.partition(places, middle, axis=1)[:, middle]], np.float64)
