"""What a recording has of one sensor, and whether it is fit to support any threshold, before anything is fitted."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from registry.plant import Text
from service.tuning.peaks import Track
from service.tuning.refusals import Reason, Refusal, span_text

MOST_REACH: Final = 200.0
"""The wanted rate may be at most so many times rarer than once in the recording."""
MOST_BAD: Final = 0.2
MOST_CUT: Final = 0.5
MOST_UNCHANGED: Final = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What the recording has of one sensor's statistic, in units of the threshold that it was run with.

    Attributes:
        track: the statistic where it counts: settled, and nothing abnormal near.
        value: the readings' own values at the same rows.
        readings: all of the sensor's readings that were neither late nor doubled.
        bad: those of them without a usable value.
        settled_days: watched time after the method had settled, before anything was cut out.
    """

    track: Track
    value: NDArray[np.float64]
    readings: int
    bad: int
    settled_days: float


def unfit(watched: Watched, days: float) -> Refusal | None:
    """Return why the recording cannot support any threshold of this sensor, before anything is fitted."""
    if watched.readings == 0:
        return Refusal(
            reason=Reason.NO_READINGS,
            why=Text("没有读数", "no reading of it"),
            needed=Text("包含该测点的记录", "a recording that has the sensor"),
        )
    if watched.bad > MOST_BAD * watched.readings:
        share = watched.bad / watched.readings
        return Refusal(
            reason=Reason.BAD_QUALITY,
            why=Text(
                f"{share:.0%} 的读数质量差、存疑或无值",
                f"{share:.0%} of the readings are bad, uncertain or without a value",
            ),
            needed=Text(f"不超过 {MOST_BAD:.0%}", f"at most {MOST_BAD:.0%}"),
        )
    if days < (1.0 - MOST_CUT) * watched.settled_days:
        share = 1.0 - days / watched.settled_days
        return Refusal(
            reason=Reason.CUT,
            why=Text(
                f"{share:.0%} 的时间处于异常而被剔除", f"{share:.0%} of the time was abnormal and was cut out"
            ),
            needed=Text(
                f"正常运行的记录（剔除不超过 {MOST_CUT:.0%}）",
                f"a recording of normal operation, at most {MOST_CUT:.0%} cut out",
            ),
        )
    share = _longest_unchanged(watched)
    if share > MOST_UNCHANGED:
        return Refusal(
            reason=Reason.STUCK,
            why=Text(
                f"有 {share:.0%} 的时间数值一动不动",
                f"its value does not change at all for {share:.0%} of the time",
            ),
            needed=Text("数值有变化的记录，或换用分辨率更高的变送器", "a recording in which it moves"),
        )
    return None


def too_short(days: float, per_day: float) -> Refusal | None:
    """Return a refusal where the wanted rate is too rare for what counts of the recording."""
    if days * per_day * MOST_REACH < 1.0:
        least = 1.0 / (per_day * MOST_REACH)
        return Refusal(
            reason=Reason.SHORT,
            why=Text(
                f"可用 {span_text(days, 'zh')}，对每天 {per_day:g} 次的误报率太短",
                f"{span_text(days)} count, too short for {per_day:g} episodes a day",
            ),
            needed=Text(
                f"至少 {span_text(least, 'zh')}", f"at least {span_text(least)} after settling and cuts"
            ),
        )
    return None


def _longest_unchanged(watched: Watched) -> float:
    """Return the longest time without any change of value, as a share of all time."""
    track = watched.track
    if len(track) < 2:  # noqa: PLR2004 - a change is between two
        return 0.0
    changed = np.flatnonzero(np.diff(watched.value, prepend=np.nan) != 0.0)
    until = np.append(track.t_ns[changed[1:]], track.t_ns[-1])
    span = float(track.t_ns[-1] - track.t_ns[0])
    return float((until - track.t_ns[changed]).max() / span) if span > 0.0 else 0.0
