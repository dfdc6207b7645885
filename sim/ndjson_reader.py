"""NDJSON recordings: one reading a line (time, sensor, value), or one row a line (time and one key a sensor)."""

import json
import math
from collections.abc import Iterator, Mapping
from datetime import tzinfo
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from registry.faults import Fault, InputError
from sim.columns import Names
from sim.layout import Layout, Options, layout_of
from sim.lines import BOM, byte_blocks, encoding_of, sample
from sim.ndjson_plain import PlainObjects
from sim.qualities import read_qualities
from sim.recorded import Recorded
from sim.report import Report, Trouble
from sim.timestamps import TimeReader

_SAMPLE_ROWS = 500


def guess_ndjson(path: Path, options: Options, stem: str) -> Layout:
    """Return what the keys of the first lines are taken for."""
    head = sample(path)
    encoding_of(head, path)
    found = [row for row in map(_object, head.splitlines()[:_SAMPLE_ROWS]) if row]
    if not found:
        raise InputError(
            [Fault(file=str(path), where="", message="no line is a JSON object", allowed="one object a line")]
        )
    header = list(dict.fromkeys(key for row in found for key in row))
    rows = [[_text(row.get(key)) for key in header] for row in found]
    return layout_of("NDJSON", path, header, rows, options, stem)


class NdjsonReader:
    """Reads one NDJSON file by its layout; new keys of later lines are not taken as sensors."""

    def __init__(self, path: Path, layout: Layout, zone: tzinfo) -> None:
        self._path = path
        self._layout = layout
        self._zone = zone

    def chunks(self, report: Report) -> Iterator[Recorded]:
        """Yield readings in file order, a block of lines at a time, and fill the report."""
        times = TimeReader(self._layout.times.style, self._zone)
        names = Names(self._layout.names)
        plain = PlainObjects(self._layout, times, names)
        first_line = 1
        for block in self._blocks():
            chunk = plain.read(block, first_line, report)
            if chunk is None:
                chunk = self._block(block.splitlines(), first_line, times, names, report)
            first_line += block.count(b"\n")
            report.readings += len(chunk)
            yield chunk

    def names(self) -> tuple[str, ...]:
        """Return every sensor in the order in which they are first met."""
        times = TimeReader(self._layout.times.style, self._zone)
        names = Names(self._layout.names)
        plain = PlainObjects(self._layout, times, names)
        report = Report(file=str(self._path))
        for block in self._blocks():
            if not plain.look(block):
                self._block(block.splitlines(), 1, times, names, report)
        return names.known

    def _blocks(self) -> Iterator[bytes]:
        for i, block in enumerate(byte_blocks(self._path)):
            yield block.removeprefix(BOM) if i == 0 else block

    def _block(
        self, lines: list[bytes], first_line: int, times: TimeReader, names: Names, report: Report
    ) -> Recorded:
        numbers, rows = [], []
        for number, line in enumerate(lines, first_line):
            if not line.strip():
                report.blank_lines += 1
                continue
            row = _object(line)
            if row is None:
                report.trouble(Trouble.SYNTAX, [number])
                continue
            numbers.append(number)
            rows.append(row)
        if not rows:
            return Recorded.empty(names.known)
        keys = [self._layout.header[i] for i in self._layout.time_columns]
        t_ns, good = times.read([" ".join(_text(row.get(key)) for key in keys) for row in rows])
        line_of = np.array(numbers)
        report.zones(times.zoned[good], line_of[good])
        report.trouble(Trouble.TIME, line_of[~good])
        report.rows_read(t_ns[good], line_of[good])
        readings = [
            (name, i, value)
            for i in np.flatnonzero(good).tolist()
            for name, value in self._readings(rows[i], numbers[i], report)
        ]
        column = names.places([name for name, _, _ in readings])
        row_of = np.array([i for _, i, _ in readings], np.int64)
        q = self._layout.quality
        cells = [] if q is None else [_text(rows[i].get(self._layout.header[q])) for _, i, _ in readings]
        return Recorded(
            names=names.known,
            column=column,
            t_ns=t_ns[row_of],
            value=np.array([value for _, _, value in readings], np.float64),
            quality=None if q is None else read_qualities(cells, line_of[row_of], report),
        )

    def _readings(self, row: Mapping[str, Any], number: int, report: Report) -> Iterator[tuple[str, float]]:
        """Yield the readings of one line: a null is a reading without a value, a missing key is none."""
        layout = self._layout
        if layout.sensor is None:
            pairs = [
                (name, row[layout.header[i]])
                for name, i in zip(layout.names, layout.values, strict=True)
                if layout.header[i] in row
            ]
        else:
            name = _text(row.get(layout.header[layout.sensor])).strip()
            if not name:
                report.trouble(Trouble.SENSOR, [number])
                return
            pairs = [(name, row.get(layout.header[layout.values[0]]))]
        for name, cell in pairs:
            value = _value(cell)
            if value is None:
                report.trouble(Trouble.VALUE, [number])
            else:
                yield name, value


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        row = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return row if isinstance(row, dict) else None


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return cell if isinstance(cell, str) else json.dumps(cell)


def _value(cell: object) -> float | None:
    """Return the number of a cell, NaN for null or "NaN", None for anything else."""
    if cell is None:
        return math.nan
    if isinstance(cell, bool):
        return float(cell)
    if isinstance(cell, str | int | float):
        try:
            value = float(cell)
        except (ValueError, OverflowError):
            return None
        return None if math.isinf(value) else value
    return None
