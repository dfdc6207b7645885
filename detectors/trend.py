"""rate: a ring of samples over a window of time, and the change over it; kept where the rate is watched."""

import math

from detectors.edges import NO_EDGE, NS, RATE, Records, emit, move_edge
from detectors.findings import NO_LIMIT
from detectors.jit import inlined, keep_apart
from detectors.state import C_RATE, RING


@inlined
def remember(p: Records, w: Records, ring: Records, i: int, t_ns: int, value: float) -> None:
    """Keep a sample of the rate window, unless the newest is closer than the ring's spacing."""
    if w.count > 0 and t_ns - w.t_ns < p.ring_every_ns:
        return
    w.head = (w.head + 1) & (RING - 1)
    w.count = min(w.count + 1, RING)
    w.t_ns = t_ns
    sample = ring[i * RING + w.head]
    sample.t_ns = t_ns
    sample.value = value


@inlined
def rate_over_window(p: Records, w: Records, ring: Records, i: int, t_ns: int, value: float) -> float:
    """Return the change per second over the window ending here, NaN before half of the window is filled.

    Asked for only where something depends on it; samples that have left the window are dropped then.
    """
    while w.count > 0:
        oldest = ring[i * RING + ((w.head - w.count + 1) & (RING - 1))]
        span_ns = t_ns - oldest.t_ns
        if span_ns <= p.rate_window_ns:
            if 2 * span_ns < p.rate_window_ns:
                return math.nan
            return (value - oldest.value) / (span_ns * NS)  # type: ignore[no-any-return]  # of untyped records
        w.count -= 1
    return math.nan


@inlined
def judge_rate(p: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, rate: float,
               score: float, out: Records, n: int) -> int:  # fmt: skip
    """Judge a known rate that is fast, or was: two samples at or beyond its limit raise, below 0.8 of it for the off-delay recover."""
    keep_apart()
    fast = abs(rate) >= p.rate_limit
    edge = move_edge(s, cond[i], C_RATE, fast, abs(rate) < 0.8 * p.rate_limit, t_ns, 0, p.off_delay_ns, 2, 0)
    if edge == NO_EDGE:
        return n
    return emit(out, n, now_ns, t_ns, cond[i, C_RATE].onset_ns, i, RATE, edge, NO_LIMIT, value, rate, p.rate_limit,
                p.rate_window_ns * NS, math.nan, score)  # fmt: skip
