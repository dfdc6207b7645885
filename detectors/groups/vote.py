"""VOTE: M of N sensors that watch the same thing are out on the same side at the same time.

Source: M-out-of-N voting of safety instrumented systems (IEC 61511). A member that is dead or cannot be trusted does not
count and never reads as safe: when fewer than M are left, one is enough (degraded voting), and the finding's
threshold says so.
"""

import numpy as np

from detectors.edges import RAISED, RECOVERED, Records, emit
from detectors.findings import NO_LIMIT, Method
from detectors.groups.rounds import any_active
from detectors.groups.state import HIGH, LOW, NOBODY, Groups
from detectors.jit import inlined, keep_apart, kernel
from detectors.memory import Memory
from detectors.state import C_DEAD, C_RANGE, DESIGN, HH, LL, N_LIMITS, H, L

_BEFORE = N_LIMITS - 1
_VOTE = int(Method.VOTE)
_LOW, _HIGH = 1 << LL | 1 << L, 1 << H | 1 << HH | 1 << DESIGN
_ANOMALY = 0
for _method in (Method.ROBUST_Z, Method.CUSUM, Method.EWMA, Method.SEASON, Method.STEP):
    _ANOMALY |= 1 << _BEFORE + int(_method)
# Not SATURATION: a value at the end of its range is still beyond the limit that it crossed.
_MISTRUST = 1 << C_DEAD | 1 << C_RANGE
for _method in (Method.STUCK, Method.NOISE, Method.CLOCK, Method.QUALITY, Method.DRIFT):
    _MISTRUST |= 1 << _BEFORE + int(_method)


@inlined
def may_vote(state: Records, seat: Records, voters: Records, votes: Records) -> bool:
    """Tell whether a reading of this sensor can change a vote: it is, or was, out, or the vote stands."""
    if state.busy != 0 or voters[seat.voter].sides != 0:
        return True
    return bool(votes[seat.vote].standing != NOBODY)


@kernel
def cast_vote(
    memory: Memory, groups: Groups, i: int, now_ns: int, t_ns: int, value: float, out: Records, n: int
) -> int:
    """See on which side sensor `i` is after this reading, and count its vote again."""
    keep_apart()
    seat = groups.seat[i]
    voter, vote = groups.voter[seat.voter], groups.vote[seat.vote]
    _take_side(memory, voter, i, t_ns, value)
    if vote.standing != NOBODY:
        return _recover(memory, groups, seat.vote, now_ns, t_ns, out, n)
    for side in (HIGH, LOW):
        if (voter.sides >> side) & 1:
            n = _raise(memory, groups, seat.vote, side, i, now_ns, t_ns, value, out, n)
    return n


@inlined
def _take_side(memory: Memory, voter: Records, i: int, t_ns: int, value: float) -> None:
    """Low and high limits say their side; an anomaly's is the one on which it began."""
    sides = 0
    if any_active(memory, i, _LOW):
        sides |= 1 << LOW
    if any_active(memory, i, _HIGH):
        sides |= 1 << HIGH
    if any_active(memory, i, _ANOMALY):
        if voter.lean == NOBODY:
            voter.lean = HIGH if value >= memory.state[i].mean else LOW
        sides |= 1 << voter.lean
    else:
        voter.lean = NOBODY
    if sides != 0 and voter.sides == 0:
        voter.since_ns = t_ns
    voter.sides = sides


@inlined
def _counted(memory: Memory, groups: Groups, v: int, side: int) -> tuple[int, int]:
    """Return how many are on a side, and how many are enough."""
    vote = groups.vote[v]
    count = living = 0
    for a in range(vote.first, vote.first + vote.n):
        voter = groups.voter[a]
        if not any_active(memory, voter.sensor, _MISTRUST):
            living += 1
            count += (voter.sides >> side) & 1
    return count, vote.needed if living >= vote.needed else 1


@inlined
def _raise(memory: Memory, groups: Groups, v: int, side: int, i: int, now_ns: int, t_ns: int, value: float,
           out: Records, n: int) -> int:  # fmt: skip
    vote = groups.vote[v]
    count, enough = _counted(memory, groups, v, side)
    if vote.standing != NOBODY or count < enough:
        return n
    vote.standing, vote.side, vote.onset_ns = i, side, t_ns
    peers = 0
    first_peer = second_peer = NOBODY
    for a in range(vote.first, vote.first + vote.n):
        voter = groups.voter[a]
        if (voter.sides >> side) & 1 and not any_active(memory, voter.sensor, _MISTRUST):
            vote.onset_ns = min(vote.onset_ns, voter.since_ns)
            if voter.sensor != i:
                if peers == 0:
                    first_peer = voter.sensor
                elif peers == 1:
                    second_peer = voter.sensor
                peers += 1
    _mark(memory, i, 1, vote.onset_ns)
    n = emit(out, n, now_ns, t_ns, vote.onset_ns, i, _VOTE, RAISED, NO_LIMIT, value, count, enough, np.nan, np.nan,
             0.5)  # fmt: skip
    out[n - 1].peer_1 = first_peer
    out[n - 1].peer_2 = second_peer
    return n


@inlined
def _recover(memory: Memory, groups: Groups, v: int, now_ns: int, t_ns: int, out: Records, n: int) -> int:
    vote = groups.vote[v]
    count, enough = _counted(memory, groups, v, vote.side)
    if count >= enough:
        return n
    who = vote.standing
    vote.standing = NOBODY
    _mark(memory, who, 0, vote.onset_ns)
    return emit(out, n, now_ns, t_ns, vote.onset_ns, who, _VOTE, RECOVERED, NO_LIMIT, np.nan, count, enough, np.nan,
                np.nan, 0.0)  # fmt: skip


@inlined
def _mark(memory: Memory, i: int, active: int, onset_ns: int) -> None:
    k = _BEFORE + _VOTE
    memory.cond[i, k].active = active
    memory.cond[i, k].onset_ns = onset_ns
    if active:
        memory.state[i].busy |= 1 << k
    else:
        memory.state[i].busy &= ~(1 << k)
