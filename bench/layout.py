"""One record a sensor against one array a field: the same stripped step on both, sensors shuffled each round.

``python bench/layout.py [OUT.json]``. detectors/state.py keeps records; this is the measurement behind it. The step
here does what every reading needs and nothing else: bounds, a baseline, a count.
"""

import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numpy as np

from service.bench.timing import best_s
from service.bench.workload import readings

FIELDS = (
    "last_t",
    "mean",
    "var",
    "count",
    "lo",
    "hi",
    "tau",
    "threshold",
    "sigma",
    "weight",
    "over",
    "since",
)
SIZES = (1_000, 10_000, 100_000, 1_000_000)
RECORD = np.dtype([(name, np.float64) for name in FIELDS], align=True)
WITHIN_S = 2.0


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]  # numba ships no types
def step_records(s: Any, sensor: Any, t: Any, value: Any, score: Any) -> None:
    for row in range(len(sensor)):
        r = s[sensor[row]]
        dt = t[row] - r.last_t
        r.last_t = t[row]
        residual = value[row] - r.mean
        z = residual / max(math.sqrt(r.var), r.sigma)
        weight = min(dt / (r.tau + dt), r.weight)
        r.mean += weight * residual
        r.var = (1.0 - weight) * (r.var + weight * residual * residual)
        r.count += 1.0
        if abs(z) > r.threshold or not r.lo < value[row] < r.hi:
            r.over += 1.0
            r.since = t[row]
        score[row] = z


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]  # as above
def step_arrays(  # noqa: PLR0917 - a kernel takes everything by position
                last_t: Any, mean: Any, var: Any, count: Any, lo: Any, hi: Any, tau: Any, threshold: Any, sigma: Any,
                least: Any, over: Any, since: Any, sensor: Any, t: Any, value: Any, score: Any) -> None:  # fmt: skip
    for row in range(len(sensor)):
        i = sensor[row]
        dt = t[row] - last_t[i]
        last_t[i] = t[row]
        residual = value[row] - mean[i]
        z = residual / max(math.sqrt(var[i]), sigma[i])
        weight = min(dt / (tau[i] + dt), least[i])
        mean[i] += weight * residual
        var[i] = (1.0 - weight) * (var[i] + weight * residual * residual)
        count[i] += 1.0
        if abs(z) > threshold[i] or not lo[i] < value[row] < hi[i]:
            over[i] += 1.0
            since[i] = t[row]
        score[row] = z


def fill(get: Callable[[str], Any]) -> None:
    """Give every field the same beginning in either layout."""
    values = {
        "lo": 10.0,
        "hi": 90.0,
        "tau": 1800.0,
        "threshold": 12.0,
        "sigma": 0.1,
        "weight": 0.01,
        "mean": 50.0,
    }
    for name in FIELDS:
        get(name)[:] = values.get(name, 0.0)


def measure(sensors: int) -> dict[str, float]:
    """Return readings per second of both layouts, and how much faster records are."""
    block = readings(sensors, 400_000, in_order=False)
    t = (block.t_ns - block.t_ns[0]) / 1e9
    records = np.zeros(sensors, RECORD)
    arrays = {name: np.zeros(sensors) for name in FIELDS}
    fill(lambda name: records[name])
    fill(lambda name: arrays[name])
    first, second = np.zeros(len(block)), np.zeros(len(block))
    span = t[-1] + 1.0

    def later() -> None:
        np.add(t, span, out=t)

    a = best_s(lambda: step_records(records, block.sensor, t, block.value, first), WITHIN_S, later)
    b = best_s(lambda: step_arrays(*arrays.values(), block.sensor, t, block.value, second), WITHIN_S, later)
    return {
        "sensors": sensors,
        "records_per_s": round(len(block) / a),
        "arrays_per_s": round(len(block) / b),
        "ratio": round(b / a, 2),
    }


def main() -> None:
    rows = [measure(sensors) for sensors in SIZES]
    text = json.dumps(rows, indent=2)
    print(text)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(text + "\n")


if __name__ == "__main__":
    main()
