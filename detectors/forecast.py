"""forecast: how many seconds until a limit is reached, told while there is time to act.

`look_ahead` asks what is ahead when a block of the course closes; `judge_forecast` tells it. Once for each approach, once
more when it becomes urgent, and over when the slope bears it out no longer or when the limit is reached and speaks for
itself; then the next limit may be ahead. Before them stands a gate of three comparisons: only what is well on its way to
a limit is worth six fits.

What a planned filling is: an approach like those before. Every approach to `h` or `l` is followed to its end, told or not.
While the last five and more have all turned back, the next one is withheld as long as it is no nearer to the limit than
the nearest of them (and the deadband) and hardly faster than the fastest. What is urgent is told all the same, unless the
last twenty have turned back: that is a controller's cycle. So the price of silence is bounded: at the latest, the last
stretch that no approach ever went is told. One that reaches the limit makes all of it forgotten. `hh`, `ll` and the design
limit are never withheld where they are the next limit; before that, `h` or `l` lies on the way to them.
"""

import math

from detectors.course import newest, noise_var, oldest, seconds_over, settles_short, slope_of
from detectors.edges import FORECAST, NO_EDGE, NS, RAISED, RECOVERED, Records, emit, move_edge, name_bound
from detectors.findings import NO_LIMIT
from detectors.jit import inlined, keep_apart
from detectors.memory import Memory, Params
from detectors.state import C_FORECAST, DESIGN, LL, NEVER, SCALES, WITHHELD, H, L

REACH = 12.0
"""A slope that was seen over a window is believed for so many of these ahead."""
_LATER = 1.5
"""A forecast is over when the limit is this many horizons away, and urgent no longer when it is twice this many."""
_LEAST_S = 10.0
"""What is nearer is not foretold: nobody can act in less, and the limit itself is about to speak."""
_SOME, _MANY = 5, 20
"""Approaches that have turned back in a row before one is usual, and before even an urgent one is."""
_STEEPER = 1.5
"""An approach so many times as steep as any of them is not like them."""
_GATE_SIGMAS = 2.0
_GATE_HORIZONS = 2.0
_NEAREST = 0.01
"""The least share of a horizon that counts for the score."""


@inlined
def _heads_for_a_limit(p: Records, a: Records, c: Records, blocks: Records, i: int, value: float) -> bool:
    """Return whether the change over any scale is more than noise and could lead to a limit within reach.

    Coarse on purpose: it is asked for every block of every sensor that is near a limit.
    """
    now = newest(c, blocks, i)
    for k in range(SCALES):
        if c.pushed[k] == 0:
            return False
        then = oldest(c, blocks, i, k)
        moved, took_s = now.value - then.value, (now.t_ns - then.t_ns) * NS
        if moved * moved <= _GATE_SIGMAS * _GATE_SIGMAS * noise_var(a, c, k):
            continue
        if value <= a.ahead_lo and moved < 0.0:
            first = L
        elif value >= a.ahead_hi and moved > 0.0:
            first = H
        else:
            continue
        gap = p.limit[first] - value
        if math.isnan(gap) or gap * moved <= 0.0 or gap / moved * took_s <= _GATE_HORIZONS * a.forecast_s:
            return True
    return False


@inlined
def _next_limit(p: Records, cond: Records, i: int, value: float, slope: float) -> int:
    """Return the nearest limit that lies in the slope's direction and is neither crossed nor reached, or NO_LIMIT."""
    if slope > 0.0:
        for k in range(H, DESIGN + 1):
            if value < p.limit[k] and not cond[i, k].active:
                return k
    elif slope < 0.0:
        for k in range(L, LL - 1, -1):
            if value > p.limit[k] and not cond[i, k].active:
                return k
    return NO_LIMIT


@inlined
def look_ahead(params: Params, memory: Memory, i: int, t_ns: int, value: float) -> None:
    """Note in the course which limit is ahead and in how many seconds; asked when a block has closed."""
    keep_apart()
    p, a, c = params.base[i], params.ahead[i], memory.course[i]
    blocks, told = memory.blocks, (memory.state[i].busy >> C_FORECAST) & 1 != 0
    c.target, c.left_s, c.nearness, c.known = NO_LIMIT, math.inf, 0.0, 1
    if not told and not (
        (value <= a.ahead_lo or value >= a.ahead_hi) and _heads_for_a_limit(p, a, c, blocks, i, value)
    ):
        return
    slope, span_s, bend, bent_s = slope_of(a, c, blocks, i)
    c.known, c.span_s = 1 if span_s > 0.0 else 0, span_s
    if slope == 0.0 or (slope > 0.0 and value < a.ahead_hi) or (slope < 0.0 and value > a.ahead_lo):
        return
    k = _next_limit(p, memory.cond, i, value, slope)
    if k == NO_LIMIT:
        return
    now = newest(c, blocks, i)
    left_s = seconds_over(p.limit[k] - now.value, slope, bend, bent_s, a.urgent_s) - (t_ns - now.t_ns) * NS
    if left_s > REACH * span_s or settles_short(a, c, blocks, i, span_s, p.limit[k] - now.value):
        return
    c.target, c.left_s, c.slope = k, max(left_s, 0.0), abs(slope)
    if not _usual(p, a, c, value):
        c.nearness = a.forecast_s / max(c.left_s, _NEAREST * a.forecast_s)


@inlined
def _usual(p: Records, a: Records, c: Records, value: float) -> bool:
    """Return whether approaches like this one have always turned back; see the module."""
    if not L <= c.target <= H:  # the first limit of either side
        return False
    side = 1 if c.target == H else 0
    if c.turned[side] < (_MANY if c.left_s <= a.urgent_s else _SOME) or c.slope > _STEEPER * c.steepest[side]:
        return False
    beyond = value - c.turned_at[side]
    return bool((beyond if side else -beyond) <= p.deadband)


@inlined
def _end(s: Records, c: Records, f: Records, came: bool) -> None:
    """End an approach, and remember how."""
    f.active, f.since_ns, f.samples = 0, NEVER, 0
    s.busy &= ~(1 << C_FORECAST)
    c.nearness = 0.0
    if not L <= c.told <= H:
        return
    side = 1 if c.told == H else 0
    if came:
        c.turned[side], c.steepest[side] = 0, 0.0
        return
    nearer = c.extreme > c.turned_at[side] if side else c.extreme < c.turned_at[side]
    if c.turned[side] == 0 or nearer:
        c.turned_at[side] = c.extreme
    c.turned[side] = min(c.turned[side] + 1, _MANY)


@inlined
def _begins(p: Records, a: Records, s: Records, c: Records, cond: Records, t_ns: int, value: float) -> bool:
    """Begin an approach where one has been ahead often enough; return whether that is to be told."""
    worth_it = _LEAST_S <= c.left_s <= a.forecast_s
    if move_edge(s, cond, C_FORECAST, worth_it, False, t_ns, 0, 0, a.samples, 0) != RAISED:
        return False
    f = cond[C_FORECAST]
    f.onset_ns = t_ns - int(c.span_s / NS)
    c.told, c.urgent, c.turns, c.extreme = c.target, 1 if c.left_s <= a.urgent_s else 0, 0, value
    if _usual(p, a, c, value):
        f.active = WITHHELD
        return False
    return True


@inlined
def _goes_on(p: Records, a: Records, s: Records, c: Records, cond: Records, t_ns: int, value: float) -> int:
    """Follow an approach by a block; return RAISED or RECOVERED where that is to be told, else NO_EDGE."""
    f, high = cond[C_FORECAST], c.told >= H
    withheld = f.active == WITHHELD
    c.extreme = max(c.extreme, value) if high else min(c.extreme, value)
    reached = value >= p.limit[c.told] if high else value <= p.limit[c.told]
    gone = c.known != 0 and not reached and (c.target != c.told or c.left_s > _LATER * a.forecast_s)
    if move_edge(s, cond, C_FORECAST, False, gone, t_ns, 0, p.off_delay_ns, 1, 0) == RECOVERED:
        _end(s, c, f, False)
        return NO_EDGE if withheld else RECOVERED
    if gone or reached or c.target != c.told:
        return NO_EDGE
    side = 1 if high else 0
    c.steepest[side] = max(c.steepest[side], c.slope)
    if withheld:
        if _usual(p, a, c, value):
            return NO_EDGE
        f.active, c.urgent, c.turns = 1, 1 if c.left_s <= a.urgent_s else 0, 0
        return RAISED
    turned = c.left_s > 2.0 * _LATER * a.urgent_s if c.urgent else c.left_s <= a.urgent_s
    c.turns = c.turns + 1 if turned else 0
    if c.turns < a.samples:
        return NO_EDGE
    c.urgent, c.turns = 1 - c.urgent, 0
    return RAISED


@inlined
def judge_forecast(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float, looked: bool, score: float,
                   out: Records, n: int) -> int:  # fmt: skip
    """Tell what `look_ahead` has found, after the limits of the same reading have been judged."""
    keep_apart()
    p, a, s, c = params.base[i], params.ahead[i], memory.state[i], memory.course[i]
    cond, edge = memory.cond[i], NO_EDGE
    f = cond[C_FORECAST]
    if f.active and cond[c.told].active:
        edge = RECOVERED if f.active != WITHHELD else NO_EDGE
        _end(s, c, f, True)
        c.left_s = 0.0
    elif looked and f.active:
        edge = _goes_on(p, a, s, c, cond, t_ns, value)
    elif looked and _begins(p, a, s, c, cond, t_ns, value):
        edge = RAISED
    if edge == RAISED:
        n = emit(out, n, now_ns, t_ns, f.onset_ns, i, FORECAST, RAISED, c.told, value, c.left_s,
                 a.urgent_s if c.urgent else a.forecast_s, c.span_s, c.left_s, score)  # fmt: skip
    elif edge == RECOVERED:
        n = emit(out, n, now_ns, t_ns, f.onset_ns, i, FORECAST, RECOVERED, c.told, value,
                 c.left_s if c.left_s < math.inf else math.nan, _LATER * a.forecast_s, c.span_s, math.nan, score)  # fmt: skip
    return name_bound(out, n, p.limit[c.told]) if edge != NO_EDGE else n


@inlined
def seconds_to_graver(params: Params, memory: Memory, i: int, k: int, value: float) -> float:
    """Return the seconds until the limit graver than `k`, which has just been crossed; NaN where no slope says so."""
    p, a, c = params.base[i], params.ahead[i], memory.course[i]
    graver = k - 1 if k <= L else k + 1
    if p.course_every_ms == 0 or graver < LL or graver > DESIGN:
        return math.nan
    slope, span_s, bend, bent_s = slope_of(a, c, memory.blocks, i)
    gap = p.limit[graver] - value
    if math.isnan(gap) or gap * slope <= 0.0:
        return math.nan
    left_s = seconds_over(gap, slope, bend, bent_s, math.inf if math.isnan(a.urgent_s) else a.urgent_s)
    return left_s if left_s <= REACH * span_s else math.nan
