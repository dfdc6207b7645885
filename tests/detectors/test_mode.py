"""The mode of a tank follows its level; charts settle with it, and set-points follow it."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import Method
from detectors.profile import Methods, Profile
from detectors.state import MODES
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.detectors.oracle_trend import TrendOracle
from tests.detectors.test_bank import T0, Row, S, block_of, told
from tests.detectors.test_forecast import journeys, noise

A = SensorSpec(
    id="e/LT-A", sensor="LT-A", enterprise="e", equipment="V", type=SensorType.LEVEL, range_lo=0, range_hi=100, ll=2, l=5,
    h=90, hh=95, deadband=1, on_delay_s=3, off_delay_s=5, scan_s=1,
)  # fmt: skip
B = replace(A, id="e/LT-B", sensor="LT-B")
P = replace(A, id="e/PT", sensor="PT", type=SensorType.PRESSURE, h=50, hh=80)
T = replace(A, id="e/TT", sensor="TT", type=SensorType.TEMPERATURE)
G = replace(A, id="e/GT", sensor="GT", type=SensorType.GAS_TOXIC)
ALONE = replace(A, id="e/LT-X", sensor="LT-X", equipment=None)
REGISTRY = SensorRegistry((P, A, B, T, G, ALONE))
LEVEL = Methods(mode_pct_per_h=2, mode_min_s=20, mode_idle_s=900, sigma_min_pct=0.1, dead_min_s=15)
CHART = Methods(z_threshold=8, z_tau_s=1800, z_warm_samples=60, z_samples=3, mode_settle_s=300)
PROFILE = Profile(
    {
        SensorType.LEVEL: LEVEL,
        SensorType.PRESSURE: Methods(),
        SensorType.TEMPERATURE: CHART,
        SensorType.GAS_TOXIC: CHART,
    },
    modes={"pressure": {"fill": {"h": 60.0}}, "e/PT": {"drain": {"h": 40.0, "l": float("nan")}}},
)


def new_bank(profile: Profile = PROFILE) -> DetectorBank:
    return DetectorBank(REGISTRY, profile, Clock.EVENT)


def course(sensor: int, values: Any, start: int = 0) -> list[Row]:
    return [(sensor, T0 + (start + k) * S, float(v), 0) for k, v in enumerate(values)]


def modes(bank: DetectorBank, rows: list[Row], of: int = 1) -> list[tuple[int, str]]:
    """Feed the rows; return when the equipment's mode changed, and into which."""
    seen: list[tuple[int, str]] = []
    for row in rows:
        bank.step(block_of([row]), 0)
        mode = bank.mode_of(of)
        if not seen or seen[-1][1] != mode:
            seen.append(((row[1] - T0) // S, mode))
    return seen


def tank() -> Any:
    """Ten minutes each: rest, filling, rest, draining, and a rest of half an hour."""
    n = 600
    up = 40 + 0.02 * np.arange(n)
    level = np.concatenate([np.full(n, 40.0), up, np.full(n, up[-1]), up[::-1], np.full(3 * n, 40.0)])
    return level + noise(len(level), 0.02)


def test_the_mode_follows_the_level() -> None:
    seen = modes(new_bank(), course(1, tank()))
    assert [mode for _, mode in seen] == ["unknown", "hold", "fill", "hold", "drain", "hold", "idle"]
    for (at, _), begun in zip(seen[2:6], (600, 1200, 1800, 2400), strict=True):
        assert begun < at < begun + 120
    assert seen[6][0] == pytest.approx(2400 + 900, abs=120)


@pytest.mark.parametrize("sigma", [0.0, 0.02, 0.5])
def test_noise_and_rounding_are_rest(sigma: float) -> None:
    values = np.round((50 + noise(3000, sigma)) / 0.1) * 0.1
    assert [mode for _, mode in modes(new_bank(), course(1, values))] == ["unknown", "hold", "idle"]


def test_the_next_level_sensor_rules_while_the_first_is_dead() -> None:
    first = course(1, np.full(100, 40.0))
    second = course(2, np.concatenate([np.full(100, 40.0), 40 + 0.05 * np.arange(400)]))
    rows = sorted(first + second, key=lambda row: row[1])
    assert modes(new_bank(), rows)[-1][1] == "fill"
    level = np.concatenate([np.full(100, 40.0), 40 + 0.05 * np.arange(400)])
    both = sorted(course(1, np.full(500, 40.0)) + course(2, level), key=lambda row: row[1])
    assert modes(new_bank(), both)[-1][1] == "hold", "the first one rules while it lives"


def test_after_a_silence_the_mode_is_not_known_until_the_level_tells() -> None:
    rows = course(1, 40 + 0.05 * np.arange(300)) + course(1, np.full(60, 70.0), start=2000)
    seen = modes(new_bank(), rows)
    assert [mode for _, mode in seen] == ["unknown", "hold", "fill", "unknown", "hold"] or [
        mode for _, mode in seen
    ] == ["unknown", "fill", "unknown", "hold"]


def test_a_sensor_without_such_an_equipment_has_no_mode() -> None:
    assert modes(new_bank(), course(5, tank()), of=5) == [(0, "unknown")]


def shifted(sensor: int, filling: bool) -> list[tuple[Any, ...]]:
    """What is told of a sensor that shifts while its tank begins to fill, or while it rests."""
    n = 900
    level = 40 + np.where(np.arange(2 * n) < n, 0.0, 0.05 * (np.arange(2 * n) - n) * filling)
    other = np.where(np.arange(2 * n) < n + 60, 20.0, 26.0) + noise(2 * n, 0.1)
    rows = sorted(
        course(1, level + noise(2 * n, 0.02, 2)) + course(sensor, other), key=lambda row: (row[1], row[0])
    )
    return [f for f in told(new_bank().step(block_of(rows), 0).findings) if f[2] == "robust_z"]


def test_a_chart_begins_anew_after_a_change_of_mode() -> None:
    assert [f[3] for f in shifted(3, filling=False)][:1] == ["raised"]
    assert shifted(3, filling=True) == []


def test_a_level_shift_after_a_change_of_mode_does_not_freeze_a_chart() -> None:
    """After the shift the chart must judge by the new level: a second shift is told."""
    n = 900
    level = 40 + np.where(np.arange(3 * n) < n, 0.0, 0.05 * (np.arange(3 * n) - n))
    level = np.minimum(level, 70.0)
    other = np.select(
        [np.arange(3 * n) < n + 60, np.arange(3 * n) < 2 * n + 700], [20.0, 26.0], 20.0
    ) + noise(3 * n, 0.1)
    rows = sorted(
        course(1, level + noise(3 * n, 0.02, 2)) + course(3, other), key=lambda row: (row[1], row[0])
    )
    found = [f for f in told(new_bank().step(block_of(rows), 0).findings) if f[2] == "robust_z"]
    assert next((f[3], (f[0] - T0) // S) for f in found) == ("raised", 2 * n + 702)


def test_a_gas_detector_never_waits() -> None:
    assert next(f[3] for f in shifted(4, filling=True)) == "raised"


def test_set_points_follow_the_mode() -> None:
    pressure = np.full(4200, 55.0)
    rows = sorted(course(1, tank()) + course(0, pressure), key=lambda row: (row[1], row[0]))
    found = [f for f in told(new_bank().step(block_of(rows), 0).findings) if f[1] == 0 and f[2] == "limit"]
    edges = [(edge, (now - T0) // S) for now, _, _, edge, name, _ in found if name == "h"]
    assert [edge for edge, _ in edges] == ["raised", "recovered", "raised"]
    assert edges[0][1] == 3, "55 is beyond h 50"
    assert 600 < edges[1][1] < 720, "but not beyond the 60 of a filling"
    assert 1200 < edges[2][1] < 1320


def test_a_finding_tells_the_limit_of_the_mode_that_it_aims_at() -> None:
    profile = Profile(
        {SensorType.LEVEL: LEVEL, SensorType.PRESSURE: Methods(forecast_s=1800)}, modes=PROFILE.modes
    )
    level = 20 + 0.05 * np.arange(1200)
    pressure = np.where(np.arange(1200) < 500, 40.0, 40 + 0.04 * (np.arange(1200) - 500))
    rows = sorted(course(1, level) + course(0, pressure), key=lambda row: (row[1], row[0]))
    found = [
        f
        for f in DetectorBank(REGISTRY, profile, Clock.EVENT).step(block_of(rows), 0).findings.rows
        if f["sensor"] == 0
    ]
    h = [f for f in found if f["limit"] == 2]
    assert {Method(f["method"]) for f in h} == {Method.FORECAST, Method.LIMIT}
    assert {f["bound"] for f in h} == {60.0}, "of a filling, not the 50 of the points table"


def test_working_limits_come_back_from_a_snapshot() -> None:
    rows = sorted(course(1, tank()[:1000]) + course(0, np.full(1000, 55.0)), key=lambda row: (row[1], row[0]))
    bank = new_bank()
    bank.step(block_of(rows), 0)
    assert bank.mode_of(0) == "fill"
    again = new_bank()
    again.restore(bank.snapshot())
    more = course(0, np.full(50, 55.0), start=1000)
    found = told(again.step(block_of(more), 0).findings)
    assert found == told(bank.step(block_of(more), 0).findings)
    assert [f for f in found if f[1] == 0] == [], "55 is still within the 60 of a filling"
    assert again.snapshot() == bank.snapshot()


HASTY = Profile(
    {
        SensorType.LEVEL: replace(LEVEL, mode_min_s=3, mode_idle_s=40, mode_pct_per_h=100, course_every_s=1),
        SensorType.PRESSURE: Methods(forecast_s=90, forecast_samples=1, forecast_sigmas=2, course_every_s=1),
    },
    modes=PROFILE.modes,
)
TANK = SensorRegistry((P, A, B))


@settings(max_examples=80, deadline=None)
@given(journeys())
def test_step_equals_the_slow_obvious_version_on_journeys(rows: list[Row]) -> None:
    oracle = TrendOracle(HASTY.params(TANK), Clock.EVENT)
    bank = DetectorBank(TANK, HASTY, Clock.EVENT)
    assert told(bank.step(block_of(rows), 0).findings) == oracle.step(rows, 0)[0]
    assert bank.mode_of(0) == oracle.modes[1].ruling


@settings(max_examples=40, deadline=None)
@given(journeys(), st.lists(st.integers(1, 200), max_size=5))
def test_neither_batches_nor_a_restart_change_a_mode(rows: list[Row], cuts: list[int]) -> None:
    straight, bank = DetectorBank(TANK, HASTY, Clock.EVENT), DetectorBank(TANK, HASTY, Clock.EVENT)
    whole = straight.step(block_of(rows), 0)
    parts = []
    for a, b in pairwise([0, *sorted({c for c in cuts if c < len(rows)}), len(rows)]):
        parts.append(bank.step(block_of(rows[a:b]), 0).findings.rows.tobytes())
        again = DetectorBank(TANK, HASTY, Clock.EVENT)
        again.restore(bank.snapshot())
        bank = again
    assert b"".join(parts) == whole.findings.rows.tobytes()
    assert bank.snapshot() == straight.snapshot()
    assert bank.mode_of(0) in MODES
