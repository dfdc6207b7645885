"""The panel of false findings: what counts, over how many sensor-days."""

import numpy as np
import pytest

from bench.truth.calm import AFTER_FAULT_NS, Calm, Episode, demo_site, poisson_95
from detectors.findings import FINDING, Edge, FindingBlock, Method
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType

DAY = 86_400_000_000_000
TWO = SensorRegistry(
    tuple(SensorSpec(id=name, sensor=name, enterprise="", type=SensorType.OTHER) for name in "ab")
)
FAULTS = (Episode(frozenset({0}), 2 * DAY, 4 * DAY), Episode(frozenset({0}), 3 * DAY, 5 * DAY))
CALM = Calm("c", TWO, ReadingBlock.of([0, 1], [0, 10 * DAY], [1.0, 1.0], [0, 0]), FAULTS)


def findings(*rows: tuple[int, int, Method, Edge]) -> FindingBlock:
    block = np.zeros(len(rows), FINDING)
    for row, (day, sensor, method, edge) in zip(block, rows, strict=True):
        row["now_ns"], row["sensor"], row["method"], row["edge"] = day * DAY, sensor, method, edge
    return FindingBlock(block)


def test_a_sensor_at_fault_has_no_calm_days_meanwhile_and_none_twice() -> None:
    assert CALM.sensor_days == pytest.approx(2 * 10 - 3)


def test_what_is_raised_outside_a_sensors_faults_counts() -> None:
    told = findings(
        (1, 0, Method.ROBUST_Z, Edge.RAISED),
        (1, 1, Method.ROBUST_Z, Edge.RECOVERED),
        (3, 0, Method.RATE, Edge.RAISED),
        (3, 1, Method.RATE, Edge.RAISED),
        (9, 0, Method.ROBUST_Z, Edge.RAISED),
    )
    assert CALM.counts(told) == {"robust_z": 2, "rate": 1}


def test_the_interval_of_a_count() -> None:
    assert poisson_95(0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert poisson_95(10) == pytest.approx((4.795, 18.390), abs=1e-3)


def test_the_demo_site_is_calm_beside_its_faults() -> None:
    calm = demo_site(1, 0.2)
    assert 0.0 < calm.sensor_days < len(calm.registry) * 0.2 / 24
    assert all(f.end_ns - f.begin_ns > AFTER_FAULT_NS and f.sensors for f in calm.faults)
    assert len(calm.block) > 10_000
