"""stuck, noise, saturation, clock and quality: whether the sensor itself can be believed.

Findings about the instrument, apart from those about the process. While one of them stands, or is on its way, its bit is set
in `busy`; `HEALTH_BITS` (detectors.shape_state) is the mask of them all, with out_of_range, dead and drift. Every family that
learns a baseline tests ``s.busy & HEALTH_BITS == 0`` first: a sick sensor teaches nothing. None of them ever ends a process finding: a
value that cannot be believed is not a safe one.
"""

import math

from detectors.edges import NO_EDGE, NS, RAISED, RECOVERED, Records, emit, move_edge
from detectors.findings import NO_LIMIT, Method
from detectors.jit import inlined, keep_apart
from detectors.shape import DAY_NS, depth
from detectors.shape_state import (
    BLOCK,
    C_CLOCK,
    C_NOISE,
    C_QUALITY,
    C_SATURATION,
    C_STUCK,
    HEALTH_BITS,
    NO_PARTNER,
    SUSPECT,
)
from detectors.state import C_UNCERTAIN, NEVER

STUCK, NOISE, SATURATION, CLOCK, QUALITY, UNCERTAIN = (
    int(m)
    for m in (Method.STUCK, Method.NOISE, Method.SATURATION, Method.CLOCK, Method.QUALITY, Method.UNCERTAIN)
)
_WITNESSED = 2
"""`active` of a stuck sensor whose partner told it."""
_WITNESS_SCALES = 8.0
_LEAST_MOVES, _KNOWN_MOVES = 3, 30
"""Changes of value before a partner, and before its own past, can tell that a sensor is stuck."""
_STUCK_SAMPLES = 3
_GOOD_SAMPLES = 3
_LONGEST_REST = 1 << 28
_SD_NOISE = 0.2
"""ln of the mean |change of change| of 32 normal samples varies by this (their correlation counted in)."""
_RAISED_SCORE = 0.5


@inlined
def judge_rest(p: Records, s: Records, u: Records, g: Records, h: Records, cond: Records, witnessed: bool, i: int, now_ns: int, t_ns: int, value: float, score: float,
               out: Records, n: int) -> int:  # fmt: skip
    """Judge a rest that is suspiciously long: by the sensor's own past, or by a partner that moves meanwhile."""
    if math.isnan(p.stuck_false_per_day) or cond[C_STUCK].active or not p.rest_lo < value < p.rest_hi:
        return n
    if h.rest_ns == NEVER:
        pace_ns = g.pace_ns if g.pace_ns > 0.0 else (s.good_t_ns - g.began_ns) / max(u.count, 1)
        h.rest_ns = t_ns - int(min((u.rest + 1) * pace_ns, 1e18))
    alone = h.limit > 0 and u.rest + 1 >= h.limit
    long = t_ns - h.rest_ns >= p.stuck_min_ns
    edge = move_edge(s, cond, C_STUCK, long and (alone or witnessed), False, t_ns, 0, 0, _STUCK_SAMPLES, 0)
    if edge != RAISED:
        return n
    c = cond[C_STUCK]
    c.onset_ns = h.rest_ns
    if witnessed:
        c.active = _WITNESSED
    allowed_ns = 1.0 * p.stuck_min_ns if witnessed else max(1.0 * p.stuck_min_ns, h.limit * g.pace_ns)
    return emit(out, n, now_ns, t_ns, c.onset_ns, i, STUCK, RAISED, NO_LIMIT, value, (t_ns - h.rest_ns) * NS,
                allowed_ns * NS, math.nan, math.nan, score)  # fmt: skip


@inlined
def partner_moves(
    u: Records, g: Records, h: Records, s_other: Records, u_other: Records, g_other: Records, t_ns: int
) -> bool:
    """Return whether the partner has moved by what both would show, since this sensor's rest became suspicious."""
    keep_apart()
    if s_other.busy & HEALTH_BITS or g_other.scale == 0.0:
        return False
    if t_ns - s_other.good_t_ns > u_other.gap_ns or h.moves + u.count - u.zeros < _LEAST_MOVES:
        return False
    if math.isnan(h.partner_at):
        h.partner_at = u_other.prev
    shown = max(g_other.scale, g.scale)
    if u.resolution < math.inf:
        shown = max(shown, 0.5 * u.resolution)
    return abs(u_other.prev - h.partner_at) >= _WITNESS_SCALES * shown  # type: ignore[no-any-return]  # of untyped records


@inlined
def end_rest(p: Records, s: Records, u: Records, h: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
             out: Records, n: int) -> tuple[bool, int]:  # fmt: skip
    """End a rest that was longer than any known, and let it teach; return whether it had been told stuck.

    One that was not told teaches its length, which is less than `stuck_times` what was known. One that was told by its own past
    doubles it at the most, so that a new habit is learnt within a few findings and a stuck week does not blind. One
    that the partner told teaches nothing.
    """
    c = cond[C_STUCK]
    h.partner_at = math.nan
    h.rest_ns = NEVER
    rest, active = u.rest, c.active
    if active != _WITNESSED:
        most = max(2 * u.known_rest, SUSPECT) if active or h.limit == 0 else h.limit
        u.known_rest = max(u.known_rest, min(rest, most))
    s.busy &= ~(1 << C_STUCK)
    c.since_ns = NEVER
    c.samples = 0
    if not active:
        return False, n
    c.active = 0
    rested_s = (s.good_t_ns - c.onset_ns) * NS
    return True, emit(out, n, now_ns, t_ns, c.onset_ns, i, STUCK, RECOVERED, NO_LIMIT, value, rested_s,
                      p.stuck_min_ns * NS, math.nan, math.nan, score)  # fmt: skip


@inlined
def learn_rest(p: Records, u: Records, g: Records, h: Records, sound: bool) -> None:
    """Let a block teach how long a rest must be to be strange.

    Where every sample repeats the one before with chance q, a rest of m comes up q^m so often: m for the wanted false alarms
    a day. And longer than the longest rest known, by `stuck_times`.
    """
    if math.isnan(p.stuck_false_per_day):
        u.suspect = _LONGEST_REST
        return
    if not sound:
        return
    share = u.zeros / BLOCK
    h.repeats = share if h.moves == 0 else h.repeats + (share - h.repeats) / 16.0
    h.moves = min(h.moves + BLOCK - u.zeros, 1 << 20)
    if h.moves >= _KNOWN_MOVES:
        q = min(max(h.repeats, 1.0 / BLOCK), 0.9999)
        chance = min(p.stuck_false_per_day * g.pace_ns / DAY_NS, 0.5)
        by_chance = math.log(chance) / math.log(q)
        by_habit = p.stuck_times * u.known_rest
        h.limit = int(min(max(1.0 * p.stuck_samples, by_chance, by_habit), 1.0 * _LONGEST_REST))
    u.suspect = SUSPECT if p.partner != NO_PARTNER or h.limit == 0 else h.limit


@inlined
def judge_noise(p: Records, s: Records, g: Records, h: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, noise: float, spread: float,
                score: float, out: Records, n: int) -> tuple[bool, int]:  # fmt: skip
    """Judge the noise of a block, by its second differences, against the noise so far; return whether it is too much.

    Second differences pass over what moves slowly (von Neumann 1941 for the first ones). Where the slow movement has
    grown by more than the noise it is the process that is livelier, which is for `variance` to say.
    """
    k = depth(p.noise_false_per_day, g.pace_ns, BLOCK, 2, g.blocks)
    rise = noise - h.noise
    z = rise / max(math.sqrt(h.noise_var), _SD_NOISE)
    slower = spread - g.spread < 2.0 * rise + math.log(4.0)
    inside = z >= k and rise >= math.log(p.noise_times) and slower
    if not inside and not (s.busy >> C_NOISE) & 1:
        return False, n
    edge = move_edge(s, cond, C_NOISE, inside, z < 0.5 * k, g.began_ns, 0, 0, 2, 0)
    if edge != NO_EDGE:
        n = emit(out, n, now_ns, t_ns, cond[C_NOISE].onset_ns, i, NOISE, edge, NO_LIMIT, value, z, k,
                 BLOCK * g.pace_ns * NS, math.nan, score)  # fmt: skip
    return inside or cond[C_NOISE].active != 0, n


@inlined
def judge_saturation(p: Records, b: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
                     out: Records, n: int) -> int:  # fmt: skip
    """Judge whether the value rests at an end of the range, where a transmitter says no more than "at least"."""
    keep_apart()
    low = value <= p.saturation_lo
    high = value >= p.saturation_hi
    within = b.range_lo <= value <= b.range_hi
    if not ((low or high) and within) and not (s.busy >> C_SATURATION) & 1:
        return n
    edge = move_edge(
        s, cond, C_SATURATION, (low or high) and within, not low and not high, t_ns,
        p.saturation_ns, 0, p.saturation_samples, 0,
    )  # fmt: skip
    if edge == NO_EDGE:
        return n
    nearest = b.range_hi if high or (not low and value > 0.5 * (b.range_lo + b.range_hi)) else b.range_lo
    return emit(out, n, now_ns, t_ns, cond[C_SATURATION].onset_ns, i, SATURATION, edge, NO_LIMIT, value, value, nearest,
                p.saturation_ns * NS, math.nan, score)  # fmt: skip


@inlined
def judge_bad(
    p: Records, s: Records, h: Records, c: Records, i: int, now_ns: int, t_ns: int, out: Records, n: int
) -> int:
    """Judge one more reading that is bad or has no value."""
    keep_apart()
    h.good = 0
    if h.bad == 0:
        h.bad_t_ns = t_ns
    h.bad = min(h.bad + 1, 1 << 20)
    s.busy |= 1 << C_QUALITY
    if c.active or h.bad < p.bad_samples or t_ns - h.bad_t_ns < p.bad_ns:
        return n
    c.active = 1
    c.onset_ns = h.bad_t_ns
    return emit(out, n, now_ns, t_ns, c.onset_ns, i, QUALITY, RAISED, NO_LIMIT, math.nan, 1.0 * h.bad,
                1.0 * p.bad_samples, math.nan, math.nan, _RAISED_SCORE)  # fmt: skip


@inlined
def judge_good(p: Records, s: Records, h: Records, c: Records, i: int, now_ns: int, t_ns: int, value: float, out: Records, n: int) -> int:  # fmt: skip
    """Judge a good reading after bad ones: one ends what was on its way, a few end what was told."""
    keep_apart()
    h.good += 1
    if c.active and h.good < _GOOD_SAMPLES:
        return n
    bad = h.bad
    h.bad = h.good = 0
    s.busy &= ~(1 << C_QUALITY)
    if not c.active:
        return n
    c.active = 0
    return emit(out, n, now_ns, t_ns, c.onset_ns, i, QUALITY, RECOVERED, NO_LIMIT, value, 1.0 * bad,
                1.0 * p.bad_samples, math.nan, math.nan, 0.0)  # fmt: skip


@inlined
def judge_uncertain(p: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, uncertain: bool,
                    out: Records, n: int) -> int:  # fmt: skip
    """Judge for how long the sensor has been uncertain; from the first such reading on, `busy` says so."""
    keep_apart()
    edge = move_edge(s, cond, C_UNCERTAIN, uncertain, not uncertain, t_ns, p.uncertain_ns, 0, 1, 0)
    if edge == NO_EDGE:
        return n
    onset_ns = cond[C_UNCERTAIN].onset_ns
    return emit(out, n, now_ns, t_ns, onset_ns, i, UNCERTAIN, edge, NO_LIMIT, value, (t_ns - onset_ns) * NS,
                p.uncertain_ns * NS, math.nan, math.nan, _RAISED_SCORE if edge == RAISED else 0.0)  # fmt: skip


@inlined
def judge_late(p: Records, s: Records, h: Records, c: Records, i: int, event_clock: bool, now_ns: int, t_ns: int, value: float,
               out: Records, n: int) -> int:  # fmt: skip
    """Judge a reading that is older than its sensor's newest: a clock that went back makes all of them so.

    The sensor's newest time must stand nearly still while the clock goes on: a backlog that is sent beside the live
    readings is late as well, and no fault. Where the sensor's own time is the clock, it cannot go on without it: there the late
    readings' own time counts.
    """
    keep_apart()
    gone_ns = now_ns - h.late_now_ns
    if h.late == 0 or 2 * (s.last_t_ns - h.late_last_ns) > gone_ns:
        h.late_now_ns, h.late_last_ns, h.late_t_ns = now_ns, s.last_t_ns, t_ns
        h.late = 0
        gone_ns = 0
    h.late = min(h.late + 1, 1 << 20)
    h.sound = 0
    if event_clock:
        gone_ns = max(gone_ns, t_ns - h.late_t_ns)
    if h.late < p.clock_samples or gone_ns < p.clock_hold_ns:
        return n
    return _tell_clock(s, c, i, now_ns, t_ns, h.late_t_ns, value, t_ns - s.last_t_ns, 0, out, n)


@inlined
def judge_offset(p: Records, max_s: int, s: Records, h: Records, c: Records, i: int, now_ns: int, before_ns: int, t_ns: int, value: float,
                 out: Records, n: int) -> int:  # fmt: skip
    """Judge a newest reading whose time is too far from the clock; `before_ns` is the sensor's newest time before it.

    A wrong clock goes at the right pace: the offset stays while both go on. A backlog runs through hours while the clock
    stands.
    """
    keep_apart()
    h.sound = 0
    moved_ns, gone_ns = t_ns - h.off_t_ns, now_ns - h.off_now_ns
    in_a_row = h.off > 0 and h.off_last_ns == before_ns
    if not in_a_row or 2 * abs(moved_ns - gone_ns) > max(moved_ns, gone_ns):
        h.off_t_ns, h.off_now_ns = t_ns, now_ns
        h.off = 0
        gone_ns = 0
    h.off = min(h.off + 1, 1 << 20)
    h.off_last_ns = t_ns
    if h.off < p.clock_samples or gone_ns < p.clock_hold_ns:
        return n
    return _tell_clock(s, c, i, now_ns, t_ns, h.off_t_ns, value, t_ns - now_ns, max_s, out, n)


@inlined
def _tell_clock(s: Records, c: Records, i: int, now_ns: int, t_ns: int, onset_ns: int, value: float, offset_ns: int,
                max_s: int, out: Records, n: int) -> int:  # fmt: skip
    if c.active:
        return n
    c.active = 1
    c.onset_ns = onset_ns
    s.busy |= 1 << C_CLOCK
    return emit(out, n, now_ns, t_ns, onset_ns, i, CLOCK, RAISED, NO_LIMIT, value, offset_ns * NS, 1.0 * max_s,
                math.nan, math.nan, _RAISED_SCORE)  # fmt: skip


@inlined
def judge_right(p: Records, max_s: int, s: Records, h: Records, c: Records, i: int, now_ns: int, t_ns: int, value: float, out: Records, n: int) -> int:  # fmt: skip
    """Judge a newest reading of right time while the clock counts as wrong: enough of them end it."""
    keep_apart()
    h.sound += 1
    if h.sound < p.clock_samples:
        return n
    h.late = h.off = h.sound = 0
    c.active = 0
    s.busy &= ~(1 << C_CLOCK)
    return emit(out, n, now_ns, t_ns, c.onset_ns, i, CLOCK, RECOVERED, NO_LIMIT, value, (t_ns - now_ns) * NS,
                1.0 * max_s, math.nan, math.nan, 0.0)  # fmt: skip
