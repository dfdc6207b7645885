"""Small changes to the score, tried from outside before any of them is built: ``bench/quality.py --trials``.

Each is one step; the constants were chosen by looking at NAB's half, so what a step gives there is its upper end.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bench.truth.recordings import Table
from bench.truth.rivals import Detector, refractory, squeezed

Grid = NDArray[np.float64]

ALPHA = 0.01
"""Weight of a value in the baseline: what the packaged `z_warm_samples` of 100 comes to at slow scans."""
WARM = 100
CLIP = 3.0
LEAST = 0.5
"""Share of the spread of everything so far that is believed at least."""
FORGET = 0.999
THRESHOLD = 8.0
_DAY_NS = 86_400_000_000_000
_BINS = 48
_OFTEN = 3


def clipped_z(values: Grid, least: float) -> Grid:
    """Return |z| by channel as the bank's baseline gives it, with a floor under the spread; 0 while it warms up."""
    x = np.nan_to_num(values)
    out = np.zeros_like(x)
    mean, var, all_mean, all_var = x[0].copy(), np.zeros(x.shape[1]), x[0].copy(), np.zeros(x.shape[1])
    for row in range(1, len(x)):
        weight, even = max(ALPHA, 1.0 / (row + 1.0)), 1.0 / (row + 1.0)
        sigma = np.maximum(np.sqrt(np.maximum(var, least**2 * all_var)), 1e-9 * np.abs(mean) + 1e-12)
        residual, from_all = x[row] - mean, x[row] - all_mean
        if row >= WARM:
            out[row] = np.abs(residual) / sigma
            residual = np.clip(residual, -CLIP * sigma, CLIP * sigma)
        mean += weight * residual
        var = (1.0 - weight) * (var + weight * residual**2)
        all_mean += even * from_all
        all_var = (1.0 - even) * (all_var + even * from_all**2)
    return out


def own_record(excess: Grid) -> Grid:
    """Return each channel's excess as a multiple of its own greatest so far, which fades by the row."""
    out = np.zeros_like(excess)
    record = np.zeros(excess.shape[1])
    for row, value in enumerate(excess):
        if row >= WARM:
            out[row] = np.divide(value, record, out=np.zeros_like(value), where=record > 0)
        record = np.maximum(record * FORGET, value)
    return out


def by_time_of_day(table: Table) -> Grid:
    """Return the values less what the same half hour of the day had before, less the mean until it is known."""
    x = np.nan_to_num(table.values)
    mean, seen = np.zeros((_BINS, x.shape[1])), np.zeros(_BINS)
    rest, everything = np.zeros_like(x), x[0].copy()
    for row, bin_ in enumerate((table.t_ns % _DAY_NS * _BINS // _DAY_NS).tolist()):
        rest[row] = x[row] - (mean[bin_] if seen[bin_] >= _OFTEN else everything)
        seen[bin_] += 1
        mean[bin_] += max(0.2, 1.0 / seen[bin_]) * (x[row] - mean[bin_])
        everything += max(0.001, 1.0 / (row + 2.0)) * (x[row] - everything)
    return rest


def _changes(table: Table) -> Grid:
    x = np.nan_to_num(table.values)
    return np.diff(x, axis=0, prepend=x[:1])


def _floor(table: Table) -> Grid:
    return clipped_z(table.values, LEAST)


def _three(table: Table) -> Grid:
    views = (
        clipped_z(table.values, 0.0),
        clipped_z(_changes(table), LEAST),
        clipped_z(by_time_of_day(table), LEAST),
    )
    greatest: Grid = np.maximum.reduce([own_record(view) for view in views])
    return greatest


def _detector(name: str, excess: Callable[[Table], Grid], *, once: bool, at: float) -> Detector:
    def score(table: Table, _learn: int) -> Grid:
        worst = excess(table).max(axis=1) / at
        return np.asarray(squeezed(refractory(worst) if once else worst), np.float64)

    return Detector(f"trial: {name}", score)


TRIALS = (
    _detector("the bank's z, from outside", lambda t: clipped_z(t.values, 0.0), once=False, at=THRESHOLD),
    _detector("z, refractory", lambda t: clipped_z(t.values, 0.0), once=True, at=THRESHOLD),
    _detector("z, spread floor", _floor, once=False, at=THRESHOLD),
    _detector("z, spread floor, refractory", _floor, once=True, at=THRESHOLD),
    _detector("z by its own record", lambda t: own_record(clipped_z(t.values, 0.0)), once=False, at=1.25),
    _detector("z, change, time of day by own records", _three, once=False, at=1.25),
)
