"""CSV recordings, long or wide, as chunks: whole columns at once where a block is clean, cell by cell where not."""

import csv
import math
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from itertools import repeat
from operator import contains
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from registry.faults import Fault, InputError
from sim.layout import (
    Layout,
    Options,
    find_quality,
    find_time,
    find_values,
    guess_decimal,
    guess_delimiter,
    is_number,
    joined,
    sensor_names,
    settle_day_or_month,
)
from sim.lines import byte_blocks, encoding_of, sample, text_lines
from sim.qualities import read_qualities
from sim.recorded import Recorded
from sim.report import Report, Trouble
from sim.timestamps import TimeReader, day_or_month_first, guess_style

_SAMPLE_ROWS = 500
_BOM = b"\xef\xbb\xbf"


def guess_csv(path: Path, options: Options, stem: str) -> Layout:
    """Return what the file is taken for, from its first rows; reads it whole only where dates are ambiguous."""
    head = sample(path)
    encoding = encoding_of(head, path)
    lines = [line for line in text_lines(head.removeprefix(_BOM), encoding) if line.strip()][
        : _SAMPLE_ROWS + 1
    ]
    if not lines:
        raise InputError([Fault(file=str(path), where="", message="the file has no lines")])
    delimiter = options.delimiter or guess_delimiter(lines)
    cells = list(csv.reader(lines, delimiter=delimiter))
    width = len(cells[0])
    has_header = not _is_data(cells[0])
    header = [name.strip() for name in cells[0]] if has_header else [f"column_{i + 1}" for i in range(width)]
    rows = [
        row for row in cells[int(has_header) :] if len(row) == width and any(cell.strip() for cell in row)
    ]
    if not rows:
        raise InputError([Fault(file=str(path), where="", message="there are no rows below the header")])
    decimal = options.decimal or guess_decimal(rows, delimiter)
    time_columns, times = find_time(str(path), header, rows, options.time_column)
    sensor, values, skipped = find_values(header, rows, time_columns, decimal)
    quality, skipped = find_quality(header, rows, sensor, skipped)
    if not values:
        raise InputError(
            [
                Fault(
                    file=str(path),
                    where="",
                    message="no column holds numbers",
                    allowed="see --delimiter, --decimal",
                )
            ]
        )
    layout = Layout(
        kind="CSV",
        header=tuple(header),
        time_columns=time_columns,
        times=times,
        values=values,
        names=() if sensor is not None else sensor_names(header, values, stem),
        sensor=sensor,
        quality=quality,
        skipped=skipped,
        delimiter=delimiter,
        decimal=decimal,
        encoding=encoding,
        has_header=has_header,
        zone_name=options.time_zone or "UTC",
        decimal_guessed=options.decimal is None and decimal == ",",
    )
    if times.proven:
        return layout
    return _proven(path, layout)


def _is_data(first: Sequence[str]) -> bool:
    """A first line with a time and a number in it is a row already."""
    return any(guess_style([cell]) for cell in first) and any(
        is_number(cell) for cell in first if cell.strip()
    )


def _proven(path: Path, layout: Layout) -> Layout:
    """Look through the whole file for a date that tells day from month."""
    proof = None
    for block in byte_blocks(path):
        rows = list(csv.reader(text_lines(block, layout.encoding), delimiter=layout.delimiter))
        proof = day_or_month_first(
            joined([row for row in rows if len(row) == len(layout.header)], layout.time_columns)
        )
        if proof is not None:
            break
    fields = {name: getattr(layout, name) for name in Layout.__dataclass_fields__}
    return Layout(**{**fields, "times": settle_day_or_month(proof)})


class CsvReader:
    """Reads one CSV file by its layout; `chunks` may be called again and reads from the beginning."""

    def __init__(self, path: Path, layout: Layout, zone: tzinfo) -> None:
        self._path = path
        self._layout = layout
        self._zone = zone
        self._underscore = False

    def chunks(self, report: Report) -> Iterator[Recorded]:
        """Yield readings in file order, a block of lines at a time, and fill the report."""
        layout = self._layout
        times = TimeReader(layout.times.style, self._zone)
        names = Names(layout.names)
        first_line = 1
        for i, block in enumerate(byte_blocks(self._path)):
            lines = text_lines(block.removeprefix(_BOM) if i == 0 else block, layout.encoding)
            skip = self._header_lines(lines) if i == 0 else 0
            self._underscore = b"_" in block  # float() reads 1_000, a recording does not mean it
            numbers = np.arange(first_line + skip, first_line + len(lines))
            first_line += len(lines)
            chunk = self._block(lines[skip:], numbers, times, names, report)
            report.readings += len(chunk)
            report.mixed_zones = bool(times.with_zone and times.without_zone)
            yield chunk

    def _header_lines(self, lines: Sequence[str]) -> int:
        """Return how many lines at the beginning are no rows: blank ones and the header."""
        blank = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
        return blank + int(self._layout.has_header)

    def _block(
        self, lines: list[str], numbers: NDArray[np.int64], times: TimeReader, names: "Names", report: Report
    ) -> Recorded:
        cells, numbers = self._cells(lines, numbers, report)
        width = len(self._layout.header)
        columns = [cells[i::width] for i in self._layout.time_columns]
        texts = columns[0] if len(columns) == 1 else [" ".join(pair) for pair in zip(*columns, strict=True)]
        if not texts:
            return Recorded.empty(names.known)
        t_ns, good = times.read(texts)
        if not good.all():
            self._report_times(cells, numbers, good, report)
            kept = np.flatnonzero(good).tolist()
            cells = [cell for i in kept for cell in cells[i * width : (i + 1) * width]]
            t_ns, numbers = t_ns[good], numbers[good]
        if self._layout.sensor is not None:
            return self._long(cells, t_ns, numbers, names, report)
        return self._wide(cells, t_ns, numbers, names, report)

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
            row = next(csv.reader([line], delimiter=delimiter), []) if '"' in line else line.split(delimiter)
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
        names: "Names",
        report: Report,
    ) -> Recorded:
        report.rows_read(t_ns, numbers)
        width, values = len(self._layout.header), self._layout.values
        table = np.empty((len(t_ns), len(values)))
        sent = np.ones(table.shape, np.bool_)
        for j, i in enumerate(values):
            table[:, j], sent[:, j] = self._numbers(cells[i::width], numbers, report)
        return flattened(names.known, t_ns, table, sent)

    def _long(
        self,
        cells: list[str],
        t_ns: NDArray[np.int64],
        numbers: NDArray[np.int64],
        names: "Names",
        report: Report,
    ) -> Recorded:
        width, sensor, q = len(self._layout.header), self._layout.sensor, self._layout.quality
        assert sensor is not None
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
            return _carefully(cells, numbers, report)
        if np.isinf(value).any() or (self._underscore and "_" in "".join(cells)):
            return _carefully(cells, numbers, report)
        return value, np.ones(len(cells), np.bool_)


def _carefully(
    cells: list[str], numbers: NDArray[np.int64], report: Report
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
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


def flattened(
    names: tuple[str, ...], t_ns: NDArray[np.int64], table: NDArray[np.float64], sent: NDArray[np.bool_]
) -> Recorded:
    """Return the readings of a table with one row a time and one column a sensor, where `sent` says there is one."""
    if sent.all():
        places = np.arange(table.shape[1], dtype=np.int32)
        return Recorded(
            names=names,
            column=np.tile(places, len(table)),
            t_ns=np.repeat(t_ns, table.shape[1]),
            value=table.reshape(-1),
        )
    row, place = np.nonzero(sent)
    return Recorded(names=names, column=place.astype(np.int32), t_ns=t_ns[row], value=table[row, place])


class Names:
    """Sensor names in the order in which they were first met; a name keeps its place."""

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._place = {name: i for i, name in enumerate(names)}
        self.known = tuple(names)

    def places(self, texts: Sequence[str]) -> NDArray[np.int32]:
        """Return each name's place, giving new ones to new names; -1 for an empty name."""
        place = self._place
        for text in dict.fromkeys(texts):
            name = text.strip()
            if name and name not in place:
                place[name] = len(self.known)
                self.known = (*self.known, name)
            if text != name:
                place.setdefault(text, place[name] if name else -1)
        place.setdefault("", -1)
        return np.fromiter(map(place.__getitem__, texts), np.int32, len(texts))
