"""Blocks of JSON objects that are all written alike as readings, a whole block at once; any other is handed on."""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from sim.columns import Names, flattened
from sim.decimals import read_decimals
from sim.fields import Fields
from sim.json_fields import Member, json_fields_of
from sim.layout import Layout
from sim.recorded import Recorded
from sim.report import Report, Trouble
from sim.text_columns import TextColumns
from sim.timestamps import TimeReader

_ZERO, _NINE, _POINT, _MINUS = (np.uint8(ord(char)) for char in "09.-")


class PlainObjects:
    """Reads blocks of a layout; gives new sensors their places in `names`."""

    def __init__(self, layout: Layout, times: TimeReader, names: Names) -> None:
        self._layout = layout
        self._times = times
        self._names = names
        self._texts = TextColumns(layout, names)

    def read(self, block: bytes, first_line: int, report: Report) -> Recorded | None:
        """Return the readings of a block of lines, None where they are not plain; nothing is reported then."""
        fields = self._fields(block)
        if fields is None:
            return None
        value = _values(fields, self._layout.values)
        times = None if value is None else self._read_times(fields)
        if value is None or times is None:
            return None
        (t_ns, good), numbers = times, np.arange(first_line, first_line + len(fields))
        report.zones(self._times.zoned[good], numbers[good])
        report.trouble(Trouble.TIME, numbers[~good])
        if not good.all():
            fields, value, t_ns, numbers = fields.rows(good), value[good], t_ns[good], numbers[good]
        report.rows_read(t_ns, numbers)
        if self._layout.sensor is None:
            return flattened(self._names.known, t_ns, value, np.ones(value.shape, np.bool_))
        place = self._texts.places(fields)
        sent = place >= 0
        report.trouble(Trouble.SENSOR, numbers[~sent])
        return Recorded(
            names=self._names.known,
            column=place[sent],
            t_ns=t_ns[sent],
            value=value[sent, 0],
            quality=self._texts.qualities(fields.rows(sent), numbers[sent], report),
        )

    def look(self, block: bytes) -> bool:
        """Take in the sensors of a block of a long file and return True; False where it is not plain."""
        fields = self._fields(block)
        if fields is None or _values(fields, self._layout.values) is None:
            return False
        times = self._read_times(fields)
        if times is None:
            return False
        self._texts.places(fields.rows(times[1]))
        return True

    def _fields(self, block: bytes) -> Fields | None:
        """Return the fields in the order of the layout's columns, where each is of the kind that is read here."""
        found = json_fields_of(block)
        if found is None:
            return None
        members, fields = found
        at = _columns(self._layout, members)
        if at is None:
            return None
        ordered = Fields(fields.text, fields.start[:, at], fields.end[:, at])
        return ordered if self._texts.fit(ordered) else None

    def _read_times(self, fields: Fields) -> tuple[NDArray[np.int64], NDArray[np.bool_]] | None:
        matrix = fields.matrix(self._layout.time_columns)
        if matrix is None:
            return None
        bare = any(fields.text[fields.start[0, i] - 1] != ord('"') for i in self._layout.time_columns)
        # a number with a fraction is read as JSON has it: as a float
        return None if bare and (matrix == _POINT).any() else self._times.read_matrix(matrix)


def _columns(layout: Layout, members: list[Member]) -> list[int] | None:
    """Return which member is each column of the layout; None where one is not there or of another kind."""
    by_key = {member.key: i for i, member in enumerate(members)}
    texts = [column for column in (layout.sensor, layout.quality) if column is not None]
    for column in (*layout.time_columns, *texts, *layout.values):
        member = by_key.get(layout.header[column])
        if member is None:
            return None
        if members[member].quoted != (column in texts) and column not in layout.time_columns:
            return None
    return [by_key.get(key, 0) for key in layout.header]


def _values(fields: Fields, columns: tuple[int, ...]) -> NDArray[np.float64] | None:
    """Return the numbers of the columns, NaN for null; None where one is anything else."""
    start, end = (places[:, columns].reshape(-1) for places in (fields.start, fields.end))
    text = fields.text
    value, plain = read_decimals(text, start, end)
    lead = start + (text[start] == _MINUS)
    zero_first = (text[lead] == _ZERO) & (text[lead + 1] >= _ZERO) & (text[lead + 1] <= _NINE)
    odd = np.flatnonzero(~plain | zero_first | (text[lead] < _ZERO) | (text[end - 1] == _POINT))
    for i, first, last in zip(odd.tolist(), start[odd].tolist(), end[odd].tolist(), strict=True):
        try:
            number = msgspec.json.decode(text[first:last].tobytes(), type=float | None)
        except msgspec.DecodeError:
            return None
        value[i] = math.nan if number is None else number
    return None if np.isinf(value).any() else value.reshape(-1, len(columns))
