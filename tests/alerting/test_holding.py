"""What holds alerts back, and how they come again, case by case."""

import dataclasses
from typing import Any

import pytest

from alerting.alarms import AlarmSettings, Design, Planned
from alerting.alarms_file import default_alarms
from alerting.book import AlertBook
from alerting.commands import (
    Acknowledge,
    AlertCommand,
    CommandRefused,
    Place,
    PutInService,
    Shelve,
    Suppress,
    TakeOutOfService,
    Unshelve,
    Unsuppress,
)
from alerting.events import AlertEvent
from alerting.grades_file import default_grades
from detectors.findings import Edge, Method
from tests.alerting.plant import GT1, GT2, LT1, LT2, REGISTRY, T0, TT1, S, apply, block, book, finding

OFF = Edge.RECOVERED
HOUR = 3600
TANK = Place(kind="equipment", id="T-102")


def told(events: list[AlertEvent]) -> list[tuple[str, str]]:
    return [(e.event, e.state) for e in events]


def push(
    made: AlertBook, sensor: int, at_s: float, limit: str = "h", edge: Edge = Edge.RAISED
) -> list[AlertEvent]:
    return made.tick(T0 + int(at_s * S)) + apply(made, block([finding(sensor, at_s, limit=limit, edge=edge)]))


def do(made: AlertBook, command: AlertCommand, at_s: float) -> list[AlertEvent]:
    now_ns = T0 + int(at_s * S)
    return made.tick(now_ns) + made.command(command, now_ns)


def refused(made: AlertBook, command: AlertCommand, at_s: float) -> str:
    before = made.snapshot()
    with pytest.raises(CommandRefused) as caught:
        made.command(command, T0 + int(at_s * S))
    assert caught.value.text.zh
    assert caught.value.text.en
    assert made.snapshot() == before
    return caught.value.code


def shelve_tt1(**more: Any) -> Shelve:
    return Shelve(by="li", reason="重复", sensor="lpg/TT-1", **more)


def test_a_shelved_alert_is_judged_and_recorded_and_its_line_says_who_and_why() -> None:
    made = book()
    [opened] = push(made, TT1, 0, "h")
    [shelved] = do(made, Shelve(by="li", reason="泵检修", alert=opened.id, for_s=600), 5)
    assert (shelved.event, shelved.state, shelved.id) == ("shelved", "shelved", opened.id)
    assert shelved.title["zh"].endswith("已搁置")
    assert shelved.why["person"] == {
        "by": "li", "second": None, "time": "2025-11-24T16:00:05.000Z", "words": "泵检修",
    }  # fmt: skip
    assert shelved.why["arrangements"] == [
        {
            "kind": "shelved",
            "place": {"kind": "slot", "id": "lpg/TT-1", "slot": "process"},
            "name": None,
            "by": "li",
            "second": None,
            "reason": "泵检修",
            "since": "2025-11-24T16:00:05.000Z",
            "until": "2025-11-24T16:10:05.000Z",
            "one_shot": False,
        }
    ]
    assert told(push(made, TT1, 10, "h", OFF)) == [("cleared", "closed"), ("closed", "closed")]
    [again] = push(made, TT1, 100)
    assert (again.event, again.state, again.id != opened.id) == ("opened", "shelved", True)
    assert [one.by for one in made.arrangements()] == ["li"]


def test_shelving_that_times_out_returns_unacknowledged_and_by_hand_acknowledged() -> None:
    for by_hand in (False, True):
        made = book()
        [opened] = push(made, TT1, 0)
        do(made, Acknowledge(alert=opened.id, by="wang"), 1)
        do(made, shelve_tt1(for_s=600), 2)
        if by_hand:
            [back] = do(made, Unshelve(by="zhao", sensor="lpg/TT-1"), 10)
            assert (back.event, back.state, back.why["acknowledged"]["by"]) == ("unshelved", "acked", "zhao")
        else:
            assert made.next_deadline_ns() == T0 + 602 * S
            [back] = made.tick(T0 + 5000 * S)
            assert (back.event, back.state, back.why["acknowledged"]) == ("unshelved", "unack", None)
            assert back.time == "2025-11-24T16:10:02.000Z", "at its own time, however late it was asked"
            assert back.why["because"]["en"] == "the shelving has timed out"
        assert made.arrangements() == []


def test_a_one_shot_shelving_ends_when_it_is_normal_again_or_after_one_shift() -> None:
    made = book()
    push(made, TT1, 0)
    do(made, shelve_tt1(one_shot=True), 1)
    assert [e.event for e in push(made, TT1, 100, "h", OFF)] == ["cleared", "unshelved", "closed"]
    assert made.arrangements() == []
    assert told(push(made, TT1, 200)) == [("opened", "unack")]
    made = book()
    do(made, shelve_tt1(one_shot=True), 0)
    push(made, TT1, 1)
    assert told(made.tick(T0 + 8 * HOUR * S)) == [("unshelved", "unack")]


@pytest.mark.parametrize("second", ["", "wang"])
def test_what_becomes_of_the_safety_class_breaks_out_unless_a_second_person_agreed(second: str) -> None:
    made = book()
    do(made, shelve_tt1(second=second), 0)
    assert told(push(made, TT1, 1, "h")) == [("opened", "shelved")]
    expected = "shelved" if second else "unack"
    assert told(push(made, TT1, 2, "hh")) == [("escalated", expected)]
    assert told(push(made, TT1, 3, "hh", OFF)) == [("deescalated", expected)], "what broke out stays out"


def test_an_opening_of_the_safety_class_is_not_held_by_one_person() -> None:
    made = book()
    do(made, shelve_tt1(), 0)
    assert told(push(made, TT1, 1, "hh")) == [("opened", "unack")]


def test_the_safety_class_is_shelved_by_two_persons_only() -> None:
    made = book()
    gas = Shelve(by="li", reason="x", sensor="lpg/GT-1")
    assert refused(made, gas, 0) == "needs_second_person"
    [hot] = push(made, TT1, 0, "hh")
    assert refused(made, Shelve(by="li", reason="x", alert=hot.id), 1) == "needs_second_person"
    assert refused(made, Shelve(by="li", reason="x", alert=hot.id, second="li"), 1) == "same_person"
    assert told(do(made, Shelve(by="li", reason="x", alert=hot.id, second="wang"), 1)) == [
        ("shelved", "shelved")
    ]


def test_what_cannot_be_held_or_ended_is_refused() -> None:
    made = book()
    assert refused(made, shelve_tt1(for_s=8 * HOUR + 1), 0) == "too_long"
    assert refused(made, shelve_tt1(for_s=0), 0) == "too_long"
    assert refused(made, shelve_tt1(slot="nothing"), 0) == "no_such_place"
    assert refused(made, Shelve(by="li", reason="x"), 0) == "no_such_place"
    assert refused(made, Shelve(by="li", reason="x", alert="a"), 0) == "not_open"
    assert refused(made, Unshelve(by="li", sensor="lpg/TT-1"), 0) == "not_held"
    nowhere = Place(kind="source", id="moon")
    assert refused(made, Suppress(condition="c", place=nowhere, by="li", reason="x"), 0) == "no_such_place"
    assert refused(made, Unsuppress(condition="c", place=TANK, by="li"), 0) == "not_held"
    works = TakeOutOfService(place=TANK, permit="P-1", until_ns=T0, by="li", reason="x")
    assert refused(made, works, 0) == "in_the_past"
    gas = Place(kind="sensor", id="lpg/GT-1")
    assert refused(made, Suppress(condition="c", place=gas, by="li", reason="x"), 0) == "needs_second_person"
    assert refused(made, PutInService(place=TANK, permit="P-1", by="li"), 0) == "not_held"


def test_a_held_alert_is_not_acknowledged() -> None:
    made = book()
    do(made, shelve_tt1(), 0)
    [opened] = push(made, TT1, 1)
    assert refused(made, Acknowledge(alert=opened.id, by="li"), 2) == "held"


def test_a_condition_of_the_equipment_suppresses_all_its_sensors() -> None:
    made = book()
    push(made, TT1, 0)
    begun = do(made, Suppress(condition="tank_empty", place=TANK, by="li", reason="清罐"), 1)
    assert [(e.sensor, e.event, e.state) for e in begun] == [("lpg/TT-1", "suppressed", "suppressed")]
    assert told(push(made, LT2, 2, "l")) == [("opened", "suppressed")]
    assert told(push(made, LT1, 3, "l")) == [("opened", "unack")], "of another tank"
    ended = do(made, Unsuppress(condition="tank_empty", place=TANK, by="wang"), 4)
    assert [(e.sensor, e.event, e.state) for e in ended] == [
        ("lpg/LT-102", "unsuppressed", "unack"),
        ("lpg/TT-1", "unsuppressed", "unack"),
    ]


def test_out_of_service_under_a_permit_goes_before_suppression_before_shelving() -> None:
    made = book()
    push(made, TT1, 0)
    do(made, shelve_tt1(), 1)
    assert told(do(made, Suppress(condition="c", place=TANK, by="li", reason="x"), 2)) == [
        ("suppressed", "suppressed")
    ]
    works = TakeOutOfService(place=TANK, permit="P-1", until_ns=T0 + HOUR * S, by="li", reason="x")
    assert told(do(made, works, 3)) == [("out_of_service", "out_of_service")]
    assert [one.kind for one in made.arrangements()] == ["shelved", "suppressed", "out_of_service"]
    assert told(do(made, PutInService(place=TANK, permit="P-1", by="li"), 4)) == [
        ("in_service", "suppressed")
    ]
    assert told(do(made, Unsuppress(condition="c", place=TANK, by="li"), 5)) == [("unsuppressed", "shelved")]
    assert told(do(made, Unshelve(by="li", sensor="lpg/TT-1"), 6)) == [("unshelved", "acked")]


def test_a_weaker_arrangement_ends_without_a_word_and_an_alert_that_returned_is_over() -> None:
    made = book()
    push(made, TT1, 0)
    do(made, shelve_tt1(), 1)
    do(made, Suppress(condition="c", place=TANK, by="li", reason="x"), 2)
    assert do(made, Unshelve(by="li", sensor="lpg/TT-1"), 3) == []
    made = book()
    push(made, TT1, 0)
    push(made, TT1, 1, "h", OFF)
    assert told(do(made, shelve_tt1(), 2)) == [("shelved", "closed"), ("closed", "closed")]


def test_planned_works_begin_and_end_by_the_settings_and_are_not_begun_again_by_a_restart() -> None:
    plan = Planned(
        kind="equipment",
        id="T-102",
        permit="P-7",
        from_ns=T0 + 10 * S,
        until_ns=T0 + 100 * S,
        by="li",
        reason="x",
    )
    settings = dataclasses.replace(default_alarms(), planned=(plan,))
    made = AlertBook(REGISTRY, default_grades(), settings)
    push(made, TT1, 0)
    assert [(e.event, e.time[17:23]) for e in made.tick(T0 + 50 * S)] == [("out_of_service", "10.000")]
    do(made, PutInService(place=TANK, permit="P-7", by="li"), 60)
    again = AlertBook(REGISTRY, default_grades(), settings)
    again.restore(made.snapshot())
    assert again.tick(T0 + 70 * S) == []
    assert again.arrangements() == []
    fresh = AlertBook(REGISTRY, default_grades(), settings)
    push(fresh, TT1, 0)
    assert told(fresh.tick(T0 + 200 * S)) == [("out_of_service", "out_of_service"), ("in_service", "unack")]


def announce(
    permit: str,
    from_s: float | None,
    until_s: float,
    place: Place = TANK,
    second: str = "",
    *,
    replaces: str | None = None,
) -> TakeOutOfService:
    return TakeOutOfService(
        place=place,
        permit=permit,
        from_ns=None if from_s is None else T0 + int(from_s * S),
        until_ns=T0 + int(until_s * S),
        by="li",
        reason="weld",
        second=second,
        replaces=replaces,
    )


def ahead(made: AlertBook) -> list[tuple[str, int]]:
    return [(one.name, (one.since_ns - T0) // S) for one in made.works_ahead()]


def again(made: AlertBook, settings: AlarmSettings | None = None) -> AlertBook:
    restored = AlertBook(REGISTRY, default_grades(), settings)
    restored.restore(made.snapshot())
    assert restored.snapshot() == made.snapshot()
    return restored


def test_announced_works_lie_ahead_until_they_begin_and_survive_a_restart() -> None:
    made = book()
    push(made, TT1, 0)
    assert do(made, announce("P-8", 200, 300), 1) == []
    assert do(made, announce("P-7", 50, 90), 1) == []
    assert do(made, announce("P-7", 100, 150), 2) == [], "what is said later counts"
    assert (ahead(made), made.arrangements()) == ([("P-7", 100), ("P-8", 200)], [])
    made = again(made)
    assert made.tick(T0 + 99 * S) == []
    [begun] = made.tick(T0 + 120 * S)
    assert (begun.event, begun.time[14:23]) == ("out_of_service", "01:40.000")
    assert begun.why["person"]["by"] == "li"
    assert ahead(made) == [("P-8", 200)]
    made = again(made)
    assert told(made.tick(T0 + 199 * S)) == [("in_service", "unack")]
    late = again(made)
    assert told(late.tick(T0 + 900 * S)) == [("out_of_service", "out_of_service"), ("in_service", "unack")]
    assert (ahead(late), late.arrangements()) == ([], [])


def test_announced_works_are_withdrawn_and_begun_early() -> None:
    made = book()
    push(made, TT1, 0)
    do(made, announce("P-7", 100, 150), 1)
    do(made, announce("P-8", 100, 150), 1)
    assert do(made, PutInService(place=TANK, permit="P-7", by="wang", reason="rain"), 2) == []
    assert refused(made, PutInService(place=TANK, permit="P-7", by="wang"), 3) == "not_held"
    assert told(do(made, announce("P-8", 0, 50), 10)) == [("out_of_service", "out_of_service")]
    [stands] = made.arrangements()
    assert stands.since_ns == T0 + 10 * S, "a start that has just passed means now"
    assert ahead(again(made)) == []
    assert told(made.tick(T0 + 200 * S)) == [("in_service", "unack")]


def test_a_permit_that_is_over_has_nothing_ahead_and_other_permits_have() -> None:
    made = book()
    do(made, announce("P-7", None, 50), 0)
    do(made, announce("P-7", 100, 150), 1)
    do(made, announce("P-8", 100, 150), 1)
    do(made, PutInService(place=TANK, permit="P-7", by="li"), 2)
    assert (ahead(made), made.arrangements()) == ([("P-8", 100)], [])


def test_works_of_the_file_are_withdrawn_and_not_lost_where_the_permit_stands_already() -> None:
    plans = tuple(
        Planned(kind="equipment", id="T-102", permit=permit, from_ns=T0 + 100 * S, until_ns=T0 + 150 * S, by="li", reason="x")
        for permit in ("P-7", "P-8")
    )  # fmt: skip
    settings = dataclasses.replace(default_alarms(), planned=plans)
    made = AlertBook(REGISTRY, default_grades(), settings)
    do(made, announce("P-7", None, 50), 0)
    do(made, PutInService(place=TANK, permit="P-8", by="li"), 1)
    made = again(made, settings)
    assert ahead(made) == [("P-7", 100)]
    made.tick(T0 + 120 * S)
    assert [one.name for one in made.arrangements()] == ["P-7"]


def test_works_are_changed_as_they_were_seen_and_not_otherwise() -> None:
    plan = Planned(kind="equipment", id="T-102", permit="P-7", from_ns=T0 + 100 * S, until_ns=T0 + 150 * S, by="wu", reason="x")  # fmt: skip
    settings = dataclasses.replace(default_alarms(), planned=(plan,))
    made = AlertBook(REGISTRY, default_grades(), settings)
    [seen] = made.works_ahead()
    do(made, announce("P-7", 120, 160, replaces=seen.version(begun=False)), 1)
    assert refused(made, announce("P-7", 130, 160, replaces=seen.version(begun=False)), 2) == "works_changed"
    made = again(made, settings)
    [seen] = made.works_ahead()
    assert (seen.by, ahead(made)) == ("li", [("P-7", 120)]), (
        "that of the file begins no more, nor after a restart"
    )
    made.tick(T0 + 121 * S)
    assert (
        refused(made, announce("P-7", None, 140, replaces=seen.version(begun=False)), 122) == "works_changed"
    )
    [stands] = made.arrangements()
    version = stands.version(begun=True)
    assert refused(made, announce("P-7", 130, 140, replaces=version), 123) == "works_begun"
    do(made, announce("P-7", None, 140, replaces=version), 123)
    [changed] = made.arrangements()
    assert (changed.since_ns, changed.until_ns) == (T0 + 120 * S, T0 + 140 * S), "they go on since they began"
    made.tick(T0 + 141 * S)
    made = again(made, settings)
    made.tick(T0 + 145 * S)
    assert (ahead(made), made.arrangements()) == ([], [])
    assert (
        refused(made, announce("P-7", None, 200, replaces=changed.version(begun=True)), 146)
        == "works_changed"
    )


def test_announced_works_hold_nothing_of_the_safety_class_without_a_second_person() -> None:
    made = book()
    gas = Place(kind="sensor", id="lpg/GT-1")
    assert refused(made, announce("P-7", 100, 150, gas), 0) == "needs_second_person"
    assert refused(made, announce("P-7", 100, 150, gas, "li"), 0) == "same_person"
    [hot] = push(made, TT1, 0, "hh")
    assert refused(made, announce("P-7", None, 150), 1) == "needs_second_person"
    assert do(made, announce("P-7", 100, 150), 1) == [], "what is open now may be over by then"
    assert made.tick(T0 + 120 * S) == [], "but what is red still is not held"
    do(made, announce("P-8", 130, 150, second="wang"), 121)
    assert told(made.tick(T0 + 140 * S)) == [("out_of_service", "out_of_service")]
    assert made.find(hot.id) is not None


@pytest.mark.parametrize(
    ("works", "code"),
    [
        (announce("P-7", -301, 10), "begins_in_the_past"),
        (announce("P-7", 100, 100), "ends_before_it_begins"),
        (announce("P-7", -100, -1), "in_the_past"),
        (announce("P-7", 10, 366 * 86_400 + 1), "too_far_ahead"),
        (announce("P-7", None, 366 * 86_400 + 1), "too_far_ahead"),
        (announce("P-7", 10, 20, Place(kind="source", id="moon")), "no_such_place"),
    ],
)
def test_works_whose_times_or_place_make_no_sense_are_refused(works: TakeOutOfService, code: str) -> None:
    assert refused(book(), works, 0) == code


def test_a_mass_return_is_spread_gravest_first_and_a_rise_does_not_wait() -> None:
    made = book()
    source = Place(kind="source", id="farm")
    command = Suppress(
        condition="turnaround", place=source, by="li", second="wang", reason="x", until_ns=T0 + 1000 * S
    )
    do(made, command, 0)
    push(made, TT1, 1, "h")
    push(made, LT1, 2, "l")
    push(made, LT2, 3, "h")
    push(made, GT1, 4, "hh")
    assert [(e.sensor, e.time[14:23]) for e in made.tick(T0 + 1000 * S)] == [("lpg/GT-1", "16:40.000")]
    assert told(push(made, TT1, 1001, "hh")) == [("escalated", "unack")], "nothing holds it any more"
    rest = made.tick(T0 + 5000 * S)
    assert [(e.sensor, e.event, e.time[14:23]) for e in rest] == [
        ("lpg/LT-101", "unsuppressed", "17:10.000"),
        ("lpg/LT-102", "unsuppressed", "17:40.000"),
    ]


def test_a_latched_alert_that_is_held_returns_latched_and_can_be_reset() -> None:
    made = book()
    push(made, GT1, 0)
    push(made, GT1, 1, "h", OFF)
    held = Shelve(by="li", reason="x", sensor="lpg/GT-1", second="wang", for_s=60)
    assert told(do(made, held, 2)) == [("shelved", "shelved")]
    assert told(made.tick(T0 + 62 * S)) == [("unshelved", "lunak")]
    do(made, held, 70)
    assert told(push(made, GT1, 71)) == [("reopened", "shelved")]
    assert told(push(made, GT1, 72, "h", OFF)) == [("cleared", "shelved")]
    assert told(do(made, Unshelve(by="li", sensor="lpg/GT-1"), 73)) == [("unshelved", "lackd")]


def test_a_dead_sensor_is_shelved_apart_from_its_process() -> None:
    made = book()
    do(made, shelve_tt1(slot="dead"), 0)
    dead = finding(TT1, 1, method=Method.DEAD, statistic=91, threshold=30)
    assert told(apply(made, block([dead]))) == [("opened", "shelved")]
    assert told(push(made, TT1, 2)) == [("opened", "unack")]


def test_what_stands_goes_on_after_a_restart() -> None:
    made = book()
    do(made, Shelve(by="li", reason="x", sensor="lpg/GT-2", second="wang"), 0)
    push(made, GT2, 1)
    again = book()
    again.restore(made.snapshot())
    assert again.arrangements() == made.arrangements()
    assert again.next_deadline_ns() == made.next_deadline_ns() == T0 + 8 * HOUR * S
    assert again.tick(T0 + 9 * HOUR * S) == made.tick(T0 + 9 * HOUR * S) != []


def by_design(*designs: Design) -> AlertBook:
    return AlertBook(REGISTRY, default_grades(), dataclasses.replace(default_alarms(), designs=designs))


EMPTY = Design(name="empty", kind="equipment", id="T-102", when="lpg/LT-101", limit="l", reason="空罐")


def test_a_condition_of_the_settings_suppresses_while_its_sensor_is_seen_beyond_the_limit() -> None:
    made = by_design(EMPTY)
    push(made, TT1, 0)
    assert told(push(made, LT1, 1, "l")) == [("opened", "unack"), ("suppressed", "suppressed")]
    [one] = made.arrangements()
    assert (one.name, one.by, one.reason) == ("empty", "lpg/LT-101", "空罐")
    dead: dict[str, Any] = {"method": Method.DEAD, "statistic": 91, "threshold": 30}
    assert told(apply(made, block([finding(LT1, 2, **dead)]))) == [
        ("opened", "unack"),
        ("unsuppressed", "unack"),
    ]
    assert told(apply(made, block([finding(LT1, 3, edge=OFF, **dead)])))[-1] == ("suppressed", "suppressed")
    ended = push(made, LT1, 100, "l", OFF)
    assert told(ended) == [("cleared", "rtnun"), ("unsuppressed", "unack")]
    assert ended[-1].why["because"]["en"] == "the suppression is over"


def test_what_the_settings_have_no_more_is_over_after_a_reload() -> None:
    made = by_design(EMPTY)
    push(made, TT1, 0)
    push(made, LT1, 1, "l")
    other = book()
    other.restore(made.snapshot())
    assert told(other.tick(T0 + 2 * S)) == [("unsuppressed", "unack")]
    assert other.arrangements() == []
    same = by_design(EMPTY)
    same.restore(made.snapshot())
    assert same.tick(T0 + 2 * S) == []
