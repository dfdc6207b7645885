"""Programmes are kept, broken into by events, taken up again; transfers move from one tank to the other."""

import math

import numpy as np
import pytest

from sim.plant.equipment import Transfer
from sim.plant.network import Network
from sim.plant.operations import CONTROL_S, Control, Haul, Segment, hauls, normal, overridden
from sim.plant.streams import stream
from tests.sim.plant.vessels import vessel

ATM = 101_325.0


def _fill(network: Network) -> list[float]:
    return [float(x) for x in network.volume_m3() / network.figures.volume_m3]


def _follow(network: Network, control: Control, start_s: int, end_s: int) -> list[list[float]]:
    seen = []
    for t_s in range(start_s, end_s, CONTROL_S):
        control.scan(float(t_s))
        network.step(float(CONTROL_S), 22.0, 0.0, ATM)
        seen.append(_fill(network))
    return seen


def test_a_goal_is_reached_at_its_time_and_then_held() -> None:
    network = Network([vessel("floating_roof", start=0.4)])
    control = Control(network, [[Segment(until_s=7200, goal=0.6), Segment(until_s=14_400)]])
    seen = _follow(network, control, 0, 14_400)
    assert seen[1440][0] == pytest.approx(0.6, abs=0.004)
    assert seen[720][0] == pytest.approx(0.5, abs=0.01)
    assert seen[-1][0] == pytest.approx(seen[1450][0], abs=0.002)


def test_a_goal_too_far_is_approached_at_full_flow() -> None:
    network = Network([vessel("floating_roof", start=0.2)])
    _follow(network, Control(network, [[Segment(until_s=3600, goal=0.9)]]), 0, 3600)
    full = 420 * (1 - 15 / 3600) / network.figures.volume_m3[0]
    assert _fill(network)[0] == pytest.approx(0.2 + full, abs=0.004)


def test_trucks_are_loaded_in_bites() -> None:
    network = Network([vessel("floating_roof", start=0.6)])
    _follow(network, control := Control(network, [[Segment(until_s=7200, goal=0.5, truck_s=1800)]]), 0, 600)
    flows = []
    for t_s in range(600, 7200, CONTROL_S):
        control.scan(float(t_s))
        network.step(5.0, 22.0, 0.0, ATM)
        flows.append(float(network.flux.pipe_kg_s[1]))
    shut = np.array(flows) < 1e-6
    assert 0.25 < shut.mean() < 0.45
    assert np.count_nonzero(np.diff(shut.astype(int)) == 1) == 4
    assert _fill(network)[0] == pytest.approx(0.5, abs=0.01)


def test_a_stuck_gauge_deceives_the_control_system() -> None:
    network = Network([vessel("floating_roof", start=0.5)])
    control = Control(network, [[Segment(until_s=3600, goal=0.55), Segment(until_s=9000)]])
    _follow(network, control, 0, 1200)
    network.trouble["gauge_stuck"][0] = 1.0
    _follow(network, control, 1200, 3600)
    assert _fill(network)[0] > 0.57


def test_flow_through_keeps_its_level() -> None:
    network = Network([vessel("reactor", start=0.7)])
    programme = [Segment(until_s=1e6, goal=0.7, in_m3_h=2.0, out_m3_h=2.0)]
    seen = _follow(network, Control(network, [programme]), 0, 20_000)
    assert max(seen)[0] - min(seen)[0] < 0.03


def test_a_transfer_moves_from_one_tank_to_the_other() -> None:
    network = Network(
        [vessel("floating_roof", 0.7), vessel("floating_roof", 0.3)],
        [Transfer(source=0, target=1, flow_m3_h=300)],
    )
    haul = Haul(pipe=0, source=0, target=1, start_s=600, end_s=4200, m3_h=200)
    mass = network.mass_kg.sum()
    _follow(network, Control(network, [[Segment(until_s=9000, goal=0.9)], []], [haul]), 600, 5400)
    assert network.mass_kg.sum() > mass  # the first goes on with its own programme when it is over
    assert _fill(network)[1] == pytest.approx(0.3 + 200 / network.figures.volume_m3[1], abs=0.003)


def test_a_transfer_that_does_not_fit_is_left_out() -> None:
    network = Network(
        [vessel("floating_roof", 0.3), vessel("floating_roof", 0.3)],
        [Transfer(source=0, target=1, flow_m3_h=300)],
    )
    haul = Haul(pipe=0, source=0, target=1, start_s=0, end_s=3600, m3_h=200)
    _follow(network, Control(network, [[], []], [haul]), 0, 1800)
    assert network.opening[4] == 0


def test_an_event_breaks_into_a_programme_which_goes_on_after_it() -> None:
    programme = [Segment(until_s=100, goal=0.5), Segment(until_s=200), Segment(until_s=300, goal=0.7)]
    cut = overridden(programme, 150, [Segment(until_s=180, goal=0.4), Segment(until_s=250, goal=0.3)])
    assert [(s.until_s, None if math.isnan(s.goal) else s.goal) for s in cut] == [
        (100, 0.5),
        (150, None),
        (180, 0.4),
        (250, 0.3),
        (300, 0.7),
    ]


def test_an_event_after_a_programmes_end_leaves_a_hold_before_it() -> None:
    assert [s.until_s for s in overridden([Segment(until_s=10)], 50, [Segment(until_s=60)])] == [10, 50, 60]


@pytest.mark.parametrize("seed", range(5))
def test_a_normal_programme_is_lively_and_a_longer_one_begins_alike(seed: int) -> None:
    day, month = (normal(stream(seed), 200, 1000, (0.25, 0.8), until * 86_400.0) for until in (1, 30))
    assert [repr(s) for s in month[: len(day)]] == [repr(s) for s in day]
    goals = [s.goal for s in month if not math.isnan(s.goal)]
    assert len(goals) > 40
    assert min(goals) >= 0.15
    assert max(goals) <= 0.8
    assert any(s.truck_s for s in month)
    pairs = hauls(stream(seed), 200, 30 * 86_400.0)
    assert 20 < len(pairs) < 100
    assert all(a < b for a, b, _ in pairs)
