"""Drift and balance on simulated tanks: what they miss, how fast they are, and what they say where nothing is wrong.

`python bench/relations.py [--tanks N] [--json OUT]`: N sound tanks of each shape over four days, then one fault each.
"""

import argparse
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import Edge, Method
from detectors.profile_file import load_profile
from tests.detectors.tanks import LEVEL_A, SOUND, T0, VOLUME, Faults, Recording, record, tank_registry

DAYS_SOUND = 4
AT_H = 48.0
"""A fault begins after two days of normal operation."""
HOURS = 72
LEVELS_AND_PRESSURE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding that was raised."""

    method: Method
    sensor: int
    at_h: float


CASES: dict[str, tuple[Method, Faults]] = {
    "leak of 2 m3/h": (Method.BALANCE, Faults(leak_m3_h=2)),
    "leak of 5 m3/h": (Method.BALANCE, Faults(leak_m3_h=5)),
    "leak of 10 m3/h": (Method.BALANCE, Faults(leak_m3_h=10)),
    "leak of 20 m3/h": (Method.BALANCE, Faults(leak_m3_h=20)),
    "gauge stuck": (Method.DRIFT, Faults(stuck=True)),
    "gauge stuck, seen by the flows": (Method.BALANCE, Faults(stuck=True)),
    "gauge drifts 0.05 %/h": (Method.DRIFT, Faults(drift_m_h=0.006)),
    "gauge drifts 0.2 %/h": (Method.DRIFT, Faults(drift_m_h=0.024)),
    "gauge drifts 1 %/h": (Method.DRIFT, Faults(drift_m_h=0.12)),
    "product 20 % heavier": (Method.BALANCE, Faults(density=1.2)),
}


def told(recording: Recording, kind: str) -> list[Told]:
    """Return what drift and balance raise on a recording with the packaged profile."""
    bank = DetectorBank(tank_registry(kind), load_profile(None)[0], Clock.EVENT)
    return [
        Told(
            method=Method(row["method"]),
            sensor=int(row["sensor"]),
            at_h=(int(row["now_ns"]) - T0) / 3.6e12,
        )
        for row in bank.step(recording.block(), 0).findings
        if row["method"] in (Method.DRIFT, Method.BALANCE) and row["edge"] == Edge.RAISED
    ]


def calm(seeds: Iterable[int]) -> dict[str, object]:
    """Return the findings on sound tanks, by shape and by method, and the sensor-days they are of."""
    found: dict[str, object] = {}
    for shape in VOLUME:
        for known in (True, False):
            raised = [
                t
                for s in seeds
                for t in told(record(s, 24 * DAYS_SOUND, shape=shape), shape if known else "")
            ]
            found[f"{shape}, shape {'known' if known else 'not known'}"] = {
                "sensor-days": DAYS_SOUND * LEVELS_AND_PRESSURE * len(list(seeds)),
                **{m.label: sum(t.method is m for t in raised) for m in (Method.DRIFT, Method.BALANCE)},
            }
    return found


def faults(seeds: Iterable[int]) -> dict[str, object]:
    """Return for each fault how many tanks told it, and after how many minutes (of those)."""
    rows: dict[str, object] = {}
    for name, (method, fault) in CASES.items():
        after = []
        moved = []
        for seed in seeds:
            whole = Faults(
                at_s=AT_H * 3600, leak_m3_h=fault.leak_m3_h, stuck=fault.stuck, drift_m_h=fault.drift_m_h, density=fault.density
            )  # fmt: skip
            recording = record(seed, HOURS, whole)
            first = [t.at_h for t in told(recording, "tank") if t.method is method and t.at_h >= AT_H]
            if first:
                after.append((first[0] - AT_H) * 60)
                true = record(seed, HOURS, SOUND).value[:, LEVEL_A] if fault.stuck else None
                if true is not None:
                    moved.append(float(abs(true[int(first[0] * 3600) - 1] - true[int(AT_H * 3600)])))
        rows[name] = {
            "told": len(after),
            "of": len(list(seeds)),
            "median_min": round(median(after), 1) if after else None,
            "slowest_min": round(max(after), 1) if after else None,
            **({"level_moved_m_median": round(median(moved), 3)} if moved else {}),
        }
    return rows


def main() -> None:
    """Run all and print; write JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tanks", type=int, default=8)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    seeds = range(1000, 1000 + options.tanks)
    result = {"calm": calm(seeds), "faults": faults(seeds), "numpy": np.__version__}
    print(json.dumps(result, indent=1))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
