"""Parquet recordings through DuckDB, long or wide, a range of rows at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from registry.faults import Fault, InputError
from sim.columns import Names, NumberedNames, flattened
from sim.layout import Layout, Options, layout_of
from sim.qualities import quality_codes, settled
from sim.recorded import Recorded
from sim.report import Report, Trouble
from sim.timestamps import TimeReader

_ROWS_AT_ONCE, _CELLS_AT_ONCE = 1_000_000, 2_000_000
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
        with self._opened() as db:
            query = Query(db, self._path, self._layout)
            rows = Rows(self._layout, TimeReader(self._layout.times.style, self._zone), query)
            at_once = max(1, min(_ROWS_AT_ONCE, _CELLS_AT_ONCE // len(self._layout.values)))
            for first in range(0, query.total, at_once):
                chunk = rows.read(query.columns(first, first + at_once), first, report)
                report.readings += len(chunk)
                yield chunk

    def names(self) -> tuple[str, ...]:
        """Return every sensor in the order in which they are first met."""
        with self._opened() as db:
            query = Query(db, self._path, self._layout)
            if query.stamped:
                names = Names()
                names.places(query.sensors())
                return names.known
        known: tuple[str, ...] = ()
        for chunk in self.chunks(Report(file=str(self._path))):
            known = chunk.names
        return known

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        try:
            with duckdb.connect() as db:
                db.execute("SET TimeZone = 'UTC'")
                yield db
        except duckdb.Error as exc:
            message = f"cannot be read: {str(exc).splitlines()[0]}"
            raise InputError([Fault(file=str(self._path), where="", message=message)]) from exc


class Query:
    """What is asked of DuckDB about one file: time, sensor, quality and values of a range of rows.

    Sensors and qualities come as numbers into `sensor_texts` and `quality_texts`: a Python text for each reading would
    cost more than all the rest. `stamped` says that the time comes in ns and not as a text.
    """

    def __init__(self, db: Any, path: Path, layout: Layout) -> None:
        self._db = db
        self._scan = _scan(path)
        self._layout = layout
        described = db.execute(f"DESCRIBE SELECT * FROM {self._scan}").fetchall()  # noqa: S608 - a quoted path
        self._types = {str(row[0]): str(row[1]) for row in described}
        times = [layout.header[i] for i in layout.time_columns]
        self.stamped = len(times) == 1 and self._types[times[0]].startswith("TIMESTAMP")
        self._time = (
            f"epoch_ns({_quoted(times[0])})"
            if self.stamped
            else " || ' ' || ".join(f"coalesce({_quoted(name)}::VARCHAR, '')" for name in times)
        )
        self.total: int = db.execute(f"SELECT count(*) FROM {self._scan}").fetchall()[0][0]  # noqa: S608 - as above
        self.sensor_texts = self._numbered("sensor", layout.sensor)
        self.quality_texts = self._numbered("quality", layout.quality)

    def sensors(self) -> list[str]:
        """Return every text of the sensor column in a row with a time, in their order."""
        assert self._layout.sensor is not None
        return self._texts(self._layout.sensor, f"WHERE {self._time} IS NOT NULL")

    def columns(self, first: int, end: int) -> "Columns":
        """Return the columns of some rows."""
        layout = self._layout
        names = [_quoted(layout.header[i]) for i in layout.values]
        selected = [
            self._time,
            f"enum_code({self._text(layout.sensor)}::sensor)" if layout.sensor is not None else "0",
            f"enum_code({self._text(layout.quality)}::quality)" if layout.quality is not None else "0",
            *(f"TRY_CAST({name} AS DOUBLE)" for name in names),
            *(
                f"trim({name}) <> '' AND TRY_CAST({name} AS DOUBLE) IS NULL"
                for name in names
                if self._types[name[1:-1].replace('""', '"')] == "VARCHAR"
            ),
        ]
        listed = ", ".join(f"{column} AS c{i}" for i, column in enumerate(selected))
        query = (
            f"SELECT {listed} FROM {self._scan} WHERE file_row_number >= {first} AND file_row_number < {end}"  # noqa: S608 - quoted names, a quoted path, numbers
        )
        found = list(self._db.execute(query).fetchnumpy().values())
        values, bad = found[3 : 3 + len(names)], found[3 + len(names) :]
        return Columns(time=found[0], sensor=found[1], quality=found[2], values=values, unreadable=bad)

    def _numbered(self, kind: str, column: int | None) -> list[str]:
        """Make a type of the texts of a column, so that DuckDB can give their numbers; return the texts."""
        if column is None:
            return []
        texts = self._texts(column)
        self._db.execute(f"CREATE TYPE {kind} AS ENUM (SELECT unnest(?))", [texts])
        return texts

    def _texts(self, column: int, where: str = "") -> list[str]:
        """Return the different texts of a column in the order in which they are first met."""
        query = (
            f"SELECT {self._text(column)} FROM {self._scan} {where} GROUP BY 1 ORDER BY min(file_row_number)"  # noqa: S608 - as above
        )
        return [text for (text,) in self._db.execute(query).fetchall()]

    def _text(self, column: int) -> str:
        return f"coalesce({_quoted(self._layout.header[column])}::VARCHAR, '')"


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Columns of some rows as DuckDB gives them, masked where a cell is null; `unreadable` of those that are texts."""

    time: NDArray[Any]
    sensor: NDArray[Any]
    quality: NDArray[Any]
    values: list[NDArray[Any]]
    unreadable: list[NDArray[Any]]


class Rows:
    """Turns columns into readings; sensors keep their places from one range of rows to the next."""

    def __init__(self, layout: Layout, times: TimeReader, query: Query) -> None:
        self._layout = layout
        self._times = times
        self._names = Names(layout.names)
        self._numbered = NumberedNames(self._names, query.sensor_texts.__getitem__)
        self._quality_codes = quality_codes(query.quality_texts)

    def read(self, columns: Columns, first: int, report: Report) -> Recorded:
        """Return the readings of rows from row `first` on, counted from 0."""
        numbers = np.arange(first + 1, first + 1 + len(columns.time))
        t_ns, good = self._read_times(columns.time, numbers, report)
        report.trouble(Trouble.TIME, numbers[~good])
        every = bool(good.all())
        kept = slice(None) if every else good
        t_ns, numbers = t_ns[kept], numbers[kept]
        value, null = _table([column[kept] for column in columns.values])
        infinite = np.isinf(value)
        for column in columns.unreadable:
            report.trouble(Trouble.VALUE, numbers[np.ma.filled(column[kept], False)])
        report.trouble(Trouble.VALUE, numbers[infinite.nonzero()[0]])
        if self._layout.sensor is None:
            report.rows_read(t_ns, numbers)
            return flattened(self._names.known, t_ns, value, ~(null | infinite))
        place = self._numbered.places(columns.sensor[kept])
        report.trouble(Trouble.SENSOR, numbers[place < 0])
        sent = (place >= 0) & ~infinite[:, 0]
        for column in columns.unreadable:
            sent &= ~np.ma.filled(column[kept], False)
        report.rows_read(t_ns[sent], numbers[sent])
        quality = None
        if self._layout.quality is not None:
            quality = settled(self._quality_codes[columns.quality[kept]], numbers, report)[sent]
        return Recorded(
            names=self._names.known,
            column=place[sent],
            t_ns=t_ns[sent],
            value=value[sent, 0],
            quality=quality,
        )

    def _read_times(
        self, stamps: NDArray[Any], numbers: NDArray[np.int64], report: Report
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        if stamps.dtype == object:
            t_ns, good = self._times.read([str(text) for text in stamps])
            report.zones(self._times.zoned[good], numbers[good])
            return t_ns, good
        return np.ma.filled(stamps, 0).astype(np.int64), ~np.ma.getmaskarray(stamps)


def _table(columns: list[NDArray[Any]]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the columns as one table with NaN where a cell is null, and where that is."""
    value = np.empty((len(columns[0]), len(columns)))
    null = np.zeros(value.shape, np.bool_)
    for i, column in enumerate(columns):
        value[:, i] = np.ma.filled(column, np.nan)
        if np.ma.isMaskedArray(column):
            null[:, i] = np.ma.getmaskarray(column)
    return value, null


def _scan(path: Path) -> str:
    escaped = str(path).replace("'", "''")
    return f"read_parquet('{escaped}', file_row_number = true)"


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'
