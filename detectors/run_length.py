"""How long control charts run between false alarms, and the limits for a wanted such run length."""

import math
from functools import lru_cache

import numpy as np

_OVERSHOOT = 1.166
"""What a sum is beyond its bound on average, for normal residuals: twice Siegmund's 0.583."""
_MOST_H = 1e3
_STATES = 101
_MOST_L = 8.0
_HALVINGS = 60


def cusum_run_length(k: float, h: float, shift: float = 0.0) -> float:
    """Return the samples until a two-sided tabular CUSUM signals, on independent normal residuals of unit variance.

    `k` is the reference value, `h` the decision interval and `shift` that of the mean, all in sigma. Siegmund's
    approximation (Siegmund, *Sequential Analysis*, 1985), within a few percent of Page's exact values for h of 3 and more.
    """
    up, down = _one_sided(shift - k, h), _one_sided(-shift - k, h)
    alarms = 1.0 / up + 1.0 / down
    return 1.0 / alarms if alarms > 0.0 else math.inf


@lru_cache
def cusum_limit(run_length: float, k: float) -> float:
    """Return the decision interval whose run length without a shift is `run_length` samples; 0 where any is longer."""
    low, high = 0.0, _MOST_H
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if cusum_run_length(k, middle) < run_length:
            low = middle
        else:
            high = middle
    return high


def ewma_run_length(weight: float, width: float, shift: float = 0.0) -> float:
    """Return the samples until an EWMA chart signals, on independent normal residuals of unit variance.

    `weight` is that of the newest residual, `width` the limit in standard deviations of the average. The average is
    taken as a Markov chain of 101 states between the limits (Brook and Evans 1972; Lucas and Saccucci 1990).
    """
    from scipy.special import ndtr  # noqa: PLC0415 - slow to import; few sensors have a chart

    half = width * math.sqrt(weight / (2.0 - weight))
    step = 2.0 * half / _STATES
    centres = -half + step * (np.arange(_STATES) + 0.5)
    edges = (-half + step * np.arange(_STATES + 1))[None, :] - (1.0 - weight) * centres[:, None]
    stay = np.diff(ndtr(edges / weight - shift), axis=1)
    lengths = np.linalg.solve(np.eye(_STATES) - stay, np.ones(_STATES))
    return float(lengths[_STATES // 2])


@lru_cache
def ewma_limit(run_length: float, weight: float) -> float:
    """Return the width, in standard deviations of the average, whose run length without a shift is `run_length`."""
    low, high = 0.5, _MOST_L
    for _ in range(_HALVINGS // 3):
        middle = (low + high) / 2.0
        if ewma_run_length(weight, middle) < run_length:
            low = middle
        else:
            high = middle
    return high


def _one_sided(drift: float, h: float) -> float:
    bound = h + _OVERSHOOT
    exponent = -2.0 * drift * bound
    if abs(exponent) < 1e-4:  # noqa: PLR2004 - where the formula divides zero by zero; its limit is here
        return bound * bound
    if exponent > 700.0:  # noqa: PLR2004 - beyond what a float holds: for ever
        return math.inf
    return (math.expm1(exponent) - exponent) / (2.0 * drift * drift)
