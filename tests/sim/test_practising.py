"""Scenarios of plants as they are run: the same however they are cut, and each family does what it is called."""

import hashlib
import multiprocessing
from datetime import datetime
from typing import Any

import numpy as np
import pytest

from registry.faults import InputError
from registry.marks import parse_marked
from sim.practice.practising import Practising
from sim.practice.workers import _received
from sim.recorded import Recorded
from sim.scenario_file import scenario_of
from tests.sim.small import SMALL, small

START = 1_748_743_200 * 1_000_000_000
HOUR = 3600


def _all(practising: Practising, seconds: int, workers: int = 1, seed: int = 3) -> Recorded:
    return Recorded.concat(practising.readings(seed, START, seconds, workers))


def _digest(run: Recorded) -> str:
    parts = (run.column, run.t_ns, run.value, run.qualities())
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def _series(
    run: Recorded, sensor: str
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    mine = run.column == run.names.index(f"works/{sensor}")
    return (run.t_ns[mine] - START) / 1e9, run.value[mine], run.qualities()[mine]


def _by_time(run: Recorded) -> list[tuple[int, int, float]]:
    """Return the readings in the order of their times, doubles once."""
    return sorted(set(zip(run.t_ns.tolist(), run.column.tolist(), run.value.tolist(), strict=True)))


def _event(practising: Practising, seconds: int, seed: int = 3) -> dict[str, Any]:
    events = practising.truth(seed, START, seconds)["events"]
    assert len(events) == 1
    event: dict[str, Any] = events[0]
    return event


def _minutes(event: dict[str, Any], sensor: str, limit: str) -> float:
    (time,) = [
        row["time"]
        for row in event["limits"]
        if (row["sensor"], row["limit_name"]) == (f"works/{sensor}", limit)
    ]
    return (datetime.fromisoformat(time) - datetime.fromisoformat(event["onset"])).total_seconds() / 60


def test_the_same_bytes_from_any_number_of_processes() -> None:
    practising = small(more="campaign: {}")
    one, three = (_digest(_all(practising, 2 * HOUR, workers)) for workers in (1, 3))
    assert one == three


def test_no_process_is_left_when_the_reader_stops_early() -> None:
    readings = small().readings(3, START, 24 * HOUR, workers=2)
    assert len(next(readings))
    assert len(multiprocessing.active_children()) == 2
    readings.close()
    assert not multiprocessing.active_children()


def test_what_fails_in_a_process_is_raised_by_the_reader() -> None:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    theirs.send(InputError([]))
    with pytest.raises(InputError):
        next(_received(ours))


def test_the_beginning_of_a_longer_run_is_the_shorter_run() -> None:
    practising = small()
    short, long = _all(practising, 1000), _all(practising, 4000)
    assert _by_time(short) == [row for row in _by_time(long) if row[0] < START + 1000 * 10**9]


def test_another_seed_is_another_run() -> None:
    practising = small()
    assert _digest(_all(practising, 600)) != _digest(_all(practising, 600, seed=4))


def test_readings_come_at_their_scan() -> None:
    run = _all(small(), 1500)
    t_s, value, quality = _series(run, "LT-0101")
    late = np.unique(t_s) % 10
    assert len(late) == 150
    assert np.ptp(late) < 0.1
    assert ((value > 0) & (value < 11)).all()
    assert not quality.any()
    assert (np.diff(run.t_ns) > -6 * 10**9).all()


def test_nothing_passes_a_limit_when_nothing_happens() -> None:
    practising = small()
    practising.truth(3, START, 20 * HOUR)
    (crossings,) = practising._crossings.values()
    assert not crossings


def test_truth_is_the_same_with_and_without_the_readings_before_it() -> None:
    first, second = (small("  - {what: stuck_inlet, severity: 3, vessel: F1-02, at_h: 4}") for _ in range(2))
    _all(first, 5 * HOUR, workers=2)
    assert first.truth(3, START, 5 * HOUR) == second.truth(3, START, 5 * HOUR)


def test_a_stuck_inlet_valve_overfills() -> None:
    practising = small("  - {what: stuck_inlet, severity: 3, vessel: F1-02, at_h: 4}")
    event = _event(practising, 6 * HOUR)
    assert event["sensors"] == ["works/LT-0102"]
    assert 10 < _minutes(event, "LT-0102", "h") < _minutes(event, "LT-0102", "hh") < 45
    assert event["grade"] == "orange"  # second limit, source of grade III
    t_s, value, _ = _series(_all(practising, 6 * HOUR), "LT-0102")
    (high,) = [
        dict(p.point.limits)["h"] for p in practising.practice.site.points if p.point.sensor == "LT-0102"
    ]
    measured = t_s[np.argmax(value >= high)] / 60 - 240
    assert measured == pytest.approx(_minutes(event, "LT-0102", "h"), abs=1)


def test_a_stuck_gauge_stands_still_while_its_tank_overfills() -> None:
    practising = small("  - {what: stuck_gauge, severity: 3, vessel: F1-01, at_h: 4}")
    event = _event(practising, 6 * HOUR)
    assert 20 < _minutes(event, "LT-0101", "h") < 60
    t_s, value, _ = _series(_all(practising, 6 * HOUR), "LT-0101")
    assert np.ptp(value[(t_s > 4 * HOUR + 10) & (t_s < 5 * HOUR)]) == 0
    assert np.ptp(value[(t_s > 3.6 * HOUR) & (t_s < 4 * HOUR)]) > 0.3


def test_a_blocked_outlet_lets_the_level_rise() -> None:
    event = _event(small("  - {what: blocked_outlet, severity: 3, vessel: F1-03, at_h: 4}"), 6 * HOUR)
    assert 30 < _minutes(event, "LT-0103", "h") < 80


@pytest.mark.parametrize(("severity", "metres"), [(1, (0.02, 0.1)), (3, (0.2, 0.45))])
def test_a_slow_leak_lowers_the_level_by_its_severity(severity: int, metres: tuple[float, float]) -> None:
    practising = small(f"  - {{what: slow_leak, severity: {severity}, vessel: F1-01, at_h: 4, for_h: 3}}")
    assert _event(practising, 7 * HOUR)["limits"] == []
    t_s, value, _ = _series(_all(practising, 7 * HOUR), "LT-0101")
    lost = np.median(value[(t_s > 4 * HOUR) & (t_s < 4.1 * HOUR)]) - np.median(value[t_s > 6.9 * HOUR])
    assert metres[0] < lost < metres[1]


def test_a_fast_leak_empties_to_the_low_limits() -> None:
    event = _event(small("  - {what: fast_leak, severity: 3, vessel: F1-01, at_h: 4}"), 6 * HOUR)
    assert _minutes(event, "LT-0101", "l") < 72


@pytest.mark.parametrize("vessel", ["F1-01", "S1-01", "R1-01"])
def test_pressure_creeps_beyond_its_limits(vessel: str) -> None:
    practising = small(f"  - {{what: pressure_creep, severity: 3, vessel: {vessel}, at_h: 2}}")
    event = _event(practising, 4 * HOUR)
    (sensor,) = event["sensors"]
    assert 5 < _minutes(event, sensor.split("/")[1], "h") < _minutes(event, sensor.split("/")[1], "hh") < 90


def test_a_chattering_relief_valve_makes_a_saw_of_the_pressure() -> None:
    practising = small("  - {what: relief_chatter, severity: 3, vessel: S1-02, at_h: 4}")
    t_s, value, _ = _series(_all(practising, 5 * HOUR), "PT-0202")
    before = np.diff(value[(t_s > 3.7 * HOUR) & (t_s < 4 * HOUR)])
    during = np.diff(value[(t_s > 4.2 * HOUR) & (t_s < 4.9 * HOUR)])
    assert during.min() < 3 * before.min()
    assert np.count_nonzero(during < 2 * before.min()) > 10


def test_a_reactor_without_cooling_passes_its_limits() -> None:
    event = _event(small("  - {what: cooling_loss, severity: 3, vessel: R1-01, at_h: 2}"), 4 * HOUR)
    assert 10 < _minutes(event, "TT-0301", "h") < _minutes(event, "TT-0301", "hh") < 60
    assert event["sensors"] == ["works/PT-0301", "works/TT-0301"]


def test_releases_are_felt_where_the_wind_carries_them() -> None:
    event = _event(small("  - {what: large_release, severity: 3, sensor: GT-0101, at_h: 1}"), 2 * HOUR)
    assert "works/GT-0101" in event["sensors"]
    assert event["limits"]
    weak = _event(small("  - {what: small_release, severity: 1, sensor: GT-0101, at_h: 1}"), 3 * HOUR)
    assert "works/GT-0101" in weak["sensors"]


def test_a_source_without_detectors_may_leak() -> None:
    text = SMALL.replace("      gas: *gas\n", "")
    leak = f"{text}\nevents:\n  - {{what: fast_leak, severity: 3, vessel: S1-01, at_h: 4}}\n"
    event = _event(Practising(scenario_of(parse_marked(leak, "s.yaml"))), 6 * HOUR)
    assert event["sensors"] == ["works/LT-0201"]


def test_a_drifting_transmitter_leaves_the_truth_alone() -> None:
    practising = small("  - {what: sensor_drift, severity: 3, sensor: PT-0201, at_h: 1, for_h: 2}")
    event = _event(practising, 3 * HOUR)
    assert (event["limits"], event["grade"]) == ([], "blue")
    t_s, value, _ = _series(_all(practising, 3 * HOUR), "PT-0201")
    drift = np.median(value[t_s > 2.95 * HOUR]) - np.median(value[t_s < HOUR])
    assert drift == pytest.approx(0.05 * 2.5 * 2, abs=0.05)


@pytest.mark.parametrize(("severity", "what"), [(1, "frozen"), (2, "silent"), (3, "broken")])
def test_a_dead_or_lying_transmitter(severity: int, what: str) -> None:
    practising = small(
        f"  - {{what: dead_transmitter, severity: {severity}, sensor: LT-0101, at_h: 1, for_h: 1}}"
    )
    t_s, value, quality = _series(_all(practising, 3 * HOUR), "LT-0101")
    span = (t_s >= HOUR) & (t_s < 2 * HOUR)
    inside = value[span]
    found = {
        "frozen": len(inside) >= 359 and np.ptp(inside) == 0 and inside[0] > 0 and not quality[span].any(),
        "silent": len(inside) == 0,
        "broken": len(inside) >= 359 and inside.max() < 0 and set(quality[span].tolist()) == {2},
    }
    assert [name for name, holds in found.items() if holds] == [what]
    assert not quality[~span].any()
    assert len(np.unique(t_s[~span])) == pytest.approx(720, abs=1)


def test_calibration_gas_is_marked_by_the_transmitter() -> None:
    practising = small("  - {what: calibration_gas, severity: 2, sensor: GT-0101, at_h: 1}")
    event = _event(practising, 2 * HOUR)
    assert (event["fault"], event["grade"], event["limits"]) == (False, None, [])
    t_s, value, quality = _series(_all(practising, 2 * HOUR), "GT-0101")
    inside = (t_s >= HOUR) & (t_s < HOUR + 540)
    assert set(quality[inside].tolist()) == {2}
    assert not quality[~inside].any()
    assert np.median(value[(t_s > HOUR + 300) & inside]) == pytest.approx(51.5, abs=3)
    assert np.median(value[inside][5:20]) < 4


def test_maintenance_is_declared_and_over_in_time() -> None:
    for severity, hours, mark in ((1, 0.4, 1), (2, 0.8, 2)):
        event = f"  - {{what: maintenance, severity: {severity}, sensor: PT-0201, at_h: 1}}"
        t_s, value, quality = _series(_all(small(event), 2 * HOUR), "PT-0201")
        inside = (t_s >= HOUR) & (t_s < HOUR * (1 + hours))
        assert set(quality[inside].tolist()) == {mark}
        assert not quality[~inside].any()
        assert np.count_nonzero(abs(value[inside] - 1.25) < 0.02) > 0.25 * np.count_nonzero(inside)
        assert value[inside].min() < 0.02
        assert value[~inside].min() > 0.5


def test_look_alikes_of_the_plant_stay_within_limits() -> None:
    for what, where in (("planned_filling", "F1-01"), ("sun_on_tank", "S1-01"), ("wash_down", "F1-01")):
        event = _event(small(f"  - {{what: {what}, severity: 3, vessel: {where}, at_h: 4}}"), 7 * HOUR)
        assert (event["kind"], event["fault"], event["limits"]) == (what, False, [])


def test_the_barometer_moves_the_pressure_of_breathing_tanks_only() -> None:
    practising = small("  - {what: barometric_swing, severity: 3, at_h: 2}")
    event = _event(practising, 4 * HOUR)
    assert event["sensors"] == [f"works/PT-010{k}" for k in (1, 2, 3, 4)]
    assert event["limits"] == []


def test_an_outage_brings_its_readings_late_and_all_of_them() -> None:
    outage = small("  - {what: gateway_outage, severity: 3, sensor: GT-0101, at_h: 0.3}")
    now = _all(outage, HOUR)
    assert set(_by_time(now)) == set(_by_time(_all(small(), HOUR)))
    event = _event(outage, HOUR)
    assert "works/GT-0101" in event["sensors"]
    behind = np.isin(now.column, [now.names.index(name) for name in event["sensors"]])
    held = (now.t_ns > START + 1081 * 10**9) & (now.t_ns < START + 1222 * 10**9)
    first = int(np.flatnonzero(held & behind)[0])
    assert now.t_ns[:first].max() >= START + 1220 * 10**9


def test_an_outage_that_outlasts_the_run_loses_nothing() -> None:
    outage = small("  - {what: gateway_outage, severity: 3, sensor: GT-0101, at_h: 0.3}")
    assert set(_by_time(_all(outage, 1150))) == set(_by_time(_all(small(), 1150)))
