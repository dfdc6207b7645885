"""The step: one pass over readings in arrival order, every method at once.

Plain functions over records (detectors.state, detectors.memory); tests/detectors/oracle.py is the slow obvious version of
the same.
"""

import math

import numpy as np
from numpy.typing import NDArray

from detectors.baseline import robust_z
from detectors.course import follow
from detectors.edges import DEAD, FORECAST, NO_EDGE, NS, RATE, RECOVERED, ROBUST_Z, Records, emit, move_edge
from detectors.findings import NO_LIMIT
from detectors.forecast import judge_forecast, look_ahead
from detectors.jit import fetch_ahead, fused, kernel
from detectors.limits import judge_limits, judge_range
from detectors.memory import Memory, Params
from detectors.mode import judge_mode, settling
from detectors.silence import begin, fire_dead
from detectors.state import (
    C_DEAD,
    C_FORECAST,
    C_RANGE,
    C_RATE,
    C_Z,
    MERGED,
    N_CONDITIONS,
    N_LIMITS,
    NEVER,
    TANK,
)
from detectors.trend import rate_over_window, remember

OK, LATE, DUPLICATE = 0, 1, 2
"""`status` of a reading: judged; older than its sensor's newest (stored only); the same sensor and time again."""

MAX_MAGNITUDE = 1e30
"""A value beyond is a broken transmitter's, not a process's: it counts as no value, for its square would end a baseline."""
AHEAD = 8
"""How many readings before its turn a sensor's records are fetched into the cache."""
_BAD = 2
_BOUNDS = (1 << N_LIMITS) - 1 | 1 << C_RANGE
"""The bits of `busy` that stand for limits and range."""


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
def _judge(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float,
           out: Records, n: int, score: NDArray[np.float64], row: int) -> int:  # fmt: skip
    """Judge one good reading by every method that watches its sensor; write its score and its findings."""
    p, s = params.base[i], memory.state[i]
    cond, ring = memory.cond, memory.ring
    aimed, excess = False, 0.0
    if p.course_every_ms:
        aimed = _run_on(params, memory, i, t_ns, value)
        excess = memory.course[i].nearness
    calm = p.calm_lo < value < p.calm_hi
    abnormal = not calm or s.busy & _BOUNDS != 0
    watches_rate = (p.watch >> RATE) & 1 != 0
    rate = math.nan
    if watches_rate:
        rate = rate_over_window(p, s, ring, i, t_ns, value)
        remember(p, s, ring, i, t_ns, value)
    if watches_rate and not math.isnan(rate):
        excess = max(excess, abs(rate) / p.rate_limit)
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
        n = judge_limits(params, memory, i, now_ns, t_ns, value, points, out, n)
    if aimed or (s.busy >> C_FORECAST) & 1:
        n = judge_forecast(params, memory, i, now_ns, t_ns, value, aimed, points, out, n)
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
        if far and settling(params, memory, i, t_ns):
            far, s.z_count = False, 0
        if far or (s.busy >> C_Z) & 1:
            edge = move_edge(
                s, cond[i], C_Z, far, abs(z) < 0.6 * p.z_threshold, t_ns, 0, p.z_off_ns, p.z_samples, 0
            )
            if edge != NO_EDGE:
                n = emit(out, n, now_ns, t_ns, cond[i, C_Z].onset_ns, i, ROBUST_Z, edge, NO_LIMIT, value, z,
                         p.z_threshold, p.z_tau_ns * NS, math.nan, points)  # fmt: skip
    return n


@kernel
def step(params: Params, memory: Memory, event_clock: bool, now_ns: int, first: int,
         sensor: NDArray[np.int32], t_ns: NDArray[np.int64], value: NDArray[np.float64], quality: NDArray[np.uint8], status: NDArray[np.uint8],
         score: NDArray[np.float64], out: Records) -> tuple[int, int]:  # fmt: skip
    """Judge readings `first`.. in order; return the row to go on from and the number of findings in `out`.

    It stops early only when `out` might not hold the findings of one more reading; the caller empties it and calls
    again. Under the event clock `now` is the newest event time seen; every silence that is due up to a reading's time
    is told before the reading counts. Under the wall clock `now` is `now_ns` for all of them.
    """
    state, cond, clock = memory.state, memory.cond, memory.clock
    n = 0
    if not event_clock:
        if clock[0].now_ns == NEVER:
            begin(params.base, state, clock, now_ns)
        clock[0].now_ns = max(clock[0].now_ns, now_ns)
        if clock[0].now_ns >= clock[0].next_dead_ns:
            n = fire_dead(params.base, state, cond, clock, clock[0].now_ns, out, n)
    for row in range(first, len(sensor)):
        if n + N_CONDITIONS > len(out):
            return row, n
        if row + AHEAD < len(sensor):
            ahead = sensor[row + AHEAD]
            fetch_ahead(state, ahead)
            fetch_ahead(params.base, ahead)
            fetch_ahead(memory.course, ahead)
        i = sensor[row]
        t = t_ns[row]
        if event_clock:
            if clock[0].now_ns == NEVER:
                begin(params.base, state, clock, t)
            clock[0].now_ns = max(clock[0].now_ns, t)
            if clock[0].now_ns >= clock[0].next_dead_ns:
                n = fire_dead(params.base, state, cond, clock, clock[0].now_ns, out, n)
                if n + N_CONDITIONS > len(out):
                    return row, n
        elif clock[0].next_dead_ns <= clock[0].now_ns:
            return row, n
        s = state[i]
        score[row] = math.nan
        if t <= s.last_t_ns:
            status[row] = DUPLICATE if t == s.last_t_ns else LATE
            continue
        status[row] = OK
        s.last_t_ns = t
        v = value[row]
        if quality[row] == _BAD or not abs(v) <= MAX_MAGNITUDE:
            continue
        now = clock[0].now_ns
        s.good_now_ns = now
        if (s.busy >> C_DEAD) & 1:
            c = cond[i, C_DEAD]
            c.active = 0
            s.busy &= ~(1 << C_DEAD)
            silent_s = (t - c.onset_ns) * NS
            n = emit(out, n, now, t, c.onset_ns, i, DEAD, RECOVERED, NO_LIMIT, v, silent_s,
                     params.base[i].dead_after_ns * NS, math.nan, math.nan, 0.0)  # fmt: skip
            clock[0].next_dead_ns = min(clock[0].next_dead_ns, now + params.base[i].dead_after_ns)
        n = _judge(params, memory, i, now, t, v, out, n, score, row)
        s.good_t_ns = t
    return len(sensor), n


@kernel
def tick(params: Params, memory: Memory, now_ns: int, out: Records) -> int:
    """Move the clock to `now_ns` and raise every silence that is due; return the number of findings in `out`."""
    clock = memory.clock
    if clock[0].now_ns == NEVER:
        begin(params.base, memory.state, clock, now_ns)
    clock[0].now_ns = max(clock[0].now_ns, now_ns)
    if clock[0].now_ns < clock[0].next_dead_ns:
        return 0
    return fire_dead(params.base, memory.state, memory.cond, clock, clock[0].now_ns, out, 0)
