"""limit and out_of_range: set-points and the transmitter's range."""

import math

from detectors.edges import (
    LIMIT,
    NO_EDGE,
    OUT_OF_RANGE,
    RAISED,
    RECOVERED,
    Records,
    emit,
    move_edge,
    name_bound,
)
from detectors.findings import NO_LIMIT
from detectors.forecast import seconds_to_graver
from detectors.jit import inlined, keep_apart
from detectors.memory import Memory, Params
from detectors.state import C_RANGE, N_LIMITS, L


@inlined
def judge_range(p: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
           out: Records, n: int) -> int:  # fmt: skip
    """Judge the transmitter's range: two samples beyond it are a finding."""
    keep_apart()
    beyond = value < p.range_lo or value > p.range_hi
    if not beyond and not (s.busy >> C_RANGE) & 1:
        return n
    edge = move_edge(s, cond[i], C_RANGE, beyond, not beyond, t_ns, 0, 0, 2, 0)
    if edge == NO_EDGE:
        return n
    bound = p.range_lo if value < p.range_lo or math.isnan(p.range_hi) else p.range_hi
    return emit(out, n, now_ns, t_ns, cond[i, C_RANGE].onset_ns, i, OUT_OF_RANGE, edge, NO_LIMIT, value, value,
                 bound, math.nan, math.nan, score)  # fmt: skip


@inlined
def judge_limits(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float, score: float,
            out: Records, n: int) -> int:  # fmt: skip
    """Judge the five limits, low ones from below and high ones from above (ISA-18.2 deadband, on- and off-delay)."""
    keep_apart()
    p, s, cond = params.base[i], memory.state[i], memory.cond
    for k in range(N_LIMITS):
        limit = p.limit[k]
        if math.isnan(limit):
            continue
        if k <= L:
            inside, outside, back = value <= limit, value > limit + p.deadband, limit + p.deadband
        else:
            inside, outside, back = value >= limit, value < limit - p.deadband, limit - p.deadband
        if not inside and not (s.busy >> k) & 1:
            continue
        edge = move_edge(
            s, cond[i], k, inside, outside, t_ns, p.on_delay_ns, p.off_delay_ns, 1, p.max_samples[k]
        )
        if edge == RAISED:
            forecast_s = seconds_to_graver(params, memory, i, k, value)
            n = emit(out, n, now_ns, t_ns, cond[i, k].onset_ns, i, LIMIT, RAISED, k, value, value, limit, math.nan, forecast_s,
                      score)  # fmt: skip
        elif edge == RECOVERED:
            n = emit(out, n, now_ns, t_ns, cond[i, k].onset_ns, i, LIMIT, RECOVERED, k, value, value, back, math.nan, math.nan,
                      score)  # fmt: skip
        if edge != NO_EDGE:
            n = name_bound(out, n, limit)
    return n
