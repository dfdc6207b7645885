"""T2 and Q of one round: the averages of a group's sensors, seen along the axes of its plane.

The sensors' deviations from where the group has been lately are smoothed round by round (multivariate EWMA: Lowry,
Woodall, Champ and Rigdon 1992) and laid along the plane's axes, each of unit variance. T2 is the squared length along the
principal axes (Hotelling 1947), Q along all others: what the plane does not explain, each residual axis in its own
spread (Hawkins 1974; the plain sum of squares of Jackson and Mudholkar 1979 hides small axes behind large ones).

An axis along which the group wanders by itself (a day's warmth, a tank's level) is no evidence the longer ago its
centre was learnt: its variance grows by `drift` a second, as that of a local level (Muth 1960).
"""

import numpy as np
from numpy.typing import NDArray

from detectors.edges import Records
from detectors.groups.members import MOST_MEMBERS
from detectors.groups.state import Groups
from detectors.jit import inlined, kernel

LAMBDA = 0.15
"""Weight of the newest round: a lasting shift of 1 to 2 sigma is what is looked for (Lucas and Saccucci 1990)."""
SMOOTHED = LAMBDA / (2.0 - LAMBDA)
"""Variance of a smoothed deviation, that of a single one being 1."""
_SWEEPS = 3
"""Each missing sensor is filled in so often; one missing sensor is exact after the first."""


FARTHEST = 10.0
"""Spreads from the centre beyond which a single reading counts no more: one wild value is not a state of the plant."""


LONE = 4.0
"""Spreads from the average beyond which a round is taken back if the next one does not bear it out."""


@inlined
def _place_of(m: Records) -> float:
    """Return where a member's value lies, in spreads from its mean."""
    place = (m.value - m.mean) * m.per_spread
    nearest: float = min(max(place, m.centre - FARTHEST), m.centre + FARTHEST)
    return nearest


@inlined
def _take_back(groups: Groups, g: int) -> None:
    """Take the round before out of the averages again if what was far out in it is back.

    The whole round, not the one sensor: others may have moved with it by a little less, and half a movement is one
    that the plane does not know.
    """
    group = groups.group[g]
    for a in range(group.first, group.first + group.n):
        m = groups.member[a]
        if abs(m.step) >= LONE and m.count > 0 and abs(_place_of(m) - (m.smooth - LAMBDA * m.step)) >= LONE:
            return
    for a in range(group.first, group.first + group.n):
        m = groups.member[a]
        m.smooth -= LAMBDA * m.step


@inlined
def _smooth(groups: Groups, g: int) -> int:
    """Take the round into the averages; return how many sensors had no reading in it."""
    group = groups.group[g]
    if group.far:
        _take_back(groups, g)
    absent = 0
    group.far = 0
    for a in range(group.first, group.first + group.n):
        m = groups.member[a]
        m.step = 0.0
        if m.count == 0:
            absent += 1
            continue
        m.step = _place_of(m) - m.smooth
        m.smooth += LAMBDA * m.step
        if abs(m.step) >= LONE:
            group.far = 1
    return absent


@inlined
def weight_of(groups: Groups, g: int, j: int) -> float:
    """Return 1 / the variance along axis `j` now."""
    group = groups.group[g]
    weight: float = 1.0 / (SMOOTHED + group.age_s * groups.drift[group.first + j])
    return weight


@inlined
def _add(place: NDArray[np.float64], axis_row: NDArray[np.float32], deviation: float) -> None:
    """Add a member's part to the place along the axes; two plain rows, so that the compiler may take four at once."""
    for j in range(len(axis_row)):
        place[j] += deviation * axis_row[j]


@kernel
def measure(groups: Groups, g: int) -> tuple[float, float]:
    """Take in the round's values and return T2 and Q; the place along the axes stays in `scratch`.

    A sensor without a reading in this round (`count` 0) is put where the others say it should be: where T2 + Q is
    least (Nelson, Taylor and MacGregor 1996), so that it contributes nothing.
    """
    group = groups.group[g]
    first, n, at = group.first, group.n, group.axes_at
    axes, place = groups.axes, groups.scratch[:MOST_MEMBERS]
    weight = groups.scratch[MOST_MEMBERS:]
    for j in range(n):
        place[j] = 0.0
        weight[j] = weight_of(groups, g, j)
    absent = _smooth(groups, g)
    for a in range(n):
        m = groups.member[first + a]
        if m.count > 0:
            _add(place, axes[at + a * n : at + a * n + n], m.smooth - m.centre)
    for _ in range(_SWEEPS if absent > 1 else absent):
        for a in range(n):
            if groups.member[first + a].count == 0:
                _fill_in(groups, g, a)
    t2 = q = 0.0
    for j in range(group.principal):
        t2 += place[j] * place[j] * weight[j]
    for j in range(group.principal, n):
        q += place[j] * place[j] * weight[j]
    return t2, q


@inlined
def _fill_in(groups: Groups, g: int, a: int) -> None:
    """Move member `a` to where T2 + Q is least with the others as they are."""
    group = groups.group[g]
    at, n = group.axes_at + a * group.n, group.n
    place, weight = groups.scratch[:MOST_MEMBERS], groups.scratch[MOST_MEMBERS:]
    along = length = 0.0
    for j in range(n):
        along += place[j] * weight[j] * groups.axes[at + j]
        length += groups.axes[at + j] * weight[j] * groups.axes[at + j]
    if length > 0.0:
        for j in range(n):
            place[j] -= along / length * groups.axes[at + j]


@inlined
def share_of(groups: Groups, g: int, a: int, begin: int, end: int) -> float:
    """Return by how much the statistic over axes begin..end would fall if member `a` were put where the others say.

    Source: reconstruction-based contribution (Alcala and Qin 2009): a fault of one sensor is always greatest there.
    """
    group = groups.group[g]
    at = group.axes_at + a * group.n
    if groups.member[group.first + a].count == 0:
        return 0.0
    along = length = 0.0
    for j in range(begin, end):
        weight = groups.scratch[MOST_MEMBERS + j]
        along += groups.scratch[j] * weight * groups.axes[at + j]
        length += groups.axes[at + j] * weight * groups.axes[at + j]
    return along * along / length if length > 0.0 else 0.0


@inlined
def learn(groups: Groups, g: int, rounds: float) -> None:
    """Let a calm round move the centre by 1 / `rounds` of the way."""
    group = groups.group[g]
    for a in range(group.first, group.first + group.n):
        m = groups.member[a]
        if m.count > 0:
            m.centre += (_place_of(m) - m.centre) / rounds
    group.age_s *= 1.0 - 1.0 / rounds
