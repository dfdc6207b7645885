"""The network against balances that must hold exactly, and against closed forms."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from sim.plant.equipment import CHANNELS, Transfer, Vessel
from sim.plant.kinds import KINDS
from sim.plant.liquids import GAS_J_MOL_K, KELVIN
from sim.plant.network import DISCHARGE, GRAVITY_M_S2, Network
from tests.sim.plant.vessels import REACTION, vessel

ATM = 101_325.0
EVERY = tuple(KINDS)


def _run(network: Network, seconds: int, air_c: float = 22.0, sun: float = 0.0, dt_s: float = 5.0) -> None:
    for _ in range(int(seconds / dt_s)):
        network.step(dt_s, air_c, sun, ATM)


def _tonnes(network: Network) -> float:
    return float(network.mass_kg.sum()) + float((network.gas_mol * network.figures.molar_kg).sum())


@st.composite
def _troubles(draw: st.DrawFn, n: int) -> dict[str, list[float]]:
    shares = st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=n, max_size=n)
    most = {
        "leak_m2": 1e-3,
        "gas_in_mol_s": 0.0,
        "inert_pa": 2e4,
        "chatter": 0.05,
        "shell_k": 10.0,
    }
    return {name: [most.get(name, 1.0) * x for x in draw(shares)] for name in CHANNELS}


PAIRS = tuple(kind for kind in EVERY for _ in range(2))


@settings(max_examples=25, deadline=None)
@given(
    wanted=st.lists(st.floats(0, 200), min_size=2 * len(PAIRS) + 2, max_size=2 * len(PAIRS) + 2),
    troubles=_troubles(len(PAIRS)),
)
def test_what_comes_and_goes_is_what_changes(wanted: list[float], troubles: dict[str, list[float]]) -> None:
    transfers = [Transfer(source=0, target=1, flow_m3_h=100), Transfer(source=5, target=4, flow_m3_h=90)]
    network = Network([vessel(kind) for kind in PAIRS], transfers)
    network.wanted_m3_h[:] = wanted
    for name, values in troubles.items():
        network.trouble[name][:] = values
    n, f, dt = len(PAIRS), network.figures, 5.0
    for _ in range(200):
        mass, gas, reactant = network.mass_kg.copy(), network.gas_mol.copy(), network.reactant_kg.sum()
        heat, temp_c = _heat_j(network), network.temperature_c()
        network.step(dt, 25.0, 0.5, ATM)
        flux = network.flux
        lost = flux.leak_kg_s + flux.evaporated_mol_s * f.molar_kg
        net = flux.pipe_kg_s[:n] - flux.pipe_kg_s[n : 2 * n] - lost
        for k, transfer in enumerate(transfers):
            net[transfer.source] -= flux.pipe_kg_s[2 * n + k]
            net[transfer.target] += flux.pipe_kg_s[2 * n + k]
        assert network.mass_kg == pytest.approx(mass + net * dt, rel=1e-13)
        assert network.gas_mol[f.closed] == pytest.approx(
            (gas + flux.gas_net_mol_s * dt)[f.closed], rel=1e-13
        )
        carried = (
            flux.pipe_kg_s[:n] * f.feed_c - (flux.pipe_kg_s[n : 2 * n] + lost) * temp_c
        ) * f.heat_j_kg_k
        gained = dt * float((carried + flux.heat_w).sum())
        assert _heat_j(network) - heat == pytest.approx(gained, rel=1e-6, abs=1e-10 * abs(heat))
        assert (
            0
            <= network.reactant_kg.sum()
            <= reactant + dt * (flux.pipe_kg_s[:n] * f.reactant_share).sum() + 1e-9
        )


def _heat_j(network: Network) -> float:
    return float(network.heat_j.sum() + (network.figures.surface_j_k * network.surface_c).sum())


def test_liquid_that_boils_off_is_in_the_gas_space() -> None:
    network = Network([vessel("bullet")])
    network.gas_mol *= 0.6
    before = _tonnes(network)
    _run(network, 3600)
    assert network.flux.evaporated_mol_s[0] == pytest.approx(0.0, abs=0.3)
    assert _tonnes(network) == pytest.approx(before, rel=1e-12)


def test_a_tank_empties_through_a_hole_as_torricelli_says() -> None:
    tank = vessel("floating_roof", start=0.6)
    network = Network([tank])
    hole = network.trouble["leak_m2"][0] = 0.02
    level = network.grid.level_m(network.volume_m3())[0] - 0.1
    _run(network, 7200)
    area = math.pi / 4 * 14**2
    expected = (math.sqrt(level) - DISCHARGE * hole / area * math.sqrt(GRAVITY_M_S2 / 2) * 7200) ** 2
    assert network.grid.level_m(network.volume_m3())[0] - 0.1 == pytest.approx(expected, abs=2e-3)


def test_a_vessel_at_rest_has_the_vapour_pressure_of_its_liquid() -> None:
    for kind in ("sphere", "bullet"):
        network = Network([vessel(kind)])
        _run(network, 7200)
        liquid = network.vessels[0].liquid
        assert network.gauge_pa()[0] == pytest.approx(liquid.vapour_pa(22.0) - ATM, rel=1e-4)


def test_filling_a_fixed_roof_tank_lifts_its_valve_as_far_as_the_displaced_gas_needs() -> None:
    network = Network([vessel("fixed_roof", start=0.3)])
    network.wanted_m3_h[0] = 150.0
    _run(network, 3600, dt_s=1.0)
    f = network.figures
    pa = network.gauge_pa()[0]
    displaced = 150 / 3600 * (pa + ATM) / (GAS_J_MOL_K * (network.gas_c[0] + KELVIN))
    assert pa == pytest.approx(f.vent_pa[0] + displaced / f.vent_mol_s_pa[0], rel=0.01)


def test_a_tank_that_is_flowed_through_settles_between_feed_and_air() -> None:
    network = Network([vessel("floating_roof", start=0.1)])
    network.wanted_m3_h[:] = 300.0
    for _ in range(4000):
        network.step(5.0, 5.0, 0.0, ATM)
    f = network.figures
    carried = network.flux.pipe_kg_s[0] * f.heat_j_kg_k[0]
    surface, mixing = f.shell_w_k[0] * f.surface_share[0], f.mixing_w_k[0]
    shell = f.shell_w_k[0] * (1 - f.surface_share[0]) + surface * mixing / (surface + mixing)
    expected = (carried * 25.0 + shell * 5.0) / (carried + shell)
    assert network.temperature_c()[0] == pytest.approx(expected, abs=0.05)


def _steady_reactor_c(feed_kg_s: float, mass_kg: float, reactor: Vessel, air_c: float) -> float:
    r, c = REACTION, reactor.liquid.heat_j_kg_k
    shell = reactor.kind.shell_w_m2_k * reactor.shell_m2

    def surplus_w(celsius: float) -> float:
        k = r.rate_1_s * math.exp(
            r.activation_j_mol / GAS_J_MOL_K * (1 / (r.set_c + KELVIN) - 1 / (celsius + KELVIN))
        )
        held = feed_kg_s * r.share / (k + feed_kg_s / mass_kg)
        opening = min(max(r.rest + r.gain_1_k * (celsius - r.set_c), 0.0), 1.0)
        jacket = r.jacket_w_k * opening * (celsius - r.coolant_c)
        return feed_kg_s * c * (25.0 - celsius) + k * held * r.heat_j_kg - jacket + shell * (air_c - celsius)

    return float(brentq(surplus_w, 55.0, 75.0))


def test_a_reactor_settles_where_reaction_and_cooling_are_equal() -> None:
    reactor = vessel("reactor", start=0.7)
    network = Network([reactor])
    network.wanted_m3_h[:] = 2.0
    for _ in range(4 * 3600):
        network.wanted_m3_h[1] = 2.0 + 20 * (network.mass_kg[0] / 5_500 - 1)
        network.step(5.0, 22.0, 0.0, ATM)
    expected = _steady_reactor_c(float(network.flux.pipe_kg_s[0]), float(network.mass_kg[0]), reactor, 22.0)
    assert network.temperature_c()[0] == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(("loss", "runs_away"), [(0.3, False), (1.0, True)])
def test_a_reactor_without_cooling_runs_away(loss: float, *, runs_away: bool) -> None:
    network = Network([vessel("reactor", start=0.7)])
    network.wanted_m3_h[:] = 2.0
    _run(network, 4 * 3600)
    usual = network.temperature_c()[0]
    network.trouble["cooling_loss"][0] = loss
    rise = []
    for _ in range(6):
        _run(network, 600)
        rise.append(float(network.temperature_c()[0] - usual))
    assert (rise[-1] > 15) is runs_away
    assert runs_away or rise[-1] < 3


def test_a_stuck_valve_and_a_blocked_outlet_pass_what_they_can() -> None:
    network = Network([vessel("floating_roof"), vessel("floating_roof")])
    network.trouble["inlet_stuck"][0] = 0.5
    network.trouble["outlet_block"][1] = 0.75
    network.wanted_m3_h[2 + 1] = 420.0
    _run(network, 600)
    density = network.figures.density_kg_m3
    assert network.flux.pipe_kg_s[0] / density[0] * 3600 == pytest.approx(210.0)
    assert network.flux.pipe_kg_s[2 + 1] / density[1] * 3600 == pytest.approx(105.0, rel=0.01)


def test_a_relief_valve_lifts_at_its_set_pressure_and_reseats_a_tenth_lower() -> None:
    network = Network([vessel("sphere")])
    network.figures.relief_pa[0] = 850_000.0
    network.gas_mol *= 1.2
    gauge, lifted = [], []
    for _ in range(400):
        gauge.append(float(network.gauge_pa()[0]))
        network.step(1.0, 22.0, 0.0, ATM)
        lifted.append(bool(network.relieving[0]))
    assert gauge[0] > 850_000
    assert lifted[0]
    last = lifted.index(False)
    assert not any(lifted[last:])
    assert min(gauge[:last]) > 0.9 * 850_000 > gauge[last]


def test_a_refrigerated_tank_cycles_between_its_compressors_points_and_leaves_them_without_it() -> None:
    network = Network([vessel("refrigerated")])
    seen = []
    for _ in range(2000):
        network.step(5.0, 25.0, 0.5, ATM)
        seen.append(float(network.gauge_pa()[0]))
    late = seen[1000:]
    assert 3000 < min(late) < 3600
    assert 5400 < max(late) < 6000
    network.trouble["cooling_loss"][0] = 1.0
    _run(network, 7200, 25.0, 0.5)
    assert network.gauge_pa()[0] > 8000


def test_one_second_steps_and_five_second_steps_agree() -> None:
    coarse, fine = (Network([vessel(kind) for kind in EVERY]) for _ in range(2))
    for network, dt in ((coarse, 5.0), (fine, 1.0)):
        network.wanted_m3_h[:] = 4.0
        for _ in range(int(7200 / dt)):
            network.step(dt, 30.0, 0.8, ATM)
    assert coarse.mass_kg == pytest.approx(fine.mass_kg, rel=1e-4)
    assert coarse.temperature_c() == pytest.approx(fine.temperature_c(), abs=0.05)
    steady = [i for i, kind in enumerate(EVERY) if kind != "refrigerated"]
    assert coarse.gauge_pa()[steady] == pytest.approx(fine.gauge_pa()[steady], rel=2e-3, abs=20)


def test_vessels_do_not_notice_those_beside_them() -> None:
    together = Network([vessel(kind) for kind in EVERY])
    alone = [Network([vessel(kind)]) for kind in EVERY]
    for network in (together, *alone):
        network.wanted_m3_h[:] = 6.0
        _run(network, 3000, 28.0, 0.7)
    for i, network in enumerate(alone):
        assert network.mass_kg[0] == together.mass_kg[i]
        assert network.heat_j[0] == together.heat_j[i]
        assert network.gas_mol[0] == together.gas_mol[i]
