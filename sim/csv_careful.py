"""Lines of CSV as readings, cell by cell where need be: whatever is wrong with one is counted and left out."""

import math
from itertools import repeat
from operator import contains

import numpy as np
from numpy.typing import NDArray

from sim.columns import Names, flattened
from sim.layout import Layout, is_number
from sim.lines import cells_of
from sim.qualities import read_qualities
from sim.recorded import Recorded
from sim.report import Report, Trouble
from sim.timestamps import TimeReader


class CarefulLines:
    """Reads lines of a layout; gives new sensors their places in `names`."""

    def __init__(self, layout: Layout, times: TimeReader, names: Names) -> None:
        self._layout = layout
        self._times = times
        self._names = names
        self._underscore = False  # float() reads 1_000, a recording does not mean it

    def read(self, lines: list[str], numbers: NDArray[np.int64], report: Report) -> Recorded:
        """Return the readings of lines whose numbers in the file are `numbers`."""
        self._underscore = any(map(contains, lines, repeat("_")))
        times, names = self._times, self._names
        cells, numbers = self._cells(lines, numbers, report)
        width = len(self._layout.header)
        columns = [cells[i::width] for i in self._layout.time_columns]
        texts = columns[0] if len(columns) == 1 else [" ".join(pair) for pair in zip(*columns, strict=True)]
        if not texts:
            return Recorded.empty(names.known)
        t_ns, good = times.read(texts)
        report.zones(times.zoned[good], numbers[good])
        if not good.all():
            self._report_times(cells, numbers, good, report)
            kept = np.flatnonzero(good).tolist()
            cells = [cell for i in kept for cell in cells[i * width : (i + 1) * width]]
            t_ns, numbers = t_ns[good], numbers[good]
        if self._layout.sensor is not None:
            return self._long(cells, t_ns, numbers, report)
        return self._wide(cells, t_ns, numbers, report)

    def _cells(
        self, lines: list[str], numbers: NDArray[np.int64], report: Report
    ) -> tuple[list[str], NDArray[np.int64]]:
        """Return the cells of all lines that have the right number of them, row by row."""
        delimiter, width = self._layout.delimiter, len(self._layout.header)
        widths = set(map(str.count, lines, repeat(delimiter)))
        quoted = any(map(contains, lines, repeat('"')))
        if not quoted and widths <= {width - 1}:
            return delimiter.join(lines).split(delimiter) if lines else [], numbers
        rows, kept, wrong = [], [], []
        for i, line in enumerate(lines):
            row = cells_of(line, delimiter)
            if len(row) > width and not any(cell.strip() for cell in row[width:]):
                row = row[:width]
            if not any(cell.strip() for cell in row):
                report.blank_lines += 1
            elif len(row) == width:
                rows.extend(row)
                kept.append(i)
            else:
                wrong.append(i)
        report.trouble(Trouble.CELLS, numbers[wrong])
        return rows, numbers[kept]

    def _report_times(
        self, cells: list[str], numbers: NDArray[np.int64], good: NDArray[np.bool_], report: Report
    ) -> None:
        width = len(self._layout.header)
        bad = np.flatnonzero(~good).tolist()
        blank = {i for i in bad if not any(cell.strip() for cell in cells[i * width : (i + 1) * width])}
        report.blank_lines += len(blank)
        report.trouble(Trouble.TIME, numbers[[i for i in bad if i not in blank]])

    def _wide(
        self,
        cells: list[str],
        t_ns: NDArray[np.int64],
        numbers: NDArray[np.int64],
        report: Report,
    ) -> Recorded:
        report.rows_read(t_ns, numbers)
        width, values = len(self._layout.header), self._layout.values
        table = np.empty((len(t_ns), len(values)))
        sent = np.ones(table.shape, np.bool_)
        for j, i in enumerate(values):
            table[:, j], sent[:, j] = self._numbers(cells[i::width], numbers, report)
        return flattened(self._names.known, t_ns, table, sent)

    def _long(
        self,
        cells: list[str],
        t_ns: NDArray[np.int64],
        numbers: NDArray[np.int64],
        report: Report,
    ) -> Recorded:
        width, sensor, q = len(self._layout.header), self._layout.sensor, self._layout.quality
        assert sensor is not None
        names = self._names
        column = names.places(cells[sensor::width])
        texts = cells[self._layout.values[0] :: width]
        value, sent = self._numbers(texts, numbers, report)
        value[~sent] = math.nan
        nameless = column < 0
        report.trouble(Trouble.SENSOR, numbers[nameless])
        said_nothing = [i for i in np.flatnonzero(~sent).tolist() if not texts[i].strip()]
        sent[said_nothing] = True
        good = ~nameless & sent
        report.rows_read(t_ns[good], numbers[good])
        return Recorded(
            names=names.known,
            column=column[good],
            t_ns=t_ns[good],
            value=value[good],
            quality=None if q is None else read_qualities(cells[q::width], numbers, report)[good],
        )

    def _numbers(
        self, cells: list[str], numbers: NDArray[np.int64], report: Report
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the values of a column and which cells hold one; NaN is one, an empty cell is not."""
        if self._layout.decimal == ",":
            cells = "\n".join(cells).replace(",", ".").split("\n") if cells else cells
        try:
            value = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return read_cells(cells, numbers, report)
        if np.isinf(value).any() or (self._underscore and "_" in "".join(cells)):
            return read_cells(cells, numbers, report)
        return value, np.ones(len(cells), np.bool_)


def read_cells(
    cells: list[str], numbers: NDArray[np.int64], report: Report
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values of cells and which of them hold one; what is no number is reported, what is empty is not."""
    value = np.full(len(cells), math.nan)
    sent = np.zeros(len(cells), np.bool_)
    bad = []
    for i, cell in enumerate(cells):
        text = cell.strip()
        if not text:
            continue
        number = float(text) if is_number(text) else math.inf
        if math.isinf(number):
            bad.append(i)
        else:
            value[i], sent[i] = number, True
    report.trouble(Trouble.VALUE, numbers[bad])
    return value, sent
