"""Readings as lines of CSV, tens of thousands of rows at once.

Theory of operation: every field of a row has its place in a row of bytes as wide as the widest; what a field leaves
free is NUL, and all NULs are taken out at the end. Times and numbers of up to four decimals are put together from
tables of their parts; all others, one by one, as `repr` writes them. The oracle in the tests is one f-string.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.qualities import QUALITY_TEXTS
from sim.recorded import Recorded

_ROWS = 32_768
_NS_PER_MS, _MS_PER_S, _S_PER_DAY = 1_000_000, 1000, 86_400
_MOST_DAYS = 1000
_GROUP = 10_000
"""Four decimal digits are looked up together."""
_MOST = 1e8
"""Numbers below this have at most four and four digits before the point."""

_NUL = b"\xff"
"""Stands for a NUL in a sensor's name until the others are gone; UTF-8 has no such byte."""

_Bytes = NDArray[np.uint8]


class CsvText:
    """Writes the chunks of one file; it remembers how the names of the last chunk are written."""

    def __init__(self, *, quality: bool) -> None:
        self._quality = quality
        self._names: tuple[str, ...] = ()
        self._cells = _table([])

    def header(self) -> bytes:
        """Return the first line."""
        return b"time,sensor,value,quality\n" if self._quality else b"time,sensor,value\n"

    def lines(self, chunk: Recorded) -> Iterator[bytes]:
        """Yield the chunk's readings as lines, many at once: time, sensor, value, and the quality if wanted.

        Times are RFC 3339 in UTC with milliseconds, or nanoseconds where milliseconds are not exact. A value is
        written with the fewest digits that mean it; a reading without a value has an empty cell.
        """
        if chunk.names != self._names:
            self._names, self._cells = chunk.names, _table([f",{_cell(name)}," for name in chunk.names])
        for lo in range(0, len(chunk), _ROWS):
            rows = chunk[lo : lo + _ROWS]
            parts = [_times(rows.t_ns), self._cells[rows.column], _values(rows.value)]
            if self._quality:
                parts.append(_QUALITIES[rows.qualities()])
            parts.append(np.full((len(rows), 1), ord("\n"), np.uint8))
            text = np.concatenate(parts, axis=1).tobytes().translate(None, b"\0")
            yield text.replace(_NUL, b"\0")


def _cell(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"' if any(mark in name for mark in ',"\n\r') else name


def _table(texts: Sequence[str]) -> _Bytes:
    """Return texts as rows of bytes, filled up with NUL."""
    encoded = np.array([text.encode().replace(b"\0", _NUL) for text in texts] or [b" "])
    return encoded.view(np.uint8).reshape(len(encoded), encoded.dtype.itemsize)


_QUALITIES = _table([f",{text}" for text in QUALITY_TEXTS])
_CLOCK = _table([f"T{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}" for s in range(_S_PER_DAY)])
_MS = _table([f".{ms:03}Z" for ms in range(_MS_PER_S)])
_WHOLE = _table([str(i) for i in range(_GROUP)])
_PADDED = _table([f"{i:04}" for i in range(_GROUP)])
_FRACTION = _table([f".{f'{i:04}'.rstrip('0') or '0'}" for i in range(_GROUP)])


def _times(t_ns: NDArray[np.int64]) -> _Bytes:
    """Return the times; those that come several times on end are made once."""
    new = np.concatenate(([True], t_ns[1:] != t_ns[:-1]))
    return np.asarray(_moments(t_ns[new])[np.cumsum(new) - 1])


def _moments(t_ns: NDArray[np.int64]) -> _Bytes:
    """Return times, looked up by day, second of the day and millisecond."""
    t_ms = t_ns // _NS_PER_MS
    t_s = t_ms // _MS_PER_S
    day = t_s // _S_PER_DAY
    first, last = int(day.min()), int(day.max())
    if last - first < _MOST_DAYS:
        days, at = np.arange(first, last + 1), day - first
    else:
        days, at = np.unique(day, return_inverse=True)
    dates = _table(np.datetime_as_string(days.astype("M8[D]")).tolist())
    clock, ms = _CLOCK[t_s - day * _S_PER_DAY], _MS[t_ms - t_s * _MS_PER_S]
    table = np.concatenate((dates[at], clock, ms), axis=1)
    odd = np.flatnonzero(t_ns != t_ms * _NS_PER_MS)
    if not len(odd):
        return table
    exact = _table([f"{text}Z" for text in np.datetime_as_string(t_ns[odd].view("M8[ns]")).tolist()])
    return _replaced(table, odd, exact)


def _values(value: NDArray[np.float64]) -> _Bytes:
    """Return the sign, the digits before the point and those behind it."""
    size = np.abs(value)
    small = size < _MOST
    scaled = np.rint(np.where(small, size, 0.0) * _GROUP).astype(np.int64)
    plain = small & (scaled / _GROUP == size)
    whole = scaled // _GROUP
    behind = scaled - whole * _GROUP
    high = whole // _GROUP
    low = whole - high * _GROUP
    minus = np.where(np.signbit(value), np.uint8(ord("-")), np.uint8(0))[:, None]
    digits = _WHOLE[low]
    if high.any():
        long = high > 0
        digits = np.concatenate((np.where(long[:, None], _WHOLE[high], 0), digits), axis=1)
        digits[long, _WHOLE.shape[1] :] = _PADDED[low[long]]
    table = np.concatenate((minus, digits, _FRACTION[behind]), axis=1)
    odd = np.flatnonzero(~plain)
    if not len(odd):
        return table
    texts = ["" if v != v else repr(v) for v in value[odd].tolist()]  # noqa: PLR0124 - NaN is not itself
    return _replaced(table, odd, _table(texts))


def _replaced(table: _Bytes, rows: NDArray[np.intp], by: _Bytes) -> _Bytes:
    """Return a table with some of its rows replaced, as wide as is needed."""
    out = np.zeros((len(table), max(table.shape[1], by.shape[1])), np.uint8)
    out[:, : table.shape[1]] = table
    out[rows] = 0
    out[rows, : by.shape[1]] = by
    return out
