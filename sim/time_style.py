"""How a recording writes its times: the styles, and which one a file has, guessed from samples."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

from registry.plant import Text

NS = 1_000_000_000

_CLOCK = (
    r"(?:[ T]+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<frac>\d{1,9}))?)?"
    r"(?:\s*(?P<half>[AaPp][Mm]))?)?"
    r"(?:\s*(?P<zone>[Zz]|UTC|GMT|(?P<sign>[+-])(?P<zone_h>\d{2}):?(?P<zone_m>\d{2})?))?\s*"
)
YEAR_FIRST = re.compile(r"\s*(?P<year>\d{4})[-/.](?P<b>\d{1,2})[-/.](?P<a>\d{1,2})" + _CLOCK)
YEAR_LAST = re.compile(r"\s*(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<year>\d{4})" + _CLOCK)
EPOCH = re.compile(r"\s*(?P<whole>\d{1,19})(?:\.(?P<part>\d{1,9}))?\s*")


class Style(StrEnum):
    """How a file writes its times."""

    YEAR_FIRST = "year-first"
    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"
    EPOCH_S = "epoch-s"
    EPOCH_MS = "epoch-ms"
    EPOCH_US = "epoch-us"
    EPOCH_NS = "epoch-ns"


STYLE_TEXTS = {
    Style.YEAR_FIRST: Text(zh="年-月-日 时:分:秒", en="year-month-day and time of day"),
    Style.DAY_FIRST: Text(zh="日/月/年 时:分:秒", en="day/month/year and time of day"),
    Style.MONTH_FIRST: Text(zh="月/日/年 时:分:秒", en="month/day/year and time of day"),
    Style.EPOCH_S: Text(zh="1970年以来的秒", en="seconds since 1970"),
    Style.EPOCH_MS: Text(zh="1970年以来的毫秒", en="milliseconds since 1970"),
    Style.EPOCH_US: Text(zh="1970年以来的微秒", en="microseconds since 1970"),
    Style.EPOCH_NS: Text(zh="1970年以来的纳秒", en="nanoseconds since 1970"),
}
EPOCH_UNIT_NS = {Style.EPOCH_S: NS, Style.EPOCH_MS: 1_000_000, Style.EPOCH_US: 1000, Style.EPOCH_NS: 1}
PLAUSIBLE_S = (946_684_800, 4_102_444_800)
"""2000 to 2100: a bare number is taken for a time only when it lies here in some unit."""


@dataclass(frozen=True, slots=True)
class Guess:
    """The style that the samples fit; `proven` is false for 03/04/2024 and the like with no row that decides."""

    style: Style
    proven: bool


def guess_style(samples: Iterable[str]) -> Guess | None:
    """Return the style that most of the samples fit that are not empty, or None when there is none.

    Most, not all: a broken line among the first must not hide what the file is.
    """
    texts = [text for text in samples if text.strip()]
    if _most(YEAR_FIRST.fullmatch(text) is not None for text in texts):
        return Guess(Style.YEAR_FIRST, proven=True)
    if _most(YEAR_LAST.fullmatch(text) is not None for text in texts):
        proof = day_or_month_first(texts)
        return Guess(proof or Style.DAY_FIRST, proven=proof is not None)
    return _guess_epoch(texts)


def _most(fits: Iterable[bool]) -> bool:
    votes = list(fits)
    return 2 * sum(votes) > len(votes)


def day_or_month_first(texts: Iterable[str]) -> Style | None:
    """Return what the first text that decides proves of a file with dates like 10/03/2004, None where none does."""
    for text in texts:
        found = YEAR_LAST.match(text)
        if found is None:
            continue
        if int(found["a"]) > 12:  # noqa: PLR2004 - there are twelve months
            return Style.DAY_FIRST
        if int(found["b"]) > 12:  # noqa: PLR2004 - there are twelve months
            return Style.MONTH_FIRST
    return None


def _guess_epoch(texts: Sequence[str]) -> Guess | None:
    whole = [int(match["whole"]) if (match := EPOCH.fullmatch(text)) else -1 for text in texts]
    for style, unit_ns in EPOCH_UNIT_NS.items():
        first, last = (second * (NS // unit_ns) for second in PLAUSIBLE_S)
        if _most(first <= number <= last for number in whole):
            return Guess(style, proven=True)
    return None


def time_zone(name: str) -> tzinfo | None:
    """Return the zone of an IANA name, ``UTC`` or an offset such as ``+08:00``; None where there is no such zone."""
    if name.upper() in {"UTC", "Z"}:
        return UTC
    try:
        if re.fullmatch(r"[+-]\d{2}:\d{2}", name):
            return datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        return None
