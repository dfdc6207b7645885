"""The rank of novelty: a count has no tail to fit, so what was told is counted, and nothing is promised beyond it."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from registry.plant import Text
from service.tuning.evidence import Evidence
from service.tuning.refusals import Reason, Refusal, span_text
from service.tuning.tail import CONFIDENCE, Interval

_SILENT: Final = 0.5
"""Half a remembered reading: a rank below it is asked of no reading (detectors.novelty)."""
_BELOW: Final = 0.99
"""A rank so much below one that told a reading does not."""
_BESIDE: Final = (1.0 - CONFIDENCE) / 2.0


def judge_counted(known: Evidence, excess: NDArray[np.float64], per_day: float) -> Evidence:
    """Return the evidence for the rank of one sensor: the greatest, at most the running one, that tells seldom enough.

    `known` has what counted of the recording; `excess` is, of each reading that was told there, by how much the running
    rank was more than the reading needed. A lower rank tells those of a larger excess only. The rate is at most the wanted
    one with the upper end of its exact Poisson interval (Garwood 1936).
    """
    days, now = known.days, known.now
    least = _at_most(0) / days if days > 0.0 else np.inf
    if least > per_day:
        return replace(known, refusal=_too_short(days, least, per_day))
    needed = now / excess
    ranks = [now, *sorted((float(rank) * _BELOW for rank in np.unique(needed)), reverse=True)]
    for rank in ranks:
        told = int(np.count_nonzero(needed <= rank))
        if _at_most(told) / days <= per_day:
            break
    chosen = rank if rank == now else float(f"{rank:.3g}")
    if chosen <= _SILENT:
        return replace(known, refusal=_records_alone(len(excess), days))
    return replace(
        known,
        chosen=chosen,
        told=told,
        rate=told / days,
        rate_interval=Interval(lo=_at_least(told) / days, hi=_at_most(told) / days),
    )


def _at_most(count: int) -> float:
    return float(stats.chi2.ppf(1.0 - _BESIDE, 2 * count + 2)) / 2.0


def _at_least(count: int) -> float:
    return float(stats.chi2.ppf(_BESIDE, 2 * count)) / 2.0 if count else 0.0


def _too_short(days: float, least: float, per_day: float) -> Refusal:
    needed = _at_most(0) / per_day
    proven = (
        Text("尚无可用数据（首周用于积累）", "nothing counts yet, for it gathers its history for a week")
        if days <= 0.0
        else Text(
            f"可用 {span_text(days, 'zh')}，最多只能证明每天 {least:.2g} 次",
            f"{span_text(days)} count, which prove no less than {least:.2g} a day",
        )
    )
    return Refusal(
        reason=Reason.SHORT,
        why=Text(
            f"名次是计数，没有可外推的尾部：{proven.zh}",
            f"a rank is a count and has no tail to go on: {proven.en}",
        ),
        needed=Text(
            f"可用 {span_text(needed, 'zh')}，或更大的 --rate",
            f"{span_text(needed)} that count, or a higher --rate",
        ),
    )


def _records_alone(told: int, days: float) -> Refusal:
    return Refusal(
        reason=Reason.BLIND,
        why=Text(
            f"{span_text(days, 'zh')}内报出 {told} 次，只报新纪录仍过多",
            f"it told {told} times in {span_text(days)}, and records alone would be too many",
        ),
        needed=Text("另选方法，或以 novelty_rank: null 关闭", "another method, or novelty_rank: null"),
    )
