"""One good reading, judged by every method that watches its sensor: the order of the methods, and nothing else of them."""

import math

import numpy as np
from numpy.typing import NDArray

from detectors.baseline import robust_z
from detectors.course import follow
from detectors.edges import FORECAST, RATE, ROBUST_Z, Records
from detectors.findings import NO_LIMIT, Method
from detectors.forecast import judge_forecast, look_ahead
from detectors.health import (
    judge_saturation,
    partner_moves,
)
from detectors.jit import fused, inlined, keep_apart
from detectors.limits import judge_limits, judge_range
from detectors.location import BESIDE_Z, WEIGHS_EACH, judge_location, judge_z, weigh_location
from detectors.memory import Memory, Params
from detectors.mode import judge_mode, settling
from detectors.pulse import feel_pulse, judge_pulse
from detectors.relations.balance import tell_balance
from detectors.relations.both import relate
from detectors.relations.partners import tell_drift
from detectors.relations.table import HEARD
from detectors.shape_state import C_SATURATION, HEALTH_BITS, NO_PARTNER, PULSE_METHODS
from detectors.state import C_FORECAST, C_RANGE, C_RATE, C_UNCERTAIN, MERGED, N_LIMITS, NEVER, TANK
from detectors.trend import judge_rate, rate_over_window, remember

_BOUNDS = (1 << N_LIMITS) - 1 | 1 << C_RANGE | 1 << C_SATURATION
"""The bits of `busy` that stand for limits, range and its ends."""
_PULSE = sum(1 << int(m) for m in PULSE_METHODS)
_SATURATION = int(Method.SATURATION)


@fused
def _run_on(params: Params, memory: Memory, i: int, t_ns: int, value: float) -> bool:
    """Let a reading join its sensor's course, and look at mode and limits ahead; return whether a limit is ahead, or was."""
    p, a, c = params.base[i], params.ahead[i], memory.course[i]
    if not follow(p, a, c, memory.blocks, i, t_ns, value):
        return False
    if p.watch & TANK and (c.pushed[0] % MERGED == 0 or c.pushed[0] == 1):
        judge_mode(params, memory, i, t_ns)
    if not (p.watch >> FORECAST) & 1:
        return False
    standing: bool = c.target != NO_LIMIT or (memory.state[i].busy >> C_FORECAST) & 1 != 0
    if not standing and a.ahead_lo < value < a.ahead_hi:
        return False
    look_ahead(params, memory, i, t_ns, value)
    return standing or bool(c.target != NO_LIMIT)


@fused
def _settled_z(params: Params, memory: Memory, i: int, t_ns: int, value: float, learns: bool) -> float:
    """Return the robust z, NaN while it is not known; a tank that has begun to fill or drain settles before it counts."""
    p, s = params.base[i], memory.state[i]
    z = robust_z(p, s, t_ns - s.good_t_ns if s.good_t_ns != NEVER else 0, value, learns)
    if abs(z) >= p.z_threshold and learns and settling(params, memory, i, t_ns):
        s.z_count = 0
        return math.nan
    return z


@inlined
def _feel_on(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, dt_ns: int, value: float, score: float,
             out: Records, n: int) -> int:  # fmt: skip
    keep_apart()
    u, g, h, partner = memory.pulse[i], memory.shape[i], memory.health[i], params.health[i].partner
    witnessed = False
    if partner != NO_PARTNER and value == u.prev and u.rest + 1 >= u.suspect:
        witnessed = partner_moves(
            u, g, h, memory.state[partner], memory.pulse[partner], memory.shape[partner], t_ns
        )
    return judge_pulse(params.shape[i], params.health[i], memory.state[i], u, g, h, memory.cond[i], witnessed, i,
                       now_ns, t_ns, dt_ns, value, score, out, n)  # fmt: skip


@fused
def _judge_pulse(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float, points: float,
                 out: Records, n: int, score: NDArray[np.float64], row: int) -> int:  # fmt: skip
    """Judge shape and health; what they find raises the reading's score."""
    s = memory.state[i]
    if (s.busy >> C_UNCERTAIN) & 1:
        # the next good reading begins a block: how it went till then is not known
        memory.pulse[i].gap_ns = -1
        return n
    dt_ns = t_ns - s.good_t_ns if s.good_t_ns != NEVER else 0
    if feel_pulse(memory.pulse[i], s, dt_ns, value):
        return n
    told = n
    n = _feel_on(params, memory, i, now_ns, t_ns, dt_ns, value, points, out, n)
    for k in range(told, n):
        score[row] = max(score[row], out[k].score)
    return n


@fused
def judge(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float,
           out: Records, n: int, score: NDArray[np.float64], row: int) -> int:  # fmt: skip
    """Judge one good reading by every method that watches its sensor; write its score and its findings."""
    p, s, cond = params.base[i], memory.state[i], memory.cond
    aimed, excess = False, 0.0
    if p.course_every_ms:
        aimed = _run_on(params, memory, i, t_ns, value)
        excess = memory.course[i].nearness
    calm = p.calm_lo < value < p.calm_hi
    abnormal = not calm or s.busy & _BOUNDS != 0
    watches_rate = (p.watch >> RATE) & 1 != 0
    # the first reading out of the range, which no condition tells of yet, teaches nothing either
    learns = s.busy & HEALTH_BITS == 0 and (calm or not (value < p.range_lo or value > p.range_hi))
    rate, z = math.nan, math.nan
    if watches_rate:
        rate = rate_over_window(p, memory.window[i], memory.ring, i, t_ns, value)
        remember(p, memory.window[i], memory.ring, i, t_ns, value)
    if not math.isnan(rate):
        excess = max(excess, abs(rate) / p.rate_limit)
    if (p.watch >> ROBUST_Z) & 1:
        z = _settled_z(params, memory, i, t_ns, value, learns)
    if not math.isnan(z):
        excess = max(excess, abs(z) / p.z_threshold)
    weighs = p.watch & WEIGHS_EACH != 0 or (p.watch & BESIDE_Z != 0 and t_ns >= s.season_ns)
    if weighs:
        excess = max(excess, weigh_location(p, params.location[i], s, memory.chart[i], memory.calendar[i], memory.novel[i],
                                            t_ns, value, z, learns))  # fmt: skip
    if not calm and not p.quiet_lo < value < p.quiet_hi:
        excess = max(excess, 1.0)
    decides, stepped = -1, False
    if p.watch & HEARD:
        decides, stepped, apart = relate(params, memory, i, t_ns, value)
        excess = max(excess, apart)
    points = excess / (1.0 + excess)
    score[row] = points

    if abnormal:
        n = judge_range(p, s, cond, i, now_ns, t_ns, value, points, out, n)
        n = judge_limits(params, memory, i, now_ns, t_ns, value, points, out, n)
        if (p.watch >> _SATURATION) & 1:
            n = judge_saturation(params.health[i], p, s, cond[i], i, now_ns, t_ns, value, points, out, n)
    if aimed or (s.busy >> C_FORECAST) & 1:
        n = judge_forecast(params, memory, i, now_ns, t_ns, value, aimed, points, out, n)
    if abs(rate) >= p.rate_limit or ((s.busy >> C_RATE) & 1 and not math.isnan(rate)):
        n = judge_rate(p, s, cond, i, now_ns, t_ns, value, rate, points, out, n)
    if not math.isnan(z):
        n = judge_z(p, s, cond, i, now_ns, t_ns, value, z, learns, points, out, n)
    if weighs:
        n = judge_location(p, params.location[i], s, memory.chart[i], memory.calendar[i], memory.novel[i], cond, i,
                           now_ns, t_ns, value, z, points, out, n)  # fmt: skip
    if decides >= 0:
        n = tell_drift(params.relation[i], memory.state, cond, memory.partner, i, decides, now_ns, t_ns, value, points,
                       out, n)  # fmt: skip
    if stepped:
        n = tell_balance(
            params.relation[i], memory.balance[i], memory.state, cond, i, now_ns, t_ns, value, points, out, n
        )
    if p.watch & _PULSE:
        n = _judge_pulse(params, memory, i, now_ns, t_ns, value, points, out, n, score, row)
    return n
