"""mode: whether a tank is being filled, is drained, or rests, told from its own level.

Theory of operation. Every level sensor of an equipment follows its own level (`judge_mode`, when a block of its course
closes). It moves where the change over one of the course's scales is beyond its noise and faster than `mode_pct_per_h`,
unless a shorter scale that could have seen that rate does not; a mode holds until it has been otherwise for `mode_min_s`.
At rest for `mode_idle_s` it is idle. The mode of the equipment is that of its first level sensor in the order of the
points table, of the next one while that is dead or bad, and so on; it is kept in the first one's record (`MODE.ruling`).

For other families: `settling` says whether a sensor's equipment is changing, or has changed its mode less than
`mode_settle_s` ago. Ask it when a condition is about to be raised, not for every reading: it touches two more cache lines.
A chart that finds itself far off while it settles begins anew at the new level; what it must never do is go on judging by
the old one. Gas detectors and oxygen meters never settle, for a filling is when a hose breaks.

Set-points by mode (`Params.setpoints`): at a change the working limits are written over; `apply_setpoints` brings them
back from the modes alone.
"""

from detectors.course import newest, noise_var, oldest
from detectors.edges import NS, Records
from detectors.jit import inlined, keep_apart, kernel
from detectors.memory import Memory, Params
from detectors.shape_state import C_QUALITY
from detectors.state import (
    C_DEAD,
    DRAIN,
    FILL,
    HOLD,
    IDLE,
    MERGED,
    N_LIMITS,
    NEVER,
    SCALES,
    UNKNOWN,
)

_SIGMAS = 4.0
"""A change of this many standard deviations of the difference of two blocks is a movement."""
_LESS = 0.5
"""A movement lasts while it is this share of the rate that began it."""


@inlined
def _direction(a: Records, k: Records, m: Records, c: Records, blocks: Records, i: int) -> int:
    """Return 1 where the level rises, -1 where it falls, 0 where it rests, by the shortest scale that can tell."""
    now = newest(c, blocks, i)
    for scale in range(SCALES):
        if c.pushed[scale] < MERGED:
            return 0
        then = oldest(c, blocks, i, scale)
        moved, took_s = now.value - then.value, (now.t_ns - then.t_ns) * NS
        way = 1 if moved > 0.0 else -1
        least = k.moving * (_LESS if m.mode == (FILL if way > 0 else DRAIN) else 1.0)
        var = 2.0 * _SIGMAS * _SIGMAS * noise_var(a, c, scale)
        if abs(moved) < least * took_s or moved * moved < var:
            continue
        contradicted = False
        for shorter in range(scale):
            before = oldest(c, blocks, i, shorter)
            expected = moved / took_s * (now.t_ns - before.t_ns) * NS
            seen = expected * expected >= 2.0 * _SIGMAS * _SIGMAS * noise_var(a, c, shorter)
            if seen and (now.value - before.value) * way < _LESS * abs(expected):
                contradicted = True
        if not contradicted:
            return way
    return 0


@inlined
def judge_mode(params: Params, memory: Memory, i: int, t_ns: int) -> None:
    """Move the mode of level sensor `i`, whose course has closed a block, and its equipment's where it rules."""
    keep_apart()
    k, m = params.tanks[i], memory.mode[i]
    way = _direction(params.ahead[i], k, m, memory.course[i], memory.blocks, i)
    if memory.course[i].pushed[0] == 1:  # after a silence: what it did meanwhile is not known
        m.mode, m.since_ns, m.wanted_ns = UNKNOWN, t_ns, NEVER
    if way != 0:
        wanted = FILL if way > 0 else DRAIN
    else:
        wanted = IDLE if m.mode == IDLE or (m.mode == HOLD and t_ns - m.since_ns >= k.idle_ns) else HOLD
    if wanted == m.mode:
        m.wanted_ns = NEVER
    else:
        if m.wanted_ns == NEVER or wanted != m.wanted:
            m.wanted, m.wanted_ns = wanted, t_ns
        if t_ns - m.wanted_ns >= k.least_ns or wanted == IDLE:
            m.mode, m.since_ns, m.wanted_ns = wanted, m.wanted_ns, NEVER
    first = k.first
    equipment = memory.mode[first]
    if equipment.ruling != m.mode and _ruler(params, memory, first) == i:
        if not (equipment.ruling in (HOLD, IDLE) and m.mode in (HOLD, IDLE)) and equipment.ruling != UNKNOWN:
            equipment.changed_ns = t_ns
        equipment.ruling = m.mode
        _set_points(params, first, m.mode)


@inlined
def _ruler(params: Params, memory: Memory, first: int) -> int:
    """Return the level sensor that tells the equipment's mode: the first that can be read, the first if none can."""
    row = first
    while row >= 0:
        if not (memory.cond[row, C_DEAD].active or memory.cond[row, C_QUALITY].active):
            return row
        row = params.tanks[row].next
    return first


@inlined
def settling(params: Params, memory: Memory, i: int, t_ns: int) -> bool:
    """Return whether the equipment of sensor `i` is changing its mode or has just done so; see the module."""
    keep_apart()
    k = params.tanks[i]
    if k.first < 0 or k.settle_ns == 0:
        return False
    m = memory.mode[k.first]
    changed: bool = m.changed_ns != NEVER and t_ns - m.changed_ns < k.settle_ns
    changing: bool = m.wanted_ns != NEVER and m.wanted != IDLE and t_ns - m.wanted_ns < k.settle_ns
    return changed or changing


@inlined
def _set_points(params: Params, first: int, mode: int) -> None:
    """Write the working limits of every sensor whose set-points follow the mode of this equipment."""
    for row in range(len(params.setpoints)):
        points = params.setpoints[row]
        if points.first != first or points.mode != mode:
            continue
        p, a = params.base[points.sensor], params.ahead[points.sensor]
        for k in range(N_LIMITS):
            p.limit[k] = points.limit[k]
        p.calm_lo, p.calm_hi, p.quiet_lo, p.quiet_hi = (
            points.calm_lo,
            points.calm_hi,
            points.quiet_lo,
            points.quiet_hi,
        )
        a.ahead_lo, a.ahead_hi = points.ahead_lo, points.ahead_hi


@kernel
def apply_setpoints(params: Params, memory: Memory) -> None:
    """Let the working limits be what the modes say: after a restore."""
    last = -1
    for row in range(len(params.setpoints)):
        first = params.setpoints[row].first
        if first != last:
            _set_points(params, first, memory.mode[first].ruling)
            last = first
