"""The pulse: what shape and health learn of a sensor, sample after sample and block after block.

A reading costs a few additions: sums of its change, of the change of its change, of its distance from the centre. What
needs a logarithm or a square root is done once in `BLOCK` samples. Windows are thus bounded in count, and in time by the
sensor's own pace: after a silence of five of its intervals the block begins anew.

All of it learns only while no bit of `HEALTH_BITS` (detectors.shape_state) is set in the sensor's `busy`: a sensor that is
dead, bad, stuck, saturated, noisy, out of its range, of wrong time or at odds with its partner teaches nothing. Every other
family tests the same mask before it learns: ``s.busy & HEALTH_BITS == 0``.
"""

import math

from detectors.edges import Records
from detectors.health import end_rest, judge_noise, judge_rest, learn_rest
from detectors.jit import fused, inlined, keep_apart
from detectors.shape import JUMP_BITS, begin_shape, judge_jump, judge_swing, judge_variance
from detectors.shape_state import BLOCK, C_NOISE, C_OSCILLATION, HEALTH_BITS
from detectors.state import FOREVER

GATE = 4.0
"""A change of so many mean changes is looked at: one in 700 where changes are normal."""
WARM_BLOCKS, MEMORY_BLOCKS = 16, 64
"""Blocks before a block is judged by those before it, and blocks that are remembered."""
LONGEST_GAP = FOREVER // 4
_GAP_SAMPLES = 5.0
_TINY = 1e-300
_WATCHED = JUMP_BITS | 1 << C_OSCILLATION
_BUT_NOISE = HEALTH_BITS & ~(1 << C_NOISE)
_K = BLOCK * (BLOCK + 1) / 2.0
_KK = BLOCK * (BLOCK + 1) * (2 * BLOCK + 1) / 6.0 - _K * _K / BLOCK
"""Of the sample numbers 1..BLOCK: their sum, and the sum of squares about their mean."""


@fused
def feel_pulse(u: Records, s: Records, dt_ns: int, value: float) -> bool:
    """Take in a good reading, if there is nothing strange about it; else return False, and `judge_pulse` is to do it.

    Works on two records and on nothing else: this is what every reading runs through.
    """
    change = value - u.prev
    size = abs(change)
    if size == 0.0:
        if u.rest + 1 >= u.suspect:
            return False
    elif u.rest > u.known_rest or u.rest >= u.suspect or size > u.gate or size < u.resolution:
        return False
    off = value - u.centre
    strange = (
        u.side * off < -u.band or s.busy & _WATCHED != 0 or not dt_ns <= u.gap_ns or u.count == BLOCK - 1
    )
    if strange:
        return False
    _add(u, value, change, size, off)
    return True


@fused
def _add(u: Records, value: float, change: float, size: float, off: float) -> None:
    """Add a sample to the block."""
    if size == 0.0:
        u.rest += 1
        u.zeros += 1
    else:
        u.rest = 0
    u.sum_change += min(size, u.gate)
    u.sum_bend += min(abs(change - u.prev_change), 2.0 * u.gate)
    u.count += 1
    y = value - u.first
    u.sum_y += y
    u.sum_yy += y * y
    u.sum_ky += u.count * y
    u.swing += abs(off)
    u.prev = value
    u.prev_change = change


@inlined
def judge_pulse(p: Records, q: Records, s: Records, u: Records, g: Records, h: Records, cond: Records, witnessed: bool, i: int,
                now_ns: int, t_ns: int, dt_ns: int, value: float, score: float, out: Records, n: int) -> int:  # fmt: skip
    """Judge a good reading that is not quite ordinary by the samples just before it, and learn from it.

    `p` and `q` are the parameters of shape and of health; `witnessed` tells that the value's partner moves while it rests.
    """
    keep_apart()
    change = value - u.prev
    size = abs(change)
    stuck = False
    if size == 0.0:
        if u.rest + 1 >= u.suspect:
            n = judge_rest(q, s, u, g, h, cond, witnessed, i, now_ns, t_ns, value, score, out, n)
    elif u.rest > u.known_rest or u.rest >= u.suspect:
        stuck, n = end_rest(q, s, u, h, cond, i, now_ns, t_ns, value, score, out, n)
    # after a gap nothing joins; and the way from a stuck value back to the true one is no jump of the process
    if stuck or not dt_ns <= u.gap_ns:
        if not stuck:
            u.gap_ns = LONGEST_GAP if u.gap_ns < 0 else min(2 * u.gap_ns, LONGEST_GAP)
        u.rest = u.rest + 1 if size == 0.0 else 0
        _begin(u, s, cond, g, t_ns, value)
        return n
    if 0.0 < size < u.resolution:
        u.resolution = size
    if size > u.gate or s.busy & JUMP_BITS:
        n = judge_jump(p, s, u, g, cond, i, now_ns, t_ns, value, score, out, n)
    off = value - u.centre
    if u.side * off < -u.band or s.busy & (1 << C_OSCILLATION):
        n = judge_swing(p, s, u, g, cond, i, now_ns, t_ns, value, score, out, n)
    _add(u, value, change, size, off)
    if u.count == BLOCK:
        n = _end_block(p, q, s, u, g, h, cond, i, now_ns, t_ns, value, score, out, n)
    return n


@inlined
def _begin(u: Records, s: Records, cond: Records, g: Records, t_ns: int, value: float) -> None:
    """Begin a block without a past, at the first reading or after a gap."""
    u.prev = value
    u.prev_change = 0.0
    u.side = 0
    u.swing = 0.0
    begin_shape(s, cond, g)
    _begin_block(u, g, t_ns, value)


@inlined
def _begin_block(u: Records, g: Records, t_ns: int, value: float) -> None:
    u.sum_change = u.sum_bend = u.sum_y = u.sum_yy = u.sum_ky = 0.0
    u.first = value
    u.count = 0
    u.zeros = 0
    g.began_ns = t_ns
    g.tails = 0


@inlined
def _end_block(p: Records, q: Records, s: Records, u: Records, g: Records, h: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
               out: Records, n: int) -> int:  # fmt: skip
    """Judge a block by those before it, and learn from it."""
    pace_ns = (t_ns - g.began_ns) / BLOCK
    g.pace_ns = pace_ns if g.pace_ns == 0.0 else g.pace_ns + (pace_ns - g.pace_ns) / 4.0
    u.gap_ns = max(1, int(min(_GAP_SAMPLES * g.pace_ns, 1.0 * LONGEST_GAP)))

    resolution = u.resolution if u.resolution < math.inf else 0.0
    bend = u.sum_bend / BLOCK
    # about the block's own line, so that a tank that fills is no livelier than one that stands
    about_mean = u.sum_yy - u.sum_y * u.sum_y / BLOCK
    along = u.sum_ky - _K * u.sum_y / BLOCK
    residual = max(about_mean - along * along / _KK, 0.0) / (BLOCK - 2)
    noise = math.log(bend + 0.25 * resolution + _TINY)
    spread = math.log(residual + resolution * resolution / 12.0 + _TINY)

    sound = s.busy & _BUT_NOISE == 0
    if g.blocks >= WARM_BLOCKS:
        noise_rise = noise - h.noise
        noisy, n = judge_noise(q, s, g, h, cond, i, now_ns, t_ns, value, noise, spread, score, out, n)
        if sound and not noisy and s.busy & HEALTH_BITS == 0:
            n = judge_variance(p, s, u, g, cond, i, now_ns, t_ns, value, spread, noise_rise, score, out, n)
    _learn_block(u, g, h, noise, spread, sound, s.busy & HEALTH_BITS == 0, value)
    learn_rest(q, u, g, h, sound)

    mean = u.first + u.sum_y / BLOCK
    u.centre = mean if u.band == 0.0 else u.centre + (mean - u.centre) / 8.0
    u.band = max(bend, resolution, 0.25 * p.oscillation_min)
    if u.side == 0:
        u.side = 1 if value > u.centre else -1
        u.swing = 0.0
        g.crossed_ns = t_ns
    _begin_block(u, g, t_ns, value)
    return n


@inlined
def _learn_block(u: Records, g: Records, h: Records, noise: float, spread: float, was_sound: bool, sound: bool, value: float) -> None:  # fmt: skip
    """Let a block teach what a block is like; a noisy one teaches the noise alone, slowly, so that a new floor is learnt in time."""
    weight = 1.0 / min(g.blocks + 1, MEMORY_BLOCKS)
    if was_sound:
        h.noise, h.noise_var = _taught(
            h.noise, h.noise_var, noise, weight if sound else 0.25 * weight, g.blocks
        )
    if was_sound and sound:
        g.spread, g.spread_var = _taught(g.spread, g.spread_var, spread, weight, g.blocks)
        if u.zeros < BLOCK:  # of those that changed: a value that is held between two analyses is not calm
            change = u.sum_change / (BLOCK - u.zeros)
            g.scale = change if g.scale == 0.0 else g.scale + (change - g.scale) / 8.0
        g.tail_share += (min(g.tails, 4) / BLOCK - g.tail_share) / MEMORY_BLOCKS
        g.blocks = min(g.blocks + 1, MEMORY_BLOCKS)
        u.gate = GATE * max(g.scale, 1e-9 * abs(value), 1e-12)


@inlined
def _taught(mean: float, var: float, x: float, weight: float, blocks: int) -> tuple[float, float]:
    """Return mean and variance after one more block; once warm a block counts for three sigma at the most (Huber 1964)."""
    r = x - mean
    if blocks >= WARM_BLOCKS:
        most = 3.0 * math.sqrt(max(var, 0.01))
        r = min(max(r, -most), most)
    return mean + weight * r, (1.0 - weight) * (var + weight * r * r)
