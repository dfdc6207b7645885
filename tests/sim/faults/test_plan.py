"""A campaign's days: everything is there, nothing overlaps, any day stands by itself."""

from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from sim.faults.families import FAULTS, LOOK_ALIKES
from sim.faults.plan import Campaign, Event, day_events, gateways
from sim.plant.air import DAY_S, Weather
from sim.practice.practising import packaged

SITE = packaged("site-200").practice.site
START = 1_748_743_200 * 1_000_000_000


def _day(seed: int, day: int) -> list[Event]:
    weather = Weather(seed, START, SITE.climate)
    return day_events(SITE, seed, day, weather=weather, campaign=Campaign())


@pytest.mark.parametrize(("seed", "day"), [(1, 0), (1, 17), (2, 29), (99, 5)])
def test_a_day_has_every_family_at_every_severity_and_as_many_look_alikes(seed: int, day: int) -> None:
    events = _day(seed, day)
    faults = Counter((e.family.kind, e.severity) for e in events if e.family.fault)
    assert faults == {(family.kind, severity): 1 for family in FAULTS for severity in (1, 2, 3)}
    look_alikes = Counter(e.family.kind for e in events if not e.family.fault)
    assert look_alikes == {family.kind: family.daily for family in LOOK_ALIKES}
    assert sum(look_alikes.values()) == sum(faults.values())


def test_a_day_depends_on_seed_and_day_alone() -> None:
    assert _day(4, 3) == _day(4, 3)
    assert [e.onset_s for e in _day(4, 3)] != [e.onset_s - DAY_S for e in _day(4, 4)]


def test_no_two_events_meet_on_one_sensor_or_one_vessels_operations() -> None:
    spans = defaultdict(list)
    for day in range(3):
        for e in _day(7, day):
            assert day * DAY_S < e.onset_s - e.lead_s
            assert e.quiet_s < (day + 1) * DAY_S
            for point in e.points:
                spans["sensor", point].append((e.onset_s, e.quiet_s))
            if e.vessel is not None:
                spans["vessel", e.vessel].append((e.onset_s - e.lead_s, e.quiet_s))
    for taken in spans.values():
        taken.sort()
        assert all(a[1] <= b[0] for a, b in pairwise(taken))


def test_the_sun_shines_on_a_tank_by_day() -> None:
    hours = [
        (10 + e.onset_s / 3600) % 24 for d in range(5) for e in _day(1, d) if e.family.kind == "sun_on_tank"
    ]
    assert len(hours) == 25
    assert 9 <= min(hours) <= max(hours) <= 14.5


def test_most_calibrations_are_marked() -> None:
    marked = [e.marked for d in range(20) for e in _day(1, d) if e.family.kind == "calibration_gas"]
    assert 0.8 < sum(marked) / len(marked) < 1


def test_a_release_is_upwind_of_its_detector() -> None:
    for e in _day(1, 0):
        assert (e.at_m is not None) == bool(e.family.releases)
        if e.at_m is not None:
            assert e.point is not None
            point = SITE.points[e.point].point
            assert 5 <= ((e.at_m[0] - point.x) ** 2 + (e.at_m[1] - point.y) ** 2) ** 0.5 <= 14.1


def test_every_sensor_of_a_source_is_behind_one_gateway() -> None:
    behind = [point for points in gateways(SITE) for point in points]
    assert sorted(behind) == [n for n, p in enumerate(SITE.points) if p.place is not None]
    assert max(len(points) for points in gateways(SITE)) <= 12


def test_the_sites_sensors() -> None:
    assert Counter(p.point.type for p in SITE.points) == {
        "level": 80, "pressure": 60, "gas_combustible": 48, "gas_toxic": 12, "flow": 20, "temperature": 17,
        "wind_speed": 1, "wind_direction": 1,
    }  # fmt: skip
