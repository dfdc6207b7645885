"""cusum and ewma: small lasting shifts, by charts whose limits follow from a wanted rate of false alarms."""

import math

from detectors.edges import CLIP_SIGMA, NO_EDGE, NS, RAISED, Records, emit, move_edge
from detectors.findings import NO_LIMIT, Method
from detectors.jit import inlined
from detectors.state import C_CUSUM, C_EWMA

CUSUM, EWMA = int(Method.CUSUM), int(Method.EWMA)
LEARN = 1.0 / 512.0
"""Weight of a residual in what is known of its variance and of its likeness to the one before."""
MOST_LIKE = 0.95
_BACK = 0.5


@inlined
def whitened(h: Records, z: float) -> float:
    """Return the part of a residual that the one before does not foretell, in its own spread; then learn from it.

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
    h.power += LEARN * (r * r - h.power)
    h.product += LEARN * (r * h.before - h.product)
    h.before = r
    return min(max(new, -CLIP_SIGMA), CLIP_SIGMA)  # type: ignore[no-any-return]  # of untyped records


@inlined
def cusum(p: Records, h: Records, t_ns: int, new: float) -> float:
    """Add a residual to the two sums of the tabular CUSUM (Page 1954); return the larger, negative where it is downward.

    A sum does not grow beyond the decision interval, so that it is back soon once the shift has gone or is learnt.
    """
    if h.up == 0.0:
        h.up_ns = t_ns
    if h.down == 0.0:
        h.down_ns = t_ns
    h.up = min(max(0.0, h.up + new - p.cusum_k), p.cusum_h)
    h.down = min(max(0.0, h.down - new - p.cusum_k), p.cusum_h)
    return h.up if h.up >= h.down else -h.down  # type: ignore[no-any-return]  # of untyped records


@inlined
def ewma(p: Records, h: Records, new: float) -> float:
    """Return the exponentially weighted mean of the residuals (Roberts 1959), in its own standard deviations."""
    h.average += p.ewma_weight * (new - h.average)
    return h.average / math.sqrt(p.ewma_weight / (2.0 - p.ewma_weight))  # type: ignore[no-any-return]  # as above


@inlined
def judge_charts(p: Records, s: Records, own: Records, h: Records, cond: Records, i: int, now_ns: int, t_ns: int,
                 value: float, total: float, average: float, score: float, out: Records, n: int) -> int:  # fmt: skip
    """Raise a chart at its limit; recover at half of it. The onset of CUSUM is where its sum left zero."""
    if not math.isnan(total):
        far = abs(total) >= own.cusum_h
        if far or (s.busy >> C_CUSUM) & 1:
            back = abs(total) < _BACK * own.cusum_h
            edge = move_edge(s, cond[i], C_CUSUM, far, back, t_ns, 0, p.z_off_ns, 1, 0)
            began_ns = h.up_ns if total > 0.0 else h.down_ns
            if edge == RAISED:
                cond[i, C_CUSUM].onset_ns = began_ns
            if edge != NO_EDGE:
                n = emit(out, n, now_ns, t_ns, cond[i, C_CUSUM].onset_ns, i, CUSUM, edge, NO_LIMIT, value, total,
                         own.cusum_h, (t_ns - began_ns) * NS, math.nan, score)  # fmt: skip
    if not math.isnan(average):
        far = abs(average) >= own.ewma_width
        if far or (s.busy >> C_EWMA) & 1:
            back = abs(average) < _BACK * own.ewma_width
            edge = move_edge(s, cond[i], C_EWMA, far, back, t_ns, 0, p.z_off_ns, 1, 0)
            if edge != NO_EDGE:
                n = emit(out, n, now_ns, t_ns, cond[i, C_EWMA].onset_ns, i, EWMA, edge, NO_LIMIT, value, average,
                         own.ewma_width, own.ewma_window_s, math.nan, score)  # fmt: skip
    return n
