"""rate: a ring of samples over a window of time, and the change over it; kept where the rate is watched."""

import math

from detectors.edges import NS, Records
from detectors.jit import inlined
from detectors.state import RING


@inlined
def remember(p: Records, s: Records, ring: Records, i: int, t_ns: int, value: float) -> None:
    """Keep a sample of the rate window, unless the newest is closer than the ring's spacing."""
    if s.ring_count > 0 and t_ns - s.ring_t_ns < p.ring_every_ns:
        return
    s.ring_head = (s.ring_head + 1) & (RING - 1)
    s.ring_count = min(s.ring_count + 1, RING)
    s.ring_t_ns = t_ns
    sample = ring[i * RING + s.ring_head]
    sample.t_ns = t_ns
    sample.value = value


@inlined
def rate_over_window(p: Records, s: Records, ring: Records, i: int, t_ns: int, value: float) -> float:
    """Return the change per second over the window ending here, NaN before half of the window is filled.

    Asked for only where something depends on it; samples that have left the window are dropped then.
    """
    while s.ring_count > 0:
        oldest = ring[i * RING + ((s.ring_head - s.ring_count + 1) & (RING - 1))]
        span_ns = t_ns - oldest.t_ns
        if span_ns <= p.rate_window_ns:
            if 2 * span_ns < p.rate_window_ns:
                return math.nan
            return (value - oldest.value) / (span_ns * NS)  # type: ignore[no-any-return]  # of untyped records
        s.ring_count -= 1
    return math.nan
