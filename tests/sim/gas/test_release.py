"""Rates against cases computed by hand, and at the limits where they must meet."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.gas.release import (
    BoilingError,
    boiled_kg,
    critical_ratio,
    discharge_of,
    equilibrium_kg_m2_s,
    flash_fraction,
    gas_kg_s,
    liquid_kg_s,
    pool_kg_s,
    two_phase_kg_s,
)
from sim.gas.substances import substances

PROPANE, CHLORINE, HEXANE = (substances()[key] for key in ("propane", "chlorine", "hexane"))
HOLE_M2 = math.pi * 0.01**2 / 4
AIR_PA = 101_325.0


def test_water_under_five_metres_leaves_as_torricelli_says() -> None:
    # 0.62 x 1e-4 m2 x 1000 kg/m3 x sqrt(2 x 9.80665 x 5) m/s
    assert liquid_kg_s(1e-4, 1000.0, 5.0, 0.0) == pytest.approx(0.6140, rel=1e-3)


def test_pressure_on_the_liquid_counts_as_so_much_more_of_it() -> None:
    head = 2.0e5 / (1000 * 9.80665)
    assert liquid_kg_s(1e-4, 1000.0, 0.0, 2.0e5) == pytest.approx(liquid_kg_s(1e-4, 1000.0, head, 0.0))
    assert liquid_kg_s(1e-4, 1000.0, 0.0, 2.0e5) == pytest.approx(0.62e-4 * math.sqrt(2 * 1000 * 2e5))


def test_nothing_flows_in() -> None:
    assert liquid_kg_s(1e-4, 1000.0, 1.0, -2.0e4) == 0.0
    assert liquid_kg_s(1e-4, 1000.0, 0.0, 0.0) == 0.0
    assert gas_kg_s(1e-4, AIR_PA, 300.0, 0.029, 1.4) == 0.0
    assert gas_kg_s(1e-4, 0.5 * AIR_PA, 300.0, 0.029, 1.4) == 0.0


def test_a_rounded_hole_lets_out_more() -> None:
    assert liquid_kg_s(1e-4, 1000.0, 5.0, 0.0, edge="rounded") == pytest.approx(
        liquid_kg_s(1e-4, 1000.0, 5.0, 0.0) * 0.96 / 0.62
    )
    assert discharge_of("sharp") < discharge_of("straight") < discharge_of("rounded")


def test_choked_air_leaves_as_the_textbooks_say() -> None:
    # the mass flux of choked air is 0.0404 p / sqrt(T)
    assert gas_kg_s(1.0, 1e6, 300.0, 0.028964, 1.4, edge="rounded") / 0.96 == pytest.approx(
        0.0404 * 1e6 / math.sqrt(300), rel=2e-3
    )


def test_the_critical_ratio_of_air_is_1_893() -> None:
    assert critical_ratio(1.4) == pytest.approx(1.893, abs=5e-4)


@given(gamma=st.floats(1.05, 1.67))
def test_choked_and_subsonic_flow_meet_at_the_critical_ratio(gamma: float) -> None:
    at = critical_ratio(gamma) * AIR_PA
    below, above = (gas_kg_s(1e-4, at * f, 300.0, 0.044, gamma) for f in (1 - 1e-9, 1 + 1e-9))
    assert below == pytest.approx(above, rel=1e-7)


@given(gamma=st.floats(1.05, 1.67), low=st.floats(1.0, 20.0), more=st.floats(1.001, 2.0))
def test_more_pressure_lets_out_more_gas(gamma: float, low: float, more: float) -> None:
    rate = gas_kg_s(1e-4, low * AIR_PA, 300.0, 0.044, gamma)
    assert gas_kg_s(1e-4, low * more * AIR_PA, 300.0, 0.044, gamma) > rate


def test_a_small_pressure_difference_lets_gas_out_as_a_liquid_of_its_density() -> None:
    density = AIR_PA * 0.029 / (8.314462618 * 300.0)
    assert gas_kg_s(1e-4, AIR_PA + 50.0, 300.0, 0.029, 1.4) == pytest.approx(
        liquid_kg_s(1e-4, density, 0.0, 50.0), rel=1e-3
    )


def test_flash_of_propane_at_20_degrees() -> None:
    # cp dT / L = 2246 x 62.11 / 425600 = 0.3278; 1 - exp(-0.3278)
    assert flash_fraction(293.15, PROPANE) == pytest.approx(0.2795, abs=2e-4)


def test_flash_is_nothing_at_the_boiling_point_and_never_all() -> None:
    assert flash_fraction(PROPANE.boiling_k, PROPANE) == 0.0
    assert flash_fraction(150.0, PROPANE) == 0.0
    assert 0.5 < flash_fraction(600.0, PROPANE) < 1.0


def test_flash_of_a_small_superheat_is_the_simple_rule() -> None:
    one_degree = flash_fraction(CHLORINE.boiling_k + 1, CHLORINE)
    assert one_degree == pytest.approx(941 / 287000, rel=2e-3)


def test_saturated_propylene_through_a_centimetre_by_the_equilibrium_rate_model() -> None:
    # Crowl and Louvar, Chemical Process Safety, ch. 4: L 334 kJ/kg, v_fg 0.042 m3/kg, cp 2.18 kJ/(kg K), 298 K: 0.774 kg/s
    flux = equilibrium_kg_m2_s(334e3 / 0.042 / 298, 298.0, 2180.0)
    assert flux * HOLE_M2 == pytest.approx(0.774, abs=2e-3)


def test_a_thin_wall_passes_liquid_and_a_nozzle_less() -> None:
    vapour = PROPANE.antoine.pa(293.15)
    as_liquid = liquid_kg_s(HOLE_M2, PROPANE.density_kg_m3(293.15), 0.0, vapour - AIR_PA)
    rates = [two_phase_kg_s(HOLE_M2, vapour, 293.15, PROPANE, length) for length in (0.0, 0.02, 0.1)]
    assert rates[0] == pytest.approx(as_liquid)
    assert rates[0] > rates[1] > rates[2] > 0.3 * rates[0]
    assert two_phase_kg_s(HOLE_M2, vapour, 293.15, PROPANE, 0.5) == rates[2]


def test_a_liquid_below_its_boiling_point_leaves_as_liquid_from_any_nozzle() -> None:
    as_liquid = liquid_kg_s(HOLE_M2, HEXANE.density_kg_m3(293.15), 0.0, 3e5)
    assert two_phase_kg_s(HOLE_M2, AIR_PA + 3e5, 293.15, HEXANE, 0.1) == pytest.approx(as_liquid)
    assert two_phase_kg_s(HOLE_M2, AIR_PA, 293.15, HEXANE, 0.1) == 0.0


def test_padding_pressure_drives_liquid_besides_the_flashing_flow() -> None:
    vapour = PROPANE.antoine.pa(293.15)
    alone = two_phase_kg_s(HOLE_M2, vapour, 293.15, PROPANE, 0.1)
    padded = two_phase_kg_s(HOLE_M2, vapour + 5e5, 293.15, PROPANE, 0.1)
    extra = liquid_kg_s(HOLE_M2, PROPANE.density_kg_m3(293.15), 0.0, 5e5)
    assert padded == pytest.approx(math.hypot(alone, extra))


@given(length=st.floats(0, 1), temp_k=st.floats(235, 320))
def test_the_flashing_flow_is_never_more_than_the_liquid_flow(length: float, temp_k: float) -> None:
    vapour = PROPANE.antoine.pa(temp_k)
    as_liquid = liquid_kg_s(HOLE_M2, PROPANE.density_kg_m3(temp_k), 0.0, vapour - AIR_PA)
    assert two_phase_kg_s(HOLE_M2, vapour, temp_k, PROPANE, length) <= as_liquid * (1 + 1e-12)


def test_hexane_off_a_pool_of_five_metres() -> None:
    # k = 0.004786 x 3^0.78 x 10^-0.11 x 0.8^-0.67 = 0.01017 m/s, A = 78.54 m2, P M / R T = 3.583 kg/m3,
    # pv = 16.2 kPa: ln(1 / (1 - 0.1595)) = 0.1738
    assert pool_kg_s(5.0, 293.15, HEXANE, 3.0) == pytest.approx(0.497, abs=2e-3)


def test_no_wind_carries_nothing_off() -> None:
    assert pool_kg_s(5.0, 293.15, HEXANE, 0.0) == 0.0


def test_a_boiling_pool_is_no_matter_of_the_wind() -> None:
    with pytest.raises(BoilingError, match=r"chlorine boils at 293.15 K \(allowed: below 239.2 K\)"):
        pool_kg_s(5.0, 293.15, CHLORINE, 3.0)


def test_chlorine_boils_off_warm_ground_by_the_square_root_of_time() -> None:
    # 2 x 0.9 x 48.8 x sqrt(100 / (pi x 4.3e-7)) x 100 / 287000
    first = boiled_kg(100.0, CHLORINE, 288.0, 100.0)
    assert first == pytest.approx(263.3, abs=0.1)
    assert boiled_kg(100.0, CHLORINE, 288.0, 400.0) == pytest.approx(2 * first)
    assert boiled_kg(100.0, CHLORINE, 230.0, 400.0) == 0.0
    assert boiled_kg(100.0, CHLORINE, 288.0, 0.0) == 0.0
