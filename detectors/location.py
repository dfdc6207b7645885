"""The family of location, as the step calls it: robust z with its findings, and what is on for fewer sensors."""

import math

from detectors.charts import (
    CUSUM,
    EWMA,
    average_of,
    judge_chart,
    larger_sum,
    learn_average,
    learn_sums,
    whitened,
)
from detectors.edges import NO_EDGE, NS, ROBUST_Z, Records, emit, move_edge
from detectors.findings import NO_LIMIT
from detectors.jit import fused, inlined, keep_apart
from detectors.novelty import NOVELTY, judge_novelty, novelty
from detectors.season import EVERY_NS, SEASON, follow, judge_season, season_z
from detectors.state import C_CUSUM, C_EWMA, C_UNCERTAIN, C_Z

_OF_CHARTS = 1 << CUSUM | 1 << EWMA
BESIDE_Z = _OF_CHARTS | 1 << SEASON | 1 << NOVELTY
"""The bits of `watch` that stand for the methods of this family beside robust z."""
WEIGHS_EACH = BESIDE_Z & ~(1 << SEASON)
"""Those of methods that want every reading, not one a minute."""


@fused
def judge_z(p: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, z: float, learns: bool,
            score: float, out: Records, n: int) -> int:  # fmt: skip
    """Raise robust z beyond its threshold, recover it at 0.6 of that; a shift that stands is learnt anew if it `learns`.

    Clipped residuals alone would teach a shift of many sigma, or the end of a nearly constant stretch, by a few percent
    a reading, and call normal readings far off for hours.
    """
    far = abs(z) >= p.z_threshold
    if not far and not (s.busy >> C_Z) & 1:
        return n
    edge = move_edge(s, cond[i], C_Z, far, abs(z) < 0.6 * p.z_threshold, t_ns, 0, p.z_off_ns, p.z_samples, 0)
    c = cond[i, C_Z]
    if far and learns and c.active and t_ns - c.onset_ns >= p.z_tau_ns:
        s.z_count = 0
    if edge == NO_EDGE:
        return n
    return emit(out, n, now_ns, t_ns, c.onset_ns, i, ROBUST_Z, edge, NO_LIMIT, value, z, p.z_threshold,
                p.z_tau_ns * NS, math.nan, score)  # fmt: skip


@inlined
def weigh_location(p: Records, own: Records, s: Records, chart: Records, calendar: Records, novel: Records, t_ns: int,
                   value: float, z: float, learns: bool) -> float:  # fmt: skip
    """Return the excess of charts, season and novelty, and let them learn; `judge_location` must follow.

    What does not teach the baseline teaches the charts nothing of its residuals. Season and novelty know a value only by
    what they remember, so they pass over an uncertain one. A sick sensor's they do not: for a sensor of which nothing is
    known, its noise or its rest may be what is new (three hits of the 58 in half of NAB).
    """
    keep_apart()
    excess = 0.0
    if p.watch & _OF_CHARTS and not math.isnan(z):
        new = whitened(chart, z, learns)
        if (p.watch >> CUSUM) & 1:
            learn_sums(own, chart, t_ns, new)
            excess = abs(larger_sum(chart)) / own.cusum_h
        if (p.watch >> EWMA) & 1:
            learn_average(own, chart, new)
            excess = max(excess, abs(average_of(own, chart)) / own.ewma_width)
    novelty_on = (p.watch >> NOVELTY) & 1 != 0
    if not (s.busy >> C_UNCERTAIN) & 1 and (novelty_on or ((p.watch >> SEASON) & 1 and t_ns >= s.season_ns)):
        s.season_ns = t_ns + EVERY_NS
        away, unusual = follow(calendar, t_ns, value)
        if (p.watch >> SEASON) & 1:
            calendar.z = season_z(calendar, t_ns, away, unusual)
            if not math.isnan(calendar.z):
                excess = max(excess, abs(calendar.z) / own.season_z)
        if novelty_on:
            excess = max(excess, novelty(own, novel, calendar, t_ns, away, unusual))
    return excess


@inlined
def judge_location(p: Records, own: Records, s: Records, chart: Records, calendar: Records, novel: Records, cond: Records,
                   i: int, now_ns: int, t_ns: int, value: float, z: float, score: float, out: Records,
                   n: int) -> int:  # fmt: skip
    """Write the findings of charts, season and novelty."""
    keep_apart()
    if not math.isnan(z):
        if (p.watch >> CUSUM) & 1:
            total = larger_sum(chart)
            began_ns = chart.up_ns if total > 0.0 else chart.down_ns
            n = judge_chart(p, s, cond, C_CUSUM, CUSUM, i, now_ns, t_ns, value, total, own.cusum_h, began_ns,
                            (t_ns - began_ns) * NS, score, out, n)  # fmt: skip
        if (p.watch >> EWMA) & 1:
            n = judge_chart(p, s, cond, C_EWMA, EWMA, i, now_ns, t_ns, value, average_of(own, chart), own.ewma_width, t_ns,
                            own.ewma_window_s, score, out, n)  # fmt: skip
    if (p.watch >> SEASON) & 1 and calendar.last_ns == t_ns:
        n = judge_season(p, s, cond, i, now_ns, t_ns, value, calendar.z, own.season_z, score, out, n)
    if calendar.last_ns == t_ns and (p.watch >> NOVELTY) & 1:
        n = judge_novelty(own, s, novel, cond, i, now_ns, t_ns, value, score, out, n)
    return n
