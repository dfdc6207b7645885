"""Every reading of a range of time, of all sensors at once: what a replay of a stored range takes."""

import csv
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import duckdb
import msgspec
import numpy as np
from numpy.typing import NDArray

from store.reading import Flavour, Target, answered, flux_text, influxql_series, seconds_text
from store.series import StoreError

_MS_NS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Readings in the order of their event times; of one time, in the order in which the store has them, or by name.

    Attributes:
        names: of the sensors, as the store has them: full ids, in tags written as `store.lineprotocol.tag_text` does.
        sensor: index into `names`, int32.
        t_ns: event time, int64.
        value: float64; NaN where a reading has none.
        quality: uint8, as `registry.readings.Quality`.
    """

    names: tuple[str, ...]
    sensor: NDArray[np.int32]
    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.t_ns)

    def ranked(self, rank: Mapping[str, int]) -> Self:
        """Return the readings with those of one time in the order of the ranks of their names; others come after them.

        A server has no order of arrival; a plant's table is the next best, for gateways send in it.
        """
        ranks = np.array([rank.get(name, len(rank)) for name in self.names], np.int64)
        order = np.lexsort((ranks[self.sensor], self.t_ns))
        return type(self)(
            names=self.names,
            sensor=self.sensor[order],
            t_ns=self.t_ns[order],
            value=self.value[order],
            quality=self.quality[order],
        )

    @classmethod
    def of(cls, series: Mapping[str, "Points"]) -> Self:
        """Return the readings of all sensors, given by name."""
        names = tuple(sorted(series))
        parts = [series[name].joined() for name in names]
        t_ns = np.concatenate([part[0] for part in parts] or [np.empty(0, np.int64)])
        order = np.argsort(t_ns, kind="stable")
        sensor = np.repeat(np.arange(len(names), dtype=np.int32), [len(part[0]) for part in parts])
        value = np.concatenate([part[1] for part in parts] or [np.empty(0)])
        quality = np.concatenate([part[2] for part in parts] or [np.empty(0, np.uint8)])
        return cls(
            names=names, sensor=sensor[order], t_ns=t_ns[order], value=value[order], quality=quality[order]
        )


class Points:
    """Values and qualities of one sensor, which servers tell apart; a reading may have one without the other."""

    def __init__(self) -> None:
        self.values: dict[int, float] = {}
        self.qualities: dict[int, int] = {}

    def joined(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
        """Return times in their order, values (NaN for none) and qualities (good for none)."""
        times = sorted(self.values.keys() | self.qualities.keys())
        return (
            np.array(times, np.int64),
            np.array([self.values.get(t, math.nan) for t in times], np.float64),
            np.array([self.qualities.get(t, 0) for t in times], np.uint8),
        )


def _influx1(target: Target, start_ns: int, end_ns: int) -> dict[str, Points]:
    query = (
        f"SELECT value, quality FROM readings WHERE time >= {start_ns} AND time < {end_ns} GROUP BY sensor"  # noqa: S608 - two numbers
    )
    body = answered(target, "GET", "/query", {"db": target.bucket, "epoch": "ns", "q": query})
    (result,) = msgspec.json.decode(body)["results"]
    found: dict[str, Points] = {}
    for series in influxql_series(result):
        points = found.setdefault(series["tags"]["sensor"], Points())
        points.values.update((t, v) for t, v, _ in series["values"] if v is not None)
        points.qualities.update((t, q) for t, _, q in series["values"] if q is not None)
    return found


def _influx2(target: Target, start_ns: int, end_ns: int) -> dict[str, Points]:
    found: dict[str, Points] = {}
    for name, t_ns, value in _flux(target, start_ns, end_ns, "value"):
        found.setdefault(name, Points()).values[t_ns] = float(value)
    for name, t_ns, value in _flux(target, start_ns, end_ns, "quality"):
        found.setdefault(name, Points()).qualities[t_ns] = int(value)
    return found


def _flux(target: Target, start_ns: int, end_ns: int, field: str) -> Iterable[tuple[str, int, str]]:
    """Yield sensor, time and the text of a field; the two fields have two types, which no table of Flux can hold."""
    query = (
        f"from(bucket: {flux_text(target.bucket)}) |> range(start: time(v: {start_ns}), stop: time(v: {end_ns}))"
        f' |> filter(fn: (r) => r._measurement == "readings" and r._field == "{field}") |> group()'
        " |> map(fn: (r) => ({s: r.sensor, t: int(v: r._time), v: r._value}))"
    )
    body = msgspec.json.encode({"query": query, "type": "flux", "dialect": {"annotations": []}})
    headers = {"Content-Type": "application/json"}
    text = answered(target, "POST", "/api/v2/query", {"org": target.org}, body, **headers).decode()
    for row in csv.DictReader(line for line in text.splitlines() if line):
        yield row["s"], int(row["t"]), row["v"]


def _victoria(target: Target, start_ns: int, end_ns: int) -> dict[str, Points]:
    start_ms, end_ms = -(-start_ns // _MS_NS), -(-end_ns // _MS_NS)
    fields = {
        "match[]": '{__name__=~"readings_(value|quality)"}',
        "start": seconds_text(start_ms),
        "end": seconds_text(end_ms - 1),
    }
    found: dict[str, Points] = {}
    for line in answered(target, "GET", "/api/v1/export", fields).splitlines():
        series = msgspec.json.decode(line)
        points = found.setdefault(series["metric"]["sensor"], Points())
        pairs = zip((t * _MS_NS for t in series["timestamps"]), series["values"], strict=True)
        if series["metric"]["__name__"] == "readings_value":
            points.values.update((t, v) for t, v in pairs if v is not None)
        else:
            points.qualities.update((t, int(q)) for t, q in pairs if q is not None)
    return found


_SCANS: Mapping[Flavour, Callable[[Target, int, int], dict[str, Points]]] = {
    "influx1": _influx1,
    "influx2": _influx2,
    "victoria": _victoria,
}


def scan_server(flavour: Flavour, target: Target, start_ns: int, end_ns: int) -> Stretch:
    """Return the readings in [start, end) that a server has; raises `StoreError`."""
    return Stretch.of(_SCANS[flavour](target, start_ns, end_ns))


def scan_duck(db: Any, start_ns: int, end_ns: int) -> Stretch:
    """Return the readings in [start, end) that an embedded store's open database has; raises `duckdb.Error`."""
    codes, names = _sensors(db)
    query = (
        "SELECT code, t_ns, value, quality FROM readings WHERE t_ns >= ? AND t_ns < ? ORDER BY t_ns, rowid"
    )
    rows = db.execute(query, (start_ns, end_ns)).fetchnumpy()
    return Stretch(
        names=names,
        sensor=np.searchsorted(codes, np.asarray(rows["code"])).astype(np.int32),
        t_ns=np.asarray(rows["t_ns"], np.int64),
        value=np.ma.filled(rows["value"], np.nan),
        quality=np.ma.filled(rows["quality"], 0).astype(np.uint8),
    )


def _sensors(db: Any) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return codes in their order, and the names of the sensors that have them."""
    rows = db.execute("SELECT code, sensor FROM sensors ORDER BY code").fetchall()
    return np.array([code for code, _ in rows], np.int64), tuple(str(name) for _, name in rows)


class DuckFile:
    """An embedded store's file, only read; raises `StoreError` where it is none or somebody else has it open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._db: Any = duckdb.connect(str(path), read_only=True)
            self.names = _sensors(self._db)[1]
        except duckdb.Error as exc:
            raise self._told(exc) from exc

    def bounds_ns(self) -> tuple[int, int] | None:
        """Return a range [start, end) that holds every reading, None where there is none."""
        try:
            first, last = self._db.execute("SELECT min(t_ns), max(t_ns) FROM readings").fetchone()
        except duckdb.Error as exc:
            raise self._told(exc) from exc
        return None if first is None else (first, last + 1)

    def scan(self, start_ns: int, end_ns: int) -> Stretch:
        """Return the readings in [start, end)."""
        try:
            return scan_duck(self._db, start_ns, end_ns)
        except duckdb.Error as exc:
            raise self._told(exc) from exc

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _told(self, exc: Exception) -> StoreError:
        return StoreError(f"{self._path} cannot be read: {str(exc).splitlines()[0]}", retry=False)
