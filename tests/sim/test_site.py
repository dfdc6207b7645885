"""The demo site: told on time by every seed, alive, within its limits otherwise, and the same however it is cut."""

from collections import defaultdict
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.faults import InputError
from sim.demo import demo_points
from sim.recorded import Recorded
from sim.scenarios import DEMO_START_NS, list_scenarios, simulate, truth_of
from sim.site import DEAD, GOOD, LEAKING, NS, STUCK, SiteSim

START = DEMO_START_NS


def _run(seed: int, seconds: int) -> Recorded:
    return SiteSim(seed, START).step(START + seconds * NS)


def _series(run: Recorded, sensor: str) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    mine = run.column == run.names.index(sensor)
    return (run.t_ns[mine] - START) / NS, run.value[mine]


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() - START / NS


@pytest.mark.parametrize("seed", range(40))
def test_the_story_is_told_within_three_minutes_by_every_seed(seed: int) -> None:
    truth = truth_of("demo-site", seed, 300 / 3600)
    events = {event["kind"]: event for event in truth["events"]}
    crossed = {
        (row["sensor"], row["limit_name"]): _seconds(row["time"])
        for event in truth["events"]
        for row in event["limits"]
    }
    assert 10 <= _seconds(events["stuck_gauge"]["onset"]) <= 20
    assert crossed[GOOD, "h"] <= 45
    assert crossed[GOOD, "hh"] <= 100
    assert 65 <= _seconds(events["small_release"]["onset"]) <= 75
    assert crossed[LEAKING[0], "h"] < crossed[LEAKING[1], "h"] < 140
    assert crossed[LEAKING[0], "hh"] < 100
    assert _seconds(events["small_release"]["end"]) < 180
    dead = events["dead_transmitter"]
    assert _seconds(dead["end"]) - _seconds(dead["onset"]) >= 60
    assert events["planned_filling"]["fault"] is False
    assert events["planned_filling"]["limits"] == []


@pytest.mark.parametrize("seed", [0, 7, 123_456_789])
def test_the_good_gauge_rises_while_the_other_stands_still(seed: int) -> None:
    run = _run(seed, 120)
    t_good, good = _series(run, GOOD)
    t_stuck, stuck = _series(run, STUCK)
    assert np.ptp(stuck[t_stuck >= 17]) == 0
    assert np.ptp(stuck[t_stuck < 12]) > 0
    assert good[t_good >= 100].min() > 9.25
    assert stuck.max() < 9.1


def test_the_dead_transmitter_is_silent_and_comes_back() -> None:
    t_s, _ = _series(_run(7, 180), DEAD)
    gap = np.diff(t_s)
    assert gap.max() >= 60
    assert np.sort(gap)[-2] == 1
    assert t_s[-1] == 179


@pytest.mark.parametrize("seed", [1, 2])
def test_only_the_story_crosses_limits(seed: int) -> None:
    run = _run(seed, 3600)
    beyond = set()
    for point in demo_points():
        _, value = _series(run, point.id)
        for name, limit in point.limits:
            if ((value <= limit) if name in ("ll", "l") else (value >= limit)).any():
                beyond.add(point.id)
        assert ((value >= point.range_lo) & (value <= point.range_hi)).all()
    assert beyond == {GOOD, *LEAKING}


def test_every_sensor_looks_alive() -> None:
    run = _run(3, 900)
    for point in demo_points():
        t_s, value = _series(run, point.id)
        if point.id not in (STUCK, DEAD):
            assert set(np.diff(t_s).round(6)) == {float(point.scan_s)}, point.id
        assert len(np.unique(value)) >= 4, point.id


def test_level_follows_the_flows() -> None:
    run = _run(11, 30)
    t_s, level = _series(run, GOOD)
    rise_m_s = np.polyfit(t_s, level, 1)[0]
    area_m2 = np.pi * 9.05 * (12.4 - 9.05)
    assert rise_m_s == pytest.approx(900 / 3600 / area_m2, rel=0.05)


def test_readings_come_in_time_order_and_each_once() -> None:
    run = _run(5, 700)
    assert (np.diff(run.t_ns) >= 0).all()
    assert len(set(zip(run.column.tolist(), run.t_ns.tolist(), strict=True))) == len(run)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 90 * NS), max_size=12), st.integers(0, 2**63 - 1))
def test_the_same_seed_gives_the_same_bytes_however_it_is_cut(cuts: list[int], seed: int) -> None:
    whole = _run(seed, 90)
    site = SiteSim(seed, START)
    parts = [site.step(START + cut) for cut in [*sorted(cuts), 90 * NS]]
    joined = Recorded.concat(parts)
    for field in ("column", "t_ns", "value"):
        assert getattr(joined, field).tobytes() == getattr(whole, field).tobytes()


def test_seeds_differ() -> None:
    assert _run(1, 20).value.tobytes() != _run(2, 20).value.tobytes()


def test_the_truth_tells_the_story_again_every_ten_minutes() -> None:
    kinds: dict[str, int] = defaultdict(int)
    for event in truth_of("demo-site", 4, 0.5)["events"]:
        kinds[event["kind"]] += 1
        assert event["onset"] < event["end"]
        assert list(event) == [
            "id",
            "kind",
            "severity",
            "fault",
            "onset",
            "end",
            "grade",
            "sensors",
            "limits",
        ]
    assert kinds == {"stuck_gauge": 3, "small_release": 3, "dead_transmitter": 3, "planned_filling": 3}


def test_simulate_yields_what_the_site_does() -> None:
    run = Recorded.concat(simulate("demo-site", 7, 0.2))
    assert run.value.tobytes() == _run(7, 720).value.tobytes()


@pytest.mark.parametrize(
    ("name", "hours", "said"), [("nowhere", 1.0, "demo-site"), ("demo-site", 0.0, "above 0")]
)
def test_a_wrong_scenario_or_length_says_what_is_allowed(name: str, hours: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        simulate(name, 1, hours)


def test_the_list_names_every_scenario_in_both_languages() -> None:
    scenarios = list_scenarios()
    assert scenarios[0].sensors == len(demo_points())
    assert len({scenario.name for scenario in scenarios}) == len(scenarios)
    for scenario in scenarios:
        assert scenario.sensors > 0
        assert scenario.text.zh
        assert scenario.text.en
