"""What a detector must beat: trivial ones, textbook ones, and some that are installed rather than built.

A detector gets a recording and how many of its first rows it may take as normal, and returns a score a row that
depends on nothing later than that row. With several channels the row's score is that of the worst channel, unless the
detector sees them together.
"""

import math
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.truth.recordings import Table

SEED = 20261124
Scorer = Callable[[Table, int], NDArray[np.float64]]

GAUSSIAN_WINDOW, GAUSSIAN_STEP = 6400, 100
"""Settings of NAB's own windowed Gaussian, chosen by its authors for the whole of NAB."""
EWMA_ALPHA = 0.01
REFRACTORY = 200
"""Rows; chosen by looking at NAB's half, where 100 to 400 give the same within three points."""
PCA_VARIANCE = 0.9


@dataclass(frozen=True, slots=True)
class Detector:
    """A way to score.

    Attributes:
        raises: the score from which it would raise by itself; None where it has no such place.
        needs: a module that must be installed for it; empty where there is none.
    """

    name: str
    score: Scorer
    raises: float | None = 0.5
    needs: str = ""

    @property
    def missing(self) -> bool:
        """Whether what it needs is not installed."""
        return bool(self.needs) and find_spec(self.needs) is None


def never(table: Table, _learn: int) -> NDArray[np.float64]:
    """Fire at no row."""
    return np.zeros(len(table.t_ns))


def always(table: Table, _learn: int) -> NDArray[np.float64]:
    """Fire at every row."""
    return np.ones(len(table.t_ns))


def chance(table: Table, _learn: int) -> NDArray[np.float64]:
    """Give even random scores, always the same ones for a recording's name."""
    return np.random.default_rng([SEED, zlib.crc32(table.name.encode())]).random(len(table.t_ns))


def fixed_limit(table: Table, learn: int) -> NDArray[np.float64]:
    """Give the distance from the mean of the learning rows, 0.5 at three of their standard deviations."""
    head = table.values[:learn]
    z = np.abs(table.values - np.nanmean(head, axis=0)) / _spread(np.nanstd(head, axis=0))
    score: NDArray[np.float64] = squeezed(_worst(z) / 3.0)
    score[:learn] = 0.0
    return score


def ewma_z(table: Table, learn: int) -> NDArray[np.float64]:
    """Give z against an exponentially weighted mean and variance that learn from every value (Roberts 1959)."""
    mean = np.nan_to_num(table.values[0])
    var = np.zeros_like(mean)
    score = np.zeros(len(table.t_ns))
    warm = min(learn, round(1 / EWMA_ALPHA))
    for row, value in enumerate(table.values):
        weight = max(EWMA_ALPHA, 1.0 / (row + 1.0))
        residual = np.where(np.isnan(value), 0.0, value - mean)
        if row >= warm:
            score[row] = squeezed(float(np.max(np.abs(residual) / _spread(np.sqrt(var)))) / 3.0)
        mean += weight * residual
        var = (1.0 - weight) * (var + weight * residual**2)
    return score


def windowed_gaussian(table: Table, _learn: int) -> NDArray[np.float64]:
    """Give one less the normal tail beyond a value, from the last 6400 values, taken in by hundreds (NAB's baseline)."""
    return _worst(np.stack([_gaussian(channel) for channel in table.values.T], axis=1))


GAUSSIAN_RAISES = 1.0 - 0.5 * math.erfc(3.0 / math.sqrt(2.0))
"""Three sigma, in the windowed Gaussian's own score."""


def pca(table: Table, learn: int) -> NDArray[np.float64]:
    """Give the greater of T² and Q, each by the 99 % point of the learning rows; the plane is learnt once.

    Source: Jackson and Mudholkar 1979; Kourti and MacGregor 1995. Limits are empirical rather than by F and chi².
    """
    head = np.nan_to_num(table.values[:learn])
    mean, spread = head.mean(axis=0), _spread(head.std(axis=0))
    x = (np.nan_to_num(table.values) - mean) / spread
    variance, axes = np.linalg.eigh(np.cov(x[:learn].T).reshape(x.shape[1], -1))
    variance, axes = variance[::-1], axes[:, ::-1]
    kept = 1 + int(np.searchsorted(np.cumsum(variance) / variance.sum(), PCA_VARIANCE))
    place = x @ axes[:, :kept]
    t2 = (place**2 / variance[:kept]).sum(axis=1)
    q = ((x - place @ axes[:, :kept].T) ** 2).sum(axis=1)
    excess = np.maximum(t2 / np.quantile(t2[:learn], 0.99), q / max(1e-12, np.quantile(q[:learn], 0.99)))
    score: NDArray[np.float64] = squeezed(excess)
    score[:learn] = 0.0
    return score


def half_space_trees(table: Table, _learn: int) -> NDArray[np.float64]:
    """Give river's HalfSpaceTrees with its own settings behind its own streaming scaler; all channels together."""
    from river import anomaly, preprocessing  # noqa: PLC0415 - the only part that needs river

    model: Any = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=SEED)
    score = np.zeros(len(table.t_ns))
    last = np.zeros(table.values.shape[1])
    for row, value in enumerate(table.values):
        last = np.where(np.isnan(value), last, value)
        x = dict(enumerate(last.tolist()))
        if row:
            score[row] = model.score_one(x)
        model.learn_one(x)
    return score


def random_cut_forest(table: Table, _learn: int) -> NDArray[np.float64]:
    """Give the random cut forest of rcf3 with its own settings, all channels together (Guha and others 2016)."""
    from rcf3 import Forest  # noqa: PLC0415 - the only part that needs rcf3

    forest = Forest(table.values.shape[1], seed=SEED)
    score = np.zeros(len(table.t_ns))
    last = np.zeros(table.values.shape[1])
    for row, value in enumerate(table.values):
        last = np.where(np.isnan(value), last, value)
        score[row] = forest.update_and_score(last.tolist())
    return score


def random_cut_forest_once(table: Table, learn: int) -> NDArray[np.float64]:
    """Give the same where it is the greatest of the last 200 rows: at any threshold it fires at an onset, not on and on."""
    return refractory(random_cut_forest(table, learn))


def refractory(excess: NDArray[np.float64]) -> NDArray[np.float64]:
    """Let an excess stand only where it is the greatest of the last rows: a lasting state is told at its onset."""
    out = np.zeros(len(excess))
    falling: deque[tuple[int, float]] = deque()
    for row, value in enumerate(excess.tolist()):
        while falling and falling[0][0] < row - REFRACTORY:
            falling.popleft()
        if not falling or value > falling[0][1]:
            out[row] = value
        while falling and falling[-1][1] <= value:
            falling.pop()
        falling.append((row, value))
    return out


def squeezed(excess: Any) -> Any:
    """Bring 0..infinity into 0..1, with 1 at one half; float or array."""
    return excess / (1.0 + excess)


RIVALS = (
    Detector("never", never),
    Detector("always", always),
    Detector("random", chance, None),
    Detector("fixed limit, mean ± 3 sigma", fixed_limit),
    Detector("EWMA z", ewma_z),
    Detector("windowed Gaussian", windowed_gaussian, GAUSSIAN_RAISES),
    Detector("river HalfSpaceTrees", half_space_trees, None, needs="river"),
    Detector("rcf3", random_cut_forest, None, needs="rcf3"),
    Detector("rcf3, refractory", random_cut_forest_once, None, needs="rcf3"),
)
PCA = Detector("PCA T² + Q", pca)
"""Only where there are channels to be seen together."""


def _gaussian(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Score one channel; the sums of the window are kept from a fixed shift, so that they stay exact enough."""
    x = np.nan_to_num(values)
    shifted = x - x[0]
    once, twice = (np.concatenate([[0.0], np.cumsum(shifted**k)]) for k in (1, 2))
    end = np.arange(len(x))
    # while the window fills, all values before this one; then it moves on by whole steps
    end = np.where(
        end <= GAUSSIAN_WINDOW,
        end,
        GAUSSIAN_WINDOW + (end - GAUSSIAN_WINDOW) // GAUSSIAN_STEP * GAUSSIAN_STEP,
    )
    start = np.maximum(0, end - GAUSSIAN_WINDOW)
    n = np.maximum(1, end - start)
    mean = (once[end] - once[start]) / n
    var = np.maximum(0.0, (twice[end] - twice[start]) / n - mean**2)
    sigma = np.sqrt(var)
    sigma[sigma <= 1e-9 * np.abs(mean)] = 1e-6
    z = np.abs(shifted - mean) / sigma
    score = 1.0 - 0.5 * np.array([math.erfc(v / math.sqrt(2.0)) for v in z])
    score[0] = 0.0
    return score


def _worst(by_channel: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.max(np.nan_to_num(by_channel), axis=1), np.float64)


def _spread(sigma: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sigma, or the least that a division bears where a channel does not move."""
    return np.maximum(sigma, 1e-6)
