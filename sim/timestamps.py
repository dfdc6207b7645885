"""Times as recordings write them, to integer nanoseconds: one style a file, exact, and never guessed row by row.

Theory of operation: `sim.time_style` looks at samples and settles the style of the whole file. `TimeReader` then
turns texts into times; texts of one layout are read as a matrix of digits, all others one by one with the same
pattern, and both end in the same arithmetic. A text that does not fit is marked, not guessed.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

from sim.time_style import EPOCH, EPOCH_UNIT_NS, NS, PLAUSIBLE_S, YEAR_FIRST, YEAR_LAST, Style

_DAY_S = 86_400
_FIRST_YEAR, _LAST_YEAR = 1700, 2250


class TimeReader:
    """Turns texts of one style into ns since 1970; a text without a zone of its own is in `zone`.

    Where clocks are turned back, an hour that comes twice is taken as its first. `zoned` says of
    each text of the last reading whether it had a zone of its own, so that a file that mixes both can be reported.
    """

    def __init__(self, style: Style, zone: tzinfo) -> None:
        self.style = style
        self.zone = zone
        self.zoned = np.empty(0, np.bool_)

    def read(self, texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return times and which of them are good; a bad one is 0."""
        t_ns = np.zeros(len(texts), np.int64)
        good, self.zoned = np.zeros(len(texts), np.bool_), np.zeros(len(texts), np.bool_)
        of_length = np.fromiter(map(len, texts), np.int64, len(texts))
        for length in set(of_length.tolist()):
            rows = np.flatnonzero(of_length == length)
            t_ns[rows], good[rows], self.zoned[rows] = self._read_group([texts[i] for i in rows.tolist()])
        return t_ns, good

    def read_matrix(self, texts: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """As `read`, of texts of one length in UTF-8 or another code with ASCII, a row a text.

        A text like the one before is not read again.
        """
        width = texts.shape[1]
        whole = np.ascontiguousarray(texts).view(f"S{width}").reshape(-1)
        fresh = np.append(True, whole[1:] != whole[:-1])
        rows = texts[fresh]
        read = self._read_alike(rows, lambda i: rows[i].tobytes().decode(errors="replace"))
        if read is None:
            read = self._one_by_one([row.tobytes().decode(errors="replace") for row in rows])
        group = np.cumsum(fresh) - 1
        t_ns, good, self.zoned = (part[group] for part in read)
        return t_ns, good

    def _read_group(self, texts: Sequence[str]) -> "_Read":
        """Read texts of one length."""
        joined = "".join(texts)
        read = None
        if joined and joined.isascii():
            matrix = np.frombuffer(joined.encode(), np.uint8).reshape(len(texts), -1)
            read = self._read_alike(matrix, texts.__getitem__)
        return read or self._one_by_one(texts)

    def _read_alike(self, matrix: NDArray[np.uint8], text_of: Callable[[int], str]) -> "_Read | None":
        """Read texts by columns, those not laid out as the first one by one; None where the first has no fixed places."""
        first = self._match(text_of(0))
        if (
            first is None
            or not first.string.isascii()
            or (first.re is not EPOCH and first["half"] is not None)
        ):
            return None
        places, alike = _same_layout(matrix, first)
        read = self._finish(_digit_fields(places, first))
        others = np.flatnonzero(~alike).tolist()
        for part, one in zip(read, self._one_by_one([text_of(i) for i in others]), strict=True):
            part[others] = one
        return read

    def _one_by_one(self, texts: Sequence[str]) -> "_Read":
        return self._finish([_fields(self._match(text)) for text in texts])

    def _match(self, text: str) -> re.Match[str] | None:
        if self.style in EPOCH_UNIT_NS:
            return EPOCH.fullmatch(text)
        return YEAR_FIRST.fullmatch(text) or YEAR_LAST.fullmatch(text)

    def _finish(self, rows: "list[_Fields | None] | _Columns") -> "_Read":
        names = _EPOCH_NAMES if self.style in EPOCH_UNIT_NS else _CALENDAR_NAMES
        columns = rows if isinstance(rows, dict) else _columns(rows, names)
        if self.style in EPOCH_UNIT_NS:
            t_ns, good = _epoch_ns(columns, EPOCH_UNIT_NS[self.style])
            return t_ns, good, good.copy()
        return self._calendar_ns(columns)

    def _calendar_ns(self, of: "_Columns") -> "_Read":
        year_first = of["year_first"] != 0
        day, month = of["a"], of["b"]
        if self.style is Style.MONTH_FIRST:
            day, month = np.where(year_first, day, of["b"]), np.where(year_first, month, of["a"])
        year, good = of["year"], of["found"] != 0
        good &= (year >= _FIRST_YEAR) & (year <= _LAST_YEAR) & (month >= 1) & (month <= 12)  # noqa: PLR2004 - months
        index = np.where(good, (year - 1970) * 12 + month - 1, 0)
        first_day = index.astype("M8[M]").astype("M8[D]").astype(np.int64)
        next_first = (index + 1).astype("M8[M]").astype("M8[D]").astype(np.int64)
        good &= (day >= 1) & (day <= next_first - first_day)
        good &= (of["hour"] < 24) & (of["minute"] < 60) & (of["second"] < 60)  # noqa: PLR2004 - the clock's
        local_s = (first_day + day - 1) * _DAY_S + of["hour"] * 3600 + of["minute"] * 60 + of["second"]
        zoned = of["zoned"] != 0
        offset_s = np.where(zoned, of["offset_s"], 0)
        naive = good & ~zoned
        if self.zone is not UTC and naive.any():
            offset_s[naive] = _offsets_s(local_s[naive], self.zone)
        t_ns = (local_s - offset_s) * NS + of["frac_ns"]
        return np.where(good, t_ns, 0), good, zoned


_Read = tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]
"""Times, which of them are good, and which had a zone of their own (a count since 1970 has one)."""
_Fields = dict[str, int]
_Columns = dict[str, NDArray[np.int64]]
_CALENDAR_NAMES = (
    "found",
    "year_first",
    "year",
    "a",
    "b",
    "hour",
    "minute",
    "second",
    "frac_ns",
    "zoned",
    "offset_s",
)
_INT64_MAX = 2**63 - 1
_EPOCH_NAMES = ("found", "whole", "part_ns9")
_DIGITS = frozenset("0123456789")


def _fields(match: re.Match[str] | None) -> _Fields | None:
    """Return the numbers of one matched text."""
    if match is None:
        return None
    if match.re is EPOCH:
        part = match["part"] or ""
        return {
            "found": 1,
            "whole": min(int(match["whole"]), _INT64_MAX),
            "part_ns9": int(part.ljust(9, "0")),
        }
    numbers = {name: int(match[name] or 0) for name in ("year", "a", "b", "hour", "minute", "second")}
    return {
        "found": 1,
        "year_first": int(match.re is YEAR_FIRST),
        **numbers,
        "hour": _hour(match),
        "frac_ns": int((match["frac"] or "").ljust(9, "0")),
        "zoned": int(match["zone"] is not None),
        "offset_s": _offset_s(match),
    }


def _hour(match: re.Match[str]) -> int:
    hour = int(match["hour"] or 0)
    if match["half"] is None:
        return hour
    if not 1 <= hour <= 12:  # noqa: PLR2004 - a half day has twelve hours
        return 99
    return hour % 12 + (12 if match["half"].lower() == "pm" else 0)


def _offset_s(match: re.Match[str]) -> int:
    if match["sign"] is None:
        return 0
    size = int(match["zone_h"]) * 3600 + int(match["zone_m"] or 0) * 60
    return -size if match["sign"] == "-" else size


def _columns(rows: Sequence[_Fields | None], names: Sequence[str]) -> _Columns:
    return {name: np.array([0 if row is None else row[name] for row in rows], np.int64) for name in names}


def _same_layout(
    matrix: NDArray[np.uint8], first: re.Match[str]
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the digits of texts, a row a place, and which texts have the first one's signs at their places."""
    places = np.ascontiguousarray(matrix.T)
    digits = places - np.uint8(ord("0"))
    alike = np.ones(len(matrix), np.bool_)
    for place, sign in enumerate(first.string):
        alike &= digits[place] <= 9 if sign in _DIGITS else places[place] == ord(sign)  # noqa: PLR2004 - ten digits
    return digits, alike


def _digit_fields(digits: NDArray[np.uint8], first: re.Match[str]) -> _Columns:
    """Return the numbers of texts laid out as the first; for others they mean nothing."""
    count = digits.shape[1]

    def number(name: str) -> NDArray[np.int64]:
        start, end = first.span(name)
        total = np.zeros(count, np.int64)
        for place in range(start, end):
            total *= 10
            total += digits[place]
        return total

    ones = np.ones(count, np.int64)
    if first.re is EPOCH:
        part = first["part"] or ""
        return {"found": ones, "whole": number("whole"), "part_ns9": number("part") * 10 ** (9 - len(part))}
    columns = {name: number(name) for name in ("year", "a", "b", "hour", "minute", "second")}
    columns["found"] = ones
    columns["year_first"] = ones * (first.re is YEAR_FIRST)
    columns["frac_ns"] = number("frac") * 10 ** (9 - len(first["frac"] or ""))
    columns["zoned"] = ones * (first["zone"] is not None)
    sign = -1 if first["sign"] == "-" else 1
    columns["offset_s"] = sign * (number("zone_h") * 3600 + number("zone_m") * 60)
    return columns


def _epoch_ns(of: _Columns, unit_ns: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return whole and part of a count of units; a part finer than a nanosecond is no time."""
    finest = NS // unit_ns
    good = (
        (of["found"] != 0)
        & (of["whole"] >= 0)
        & (of["whole"] <= PLAUSIBLE_S[1] * 2 * finest)
        & (of["part_ns9"] % finest == 0)
    )
    whole = np.where(good, of["whole"], 0)
    t_ns = whole * unit_ns + of["part_ns9"] // finest
    return np.where(good, t_ns, 0), good


def _offsets_s(local_s: NDArray[np.int64], zone: tzinfo) -> NDArray[np.int64]:
    """Return the zone's offset at each local time; asked once for each quarter of an hour."""
    quarters, back = np.unique(local_s // 900, return_inverse=True)
    offsets = [
        int(
            (
                (datetime.fromtimestamp(int(q) * 900, UTC)).replace(tzinfo=zone).utcoffset() or _NONE
            ).total_seconds()
        )
        for q in quarters
    ]
    return np.array(offsets, np.int64)[back]


_NONE = timedelta()
