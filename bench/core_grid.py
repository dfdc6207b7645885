"""The detectors' step over the whole grid: every method, from 1 000 to 1 000 000 sensors, windows, orders, one and two cores.

``python bench/core_grid.py [--json OUT] [--markdown OUT] [--only TEXT] [--sensors N ...] [--seconds S]``. `hazwatch bench
core` has the rows of the contract and what stands beside them; this is the rest, some minutes long.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from service.warm import use_compile_cache, user_cache  # noqa: E402 - the rooms are found from the checkout

use_compile_cache(user_cache())

from detectors.profile import Profile  # noqa: E402 - numba's cache has its place only now
from detectors.profile_file import load_profile  # noqa: E402 - as above
from service.bench.core import CORES, SENSORS, WINDOWS_S, copy_rate, sharded_rate, step_rate  # noqa: E402 - as above
from service.bench.methods import all_on, alone, with_windows  # noqa: E402 - as above
from service.bench.step import Shards, StepRun  # noqa: E402 - as above
from service.bench.touched import Touched, touched  # noqa: E402 - as above

ORDERS = {"in order": True, "shuffled": False}
Row = dict[str, Any]


def profiles() -> dict[str, Profile]:
    """Return what is measured, by name."""
    packaged, _, _ = load_profile(None)
    return {
        "packaged profile": packaged,
        **{f"{name} alone": each for name, each in alone().items()},
        "every method": all_on(),
    }


def measured(name: str, profile: Profile, sizes: list[int], within_s: float) -> Iterator[Row]:
    """Yield a row for each size, window, order and number of cores."""
    for window_s in WINDOWS_S:
        windowed = with_windows(profile, window_s)
        counted = touched(windowed)
        for sensors in sizes:
            about = {"profile": name, "window_s": window_s, "sensors": sensors}
            run = StepRun(sensors, windowed)
            for order, in_order in ORDERS.items():
                rate = step_rate(run, within_s, in_order=in_order)
                yield {**about, "order": order, "cores": 1, "rate": rate, **_bytes(counted, rate)}
            del run  # a million sensors are more than a gigabyte
            shards = Shards(sensors, CORES, windowed)
            for order, in_order in ORDERS.items():
                rate = sharded_rate(shards, within_s, in_order=in_order)
                yield {**about, "order": order, "cores": CORES, "rate": rate, **_bytes(counted, rate)}
            del shards


def _bytes(counted: Touched, rate: float) -> Row:
    return {
        "bytes_touched": counted.bytes_touched,
        "bytes_moved": counted.bytes_moved,
        "moved_gb_s": rate * counted.bytes_moved / 1e9,
    }


def machine() -> Row:
    """Return what the figures hang on."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "load": load,
    }


def markdown(result: Row) -> str:
    """Return the grid as tables, millions of readings a second."""
    rows: list[Row] = result["rows"]
    sizes = sorted({row["sensors"] for row in rows})
    before, after = result["before"], result["after"]
    text = [
        (
            f"Load average (1 min) {before['load']:.1f} before and {after['load']:.1f} after, {before['cores']} cores, "
            f"Python {before['python']}. A copy of the same columns: {result['copy_cached'] / 1e6:.0f} M readings/s within the "
            f"caches, {result['copy_beyond'] / 1e6:.0f} M beyond them.\n"
        )
    ]
    at = {(r["profile"], r["window_s"], r["sensors"], r["order"], r["cores"]): r for r in rows}
    names = list(dict.fromkeys((r["profile"], r["window_s"]) for r in rows))
    for cores in (1, CORES):
        for order in ORDERS:
            text.append(f"\n## {cores} core{'s' * (cores > 1)}, {order}, M readings/s\n\n")
            text.append(
                f"| profile | window, s | {' | '.join(f'{n:,}' for n in sizes)} | bytes touched | moved at the largest, GB/s |\n"
            )
            text.append(f"|---|---|{'---|' * (len(sizes) + 2)}\n")
            for name, window_s in names:
                line = [at[name, window_s, n, order, cores] for n in sizes]
                rates = " | ".join(f"{r['rate'] / 1e6:.1f}" for r in line)
                text.append(
                    f"| {name} | {window_s} | {rates} | {line[-1]['bytes_touched']:.0f} | {line[-1]['moved_gb_s']:.1f} |\n"
                )
    return "".join(text)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description="the detectors' step over the whole grid")
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.add_argument("--markdown", type=Path, metavar="OUT")
    parser.add_argument("--only", default="", metavar="TEXT", help="profiles with this in their name")
    parser.add_argument("--sensors", type=int, nargs="+", default=list(SENSORS), metavar="N")
    parser.add_argument("--seconds", type=float, default=0.1, help="about how long a cell is measured")
    args = parser.parse_args()
    before = machine()
    rows: list[Row] = []
    for name, profile in profiles().items():
        if args.only in name:
            print(name, file=sys.stderr)
            rows += measured(name, profile, args.sensors, args.seconds)
    result = {
        "before": before,
        "copy_cached": copy_rate(200_000, 0.5),
        "copy_beyond": copy_rate(8_000_000, 0.5),
        "rows": rows,
        "after": machine(),
    }
    text = markdown(result)
    print(text)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n")
    if args.markdown:
        args.markdown.write_text(f"# The step over the grid\n\n`python bench/core_grid.py`. {text}")


if __name__ == "__main__":
    main()
