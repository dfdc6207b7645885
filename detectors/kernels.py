"""The step: one pass over readings in arrival order, every method at once.

Plain functions over records (detectors.state, detectors.memory); tests/detectors/oracle.py is the slow obvious version of
the same.
"""

import math

import numpy as np
from numpy.typing import NDArray

from detectors.baseline import robust_z
from detectors.edges import DEAD, NO_EDGE, NS, RATE, RECOVERED, ROBUST_Z, Records, emit, move_edge
from detectors.findings import NO_LIMIT
from detectors.groups.reading import GROUPED, VOTES
from detectors.groups.rounds import judge_round, take_reading
from detectors.groups.state import NOBODY, Groups
from detectors.groups.vote import cast_vote, may_vote
from detectors.jit import fetch_ahead, inlined, kernel
from detectors.limits import judge_limits, judge_range
from detectors.memory import Memory, Params
from detectors.silence import begin, fire_dead
from detectors.state import C_DEAD, C_RANGE, C_RATE, C_Z, N_CONDITIONS, N_LIMITS, NEVER, RING
from detectors.trend import rate_over_window, remember

OK, LATE, DUPLICATE = 0, 1, 2
"""`status` of a reading: judged; older than its sensor's newest (stored only); the same sensor and time again."""

MAX_MAGNITUDE = 1e30
"""A value beyond is a broken transmitter's, not a process's: it counts as no value, for its square would end a baseline."""
AHEAD = 8
"""How many readings before its turn a sensor's records are fetched into the cache; half as many for its ring."""
_BAD = 2
_BOUNDS = (1 << N_LIMITS) - 1 | 1 << C_RANGE
"""The bits of `busy` that stand for limits and range."""


@inlined
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
    return n


@inlined
def _fetch(base: Records, memory: Memory, seats: Records, members: Records, ahead: int, soon: int) -> None:
    """Bring the records of a coming reading's sensor into the cache, and what they point at of a sooner one's."""
    fetch_ahead(memory.state, ahead)
    fetch_ahead(base, ahead)
    fetch_ahead(seats, ahead)
    fetch_ahead(memory.ring, soon * RING + ((memory.state[soon].ring_head + 1) & (RING - 1)))
    if seats[soon].member != NOBODY:
        fetch_ahead(members, seats[soon].member)


@kernel
def step(params: Params, memory: Memory, groups: Groups, event_clock: bool, now_ns: int, first: int,
         sensor: NDArray[np.int32], t_ns: NDArray[np.int64], value: NDArray[np.float64], quality: NDArray[np.uint8], status: NDArray[np.uint8],
         score: NDArray[np.float64], out: Records) -> tuple[int, int, int]:  # fmt: skip
    """Judge readings `first`.. in order; return the row to go on from, the number of findings in `out`, and a group.

    It stops early when `out` might not hold the findings of one more reading, and when the plane of a group is due
    (NOBODY otherwise); the caller empties the one, fits the other (detectors.groups.pca) and calls again. Under the event clock `now` is the newest event time seen; every silence that is due up to a reading's time
    is told before the reading counts. Under the wall clock `now` is `now_ns` for all of them.
    """
    state, cond, clock = memory.state, memory.cond, memory.clock
    n = 0
    seats, members = groups.seat, groups.member
    if not event_clock:
        if clock[0].now_ns == NEVER:
            begin(params.base, state, clock, now_ns)
        clock[0].now_ns = max(clock[0].now_ns, now_ns)
        if clock[0].now_ns >= clock[0].next_dead_ns:
            n = fire_dead(params.base, state, cond, clock, clock[0].now_ns, out, n)
    for row in range(first, len(sensor)):
        if n + N_CONDITIONS > len(out):
            return row, n, NOBODY
        if row + AHEAD < len(sensor):
            _fetch(params.base, memory, seats, members, sensor[row + AHEAD], sensor[row + AHEAD // 2])
        i = sensor[row]
        t = t_ns[row]
        if event_clock:
            if clock[0].now_ns == NEVER:
                begin(params.base, state, clock, t)
            clock[0].now_ns = max(clock[0].now_ns, t)
            if clock[0].now_ns >= clock[0].next_dead_ns:
                n = fire_dead(params.base, state, cond, clock, clock[0].now_ns, out, n)
                if n + N_CONDITIONS > len(out):
                    return row, n, NOBODY
        elif clock[0].next_dead_ns <= clock[0].now_ns:
            return row, n, NOBODY
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
        watch = params.base[i].watch
        if watch & VOTES and may_vote(s, seats[i], groups.voter, groups.vote):
            n = cast_vote(memory, groups, i, now, t, v, out, n)
        if watch & GROUPED and take_reading(seats[i], members, groups.group, t, v):
            n, due = judge_round(memory, groups, seats[i].group, now, t, out, n, score, row)
            if due != NOBODY:
                return row + 1, n, due
    return len(sensor), n, NOBODY


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
