"""What of a recording was not normal, and is cut out before anything is learnt from it.

A recording is only as normal as it is: limits were crossed, transmitters died. The running settings say when; each such
time is cut out, with a margin before it, for trouble starts before it is told, and one after it, until the methods'
baselines have forgotten it. A crossed limit disturbs the other sensors of the same equipment too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.findings import Edge, FindingBlock, Method
from registry.sensors import LIMIT_NAMES, SensorRegistry

ABNORMAL = frozenset(
    {
        Method.LIMIT, Method.OUT_OF_RANGE, Method.RATE, Method.DEAD, Method.STUCK, Method.SATURATION, Method.CLOCK,
        Method.QUALITY, Method.BALANCE, Method.DRIFT,
    }
)  # fmt: skip
"""Findings that rest on the plant's own limits or on the transmitter's health, not on the thresholds to be tuned."""

SPREADING = frozenset({Method.LIMIT, Method.RATE})
"""Those that are about the process, and so about all sensors of the equipment."""

BEFORE_S, AFTER_S = 300.0, 300.0
"""The least margins of a cut: a disturbance is told minutes after it began and rings on for minutes (judgement)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abnormal:
    """A time in which a sensor was not normal, by a method and, of a limit, its name; event times, ends included."""

    sensor: int
    method: Method
    limit: str
    start_ns: int
    end_ns: int


def abnormal_times(findings: FindingBlock, last_ns: int) -> list[Abnormal]:
    """Return the times that findings mark, in order; what has not recovered lasts until `last_ns`."""
    begun: dict[tuple[int, int, int], int] = {}
    found: list[Abnormal] = []
    for row in findings:
        key = (int(row["sensor"]), int(row["method"]), int(row["limit"]))
        if Method(key[1]) not in ABNORMAL:
            continue
        if row["edge"] == Edge.RAISED:
            begun.setdefault(key, int(row["onset_ns"]))
        elif key in begun:
            found.append(_abnormal(key, begun.pop(key), int(row["t_ns"])))
    found += [_abnormal(key, start, max(start, last_ns)) for key, start in begun.items()]
    return sorted(found, key=lambda a: (a.start_ns, a.sensor, a.method, a.limit))


def _abnormal(key: tuple[int, int, int], start_ns: int, end_ns: int) -> Abnormal:
    sensor, method, limit = key
    name = LIMIT_NAMES[limit] if 0 <= limit < len(LIMIT_NAMES) else ""
    return Abnormal(sensor=sensor, method=Method(method), limit=name, start_ns=start_ns, end_ns=end_ns)


def by_sensor(times: Iterable[Abnormal], registry: SensorRegistry) -> list[list[Abnormal]]:
    """Return what to cut from each sensor: its own, and what disturbed its equipment."""
    specs = registry.specs
    together: dict[tuple[str, str], list[int]] = {}
    for i, spec in enumerate(specs):
        if spec.equipment:
            together.setdefault((spec.enterprise, spec.equipment), []).append(i)
    cut: list[list[Abnormal]] = [[] for _ in specs]
    for time in times:
        spec = specs[time.sensor]
        spread = time.method in SPREADING and spec.equipment
        for i in together[spec.enterprise, spec.equipment] if spread and spec.equipment else (time.sensor,):
            cut[i].append(time)
    return cut


def kept(t_ns: NDArray[np.int64], times: Sequence[Abnormal], after_s: float) -> NDArray[np.bool_]:
    """Return which readings lie in none of the times with their margins."""
    keep = np.ones(len(t_ns), np.bool_)
    before_ns, after_ns = round(BEFORE_S * 1e9), round(max(AFTER_S, after_s) * 1e9)
    for time in times:
        keep &= (t_ns < time.start_ns - before_ns) | (t_ns > time.end_ns + after_ns)
    return keep
