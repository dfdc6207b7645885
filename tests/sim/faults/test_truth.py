"""The truth on hand-made crossings, and grades as the default table has them."""

from typing import Any

import numpy as np
import pytest

from alerting.grades_file import default_grades
from registry.plant import SourceGrade
from sim.faults.crossings import FELT, Crossing, Watch
from sim.faults.families import BY_KIND
from sim.faults.plan import Event
from sim.faults.truth import GRADES, Span, events_of_truth
from sim.plant.site import Site
from tests.sim.small import small

START = 1_748_743_200 * 1_000_000_000
SITE: Site = small().practice.site
NUMBER = {p.point.sensor: n for n, p in enumerate(SITE.points)}


def _truth(event: Event, *crossings: tuple[float, str, str, bool]) -> dict[str, Any]:
    found = [Crossing(t_s=t, point=NUMBER[s], limit=name, beyond=b) for t, s, name, b in crossings]
    span = Span(site=SITE, grades=[SourceGrade.II] * 3, start_ns=START, seconds=36_000)
    (told,) = events_of_truth(span, [event], found)
    return told


def _event(kind: str, *sensors: str, **more: Any) -> Event:
    points = tuple(NUMBER[sensor] for sensor in sensors)
    family = BY_KIND[kind]
    given: dict[str, Any] = {"onset_s": 1000.0, "end_s": 4000.0, "points": points, "place": 0, "vessel": 0}
    return Event(id=kind, family=family, severity=2, **(given | more))


def test_the_grades_are_those_of_the_default_table() -> None:
    table = default_grades()
    assert {
        urgency: {source: table.cells[urgency, source].label for source in SourceGrade}
        for urgency in (1, 2, 3, 4)
    } == GRADES


def test_limits_are_told_once_each_in_order_and_the_event_ends_when_all_are_within() -> None:
    told = _truth(
        _event("stuck_inlet", "LT-0101", "PT-0101"),
        (2000.5, "LT-0101", "h", True),
        (2500.0, "LT-0101", "h", False),
        (2600.0, "LT-0101", "h", True),
        (3000.0, "LT-0101", "hh", True),
        (4100.0, "LT-0101", "hh", False),
        (4300.0, "LT-0101", "h", False),
        (3000.0, "PT-0101", "h", True),
    )
    assert told["limits"] == [
        {"sensor": "works/LT-0101", "limit_name": "h", "time": "2025-06-01T02:33:20.500Z"},
        {"sensor": "works/LT-0101", "limit_name": "hh", "time": "2025-06-01T02:50:00.000Z"},
    ]
    assert (told["onset"], told["end"]) == ("2025-06-01T02:16:40.000Z", "2025-06-01T03:11:40.000Z")
    assert (told["grade"], told["sensors"]) == ("orange", ["works/LT-0101"])


@pytest.mark.parametrize(
    ("crossings", "grade"),
    [
        ((), "blue"),
        (((2000.0, "PT-0101", "h", True),), "yellow"),
        (((2000.0, "PT-0101", "hh", True),), "orange"),
    ],
)
def test_the_grade_follows_the_limits_really_passed(crossings: tuple[Any, ...], grade: str) -> None:
    assert _truth(_event("pressure_creep", "PT-0101"), *crossings)["grade"] == grade


def test_two_detectors_beyond_their_second_limit_confirm_each_other() -> None:
    event = _event("large_release", "GT-0101", "GT-0102", vessel=None, point=NUMBER["GT-0101"])
    both = [(1100.0, sensor, name, True) for sensor in ("GT-0101", "GT-0102") for name in (FELT, "h", "hh")]
    assert _truth(event, *both)["grade"] == "red"


def test_a_detector_that_feels_nothing_is_not_named_but_the_one_it_is_about_is() -> None:
    event = _event("small_release", "GT-0101", "GT-0102", vessel=None, point=NUMBER["GT-0102"])
    assert _truth(event)["sensors"] == ["works/GT-0102"]
    assert _truth(event, (1100.0, "GT-0101", FELT, True))["sensors"] == ["works/GT-0101", "works/GT-0102"]


def test_what_was_beyond_before_the_onset_is_no_crossing_of_the_event() -> None:
    told = _truth(
        _event("pressure_creep", "PT-0101"), (900.0, "PT-0101", "h", True), (5000.0, "PT-0101", "h", False)
    )
    assert told["limits"] == []
    assert told["end"] == "2025-06-01T03:23:20.000Z"


def test_what_begins_after_the_end_is_not_told_and_what_lasts_longer_ends_with_it() -> None:
    span = Span(site=SITE, grades=[SourceGrade.II] * 3, start_ns=START, seconds=2000)
    late = _event("pressure_creep", "PT-0101", onset_s=2000.0)
    (told,) = events_of_truth(span, [_event("pressure_creep", "PT-0101"), late], [])
    assert told["end"] == "2025-06-01T02:33:20.000Z"


def test_a_look_alike_has_no_grade() -> None:
    told = _truth(_event("planned_filling", "LT-0101", "PT-0101"))
    assert (told["fault"], told["grade"], told["sensors"]) == (
        False,
        None,
        ["works/LT-0101", "works/PT-0101"],
    )


def test_crossings_lie_on_the_straight_line_between_rows_and_across_blocks() -> None:
    watch = Watch([SITE.points[NUMBER["PT-0101"]]], [7])
    first = watch.block(np.array([0.0, 5.0]), np.array([[0.0], [1.5]]))
    second = watch.block(np.array([10.0, 15.0]), np.array([[1.7], [-1.0]]))
    assert first == []
    found = {(c.limit, c.beyond): c.t_s for c in second}
    assert found == {
        ("h", True): pytest.approx(7.5),
        ("h", False): pytest.approx(10 + 5 * 0.1 / 2.7),
        ("l", True): pytest.approx(10 + 5 * 2.05 / 2.7),
        ("ll", True): pytest.approx(10 + 5 * 2.2 / 2.7),
    }
    assert {c.point for c in second} == {7}


def test_what_is_beyond_from_the_first_row_is_beyond_at_once() -> None:
    watch = Watch([SITE.points[NUMBER["PT-0101"]]], [7])
    assert [(c.t_s, c.limit) for c in watch.block(np.array([0.0, 5.0]), np.array([[1.8], [1.8]]))] == [
        (0.0, "h")
    ]
