"""Plain lines of CSV as readings, a whole block at once: no quotes, the right number of cells in every line.

What is not plain is handed on: a cell to the way in which cells are read one by one, a block to `sim.csv_careful`, so
that both ways give the same readings and the same report (tests/sim/test_plain.py).
"""

import numpy as np
from numpy.typing import NDArray

from sim.columns import Names, flattened
from sim.csv_careful import read_cells
from sim.decimals import read_decimals
from sim.fields import Fields, fields_of
from sim.layout import Layout
from sim.recorded import Recorded
from sim.report import Report, Trouble
from sim.text_columns import TextColumns
from sim.timestamps import TimeReader


class PlainLines:
    """Reads blocks of a layout; gives new sensors their places in `names`."""

    def __init__(self, layout: Layout, times: TimeReader, names: Names) -> None:
        self._layout = layout
        self._times = times
        self._names = names
        self._texts = TextColumns(layout, names)
        # the second byte of a character of GB 18030 may be a bar
        self._readable = layout.delimiter.isascii() and (
            layout.delimiter != "|" or layout.encoding != "gb18030"
        )

    def read(self, block: bytes, first_line: int, report: Report) -> Recorded | None:
        """Return the readings of a block of lines, None where they are not plain; nothing is reported then."""
        fields = self._fields(block)
        if fields is None:
            return None
        numbers = np.arange(first_line, first_line + len(fields))
        t_ns, good = self._read_times(fields)
        report.zones(self._times.zoned[good], numbers[good])
        if not good.all():
            self._report_times(fields, numbers, np.flatnonzero(~good), report)
            fields, t_ns, numbers = fields.rows(good), t_ns[good], numbers[good]
        if self._layout.sensor is None:
            return self._wide(fields, t_ns, numbers, report)
        return self._long(fields, t_ns, numbers, report)

    def look(self, block: bytes) -> bool:
        """Take in the sensors of a block of a long file and return True; False where it is not plain."""
        fields = self._fields(block)
        if fields is None:
            return False
        _, good = self._read_times(fields)
        self._texts.places(fields.rows(good))
        return True

    def _fields(self, block: bytes) -> Fields | None:
        """Return the fields of a block whose names and qualities can be numbered."""
        fields = (
            fields_of(block, self._layout.delimiter, len(self._layout.header)) if self._readable else None
        )
        if fields is None or not len(fields):
            return None
        return fields if self._texts.fit(fields) else None

    def _read_times(self, fields: Fields) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        columns = self._layout.time_columns
        matrix = fields.matrix(columns)
        if matrix is not None:
            return self._times.read_matrix(matrix)
        every = np.arange(len(fields))
        cells = [fields.texts(column, every, self._layout.encoding) for column in columns]
        return self._times.read([" ".join(parts) for parts in zip(*cells, strict=True)])

    def _report_times(
        self, fields: Fields, numbers: NDArray[np.int64], bad: NDArray[np.intp], report: Report
    ) -> None:
        cells = [
            fields.texts(column, bad, self._layout.encoding) for column in range(len(self._layout.header))
        ]
        blank = np.array([not any(cell.strip() for cell in row) for row in zip(*cells, strict=True)])
        report.blank_lines += int(blank.sum())
        report.trouble(Trouble.TIME, numbers[bad[~blank]])

    def _wide(
        self, fields: Fields, t_ns: NDArray[np.int64], numbers: NDArray[np.int64], report: Report
    ) -> Recorded:
        report.rows_read(t_ns, numbers)
        columns = self._layout.values
        value, sent, unread = self._values(fields, columns)
        for place in np.flatnonzero(unread.any(axis=0)).tolist():
            rows = np.flatnonzero(unread[:, place])
            value[rows, place], sent[rows, place] = read_cells(
                self._value_texts(fields, columns[place], rows), numbers[rows], report
            )
        return flattened(self._names.known, t_ns, value, sent)

    def _long(
        self, fields: Fields, t_ns: NDArray[np.int64], numbers: NDArray[np.int64], report: Report
    ) -> Recorded:
        place = self._texts.places(fields)
        table, filled, open_ = self._values(fields, self._layout.values)
        value, sent, unread = table[:, 0], filled[:, 0], open_[:, 0]
        sent |= ~unread  # an empty cell is a reading without a value
        rows = np.flatnonzero(unread)
        if len(rows):
            texts = self._value_texts(fields, self._layout.values[0], rows)
            value[rows], sent[rows] = read_cells(texts, numbers[rows], report)
            sent[rows[[not text.strip() for text in texts]]] = True
        report.trouble(Trouble.SENSOR, numbers[place < 0])
        good = sent & (place >= 0)
        report.rows_read(t_ns[good], numbers[good])
        quality = self._texts.qualities(fields, numbers, report)
        if good.all():
            return Recorded(names=self._names.known, column=place, t_ns=t_ns, value=value, quality=quality)
        return Recorded(
            names=self._names.known,
            column=place[good],
            t_ns=t_ns[good],
            value=value[good],
            quality=None if quality is None else quality[good],
        )

    def _values(
        self, fields: Fields, columns: tuple[int, ...]
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the numbers of the columns, which of them are plain, and which cells are neither plain nor empty."""
        start, end = fields.start[:, columns], fields.end[:, columns]
        value, plain = read_decimals(fields.text, start.reshape(-1), end.reshape(-1), self._layout.decimal)
        sent = plain.reshape(start.shape)
        return value.reshape(start.shape), sent, ~sent & (start < end)

    def _value_texts(self, fields: Fields, column: int, rows: NDArray[np.intp]) -> list[str]:
        texts = fields.texts(column, rows, self._layout.encoding)
        return [text.replace(",", ".") for text in texts] if self._layout.decimal == "," else texts
