"""Uncertain readings: what was told on them is marked, and told again once a good reading bears it out.

A transmitter that marks its readings as uncertain (calibration gas on it, out of its specification; NAMUR NE 107) may still
be right. Limits, range, rate, forecast, robust z, charts, votes, drift and balance judge such readings like good ones; what
only says that a value is unlike its past (season, novelty, shape, groups) passes over them, and nothing learns from them:
the bit of `UNCERTAIN` in `busy` is one of `HEALTH_BITS`.
"""

import math

from detectors.edges import FORECAST, LIMIT, RAISED, Records, emit, name_bound
from detectors.jit import inlined, keep_apart
from detectors.memory import Memory, Params
from detectors.state import C_FORECAST, DOUBTED, N_LIMITS, L
from registry.readings import Quality

UNCERTAIN_QUALITY = int(Quality.UNCERTAIN)
MOST_VOUCHED = N_LIMITS + 1
"""Findings that `vouch` may write."""


@inlined
def doubt(s: Records, out: Records, told: int, n: int) -> None:
    """Mark the findings from `told` on as those of an uncertain reading."""
    keep_apart()
    for k in range(told, n):
        out[k].quality = UNCERTAIN_QUALITY
        if out[k].edge == RAISED and (out[k].method == LIMIT or out[k].method == FORECAST):
            s.busy |= DOUBTED


@inlined
def vouch(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float, score: float, out: Records, n: int) -> int:  # fmt: skip
    """Tell again, on a good reading, the limits that are crossed and the forecast that stands.

    Within a deadband a reading says neither that the limit is crossed nor that it is not: the next one will.
    """
    keep_apart()
    p, s, c, cond = params.base[i], memory.state[i], memory.course[i], memory.cond[i]
    before, standing = n, False
    for k in range(N_LIMITS):
        if not cond[k].active:
            continue
        standing = True
        limit = p.limit[k]
        if value <= limit if k <= L else value >= limit:
            n = emit(out, n, now_ns, t_ns, cond[k].onset_ns, i, LIMIT, RAISED, k, value, value, limit, math.nan, math.nan,
                     score)  # fmt: skip
            n = name_bound(out, n, limit)
    if cond[C_FORECAST].active == 1:
        standing = True
        if c.left_s < math.inf:
            a = params.ahead[i]
            n = emit(out, n, now_ns, t_ns, cond[C_FORECAST].onset_ns, i, FORECAST, RAISED, c.told, value, c.left_s,
                     a.urgent_s if c.urgent else a.forecast_s, c.span_s, c.left_s, score)  # fmt: skip
            n = name_bound(out, n, p.limit[c.told])
    if n > before or not standing:
        s.busy &= ~DOUBTED
    return n
