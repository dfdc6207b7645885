"""The step: one pass over readings in arrival order, every method at once.

Plain functions over records (detectors.state, detectors.memory); tests/detectors/oracle.py is the slow obvious version of
the same.
"""

import math

import numpy as np
from numpy.typing import NDArray

from detectors.baseline import robust_z
from detectors.edges import DEAD, NO_EDGE, NS, RATE, RECOVERED, ROBUST_Z, Records, emit, move_edge
from detectors.findings import NO_LIMIT, Method
from detectors.health import (
    judge_bad,
    judge_good,
    judge_late,
    judge_offset,
    judge_right,
    judge_saturation,
    partner_moves,
)
from detectors.jit import fetch_ahead, fetch_second_line, fused, inlined, kernel
from detectors.limits import judge_limits, judge_range
from detectors.memory import Memory, Params
from detectors.pulse import feel_pulse, judge_pulse
from detectors.shape_state import C_CLOCK, C_QUALITY, C_SATURATION, NO_PARTNER, PULSE_METHODS
from detectors.silence import begin, expect, fire_dead
from detectors.state import C_DEAD, C_RANGE, C_RATE, C_Z, N_CONDITIONS, N_LIMITS, NEVER, RING
from detectors.trend import rate_over_window, remember

OK, LATE, DUPLICATE = 0, 1, 2
"""`status` of a reading: judged; older than its sensor's newest (stored only); the same sensor and time again."""

MAX_MAGNITUDE = 1e30
"""A value beyond is a broken transmitter's, not a process's: it counts as no value, for its square would end a baseline."""
AHEAD = 8
"""How many readings before its turn a sensor's records are fetched into the cache; half as many for its ring."""
_BAD = 2
_S = 1_000_000_000
_BOUNDS = (1 << N_LIMITS) - 1 | 1 << C_RANGE | 1 << C_SATURATION
"""The bits of `busy` that stand for limits and range."""
_PULSE = sum(1 << int(m) for m in PULSE_METHODS)
_SATURATION, _CLOCK, _QUALITY = (int(m) for m in (Method.SATURATION, Method.CLOCK, Method.QUALITY))


@inlined
def _judge_pulse(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, dt_ns: int, value: float, score: float,
                 out: Records, n: int) -> int:  # fmt: skip
    u, g, h, partner = memory.pulse[i], memory.shape[i], memory.health[i], params.health[i].partner
    witnessed = False
    if partner != NO_PARTNER and value == u.prev and u.rest + 1 >= u.suspect:
        witnessed = partner_moves(
            u, g, h, memory.state[partner], memory.pulse[partner], memory.shape[partner], t_ns
        )
    return judge_pulse(params.shape[i], params.health[i], memory.state[i], u, g, h, memory.cond[i], witnessed, i,
                       now_ns, t_ns, dt_ns, value, score, out, n)  # fmt: skip


@fused
def _judge(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float,
           out: Records, n: int, score: NDArray[np.float64], row: int) -> int:  # fmt: skip
    """Judge one good reading by every method that watches its sensor; write its score and its findings."""
    p, s = params.base[i], memory.state[i]
    cond, ring = memory.cond, memory.ring
    calm = p.calm_lo < value < p.calm_hi
    abnormal = not calm or s.busy & _BOUNDS != 0
    watches_rate = (p.watch >> RATE) & 1 != 0
    rate = rate_over_window(p, s, ring, i, t_ns, value) if watches_rate or abnormal else math.nan
    remember(p, s, ring, i, t_ns, value)

    excess = 0.0
    if watches_rate and not math.isnan(rate):
        excess = abs(rate) / p.rate_limit
    z = math.nan
    if (p.watch >> ROBUST_Z) & 1:
        z = robust_z(p, s, t_ns - s.good_t_ns if s.good_t_ns != NEVER else 0, value)
        if not math.isnan(z):
            excess = max(excess, abs(z) / p.z_threshold)
    if not calm and not p.quiet_lo < value < p.quiet_hi:
        excess = max(excess, 1.0)
    points = excess / (1.0 + excess)
    score[row] = points

    if abnormal:
        n = judge_range(p, s, cond, i, now_ns, t_ns, value, points, out, n)
        n = judge_limits(p, s, cond, i, now_ns, t_ns, value, rate, points, out, n)
        if (p.watch >> _SATURATION) & 1:
            n = judge_saturation(params.health[i], p, s, cond[i], i, now_ns, t_ns, value, points, out, n)
    if watches_rate and not math.isnan(rate):
        fast = abs(rate) >= p.rate_limit
        if fast or (s.busy >> C_RATE) & 1:
            edge = move_edge(
                s, cond[i], C_RATE, fast, abs(rate) < 0.8 * p.rate_limit, t_ns, 0, p.off_delay_ns, 2, 0
            )
            if edge != NO_EDGE:
                n = emit(out, n, now_ns, t_ns, cond[i, C_RATE].onset_ns, i, RATE, edge, NO_LIMIT, value, rate,
                         p.rate_limit, p.rate_window_ns * NS, math.nan, points)  # fmt: skip
    if not math.isnan(z):
        far = abs(z) >= p.z_threshold
        if far or (s.busy >> C_Z) & 1:
            edge = move_edge(
                s, cond[i], C_Z, far, abs(z) < 0.6 * p.z_threshold, t_ns, 0, p.z_off_ns, p.z_samples, 0
            )
            if edge != NO_EDGE:
                n = emit(out, n, now_ns, t_ns, cond[i, C_Z].onset_ns, i, ROBUST_Z, edge, NO_LIMIT, value, z,
                         p.z_threshold, p.z_tau_ns * NS, math.nan, points)  # fmt: skip
    if p.watch & _PULSE:
        dt_ns = t_ns - s.good_t_ns if s.good_t_ns != NEVER else 0
        if not feel_pulse(memory.pulse[i], s, dt_ns, value):
            told = n
            n = _judge_pulse(params, memory, i, now_ns, t_ns, dt_ns, value, points, out, n)
            for k in range(told, n):
                score[row] = max(score[row], out[k].score)
    return n


@kernel
def step(params: Params, memory: Memory, event_clock: bool, now_ns: int, first: int,  # noqa: PLR0915 - one pass over the readings
         sensor: NDArray[np.int32], t_ns: NDArray[np.int64], value: NDArray[np.float64], quality: NDArray[np.uint8], status: NDArray[np.uint8],
         score: NDArray[np.float64], out: Records) -> tuple[int, int]:  # fmt: skip
    """Judge readings `first`.. in order; return the row to go on from and the number of findings in `out`.

    It stops early only when `out` might not hold the findings of one more reading; the caller empties it and calls
    again. Under the event clock `now` is the newest event time seen; every silence that is due up to a reading's time
    is told before the reading counts. Under the wall clock `now` is `now_ns` for all of them.
    """
    state, cond, clock, due = memory.state, memory.cond, memory.clock, memory.due
    n = 0
    if not event_clock:
        if clock[0].now_ns == NEVER:
            begin(state, due, clock, now_ns)
        clock[0].now_ns = max(clock[0].now_ns, now_ns)
        if clock[0].now_ns >= due[0]:
            n = fire_dead(params.base, state, cond, due, clock[0].now_ns, out, n)
    for row in range(first, len(sensor)):
        if n + N_CONDITIONS > len(out):
            return row, n
        if row + AHEAD < len(sensor):
            ahead, soon = sensor[row + AHEAD], sensor[row + AHEAD // 2]
            fetch_ahead(state, ahead)
            fetch_ahead(params.base, ahead)
            fetch_ahead(memory.pulse, ahead)
            fetch_second_line(memory.pulse, ahead)
            fetch_ahead(memory.ring, soon * RING + ((state[soon].ring_head + 1) & (RING - 1)))
        i = sensor[row]
        t = t_ns[row]
        if event_clock:
            if clock[0].now_ns == NEVER:
                begin(state, due, clock, t)
            clock[0].now_ns = max(clock[0].now_ns, t)
            if clock[0].now_ns >= due[0]:
                n = fire_dead(params.base, state, cond, due, clock[0].now_ns, out, n)
                if n + N_CONDITIONS > len(out):
                    return row, n
        elif due[0] <= clock[0].now_ns:
            return row, n
        s = state[i]
        score[row] = math.nan
        if t <= s.last_t_ns:
            status[row] = DUPLICATE if t == s.last_t_ns else LATE
            if status[row] == LATE and (params.base[i].watch >> _CLOCK) & 1:
                n = judge_late(
                    params.health[i],
                    s,
                    memory.health[i],
                    cond[i, C_CLOCK],
                    i,
                    event_clock,
                    clock[0].now_ns,
                    t,
                    value[row],
                    out,
                    n,
                )
            continue
        status[row] = OK
        before = s.last_t_ns
        s.last_t_ns = t
        v = value[row]
        now = clock[0].now_ns
        if not event_clock and abs(t - now) > params.base[i].clock_max_s * _S:
            n = judge_offset(
                params.health[i],
                params.base[i].clock_max_s,
                s,
                memory.health[i],
                cond[i, C_CLOCK],
                i,
                now,
                before,
                t,
                v,
                out,
                n,
            )
        elif (s.busy >> C_CLOCK) & 1:
            n = judge_right(
                params.health[i],
                params.base[i].clock_max_s,
                s,
                memory.health[i],
                cond[i, C_CLOCK],
                i,
                now,
                t,
                v,
                out,
                n,
            )
        if quality[row] == _BAD or not abs(v) <= MAX_MAGNITUDE:
            if (params.base[i].watch >> _QUALITY) & 1:
                n = judge_bad(params.health[i], s, memory.health[i], cond[i, C_QUALITY], i, now, t, out, n)
            continue
        if (s.busy >> C_QUALITY) & 1:
            n = judge_good(params.health[i], s, memory.health[i], cond[i, C_QUALITY], i, now, t, v, out, n)
        s.good_now_ns = now
        if (s.busy >> C_DEAD) & 1:
            c = cond[i, C_DEAD]
            c.active = 0
            s.busy &= ~(1 << C_DEAD)
            silent_s = (t - c.onset_ns) * NS
            n = emit(out, n, now, t, c.onset_ns, i, DEAD, RECOVERED, NO_LIMIT, v, silent_s,
                     params.base[i].dead_after_ns * NS, math.nan, math.nan, 0.0)  # fmt: skip
            expect(state, due, i, now + params.base[i].dead_after_ns)
        n = _judge(params, memory, i, now, t, v, out, n, score, row)
        s.good_t_ns = t
    return len(sensor), n


@kernel
def tick(params: Params, memory: Memory, now_ns: int, out: Records) -> int:
    """Move the clock to `now_ns` and raise every silence that is due; return the number of findings in `out`."""
    clock = memory.clock
    if clock[0].now_ns == NEVER:
        begin(memory.state, memory.due, clock, now_ns)
    clock[0].now_ns = max(clock[0].now_ns, now_ns)
    if clock[0].now_ns < memory.due[0]:
        return 0
    return fire_dead(params.base, memory.state, memory.cond, memory.due, clock[0].now_ns, out, 0)
