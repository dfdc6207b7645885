"""Gas around a source: felt downwind, with the detector's lag, gone when it has blown away."""

import numpy as np
import pytest

from sim.plant.air import Air
from sim.plant.clouds import Clouds, downwind_mg_m3
from sim.plant.streams import BLOCK_S

ROW_S = 5
WEST = Air(
    air_c=np.full(BLOCK_S, 20.0),
    sun=np.full(BLOCK_S, 0.4),
    atm_pa=np.full(BLOCK_S, 101_325.0),
    wind_m_s=np.full(BLOCK_S, 3.0),
    from_deg=np.full(BLOCK_S, 270.0),
)
"""Wind from the west, so that gas goes east."""
RELEASE = ((0.0, 0.0), np.full(BLOCK_S, 1e-3))


def _clouds(high: float = 1e6) -> Clouds:
    return Clouds(np.array([10.0, -10.0, 20.0]), np.zeros(3), "gas_toxic", high)


def test_gas_is_felt_downwind_only_less_further_away_and_after_a_lag() -> None:
    shown = _clouds().block(WEST, [RELEASE], ROW_S)
    assert shown.shape == (BLOCK_S // ROW_S, 3)
    assert shown[-1, 0] > shown[-1, 2] > 10 * shown[-1, 1]
    assert shown[0].tolist() == [0, 0, 0]
    settled = shown[-1, 0]
    assert shown[2, 0] < 0.9 * settled < shown[10, 0]  # T90 of 30 s


def test_it_blows_away_over_the_ends_of_blocks() -> None:
    clouds = _clouds()
    before = clouds.block(WEST, [RELEASE], ROW_S)[-1]
    after = clouds.block(WEST, [], ROW_S)
    assert after[0, 0] == pytest.approx(before[0], rel=0.2)
    assert after[-1].max() < 1e-3 * before[0]
    clouds.block(WEST, [], ROW_S)
    assert not clouds._puffs


def test_a_detector_shows_no_more_than_its_range() -> None:
    shown = _clouds(high=30.0).block(WEST, [RELEASE], ROW_S)
    assert shown[:, 0].max() == 30.0


def test_two_releases_add_up() -> None:
    one = _clouds().block(WEST, [RELEASE], ROW_S)
    two = _clouds().block(WEST, [RELEASE, ((0.0, 0.1), RELEASE[1])], ROW_S)
    assert two[-1, 0] == pytest.approx(2 * one[-1, 0], rel=0.02)


def test_the_measure_of_a_release_falls_with_wind_and_distance() -> None:
    assert downwind_mg_m3(3.0, 10.0) > downwind_mg_m3(6.0, 10.0) > downwind_mg_m3(6.0, 20.0) > 0


def test_a_source_without_detectors_has_nothing_to_show() -> None:
    none = Clouds(np.empty(0), np.empty(0), "gas_combustible", 0.0)
    assert none.block(WEST, [RELEASE], ROW_S).shape == (BLOCK_S // ROW_S, 0)
