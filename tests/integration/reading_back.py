"""What the stores hold, read from them directly and not through hazwatch; a reading that is there twice is told."""

import json
from collections.abc import Iterable
from pathlib import Path

import duckdb
import httpx

from tests.servers.influx import Influx
from tests.servers.victoria import Victoria

NS_PER_MS = 1_000_000


def gathered(rows: Iterable[tuple[str, int, float]]) -> dict[str, dict[int, float]]:
    """Return (sensor, time in ns, value) rows by sensor; none may come twice."""
    found: dict[str, dict[int, float]] = {}
    for sensor, t_ns, value in rows:
        series = found.setdefault(sensor, {})
        assert t_ns not in series, f"{sensor} at {t_ns} is there twice"
        series[t_ns] = value
    return found


def of_influx(
    server: Influx, measurement: str = "readings", field: str = "value"
) -> dict[str, dict[int, float]]:
    """Return a field of an InfluxDB's measurement."""
    rows = server.ask(f"SELECT {field}, sensor FROM {measurement}")
    return gathered((str(sensor), int(str(t)), float(str(value))) for t, value, sensor in rows)


def of_victoria(server: Victoria, name: str = "readings_value") -> dict[str, dict[int, float]]:
    """Return every series of one name of a VictoriaMetrics."""
    server.flush()
    answer = httpx.get(server.url + "/api/v1/export", params={"match[]": name}, timeout=30)
    answer.raise_for_status()
    exported = [json.loads(line) for line in answer.text.splitlines()]
    return gathered(
        (series["metric"]["sensor"], t_ms * NS_PER_MS, float(value))
        for series in exported
        for t_ms, value in zip(series["timestamps"], series["values"], strict=True)
    )


def of_duck(path: Path) -> dict[str, dict[int, float]]:
    """Return the readings of a DuckDB file that nobody has open."""
    with duckdb.connect(str(path), read_only=True) as db:
        return gathered(db.execute("SELECT sensor, t_ns, value FROM readings_named").fetchall())
