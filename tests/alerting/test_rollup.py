"""Sensors that fall silent together: one alert, nobody hidden, nobody late."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.book import AlertBook
from alerting.commands import Acknowledge, Place, Shelve, TakeOutOfService
from alerting.conditions import Change, changes
from alerting.events import AlertEvent, Kind
from alerting.grades_file import default_grades
from alerting.rollup import RollUp
from detectors.findings import Edge, Method
from registry.plant import Enterprise, Plant, SourceGrade, Text
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.alerting.plant import PLANT, T0, S, block, finding

OFF = Edge.RECOVERED
FARM, SHED, ELSEWHERE = range(5), range(5, 8), 8
"""Indices: five sensors of a source of grade Ⅲ, three of one of grade Ⅰ, one of another enterprise."""
_SOURCES = {
    "farm": PLANT.sources["farm"],
    "shed": replace(PLANT.sources["farm"], id="shed", name=Text("库房", "shed"), grade=SourceGrade.I),
}


def _spec(n: int, source: str | None, enterprise: str = "lpg") -> SensorSpec:
    return SensorSpec(
        id=f"{enterprise}/s{n}", sensor=f"s{n}", enterprise=enterprise, source=source, type=SensorType.LEVEL,
        unit="%", h=85.0, hh=90.0, scan_s=5.0,
    )  # fmt: skip


REGISTRY = SensorRegistry(
    (*(_spec(n, "farm") for n in FARM), *(_spec(n, "shed") for n in SHED), _spec(ELSEWHERE, None, "other")),
    Plant(
        areas=PLANT.areas,
        enterprises={
            **PLANT.enterprises,
            "other": Enterprise(id="other", name=Text("别厂", "other"), area="370211"),
        },
        sources=_SOURCES,
        equipment={},
    ),
)
IDS = [spec.id for spec in REGISTRY.specs]


class Room:
    """A book whose timers fire as the desk fires them."""

    def __init__(self, registry: SensorRegistry = REGISTRY) -> None:
        self.registry = registry
        self.book = AlertBook(registry, default_grades())

    def tick(self, at_s: float) -> list[AlertEvent]:
        events: list[AlertEvent] = []
        while (due := self.book.next_deadline_ns()) is not None and due <= T0 + round(at_s * S):
            events += self.book.tick(due)
        return events

    def take(self, *rows: tuple[Any, ...]) -> list[AlertEvent]:
        """Take findings; each row's first field is its time."""
        events: list[AlertEvent] = []
        for row in rows:
            events += self.tick((row[0] - T0) / S)
            for change in changes(block([row]), IDS):
                events += self.book.take(change)
        return events

    def restart(self, registry: SensorRegistry | None = None) -> None:
        body = self.book.snapshot()
        self.book = AlertBook(registry or self.registry, default_grades())
        self.book.restore(body)
        if registry is None:
            assert self.book.snapshot() == body


def dead(sensor: int, at_s: float, heard_s: float | None = None, edge: Edge = Edge.RAISED) -> tuple[Any, ...]:
    """Silence of a sensor found at `at_s`, which was heard last at `heard_s`, 15 s before if that is not given."""
    row = list(finding(sensor, at_s, method=Method.DEAD, edge=edge, statistic=15.0, threshold=15.0))
    row[2] = T0 + round((at_s - 15 if heard_s is None else heard_s) * S)
    return tuple(row)


def brief(events: Iterable[AlertEvent]) -> list[tuple[str | None, str, str]]:
    return [(e.sensor, e.event, e.grade) for e in events]


def test_the_first_is_told_at_once_and_once_more_as_several() -> None:
    room = Room()
    events = room.take(*(dead(n, 0.1 * n) for n in FARM))
    assert brief(events) == [("lpg/s0", "opened", "blue")], "the others are members"
    [told] = room.tick(60)
    assert (told.event, told.time, told.id) == ("escalated", "2025-11-24T16:00:10.100Z", events[0].id)
    assert told.title == {
        "zh": "球罐区 5 个测点中 5 个无信号 15 秒（允许 15 秒）",
        "en": "5 of 5 sensors of sphere farm no signal for 15 s (allowed 15 s)",
    }
    assert told.why["silence"] == {
        "silent": 5,
        "took_part": 5,
        "of": 5,
        "source": "farm",
        "members": [
            {"sensor": f"lpg/s{n}", "since": f"2025-11-24T15:59:45.{n}00Z", "returned": None} for n in FARM
        ],
    }
    assert told.why["seen"]["en"].startswith("5 of 5 sensors of sphere farm: ")


def test_it_is_over_when_all_spoke_again_and_each_return_is_noted() -> None:
    room = Room()
    room.take(*(dead(n, 0) for n in FARM))
    room.tick(10)
    events = room.take(*(dead(n, 100 + n, edge=OFF) for n in FARM))
    assert brief(events) == [("lpg/s0", "cleared", "blue")]
    assert events[0].time == "2025-11-24T16:01:44.000Z", "at the last return"
    assert events[0].title["en"] == "5 of 5 sensors of sphere farm no signal cleared, now —"
    assert room.book.next_deadline_ns() in {None, T0 + 110 * S, T0 + 160 * S}
    assert room.tick(10_000) == []


def test_returns_show_while_others_are_silent() -> None:
    room = Room()
    [opened] = room.take(*(dead(n, 0) for n in FARM))
    room.tick(10)
    room.book.take_untold()
    assert room.take(dead(0, 100, edge=OFF), dead(3, 101, edge=OFF)) == []
    assert room.tick(110) == []
    assert opened.id in room.book.take_untold(), "the console is told"
    view = room.book.find(opened.id)
    assert view is not None
    assert view.active
    room.book.command(Acknowledge(alert=opened.id, by="li"), T0 + 111 * S)
    view = room.book.find(opened.id)
    assert view is not None
    silence = view.event.why["silence"]
    assert (silence["silent"], silence["took_part"]) == (3, 5)
    assert [one["returned"] for one in silence["members"]] == [
        "2025-11-24T16:01:40.000Z", None, None, "2025-11-24T16:01:41.000Z", None,
    ]  # fmt: skip
    assert view.event.title["en"].startswith("3 of 5 sensors of sphere farm")


def test_who_stays_silent_gets_an_alert_of_its_own() -> None:
    room = Room()
    room.take(*(dead(n, 0) for n in FARM))
    room.tick(10)
    assert room.take(*(dead(n, 100, edge=OFF) for n in (0, 1, 2))) == []
    events = room.tick(160)
    assert brief(events) == [
        ("lpg/s3", "opened", "blue"),
        ("lpg/s4", "opened", "blue"),
        ("lpg/s0", "cleared", "blue"),
    ]
    assert {e.time for e in events} == {"2025-11-24T16:02:40.000Z"}, "a minute after the first return"
    assert events[0].onset == "2025-11-24T15:59:45.000Z", "since when it is silent"
    assert brief(room.take(dead(3, 200, edge=OFF))) == [("lpg/s3", "cleared", "blue")]


def test_where_most_stay_silent_the_alert_goes_on() -> None:
    room = Room()
    room.take(*(dead(n, 0) for n in FARM))
    room.tick(10)
    assert room.take(dead(0, 100, edge=OFF)) == []
    assert room.tick(5000) == []
    assert room.take(dead(1, 6000, edge=OFF), dead(2, 6000, edge=OFF)) == []
    assert brief(room.tick(6060)) == [
        ("lpg/s3", "opened", "blue"), ("lpg/s4", "opened", "blue"), ("lpg/s0", "cleared", "blue"),
    ]  # fmt: skip


def test_the_carrier_that_stays_silent_keeps_its_alert() -> None:
    room = Room()
    [opened] = room.take(dead(0, 0), dead(1, 0))
    room.tick(10)
    room.take(dead(1, 100, edge=OFF))
    [told] = room.tick(160)
    assert (told.id, told.event) == (opened.id, "deescalated")
    assert told.title["en"].startswith("sphere farm s0 level")
    assert "silence" not in told.why


def test_what_is_silent_for_another_reason_is_an_alert_of_its_own() -> None:
    room = Room()
    rows = [dead(0, 0), dead(1, 20), dead(ELSEWHERE, 20)]
    assert brief(room.take(*rows)) == [
        ("lpg/s0", "opened", "blue"), ("lpg/s1", "opened", "blue"), ("other/s8", "opened", "blue"),
    ]  # fmt: skip


def test_later_deadlines_of_the_same_silence_join() -> None:
    room = Room()
    assert brief(room.take(dead(0, 0), dead(1, 45, heard_s=-12))) == [("lpg/s0", "opened", "blue")]
    assert brief(room.tick(55)) == [("lpg/s0", "escalated", "blue")]


def test_a_place_of_higher_grade_is_never_a_member_of_a_lower_one() -> None:
    room = Room()
    events = room.take(dead(0, 0), dead(5, 0), dead(6, 0), dead(1, 0))
    assert brief(events) == [("lpg/s0", "opened", "blue"), ("lpg/s5", "opened", "yellow")]
    assert len(room.book.open_alerts()) == 2


def test_silence_of_several_sources_is_named_by_the_enterprise() -> None:
    room = Room()
    room.take(dead(5, 0), dead(0, 0), dead(6, 0))
    [told] = room.tick(10)
    assert told.title["en"].startswith("3 of 8 sensors of LPG works no signal")
    assert (told.grade, told.why["silence"]["source"]) == ("yellow", None)


def test_members_are_blind_until_they_speak() -> None:
    room = Room()
    [high] = room.take(finding(1, -60, limit="h"))
    room.take(dead(0, 0), dead(1, 0))

    def blind() -> Any:
        view = room.book.find(high.id)
        return view and view.blind

    assert blind()["since"] == "2025-11-24T15:59:45.000Z"
    assert room.take(finding(1, 5, limit="h", edge=OFF)) == [], "nothing is seen to end meanwhile"
    assert blind() is not None
    events = room.take(dead(1, 20, edge=OFF))
    assert ("lpg/s1", "cleared", "yellow") in brief(events)
    assert blind() is None


def test_the_carrier_that_speaks_is_not_blind_though_its_alert_stands() -> None:
    room = Room()
    [high] = room.take(finding(0, -60, limit="h"))
    room.take(*(dead(n, 0) for n in FARM), dead(0, 20, edge=OFF))
    view = room.book.find(high.id)
    assert view is not None
    assert view.blind is None
    assert brief(room.take(finding(0, 21, limit="h", edge=OFF))) == [("lpg/s0", "cleared", "yellow")]
    again = [dead(0, 50), finding(0, 55, limit="h")]
    assert brief(room.take(*again)) == [("lpg/s0", "reopened", "yellow")], (
        "the carrier joins its own silence again"
    )
    view = room.book.find(high.id)
    assert view is not None
    assert view.blind is not None


def test_whose_carrier_has_left_the_points_table_gets_its_own() -> None:
    room = Room()
    room.take(*(dead(n, 0) for n in (0, 1, 2)))
    fewer = SensorRegistry(REGISTRY.specs[1:], REGISTRY.plant)
    room.restart(fewer)
    assert room.book.open_alerts() == []
    assert brief(room.tick(0)) == [("lpg/s1", "opened", "blue"), ("lpg/s2", "opened", "blue")]


def rollup(shown: bool) -> RollUp:
    return RollUp(REGISTRY, default_grades(), lambda _: shown)


def silences(*rows: tuple[Any, ...]) -> list[Change]:
    return list(changes(block(rows), IDS))


def test_an_alert_that_is_held_back_takes_in_nobody() -> None:
    found = silences(dead(0, 0), dead(1, 0))
    assert [len(rollup(shown=True).take(change)) for change in found[:1]] == [1]
    made = rollup(shown=False)
    assert [made.take(change) for change in found] == [[found[0]], [found[1]]]
    assert [silence.carrier for silence in made.silences()] == ["lpg/s0", "lpg/s1"]


def test_the_others_are_released_from_an_alert_that_is_held_back() -> None:
    made = rollup(shown=True)
    for change in silences(dead(0, 0), dead(1, 0), dead(2, 0), dead(2, 5, edge=OFF)):
        made.take(change)
    released = made.release("lpg/s0", T0 + 7 * S)
    assert [(IDS[c.sensor], c.raised, c.now_ns - T0, c.condition.several) for c in released] == [
        ("lpg/s0", True, 7 * S, None),
        ("lpg/s1", True, 7 * S, None),
    ]
    assert made.release("lpg/s0", T0 + 8 * S) == [], "nobody is left to release"
    assert [silence.carrier for silence in made.silences()] == ["lpg/s0", "lpg/s1"]


def out_of_service(sensor: str) -> TakeOutOfService:
    return TakeOutOfService(
        place=Place(kind="sensor", id=sensor),
        permit="w-1",
        until_ns=T0 + 9000 * S,
        by="li",
        reason="new transmitter",
    )


def test_a_carrier_that_goes_out_of_service_hides_nobody() -> None:
    room = Room()
    room.take(*(dead(n, 0) for n in (0, 1, 2)))
    room.tick(10)
    events = room.book.command(out_of_service("lpg/s0"), T0 + 20 * S)
    assert brief(events)[-2:] == [("lpg/s1", "opened", "blue"), ("lpg/s2", "opened", "blue")]
    assert [e.state for e in events if e.sensor != "lpg/s0"] == ["unack", "unack"]


def test_a_sensor_out_of_service_carries_nobody() -> None:
    room = Room()
    room.book.command(out_of_service("lpg/s0"), T0 - 60 * S)
    events = room.take(*(dead(n, 0) for n in (0, 1, 2)))
    assert [(e.sensor, e.event, e.state) for e in events] == [
        ("lpg/s0", "opened", "out_of_service"), ("lpg/s1", "opened", "unack"),
    ]  # fmt: skip
    assert _named(room) == {"lpg/s0", "lpg/s1", "lpg/s2"}


def test_who_shelves_the_alert_of_several_has_seen_whom_it_names() -> None:
    room = Room()
    [opened] = room.take(*(dead(n, 0) for n in (0, 1, 2)))
    room.tick(10)
    events = room.book.command(Shelve(alert=opened.id, by="li", reason="gateway is replaced"), T0 + 20 * S)
    assert [(e.sensor, e.event) for e in events] == [("lpg/s0", "shelved")]
    assert brief(room.take(dead(3, 30, heard_s=-15))) == [("lpg/s3", "opened", "blue")], (
        "it takes in nobody more"
    )


_steps = st.lists(
    st.tuples(st.sampled_from((0.0, 0.0, 0.5, 3.0, 11.0, 61.0)), st.integers(0, len(IDS) - 1)), max_size=40
)


@settings(max_examples=150, deadline=None)
@given(_steps)
def test_nobody_silent_is_without_an_alert_and_no_alert_is_about_nobody(
    steps: list[tuple[float, int]],
) -> None:
    """Each step turns a sensor silent or lets it speak; live with a restart after each step, late without."""
    live, late = Room(), Room()
    told: list[bytes] = []
    heard: list[bytes] = []
    silent: set[str] = set()
    at_s = 0.0
    for wait_s, sensor in steps:
        at_s += wait_s
        speaks = IDS[sensor] in silent
        row = dead(sensor, at_s, edge=OFF if speaks else Edge.RAISED)
        silent ^= {IDS[sensor]}
        told += [e.line() for e in live.take(row)]
        live.restart()
        heard += [e.line() for e in late.take(row)]
        for room in (live, late):
            named = _named(room)
            assert silent <= named
            assert len(named - silent) == 0
    told += [e.line() for e in live.tick(at_s + 1000)]
    heard += [e.line() for e in late.tick(at_s + 1000)]
    assert told == heard
    assert _named(live) == silent


def _named(room: Room) -> set[str]:
    """Return whom the standing silences are about, each of them with an alert that stands."""
    standing = {
        view.event.sensor for view in room.book.open_alerts() if view.active and view.kind is Kind.DEAD
    }
    silences = room.book.silences()
    assert {silence.carrier for silence in silences} <= standing, (
        "and a few whose return must last first: they chatter"
    )
    return {sensor for silence in silences for sensor in silence.remaining()}


@pytest.mark.parametrize("count", [4000])
def test_a_burst_makes_one_alert(count: int) -> None:
    specs = tuple(_spec(n, "farm") for n in range(count))
    book = AlertBook(SensorRegistry(specs, REGISTRY.plant), default_grades())
    ids = [spec.id for spec in specs]
    events = [e for n in range(count) for c in changes(block([dead(n, 0)]), ids) for e in book.take(c)]
    assert len(events) == 1
    [told] = book.tick(T0 + 10 * S)
    assert told.why["silence"]["silent"] == count
    assert len(told.why["silence"]["members"]) == 50
