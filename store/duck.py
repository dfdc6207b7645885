"""The embedded store: one DuckDB file with the schema of docs/store.md and an exact watermark.

A batch and the progress row that says so are one transaction; a batch whose seq is not beyond the progress of its
ledger is there already and is passed over.
"""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import structlog
from numpy.typing import NDArray

from alerting.events import AlertEvent
from registry.sensors import SensorRegistry
from store.columns import Columns, pack, unpack
from store.lineprotocol import SYSTEM_SENSOR, time_ns
from store.scan import Stretch, scan_duck
from store.series import (
    Encoded,
    Rejection,
    Series,
    StoreBatch,
    StoreError,
    bucket_ns,
    encoded,
    raise_rejections,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS sensors(
    code INTEGER PRIMARY KEY, sensor VARCHAR NOT NULL UNIQUE, enterprise VARCHAR, source VARCHAR, type VARCHAR
);
CREATE TABLE IF NOT EXISTS readings(code INTEGER, t_ns BIGINT, value DOUBLE, quality UTINYINT);
CREATE TABLE IF NOT EXISTS scores(code INTEGER, t_ns BIGINT, score DOUBLE);
CREATE TABLE IF NOT EXISTS alerts(
    t_ns BIGINT, seq BIGINT, id VARCHAR, event VARCHAR, state VARCHAR, grade VARCHAR, kind VARCHAR, sensor VARCHAR,
    value DOUBLE, "limit" DOUBLE, forecast_s DOUBLE, title_zh VARCHAR, title_en VARCHAR
);
CREATE TABLE IF NOT EXISTS file AS SELECT uuid()::VARCHAR AS id;
CREATE TABLE IF NOT EXISTS progress(ledger_id VARCHAR PRIMARY KEY, seq BIGINT NOT NULL);
CREATE OR REPLACE VIEW readings_named AS
    SELECT make_timestamp_ns(t_ns) AS time, sensor, enterprise, source, type, value, quality, t_ns
    FROM readings JOIN sensors USING (code);
CREATE OR REPLACE VIEW scores_named AS
    SELECT make_timestamp_ns(t_ns) AS time, sensor, enterprise, source, type, score, t_ns
    FROM scores JOIN sensors USING (code);
"""
_INSERTS = (
    "INSERT INTO readings SELECT code, t_ns, value, quality FROM batch",
    "INSERT INTO scores SELECT code, t_ns, score FROM batch WHERE score IS NOT NULL",
)
_INSERT_SENSORS = "INSERT INTO sensors SELECT unnest(?), unnest(?), unnest(?), unnest(?), unnest(?)"
_INSERT_ALERT = "INSERT INTO alerts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)"
_log = structlog.get_logger(__name__)


class DuckStore:
    """Readings, scores and alerts in one file; `ledger_id` is the ledger whose seqs the batches carry."""

    encoding = "columns"

    def __init__(
        self,
        path: Path,
        registry: SensorRegistry,
        ledger_id: str,
        *,
        memory_limit: str = "256MB",
        threads: int = 2,
    ) -> None:
        self._path = path
        self._ledger_id = ledger_id
        self._config = {"memory_limit": memory_limit, "threads": threads}
        self._db = self._connect()
        (self._file_id,) = self._db.execute("SELECT id FROM file").fetchone()
        self._codes = _codes_of(self._db, registry)

    def encode(self, batch: StoreBatch) -> bytes:
        """Return the batch as columns with this file's codes."""
        return pack(batch, self._file_id, self._codes)

    def write(self, batches: Sequence[StoreBatch]) -> None:
        """Write all batches in one transaction."""
        raise_rejections(self.send(encoded(self, batches)))

    def send(self, records: Sequence[Encoded]) -> list[Rejection]:
        """Write all records that are not there yet, in one transaction with the progress."""
        try:
            new = _beyond(self.watermark(), records)
            rejections: list[Rejection] = []
            columns = [c for r in new if (c := _unpacked(r, self._file_id, rejections)) is not None]
            if new:
                self._insert(columns, new[-1].seq)
        except duckdb.Error as exc:
            if isinstance(exc, duckdb.FatalException | duckdb.InternalException):
                self._open_again()
            raise StoreError(
                f"{self._path}: {_first_line(exc)}", retry=not isinstance(exc, duckdb.DataError)
            ) from exc
        return rejections

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return readings in [start, end), merged in SQL where there are more than `max_points`."""
        try:
            with self._db.cursor() as db:
                return _read(db, sensor, start_ns, end_ns, max_points)
        except duckdb.Error as exc:
            raise StoreError(f"{self._path}: {_first_line(exc)}", retry=False) from exc

    def scan(self, start_ns: int, end_ns: int) -> Stretch:
        """Return every reading in [start, end)."""
        try:
            with self._db.cursor() as db:
                return scan_duck(db, start_ns, end_ns)
        except duckdb.Error as exc:
            raise StoreError(f"{self._path}: {_first_line(exc)}", retry=False) from exc

    def watermark(self) -> int | None:
        """Return the seq of this ledger up to which everything is in the file."""
        with self._db.cursor() as db:
            row = db.execute("SELECT seq FROM progress WHERE ledger_id = ?", (self._ledger_id,)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def _connect(self) -> Any:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            db = duckdb.connect(str(self._path), config=self._config)
            db.execute(_SCHEMA)
        except (duckdb.Error, OSError) as exc:
            raise StoreError(f"{self._path} cannot be opened: {_first_line(exc)}", retry=False) from exc
        return db

    def _open_again(self) -> None:
        """After a fatal error (a full disk) the connection is of no more use; the file is whole."""
        _log.error("duckdb_opened_again", path=str(self._path))
        self._db.close()
        with suppress(StoreError):
            self._db = self._connect()

    def _insert(self, columns: Sequence[Columns], seq: int) -> None:
        db = self._db
        db.execute("BEGIN")
        try:
            if any(len(c.code) for c in columns):
                db.register("batch", _merged(columns))
                for insert in _INSERTS:
                    db.execute(insert)
                db.unregister("batch")
            alerts = [_alert_row(alert) for c in columns for alert in c.alerts]
            if alerts:
                db.executemany(_INSERT_ALERT, alerts)
            db.execute("INSERT OR REPLACE INTO progress VALUES (?, ?)", (self._ledger_id, seq))
            db.execute("COMMIT")
        except BaseException:
            _roll_back(db)
            raise


def _beyond(done: int | None, records: Sequence[Encoded]) -> list[Encoded]:
    """Return the records that come after `done`, each once."""
    new: list[Encoded] = []
    for record in records:
        if done is None or record.seq > done:
            new.append(record)
            done = record.seq
    return new


def _merged(columns: Sequence[Columns]) -> dict[str, np.ndarray[Any, Any]]:
    """Return one table of all batches' readings."""
    return {
        "code": np.concatenate([c.code for c in columns]),
        "t_ns": np.concatenate([c.t_ns for c in columns]),
        "value": np.concatenate([c.value for c in columns]),
        "quality": np.concatenate([c.quality for c in columns]),
        "score": np.concatenate([c.score for c in columns]),
    }


def _codes_of(db: Any, registry: SensorRegistry) -> NDArray[np.int32]:
    """Return the file's code of every sensor of the registry, by dense index; a new sensor is given one for ever."""
    known = dict(db.execute("SELECT sensor, code FROM sensors").fetchall())
    new = [spec for spec in registry.specs if spec.id not in known]
    known |= {spec.id: code for code, spec in enumerate(new, start=len(known))}
    if new:
        rows = [(known[s.id], s.id, s.enterprise, s.source, s.type.value) for s in new]
        db.execute(_INSERT_SENSORS, [list(column) for column in zip(*rows, strict=True)])
    return np.array([known[spec.id] for spec in registry.specs], np.int32)


def _unpacked(record: Encoded, file_id: str, rejections: list[Rejection]) -> Columns | None:
    try:
        return unpack(record.payload, file_id)
    except ValueError as exc:
        rejections.append(Rejection(record.rows, f"not a batch for this file: {exc}", record.payload[:200]))
        return None


def _alert_row(event: AlertEvent) -> tuple[object, ...]:
    return (
        time_ns(event.time),
        event.seq,
        event.id,
        event.event,
        event.state,
        event.grade,
        event.kind,
        event.sensor or SYSTEM_SENSOR,
        event.value,
        event.limit,
        event.forecast_s,
        event.title["zh"],
        event.title["en"],
    )


def _read(db: Any, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
    where = (
        " FROM readings WHERE code = (SELECT code FROM sensors WHERE sensor = ?)"
        " AND t_ns >= ? AND t_ns < ? AND value IS NOT NULL"
    )
    args = (sensor, start_ns, end_ns)
    (count,) = db.execute("SELECT count(*)" + where, args).fetchone()
    if count <= max_points:
        rows = db.execute("SELECT t_ns, value" + where + " ORDER BY t_ns", args).fetchnumpy()
        return Series.raw(rows["t_ns"], np.ma.filled(rows["value"], np.nan))
    step_ns = bucket_ns(start_ns, end_ns, max_points)
    rows = db.execute(
        "SELECT (t_ns - ?) // ? AS bucket, avg(value) AS mean, min(value) AS low, max(value) AS high"
        + where
        + " GROUP BY bucket ORDER BY bucket",
        (start_ns, step_ns, *args),
    ).fetchnumpy()
    return Series(
        t_ns=start_ns + np.asarray(rows["bucket"], np.int64) * step_ns,
        mean=np.ma.filled(rows["mean"], np.nan),
        low=np.ma.filled(rows["low"], np.nan),
        high=np.ma.filled(rows["high"], np.nan),
    )


def _roll_back(db: Any) -> None:
    try:
        db.execute("ROLLBACK")
    except duckdb.Error as exc:  # the failed statement has ended the transaction already
        _log.debug("duckdb_rollback", error=_first_line(exc))


def _first_line(exc: Exception) -> str:
    return str(exc).split("\n", 1)[0] or type(exc).__name__
