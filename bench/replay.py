"""`hazwatch replay --speed max` on recordings of every format, what reading alone takes, and other readers beside it.

``python bench/replay.py [--sensors N] [--rows N] [--runs K] [--json OUT] [--markdown OUT]``: rates; the best of K runs, for
other work on the machine only ever makes a run slower. ``--flat N ...`` measures instead the peak memory of replays of N
readings each, in Parquet and in gzipped CSV, and ends with 1 where it grows with their number.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sim.recording import open_recording  # noqa: E402 - the rooms are found from the checkout

Row = dict[str, Any]
_TIME = "strftime(make_timestamp_ns(1704067200000000000 + i * 1000000000), '%Y-%m-%dT%H:%M:%S.%gZ')"
_STAMP = "make_timestamp_ns(1704067200000000000 + i * 1000000000)"
_RUN = """
import atexit, re, sys
from pathlib import Path
peak = lambda: re.search(r"VmHWM:\\s*([0-9]+)", Path("/proc/self/status").read_text())[1]
atexit.register(lambda: print("peak kB:", peak(), file=sys.stderr))
from service.main import main
main()
"""
"""The command, and then its peak memory; what the kernel tells its parent counts what the parent had when it began."""

_FLAT_FORMS = ["Parquet long", "CSV long, gzip"]
_GROWTH = 1.25
"""So much more memory may five times the readings take."""


def _value(i: str, k: str) -> str:
    """Return a slow wave with noise in three decimals, as a transmitter sends it."""
    return f"round(50 + 3 * sin({i} / 500.0 + {k}) + (hash({i} * 1000 + {k}) % 1000) / 2000.0, 3)::DOUBLE"


def _long(time_of: str, sensors: int) -> str:
    at = time_of.replace("i *", f"(i // {sensors}) *")
    return f"SELECT {at} AS time, 'T-' || (i % {sensors})::VARCHAR AS sensor, {_value(f'(i // {sensors})', f'(i % {sensors})')} AS value"


def _wide(time_of: str, sensors: int) -> str:
    columns = ", ".join(f'{_value("i", str(k))} AS "T-{k}"' for k in range(sensors))
    return f"SELECT {time_of} AS time, {columns}"


FORMS: dict[str, tuple[str, Callable[[str, int], str], str, str]] = {
    "CSV wide": ("wide.csv", _wide, _TIME, "(HEADER)"),
    "CSV long": ("long.csv", _long, _TIME, "(HEADER)"),
    "CSV long, gzip": ("long.csv.gz", _long, _TIME, "(HEADER, COMPRESSION gzip)"),
    "NDJSON long": ("long.ndjson", _long, _TIME, "(FORMAT json)"),
    "Parquet long": ("long.parquet", _long, _STAMP, "(FORMAT parquet)"),
    "Parquet wide": ("wide.parquet", _wide, _STAMP, "(FORMAT parquet)"),
}


def write(form: str, folder: Path, sensors: int, readings: int) -> Path:
    """Write a recording of so many readings and return its path."""
    name, select, time_of, how = FORMS[form]
    rows = readings if select is _long else readings // sensors
    path = folder / name
    with duckdb.connect() as db:
        db.execute(f"COPY ({select(time_of, sensors)} FROM range({rows}) t(i)) TO '{path}' {how}")
    return path


def replayed(path: Path, alerts: Path) -> Row:
    """Replay in a process of its own; return its wall and processor time, its rate by its own account, its peak memory."""
    began_s = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", _RUN, "replay", path, "--speed", "max", "--alerts", alerts],
        cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    said = process.stderr.read().decode()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began_s
    assert os.waitstatus_to_exitcode(status) == 0, said
    rate, readings = (
        float(re.findall(rf"{name} / .*?([\d,]+) *│", said)[0].replace(",", ""))
        for name in ("readings/s", "readings")
    )
    return {
        "wall_s": wall_s,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "rate": rate,
        "readings": int(readings),
        "peak_mb": int(re.findall(r"peak kB: (\d+)", said)[0]) / 1024,
    }


def read_alone(path: Path) -> tuple[float, float]:
    """Return the seconds that reading every chunk takes, and the processor's."""
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    for _ in open_recording(path):
        pass
    return time.perf_counter() - began_s, time.process_time() - began_cpu_s


def _pandas(path: Path) -> None:
    pandas = import_module("pandas")
    if path.suffix == ".ndjson":
        pandas.read_json(path, lines=True)
    elif path.suffix == ".parquet":
        pandas.read_parquet(path)
    else:
        pandas.read_csv(path, parse_dates=["time"])


def _duckdb(path: Path) -> None:
    with duckdb.connect() as db:
        db.execute(f"SELECT * FROM '{path}'").fetchnumpy()


def _polars(path: Path) -> None:
    polars = import_module("polars")
    if path.suffix == ".ndjson":
        polars.read_ndjson(path)
    elif path.suffix == ".parquet":
        polars.read_parquet(path)
    else:
        polars.read_csv(path, try_parse_dates=True)


PEERS = {"pandas": _pandas, "duckdb": _duckdb, "polars": _polars}


def peers(path: Path, runs: int) -> Iterator[tuple[str, float | str]]:
    """Yield the seconds that others take to read the file whole into memory, or why they do not."""
    for name, read in PEERS.items():
        try:
            yield name, min(_seconds(lambda read=read: read(path)) for _ in range(runs))  # type: ignore[misc]  # a default binds it
        except ImportError as error:
            yield name, f"missing: {error.name or 'an engine'}"


def _seconds(run: Callable[[], None]) -> float:
    began_s = time.perf_counter()
    run()
    return time.perf_counter() - began_s


def start_cpu_s(runs: int) -> float:
    """Return the processor time of a replay of next to nothing."""
    with tempfile.TemporaryDirectory(prefix="replay-") as name:
        path = write("CSV wide", Path(name), 1, 100)
        return min(float(replayed(path, Path(name) / "alerts")["cpu_s"]) for _ in range(runs))


def rates(forms: list[str], sensors: int, readings: int, runs: int) -> Iterator[Row]:
    """Yield a row for each format."""
    start_s = start_cpu_s(runs)
    for form in forms:
        with tempfile.TemporaryDirectory(prefix="replay-") as name:
            folder = Path(name)
            path = write(form, folder, sensors, readings)
            every = [replayed(path, folder / f"alerts-{k}") for k in range(runs)]
            written = {(folder / f"alerts-{k}").read_bytes() for k in range(runs)}
            best = min(every, key=lambda row: row["wall_s"])
            beside = {
                peer: of if isinstance(of, str) else best["readings"] / of for peer, of in peers(path, runs)
            }
            alone = [read_alone(path) for _ in range(runs)]
            yield {
                "form": form,
                "mb": path.stat().st_size / 1e6,
                "readings": best["readings"],
                "rate": max(row["rate"] for row in every),
                "rate_with_start": best["readings"] / best["wall_s"],
                "rate_cpu": best["readings"] / (min(row["cpu_s"] for row in every) - start_s),
                "read_alone": best["readings"] / min(wall_s for wall_s, _ in alone),
                "read_cpu": best["readings"] / min(cpu_s for _, cpu_s in alone),
                "peak_mb": max(row["peak_mb"] for row in every),
                "same_alerts": len(written) == 1,
                "peers": beside,
            }


def flat(forms: list[str], sensors: int, sizes: list[int]) -> Iterator[Row]:
    """Yield the peak memory of a replay for each format and number of readings."""
    for form in forms:
        for readings in sizes:
            with tempfile.TemporaryDirectory(prefix="replay-") as name:
                path = write(form, Path(name), sensors, readings)
                row = replayed(path, Path(name) / "alerts")
                yield {"form": form, **row, "mb": path.stat().st_size / 1e6}


def machine() -> Row:
    """Return what the figures hang on."""
    return {"cores": os.cpu_count(), "python": platform.python_version(), "load": os.getloadavg()[0]}


def table(rows: list[Row]) -> Iterator[str]:
    """Yield the rates as a table."""
    head = (
        "format",
        "MB",
        "replay",
        "with start",
        "per processor second without start",
        "reading alone",
        "reading, per processor second",
        *PEERS,
        "peak MB",
    )
    yield "| " + " | ".join(head) + " |"
    yield "|---" * len(head) + "|"
    for row in rows:
        beside = [
            of if isinstance(of, str) else f"{of / 1e6:.2f}" for of in (row["peers"][peer] for peer in PEERS)
        ]
        own = (row[key] for key in ("rate", "rate_with_start", "rate_cpu", "read_alone", "read_cpu"))
        cells = (
            row["form"],
            f"{row['mb']:.0f}",
            *(f"{of / 1e6:.2f}" for of in own),
            *beside,
            f"{row['peak_mb']:.0f}",
        )
        yield "| " + " | ".join(cells) + " |"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sensors", type=int, default=200)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--flat", type=int, nargs="+")
    parser.add_argument("--forms", nargs="+", choices=FORMS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    before = machine()
    rows = []
    forms = given.forms or (_FLAT_FORMS if given.flat else list(FORMS))
    measured = (
        flat(forms, given.sensors, given.flat)
        if given.flat
        else rates(forms, given.sensors, given.rows, given.runs)
    )
    for row in measured:
        rows.append(row)
        print(json.dumps(row), flush=True)
    if given.json:
        given.json.write_text(
            json.dumps({"before": before, "after": machine(), "rows": rows}, indent=1) + "\n"
        )
    if given.markdown and not given.flat:
        given.markdown.write_text("\n".join(table(rows)) + "\n")
    if given.flat:
        grown = [
            last["peak_mb"] / first["peak_mb"]
            for first in rows
            for last in rows
            if first["form"] == last["form"] and first["readings"] < last["readings"]
        ]
        return int(any(growth > _GROWTH for growth in grown))
    return int(not all(row["same_alerts"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
