"""The step: one pass over readings in arrival order, every method at once.

Plain functions over records (detectors.state, detectors.memory); tests/detectors/oracle.py is the slow obvious version of
the same.
"""

import math

import numpy as np
from numpy.typing import NDArray

from detectors.course import PER_SENSOR, SLOT
from detectors.doubt import MOST_VOUCHED, UNCERTAIN_QUALITY, doubt, vouch
from detectors.edges import Records
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
    judge_uncertain,
)
from detectors.jit import fetch_ahead, fetch_second_line, fused, inlined, keep_apart, kernel
from detectors.judge import judge
from detectors.memory import Memory, Params
from detectors.shape_state import C_CLOCK, C_QUALITY
from detectors.silence import begin, expect, fire_dead, revive
from detectors.state import C_DEAD, C_UNCERTAIN, DOUBTED, N_CONDITIONS, NEVER

OK, LATE, DUPLICATE = 0, 1, 2
"""`status` of a reading: judged; older than its sensor's newest (stored only); the same sensor and time again."""

MAX_MAGNITUDE = 1e30
"""A value beyond is a broken transmitter's, not a process's: it counts as no value, for its square would end a baseline."""
AHEAD = 16
"""How many readings before its turn a sensor's records are fetched into the cache."""
_BAD = 2
_MOST_FOUND = N_CONDITIONS + MOST_VOUCHED
"""Findings that one reading may make."""
_S = 1_000_000_000
_CLOCK, _QUALITY = int(Method.CLOCK), int(Method.QUALITY)


@inlined
def _judge_clock(params: Params, memory: Memory, i: int, event_clock: bool, now_ns: int, before_ns: int, t_ns: int,
                 value: float, out: Records, n: int) -> int:  # fmt: skip
    """Judge a time stamp that is far from the clock, or the first ones that are near it again."""
    keep_apart()
    h, health, s, c = params.health[i], memory.health[i], memory.state[i], memory.cond[i, C_CLOCK]
    most_s = params.base[i].clock_max_s
    if not event_clock and abs(t_ns - now_ns) > most_s * _S:
        return judge_offset(h, most_s, s, health, c, i, now_ns, before_ns, t_ns, value, out, n)
    return judge_right(h, most_s, s, health, c, i, now_ns, t_ns, value, out, n)


@fused
def _place(number: int) -> int:
    """Return a row, which is never negative, as one that the compiler knows not to be: it need not count from the end.

    Asked of each array of records anew, that question was a fifth of the step.
    """
    return int(np.uint32(number))


@fused
def _fetch(base: Records, memory: Memory, seats: Records, members: Records, ahead: int, soon: int) -> None:
    """Bring the records of a coming reading's sensor into the cache, and what they point at of a sooner one's."""
    fetch_ahead(memory.state, ahead)
    fetch_ahead(base, ahead)
    fetch_ahead(seats, ahead)
    fetch_ahead(memory.pulse, ahead)
    fetch_second_line(memory.pulse, ahead)
    fetch_ahead(memory.course, ahead)
    fetch_second_line(memory.course, ahead)
    newest = memory.course[soon].pushed[0]
    fetch_ahead(memory.blocks, soon * PER_SENSOR + ((newest - 1) & SLOT))
    fetch_ahead(memory.blocks, soon * PER_SENSOR + ((newest - 2) & SLOT))
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
    for turn in range(first, len(sensor)):
        row = _place(turn)
        if n + _MOST_FOUND > len(out):
            return row, n, NOBODY
        if row + AHEAD < len(sensor):
            _fetch(
                base, memory, seats, members, _place(sensor[row + AHEAD]), _place(sensor[row + AHEAD // 2])
            )
        i = _place(sensor[row])
        t = t_ns[row]
        if event_clock:
            if clock[0].now_ns == NEVER:
                begin(state, due, clock, t)
            clock[0].now_ns = max(clock[0].now_ns, t)
            if clock[0].now_ns >= due[0]:
                n = fire_dead(base, state, cond, due, clock[0].now_ns, out, n)
                if n + _MOST_FOUND > len(out):
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
                if cond[i, C_QUALITY].active:
                    # it is heard to be bad, which has been told: no silence, until it says nothing more
                    s.heard_now_ns = now
            continue
        if (s.busy >> C_QUALITY) & 1:
            n = judge_good(params.health[i], s, memory.health[i], cond[i, C_QUALITY], i, now, t, v, out, n)
        s.heard_now_ns = now
        if (s.busy >> C_DEAD) & 1:
            n = revive(base[i].dead_after_ns, s, cond[i, C_DEAD], i, now, t, v, out, n)
            expect(state, due, i, now + base[i].dead_after_ns)
        uncertain = quality[row] == UNCERTAIN_QUALITY
        if uncertain or (s.busy >> C_UNCERTAIN) & 1:
            n = judge_uncertain(params.health[i], s, cond[i], i, now, t, v, uncertain, out, n)
        told = n
        n = judge(params, memory, i, now, t, v, out, n, score, row)
        if uncertain:
            doubt(s, out, told, n)
        elif s.busy & DOUBTED:
            n = vouch(params, memory, i, now, t, v, score[row], out, n)
        s.good_t_ns = t
        watch = base[i].watch
        if watch & VOTES and may_vote(s, seats[i], groups.voter, groups.vote):
            n = cast_vote(memory, groups, i, now, t, v, out, n)
        if watch & GROUPED and take_reading(seats[i], members, groups.group, t, v):
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
