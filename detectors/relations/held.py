"""What one sensor holds for others: its latest two readings, and the integral of its value over time."""

import math

from detectors.edges import NS, Records
from detectors.jit import inlined


@inlined
def hear(r: Records, h: Records, t_ns: int, value: float) -> bool:
    """Keep a good reading for others; return whether it can be the process's at all."""
    if not r.hear_lo <= value <= r.hear_hi:
        return False
    if h.seen > 0:
        gap_ns = t_ns - h.t_ns
        if gap_ns <= r.gap_ns:
            h.sum += 0.5 * (h.value + value) * (gap_ns * NS)
        else:
            h.breaks += 1
        h.before_ns = h.t_ns
        h.before = h.value
    h.t_ns = t_ns
    h.value = value
    h.seen = min(h.seen + 1, 2)
    return True


@inlined
def value_at(h: Records, t_ns: int, hold_ns: int) -> float:
    """Return the value at a time: held after the latest reading, by a straight line before it; NaN where unknown."""
    if h.seen == 0:
        return math.nan
    if t_ns >= h.t_ns:
        return h.value if t_ns - h.t_ns <= hold_ns else math.nan
    if h.seen < 2 or t_ns < h.before_ns or h.t_ns - h.before_ns > hold_ns:  # noqa: PLR2004 - two make a line
        return math.nan
    share = (t_ns - h.before_ns) / (h.t_ns - h.before_ns)
    between: float = h.before + share * (h.value - h.before)
    return between


@inlined
def sum_at(h: Records, t_ns: int, hold_ns: int) -> float:
    """Return the integral up to a time; NaN where the value then is unknown."""
    value = value_at(h, t_ns, hold_ns)
    if math.isnan(value):
        return math.nan
    if t_ns >= h.t_ns:
        ahead: float = h.sum + value * ((t_ns - h.t_ns) * NS)
        return ahead
    back: float = h.sum - 0.5 * (value + h.value) * ((h.t_ns - t_ns) * NS)
    return back
