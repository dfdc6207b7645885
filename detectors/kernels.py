"""The step: one pass over readings in arrival order, every method at once.

Plain functions over records (detectors.state, detectors.memory); tests/detectors/oracle.py is the slow obvious version of
the same.
"""

import math

import numpy as np
from numpy.typing import NDArray

from detectors.baseline import robust_z
from detectors.edges import RATE, ROBUST_Z, Records
from detectors.findings import Method
from detectors.groups.reading import GROUPED, VOTES
from detectors.groups.rounds import judge_round, take_reading
from detectors.groups.state import NOBODY, Groups
from detectors.groups.vote import cast_vote, may_vote
from detectors.health import (
    judge_bad,
    judge_good,
    judge_late,
    judge_offset,
    judge_right,
    judge_saturation,
    partner_moves,
)
from detectors.jit import fetch_ahead, fused, inlined, kernel
from detectors.limits import judge_limits, judge_range
from detectors.location import BESIDE_Z, judge_location, judge_z, weigh_location
from detectors.memory import Memory, Params
from detectors.pulse import feel_pulse, judge_pulse
from detectors.relations.balance import tell_balance
from detectors.relations.both import relate
from detectors.relations.partners import tell_drift
from detectors.relations.table import HEARD
from detectors.shape_state import C_CLOCK, C_QUALITY, C_SATURATION, NO_PARTNER, PULSE_METHODS
from detectors.silence import begin, expect, fire_dead, revive
from detectors.state import C_DEAD, C_RANGE, N_CONDITIONS, N_LIMITS, NEVER, RING
from detectors.trend import judge_rate, rate_over_window, remember

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


@inlined
def _judge_clock(params: Params, memory: Memory, i: int, event_clock: bool, now_ns: int, before_ns: int, t_ns: int,
                 value: float, out: Records, n: int) -> int:  # fmt: skip
    """Judge a time stamp that is far from the clock, or the first ones that are near it again."""
    h, health, s, c = params.health[i], memory.health[i], memory.state[i], memory.cond[i, C_CLOCK]
    most_s = params.base[i].clock_max_s
    if not event_clock and abs(t_ns - now_ns) > most_s * _S:
        return judge_offset(h, most_s, s, health, c, i, now_ns, before_ns, t_ns, value, out, n)
    return judge_right(h, most_s, s, health, c, i, now_ns, t_ns, value, out, n)


@fused
def _judge(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float,
           out: Records, n: int, score: NDArray[np.float64], row: int) -> int:  # fmt: skip
    """Judge one good reading by every method that watches its sensor; write its score and its findings."""
    p, own, s = params.base[i], params.location[i], memory.state[i]
    cond, ring, chart, calendar, novel = (
        memory.cond,
        memory.ring,
        memory.chart[i],
        memory.calendar[i],
        memory.novel[i],
    )
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
    if p.watch & BESIDE_Z:
        excess = max(excess, weigh_location(p, own, chart, calendar, novel, t_ns, value, z))
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
        n = judge_limits(p, s, cond, i, now_ns, t_ns, value, rate, points, out, n)
        if (p.watch >> _SATURATION) & 1:
            n = judge_saturation(params.health[i], p, s, cond[i], i, now_ns, t_ns, value, points, out, n)
    if watches_rate and not math.isnan(rate):
        n = judge_rate(p, s, cond, i, now_ns, t_ns, value, rate, points, out, n)
    if not math.isnan(z):
        n = judge_z(p, s, cond, i, now_ns, t_ns, value, z, points, out, n)
    if p.watch & BESIDE_Z:
        n = judge_location(p, own, s, chart, calendar, novel, cond, i, now_ns, t_ns, value, z, points, out, n)
    if decides >= 0:
        n = tell_drift(
            params.relation[i],
            memory.state,
            cond,
            memory.partner,
            i,
            decides,
            now_ns,
            t_ns,
            value,
            points,
            out,
            n,
        )
    if stepped:
        n = tell_balance(
            params.relation[i], memory.balance[i], memory.state, cond, i, now_ns, t_ns, value, points, out, n
        )
    if p.watch & _PULSE:
        dt_ns = t_ns - s.good_t_ns if s.good_t_ns != NEVER else 0
        if not feel_pulse(memory.pulse[i], s, dt_ns, value):
            told = n
            n = _judge_pulse(params, memory, i, now_ns, t_ns, dt_ns, value, points, out, n)
            for k in range(told, n):
                score[row] = max(score[row], out[k].score)
    return n


@inlined
def _fetch(base: Records, memory: Memory, seats: Records, members: Records, ahead: int, soon: int) -> None:
    """Bring the records of a coming reading's sensor into the cache, and what they point at of a sooner one's."""
    fetch_ahead(memory.state, ahead)
    fetch_ahead(base, ahead)
    fetch_ahead(seats, ahead)
    fetch_ahead(memory.pulse, ahead)
    fetch_ahead(memory.ring, soon * RING + ((memory.state[soon].ring_head + 1) & (RING - 1)))
    if seats[soon].member != NOBODY:
        fetch_ahead(members, seats[soon].member)


@kernel
def step(params: Params, memory: Memory, groups: Groups, event_clock: bool, now_ns: int, first: int,  # noqa: PLR0915 - one pass over the readings
         sensor: NDArray[np.int32], t_ns: NDArray[np.int64], value: NDArray[np.float64], quality: NDArray[np.uint8], status: NDArray[np.uint8],
         score: NDArray[np.float64], out: Records) -> tuple[int, int, int]:  # fmt: skip
    """Judge readings `first`.. in order; return the row to go on from, the number of findings in `out`, and a group.

    It stops early when `out` might not hold the findings of one more reading, and when the plane of a group is due
    (NOBODY otherwise); the caller empties the one, fits the other (detectors.groups.pca) and calls again. Under the event clock `now` is the newest event time seen; every silence that is due up to a reading's time
    is told before the reading counts. Under the wall clock `now` is `now_ns` for all of them.
    """
    base, state, cond, clock, due = params.base, memory.state, memory.cond, memory.clock, memory.due
    seats, members, n = groups.seat, groups.member, 0
    if not event_clock:
        if clock[0].now_ns == NEVER:
            begin(state, due, clock, now_ns)
        clock[0].now_ns = max(clock[0].now_ns, now_ns)
        if clock[0].now_ns >= due[0]:
            n = fire_dead(base, state, cond, due, clock[0].now_ns, out, n)
    for row in range(first, len(sensor)):
        if n + N_CONDITIONS > len(out):
            return row, n, NOBODY
        if row + AHEAD < len(sensor):
            _fetch(base, memory, seats, members, sensor[row + AHEAD], sensor[row + AHEAD // 2])
        i = sensor[row]
        t = t_ns[row]
        if event_clock:
            if clock[0].now_ns == NEVER:
                begin(state, due, clock, t)
            clock[0].now_ns = max(clock[0].now_ns, t)
            if clock[0].now_ns >= due[0]:
                n = fire_dead(base, state, cond, due, clock[0].now_ns, out, n)
                if n + N_CONDITIONS > len(out):
                    return row, n, NOBODY
        elif due[0] <= clock[0].now_ns:
            return row, n, NOBODY
        s = state[i]
        score[row] = math.nan
        if t <= s.last_t_ns:
            status[row] = DUPLICATE if t == s.last_t_ns else LATE
            if status[row] == LATE and (base[i].watch >> _CLOCK) & 1:
                n = judge_late(params.health[i], s, memory.health[i], cond[i, C_CLOCK], i, event_clock,
                               clock[0].now_ns, t, value[row], out, n)  # fmt: skip
            continue
        status[row] = OK
        before = s.last_t_ns
        s.last_t_ns = t
        v = value[row]
        now = clock[0].now_ns
        if (not event_clock and abs(t - now) > base[i].clock_max_s * _S) or (s.busy >> C_CLOCK) & 1:
            n = _judge_clock(params, memory, i, event_clock, now, before, t, v, out, n)
        if quality[row] == _BAD or not abs(v) <= MAX_MAGNITUDE:
            if (base[i].watch >> _QUALITY) & 1:
                n = judge_bad(params.health[i], s, memory.health[i], cond[i, C_QUALITY], i, now, t, out, n)
            continue
        if (s.busy >> C_QUALITY) & 1:
            n = judge_good(params.health[i], s, memory.health[i], cond[i, C_QUALITY], i, now, t, v, out, n)
        s.good_now_ns = now
        if (s.busy >> C_DEAD) & 1:
            n = revive(base[i].dead_after_ns, s, cond[i, C_DEAD], i, now, t, v, out, n)
            expect(state, due, i, now + base[i].dead_after_ns)
        n = _judge(params, memory, i, now, t, v, out, n, score, row)
        s.good_t_ns = t
        watch = base[i].watch
        if watch & VOTES and may_vote(s, seats[i], groups.voter, groups.vote):
            n = cast_vote(memory, groups, i, now, t, v, out, n)
        if watch & GROUPED and take_reading(seats[i], members, groups.group, groups.zero, t, v):
            n, fit = judge_round(memory, groups, seats[i].group, now, t, out, n, score, row)
            if fit != NOBODY:
                return row + 1, n, fit
    return len(sensor), n, NOBODY


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
