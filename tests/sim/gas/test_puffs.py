"""Puffs against the Gaussian plume, against themselves unjoined, and against the mass that was let out."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import sim.gas.puffs
from sim.gas.puffs import Puffs
from sim.gas.spread import Stability, across, up, width_share
from sim.gas.wind import Meander, towards

Numbers = NDArray[np.float64]

SOURCE_M = 0.3
LEAK_M = (0.0, 0.0, 1.0)
_RNG = np.random.Generator(np.random.PCG64([3, 1]))
PLACES = np.stack((_RNG.uniform(2, 300, 60), _RNG.normal(0, 10, 60), _RNG.uniform(0, 5, 60)), 1)


def _plume_kg_m3(
    rate_kg_s: float, speed_m_s: float, places_m: Numbers, stability: Stability, share: float = 1.0
) -> Numbers:
    """Return the textbook's Gaussian plume with reflection at the ground, towards east from `LEAK_M`."""
    x, y, z = places_m.T
    wide = np.hypot(share * across(stability).sigma_m(x), SOURCE_M)
    high = np.hypot(up(stability).sigma_m(x), SOURCE_M)
    upright = np.exp(-0.5 * ((z - 1) / high) ** 2) + np.exp(-0.5 * ((z + 1) / high) ** 2)
    spread = 2 * np.pi * speed_m_s * wide * high
    return np.asarray(rate_kg_s / spread * np.exp(-0.5 * (y / wide) ** 2) * upright)


def _after(puffs: Puffs, seconds: int, dt_s: float, stability: Stability, speed_m_s: float = 3.0) -> Numbers:
    felt = np.zeros(len(PLACES))
    for _ in range(round(seconds / dt_s)):
        felt = puffs.step(dt_s, 0.1, LEAK_M, (speed_m_s, 0.0), stability)
    return felt


@pytest.mark.parametrize("stability", get_args(Stability))
@pytest.mark.parametrize("dt_s", [1.0, 10.0])
@pytest.mark.parametrize("averaging_s", [20.0, 600.0])
def test_puffs_in_a_steady_wind_are_the_gaussian_plume(
    stability: Stability, dt_s: float, averaging_s: float
) -> None:
    puffs = Puffs(PLACES, averaging_s=averaging_s)
    felt = _after(puffs, 600, dt_s, stability)
    plume = _plume_kg_m3(0.1, 3.0, PLACES, stability, width_share(averaging_s))
    assert np.abs(felt - plume).max() <= 1e-6 * plume.max()
    assert len(puffs) < 90


def test_the_front_arrives_with_the_wind() -> None:
    puffs = Puffs([[60.0, 0.0, 1.0]])
    felt = [float(puffs.step(1.0, 0.1, LEAK_M, (3.0, 0.0), "D")[0]) for _ in range(60)]
    plume = _plume_kg_m3(0.1, 3.0, np.array([[60.0, 0.0, 1.0]]), "D", width_share(20.0))[0]
    assert felt[12] < 1e-3 * plume
    assert felt[19] == pytest.approx(plume / 2, rel=0.05)
    assert felt[30] == pytest.approx(plume)


def test_nobody_up_the_wind_feels_anything() -> None:
    puffs = Puffs([[-5.0, 0.0, 1.0], [0.0, -40.0, 1.0]])
    for _ in range(100):
        felt = puffs.step(1.0, 0.1, LEAK_M, (3.0, 0.0), "D")
    assert felt.max() < 1e-12


@pytest.mark.parametrize("wind_m_s", [(0.0, 0.0), (0.2, 0.1), (2.0, 1.0)])
def test_all_the_gas_is_there(wind_m_s: tuple[float, float]) -> None:
    puffs = Puffs([[0.0, 0.0, 0.0]], source_m=2.0)
    for second in range(60):
        stability: Stability = "D" if second < 30 else "B"
        puffs.step(1.0, 0.1, (0.0, 0.0, 3.0), wind_m_s, stability)
    x, y, z = np.arange(-40, 160, 2.0), np.arange(-40, 110, 2.0), np.arange(0.5, 60, 1.0)
    grid = np.stack(np.meshgrid(x, y, z, indexing="ij"), -1).reshape(-1, 3)
    inside = sum(puffs.concentration_kg_m3(part).sum() for part in np.array_split(grid, 50)) * 4.0
    assert puffs.mass_kg == pytest.approx(6.0)
    assert inside == pytest.approx(6.0, rel=0.01)


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from([0.5, 1.0, 20.0]),
            st.sampled_from([0.0, 1e-4, 1.0]),
            st.floats(-15, 15),
            st.floats(-15, 15),
            st.sampled_from(get_args(Stability)),
        ),
        min_size=1,
        max_size=60,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_weather_and_no_leak_makes_gas_or_loses_it(
    steps: list[tuple[float, float, float, float, Stability]],
) -> None:
    puffs = Puffs(PLACES, floor_kg_m3=0.0, reach_m=1e9, most=20)
    out = 0.0
    for dt_s, rate_kg_s, east, north, stability in steps:
        felt = puffs.step(dt_s, rate_kg_s, LEAK_M, (east, north), stability)
        out += dt_s * rate_kg_s
        assert np.isfinite(felt).all()
        assert (felt >= 0).all()
        assert len(puffs) <= 20
    assert puffs.mass_kg == pytest.approx(out)


def test_the_ground_reflects_so_that_nothing_goes_into_it() -> None:
    puffs = Puffs([[50.0, 0.0, 0.0], [50.0, 0.0, 0.01]])
    felt = _after_at(puffs, 100)
    assert felt[0] == pytest.approx(felt[1], rel=1e-4)


def _after_at(puffs: Puffs, seconds: int) -> Numbers:
    felt = np.zeros(0)
    for _ in range(seconds):
        felt = puffs.step(1.0, 0.1, (0.0, 0.0, 2.0), (3.0, 0.0), "D")
    return felt


@pytest.mark.parametrize("stability", ["A", "D", "F"])
def test_joining_puffs_in_a_wandering_wind_stays_within_the_stated_error(
    stability: Stability, monkeypatch: pytest.MonkeyPatch
) -> None:
    wind = towards(*Meander(np.random.Generator(np.random.PCG64([1, 2]))).block(3.0, 270.0, stability, 500))
    joined = Puffs(PLACES)
    short = np.array([joined.step(1.0, 0.1, LEAK_M, w, stability) for w in wind])
    monkeypatch.setattr(sim.gas.puffs, "_SHIFT", -1.0)
    single = Puffs(PLACES, most=10_000)
    long = np.array([single.step(1.0, 0.1, LEAK_M, w, stability) for w in wind])
    assert len(single) == 500
    assert len(joined) < 120
    assert joined.forced == 0
    assert np.abs(short - long).max() <= 0.061 * long.max()
    assert short[150:].mean(0) == pytest.approx(long[150:].mean(0), abs=0.005 * long.mean(0).max())


def test_the_number_is_bounded_at_the_price_that_is_told() -> None:
    wind = towards(*Meander(np.random.Generator(np.random.PCG64([1, 2]))).block(1.0, 270.0, "F", 300))
    puffs = Puffs(PLACES, most=10)
    for w in wind:
        puffs.step(1.0, 0.1, LEAK_M, w, "F")
        assert len(puffs) <= 10
    assert puffs.forced > 0
    assert puffs.mass_kg == pytest.approx(30.0)


def test_the_number_is_bounded_in_a_calm_too() -> None:
    puffs = Puffs(PLACES)
    for _ in range(2000):
        felt = puffs.step(1.0, 0.01, LEAK_M, (0.0, 0.0), "F")
    assert len(puffs) < 150
    assert np.isfinite(felt).all()
    assert (felt >= 0).all()


@pytest.mark.parametrize(("rate_kg_s", "wind_m_s"), [(1e-7, 0.5), (10.0, 3.0)])
def test_puffs_end_when_they_are_thin_or_far(rate_kg_s: float, wind_m_s: float) -> None:
    puffs = Puffs([[50.0, 0.0, 1.0]])
    for _ in range(60):
        puffs.step(1.0, rate_kg_s, LEAK_M, (wind_m_s, 0.0), "D")
    assert len(puffs) > 0
    last = np.zeros(1)
    for _ in range(900):
        last = puffs.step(1.0, 0.0, LEAK_M, (wind_m_s, 0.0), "D")
    assert len(puffs) == 0
    assert last.tolist() == [0.0]
    assert puffs.step(1.0, 0.0, LEAK_M, (3.0, 0.0), "D").tolist() == [0.0]


def test_dropping_what_is_thin_takes_no_more_than_the_floor_away() -> None:
    kept, dropped = Puffs(PLACES, floor_kg_m3=0.0), Puffs(PLACES, floor_kg_m3=1e-3)
    gap = np.abs(_after(kept, 300, 1.0, "D") - _after(dropped, 300, 1.0, "D"))
    assert 0 < gap.max() <= 1e-3
    assert dropped.mass_kg < kept.mass_kg


def test_more_stable_air_keeps_the_width_that_the_gas_has() -> None:
    steady, turned = Puffs([[30.0, 0.0, 1.0]]), Puffs([[30.0, 0.0, 1.0]])
    for puffs, later in ((steady, "B"), (turned, "F")):
        for _ in range(20):
            puffs.step(1.0, 0.1, LEAK_M, (3.0, 0.0), "B")
        puffs.step(1e-6, 0.0, LEAK_M, (3.0, 0.0), later)  # type: ignore[arg-type]  # a class
    there = [[x, 0.0, 1.0] for x in (20.0, 30.0, 45.0)]
    assert turned.concentration_kg_m3(there) == pytest.approx(steady.concentration_kg_m3(there), rel=0.01)


def test_two_leaks_add_up() -> None:
    one, two = Puffs(PLACES), Puffs(PLACES)
    assert _after(one, 100, 1.0, "D") * 2 == pytest.approx(
        _after(two, 100, 1.0, "D") + _after(Puffs(PLACES), 100, 1.0, "D")
    )
