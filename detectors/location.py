"""The family of location, as the step calls it: how far a value is from where it should be, then what is raised."""

import math

from detectors.baseline import robust_z
from detectors.charts import CUSUM, EWMA, cusum, ewma, judge_charts, whitened
from detectors.edges import NO_EDGE, NS, ROBUST_Z, Records, emit, move_edge
from detectors.findings import NO_LIMIT
from detectors.jit import inlined
from detectors.memory import Memory, Params
from detectors.novelty import NOVELTY, judge_novelty, novelty
from detectors.season import SEASON, follow, judge_season, season_z
from detectors.state import C_Z

OF_LOCATION = 1 << ROBUST_Z | 1 << CUSUM | 1 << EWMA | 1 << SEASON | 1 << NOVELTY
"""The bits of `watch` that stand for this family."""
_OF_CHARTS = 1 << CUSUM | 1 << EWMA
_OF_CALENDAR = 1 << SEASON | 1 << NOVELTY


@inlined
def weigh_location(params: Params, memory: Memory, i: int, dt_ns: int, t_ns: int, value: float) -> tuple[float, float, float, float, float]:  # fmt: skip
    """Return the excess of the family, and the statistics of robust z, CUSUM, EWMA and season; NaN: not judged."""
    p, own = params.base[i], params.location[i]
    excess = 0.0
    z = total = average = in_season = math.nan
    if (p.watch >> ROBUST_Z) & 1:
        z = robust_z(p, memory.state[i], dt_ns, value)
        if not math.isnan(z):
            excess = abs(z) / p.z_threshold
            if p.watch & _OF_CHARTS:
                new = whitened(memory.chart[i], z)
                if (p.watch >> CUSUM) & 1:
                    total = cusum(own, memory.chart[i], t_ns, new)
                    excess = max(excess, abs(total) / own.cusum_h)
                if (p.watch >> EWMA) & 1:
                    average = ewma(own, memory.chart[i], new)
                    excess = max(excess, abs(average) / own.ewma_width)
    if p.watch & _OF_CALENDAR:
        calendar = memory.calendar[i]
        away, unusual = follow(calendar, dt_ns, t_ns, value)
        if (p.watch >> SEASON) & 1:
            in_season = season_z(calendar, t_ns, away, unusual)
            if not math.isnan(in_season):
                excess = max(excess, abs(in_season) / own.season_z)
        if (p.watch >> NOVELTY) & 1:
            excess = max(excess, novelty(own, memory.novel[i], calendar, t_ns, away, unusual))
    return excess, z, total, average, in_season


@inlined
def judge_location(params: Params, memory: Memory, i: int, now_ns: int, t_ns: int, value: float, z: float, total: float,
                   average: float, in_season: float, score: float, out: Records, n: int) -> int:  # fmt: skip
    """Write the findings of the family."""
    p, s, own, cond = params.base[i], memory.state[i], params.location[i], memory.cond
    if not math.isnan(z):
        n = _judge_z(p, s, cond, i, now_ns, t_ns, value, z, score, out, n)
    if p.watch & _OF_CHARTS:
        n = judge_charts(
            p, s, own, memory.chart[i], cond, i, now_ns, t_ns, value, total, average, score, out, n
        )
    if not math.isnan(in_season):
        n = judge_season(p, s, cond, i, now_ns, t_ns, value, in_season, own.season_z, score, out, n)
    if (p.watch >> NOVELTY) & 1:
        n = judge_novelty(own, s, memory.novel[i], cond, i, now_ns, t_ns, value, score, out, n)
    return n


@inlined
def _judge_z(p: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, z: float, score: float,
             out: Records, n: int) -> int:  # fmt: skip
    """Raise robust z beyond its threshold, recover it at 0.6 of that; a shift that stands is learnt anew.

    Clipped residuals alone would teach a shift of many sigma, or the end of a nearly constant stretch, by a few percent
    a reading, and call normal readings far off for hours.
    """
    far = abs(z) >= p.z_threshold
    if not far and not (s.busy >> C_Z) & 1:
        return n
    edge = move_edge(s, cond[i], C_Z, far, abs(z) < 0.6 * p.z_threshold, t_ns, 0, p.z_off_ns, p.z_samples, 0)
    c = cond[i, C_Z]
    if far and c.active and t_ns - c.onset_ns >= p.z_tau_ns:
        s.z_count = 0
    if edge == NO_EDGE:
        return n
    return emit(out, n, now_ns, t_ns, c.onset_ns, i, ROBUST_Z, edge, NO_LIMIT, value, z, p.z_threshold,
                p.z_tau_ns * NS, math.nan, score)  # fmt: skip
