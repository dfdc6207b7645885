"""The three fields of a reading as JSON has them: time, value, quality. One text in, one fact or refusal out.

These functions are the slow and exact way: the codecs take whole columns at once where everything is regular
and come here for the payloads that are not.
"""

import math
import re
from datetime import date
from functools import lru_cache
from typing import Final, NamedTuple

import msgspec

from ingest.messages import RejectReason
from registry.readings import Quality

NS_PER_MS: Final = 1_000_000
NS_PER_S: Final = 1_000_000_000
EARLIEST_NS: Final = 946_684_800 * NS_PER_S
"""2000-01-01T00:00:00Z: a transmitter that tells an earlier time has lost its clock."""
LATEST_NS: Final = 4_102_444_800 * NS_PER_S
"""2100-01-01T00:00:00Z: no reading is that new."""
AHEAD_NS: Final = 300 * NS_PER_S
"""Under the wall clock a reading may be this far ahead of the receive time; more is a wrong clock."""
SHOWN_CHARS: Final = 80

QUALITIES: Final = {"good": Quality.GOOD, "uncertain": Quality.UNCERTAIN, "bad": Quality.BAD}

MALFORMED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are not JSON or not of the asked shape; deep nesting is a RecursionError."""

_EPOCH_DAYS: Final = date(1970, 1, 1).toordinal()
_RFC3339: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))", re.ASCII
)
_MAX_INT_DIGITS: Final = 20
_SHOWN_BITS: Final = 1024
_HOURS, _MINUTES, _LEAP_SECOND = 23, 59, 60


class Refusal(NamedTuple):
    """Why a reading does not count: the reason and, for a person, what was wrong."""

    reason: RejectReason
    detail: str


class Window(NamedTuple):
    """The event times that count: from `lo_ns` up to but not including `hi_ns`."""

    lo_ns: int
    hi_ns: int


def window(now_ns: int, *, wall_clock: bool) -> Window:
    """Return the times that are not absurd at `now_ns`."""
    return Window(EARLIEST_NS, min(LATEST_NS, now_ns + AHEAD_NS + 1) if wall_clock else LATEST_NS)


def absurd(t_ns: int, times: Window) -> Refusal:
    """Say why `t_ns`, which lies outside of `times`, is absurd."""
    if t_ns < times.lo_ns:
        return Refusal(RejectReason.ABSURD_TIME, f"time {t_ns} ns is before the year 2000")
    if t_ns >= LATEST_NS:
        return Refusal(RejectReason.ABSURD_TIME, f"time {t_ns} ns is after the year 2100")
    ahead_s = (t_ns - (times.hi_ns - AHEAD_NS - 1)) / NS_PER_S
    return Refusal(
        RejectReason.ABSURD_TIME, f"time is {ahead_s:.0f} s ahead of the receive time (allowed: 300)"
    )


def time_of(raw: bytes) -> int | Refusal:
    """Return the event time in ns of the JSON text of a `t` field.

    A whole number is epoch ms, exact. A number with a fraction is epoch ms too, rounded to the nearest
    microsecond, because a double of that size holds no more. A string is RFC 3339, exact to its nine digits.
    """
    if raw[:1] == b'"':
        return time_of_text(raw)
    if raw[:1] not in b"-0123456789":
        return Refusal(RejectReason.WRONG_TYPE, f"t is {shown(raw)} (allowed: epoch ms or RFC 3339 text)")
    if raw.lstrip(b"-").isdigit():
        if len(raw) > _MAX_INT_DIGITS:
            return Refusal(RejectReason.ABSURD_TIME, f"t is {shown(raw)}")
        return int(raw) * NS_PER_MS
    return time_of_float(float(raw), NS_PER_MS)


def time_of_float(t: float, unit_ns: int) -> int | Refusal:
    """Return a time given as a float in units of `unit_ns`, rounded to the nearest microsecond."""
    micros = t * (unit_ns / 1000)
    if not math.isfinite(micros):
        return Refusal(RejectReason.ABSURD_TIME, f"t is {t}")
    return round(micros) * 1000


def time_of_text(raw: bytes) -> int | Refusal:
    """Return the time of a JSON string that holds an RFC 3339 time."""
    try:
        text = msgspec.json.decode(raw, type=str)
    except MALFORMED as error:
        return Refusal(RejectReason.BAD_JSON, f"t: {error}")
    return parse_rfc3339(text)


def parse_rfc3339(text: str) -> int | Refusal:
    """Return the ns since 1970 UTC of an RFC 3339 time with an offset, at most nine fractional digits.

    A leap second (``:60``) is the first second of the next minute, as POSIX time has it.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        return _not_a_time(text)
    year, month, day, hour, minute, second, fraction, sign, off_h, off_m = match.groups()
    days = _days(year, month, day)
    offset_h, offset_m = int(off_h or 0), int(off_m or 0)
    in_range = max(int(hour), offset_h) <= _HOURS and max(int(minute), offset_m) <= _MINUTES
    if days is None or not in_range or int(second) > _LEAP_SECOND:
        return _not_a_time(text)
    offset_s = (offset_h * 3600 + offset_m * 60) * (-1 if sign == "-" else 1)
    seconds = days * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second) - offset_s
    return seconds * NS_PER_S + (int(fraction.ljust(9, "0")) if fraction else 0)


def _not_a_time(text: str) -> Refusal:
    return Refusal(
        RejectReason.WRONG_TYPE, f"t is {shown(text)} (allowed: epoch ms or RFC 3339 with an offset)"
    )


@lru_cache(maxsize=64)
def _days(year: str, month: str, day: str) -> int | None:
    """Return the days since 1970 of a date, None where the calendar has no such day."""
    try:
        return date(int(year), int(month), int(day)).toordinal() - _EPOCH_DAYS
    except ValueError:
        return None


def value_of(raw: bytes) -> float | Refusal:
    """Return the value of the JSON text of a `v` field; null and "NaN" are NaN.

    A number beyond the range of a double comes back infinite; `settled` makes it a NaN of bad quality.
    """
    if raw in {b"null", b'"NaN"'}:
        return math.nan
    if raw[:1] in b"-0123456789":
        return float(raw)
    return Refusal(RejectReason.WRONG_TYPE, f'v is {shown(raw)} (allowed: a number, null or "NaN")')


def quality_of(raw: bytes) -> Quality | Refusal:
    """Return the quality of the JSON text of a `q` field; none and null are good."""
    if raw in {b"", b"null"}:
        return Quality.GOOD
    try:
        return QUALITIES[msgspec.json.decode(raw, type=str)]
    except (KeyError, *MALFORMED):
        return Refusal(RejectReason.WRONG_TYPE, f"q is {shown(raw)} (allowed: good, uncertain, bad)")


def settled(value: float, quality: Quality) -> tuple[float, Quality]:
    """Turn what a double cannot hold into NaN of bad quality: the transmitter speaks, but not sense."""
    return (math.nan, Quality.BAD) if math.isinf(value) else (value, quality)


def shown(what: object) -> str:
    """Return `what` as a person may see it in a detail: escaped and cut."""
    if isinstance(what, bytes):
        text = what[:SHOWN_CHARS].decode("utf-8", "backslashreplace")
    elif isinstance(what, int) and what.bit_length() > _SHOWN_BITS:
        text = "a number of very many digits"
    elif isinstance(what, list | dict):
        text = "an array" if isinstance(what, list) else "an object"
    else:
        text = str(what)
    return repr(text if len(text) <= SHOWN_CHARS else text[: SHOWN_CHARS - 1] + "…")
