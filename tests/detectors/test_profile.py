"""What a profile makes of sensors: one record of parameters each, and every number of it fits."""

import math
from dataclasses import fields, replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.profile import LONGEST_S, Methods, Profile
from detectors.state import DESIGN, FOREVER, HH, LL, H, L
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType

T0 = 1_764_000_000_000_000_000
LEVEL = SensorSpec(
    id="LT", sensor="LT", enterprise="", type=SensorType.LEVEL, range_lo=-10, range_hi=40, ll=0, l=5, h=30, hh=35,
    design=38, deadband=0.5, on_delay_s=5, off_delay_s=30, scan_s=2,
)  # fmt: skip


def params_of(spec: SensorSpec, methods: Methods | None = None) -> np.void:
    row: np.void = Profile({spec.type: methods or Methods()}).params(SensorRegistry((spec,))).base[0]
    return row


def test_the_units_of_the_record() -> None:
    row = params_of(LEVEL, Methods(rate_pct_per_min=60, sigma_min_pct=1, z_tau_s=1.5))
    assert row["rate_limit"] == 0.5  # 60 % of 50 a minute, in units a second
    assert row["sigma_min"] == 0.5
    assert row["z_tau_ns"] == 1_500_000_000
    assert row["on_delay_ns"] == 5_000_000_000
    assert (row["quiet_lo"], row["quiet_hi"]) == (5, 30)


def test_silence_means_dead_after_the_longer_of_scans_and_seconds() -> None:
    assert params_of(LEVEL, Methods(dead_scans=3, dead_min_s=30))["dead_after_ns"] == 30_000_000_000
    assert (
        params_of(replace(LEVEL, scan_s=60), Methods(dead_scans=3, dead_min_s=30))["dead_after_ns"]
        == 180_000_000_000
    )
    assert params_of(replace(LEVEL, scan_s=math.nan))["dead_after_ns"] == FOREVER
    assert params_of(LEVEL, Methods(dead_scans=math.nan))["dead_after_ns"] == FOREVER


def test_a_switched_off_silence_is_never_told() -> None:
    registry = SensorRegistry((LEVEL,))
    bank = DetectorBank(registry, Profile({SensorType.LEVEL: Methods(dead_scans=math.nan)}), Clock.WALL)
    bank.step(ReadingBlock.of([0], [T0], [20.0]), T0)
    assert bank.next_deadline_ns() is None
    assert len(bank.tick(T0 + 10**15)) == 0


def test_grave_limits_and_gas_wait_two_samples_at_the_most() -> None:
    level = params_of(LEVEL)["max_samples"].tolist()
    assert [level[k] for k in (LL, L, H, HH, DESIGN)] == [2, 0, 0, 2, 2]
    gas = params_of(replace(LEVEL, type=SensorType.GAS_TOXIC))["max_samples"].tolist()
    assert gas == [2] * 5


def test_a_sensor_without_limits_and_range_is_always_quiet() -> None:
    row = params_of(SensorSpec(id="x", sensor="x", enterprise="", type=SensorType.OTHER))
    assert (row["quiet_lo"], row["quiet_hi"]) == (-math.inf, math.inf)
    assert math.isnan(row["rate_limit"])
    assert row["sigma_min"] == 0


numbers = st.one_of(
    st.floats(0, LONGEST_S), st.floats(0, allow_infinity=False, allow_nan=False), st.just(math.nan)
)


@settings(deadline=None)
@given(
    st.fixed_dictionaries({f.name: numbers for f in fields(Methods) if f.type is not int}),
    numbers,
    numbers,
)
def test_every_number_fits_and_no_deadline_overflows(
    methods: dict[str, float], scan_s: float, delay_s: float
) -> None:
    spec = replace(LEVEL, scan_s=scan_s, on_delay_s=delay_s, off_delay_s=delay_s)
    row = params_of(spec, Methods(**methods))  # type: ignore[arg-type]  # the whole numbers are left out
    for name in ("dead_after_ns", "on_delay_ns", "off_delay_ns", "rate_window_ns", "z_tau_ns", "z_off_ns"):
        assert 0 <= int(row[name]) <= FOREVER
        assert row[name] == FOREVER or T0 + int(row[name]) < FOREVER
