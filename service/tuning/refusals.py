"""Why a threshold is left as it is, and what would be needed: the reasons, and their words in both languages."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from registry.plant import Text
from service.tuning.tail import Interval
from service.tuning.tunables import Tunable

LEAST_EPISODES: Final = 30
"""Fewer peaks say nothing of a shape: its standard error is 0.18 then."""
WIDEST: Final = 4.0
"""The interval's upper end may be at most so many times its lower end."""


class Reason(StrEnum):
    """Why a threshold was left as it is."""

    NO_READINGS = "no_readings"
    BAD_QUALITY = "bad_quality"
    CUT = "cut"
    SHORT = "short"
    STUCK = "stuck"
    FEW_EPISODES = "few_episodes"
    RESOLUTION = "resolution"
    UNSTEADY = "unsteady"
    OUTLIER = "outlier"
    MISFIT = "misfit"
    WIDE = "wide"
    BLIND = "blind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a threshold stays as it is, and what would be needed."""

    reason: Reason
    why: Text
    needed: Text


def few_episodes(most: int, days: float) -> Refusal:
    """Return the refusal of too few separate excursions."""
    longer = LEAST_EPISODES / max(most, 1)
    return Refusal(
        reason=Reason.FEW_EPISODES,
        why=Text(f"独立偏离只有 {most} 次", f"only {most} separate excursions"),
        needed=Text(
            f"至少 {LEAST_EPISODES} 次，约 {span_text(days * longer, 'zh')}",
            f"{LEAST_EPISODES}, about {span_text(days * longer)} of it",
        ),
    )


def coarse_steps(distinct: int, peaks: int) -> Refusal:
    """Return the refusal of peaks that are steps of the transmitter."""
    return Refusal(
        reason=Reason.RESOLUTION,
        why=Text(
            f"{peaks} 个峰值只有 {distinct} 个不同的值",
            f"{peaks} peaks take only {distinct} values: the transmitter's steps",
        ),
        needed=Text(
            "分辨率更高的读数，或调大 sigma_min_pct",
            "readings of a finer resolution; else the running threshold stays",
        ),
    )


def no_such_tail(fit: float, peaks: int) -> Refusal:
    """Return the refusal of peaks that no generalised Pareto tail fits."""
    return Refusal(
        reason=Reason.MISFIT,
        why=Text(
            f"{peaks} 个峰值不服从广义帕累托分布（p = {fit:.2g}）",
            f"its {peaks} peaks have no generalised Pareto tail (p = {fit:.2g})",
        ),
        needed=Text("只含一种工况的记录", "a recording of one way of operation only, without disturbances"),
    )


def wide_interval(interval: Interval | None, days: float) -> Refusal:
    """Return the refusal of a threshold that is known too badly."""
    assert interval is not None
    return Refusal(
        reason=Reason.WIDE,
        why=Text(
            f"阈值只能定在 {interval.lo:.3g} 到 {interval.hi:.3g} 之间",
            f"the threshold lies anywhere between {interval.lo:.3g} and {interval.hi:.3g}",
        ),
        needed=Text(
            f"上下限之比不超过 {WIDEST:g}：约 {span_text(days * 3, 'zh')}",
            f"a ratio of at most {WIDEST:g}: about {span_text(days * 3)}",
        ),
    )


def blind_beyond(wanted: float, tunable: Tunable) -> Refusal:
    """Return the refusal of a threshold at which the method would see nothing."""
    return Refusal(
        reason=Reason.BLIND,
        why=Text(
            f"需要 {wanted:g} {tunable.unit}，超过 {tunable.most:g} 该方法形同虚设",
            f"it would need {wanted:g} {tunable.unit}; beyond {tunable.most:g} the method is blind",
        ),
        needed=Text(f"另选方法，或以 {tunable.key}: null 关闭", f"another method, or {tunable.key}: null"),
    )


def span_text(days: float, language: str = "en") -> str:
    """Return a length of time in the unit that a person would use."""
    hours = days * 24.0
    if hours < 48.0:  # noqa: PLR2004 - two days
        return f"{hours:.3g} 小时" if language == "zh" else f"{hours:.3g} h"
    return f"{days:.3g} 天" if language == "zh" else f"{days:.3g} days"
