"""spike, step, variance and oscillation: how a value moves, whatever it is.

spike and step are one machine behind a gate: a change far beyond the sensor's usual ones is watched until the value is back
(a spike, after Hampel 1974: away from its neighbours by more than k robust sigma) or has stayed. How far is far follows from
the wanted false alarms a day by the tail of the sensor's own changes: beyond the gate they are taken as exponential
(peaks over threshold, Pickands 1975, shape 0), whose rate and mean are learnt.
"""

import math

from detectors.edges import NO_EDGE, NS, RAISED, RECOVERED, Records, emit, move_edge
from detectors.findings import NO_LIMIT, Method
from detectors.jit import inlined
from detectors.shape_state import (
    BLOCK,
    C_OSCILLATION,
    C_SPIKE,
    C_STEP,
    C_VARIANCE,
    HEALTH_BITS,
    TAIL_EXCESS,
)

SPIKE, STEP, VARIANCE, OSCILLATION = (
    int(m) for m in (Method.SPIKE, Method.STEP, Method.VARIANCE, Method.OSCILLATION)
)
JUMP_BITS = 1 << C_SPIKE | 1 << C_STEP
SPIKE_SAMPLES = 2
"""What is away for longer was no spike."""
DAY_NS = 86_400e9
_AWAY, _BACK, _BEYOND = 0.5, 0.3, 1.5
"""Shares of the jump: at least so much is still away, less is back, more has gone on."""
_JUDGED_BLOCKS = 2
_RAISED_SCORE = 0.5
_ALIKE = 1.5
"""Two half periods within this factor are alike; of two that are not related one in five pairs is (see `half_periods`)."""
_LN_CHANCE = math.log((_ALIKE - 1.0) / (_ALIKE + 1.0))
_SD_SPREAD = 0.3
"""ln of the variance of 32 normal samples about their line varies by this: sqrt(2 / 30), a little rounded up."""


@inlined
def begin_shape(s: Records, cond: Records, g: Records) -> None:
    """Forget the jump that is being watched and the oscillation's count: the past does not join the present."""
    g.away = 0
    g.regular = 0
    for k in (C_SPIKE, C_STEP):
        if not cond[k].active:
            s.busy &= ~(1 << k)


@inlined
def depth(false_per_day: float, pace_ns: float, samples: int, in_a_row: int, blocks: int) -> float:
    """Return the z that a normal statistic of every `samples` samples passes `in_a_row` times so often a day; inf where off.

    By the bound 1 - Phi(z) <= exp(-z^2 / 2) / 2, and a little further while sigma rests on few blocks.
    """
    if math.isnan(false_per_day):
        return math.inf
    p = min(false_per_day * samples * pace_ns / DAY_NS, 0.5) ** (1.0 / in_a_row)
    return math.sqrt(-2.0 * math.log(min(2.0 * p, 0.5))) * (1.0 + 3.0 / blocks)


@inlined
def jump_threshold(gate: float, share: float, excess: float, false_per_day: float, pace_ns: float) -> float:
    """Return the change that the learnt tail passes so often a day; inf where the method is off."""
    if math.isnan(false_per_day):
        return math.inf
    often = DAY_NS / max(pace_ns, 1.0) * share / false_per_day
    return gate * (1.0 + excess * math.log(max(often, 1.0)))


@inlined
def judge_jump(p: Records, s: Records, u: Records, g: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
               out: Records, n: int) -> int:  # fmt: skip
    """Judge a change beyond the gate, or the sample after one."""
    n = _end_jumps(p, s, g, cond, i, now_ns, t_ns, value, score, out, n)
    size = abs(value - u.prev)
    if g.away > 0:
        n = _watch(p, s, g, cond, i, now_ns, t_ns, value, score, out, n)
    elif size > u.gate and g.blocks >= _JUDGED_BLOCKS and s.busy & HEALTH_BITS == 0:
        least = max(p.jump_min, 3.0 * u.resolution)
        spike = jump_threshold(u.gate, g.tail_share, g.tail_excess, p.spike_false_per_day, g.pace_ns)
        step = jump_threshold(u.gate, g.tail_share, g.tail_excess, p.step_false_per_day, g.pace_ns)
        # no change teaches more than what would be told: one wild value moves little, a habit of spikes is learnt in time
        excess = min(size, spike, step) / u.gate - 1.0
        g.tail_excess = max(g.tail_excess + (excess - g.tail_excess) / BLOCK, 0.2 * TAIL_EXCESS)
        g.tails += 1
        if size > least and size > min(spike, step):
            g.away = 1
            g.base, g.jump, g.jump_ns = u.prev, value - u.prev, t_ns
            g.reach_spike, g.reach_step = spike, step
            s.busy |= 1 << C_SPIKE
    return n


@inlined
def _watch(p: Records, s: Records, g: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
           out: Records, n: int) -> int:  # fmt: skip
    """Follow a value that jumped until it is back, or has stayed, or is somewhere else."""
    size = abs(g.jump)
    away = (value - g.base) / g.jump
    back = away < _BACK
    if away >= _AWAY and g.away + 1 < p.step_samples:
        g.away += 1
        return n
    if back and g.away <= SPIKE_SAMPLES and size > g.reach_spike and t_ns >= g.next_spike_ns:
        g.next_spike_ns = t_ns + p.spike_gap_ns
        cond[C_SPIKE].active = 1
        cond[C_SPIKE].onset_ns = g.jump_ns
        n = emit(out, n, now_ns, t_ns, g.jump_ns, i, SPIKE, RAISED, NO_LIMIT, g.base + g.jump, g.jump, g.reach_spike,
                 math.nan, math.nan, max(score, _RAISED_SCORE))  # fmt: skip
    elif _AWAY <= away <= _BEYOND and size > g.reach_step and not cond[C_STEP].active:
        cond[C_STEP].active = 1
        cond[C_STEP].onset_ns = g.jump_ns
        s.busy |= 1 << C_STEP
        g.step_base, g.step_jump = g.base, g.jump
        n = emit(out, n, now_ns, t_ns, g.jump_ns, i, STEP, RAISED, NO_LIMIT, value, g.jump, g.reach_step,
                 math.nan, math.nan, max(score, _RAISED_SCORE))  # fmt: skip
    g.away = 0
    if not cond[C_SPIKE].active:
        s.busy &= ~(1 << C_SPIKE)
    return n


@inlined
def _end_jumps(p: Records, s: Records, g: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
               out: Records, n: int) -> int:  # fmt: skip
    """End a told spike at the next sample, a told step when the value is back or the new level has become the level."""
    c = cond[C_SPIKE]
    if c.active:
        c.active = 0
        s.busy &= ~(1 << C_SPIKE)
        n = emit(out, n, now_ns, t_ns, c.onset_ns, i, SPIKE, RECOVERED, NO_LIMIT, value, value - g.base, g.reach_spike,
                 math.nan, math.nan, score)  # fmt: skip
    c = cond[C_STEP]
    if c.active:
        away = (value - g.step_base) / g.step_jump
        if away < _BACK or t_ns - c.onset_ns >= p.step_hold_ns:
            c.active = 0
            s.busy &= ~(1 << C_STEP)
            n = emit(out, n, now_ns, t_ns, c.onset_ns, i, STEP, RECOVERED, NO_LIMIT, value, value - g.step_base,
                     g.reach_step, math.nan, math.nan, score)  # fmt: skip
    return n


@inlined
def judge_variance(p: Records, s: Records, u: Records, g: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float,
                   spread: float, noise_rise: float, score: float, out: Records, n: int) -> int:  # fmt: skip
    """Judge the spread of a block against that of the blocks before: livelier, or unnaturally calm.

    An F test on the logarithm (Bartlett and Kendall 1946), but against how much the blocks of this sensor do vary. What the
    noise has risen by (`noise_rise`, ln of its amplitude) is none of the process. A block that mostly rests is not calm: that
    is for `stuck` to say.
    """
    k = depth(p.variance_false_per_day, g.pace_ns, BLOCK, 2, g.blocks)
    change = spread - g.spread
    if change > 0.0:
        change = max(change - 2.0 * max(noise_rise, 0.0), 0.0)
    z = change / max(math.sqrt(g.spread_var), _SD_SPREAD)
    inside = abs(z) >= k and abs(change) >= 2.0 * math.log(p.variance_times)
    if inside and z < 0.0 and 2 * u.zeros > BLOCK:
        inside = False
    if not inside and not (s.busy >> C_VARIANCE) & 1:
        return n
    edge = move_edge(s, cond, C_VARIANCE, inside, abs(z) < 0.5 * k, g.began_ns, 0, 0, p.variance_blocks, 0)
    if edge == NO_EDGE:
        return n
    raised = max(score, _RAISED_SCORE) if edge == RAISED else score
    return emit(out, n, now_ns, t_ns, cond[C_VARIANCE].onset_ns, i, VARIANCE, edge, NO_LIMIT, value, z, k,
                BLOCK * g.pace_ns * NS, math.nan, raised)  # fmt: skip


@inlined
def half_periods(false_per_day: float, half_ns: float) -> int:
    """Return how many half periods in a row must be like the one before; a number that is never reached where off.

    Of two unrelated (exponential) times one is within the factor r of the other with chance (r - 1) / (r + 1).
    """
    if math.isnan(false_per_day):
        return 1 << 30
    p = min(false_per_day * half_ns / DAY_NS, 1.0)
    return max(6, math.ceil(math.log(p) / _LN_CHANCE))


@inlined
def judge_swing(p: Records, s: Records, u: Records, g: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
                out: Records, n: int) -> int:  # fmt: skip
    """Judge a half period when the value crosses its centre (Hägglund 1995), or that none comes any more.

    A half period counts if the error integrated over it is that of a swing well above the noise, and if it is as long and as
    wide as the one before.
    """
    half_ns = t_ns - g.crossed_ns
    crossed = u.side * (value - u.centre) < -u.band
    overdue = half_ns > 2 * g.half_ns
    if not crossed and not overdue:
        return n
    wide = u.swing / max(half_ns, 1) * max(g.pace_ns, 1.0)
    alike = (
        crossed
        and wide >= max(2.0 * u.band, p.oscillation_min)
        and half_ns < _ALIKE * g.half_ns
        and g.half_ns < _ALIKE * half_ns
        and wide < 2.0 * g.half_swing
        and g.half_swing < 2.0 * wide
    )
    if crossed:
        g.crossed_ns = t_ns
        g.half_ns = half_ns
        g.half_swing = wide
        u.side = -u.side
        u.swing = 0.0
    g.regular = min(g.regular + 1, 1 << 20) if alike else 0
    active = (s.busy >> C_OSCILLATION) & 1 != 0
    needed = half_periods(p.oscillation_false_per_day, 1.0 * max(half_ns, 1))
    if not active and g.regular >= needed and s.busy & HEALTH_BITS == 0:
        cond[C_OSCILLATION].active = 1
        cond[C_OSCILLATION].onset_ns = t_ns - g.regular * half_ns
        s.busy |= 1 << C_OSCILLATION
        return emit(out, n, now_ns, t_ns, cond[C_OSCILLATION].onset_ns, i, OSCILLATION, RAISED, NO_LIMIT, value,
                    1.0 * g.regular, 1.0 * needed, needed * half_ns * NS, math.nan, max(score, _RAISED_SCORE))  # fmt: skip
    if active and not alike:
        cond[C_OSCILLATION].active = 0
        s.busy &= ~(1 << C_OSCILLATION)
        return emit(out, n, now_ns, t_ns, cond[C_OSCILLATION].onset_ns, i, OSCILLATION, RECOVERED, NO_LIMIT, value,
                    0.0, 1.0 * needed, needed * half_ns * NS, math.nan, score)  # fmt: skip
    return n
