"""cusum and ewma: small lasting shifts, by charts whose limits follow from a wanted rate of false alarms."""

import math

from detectors.edges import CLIP_SIGMA, NO_EDGE, RAISED, Records, emit, move_edge
from detectors.findings import NO_LIMIT, Method
from detectors.jit import inlined

CUSUM, EWMA = int(Method.CUSUM), int(Method.EWMA)
LEARN = 1.0 / 512.0
"""Weight of a residual in what is known of its variance and of its likeness to the one before."""
MOST_LIKE = 0.95
_BACK = 0.5


@inlined
def whitened(h: Records, z: float, learns: bool) -> float:
    """Return the part of a residual that the one before does not foretell, in its own spread; then learn from it if it `learns`.

    Charts are designed for independent residuals; those of processes are alike from sample to sample, which shortens
    the run length by orders of magnitude. Hence the chart of the one-step prediction errors of a first-order
    autoregression (Alwan and Roberts 1988). A residual counts for no more than the clip: one wild value is no shift
    (Lucas and Crosier 1982).
    """
    r = min(max(z, -CLIP_SIGMA), CLIP_SIGMA)
    if h.power == 0.0:
        h.power = 1.0
    like = min(max(h.product / h.power, 0.0), MOST_LIKE)
    new = (r - like * h.before) / math.sqrt(h.power * (1.0 - like * like))
    if learns:
        h.power += LEARN * (r * r - h.power)
        h.product += LEARN * (r * h.before - h.product)
    h.before = r
    return min(max(new, -CLIP_SIGMA), CLIP_SIGMA)  # type: ignore[no-any-return]  # of untyped records


@inlined
def learn_sums(p: Records, h: Records, t_ns: int, new: float) -> None:
    """Add a residual to the two sums of the tabular CUSUM (Page 1954).

    A sum does not grow beyond the decision interval, so that it is back soon once the shift has gone or is learnt.
    """
    if h.up == 0.0:
        h.up_ns = t_ns
    if h.down == 0.0:
        h.down_ns = t_ns
    h.up = min(max(0.0, h.up + new - p.cusum_k), p.cusum_h)
    h.down = min(max(0.0, h.down - new - p.cusum_k), p.cusum_h)


@inlined
def larger_sum(h: Records) -> float:
    """Return the larger of the two sums, negative where it is the downward one."""
    return h.up if h.up >= h.down else -h.down  # type: ignore[no-any-return]  # of untyped records


@inlined
def learn_average(p: Records, h: Records, new: float) -> None:
    """Let a residual into the exponentially weighted mean (Roberts 1959)."""
    h.average += p.ewma_weight * (new - h.average)


@inlined
def average_of(p: Records, h: Records) -> float:
    """Return the mean of the residuals in its own standard deviations."""
    return h.average / math.sqrt(p.ewma_weight / (2.0 - p.ewma_weight))  # type: ignore[no-any-return]  # of untyped records


@inlined
def judge_chart(p: Records, s: Records, cond: Records, k: int, method: int, i: int, now_ns: int, t_ns: int, value: float,
                statistic: float, limit: float, began_ns: int, window_s: float, score: float, out: Records,
                n: int) -> int:  # fmt: skip
    """Raise a chart at its limit, with the onset `began_ns`; recover at half of the limit."""
    far = abs(statistic) >= limit
    if not far and not (s.busy >> k) & 1:
        return n
    edge = move_edge(s, cond[i], k, far, abs(statistic) < _BACK * limit, t_ns, 0, p.z_off_ns, 1, 0)
    if edge == RAISED:
        cond[i, k].onset_ns = began_ns
    if edge == NO_EDGE:
        return n
    return emit(out, n, now_ns, t_ns, cond[i, k].onset_ns, i, method, edge, NO_LIMIT, value, statistic, limit, window_s,
                math.nan, score)  # fmt: skip
