"""The tail of a statistic beyond a high level: a generalised Pareto fit, what it promises, and how surely.

Theory of operation (peaks over threshold: Pickands 1975; Davison and Smith 1990; Coles 2001, chapter 4). Episodes
beyond a high level u come as a Poisson process of rate lambda, and how far their peaks exceed u is generalised Pareto:
S(y) = (1 + shape y / scale)^(-1/shape). So episodes beyond any higher threshold T come at the rate lambda S(T - u),
also where none of them has been seen yet. The shape is bounded: below -0.5 likelihood theory fails (Smith 1985), beyond
0.5 the variance is infinite, which no bounded transmitter has. Within the bounds it is weighted by the density that
Martins and Stedinger (2000, 2001) give it for extremes in nature, a beta of mean 0.10 and standard deviation 0.12: a
hundred peaks alone leave the shape so open that the threshold of a rate ten thousand times rarer means nothing.

The likelihood of (shape, scale) is laid out once on a grid. From it come the estimate; the 95 % profile-likelihood
interval of a threshold, which is the image of the region of parameters within chi2/2 of the maximum; and the chosen
threshold, at which the rate *averaged over what the parameters may be* is the wanted one. The plain estimate would be
too low: an error of the shape towards light tails costs more false alerts than the same error the other way saves.
"""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Floats = NDArray[np.float64]

SHAPE_LO, SHAPE_HI = -0.5, 0.5
CONFIDENCE: Final = 0.95
_DROP: Final = float(stats.chi2.ppf(CONFIDENCE, 1)) / 2.0
"""How far below its maximum the log-likelihood may lie inside the confidence region of one quantity."""
_SHAPES: Final[Floats] = np.linspace(SHAPE_LO, SHAPE_HI, 101)
_SCALES: Final[Floats] = np.exp(np.linspace(np.log(0.12), np.log(5.0), 121))
"""In units of the mean excess, which is scale / (1 - shape): wide enough for thirty excesses."""
_PRIOR: Final = (5, 8)
"""Powers of (0.5 - shape) and (0.5 + shape) in the density of the shape: Martins and Stedinger's beta(6, 9)."""
_TINY: Final = 1e-9
_SIMULATED: Final = 199


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A two-sided interval of confidence `CONFIDENCE`."""

    lo: float
    hi: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tail:
    """What was fitted to the peaks of `episodes` beyond `level` in `days`.

    Attributes:
        level: the level u, in units of the statistic.
        episodes: how many peaks lie beyond it.
        days: how long was watched, in days.
        shape, scale: of the generalised Pareto distribution, at the likelihood's maximum; scale in the statistic's unit.
        goodness: p-value of the Kolmogorov-Smirnov distance, simulated with the parameters fitted anew each time.
    """

    level: float
    episodes: int
    days: float
    shape: float
    scale: float
    goodness: float
    region: "_Region" = field(repr=False)

    def rate(self, threshold: float) -> float:
        """Return the episodes a day beyond a threshold at or above `level`, by the fit itself."""
        return float(self.episodes / self.days * survival(threshold - self.level, self.shape, self.scale))

    def expected_rate(self, threshold: float) -> float:
        """Return the episodes a day beyond a threshold, averaged over what the parameters may be."""
        region = self.region
        chance = survival(threshold - self.level, region.shape, region.scale)
        return float(self.episodes / self.days * (region.weight @ chance))

    def threshold(self, per_day: float) -> float:
        """Return the threshold at which the expected rate is the wanted one; never below `level`."""
        if self.expected_rate(self.level) <= per_day:
            return self.level
        top = 2.0 * self.scale
        while self.expected_rate(self.level + top) > per_day:
            top *= 2.0
        return float(optimize.brentq(lambda t: self.expected_rate(t) - per_day, self.level, self.level + top))

    def threshold_interval(self, per_day: float) -> Interval:
        """Return within what the threshold of exactly `per_day` lies (profile likelihood, the rate's part included)."""
        region = self.region.within
        lo = _level_at(per_day, self.region.rate_lo / self.days, self.region, region)
        hi = _level_at(per_day, self.region.rate_hi / self.days, self.region, region)
        return Interval(lo=self.level + max(0.0, float(lo.min())), hi=self.level + max(0.0, float(hi.max())))

    def rate_interval(self, threshold: float) -> Interval:
        """Return within what the rate of episodes beyond a threshold lies (profile likelihood)."""
        region = self.region.within
        chance = survival(threshold - self.level, self.region.shape[region], self.region.scale[region])
        return Interval(
            lo=float((self.region.rate_lo / self.days * chance).min()),
            hi=float((self.region.rate_hi / self.days * chance).max()),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Region:
    """Parameters on a grid, flattened: their weight, and of those `within` the region how many episodes may be meant."""

    shape: Floats
    scale: Floats
    weight: Floats
    within: NDArray[np.intp]
    rate_lo: Floats
    rate_hi: Floats


def survival(excess: float, shape: float | Floats, scale: float | Floats) -> Floats:
    """Return the share of excesses that lie beyond `excess`."""
    shape, scale = np.asarray(shape, np.float64), np.asarray(scale, np.float64)
    flat = np.abs(shape) < _TINY
    safe = np.where(flat, 1.0, shape)
    base = np.maximum(1.0 + safe * excess / scale, 0.0)
    with np.errstate(divide="ignore", over="ignore"):
        curved = np.where(base > 0.0, base ** (-1.0 / safe), 0.0)
    return np.minimum(1.0, np.where(flat, np.exp(-excess / scale), curved))


def fit_tail(peaks: Floats, level: float, days: float) -> Tail:
    """Fit the peaks, all beyond `level`, of the episodes seen in `days`."""
    excess = np.asarray(peaks, np.float64) - level
    mean = float(excess.mean())
    likely = _log_likelihood(excess / mean)
    at = np.unravel_index(int(likely.argmax()), likely.shape)
    shape, scale = _refined(excess / mean, float(_SHAPES[at[0]]), float(_SCALES[at[1]]))
    return Tail(
        level=level,
        episodes=len(excess),
        days=days,
        shape=shape,
        scale=scale * mean,
        goodness=looks_pareto(excess),
        region=_region(likely, mean, len(excess)),
    )


def _log_likelihood(excess: Floats) -> Floats:
    """Return the log-likelihood on the grid of `_SHAPES` by `_SCALES`; -inf where an excess is impossible."""
    total = np.empty((len(_SHAPES), len(_SCALES)))
    part = excess[None, :] / _SCALES[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        for i, shape in enumerate(_SHAPES):
            if abs(shape) < _TINY:
                total[i] = -part.sum(axis=1)
                continue
            inside = np.log1p(np.maximum(shape * part, -1.0)).sum(axis=1)
            total[i] = np.where(np.isneginf(inside), -np.inf, -(1.0 + 1.0 / shape) * inside)
    return np.asarray(total - len(excess) * np.log(_SCALES)[None, :] + _log_prior(_SHAPES)[:, None])


def _log_prior(shape: Floats) -> Floats:
    lighter, heavier = _PRIOR
    with np.errstate(divide="ignore"):
        return np.asarray(lighter * np.log(SHAPE_HI - shape) + heavier * np.log(shape - SHAPE_LO))


def _refined(excess: Floats, shape: float, scale: float) -> tuple[float, float]:
    """Return the likelihood's maximum near a point of the grid."""

    def cost(at: Floats) -> float:
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # at the end of a bounded tail
            likely = stats.genpareto.logpdf(excess, at[0], scale=np.exp(at[1])).sum() + _log_prior(at[0])
        value = -float(likely)
        return value if np.isfinite(value) else 1e12

    found = optimize.minimize(
        cost,
        np.array([shape, np.log(scale)]),
        method="Nelder-Mead",
        bounds=[(SHAPE_LO, SHAPE_HI), (np.log(_SCALES[0]), np.log(_SCALES[-1]))],
        options={"xatol": 1e-5, "fatol": 1e-7, "maxiter": 400},
    )
    return float(found.x[0]), float(np.exp(found.x[1]))


def _region(likely: Floats, mean: float, episodes: int) -> _Region:
    slack = likely - likely.max()
    weight = np.exp(slack)
    kept = weight > 1e-8  # noqa: PLR2004 - the rest adds nothing that a double shows in the rate
    shape = np.broadcast_to(_SHAPES[:, None], likely.shape)[kept]
    scale = np.broadcast_to(_SCALES[None, :], likely.shape)[kept] * mean
    within = np.flatnonzero(slack[kept] >= -_DROP)
    left = slack[kept][within] + _DROP
    return _Region(
        shape=shape,
        scale=scale,
        weight=weight[kept] / weight[kept].sum(),
        within=within,
        rate_lo=_poisson_bound(episodes, left, below=True),
        rate_hi=_poisson_bound(episodes, left, below=False),
    )


def _poisson_bound(count: int, drop: Floats, *, below: bool) -> Floats:
    """Return the mean m below or above `count` at which the Poisson log-likelihood has fallen by `drop`.

    With m = count x: drop = count (x - 1 - log x), solved by Newton's steps in log x from the normal approximation.
    """
    target = drop / count
    log_x = np.sqrt(2.0 * target) * (-1.0 if below else 1.0)
    for _ in range(20):
        x = np.exp(log_x)
        slope = x - 1.0
        step = np.where(
            np.abs(slope) > _TINY, (x - 1.0 - log_x - target) / np.where(slope == 0.0, 1.0, slope), 0.0
        )
        log_x = log_x - step
    return count * np.exp(log_x)


def _level_at(per_day: float, rate: Floats, region: _Region, rows: NDArray[np.intp]) -> Floats:
    """Return the excess beyond which episodes come at `per_day`, for each pair of parameters and its rate."""
    shape, scale = region.shape[rows], region.scale[rows]
    flat = np.abs(shape) < _TINY
    log_ratio = np.log(rate / per_day)
    safe = np.where(flat, 1.0, shape)
    return np.asarray(scale * np.where(flat, log_ratio, np.expm1(safe * log_ratio) / safe))


def looks_pareto(excess: Floats) -> float:
    """Return how often samples of a distribution fitted to the excesses lie further from their own fit than these.

    A distance of fitted parameters has no table, so it is simulated (parametric bootstrap; Stute and others 1993), with
    a fixed seed: the same peaks give the same answer. All fits are by moments, quick enough to be done for every sample.
    """
    rng = np.random.default_rng(len(excess))
    shape, scale = (float(part[0, 0]) for part in _by_moments(np.sort(excess)[None, :]))
    samples = stats.genpareto.ppf(rng.random((_SIMULATED, len(excess))), shape, scale=scale)
    seen = _distance(excess[None, :])[0]
    return float((1 + np.count_nonzero(_distance(samples) >= seen)) / (_SIMULATED + 1))


def _by_moments(ordered: Floats) -> tuple[Floats, Floats]:
    """Return shape and scale of each sorted row by probability-weighted moments (Hosking and Wallis 1987)."""
    n = ordered.shape[1]
    mean = ordered.mean(axis=1)
    weighted = (ordered * (1.0 - (np.arange(1, n + 1) - 0.35) / n)).mean(axis=1)
    shape = np.clip(2.0 - mean / np.maximum(mean - 2.0 * weighted, _TINY * mean), SHAPE_LO, SHAPE_HI)[:, None]
    return shape, mean[:, None] * (1.0 - shape)


def _distance(samples: Floats) -> Floats:
    """Return the Kolmogorov-Smirnov distance of each row from its own fit."""
    ordered = np.sort(samples, axis=1)
    n = ordered.shape[1]
    rank = np.arange(1, n + 1)
    shape, scale = _by_moments(ordered)
    flat = np.abs(shape) < _TINY
    safe = np.where(flat, 1.0, shape)
    base = np.maximum(1.0 + safe * ordered / scale, 0.0)
    with np.errstate(divide="ignore"):
        cdf = 1.0 - np.where(flat, np.exp(-ordered / scale), base ** (-1.0 / safe))
    above = (rank / n - cdf).max(axis=1)
    below = (cdf - (rank - 1) / n).max(axis=1)
    return np.asarray(np.maximum(above, below))
