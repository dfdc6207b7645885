"""Parquet recordings through DuckDB, long or wide, a range of rows at a time."""

from collections.abc import Iterator
from datetime import tzinfo
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.faults import Fault, InputError
from sim.columns import Names, flattened
from sim.layout import Layout, Options, layout_of
from sim.qualities import read_qualities
from sim.recorded import Recorded
from sim.report import Report, Trouble
from sim.timestamps import TimeReader

_ROWS_AT_ONCE = 200_000
_SAMPLE_ROWS = 500


def guess_parquet(path: Path, options: Options, stem: str) -> Layout:
    """Return what the columns are taken for, by their names and first rows."""
    try:
        with duckdb.connect() as db:
            found = db.execute(f"SELECT * EXCLUDE file_row_number FROM {_scan(path)} LIMIT {_SAMPLE_ROWS}")  # noqa: S608 - a quoted path
            header = [str(column[0]) for column in found.description]
            rows = [["" if cell is None else str(cell) for cell in row] for row in found.fetchall()]
    except duckdb.Error as exc:
        raise InputError([Fault(file=str(path), where="", message=f"no Parquet file: {exc}")]) from exc
    if not rows:
        raise InputError([Fault(file=str(path), where="", message="there are no rows")])
    return layout_of("Parquet", path, header, rows, options, stem)


class ParquetReader:
    """Reads one Parquet file by its layout; row numbers stand for line numbers."""

    def __init__(self, path: Path, layout: Layout, zone: tzinfo) -> None:
        self._path = path
        self._layout = layout
        self._zone = zone

    def chunks(self, report: Report) -> Iterator[Recorded]:
        """Yield readings in file order and fill the report."""
        names = Names(self._layout.names)
        times = TimeReader(self._layout.times.style, self._zone)
        with duckdb.connect() as db:
            db.execute("SET TimeZone = 'UTC'")
            selected = self._selected(db)
            total = db.execute(f"SELECT count(*) FROM {_scan(self._path)}").fetchall()[0][0]  # noqa: S608 - a quoted path
            for first in range(0, total, _ROWS_AT_ONCE):
                query = (
                    f"SELECT {selected} FROM {_scan(self._path)} "  # noqa: S608 - quoted names, a quoted path, numbers
                    f"WHERE file_row_number >= {first} AND file_row_number < {first + _ROWS_AT_ONCE}"
                )
                columns = list(db.execute(query).fetchnumpy().values())
                chunk = self._rows(columns, first, times, names, report)
                report.readings += len(chunk)
                yield chunk

    def names(self) -> tuple[str, ...]:
        """Return every sensor in the order in which they are first met."""
        names: tuple[str, ...] = ()
        for chunk in self.chunks(Report(file=str(self._path))):
            names = chunk.names
        return names

    def _selected(self, db: Any) -> str:
        """Return the columns of the query: the time as ns or as text, the sensor as text, values as DOUBLE."""
        layout = self._layout
        described = db.execute(f"DESCRIBE SELECT * FROM {_scan(self._path)}").fetchall()  # noqa: S608 - a quoted path
        types = {str(row[0]): str(row[1]) for row in described}
        stamp = len(layout.time_columns) == 1 and types[layout.header[layout.time_columns[0]]].startswith(
            "TIMESTAMP"
        )
        if stamp:
            times = [f"epoch_ns({_quoted(layout.header[layout.time_columns[0]])})"]
        else:
            parts = (f"coalesce({_quoted(layout.header[i])}::VARCHAR, '')" for i in layout.time_columns)
            times = [" || ' ' || ".join(parts)]
        texts = [
            f"coalesce({_quoted(layout.header[i])}::VARCHAR, '')"
            for i in (layout.sensor, layout.quality)
            if i is not None
        ]
        values = [f"TRY_CAST({_quoted(layout.header[i])} AS DOUBLE)" for i in layout.values]
        return ", ".join(f"{column} AS c{i}" for i, column in enumerate([*times, *texts, *values]))

    def _rows(
        self, columns: list[NDArray[Any]], first: int, times: TimeReader, names: Names, report: Report
    ) -> Recorded:
        stamps = columns[0]
        numbers = np.arange(first + 1, first + 1 + len(stamps))
        if stamps.dtype == object:
            t_ns, good = times.read([str(text) for text in stamps])
        else:
            good = ~np.ma.getmaskarray(stamps)
            t_ns = np.ma.filled(stamps, 0).astype(np.int64)
        report.trouble(Trouble.TIME, numbers[~good])
        t_ns, numbers = t_ns[good], numbers[good]
        report.rows_read(t_ns, numbers)
        long, with_quality = self._layout.sensor is not None, self._layout.quality is not None
        values = columns[1 + long + with_quality :]
        table = np.column_stack([np.ma.filled(column[good], np.nan) for column in values])
        if long:
            column = names.places([str(name) for name in columns[1][good]])
            report.trouble(Trouble.SENSOR, numbers[column < 0])
            kept = column >= 0
            quality = None
            if with_quality:
                quality = read_qualities([str(cell) for cell in columns[2][good]], numbers, report)[kept]
            return Recorded(
                names=names.known,
                column=column[kept],
                t_ns=t_ns[kept],
                value=table[kept, 0],
                quality=quality,
            )
        sent = ~np.column_stack([np.ma.getmaskarray(column[good]) for column in columns[1:]])
        return flattened(names.known, t_ns, table, sent)


def _scan(path: Path) -> str:
    escaped = str(path).replace("'", "''")
    return f"read_parquet('{escaped}', file_row_number = true)"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
