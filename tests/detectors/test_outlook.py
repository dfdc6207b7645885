"""What the bank tells people of one sensor at this moment says the same as its findings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from detectors.bank import DetectorBank
from detectors.profile import Methods
from registry.sensors import LIMIT_NAMES
from tests.detectors.test_bank import T0, S, block_of
from tests.detectors.test_forecast import METHODS, bank_of, noise

Z = replace(METHODS, z_threshold=6, z_tau_s=600, z_warm_samples=60)


def fed(values: Any, methods: Methods = METHODS) -> DetectorBank:
    bank = bank_of(methods)
    bank.step(block_of([(0, T0 + k * S, float(value), 0) for k, value in enumerate(values)]), 0)
    return bank


@pytest.mark.parametrize(("start", "slope", "limit"), [(60, 0.05, "h"), (40, -0.05, "l")])
def test_the_cone_has_the_true_slope_in_it_and_ends_at_the_limit_of_the_forecast(
    start: float, slope: float, limit: str
) -> None:
    bank = fed(start + slope * np.arange(480) + noise(480))
    ahead = bank.outlook(0).ahead
    assert ahead is not None
    [(_, told, left_s)] = bank.ahead()
    assert (LIMIT_NAMES[ahead.limit], ahead.limit, ahead.left_s) == (limit, told, left_s)
    assert ahead.low < slope < ahead.high
    assert ahead.high - ahead.low < abs(slope), "a window of minutes knows a slope well"
    reached_s = (ahead.limit_value - ahead.value) / ahead.slope
    assert reached_s == pytest.approx(ahead.left_s, rel=0.1, abs=20)


def test_nothing_is_told_where_no_forecast_stands() -> None:
    assert fed(50 + noise(480)).outlook(0).ahead is None
    assert bank_of(METHODS).outlook(0).ahead is None


def test_the_usual_is_the_mean_and_spread_of_what_came() -> None:
    assert fed(50 + noise(3), Z).outlook(0).usual is None, "not warm yet"
    usual = fed(50 + noise(3000, 0.5), Z).outlook(0).usual
    assert usual is not None
    assert usual.mean == pytest.approx(50, abs=0.2)
    assert usual.sigma == pytest.approx(0.5, rel=0.2)
    assert usual.z_threshold == 6
    assert fed(50 + noise(600)).outlook(0).usual is None, "robust z is off"
