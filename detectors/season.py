"""season: what this hour of the day is like, learnt online; and the slow level that it is told from."""

import math

from detectors.edges import NO_EDGE, NS, Records, emit, move_edge
from detectors.findings import NO_LIMIT, Method
from detectors.jit import inlined
from detectors.state import C_SEASON

SEASON = int(Method.SEASON)
_HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * _HOUR_NS
LEVEL_SAMPLES, LEVEL_NS = 3000.0, 10.0 * DAY_NS
"""Time constant of the level and of the errors: so many samples or so long, whichever is more."""
HOUR_SAMPLES, HOUR_SETTLE_NS = 20.0, 1.5 * _HOUR_NS
"""Time constant of an hour's usual value, in readings within that hour: so many or so long, whichever is more."""
CLIP = 3.0
"""Where a deviation is clipped before it teaches the level, in mean absolute deviations (Huber 1964)."""
PAYS = 0.75
"""The hour counts only while it leaves less than this share of the mean absolute deviation without it."""
KNOWN_NS = 5 * DAY_NS
"""How long the hours are learnt before they find anything by themselves."""
NOISE = 1e-9
"""Share of the level below which a deviation is the rounding of the arithmetic."""
LOST_NS = _HOUR_NS
"""How long the hours may tell nothing before a finding of theirs ends."""
EVERY_NS = 60_000_000_000
"""A faster sensor is followed once a minute, which is often enough for hours, unless novelty wants every reading."""
_SEEN_BEFORE = 2
_MOST_VISITS = 65535
_SCAN_SAMPLES = 1000
_PAUSE = 10.0
"""An interval counts for no more than so many usual ones: a pause is no scan interval."""
_FIRST_SAMPLES = 20
_EPOCH_WEEKDAY, _SATURDAY = 3, 5
_NORMAL = 1.2533141373155003
"""Standard deviation of a normal variable in mean absolute deviations, sqrt(pi / 2)."""


@inlined
def hour_of(t_ns: int) -> int:
    """Return the hour of the day in UTC, from 24 on at week-ends."""
    hours = t_ns // _HOUR_NS
    weekend = (hours // 24 + _EPOCH_WEEKDAY) % 7 >= _SATURDAY
    return hours % 24 + 24 * weekend


@inlined
def follow(c: Records, t_ns: int, value: float) -> tuple[float, float]:
    """Return a value's deviation from the slow level, and from what is usual at this hour; then learn from it.

    The level is an exponentially weighted mean (Roberts 1959) whose deviations are clipped (Huber 1964); upon it lies a
    mean for each hour of a working day and of a week-end day (seasonal indices, smoothed as by Winters 1960). The second
    deviation is the same as the first until the hour has been seen, and while taking it off does not leave clearly
    smaller deviations: a sensor that knows no hours gets none.
    """
    dt_ns = t_ns - c.last_ns
    c.last_ns = t_ns
    if c.count == 0:
        c.level = value
        c.first_ns = t_ns
    elif c.count == 1:
        c.scan_ns = float(dt_ns)
    else:
        c.scan_ns += max(1.0 / c.count, 1.0 / _SCAN_SAMPLES) * (
            min(float(dt_ns), _PAUSE * c.scan_ns) - c.scan_ns
        )
    weight = max(1.0 / (c.count + 1.0), min(1.0 / LEVEL_SAMPLES, c.scan_ns / LEVEL_NS))
    away = value - c.level
    if abs(away) <= NOISE * abs(c.level):
        away = 0.0

    hour = hour_of(t_ns)
    unusual = away - c.usual[hour]
    pays = False
    if c.visits[hour] >= _SEEN_BEFORE:
        c.compared += 1
        share = max(weight, 1.0 / c.compared)
        c.plain_error += share * (abs(away) - c.plain_error)
        c.hour_error += share * (abs(unusual) - c.hour_error)
        pays = c.hour_error < PAYS * c.plain_error
    if c.visits[hour] < _MOST_VISITS:
        c.visits[hour] += 1
    settle = min(1.0 / HOUR_SAMPLES, c.scan_ns / HOUR_SETTLE_NS)
    c.usual[hour] += max(settle, 1.0 / c.visits[hour]) * (away - c.usual[hour])

    bound = CLIP * c.spread if c.count >= _FIRST_SAMPLES else math.inf
    c.spread += weight * (abs(away) - c.spread)
    c.level += weight * min(max(away, -bound), bound)
    c.count += 1
    return away, unusual if pays else away


@inlined
def season_z(c: Records, t_ns: int, away: float, unusual: float) -> float:
    """Return the deviation from the usual of this hour in its own spread, NaN until the hours are known and pay."""
    if away == unusual or t_ns - c.first_ns < KNOWN_NS:
        return math.nan
    return unusual / (_NORMAL * c.hour_error)  # type: ignore[no-any-return]  # of untyped records


@inlined
def judge_season(p: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, z: float,
                 threshold: float, score: float, out: Records, n: int) -> int:  # fmt: skip
    """Raise what is far from the usual of its hour for as many samples as robust z asks; recover at 0.6 of it.

    Where the hours no longer tell anything for `LOST_NS` (NaN), nothing bears the finding out any more, and it recovers too.
    """
    far = abs(z) >= threshold
    if not far and not (s.busy >> C_SEASON) & 1:
        return n
    off_ns = max(p.z_off_ns, LOST_NS) if math.isnan(z) else p.z_off_ns
    back = math.isnan(z) or abs(z) < 0.6 * threshold
    edge = move_edge(s, cond[i], C_SEASON, far, back, t_ns, 0, off_ns, p.z_samples, 0)
    if edge == NO_EDGE:
        return n
    return emit(out, n, now_ns, t_ns, cond[i, C_SEASON].onset_ns, i, SEASON, edge, NO_LIMIT, value, z, threshold,
                DAY_NS * NS, math.nan, score)  # fmt: skip
