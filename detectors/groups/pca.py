"""The plane of a group, fitted on its kept rounds, with limits from rounds that it was not fitted on.

PCA on the correlation of the kept rounds. The first axes, to `PRINCIPAL_SHARE` of the variance, are the plane (T2), the
others what is left (Q). Within each part the axes are turned so that those along which the group wanders come apart
from those along which it stays (in the sense of a joint diagonalisation; Box and Tiao 1977 for the idea), and each gets
its own drift.

Rounds on which a plane was fitted lie too close to it: limits from them alarm ten times too often. So each quarter
of the kept rounds is walked through, as in use, on the plane of the other three quarters, and what T2 and Q are there
gives their limits for the wanted false rate: g chi2_h by mean and variance (Box 1954; Nomikos and MacGregor 1995), with
the wider tail of F because both are estimates. Quarters in one piece, not single rounds left out: neighbours are alike.
"""

from dataclasses import dataclass
from importlib import import_module

import numpy as np
from numpy.typing import NDArray

from detectors.groups.members import LEAST_MEMBERS, GroupSpec, Membership
from detectors.groups.rounds import CENTRE_ROUNDS, lot_of
from detectors.groups.state import E_Q, E_T2, SEGMENT, Groups
from detectors.groups.statistic import LAMBDA, learn, measure
from detectors.jit import kernel

Floats = NDArray[np.float64]

PRINCIPAL_SHARE = 0.9
LEAST_VARIANCE = 1e-3
"""Of an axis, where a sensor has 1: two gauges that agree to 3 % of their spread are not asked for more."""
FOLDS = 4
SETTLING = 8
"""First rounds of a segment that do not count, for the averages begin at nothing there."""
LEAST_PRESENT = 1.0 / 16.0
"""Share of the kept rounds in which a sensor must have been there, to be part of the plane."""
FENCE = 2.0
"""Values further out than this, in widths of the middle 90 %, are brought in: some wild values are not how a group is."""
STILL = 2.0 / SEGMENT
"""Variance of the difference between two segments' means that white noise alone gives."""
_ALIKE = (1.0 + (1.0 - LAMBDA) ** 2) / (1.0 - (1.0 - LAMBDA) ** 2)
"""Rounds to one independent one, for the squares of averages of white noise (1 + 2 sum of rho^2)."""
UNKNOWN, GROWTH = 0.0, 1.2
"""How much further apart segments must be that are twice as far in time, for an axis to wander. A first plane has seen
too little to tell a wandering axis from a slow one: there each is let wander as far as it did."""
_RESOLVED = 1e-6
"""Change, as a share of a value, that 32 bits still tell apart."""
_REFIT = 4
"""A plane is fitted again when four times as much has been seen."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Mean and spread a sensor (spread 0: not part of it), the axes as columns, how many are principal, drift an axis."""

    mean: Floats
    per_spread: Floats
    axes: Floats
    drift: Floats
    principal: int


@dataclass(frozen=True, slots=True)
class Seen:
    """Rounds to fit on: whole segments in their order, gaps filled; their times; which sensors count; what may wander."""

    values: Floats
    t_s: Floats
    there: NDArray[np.bool_]
    growth: float

    def at(self, rows: NDArray[np.intp]) -> "Seen":
        """Return some of the rounds."""
        return Seen(self.values[rows], self.t_s[rows], self.there, self.growth)


def refit(groups: Groups, g: int) -> None:
    """Fit the plane of a group whose kept rounds are full, if it is time to, and make room for more.

    About every second segment is let go, by lot, and from now on only half as many are kept, so the kept ones are drawn
    from all that has been seen, however long that is.
    """
    group = groups.group[g]
    t_ns = groups.kept_t_ns[g]
    time_to = not group["ready"] or group["accepted"] >= _REFIT * group["fitted_at"]
    if time_to and t_ns[-1] - t_ns[0] >= group["warm_ns"]:
        _fit(groups, g)
    if _zeros_moved(groups, g) and not group["ready"]:
        group["kept"] = group["accepted"] = 0
        group["stride"] = 1
        return
    lots = np.array([lot_of(int(segment)) for segment in groups.kept_segment[g]])
    stride = int(group["stride"])
    while (lots % stride == 0).all():
        stride *= 2
    _let_go(groups, g, lots % stride == 0)
    group["stride"] = stride


def _let_go(groups: Groups, g: int, staying: NDArray[np.bool_]) -> None:
    """Keep only some segments, in their order, and make room behind them."""
    rounds = np.repeat(staying, SEGMENT)
    kept = int(rounds.sum())
    rows, t_ns, segments = groups.kept_of(g), groups.kept_t_ns[g], groups.kept_segment[g]
    rows[:kept], t_ns[:kept] = rows[rounds], t_ns[rounds]
    segments[: kept // SEGMENT] = segments[staying]
    groups.group["kept"][g] = kept


def _zeros_moved(groups: Groups, g: int) -> bool:
    """Move the zero of sensors that lie too far from it to be told apart there: their first value was a wild one."""
    rows = groups.kept_of(g)
    _, there = filled(rows)
    zero = groups.zero[groups.rows_of(g)]
    moved = False
    for a in np.flatnonzero(~there & np.isfinite(rows).any(axis=0)):
        away = float(np.nanmedian(rows[:, a]))
        if away != 0.0:
            zero[a] += away
            rows[:, a] = np.nan
            moved = True
    return moved


def _fit(groups: Groups, g: int) -> None:
    """Put a new plane and its limits in place; where none can be had, leave things as they are."""
    group, rows = groups.group[g], groups.rows_of(g)
    seen = seen_in(groups.kept_of(g), groups.kept_t_ns[g], int(group["stride"]))
    plane, limits = plane_of(seen), held_out_limits(seen, groups.kept_of(g), float(group["false_rate"]))
    if plane is None or limits is None:
        return
    member = groups.member[rows]
    zero = groups.zero[rows]
    lately = np.zeros(len(zero))
    if group["ready"]:
        held = member["per_spread"] > 0
        spread = 1.0 / np.where(held, member["per_spread"], 1.0)
        where = np.where(held, member["mean"] + member["centre"] * spread, zero + plane.mean)
        lately = (where - zero - plane.mean) * plane.per_spread
    else:
        group["age_s"] = seen.t_s[-1] - seen.t_s.mean()
    _install(groups, g, plane)
    member["mean"] = zero + plane.mean
    member["centre"] = lately
    member["step"] = 0.0
    group["far"] = 0
    member["smooth"] = _smoothed((seen.values[-SEGMENT:] - plane.mean) * plane.per_spread)
    group["t2_limit"], group["q_limit"] = limits
    group["ready"] = 1
    group["fitted_at"] = group["accepted"]
    group["planes"] += 1


def seen_in(kept: NDArray[np.float32], t_ns: NDArray[np.int64], stride: int) -> Seen:
    """Return kept rounds as they are fitted on."""
    values, there = filled(kept)
    return Seen(values, (t_ns - t_ns[0]) * 1e-9, there, GROWTH if stride > 1 else UNKNOWN)


def filled(kept: NDArray[np.float32]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the kept rounds with gaps filled by the value before, outliers brought in, and which sensors count."""
    values = np.asarray(kept, np.float64)
    given = np.isfinite(values)
    there = given.mean(axis=0) >= LEAST_PRESENT
    row = np.where(given, np.arange(len(values))[:, None], given.argmax(axis=0))
    values = np.nan_to_num(np.take_along_axis(values, np.maximum.accumulate(row, axis=0), axis=0))
    low, high = np.quantile(values, (0.05, 0.95), axis=0)
    width = high - low
    values = np.clip(values, low - FENCE * width, high + FENCE * width)
    return values, there & (width > _RESOLVED * np.maximum(np.abs(low), np.abs(high)))


def _smoothed(deviations: Floats) -> Floats:
    """Return where the exponentially weighted average ends."""
    mean = np.zeros(deviations.shape[1])
    for row in deviations:
        mean = mean + LAMBDA * (row - mean)
    return mean


def _install(groups: Groups, g: int, plane: Plane) -> None:
    rows = groups.rows_of(g)
    groups.member["per_spread"][rows] = plane.per_spread
    groups.axes_of(g)[:] = plane.axes
    groups.drift[rows] = plane.drift
    groups.group["principal"][g] = plane.principal


def _alone(n: int) -> GroupSpec:
    """Return a group for a trial: only how many it has matters."""
    return GroupSpec(
        sensors=tuple(range(n)), every_s=0.0, warm_s=0.0, relearn_s=0.0, false_rate=0.0, rounds=1
    )


def plane_of(seen: Seen) -> Plane | None:
    """Return the plane of rounds; None where too few sensors move."""
    values, there = seen.values, seen.there
    if there.sum() < LEAST_MEMBERS:
        return None
    mean = values.mean(axis=0)
    spread = np.where(there, values.std(axis=0), 1.0)
    there = there & (spread > 0)
    per_spread = np.where(there, 1.0 / np.where(spread > 0, spread, 1.0), 0.0)
    scaled = ((values - mean) * per_spread)[:, there]
    variance, axes = np.linalg.eigh(scaled.T @ scaled / len(scaled))
    variance, axes = variance[::-1], axes[:, ::-1]
    principal = 1 + int(np.searchsorted(np.cumsum(variance) / variance.sum(), PRINCIPAL_SHARE - 1e-9))
    axes = axes / np.sqrt(np.maximum(variance, LEAST_VARIANCE))
    drift = np.zeros(len(variance))
    means = (scaled @ axes).reshape(-1, SEGMENT, len(variance)).mean(axis=1)
    between = np.diff(means, axis=0)
    apart_s = float(np.diff(seen.t_s.reshape(-1, SEGMENT).mean(axis=1)).mean())
    for part in (slice(0, principal), slice(principal, len(variance))):
        if part.start < part.stop:
            moved, turn = np.linalg.eigh(between[:, part].T @ between[:, part] / len(between))
            axes[:, part] = axes[:, part] @ turn
            grown = (((means[2:, part] - means[:-2, part]) @ turn) ** 2).mean(axis=0)
            wanders = (moved > STILL) & (grown > seen.growth * moved)
            drift[part] = np.where(wanders, moved / apart_s, 0.0)
    n = len(there)
    whole, drifts = np.zeros((n, n)), np.zeros(n)
    whole[np.ix_(np.flatnonzero(there), np.arange(len(variance)))] = axes
    drifts[: len(variance)] = drift
    return Plane(mean, per_spread, whole, drifts, principal)


def held_out_limits(seen: Seen, kept: NDArray[np.float32], false_rate: float) -> tuple[float, float] | None:
    """Return the limits of T2 and Q from each quarter of the kept rounds on the plane of the others.

    A first plane is asked how far rounds lie from what it has seen. Later the centre has followed the group to wherever
    it was last, so each segment begins with the centre where the segment kept before it lay: to go from any state
    that was seen to another, a vessel emptied or a pump started, is normal. That of Q is infinite where all axes are principal and nothing is left; None where there can be no plane.
    """
    rounds, n = seen.values.shape
    means = seen.values.reshape(-1, SEGMENT, n).mean(axis=1)
    middle_s = seen.t_s.reshape(-1, SEGMENT).mean(axis=1)
    trial = Groups.fresh(Membership((_alone(n),)), n)
    found = []
    for quarter in np.array_split(np.arange(rounds), FOLDS):
        rest = seen.at(np.setdiff1d(np.arange(rounds), quarter))
        plane = plane_of(rest)
        if plane is None:
            return None
        _install(trial, 0, plane)
        trial.member["mean"] = plane.mean
        given = np.where(np.isfinite(kept[quarter]), seen.values[quarter], np.nan)
        told = np.empty((len(quarter), 2))
        segments = quarter[::SEGMENT] // SEGMENT
        if seen.growth == UNKNOWN:
            begin, age_s = np.tile(plane.mean, (len(segments), 1)), float(rest.t_s[-1] - rest.t_s.mean())
            steady_s = CENTRE_ROUNDS * float(np.diff(seen.t_s).mean())
            ages_s = np.full(len(segments), min(age_s, steady_s))
        else:
            begin, ages_s = means[segments - 1], np.abs(middle_s[segments] - middle_s[segments - 1])
        walk(trial, given, seen.t_s[quarter], begin, ages_s, told)
        found.append(told.reshape(-1, SEGMENT, 2)[:, SETTLING:])
    statistics = np.concatenate(found)
    t2, q = (tail_point(statistics[:, :, e], false_rate) for e in (E_T2, E_Q))
    return (t2, q) if np.isfinite(t2) and not np.isnan(q) else None


def tail_point(sample: Floats, false_rate: float) -> float:
    """Return what the statistic exceeds with this probability; `sample` is a row a segment, a column a round.

    g chi2_h by the sample's mean and variance; as both are estimates from so many independent rounds as there are in the
    sample, its tail is that of g h F(h, rounds), as in Hotelling's own limit. Neighbours are alike: the variance of the
    segments' means tells how few are independent.
    """
    mean, variance = float(sample.mean()), float(sample.var())
    if not mean > 0.0:
        return np.inf if not sample.any() else np.nan
    alike = sample.shape[1] * float(sample.mean(axis=1).var()) / variance
    from scipy.special import fdtri  # noqa: PLC0415 - see `make_ready`

    independent = max(float(len(sample)), sample.size / max(_ALIKE, alike))
    tail = mean * float(fdtri(2.0 * mean * mean / variance, independent, 1.0 - false_rate))
    return max(tail, float(sample.max()))


def make_ready() -> None:
    """Import what a fit needs. It is slow, and the first plane comes hours after the start, which need not wait for it."""
    import_module("scipy.special")


@kernel
def walk(  # noqa: PLR0917 - compiled functions take everything by position
    groups: Groups, values: Floats, t_s: Floats, begin: Floats, ages_s: Floats, told: Floats
) -> None:
    """Write T2 and Q of rounds on the plane of group 0, each segment with its own centre, of its age, to begin with.

    NaN is a missing sensor.
    """
    group = groups.group[0]
    for row in range(len(values)):
        segment, first = row // SEGMENT, row % SEGMENT == 0
        group.age_s = ages_s[segment] if first else group.age_s + t_s[row] - t_s[row - 1]
        for a in range(group.n):
            m = groups.member[a]
            if first:
                m.smooth = m.centre = (begin[segment, a] - m.mean) * m.per_spread
                m.step = 0.0
                group.far = 0
            m.count = 0 if np.isnan(values[row, a]) else 1
            m.value = values[row, a]
        told[row, 0], told[row, 1] = measure(groups, 0)
        learn(groups, 0, CENTRE_ROUNDS)
