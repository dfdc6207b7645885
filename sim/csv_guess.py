"""What a CSV file is taken for, guessed from its first rows."""

import csv
from collections.abc import Sequence
from pathlib import Path

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
from sim.lines import BOM, byte_blocks, cells_of, encoding_of, sample, text_lines
from sim.time_style import day_or_month_first, guess_style

_SAMPLE_ROWS = 500


def guess_csv(path: Path, options: Options, stem: str) -> Layout:
    """Return what the file is taken for, from its first rows; reads it whole only where dates are ambiguous."""
    head = sample(path)
    encoding = encoding_of(head, path)
    lines = [line for line in text_lines(head.removeprefix(BOM), encoding) if line.strip()][
        : _SAMPLE_ROWS + 1
    ]
    if not lines:
        raise InputError([Fault(file=str(path), where="", message="the file has no lines")])
    delimiter = options.delimiter or guess_delimiter(lines)
    cells = _rows(lines, delimiter)
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


def _rows(lines: list[str], delimiter: str) -> list[list[str]]:
    """Return the cells of lines; a quoted cell may go on over several of them."""
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:  # a lone carriage return, or a cell that is far too long
        return [cells_of(line, delimiter) for line in lines]


def _is_data(first: Sequence[str]) -> bool:
    """A first line with a time and a number in it is a row already."""
    return any(guess_style([cell]) for cell in first) and any(
        is_number(cell) for cell in first if cell.strip()
    )


def _proven(path: Path, layout: Layout) -> Layout:
    """Look through the whole file for a date that tells day from month."""
    proof = None
    for block in byte_blocks(path):
        rows = [cells_of(line, layout.delimiter) for line in text_lines(block, layout.encoding)]
        proof = day_or_month_first(
            joined([row for row in rows if len(row) == len(layout.header)], layout.time_columns)
        )
        if proof is not None:
            break
    fields = {name: getattr(layout, name) for name in Layout.__dataclass_fields__}
    return Layout(**{**fields, "times": settle_day_or_month(proof)})
