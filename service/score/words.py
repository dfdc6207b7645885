"""Figures and names as people read them, in both languages at once."""

import math

from registry.plant import Text
from service.score.panel import Share, Spread

NOTHING = "–"


def both(text: Text, between: str = " / ") -> str:
    """Return a text in both languages, once where they are alike."""
    return text.zh if text.zh == text.en else f"{text.zh}{between}{text.en}"


def span(value_s: float | None) -> str:
    """Return seconds as a person says them, with the sign; ∞ is never."""
    if value_s is None:
        return NOTHING
    if math.isinf(value_s):
        return "∞" if value_s > 0 else "-∞"
    size = abs(value_s)
    if size < _MINUTE_S:
        return f"{value_s:.2f} s" if size < 1.0 else f"{value_s:.3g} s"
    if size < _HOUR_S:
        return f"{value_s / 60:.3g} min"
    return f"{value_s / 3600:.3g} h"


_MINUTE_S, _HOUR_S = 120.0, 7200.0


def spread(value: Spread) -> str:
    """Return a median with its interval."""
    median, interval = value.median, value.interval
    if median is None or interval is None:
        return NOTHING
    if math.isinf(median) or value.count == 1:
        return span(median)
    return f"{span(median)} [{span(interval.lo)}, {span(interval.hi)}]"


def share(value: Share) -> str:
    """Return a share with its interval and its count."""
    if value.value is None:
        return NOTHING
    interval = value.interval
    return (
        f"{percent(value.value)} [{interval.lo * 100:.0f}–{interval.hi * 100:.0f}] ({value.hits}/{value.of})"
    )


def percent(value: float | None) -> str:
    """Return a share as per cent."""
    return NOTHING if value is None else f"{value * 100:.3g}%"


def rate(value: float) -> str:
    """Return a rate by sensor-day with three digits."""
    return f"{value:.3g}"
