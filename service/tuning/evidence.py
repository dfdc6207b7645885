"""One sensor, one threshold: what the recording says of it, or why it says nothing. Pure: tracks in, evidence out."""

import math
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from alerting.texts import rfc3339
from detectors.profile import Methods
from registry.plant import Text
from registry.sensors import SensorSpec
from service.tuning.peaks import Episodes, Rules, Track, episodes, sustained, watched_days
from service.tuning.refusals import (
    LEAST_EPISODES,
    WIDEST,
    Reason,
    Refusal,
    blind_beyond,
    coarse_steps,
    few_episodes,
    no_such_tail,
    wide_interval,
)
from service.tuning.tail import Interval, Tail, fit_tail, looks_pareto
from service.tuning.tunables import Tunable
from service.tuning.watched import Watched, too_short, unfit

_LADDER: Final = (400, 280, 200, 140, 100, 70, 50, 35)
"""How many episodes are wanted beyond the level, first try first: many peaks fix the shape, few lie truly in the tail."""
FITS_AT: Final = 0.10
"""A level is taken when the fit's p-value is at least this (Bader, Yan and Zhang 2018, without their bookkeeping)."""
MISFIT_AT: Final = 0.05
"""Of all the levels tried one reaches this, if the peaks have such a tail at all."""
ALONE_AT: Final = 0.001
"""The largest peak is no part of normal operation if the others say so with this p-value."""
UNLIKE_AT: Final = 0.001
"""Two halves are unlike with this p-value, and if one has `UNLIKE_RATIO` times the episodes of the other."""
UNLIKE_RATIO: Final = 2.0
LEAST_DISTINCT: Final = 1 / 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The tail at the chosen level, in units of the threshold, and the episodes that it was fitted to."""

    tail: Tail
    seen: Episodes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one threshold of one sensor; levels and thresholds in the threshold's own unit.

    Attributes:
        sensor, type: full id, and its sensor type.
        now: the running threshold; where the method `was_off`, the one that it was tried at.
        days, readings: what counted of the recording; `cut_days` of it was cut out as abnormal.
        chosen: the new threshold, None where it was refused.
        at_least: the chosen one is the least allowed, and not what the tail asks for.
        interval: 95 % profile-likelihood interval of the threshold of exactly the wanted rate.
        rate, rate_interval: expected episodes a day at the chosen threshold, and their 95 % interval.
        rate_now: expected episodes a day at the running threshold; None where it lies below the fitted level.
        refusal: why not.
        fitted: the tail, where it came so far.
        told: how often it would have told, of a threshold that is counted and not fitted.
    """

    sensor: str
    type: str
    tunable: Tunable
    now: float
    was_off: bool
    readings: int
    days: float
    cut_days: float
    chosen: float | None = None
    at_least: bool = False
    interval: Interval | None = None
    rate: float | None = None
    rate_interval: Interval | None = None
    rate_now: float | None = None
    refusal: Refusal | None = None
    fitted: Fitted | None = field(default=None, repr=False)
    told: int | None = None


def known_of(spec: SensorSpec, tunable: Tunable, methods: Methods, watched: Watched) -> Evidence:
    """Return what the recording has of one threshold of one sensor, refused already where that is fit for nothing."""
    days = watched_days(watched.track)
    return Evidence(
        sensor=spec.id, type=spec.type.value, tunable=tunable, now=tunable.tried(spec, methods),
        was_off=math.isnan(tunable.threshold(methods)), readings=len(watched.track), days=days,
        cut_days=max(0.0, watched.settled_days - days), refusal=unfit(watched, days),
    )  # fmt: skip


def judge(known: Evidence, rules: Rules, watched: Watched, *, per_day: float) -> Evidence:
    """Return the evidence for one threshold at the wanted rate of false episodes a day, by the tail of its statistic."""
    days = known.days
    refusal = too_short(days, per_day)
    if refusal is not None:
        return replace(known, refusal=refusal)
    found = choose_level(watched.track, rules, days)
    if isinstance(found, Refusal):
        return replace(known, refusal=found)
    refusal = _unlike_halves(watched.track, found.seen) or _stands_alone(watched.track, found)
    known = replace(known, fitted=found, refusal=refusal)
    return known if refusal is not None else _chosen(known, found.tail, per_day)


def _chosen(known: Evidence, tail: Tail, per_day: float) -> Evidence:
    """Return the evidence with the threshold, within the bounds of what may be tuned."""
    now, tunable = known.now, known.tunable
    interval = tail.threshold_interval(per_day)
    known = replace(known, interval=Interval(lo=interval.lo * now, hi=interval.hi * now))
    if interval.hi > WIDEST * interval.lo:
        return replace(known, refusal=wide_interval(known.interval, known.days))
    wanted = _rounded_up(tail.threshold(per_day) * now)
    if wanted > tunable.most:
        return replace(known, refusal=blind_beyond(wanted, tunable))
    chosen = max(wanted, tunable.least)
    ratio = max(chosen / now, tail.level)
    return replace(
        known,
        chosen=chosen,
        at_least=wanted < tunable.least,
        rate=tail.expected_rate(ratio),
        rate_interval=tail.rate_interval(ratio),
        rate_now=tail.expected_rate(1.0) if tail.level <= 1.0 else None,
    )


def choose_level(track: Track, rules: Rules, days: float) -> Fitted | Refusal:
    """Return the tail beyond the lowest level at which the peaks look generalised Pareto."""
    reached = sustained(track, rules.samples)
    tried: list[tuple[float, Episodes]] = []
    for wanted in _LADDER:
        seen = _level_of(track, reached, rules, wanted)
        if len(seen) < LEAST_EPISODES or (tried and len(seen) >= len(tried[-1][1])):
            continue
        if len(np.unique(seen.peak)) < LEAST_DISTINCT * len(seen):
            return coarse_steps(len(np.unique(seen.peak)), len(seen))
        tried.append((looks_pareto(seen.peak - seen.level), seen))
        if tried[-1][0] >= FITS_AT:
            break
    if not tried:
        return few_episodes(max(len(_level_of(track, reached, rules, n)) for n in _LADDER), days)
    fit, seen = max(tried, key=lambda pair: (pair[0] >= FITS_AT, pair[0]))
    if fit < MISFIT_AT:
        return no_such_tail(fit, len(seen))
    return Fitted(tail=fit_tail(seen.peak, seen.level, days), seen=seen)


def _level_of(track: Track, reached: NDArray[np.float64], rules: Rules, wanted: int) -> Episodes:
    """Return the episodes at the lowest level, of a few tried, that has no more than `wanted` of them.

    A level that noise reaches all the time has few episodes as well, and long ones; so the search comes from above.
    """
    ordered = np.sort(reached[np.isfinite(reached) & (reached > 0.0)])
    best = Episodes(level=np.inf, start=np.empty(0, np.intp), peak=np.empty(0))
    beyond = wanted
    while beyond < len(ordered) // 2:
        level = float(ordered[-beyond - 1])
        seen = episodes(track, level, rules, reached)
        seen = Episodes(level=level, start=seen.start[seen.peak > level], peak=seen.peak[seen.peak > level])
        if len(seen) > wanted or len(seen) < len(best):
            break
        best, beyond = seen, max(beyond + 1, int(beyond * 1.3))
    return best


def _unlike_halves(track: Track, seen: Episodes) -> Refusal | None:
    """Return a refusal where the second half of the recording is not like the first."""
    first = int(np.count_nonzero(seen.start < len(track) // 2))
    second = len(seen) - first
    many, few = max(first, second), min(first, second)
    counts = stats.binomtest(many, len(seen), 0.5).pvalue < UNLIKE_AT and many > UNLIKE_RATIO * few
    peaks = (
        few > 1 and stats.ks_2samp(seen.peak[:first], seen.peak[first:], method="asymp").pvalue < UNLIKE_AT
    )
    if not counts and not peaks:
        return None
    halves = [
        f"{float(np.median(half)) if len(half) else 0.0:.2g}"
        for half in (seen.peak[:first], seen.peak[first:])
    ]
    return Refusal(
        reason=Reason.UNSTEADY,
        why=Text(
            f"前后两半不同：{first} 次与 {second} 次超限，峰值中位数为阈值的 {halves[0]} 与 {halves[1]} 倍",
            f"its halves are not alike: {first} and {second} episodes, median peaks {halves[0]} and {halves[1]} of the threshold",
        ),
        needed=Text(
            "包含该测点全部工况的更长记录（数个昼夜）",
            "a longer recording, of all that is normal for it (several days)",
        ),
    )


def _stands_alone(track: Track, found: Fitted) -> Refusal | None:
    """Return a refusal where the largest peak cannot be of the same kind as all others."""
    at = int(found.seen.peak.argmax())
    others = np.delete(found.seen.peak, at)
    tail = fit_tail(others, found.seen.level, found.tail.days)
    largest = float(found.seen.peak[at])
    chance = -np.expm1(-tail.expected_rate(largest) * found.tail.days)
    if chance >= ALONE_AT:
        return None
    when = rfc3339(int(track.t_ns[found.seen.start[at]]))
    return Refusal(
        reason=Reason.OUTLIER,
        why=Text(
            f"{when} 的一次偏离独一无二（p = {chance:.1g}）",
            f"what it did at {when} is unlike all else (p = {chance:.1g})",
        ),
        needed=Text(
            "查明该时刻；若不正常，用 --from、--to 避开",
            "look at that time; if it was not normal, leave it out by --from and --to",
        ),
    )


def _rounded_up(value: float) -> float:
    """Return the next number of three digits: what a person writes, and never below what was asked for."""
    digits = 2 - int(np.floor(np.log10(value)))
    return float(np.round(np.ceil(np.round(value * 10.0**digits, 6)) / 10.0**digits, max(digits, 0)))
