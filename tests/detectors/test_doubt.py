"""Uncertain readings: judged by what protects, marked, borne out by good ones, and no teachers."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import NO_LIMIT, Edge, Method
from detectors.profile import Profile
from detectors.profile_file import load_profile
from registry.readings import Quality, ReadingBlock
from registry.sensors import LIMIT_NAMES, SensorRegistry, SensorSpec, SensorType

S = 1_000_000_000
T0 = 1_764_000_000 * S
GOOD, DOUBT = int(Quality.GOOD), int(Quality.UNCERTAIN)
GAS = SensorSpec(
    id="e/GT", sensor="GT", enterprise="e", type=SensorType.GAS_COMBUSTIBLE, unit="%LEL", range_lo=0, range_hi=100, h=25,
    hh=50, deadband=2, off_delay_s=3, scan_s=1,
)  # fmt: skip
LEVEL = replace(GAS, id="e/LT", sensor="LT", type=SensorType.LEVEL, unit="%", h=90.0, hh=95.0, deadband=1.0)
OTHER = SensorSpec(id="e/X", sensor="X", enterprise="e", type=SensorType.OTHER)
PRESSURE = SensorSpec(id="e/P", sensor="P", enterprise="e", type=SensorType.PRESSURE, scan_s=60)
Floats = NDArray[np.float64]


def packaged() -> Profile:
    profile, _, faults = load_profile(None)
    assert not faults
    return profile


def bank_of(*specs: SensorSpec) -> DetectorBank:
    return DetectorBank(SensorRegistry(specs), packaged(), Clock.EVENT)


def block(
    values: Floats | list[float], quality: int | list[int], first: int = 0, every_s: int = 1
) -> ReadingBlock:
    n = len(values)
    marks = [quality] * n if isinstance(quality, int) else quality
    return ReadingBlock.of([0] * n, [T0 + (first + k) * every_s * S for k in range(n)], list(values), marks)


def told(bank: DetectorBank, readings: ReadingBlock) -> list[tuple[int, str, str, str | None, int]]:
    return [
        (
            int(f["t_ns"] - T0) // S, Method(f["method"]).label, Edge(f["edge"]).label,
            None if f["limit"] == NO_LIMIT else LIMIT_NAMES[f["limit"]], int(f["quality"]),
        )
        for f in bank.step(readings, 0).findings
    ]  # fmt: skip


def test_a_limit_is_judged_on_uncertain_readings_and_told_again_on_the_first_good_one_beyond_it() -> None:
    bank = bank_of(GAS)
    found = told(bank, block([5, 30, 31, 32, 24.5, 33, 34], [GOOD, DOUBT, DOUBT, DOUBT, GOOD, GOOD, GOOD]))
    assert found == [
        (1, "limit", "raised", "h", DOUBT),
        (5, "limit", "raised", "h", GOOD),
    ], "24.5 lies in the deadband and says neither; 34 says nothing new"


def test_a_good_reading_back_within_the_limits_bears_nothing_out() -> None:
    marks = [GOOD, DOUBT, DOUBT, *[GOOD] * 8]
    found = told(bank_of(GAS), block([5, 30, 60, 4, 4, 4, 4, 4, 30, 31, 32], marks))
    assert [f[1:] for f in found] == [
        ("limit", "raised", "h", DOUBT),
        ("limit", "raised", "hh", DOUBT),
        ("limit", "recovered", "h", GOOD),
        ("limit", "recovered", "hh", GOOD),
        ("limit", "raised", "h", GOOD),
    ]


def test_a_forecast_on_uncertain_readings_is_told_again_on_a_good_one() -> None:
    level = np.minimum(60.0 + 0.02 * np.arange(1400), 82.0)
    marks = [DOUBT if 300 <= k < 1000 else GOOD for k in range(1400)]
    found = [f for f in told(bank_of(LEVEL), block(level, marks)) if f[1] == "forecast"]
    assert [f[2:] for f in found[:2]] == [("raised", "h", DOUBT), ("raised", "h", GOOD)]
    assert found[1][0] == 1000


def test_uncertain_for_an_hour_is_a_finding_that_one_good_reading_ends() -> None:
    bank = bank_of(GAS)
    marks = [GOOD] * 10 + [DOUBT] * 3700 + [GOOD]
    found = [f[:3] for f in told(bank, block(5 + 0.1 * np.sin(np.arange(3711.0)), marks))]
    assert found == [(3610, "uncertain", "raised"), (3710, "uncertain", "recovered")]


def learnt(bank: DetectorBank) -> dict[str, bytes]:
    """Everything that is remembered of what is usual, as bytes."""
    memory = bank._memory
    fields: dict[str, bytes] = {}
    for part, names in (
        (memory.state, ("mean", "var", "z_count")),
        (memory.calendar, ("level", "spread", "usual", "visits", "hour_error", "count")),
        (memory.novel, ("mean", "var", "far", "floor")),
        (memory.shape, ("scale", "spread", "spread_var", "blocks", "tail_share")),
        (memory.health, ("noise", "noise_var", "repeats", "limit", "moves")),
        (memory.pulse, ("gate", "resolution", "known_rest")),
        (memory.partner, ("offset", "var", "noise2", "count")),
        (bank._groups.member, ("centre",)),
    ):
        fields |= {f"{names[0]}:{name}": part[name].tobytes() for name in names}
    return fields


@pytest.mark.parametrize(("spec", "every_s"), [(GAS, 1), (OTHER, 1), (PRESSURE, 60)])
@pytest.mark.parametrize("wild", [False, True])
def test_nothing_is_learnt_from_uncertain_readings(spec: SensorSpec, every_s: int, wild: bool) -> None:
    rng = np.random.default_rng(1)
    bank = bank_of(spec)
    bank.step(block(10 + rng.normal(0, 0.2, 2000), GOOD, every_s=every_s), 0)
    before = learnt(bank)
    spoilt = rng.normal(15, 3.0, 500) if wild else 10 + rng.normal(0, 0.2, 500)
    bank.step(block(spoilt, DOUBT, 2000, every_s), 0)
    assert learnt(bank) == before
    after = told(bank, block(10 + rng.normal(0, 0.2, 500), GOOD, 2500, every_s))
    assert [f for f in after if f[2] == "raised"] == [], "well again, it is what it was"
    assert learnt(bank) != before


def test_a_pair_learns_no_usual_difference_from_uncertain_readings() -> None:
    pair = (
        replace(LEVEL, equipment="V", group="g"),
        replace(LEVEL, id="e/LT2", sensor="LT2", equipment="V", group="g"),
    )
    bank = bank_of(*pair)

    def both(first: int, n: int, apart: float, quality: int) -> ReadingBlock:
        noise = np.random.default_rng(first).normal(0, 0.02, (n, 2))
        return ReadingBlock.of(
            [0, 1] * n,
            [T0 + (first + k) * S + j for k in range(n) for j in (0, 1)],
            [50 + apart * j + noise[k, j] for k in range(n) for j in (0, 1)],
            [quality * j for _ in range(n) for j in (0, 1)],
        )

    bank.step(both(0, 600, 0.0, GOOD), 0)
    bank.step(both(600, 2, 0.3, DOUBT), 0)
    before = learnt(bank)["offset:offset"]
    bank.step(both(602, 600, 0.3, DOUBT), 0)
    assert learnt(bank)["offset:offset"] == before


def test_a_sensor_in_calibration_takes_no_part_in_its_group() -> None:
    rng = np.random.default_rng(5)
    causes = rng.normal(size=(1200, 2))
    values = causes @ rng.normal(size=(2, 5)) + 0.3 * rng.normal(size=(1200, 5)) + 50.0
    values[600:, 0] += 30.0

    def raised(quality: int) -> set[str]:
        specs = tuple(replace(OTHER, id=f"e/{k}", sensor=f"{k}") for k in range(5))
        rows = [(k, j) for k in range(1200) for j in range(5)]
        readings = ReadingBlock.of(
            [j for _, j in rows], [T0 + k * S for k, _ in rows], [values[k, j] for k, j in rows],
            [quality if k >= 600 and j == 0 else GOOD for k, j in rows],
        )  # fmt: skip
        found = bank_of(*specs).step(readings, 0).findings
        return {Method(f["method"]).label for f in found if f["t_ns"] >= T0 + 600 * S} & {"t2", "q"}

    assert raised(GOOD)
    assert not raised(DOUBT)


def test_a_bad_reading_is_judged_by_nothing_and_told_as_bad() -> None:
    bank = bank_of(GAS)
    found = told(bank, block([5.0, *[60.0] * 9, 5, 5, 5, 5], [GOOD, *[int(Quality.BAD)] * 9, *[GOOD] * 4]))
    assert [f[1:3] for f in found] == [("quality", "raised"), ("quality", "recovered")]
    assert math.isnan(bank.step(block([60.0], int(Quality.BAD), 20), 0).score[0])
