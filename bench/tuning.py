"""Thresholds tuned on one day of sensors whose tails are known, held against sixty other days: `python bench/tuning.py`."""

import math
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from detectors.findings import Edge, Method
from detectors.profile import Methods, Profile
from registry.readings import ReadingBlock
from registry.sensors import SensorType, registry_of_columns
from service.tuning.calibrate import calibrate, tuned_profile
from service.tuning.readings import Readings
from service.tuning.tunables import TUNABLES

DAY_S, SENSORS, DAYS = 86_400, 8, 60
PROFILE = Profile(
    MappingProxyType(
        {SensorType.OTHER: Methods(z_threshold=8.0, z_tau_s=3600.0, z_samples=2, dead_scans=math.nan)}
    )
)
REGISTRY = registry_of_columns(str(k) for k in range(SENSORS))
UNBOUNDED = [replace(t, least=0.5, most=1000.0) for t in TUNABLES if t.method is Method.ROBUST_Z]


def ar1(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return np.asarray(lfilter([1.0], [1.0, -0.9], rng.standard_normal(n + 200))[200:])


TAILS: dict[str, Callable[[np.random.Generator, int], NDArray[np.float64]]] = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "exponential": lambda rng, n: rng.exponential(size=n),
    "Student t, 4": lambda rng, n: rng.standard_t(4, size=n),
    "AR(1), 0.9": ar1,
}


def readings(tail: str, seed: int, days: int) -> Readings:
    rng = np.random.default_rng(seed)
    n = days * DAY_S
    value = np.stack([TAILS[tail](rng, n) for _ in range(SENSORS)], axis=1).ravel()
    t_ns = np.repeat(np.arange(n, dtype=np.int64) * 10**9, SENSORS)
    sensor = np.tile(np.arange(SENSORS, dtype=np.int32), n)
    return Readings.of(
        [ReadingBlock(sensor=sensor, t_ns=t_ns, value=value, quality=np.zeros(len(value), np.uint8))]
    )


def main() -> None:
    print(
        f"| tail | wanted a day | tuned of {SENSORS} | thresholds | interval of the first | episodes in {DAYS} days | wanted |"
    )
    print("|---|---|---|---|---|---|---|")
    for tail in TAILS:
        day = readings(tail, 1, 1)
        for per_day in (0.01, 0.5):
            made = calibrate(day, REGISTRY, PROFILE, per_day, tunables=UNBOUNDED)
            evidence = [j.evidence for j in made.judgements]
            tuned = [e for e in evidence if e.chosen is not None]
            episodes = 0
            for seed in range(100, 100 + DAYS // 10):
                rows = readings(tail, seed, 10).run(REGISTRY, tuned_profile(PROFILE, evidence)).findings.rows
                known = np.isin(rows["sensor"], [REGISTRY.index[e.sensor] for e in tuned])
                episodes += int(np.count_nonzero(known & (rows["edge"] == Edge.RAISED)))
            chosen = ", ".join(f"{e.chosen:g}" for e in tuned)
            first = tuned[0].interval
            shown = "" if first is None else f"{first.lo:.2f} to {first.hi:.2f}"
            print(
                f"| {tail} | {per_day:g} | {len(tuned)} | {chosen} | {shown} | {episodes} | {per_day * DAYS * len(tuned):g} |"
            )


if __name__ == "__main__":
    main()
