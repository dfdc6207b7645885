"""The wandering wind: its means, its cuts, and the width that it makes of puffs."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.gas.puffs import Puffs
from sim.gas.spread import Stability, across, stability_of, up, width_share
from sim.gas.wind import Meander, direction_sd_deg, towards


def _meander(seed: int = 7) -> Meander:
    return Meander(np.random.Generator(np.random.PCG64([seed, 4])))


def test_a_north_wind_blows_south() -> None:
    assert towards(2.0, 0.0) == pytest.approx([0.0, -2.0])
    assert towards([2.0, 3.0], [270.0, 180.0]) == pytest.approx(np.array([[2.0, 0.0], [0.0, 3.0]]))


@given(cuts=st.lists(st.integers(1, 50), min_size=1, max_size=8))
@settings(max_examples=30)
def test_the_same_wind_blows_however_it_is_cut(cuts: list[int]) -> None:
    whole = _meander().block(3.0, 200.0, "D", sum(cuts))
    cut = _meander()
    parts = [cut.block(3.0, 200.0, "D", seconds) for seconds in cuts]
    for i in (0, 1):
        assert np.array_equal(np.concatenate([part[i] for part in parts]), whole[i])


def test_it_wanders_about_the_means_by_as_much_as_is_said() -> None:
    speed, from_deg = _meander().block(4.0, 0.0, "D", 200_000)
    turned = (from_deg + 180) % 360 - 180
    assert speed.mean() == pytest.approx(4.0, rel=0.01)
    assert np.log(speed).std() == pytest.approx(0.15, rel=0.05)
    assert turned.mean() == pytest.approx(0.0, abs=0.3)
    assert turned.std() == pytest.approx(direction_sd_deg("D"), rel=0.05)
    assert (speed > 0).all()
    assert ((from_deg >= 0) & (from_deg < 360)).all()


def test_stable_air_wanders_less() -> None:
    deviations = [direction_sd_deg(stability) for stability in get_args(Stability)]
    assert deviations == sorted(deviations, reverse=True)
    assert direction_sd_deg("D") == pytest.approx(3.95, abs=0.01)


def test_ten_minutes_of_puffs_in_it_are_briggs_plume() -> None:
    x = np.array([10.0, 30.0, 100.0])
    places = np.stack((x, 0 * x, 0 * x), 1)
    wind = towards(*_meander().block(3.0, 270.0, "D", 7200))
    puffs = Puffs(places)
    felt = np.array([puffs.step(1.0, 0.1, (0, 0, 0), w, "D") for w in wind])[600:].mean(0)
    wide, high = np.hypot(across("D").sigma_m(x), 0.3), np.hypot(up("D").sigma_m(x), 0.3)
    assert felt == pytest.approx(0.1 / (np.pi * 3.0 * wide * high), rel=0.15)


@pytest.mark.parametrize(
    ("speed_m_s", "sky", "stability"),
    [(1.0, "strong_sun", "A"), (4.0, "moderate_sun", "C"), (9.0, "strong_sun", "C"), (1.0, "clear_night", "F"), (4.0, "clear_night", "E"), (8.0, "clear_night", "D"), (2.0, "overcast", "D"), (2.0, "strong_sun", "B")],
)  # fmt: skip
def test_pasquill_by_turner(speed_m_s: float, sky: str, stability: str) -> None:
    assert stability_of(speed_m_s, sky) == stability  # type: ignore[arg-type]  # the names above


def test_briggs_at_a_kilometre_in_neutral_air() -> None:
    # 0.08 x 1000 / sqrt(1.1) and 0.06 x 1000 / sqrt(2.5)
    assert across("D").sigma_m(np.array([1000.0]))[0] == pytest.approx(76.28, abs=0.01)
    assert up("D").sigma_m(np.array([1000.0]))[0] == pytest.approx(37.95, abs=0.01)
    assert across("D", "urban").sigma_m(np.array([1000.0]))[0] == pytest.approx(160 / np.sqrt(1.4))


@given(x=st.floats(0.01, 1e5), stability=st.sampled_from(get_args(Stability)[:4]))
def test_a_width_tells_how_far_the_gas_has_travelled(x: float, stability: Stability) -> None:
    curve = up(stability)
    assert curve.travelled_m(curve.sigma_m(np.array([x])))[0] == pytest.approx(x, rel=1e-4)


def test_no_width_is_no_way() -> None:
    assert across("D").travelled_m(np.array([0.0]))[0] == 0.0


def test_ten_minutes_are_the_whole_width_and_twenty_seconds_half_of_it() -> None:
    assert width_share(600.0) == 1.0
    assert width_share(20.0) == width_share(1.0) == pytest.approx(0.5065, abs=1e-4)
