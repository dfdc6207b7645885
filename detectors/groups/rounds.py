"""Rounds: when a group is judged, what it then says, and from which rounds it learns.

A round is complete when every member that can be read has had a good reading since the last judgement; once half of them have,
one that is slow or silent cannot hold it up for more than `PATIENCE` readings of another. Counts, not clocks: a round ends at the same
reading however the sequence is cut into batches.
"""

import numpy as np
from numpy.typing import NDArray

from detectors.edges import NS, RAISED, RECOVERED, Records, emit
from detectors.findings import NO_LIMIT, Method
from detectors.groups.state import CAPACITY, E_Q, E_T2, NOBODY, SEGMENT, Groups
from detectors.groups.statistic import LAMBDA, learn, measure, share_of
from detectors.jit import inlined, keep_apart, kernel
from detectors.memory import Memory
from detectors.shape_state import C_QUALITY
from detectors.state import C_DEAD, C_RANGE, C_UNCERTAIN, N_LIMITS, NEVER

PATIENCE = 5
"""Readings of one member after which a round ends without those that are still missing."""
CENTRE_ROUNDS = 100.0
"""The centre is the weighted mean of so many calm rounds: it follows the day, not a fault of some minutes."""
BACK = 0.8
"""A finding recovers below this share of its limit."""
_STAGGER = 64
"""Groups that fill at the same round are fitted over so many rounds: a fit takes milliseconds, and all wait for it."""

_T2, _Q = int(Method.T2), int(Method.Q)
_BEFORE = N_LIMITS - 1
_LIMITS = (1 << N_LIMITS) - 1
_MISTRUST = 1 << C_DEAD | 1 << C_RANGE
for _method in (Method.STUCK, Method.NOISE, Method.SATURATION, Method.CLOCK, Method.QUALITY):
    _MISTRUST |= 1 << _BEFORE + int(_method)
_NOT_AWAITED = 1 << C_DEAD | 1 << C_QUALITY


@inlined
def any_active(memory: Memory, i: int, mask: int) -> bool:
    """Tell whether any condition of the mask is active on sensor `i`; pending ones do not count."""
    busy = memory.state[i].busy & mask
    k = 0
    while busy:
        if busy & 1 and memory.cond[i, k].active:
            return True
        busy >>= 1
        k += 1
    return False


@inlined
def take_reading(seat: Records, member: Records, groups: Records, t_ns: int, value: float) -> bool:
    """Count a good reading of a member; tell whether it ends its group's round."""
    m, group = member[seat.member], groups[seat.group]
    m.value = value
    m.count += 1
    if m.awaited:
        m.awaited = 0
        group.missing -= 1
    if group.missing > 0 and (m.count < PATIENCE or 2 * group.missing > group.n):
        return False
    return bool(group.judged_t_ns == NEVER or t_ns - group.judged_t_ns >= group.every_ns)


@kernel
def judge_round(
    memory: Memory, groups: Groups, g: int, now_ns: int, t_ns: int, out: Records, n: int,
    score: NDArray[np.float64], row: int,
) -> tuple[int, int]:  # fmt: skip
    """Judge group `g`, and let it learn; return the number of findings and the group if its plane is due, else NOBODY."""
    keep_apart()
    group = groups.group[g]
    if group.judged_t_ns == NEVER:
        group.judged_t_ns = group.learnt_t_ns = t_ns
    t_ns = max(t_ns, group.judged_t_ns)
    round_s = (t_ns - group.judged_t_ns) * NS
    group.judged_t_ns = t_ns
    calm = _settle_members(memory, groups, g)
    if group.ready:
        group.age_s += round_s
        t2, q = measure(groups, g)
        excess = max(t2 / group.t2_limit, q / group.q_limit)
        score[row] = max(score[row], excess / (1.0 + excess))
        n = _move(memory, groups, g, E_T2, t2, group.t2_limit, round_s, now_ns, t_ns, out, n)
        n = _move(memory, groups, g, E_Q, q, group.q_limit, round_s, now_ns, t_ns, out, n)
        calm = calm and excess < 1.0 and not groups.edge[g, E_T2].active and not groups.edge[g, E_Q].active
        if calm:
            learn(groups, g, CENTRE_ROUNDS)
    late = t_ns - group.learnt_t_ns > group.relearn_ns
    if calm:
        group.learnt_t_ns = t_ns
    elif late and group.ready:
        # A shift that has stood so long is how it is now: begin anew rather than be flagged, or blind, for ever.
        group.ready = 0
        group.kept = 0
        group.stride = 1
        group.accepted = 0
        group.fitted_at = 0
    if calm or late:
        _keep(groups, g, t_ns)
    _begin_round(memory, groups, g)
    if group.kept < CAPACITY:
        return n, NOBODY
    group.hold -= 1
    return n, g if group.hold < 0 else NOBODY


@inlined
def _settle_members(memory: Memory, groups: Groups, g: int) -> bool:
    """Take those that cannot be trusted for missing; tell whether the rest is within its limits."""
    group = groups.group[g]
    calm = True
    for a in range(group.first, group.first + group.n):
        m = groups.member[a]
        if memory.state[m.sensor].busy == 0:
            continue
        if (memory.state[m.sensor].busy >> C_UNCERTAIN) & 1 or any_active(memory, m.sensor, _MISTRUST):
            m.count = 0
        elif any_active(memory, m.sensor, _LIMITS):
            calm = False
    return calm


@inlined
def _begin_round(memory: Memory, groups: Groups, g: int) -> None:
    """Wait for every member of which good readings are to be expected: neither dead nor told bad."""
    group = groups.group[g]
    group.missing = 0
    for a in range(group.first, group.first + group.n):
        m = groups.member[a]
        m.count = 0
        m.awaited = 0 if any_active(memory, m.sensor, _NOT_AWAITED) else 1
        group.missing += m.awaited


@kernel
def lot_of(segment: int) -> int:
    """Return a number that looks drawn at random: kept at even distances, segments would all lie in one phase of a plant's cycle."""
    lot = (segment + 1) * 2_654_435_761 & 0xFFFFFFFF
    lot = (lot ^ lot >> 15) * 2_246_822_519 & 0xFFFFFFFF
    return int(lot ^ lot >> 13)


@inlined
def _keep(groups: Groups, g: int, t_ns: int) -> None:
    """Keep a round for the next fit, if its segment is one that is kept."""
    group = groups.group[g]
    if group.kept < CAPACITY:
        segment = group.accepted // SEGMENT
        if lot_of(segment) % group.stride == 0:
            at = group.kept_at + group.kept * group.n
            for a in range(group.n):
                m = groups.member[group.first + a]
                if m.seen == 0 and m.count > 0:
                    m.seen = 1
                    groups.zero[group.first + a] = m.value
                groups.kept[at + a] = m.value - groups.zero[group.first + a] if m.count > 0 else np.nan
            groups.kept_t_ns[g, group.kept] = t_ns
            groups.kept_segment[g, group.kept // SEGMENT] = segment
            group.kept += 1
            if group.kept == CAPACITY:
                group.hold = g % _STAGGER
        group.accepted += 1


@inlined
def _move(
    memory: Memory, groups: Groups, g: int, e: int, statistic: float, limit: float, round_s: float, now_ns: int,
    t_ns: int, out: Records, n: int,
) -> int:  # fmt: skip
    """Raise T2 or Q after `rounds` rounds in a row beyond its limit, on the sensor that contributes most; or recover it."""
    c, group = groups.edge[g, e], groups.group[g]
    pending = statistic < BACK * limit if c.active else statistic >= limit
    if not pending:
        c.samples = 0
        return n
    if c.samples == 0:
        c.since_ns = t_ns
    c.samples += 1
    if c.samples < group.rounds:
        return n
    c.samples = 0
    edge = RECOVERED if c.active else RAISED
    if edge == RAISED:
        c.onset_ns = c.since_ns
        group.told[e] = _foremost(groups, g, e, NOBODY, NOBODY)
    c.active = 1 - c.active
    who = group.told[e]
    m = groups.member[group.first + who]
    k = _BEFORE + _T2 + e
    memory.cond[m.sensor, k].active = c.active
    memory.cond[m.sensor, k].onset_ns = c.onset_ns
    if c.active:
        memory.state[m.sensor].busy |= 1 << k
    else:
        memory.state[m.sensor].busy &= ~(1 << k)
    excess = statistic / limit
    n = emit(out, n, now_ns, t_ns, c.onset_ns, m.sensor, _T2 + e, edge, NO_LIMIT, m.value, statistic,
             limit if edge == RAISED else BACK * limit, round_s * (2.0 / LAMBDA - 1.0), np.nan,
             excess / (1.0 + excess))  # fmt: skip
    if edge == RAISED:
        _name_others(groups, g, e, who, out[n - 1])
    return n


@inlined
def _contribution(groups: Groups, g: int, e: int, a: int) -> float:
    group = groups.group[g]
    if e == E_T2:
        return share_of(groups, g, a, 0, group.principal)
    return share_of(groups, g, a, group.principal, group.n)


@inlined
def _foremost(groups: Groups, g: int, e: int, but: int, nor: int) -> int:
    """Return the member that contributes most, two left aside."""
    best, most = 0, -1.0
    for a in range(groups.group[g].n):
        if a != but and a != nor:  # noqa: PLR1714 - the compiler knows no tuples of two kinds of integers
            share = _contribution(groups, g, e, a)
            if share > most:
                best, most = a, share
    return best


@inlined
def _name_others(groups: Groups, g: int, e: int, who: int, row: Records) -> None:
    """Write the shares of the three that contribute most."""
    first = groups.group[g].first
    total = 0.0
    for a in range(groups.group[g].n):
        total += _contribution(groups, g, e, a)
    second = _foremost(groups, g, e, who, NOBODY)
    third = _foremost(groups, g, e, who, second)
    row.share = _contribution(groups, g, e, who) / total
    row.peer_1 = groups.member[first + second].sensor
    row.peer_1_share = _contribution(groups, g, e, second) / total
    row.peer_2 = groups.member[first + third].sensor
    row.peer_2_share = _contribution(groups, g, e, third) / total
