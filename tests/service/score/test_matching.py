"""The rules of docs/score.md on hand-made cases: caught, early, false, and each alert in one place only."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.events import Grade, Kind
from service.score.episodes import Episode
from service.score.matching import Match
from tests.service.score.cases import DAY_S, episode, event, folded, line, matched, ns, truth


def test_an_alert_that_opens_during_an_event_on_its_sensor_catches_it() -> None:
    found = matched(truth(event(limits_s=[1600])), episode(1100, 1900))
    (outcome,) = found.faults
    assert outcome.caught
    assert outcome.delay_s == 100.0
    assert outcome.lead_s == 500.0
    assert found.false == ()


def test_a_health_alert_catches_too() -> None:
    assert matched(truth(event()), episode(1100, 1900, kind=Kind.STUCK)).faults[0].caught


def test_at_the_onset_counts_and_just_before_it_does_not() -> None:
    at, before = (matched(truth(event()), episode(t_s, 1500)) for t_s in (1000, 999.999))
    assert at.faults[0].delay_s == 0.0
    assert not before.faults[0].caught
    assert before.faults[0].stood
    assert len(before.false) == 1


def test_within_a_minute_after_the_end_still_counts_and_later_is_false() -> None:
    assert matched(truth(event()), episode(2060, 2100)).faults[0].caught
    late = matched(truth(event()), episode(2060.001, 2100))
    assert not late.faults[0].caught
    assert len(late.false) == 1


def test_an_alert_after_the_limit_has_no_lead() -> None:
    assert matched(truth(event(limits_s=[1600])), episode(1700, 1900)).faults[0].lead_s == -100.0


def test_lead_is_to_the_first_of_several_limits() -> None:
    assert matched(truth(event(limits_s=[1800, 1600])), episode(1100, 1900)).faults[0].lead_s == 500.0


def test_a_missed_event_has_no_delay_and_no_lead_that_a_number_tells() -> None:
    (outcome,) = matched(truth(event(limits_s=[1600]))).faults
    assert (outcome.delay_s, outcome.lead_s) == (math.inf, -math.inf)
    assert matched(truth(event())).faults[0].lead_s is None


def test_an_alert_of_another_sensor_is_false() -> None:
    found = matched(truth(event()), episode(1100, 1900, "e/LT-2"))
    assert not found.faults[0].caught
    assert len(found.false) == 1


def test_an_alert_on_a_look_alike_is_false_and_names_it() -> None:
    found = matched(truth(event(fault=False, kind="filling")), episode(1100, 1900))
    (alert,) = found.false
    assert alert.look_alike is not None
    assert alert.look_alike.kind == "filling"
    assert found.look_alikes[0].caught
    assert found.faults == ()


def test_a_fault_goes_before_a_look_alike_of_the_same_sensor() -> None:
    true = truth(event("f", 1000, 2000), event("p", 1050, 2000, fault=False))
    found = matched(true, episode(1100, 1900))
    assert found.faults[0].caught
    assert found.false == ()


SOURCES = {"e/LT-1": "S", "e/LT-2": "S", "e/LT-3": "T"}


def test_an_alert_of_the_process_at_the_source_catches_where_sources_are_known() -> None:
    true = truth(event())
    found = matched(true, episode(1100, 1900, "e/LT-2"), source_of=SOURCES)
    assert found.faults[0].caught
    assert found.faults[0].by_source
    assert not matched(true, episode(1100, 1900, "e/LT-3"), source_of=SOURCES).faults[0].caught


def test_the_health_of_another_sensor_of_the_source_tells_nothing() -> None:
    found = matched(truth(event()), episode(1100, 1900, "e/LT-2", Kind.DEAD), source_of=SOURCES)
    assert not found.faults[0].caught
    assert len(found.false) == 1


def test_an_alert_on_a_look_alike_is_false_though_a_fault_of_the_source_goes_on() -> None:
    true = truth(event("f"), event("p", fault=False, sensors=["e/LT-2"]))
    found = matched(true, episode(1100, 1900, "e/LT-2"), source_of=SOURCES)
    assert not found.faults[0].caught
    assert len(found.false) == 1


def test_the_source_of_the_alert_line_is_enough() -> None:
    found = matched(truth(event()), episode(1100, 1900, "e/XX", source="S"), source_of=SOURCES)
    assert found.faults[0].by_source


def test_of_two_events_of_a_sensor_the_one_that_began_last_is_told_of() -> None:
    true = truth(event("one", 1000, 3000), event("two", 1500, 3000))
    found = matched(true, episode(1600, 1900))
    assert [outcome.caught for outcome in found.faults] == [False, True]


def test_several_alerts_of_one_event_are_one_catch_and_the_first_says_when() -> None:
    true = truth(event(sensors=["e/LT-1", "e/LT-2"]))
    (outcome,) = matched(true, episode(1400, 1900), episode(1200, 1900, "e/LT-2")).faults
    assert outcome.delay_s == 200.0
    assert len(outcome.episodes) == 2


def test_a_false_alert_counts_again_for_each_day_that_it_stands() -> None:
    counts = [
        matched(truth(end_s=10 * DAY_S), episode(0, to_s)).false[0].count
        for to_s in (1, DAY_S, DAY_S + 1, 20 * DAY_S)
    ]
    assert counts == [1, 1, 2, 10]


def test_alerts_of_hazwatch_itself_are_left_apart() -> None:
    system = Episode(
        sensor=None,
        source=None,
        kind=Kind.SYSTEM,
        opened_ns=episode(1, 2).opened_ns,
        ended_ns=episode(1, 2).ended_ns,
    )
    found = matched(truth(event()), system)
    assert (len(found.system), found.false) == (1, ())


def test_what_lies_outside_the_range_counts_for_nothing() -> None:
    found = matched(truth(event()), episode(-100, -50), episode(DAY_S, DAY_S + 10))
    assert (len(found.outside), found.false) == (2, ())


def test_what_stood_when_the_range_began_is_false() -> None:
    (alert,) = matched(truth(event()), episode(-100, 50)).false
    assert alert.stood_s == 50.0


def test_an_alert_of_an_event_that_began_before_a_part_counts_for_nothing_there() -> None:
    whole = truth(event("one", 1000, 3000), event("two", 5000, 6000))
    part = whole.part(whole.start_ns + 2000 * 10**9, whole.end_ns)
    found = matched(part, episode(2500, 2600), episode(5100, 5200))
    assert [outcome.event.id for outcome in found.faults] == ["two"]
    assert found.faults[0].caught
    assert (found.false, len(found.outside)) == ((), 1)


def test_an_alert_of_sensors_that_are_not_scored_is_neither_right_nor_false() -> None:
    some = truth(event("one"), event("two", sensors=["e/LT-3"])).of_sensors(frozenset({"e/LT-1"}))
    found = matched(some, episode(1100, 1200, "e/LT-3"))
    assert [outcome.event.id for outcome in found.faults] == ["one"]
    assert (found.false, len(found.outside)) == ((), 1)


def test_an_event_that_an_alert_stood_before_is_missed_and_a_rise_meanwhile_is_noted() -> None:
    lines = [line(500), line(1500, "escalated", grade=Grade.RED), line(1900, "cleared", grade=Grade.RED)]
    (outcome,) = matched(truth(event()), *folded(*lines)).faults
    assert (outcome.caught, outcome.stood, outcome.gravest) == (False, True, Grade.RED)
    assert outcome.rose_ns == ns(1500)
    assert outcome.rose_in_time


@pytest.mark.parametrize(("limit_s", "in_time"), [(1600, True), (1400, False)])
def test_a_rise_counts_as_in_time_only_before_the_limit_and_where_nothing_new_told(
    limit_s: float, in_time: bool
) -> None:
    lines = [line(500), line(1500, "escalated", grade=Grade.RED), line(1900, "cleared", grade=Grade.RED)]
    true = truth(event(limits_s=[limit_s]))
    assert matched(true, *folded(*lines)).faults[0].rose_in_time is in_time
    fresh = line(1100, id_="b", kind=Kind.STUCK)
    told = folded(lines[0], fresh, *lines[1:])
    assert not matched(true, *told).faults[0].rose_in_time


def test_the_gravest_grade_is_of_what_was_told_while_the_event_lasted() -> None:
    lines = [
        line(900, id_="b", sensor="e/LT-1", kind=Kind.STUCK, grade=Grade.RED),
        line(1100, grade=Grade.YELLOW),
        line(1200, "escalated", grade=Grade.ORANGE),
        line(2061, "escalated", grade=Grade.RED),
    ]
    assert matched(truth(event()), *folded(*lines)).faults[0].gravest is Grade.ORANGE


_SENSORS = st.sampled_from(["e/LT-1", "e/LT-2", "e/LT-3"])
_SPELLS = st.tuples(st.integers(0, 5000), st.integers(0, 3000), _SENSORS, st.booleans())


@given(st.lists(_SPELLS, max_size=8), st.lists(_SPELLS, max_size=12))
def test_every_alert_is_in_exactly_one_place(
    events: list[tuple[int, int, str, bool]], alerts: list[tuple[int, int, str, bool]]
) -> None:
    true = truth(
        *(event(str(i), on, on + long, sensors=[s], fault=f) for i, (on, long, s, f) in enumerate(events))
    )
    kinds = {True: Kind.HIGH, False: Kind.DEAD}
    episodes = [episode(on, on + long, s, kinds[process]) for on, long, s, process in alerts]
    found = matched(true, *episodes, source_of=SOURCES)
    assert sorted(map(id, _placed(found))) == sorted(map(id, episodes))


def _placed(found: Match) -> list[Episode]:
    of_faults = [one for outcome in found.faults for one in outcome.episodes]
    return [*of_faults, *(alert.episode for alert in found.false), *found.system, *found.outside]
