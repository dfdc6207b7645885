"""What a file's signals become: knots, repeats, tanks, models, and the transmitters before them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.accidents.loader import accident_of
from sim.accidents.model import Basis, Course, FaultKind, Induction, Knot, Origin, SensorFault
from sim.accidents.readings import NS, readings, shown_values
from sim.accidents.signals import grid_s, remembered, true_values
from sim.accidents.variation import AS_IT_WAS, Variation, varied
from sim.recorded import Recorded
from tests.sim.accidents.small import SMALL

SMALL_ONE = accident_of(SMALL, "small.yaml")
ASSUMED = Origin(source=None, basis=Basis.ASSUMED)
T_S = grid_s(SMALL_ONE)


def at(values: np.ndarray, clock: str) -> float:
    hours, minutes = clock.split(":")
    return float(values[int(((int(hours) - 6) * 3600 + int(minutes) * 60) / 10)])


def test_a_step_holds_what_was_before_it() -> None:
    inflow = true_values(SMALL_ONE, None)["inflow"]
    assert (at(inflow, "06:59"), at(inflow, "07:00"), at(inflow, "09:59")) == (0, 100, 100)


def test_a_tank_rises_by_what_flows_in_and_stands_still_when_it_is_full() -> None:
    level = true_values(SMALL_ONE, None)["level"]
    assert at(level, "06:30") == pytest.approx(1.0)
    assert at(level, "08:00") == pytest.approx(1.0 + 100 / 50)
    assert at(level, "09:30") == pytest.approx(6.0)
    assert at(level, "09:50") == 6.0


def test_repeats_and_the_day_come_on_top() -> None:
    warmth = true_values(SMALL_ONE, None)["warmth"]
    assert at(warmth, "06:26") == pytest.approx(22 + math.cos(2 * math.pi * 26 / 1440), abs=1e-6)
    assert at(warmth, "09:00") == pytest.approx(80 + math.cos(2 * math.pi * 180 / 1440), abs=1e-6)


def test_self_heating_is_the_closed_form_up_to_its_most() -> None:
    knot = Knot(t_s=0, value=30, step=False, origin=ASSUMED)
    model = Induction(from_s=1000, blow_up_s=5000, base=30, theta=7, most=60, origin=ASSUMED)
    one = replace(SMALL_ONE, signals={"heap": Course(knots=(knot,), model=model)})
    heap = true_values(one, None)["heap"]
    assert heap[50] == 30
    assert heap[300] == pytest.approx(30 - 7 * math.log(1 - 0.5))
    assert heap[500:].max() == 60
    assert (np.diff(heap) >= 0).all()


def test_what_is_remembered_fades_by_its_share() -> None:
    np.testing.assert_array_equal(remembered(np.array([1.0, 0.0, 0.0, 2.0]), 0.5), [1.0, 0.5, 0.25, 2.125])


def test_the_same_seed_is_the_same_and_another_is_not() -> None:
    first, again, other = (shown_values(SMALL_ONE, seed)["TT-1"] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@given(st.integers(0, 2**31), st.integers(1, 14_400))
def test_a_shorter_run_is_the_beginning_of_a_longer_one(seed: int, seconds: int) -> None:
    whole = Recorded.concat(readings(SMALL_ONE, seed, 10**18, 10**6))
    part = Recorded.concat(readings(SMALL_ONE, seed, 10**18, seconds))
    n = int(np.searchsorted(whole.t_ns, 10**18 + seconds * NS))
    assert len(part) == n
    np.testing.assert_array_equal(part.value, whole.value[:n])
    np.testing.assert_array_equal(part.t_ns, whole.t_ns[:n])


def test_readings_are_in_the_order_of_time_and_come_at_each_sensors_scan() -> None:
    run = Recorded.concat(readings(varied(SMALL_ONE, AS_IT_WAS), 1, 0, 10**6))
    assert run.names == ("works/LT-1", "works/TT-1")
    assert (np.diff(run.t_ns) >= 0).all()
    assert set(np.diff(run.t_ns[run.column == 1]).tolist()) == {20 * NS}


def test_a_stuck_gauge_repeats_its_last_number_and_a_held_one_has_noise() -> None:
    during = (T_S >= 7200) & (T_S < 12_600)
    stuck = shown_values(SMALL_ONE, 1)["LT-1"]
    assert len(set(stuck[during])) == 1
    assert stuck[T_S >= 12_600].min() > 5.9
    sensor = SMALL_ONE.sensors[0]
    held_fault = SensorFault(kind=FaultKind.HELD, from_s=7200, to_s=12_600, knots=(), origin=ASSUMED)
    held_one = replace(SMALL_ONE, sensors=(replace(sensor, faults=(held_fault,)),))
    held = shown_values(held_one, 1)["LT-1"][during]
    assert len(set(held)) > 3
    assert abs(held - 3.0).max() < 0.05


def test_a_silent_sensor_sends_nothing_and_one_that_shows_has_knots_of_its_own() -> None:
    sensor = SMALL_ONE.sensors[0]
    knots = (
        Knot(t_s=7200, value=2.0, step=False, origin=ASSUMED),
        Knot(t_s=9000, value=1.0, step=False, origin=ASSUMED),
    )
    silent = SensorFault(kind=FaultKind.SILENT, from_s=3600, to_s=7200, knots=(), origin=ASSUMED)
    shows = SensorFault(kind=FaultKind.SHOWS, from_s=7200, to_s=9010, knots=knots, origin=ASSUMED)
    one = replace(SMALL_ONE, sensors=(replace(sensor, faults=(silent, shows)),))
    shown = shown_values(one, 1)["LT-1"]
    assert np.isnan(shown[(T_S >= 3600) & (T_S < 7200)]).all()
    assert shown[(T_S == 8100)] == pytest.approx(1.5, abs=0.02)
    run = Recorded.concat(readings(one, 1, 0, 10**6))
    assert not ((run.t_ns >= 3600 * NS) & (run.t_ns < 7200 * NS)).any()


def test_a_sensor_cannot_show_more_than_its_range() -> None:
    assert shown_values(SMALL_ONE, 1)["TT-1"].max() == 60.0


def test_only_what_is_not_found_moves_and_the_order_stays() -> None:
    slower = varied(SMALL_ONE, Variation(pace=2.0))
    course = slower.signals["warmth"]
    assert isinstance(course, Course)
    # the assumed knot at 08:00 lies 60 min before the one found at 09:00, now 120 min, but after the one at 06:00
    assert [knot.t_s for knot in course.knots] == [0, 3600, 10_800]
    assert slower.main == varied(SMALL_ONE, AS_IT_WAS).main


def test_noise_scales_transmitters_and_wander_and_an_alternative_changes_its_sensors_alone() -> None:
    louder = varied(SMALL_ONE, Variation(noise=2.0))
    assert (louder.sensors[0].noise, louder.sensors[0].drift) == (0.004, 0.002)
    course = louder.signals["warmth"]
    assert isinstance(course, Course)
    assert course.wander is not None
    assert course.wander.sd == 1.0
    seen = varied(SMALL_ONE, Variation(alternative=SMALL_ONE.alternatives[0]))
    assert [sensor.id for sensor in seen.sensors] == ["LT-1", "TT-1", "FT-1"]
    assert (seen.sensors[0].faults, seen.sensors[0].noise, dict(seen.sensors[0].limits)) == (
        (),
        0,
        {"h": 4.0},
    )
    assert seen.sensors[1] == SMALL_ONE.sensors[1]


def test_as_it_was_has_no_sensor_that_the_plant_had_not() -> None:
    was = varied(SMALL_ONE, AS_IT_WAS)
    assert [sensor.id for sensor in was.sensors] == ["LT-1", "TT-1"]
    assert was.main.sensors == ("LT-1",)
