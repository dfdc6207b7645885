"""Trends of a year from real stores: how long they take, whether they are right, what they cost in memory.

``python bench/trends.py [--days D] [--markdown OUT]``. Writes D days of readings of two level gauges, one reading a second and
one in ten seconds, through the store's own code into a real VictoriaMetrics and a real InfluxDB 1, and reads them back as the
trend of the console does. The answer is held against numpy's over the readings written.
"""

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from registry.readings import ReadingBlock  # noqa: E402 - found from the checkout
from registry.sensors import SensorRegistry, SensorSpec, SensorType  # noqa: E402 - as above
from store.influx import InfluxSettings, InfluxStore  # noqa: E402 - as above
from store.series import Series, StoreBatch, StoreError, bucket_ns, downsample  # noqa: E402 - as above
from tests.servers.influx import influx  # noqa: E402 - as above
from tests.servers.victoria import victoria  # noqa: E402 - as above

STEPS_S = {"acme/LT-1": 1, "acme/LT-2": 10}
POINTS = 1500
"""As the page asks for."""
DAY_S = 86_400
NS = 10**9
START_NS = 1_735_689_600 * NS
MINUTE, DAY, MONTH = 60, DAY_S + 7, 30 * DAY_S + 777
ODD_NS = 1_234_000_000
"""Spans begin off the round times, so that their buckets do too."""
Row = dict[str, str | float | int]


def day_of(step_s: int, day: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times and values of a day, always the same."""
    at_s = np.arange(day * DAY_S, (day + 1) * DAY_S, step_s, dtype=np.int64)
    noise = np.random.default_rng([step_s, day]).normal(0, 0.05, len(at_s))
    return START_NS + at_s * NS, np.round(5 + 2 * np.sin(at_s * (2 * np.pi / DAY_S)) + noise, 3)


def year_of(step_s: int, days: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return times and values of all days."""
    parts = [day_of(step_s, day) for day in range(days)]
    return np.concatenate([t for t, _ in parts]), np.concatenate([v for _, v in parts])


def batch_of(day: int) -> StoreBatch:
    """Return a day of both sensors."""
    parts = [day_of(step_s, day) for step_s in STEPS_S.values()]
    t_ns = np.concatenate([t for t, _ in parts])
    sensor = np.repeat(np.arange(len(parts), dtype=np.int32), [len(t) for t, _ in parts])
    block = ReadingBlock(
        sensor=sensor,
        t_ns=t_ns,
        value=np.concatenate([v for _, v in parts]),
        quality=np.zeros(len(t_ns), np.uint8),
    )
    return StoreBatch(seq=day + 1, block=block, score=np.full(len(t_ns), np.nan))


def registry() -> SensorRegistry:
    """Return the two gauges."""
    return SensorRegistry(
        tuple(
            SensorSpec(id=name, sensor=name.split("/")[1], enterprise="acme", type=SensorType.LEVEL)
            for name in STEPS_S
        )
    )


def spans(days: int) -> dict[str, tuple[int, int]]:
    """Return what is asked for: a minute, a day and a month out of the middle, and everything."""
    middle = START_NS + days // 3 * DAY_S * NS + ODD_NS
    found = {"a minute": MINUTE, "a day": DAY, "a month": min(MONTH, days // 2 * DAY_S)}
    whole = (START_NS + ODD_NS, START_NS + days * DAY_S * NS)
    return {name: (middle, middle + s * NS) for name, s in found.items()} | {f"{days} days": whole}


def check(series: Series, t_ns: NDArray[np.int64], value: NDArray[np.float64], span: tuple[int, int]) -> str:
    """Return "right", or what is wrong; a store may make its buckets longer than asked by less than a millisecond."""
    first, last = np.searchsorted(t_ns, span)
    t_ns, value = t_ns[first:last], value[first:last]
    if len(series) > POINTS:
        return f"{len(series)} points"
    if len(t_ns) <= POINTS:
        return (
            "right" if np.array_equal(series.t_ns, t_ns) and np.array_equal(series.mean, value) else "wrong"
        )
    exact = bucket_ns(*span, POINTS)
    for step in (exact, -(-exact // 10**6) * 10**6):
        wanted = downsample(t_ns, value, span[0], step)
        if np.array_equal(wanted.t_ns, series.t_ns):
            far = ~np.isclose(wanted.mean, series.mean, rtol=1e-9, atol=0)
            off = np.flatnonzero(far | (wanted.low != series.low) | (wanted.high != series.high))
            return f"wrong in {len(off)} buckets, the first {off[0]}" if len(off) else "right"
    return f"other times: {len(series)} points"


def grows(pid: int | str) -> Callable[[], float]:
    """Forget a process's peak of memory; return what tells by how many MB it has risen above what is held now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    held_mb = _status_mb(pid, "VmRSS")
    return lambda: _status_mb(pid, "VmHWM") - held_mb


def _status_mb(pid: int | str, field: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def asked(store: InfluxStore, sensor: str, span: tuple[int, int]) -> tuple[Series | StoreError, float]:
    """Return the answer or the refusal, and the seconds it took."""
    began = time.monotonic()
    try:
        answer: Series | StoreError = store.read(sensor, *span, POINTS)
    except StoreError as error:
        answer = error
    return answer, time.monotonic() - began


def of_server(name: str, url: str, pid: int, days: int, settle: Callable[[], object]) -> Iterator[Row]:
    """Write everything and ask for every span."""
    store = InfluxStore(InfluxSettings(url=url), registry())
    began = time.monotonic()
    for day in range(days):
        store.write([batch_of(day)])
    settle()
    print(f"{name}: written in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    for sensor, step_s in STEPS_S.items():
        t_ns, value = year_of(step_s, days)
        for what, span in spans(days).items():
            own, its = grows("self"), grows(pid)
            answer, first_s = asked(store, sensor, span)
            _, again_s = asked(store, sensor, span)
            row: Row = {
                "store": name,
                "every": f"{step_s} s",
                "span": what,
                "readings": int(np.diff(np.searchsorted(t_ns, span))[0]),
                "points": len(answer) if isinstance(answer, Series) else 0,
                "first_s": first_s,
                "again_s": again_s,
                "own_mb": own(),
                "server_mb": its(),
                "answer": check(answer, t_ns, value, span) if isinstance(answer, Series) else str(answer),
            }
            print(row, file=sys.stderr, flush=True)
            yield row
    store.close()


def measured(days: int) -> list[Row]:
    """Measure both stores, one after the other."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        with victoria(Path(folder) / "victoria") as server:
            rows += of_server("VictoriaMetrics", server.url, server.pid, days, server.flush)
        with influx(Path(folder) / "influx") as other:
            rows += of_server("InfluxDB 1", other.url, other.pid, days, lambda: None)
    return rows


def markdown(rows: list[Row], days: int) -> str:
    """Return the measured as a page."""
    about = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        "# Trends of a year from real stores",
        "",
        f"`python bench/trends.py --days {days}`, {about}, load average {os.getloadavg()[0]:.1f} at the end.",
        "Memory is by how much the resident peak rose above what was held before the question, of the asking process and the store.",
        "",
        "| store | a reading every | span | readings | points | first, s | again, s | own memory, MB | store's memory, MB | answer |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r['store']} | {r['every']} | {r['span']} | {r['readings']} | {r['points']} | {r['first_s']:.2f} | {r['again_s']:.2f}"
        f" | {r['own_mb']:.0f} | {r['server_mb']:.0f} | {r['answer']} |"
        for r in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    text = markdown(measured(given.days), given.days)
    print(text)
    if given.markdown:
        given.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
