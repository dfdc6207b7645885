"""Reading series back from servers that share the write API but not the query language.

influx2   Flux at /api/v2/query
influx1   InfluxQL at /query
victoria  /api/v1/export for the points themselves, MetricsQL at /api/v1/query_range for merged ones
"""

import math
from collections.abc import Callable, Iterator, Mapping
from operator import add
from typing import Any, Literal, NamedTuple, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from store.lineprotocol import tag_text
from store.series import Series, StoreError, TooMuchError, bucket_ns, downsample

Flavour = Literal["influx2", "influx1", "victoria"]
_OK = 200
_MS_NS = 1_000_000
_EXPORT_POINTS = 200_000
"""So many points of VictoriaMetrics are merged here, exactly; more are merged there."""

_PIECE_NS = 30 * 86_400 * 10**9
"""No server merges more than about so long a time in one query. VictoriaMetrics refuses to look at more than 30 M points of a
series (-search.maxSamplesPerSeries); InfluxDB 1 takes memory with the length: 5 GB for a year of one reading a second."""
_MOST_PIECES = 16
_ROLLUPS: Mapping[str, Callable[[float, float], float]] = {
    "sum_over_time": add,
    "count_over_time": add,
    "min_over_time": min,
    "max_over_time": max,
}
"""What VictoriaMetrics says of a bucket, and how two series of one sensor go together."""
_TOO_MUCH = frozenset({413, 422, 504})
"""Answers that speak of how much was asked: VictoriaMetrics' limits, and the patience of what stands before a server."""


class Get(Protocol):
    """An HTTP request to the server: status, headers (names in lower case), body."""

    def __call__(
        self,
        method: str,
        path: str,
        fields: dict[str, str] | None = None,
        body: bytes | None = None,
        **headers: str,
    ) -> tuple[int, dict[str, str], bytes]:
        """Perform it; raises `StoreError` where the server cannot be reached."""


class Target(NamedTuple):
    """The server and the place in it."""

    get: Get
    org: str
    bucket: str


def probe(get: Get) -> Flavour:
    """Ask the server what it is. VictoriaMetrics answers /ping as an InfluxDB 1, so /health is asked first."""
    status, _, body = get("GET", "/health")
    if status == _OK and body.strip() == b"OK":
        return "victoria"
    if status == _OK and b'"influxdb"' in body:
        return "influx1" if b'"1.' in body or b'"v1.' in body else "influx2"
    _, headers, _ = get("GET", "/ping")
    version = headers.get("x-influxdb-version", "")
    if version.lstrip("v").startswith("1."):
        return "influx1"
    if version:
        return "influx2"
    raise StoreError(
        "the time-series server does not say what it is; set store.flavour to influx2, influx1 or victoria",
        retry=False,
    )


def _influx1(target: Target, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
    name = tag_text(sensor).replace("'", "\\'")

    def where(start: int, end: int) -> str:
        return f"FROM readings WHERE sensor = '{name}' AND time >= {start} AND time < {end}"

    def ask(query: str) -> list[list[Any]]:
        body = answered(target, "GET", "/query", {"db": target.bucket, "epoch": "ns", "q": query})
        (result,) = msgspec.json.decode(body)["results"]
        series = influxql_series(result)
        return series[0]["values"] if series else []

    rows = ask(f"SELECT value {where(start_ns, end_ns)} ORDER BY time LIMIT {max_points + 1}")
    if len(rows) <= max_points:
        return Series.raw(*_columns(rows, 2))
    merged = [
        row
        for start, end, step in _pieces(start_ns, end_ns, bucket_ns(start_ns, end_ns, max_points), _PIECE_NS)
        for row in ask(
            f"SELECT mean(value), min(value), max(value) {where(start, end)}"
            f" GROUP BY time({step}ns, {start % step}ns) fill(none)"
        )
    ]
    return Series(*_columns(merged, 4))


def _influx2(target: Target, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
    data = (
        f"from(bucket: {flux_text(target.bucket)}) |> range(start: time(v: {start_ns}), stop: time(v: {end_ns}))"
        ' |> filter(fn: (r) => r._measurement == "readings" and r._field == "value"'
        f" and r.sensor == {flux_text(tag_text(sensor))}) |> group()"
    )
    keep = " |> map(fn: (r) => ({t: int(v: r._time), v: r._value}))"

    def ask(rest: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        body = msgspec.json.encode(
            {"query": data + rest + keep, "type": "flux", "dialect": {"annotations": []}}
        )
        text = answered(
            target, "POST", "/api/v2/query", {"org": target.org}, body, **{"Content-Type": "application/json"}
        ).decode()
        lines = [line.split(",") for line in text.splitlines() if line]
        if not lines:
            return np.empty(0, np.int64), np.empty(0)
        at = {name: i for i, name in enumerate(lines[0])}
        t_ns, value = _columns([[int(row[at["t"]]), float(row[at["v"]])] for row in lines[1:]], 2)
        return t_ns, value

    t_ns, value = ask(f' |> sort(columns: ["_time"]) |> limit(n: {max_points + 1})')
    if len(t_ns) <= max_points:
        return Series.raw(t_ns, value)
    step = bucket_ns(start_ns, end_ns, max_points)

    def merged(function: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        return ask(
            f" |> aggregateWindow(every: {step}ns, offset: {start_ns % step}ns, fn: {function}, createEmpty: false,"
            ' timeSrc: "_start")'
        )

    t_ns, mean = merged("mean")
    return Series(t_ns, mean, merged("min")[1], merged("max")[1])


def _victoria(target: Target, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
    series = "readings_value{sensor=" + msgspec.json.encode(tag_text(sensor)).decode() + "}"
    start_ms, end_ms = (
        -(-start_ns // _MS_NS),
        -(-end_ns // _MS_NS),
    )  # the first and one beyond the last millisecond
    step_ns = bucket_ns(start_ns, end_ns, max_points)
    pieces = list(_pieces(start_ms, end_ms, -(-step_ns // _MS_NS), _PIECE_NS // _MS_NS))
    most, count = max(_EXPORT_POINTS, max_points), 0.0
    for first_ms, last_ms, _ in pieces:
        count += _counted(target, series, first_ms, last_ms)
        if count > most:
            return _joined([_victoria_merged(target, series, *piece) for piece in pieces])
    t_ns, value = _exported(target, series, start_ms, end_ms)
    if len(t_ns) <= max_points:
        return Series.raw(t_ns, value)
    return downsample(t_ns, value, start_ns, step_ns)


def _pieces(start: int, end: int, step: int, longest: int) -> Iterator[tuple[int, int, int]]:
    """Yield start, end and length of a bucket: pieces of whole buckets, then what is left as one shorter bucket.

    All in one unit. There are never many pieces: those of a very long time are longer than `longest`.
    """
    wanted = max(longest, (end - start) // _MOST_PIECES)
    piece = max(1, wanted // step) * step
    whole = end - (end - start) % step
    for at in range(start, whole, piece):
        yield at, min(at + piece, whole), step
    if whole < end:
        yield whole, end, end - whole


def _joined(parts: list[Series]) -> Series:
    columns = ([getattr(part, name) for part in parts] for name in ("t_ns", "mean", "low", "high"))
    return Series(*(np.concatenate(column) for column in columns))


def _counted(target: Target, series: str, start_ms: int, end_ms: int) -> float:
    counted = _metrics(
        target,
        "query",
        f"sum(count_over_time({series}[{end_ms - start_ms}ms]))",
        time=seconds_text(end_ms - 1),
        step="1s",
    )
    return float(counted[0]["value"][1]) if counted else 0.0


def _exported(
    target: Target, series: str, start_ms: int, end_ms: int
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the points themselves, of all series of the sensor, in time order."""
    fields = {"match[]": series, "start": seconds_text(start_ms), "end": seconds_text(end_ms - 1)}
    body = answered(target, "GET", "/api/v1/export", fields)
    rows = [msgspec.json.decode(line) for line in body.splitlines() if line]
    t_ms = np.array([t for row in rows for t in row["timestamps"]], np.int64)
    value = np.array([math.nan if v is None else v for row in rows for v in row["values"]], np.float64)
    order = np.argsort(t_ms, kind="stable")
    return t_ms[order] * _MS_NS, value[order]


def _victoria_merged(target: Target, series: str, start_ms: int, end_ms: int, step_ms: int) -> Series:
    """Merge there: a window of MetricsQL looks back, so the bucket from t is asked for at its last millisecond.

    All four are asked for at once, for the server reads its points once then; a sensor may have several series.
    """
    rollups = ", ".join(f'"{name}"' for name in _ROLLUPS)
    rows = _metrics(
        target,
        "query_range",
        f"aggr_over_time(({rollups}), {series}[{step_ms}ms])",
        start=seconds_text(start_ms + step_ms - 1),
        end=seconds_text(end_ms - 1),
        step=f"{step_ms}ms",
        nocache="1",
    )
    merged: dict[str, dict[int, float]] = {name: {} for name in _ROLLUPS}
    for row in rows:
        name = row["metric"]["rollup"]
        kept = merged[name]
        for t, text in row["values"]:
            t_ms, v = round(t * 1000) - step_ms + 1, float(text)
            kept[t_ms] = _ROLLUPS[name](kept[t_ms], v) if t_ms in kept else v
    total, count, low, high = merged.values()
    times = sorted(total.keys() & count.keys() & low.keys() & high.keys())
    return Series(
        np.array(times, np.int64) * _MS_NS,
        np.array([total[t] / count[t] for t in times], np.float64),
        np.array([low[t] for t in times], np.float64),
        np.array([high[t] for t in times], np.float64),
    )


READERS: Mapping[Flavour, Callable[[Target, str, int, int, int], Series]] = {
    "influx1": _influx1,
    "influx2": _influx2,
    "victoria": _victoria,
}
"""How each kind of server is read: (target, full sensor id, start_ns, end_ns, max_points) to a series."""


def answered(
    target: Target, method: str, path: str, fields: dict[str, str], body: bytes | None = None, **headers: str
) -> bytes:
    """Return what the server answers; raise `StoreError` where it refuses."""
    status, _, answer = target.get(method, path, fields, body, **headers)
    if status != _OK:
        text = answer.decode(errors="replace").strip()[:500]
        if status in _TOO_MUCH:
            raise TooMuchError(f"the time-series server refused {path}: {text}")
        raise StoreError(f"the time-series server answered {status} to {path}: {text}", retry=status >= 500)  # noqa: PLR2004 - 5xx
    return answer


def influxql_series(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the series of one InfluxQL result; a limit of the server breaks a query off, or cuts its rows off."""
    series: list[dict[str, Any]] = result.get("series", [])
    if "error" in result:
        text = f"the time-series server refused a query: {result['error']}"
        raise TooMuchError(text) if "limit exceeded" in text else StoreError(text, retry=False)
    if result.get("partial") or any(one.get("partial") for one in series):
        raise TooMuchError(
            "the time-series server sends a part of the rows alone (its setting max-row-limit)"
        )
    return series


def _metrics(target: Target, kind: str, query: str, **fields: str) -> list[Any]:
    answer = msgspec.json.decode(answered(target, "GET", f"/api/v1/{kind}", {"query": query, **fields}))
    result: list[Any] = answer["data"]["result"]
    return result


def _columns(rows: list[list[Any]], width: int) -> Any:
    """Return rows of (time, numbers) as columns of exact times and floats."""
    t_ns = np.array([row[0] for row in rows], np.int64)
    return (t_ns, *(np.array([row[i] for row in rows], np.float64) for i in range(1, width)))


def seconds_text(t_ms: int) -> str:
    """Return milliseconds as seconds without a float between."""
    return f"{t_ms // 1000}.{t_ms % 1000:03}"


def flux_text(text: str) -> str:
    """Return a text as a Flux string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${") + '"'
