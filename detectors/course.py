"""The recent course of a value, at several scales: means of blocks of readings, their noise, and the slope they bear out.

Theory of operation. A spike of one reading is taken out by a running median of three (Tukey 1977). The medians are
averaged over blocks of at least `course_every_ms`; four blocks make one of the next scale, and twelve are kept of each,
so that six windows from 6 to 192 of the shortest blocks stand ready at the cost of one block. For each scale the
variance of a block is learnt from how far it lies from the line between its neighbours, which a steady slope does not
change and a slow wander raises at the scales where it moves (the three-sample variance of clocks; Allan 1966).

`slope_of` fits a line to each window by least squares. The window is the longest whose slope agrees with those of all
shorter ones: as long as its confidence interval meets theirs (intersection of confidence intervals; Goldenshluger and
Nemirovski 1997), so a filling that began a minute ago is seen over that minute, and one that began an hour ago over
as long as is kept.
"""

import math

from detectors.edges import NS, Records
from detectors.jit import fused, inlined, keep_apart
from detectors.state import BLOCKS, MERGED, SCALES, SLOTS

PER_SENSOR = SCALES * SLOTS
"""Blocks of a sensor, one after another by scale."""
SLOT = SLOTS - 1
_MS = 1_000_000
_MEDIAN = 3
"""Readings of a running median; and blocks that tell of their noise."""
_WARM, _MEMORY = 16, 64
"""Blocks whose deviations are averaged plainly; later ones weigh 1 / _MEMORY and are clipped at three sigma."""
_MEETING = 2.0
"""Half the width of a confidence interval, in standard errors, where it must meet those of shorter windows."""
_EXACT = 1e-6
"""The least relative error of a slope: below it rounding would decide."""
_STRAYS = 6.0
"""The variance of a random walk grows fourfold from a scale to the next; what is learnt beyond this is movement, not noise."""
_SURE = 1.2815515655446004
"""The normal quantile of 90 %."""
_LEAST_ROOT = 0.25
"""Bounds the factor at 64, which is that of a single deviation."""
_LOOSER = 1.5
"""A longer window knows a straight course better than a shorter one: if its error is this much larger, it is not straight."""
_EVEN = 4.0
"""The slopes of a window's halves may differ by this factor; those of a step differ without bound."""
_CARRIED = 4.0
"""A bend is carried on over this many of the windows that show it."""
_SLOWER_SIGMAS = 3.0
"""A window's newer half is slower than its older one by so many standard errors before it is believed to come to rest."""
_FURTHER = 2.0
"""And it may go this many times as far as that says."""


@fused
def follow(p: Records, a: Records, c: Records, blocks: Records, i: int, t_ns: int, value: float) -> bool:
    """Let a good reading join the course; return whether it closed a block."""
    every_ns = p.course_every_ms * _MS
    if c.seen > 0 and t_ns - c.last_t_ns > every_ns and t_ns - c.last_t_ns > a.stale_ns:
        c.seen = 0
    if c.seen < _MEDIAN - 1:
        if c.seen == 0:
            c.sum, c.count = 0.0, 0
            for k in range(SCALES):
                c.pushed[k] = 0
        else:
            c.closed_ns = t_ns - every_ns
        c.seen += 1
        c.before, c.last, c.last_t_ns = c.last, value, t_ns
        return False
    at_ns = c.last_t_ns
    if c.count == 0:
        c.first_ns = at_ns
    c.sum += max(min(c.before, c.last), min(max(c.before, c.last), value))
    c.count += 1
    c.before, c.last, c.last_t_ns = c.last, value, t_ns
    if at_ns - c.closed_ns < every_ns:
        return False
    if c.last != c.before:
        c.step = min(c.step, abs(c.last - c.before))
    _keep(c, blocks, 0, i * PER_SENSOR, c.first_ns + ((at_ns - c.first_ns) >> 1), c.sum / c.count)
    c.closed_ns = at_ns
    c.sum, c.count = 0.0, 0
    if c.pushed[0] % MERGED == 0:
        _merge(c, blocks, i * PER_SENSOR)
    return True


@fused
def _keep(c: Records, blocks: Records, k: int, first: int, t_ns: int, value: float) -> None:
    """Keep a block of scale `k`, whose blocks begin at `first`, and learn their noise."""
    newest_at = c.pushed[k]
    block = blocks[first + (newest_at & SLOT)]
    block.t_ns, block.value = t_ns, value
    c.pushed[k] = newest_at + 1
    if newest_at >= _MEDIAN - 1:
        mid, old = blocks[first + ((newest_at - 1) & SLOT)], blocks[first + ((newest_at - 2) & SLOT)]
        _learn_noise(c, k, mid.t_ns - t_ns, mid.value - value, old.t_ns - t_ns, old.value - value)


@inlined
def _merge(c: Records, blocks: Records, first: int) -> None:
    """Keep the blocks of the next scales that the newest block of the shortest one completes."""
    keep_apart()
    for k in range(1, SCALES):
        t_ns, value = _merged(blocks, first, c.pushed[k - 1] - 1)
        first += SLOTS
        _keep(c, blocks, k, first, t_ns, value)
        if c.pushed[k] % MERGED != 0:
            return
    newest_at = c.pushed[SCALES - 1] - 1
    if newest_at + 1 >= 3 * MERGED:
        t0, y0 = _merged(blocks, first, newest_at)
        t1, y1 = _merged(blocks, first, newest_at - MERGED)
        t2, y2 = _merged(blocks, first, newest_at - 2 * MERGED)
        _learn_noise(c, SCALES, t1 - t0, y1 - y0, t2 - t0, y2 - y0)


@inlined
def _merged(blocks: Records, first: int, newest_at: int) -> tuple[int, float]:
    """Return the block that the four that end at `newest_at` make: the middle of their times, the mean of their values."""
    total = 0.0
    for back in range(MERGED):
        total += blocks[first + ((newest_at - back) & SLOT)].value
    new_ns = blocks[first + (newest_at & SLOT)].t_ns
    old_ns = blocks[first + ((newest_at - MERGED + 1) & SLOT)].t_ns
    return old_ns + ((new_ns - old_ns) >> 1), total / MERGED


@fused
def _learn_noise(c: Records, k: int, t1: int, y1: float, t2: int, y2: float) -> None:
    """Learn the variance of a block of scale `k` by how far the middle one of three lies off the line between the others.

    Times and values of the middle and the oldest one, less those of the newest.
    """
    if t2 == 2 * t1:
        off = y1 - 0.5 * y2
        var = off * off * (1.0 / 1.5)
    else:
        share = t1 / t2
        off = y1 - share * y2
        var = off * off / (1.0 + share * share + (1.0 - share) * (1.0 - share))
    n, weight = c.noise_count[k], 1.0 / _MEMORY
    if n < _MEMORY:
        c.noise_count[k] = n + 1
    if n < _WARM:
        weight = 1.0 / (n + 1)
    elif var > 9.0 * c.noise_var[k]:
        var = 9.0 * c.noise_var[k]
    c.noise_var[k] += weight * (var - c.noise_var[k])


@inlined
def newest(c: Records, blocks: Records, i: int) -> Records:
    """Return the newest whole block of the shortest scale; there is one."""
    return blocks[i * PER_SENSOR + ((c.pushed[0] - 1) & SLOT)]


@inlined
def oldest(c: Records, blocks: Records, i: int, k: int) -> Records:
    """Return the oldest block kept of scale `k`; there is one."""
    kept = min(BLOCKS, c.pushed[k])
    return blocks[i * PER_SENSOR + k * SLOTS + ((c.pushed[k] - kept) & SLOT)]


@inlined
def noise_var(a: Records, c: Records, k: int) -> float:
    """Return the variance of a block of scale `k`, never less than the transmitter's resolution leaves unknown."""
    step = min(a.step, c.step)
    var: float = max(c.noise_var[k], step * step / 12.0)
    return var


@inlined
def _at_most(c: Records, k: int) -> float:
    """Return what the variance of a block of scale `k` is at most, with 90 % confidence; infinite before anything is known.

    So many deviations as it rests on, over their chi-square quantile (Wilson and Hilferty 1931). A scale that has seen three
    blocks may have seen them rest by chance.
    """
    n = c.noise_count[k]
    if n == 0:
        return math.inf
    part = 2.0 / (9.0 * n)
    root = max(1.0 - part - _SURE * math.sqrt(part), _LEAST_ROOT)
    var: float = c.noise_var[k] / (root * root * root)
    return var


@inlined
def _line(n: int, x: float, y: float, xx: float, xy: float) -> tuple[float, float]:
    """Return the least-squares slope of `n` points by their sums, and the spread of their times."""
    spread = xx - x * x / n
    return (xy - x * y / n) / spread, spread


@inlined
def _fit(
    a: Records, c: Records, blocks: Records, i: int, k: int, size: int
) -> tuple[float, float, float, float, float]:
    """Return slope, its standard error, the slopes of the older and the newer half, and the span of the newest blocks."""
    first, newest_at = i * PER_SENSOR + k * SLOTS, c.pushed[k] - 1
    new = blocks[first + (newest_at & SLOT)]
    x0, y0, xx0, xy0, yy0 = 0.0, 0.0, 0.0, 0.0, 0.0
    x1, y1, xx1, xy1, yy1 = 0.0, 0.0, 0.0, 0.0, 0.0
    x = 0.0
    half = size // 2
    for back in range(size):
        block = blocks[first + ((newest_at - back) & SLOT)]
        x, y = (block.t_ns - new.t_ns) * NS, block.value - new.value
        if back < half:
            x1, y1, xx1, xy1, yy1 = x1 + x, y1 + y, xx1 + x * x, xy1 + x * y, yy1 + y * y
        else:
            x0, y0, xx0, xy0, yy0 = x0 + x, y0 + y, xx0 + x * x, xy0 + x * y, yy0 + y * y
    older, _ = _line(half, x0, y0, xx0, xy0)
    newer, _ = _line(half, x1, y1, xx1, xy1)
    y = y0 + y1
    slope, spread = _line(size, x0 + x1, y, xx0 + xx1, xy0 + xy1)
    rest = max(yy0 + yy1 - y * y / size - slope * slope * spread, 0.0)
    var = noise_var(a, c, k)
    error = math.sqrt(max(rest / (size - 2), var) / spread)
    # a window is as long as three blocks of the next scale, or one of the scale after it: what those stray by
    # themselves is no slope
    once = min(_at_most(c, k + 1), _STRAYS * var)
    twice = min(_at_most(c, min(k + 2, SCALES)), _STRAYS * once)
    astray = math.sqrt(once + 0.5 * twice)
    return slope, max(error, 2.0 * astray / -x, _EXACT * abs(slope)), older, newer, -x


@inlined
def slope_of(a: Records, c: Records, blocks: Records, i: int) -> tuple[float, float, float, float]:
    """Return the slope per second and the window in seconds that bears it out, its bend per second and the window of that.

    A slope is 0 unless it has `forecast_sigmas` standard errors and both halves of its window go the same way at about the same
    pace: a step has all its change in one of them. The window is 0 where the course is too short to tell. The bend is
    the share by which the slope grows (or, negative, falls) in a second: from the older half of the first window that
    is too long to be straight to the window that is, if they go the same way; 0 where all windows are straight.
    """
    keep_apart()
    low, high = -math.inf, math.inf
    slope, error, older, newer, span_s = 0.0, math.inf, 0.0, 0.0, 0.0
    was, bent_s, straight = 0.0, 0.0, True
    for k in range(SCALES):
        for size in (BLOCKS // 2, BLOCKS):
            if c.pushed[k] < size:
                break
            b, e, b0, b1, s = _fit(a, c, blocks, i, k, size)
            low, high = max(low, b - _MEETING * e), min(high, b + _MEETING * e)
            if low > high or e > _LOOSER * error:
                was, bent_s, straight = b0, s, False
                break
            slope, error, older, newer, span_s = b, e, b0, b1, s
        if not straight:
            break
    if abs(slope) <= a.sigmas * error or not _alike(older, newer):
        return 0.0, span_s, 0.0, 0.0
    bend = (slope - was) / (slope * (0.75 * bent_s - 0.5 * span_s)) if _alike(was, slope) else 0.0
    return slope, span_s, bend, bent_s


@inlined
def settles_short(a: Records, c: Records, blocks: Records, i: int, seen_s: float, gap: float) -> bool:
    """Return whether the newest blocks slow down so that even twice the way that is left to them does not cover `gap`.

    What a pump or valve has disturbed comes to rest exponentially, within a few time constants: a straight line through it
    leads anywhere. The slopes of the halves of the two shortest windows give the time constant; how far apart they must be
    follows from the noise of the blocks. Asked only where no longer window bears the slope out, `seen_s` being the one that does.
    """
    keep_apart()
    if (newest(c, blocks, i).t_ns - oldest(c, blocks, i, 0).t_ns) * NS < seen_s:
        return False
    way = 1.0 if gap > 0.0 else -1.0
    for size in (BLOCKS // 2, BLOCKS):
        if c.pushed[0] < size:
            break
        _, _, older, newer, span_s = _fit(a, c, blocks, i, 0, size)
        older, newer = older * way, newer * way
        half = size // 2
        every_s = span_s / (size - 1)
        spread = every_s * every_s * half * (half * half - 1) / 12.0
        if older - newer <= _SLOWER_SIGMAS * math.sqrt(2.0 * noise_var(a, c, 0) / spread):
            continue
        if newer <= 0.0 or _FURTHER * newer * half * every_s <= abs(gap) * math.log(older / newer):
            return True
    return False


@inlined
def _alike(a: float, b: float) -> bool:
    """Return whether two slopes go the same way, neither more than `_EVEN` times as steep as the other."""
    return a * b > 0.0 and max(abs(a), abs(b)) <= _EVEN * min(abs(a), abs(b))


@inlined
def seconds_over(gap: float, slope: float, bend: float, bent_s: float, urgent_s: float) -> float:
    """Return in how many seconds `gap`, which lies ahead, is covered; infinite if never.

    A slope that bends does so exponentially: what runs away grows by its share of itself, what settles approaches an end
    and may never cover the gap. A bend is carried on over a few of its windows at most, and none is trusted to say
    "never" of what is urgent.
    """
    straight_s = gap / slope
    if bend == 0.0 or straight_s > _CARRIED * bent_s:
        return straight_s
    grown = 1.0 + bend * straight_s
    if grown > 0.0:
        return math.log(grown) / bend
    return straight_s if straight_s <= urgent_s else math.inf
