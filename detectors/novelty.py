"""novelty: a reading further out than nearly all that the sensor remembers, told once.

For sensors of which nothing is known. A statistic is not compared with a multiple of a spread, which no one knows the
right one of, but with its own greatest values so far: a rank needs no scale, no distribution, and cannot freeze after a
shift, for the rows of a new level fill the list after a few readings.
"""

import math

from detectors.edges import NO_EDGE, NS, RECOVERED, Records, emit, move_edge
from detectors.findings import NO_LIMIT, Method
from detectors.jit import inlined, keep_apart
from detectors.season import DAY_NS
from detectors.state import C_NOVELTY, N_FAR, N_SCALES, N_VIEWS

NOVELTY = int(Method.NOVELTY)
LEVEL, HOUR, SHAPE = range(N_VIEWS)
"""The views: away from the level, from the hour's usual, and from its own means at several time scales."""
WARM_SAMPLES = 100
MEMORY_SAMPLES, QUIET_SAMPLES = 10_000.0, 200.0
"""The least that is remembered, and the least quiet after something was told, in usual intervals: for slow sensors."""
SHARE = 0.0125
"""While little is remembered, no more than this share of it may have been as far out."""
FULL_NS = 7.0 * DAY_NS
"""History after which the whole rank counts, and in proportion less of it before: a week has all hours of a plant's life in it.

Neighbouring readings of a fast sensor are alike, so a thousand of them in an hour are no thousand witnesses: to be among
the farthest m in a history of T happens m / T times a day, and only a long T makes that rare.
"""
TAIL = 2.0
"""A record of c times the greatest before comes c^-2 times as often as any record: a Pareto tail of shape 1/2.

The heaviest that a transmitter can have (service.tuning.tail). So what is far beyond all that is known is news within minutes.
"""
LIKE = 0.95
"""A statistic within five percent is as far out: what comes again and again at the same height is one thing."""
_RELEARN = 0.001
_SETTLED_SAMPLES = 20
_FORGOTTEN = 3.0
"""Time constants after which a remembered value is let go."""
_LET_GO_EVERY = 1024
"""Readings after which the lists are looked through for what is to be let go, should nothing come near them."""
_MOST = 1e30
_TOLD_BEFORE = 0.9
"""What an excess that was told already is lowered to, so that the score stays under where it raises."""
_BACK = 0.5


@inlined
def _shape(m: Records, count: int, unusual: float) -> float:
    """Return how far the latest values are from their own means over 4, 16, 64 and 256 samples; then learn.

    Sum of squares of the differences between means of neighbouring time scales, each in its own variance: a diagonal
    T-square on a bank of exponentially weighted means (multivariate EWMA: Lowry et al. 1992; scales as in Haar's
    wavelets).
    """
    total = 0.0
    weight = max(_RELEARN, 1.0 / (count + 1.0))
    finer = unusual
    scale = 0.25
    for k in range(N_SCALES):
        if count == 0:
            m.mean[k] = unusual
        m.mean[k] += max(scale, 1.0 / (count + 1.0)) * (unusual - m.mean[k])
        part = finer - m.mean[k]
        finer = m.mean[k]
        if m.var[k] > 0.0:
            total += part * part / m.var[k]
        m.var[k] = (1.0 - weight) * m.var[k] + weight * part * part
        scale *= 0.25
    return min(total, _MOST)


@inlined
def _refresh_floor(m: Records, view: int, t_ns: int, memory_ns: float) -> int:
    """Let go of what is too old, keep the least of the rest as the floor; return where the least lies."""
    low, least = 0, math.inf
    for k in range(N_FAR):
        if t_ns - m.far_t_ns[view, k] > _FORGOTTEN * memory_ns:
            m.far[view, k] = 0.0
        if m.far[view, k] < least:
            low, least = k, m.far[view, k]
    m.floor[view] = least
    return low


@inlined
def _as_far_out(m: Records, view: int, t_ns: int, statistic: float, memory_ns: float) -> tuple[float, float]:
    """Return how many remembered values of a view were as far out, faded by their age, and remember this one.

    Infinite where the list, which keeps only the greatest, no longer knows. And the greatest of them as a share of this one.
    """
    if statistic <= m.floor[view]:
        return math.inf, 1.0
    low = _refresh_floor(m, view, t_ns, memory_ns)
    like, greatest = LIKE * statistic, 0.0
    as_far = math.inf
    if like > m.floor[view]:
        as_far = 0.0
        for k in range(N_FAR):
            greatest = max(greatest, m.far[view, k])
            if m.far[view, k] >= like:
                as_far += math.exp((m.far_t_ns[view, k] - t_ns) / memory_ns)
    m.far[view, low] = statistic
    m.far_t_ns[view, low] = t_ns
    _refresh_floor(m, view, t_ns, memory_ns)
    return as_far, greatest / statistic


@inlined
def novelty(p: Records, m: Records, c: Records, t_ns: int, away: float, unusual: float) -> float:
    """Return the excess of the most uncommon view, 1 where it is told; keep in `m` what `judge_novelty` needs.

    Common is what `rank` or more remembered readings were as far out as, in the last `memory`. What was told already
    within the quiet time is told again only where it is no more common than then: an onset is told once, and again if it
    gets worse than anything before.
    """
    keep_apart()
    count = c.count - 1
    m.stat[LEVEL], m.stat[HOUR], m.stat[SHAPE] = abs(away), abs(unusual), _shape(m, count, unusual)
    m.told_now = 0
    if count < _SETTLED_SAMPLES:
        return 0.0
    memory_ns = max(MEMORY_SAMPLES * c.scan_ns, p.memory_ns)
    rarest, known = math.inf, 1.0
    for k in range(N_VIEWS):
        if count % _LET_GO_EVERY == 0:
            _refresh_floor(m, k, t_ns, memory_ns)
        m.as_far[k], share = _as_far_out(m, k, t_ns, min(m.stat[k], _MOST), memory_ns)
        rarest = min(rarest, m.as_far[k])
        if m.as_far[k] == 0.0:
            known = min(known, share)
    if rarest == math.inf or count < WARM_SAMPLES:
        return 0.0
    most = min(p.rank, SHARE * count)
    excess = most / (rarest + 0.5)
    # what is far beyond all that is remembered is rarer than a record is by its rank
    short = p.rank * (t_ns - c.first_ns) / FULL_NS
    needed = (rarest + 0.5) * known**TAIL
    if short < excess * needed:
        excess = short / needed
    m.rarity = min(float(count), memory_ns / c.scan_ns) / (rarest + 0.5)
    m.asked = m.rarity / excess
    if excess < 1.0:
        return excess  # type: ignore[no-any-return]  # of untyped records
    quiet_ns = max(QUIET_SAMPLES * c.scan_ns, p.quiet_ns)
    if m.told_rank > 0.0 and t_ns - m.told_t_ns <= quiet_ns and rarest + 0.5 > m.told_rank:
        return _TOLD_BEFORE
    m.told_now = 1
    m.told_rank, m.told_t_ns = rarest + 0.5, t_ns
    for k in range(N_VIEWS):
        if m.as_far[k] + 0.5 <= most:
            m.told_stat[k] = max(m.told_stat[k], m.stat[k])
    return excess  # type: ignore[no-any-return]  # as above


@inlined
def judge_novelty(p: Records, s: Records, m: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float,
                  score: float, out: Records, n: int) -> int:  # fmt: skip
    """Raise what was told; recover when every view that told it is back below half of what it was, however long that takes."""
    keep_apart()
    told = m.told_now != 0
    if not told and not (s.busy >> C_NOVELTY) & 1:
        return n
    back = True
    for k in range(N_VIEWS):
        back = back and (m.told_stat[k] == 0.0 or m.stat[k] < _BACK * m.told_stat[k])
    edge = move_edge(s, cond[i], C_NOVELTY, told, back, t_ns, 0, p.off_ns, 1, 0)
    if edge == NO_EDGE:
        return n
    if edge == RECOVERED:
        for k in range(N_VIEWS):
            m.told_stat[k] = 0.0
    return emit(out, n, now_ns, t_ns, cond[i, C_NOVELTY].onset_ns, i, NOVELTY, edge, NO_LIMIT, value, m.rarity, m.asked,
                p.memory_ns * NS, math.nan, score)  # fmt: skip
