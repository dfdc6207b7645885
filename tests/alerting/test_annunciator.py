"""Siren and light of each place against a slow oracle, and what a restart under other settings owes."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.annunciator import Annunciator
from alerting.book_state import SnapshotError
from alerting.events import AlertEvent, Grade, State
from alerting.notification import Notification
from alerting.notify.samples import sample_notifications
from alerting.notify.settings import LogSettings, PlaceKind, SirenSettings
from alerting.panel import SIGNALS
from registry.sensors import SensorRegistry
from tests.alerting.plant import REGISTRY, T0, S

_SAMPLE = msgspec.json.decode(next(iter(sample_notifications())).body, type=AlertEvent)
BY_SOURCE = {"horn": SirenSettings()}


def event(alert: str, state: str, seq: int, *, grade: str = "red", source: str | None = "farm") -> AlertEvent:
    return msgspec.structs.replace(
        _SAMPLE,
        id=alert,
        state=state,
        seq=seq,
        grade=grade,
        source=source,
        sensor="lpg/LT-101",
        area="370211",
    )


def told(notes: list[Notification]) -> list[tuple[str | None, str, str]]:
    shown = [(note.topic, json.loads(note.body)) for note in notes]
    return [(topic, body["siren"], body["light"]) for topic, body in shown]


def test_what_is_told_of_a_place_has_its_count_its_name_and_words_in_both_languages() -> None:
    desk = Annunciator(BY_SOURCE, REGISTRY)
    [on] = desk.offer([event("a", "unack", 1)], T0)
    assert desk.offer([event("b", "unack", 2)], T0 + S) == [], "it sounds and is red already"
    [quiet] = desk.offer([event("a", "acked", 3), event("b", "acked", 4)], T0 + 2 * S)
    [clear] = desk.offer([event("a", "closed", 5), event("b", "closed", 6)], T0 + 3 * S)
    assert (on.topic, on.order_key, on.receiver) == ("hazwatch/sirens/source/farm",) * 2 + ("horn",)
    assert json.loads(on.body) == {
        "siren": "on",
        "light": "red",
        "grade": "red",
        "alerts": 1,
        "since": "2025-11-24T16:00:00.000Z",
        "time": "2025-11-24T16:00:00.000Z",
        "place": {"kind": "source", "id": "farm", "name": {"zh": "球罐区", "en": "sphere farm"}},
        "text": {
            "zh": "球罐区：1 条报警，最高红色，有未确认",
            "en": "sphere farm: 1 alert, gravest red, not all acknowledged",
        },
    }
    shown = json.loads(quiet.body)
    assert (shown["siren"], shown["alerts"], shown["since"]) == ("off", 2, "2025-11-24T16:00:00.000Z")
    assert shown["text"]["en"] == "sphere farm: 2 alerts, gravest red, siren silent"
    shown = json.loads(clear.body)
    assert (shown["siren"], shown["light"], shown["grade"], shown["since"]) == ("off", "off", None, None)
    assert shown["text"] == {"zh": "球罐区：警报解除", "en": "sphere farm: all clear"}


def test_every_state_says_whether_it_sounds_and_shines() -> None:
    assert {str(state) for state in State} <= SIGNALS.keys()


def test_a_sensor_without_a_source_has_a_place_all_the_same() -> None:
    [on] = Annunciator(BY_SOURCE, REGISTRY).offer([event("a", "unack", 1, source=None)], T0)
    assert on.topic == "hazwatch/sirens/source/_"
    assert json.loads(on.body)["text"]["zh"].startswith("其他测点：")


def test_without_a_siren_nothing_is_kept() -> None:
    desk = Annunciator({"log": LogSettings()}, REGISTRY)
    assert desk.offer([event("a", "unack", 1)], T0) == []
    assert desk.snapshot() == Annunciator({}, REGISTRY).snapshot()


def restarted(
    desk: Annunciator, receivers: dict[str, Any], registry: SensorRegistry = REGISTRY
) -> Annunciator:
    again = Annunciator(receivers, registry)
    again.restore(desk.snapshot())
    return again


def test_a_restart_alone_tells_nothing() -> None:
    desk = Annunciator(BY_SOURCE, REGISTRY)
    desk.offer([event("a", "unack", 1)], T0)
    again = restarted(desk, BY_SOURCE)
    assert again.next_deadline_ns() is None
    assert again.tick(T0 + S) == []


def test_a_siren_that_is_new_in_the_settings_sounds_for_what_stands_already() -> None:
    desk = Annunciator(BY_SOURCE, REGISTRY)
    desk.offer([event("a", "unack", 1)], T0)
    again = restarted(desk, {**BY_SOURCE, "gate": SirenSettings(place=PlaceKind.ENTERPRISE)})
    due_ns = again.next_deadline_ns()
    assert due_ns == T0
    assert told(again.tick(due_ns)) == [("hazwatch/sirens/enterprise/lpg", "on", "red")]
    assert (again.next_deadline_ns(), again.tick(due_ns)) == (None, [])


def test_an_alert_whose_sensor_is_gone_from_the_settings_sounds_no_more() -> None:
    desk = Annunciator(BY_SOURCE, REGISTRY)
    desk.offer([event("a", "unack", 1)], T0)
    again = restarted(desk, BY_SOURCE, SensorRegistry(()))
    due_ns = again.next_deadline_ns()
    assert due_ns is not None
    assert told(again.tick(due_ns)) == [("hazwatch/sirens/source/farm", "off", "off")]
    assert again.next_deadline_ns() is None


def test_what_is_owed_twice_for_one_event_has_two_ids() -> None:
    red = {"horn": SirenSettings(grades=frozenset({Grade.RED}))}
    blue = {"horn": SirenSettings(grades=frozenset({Grade.BLUE}))}
    desk = Annunciator(red, REGISTRY)
    notes = desk.offer([event("a", "unack", 1)], T0)
    for settings in (blue, red, blue, red):
        desk = restarted(desk, settings)
        notes += desk.tick(T0)
    assert [one[1] for one in told(notes)] == ["on", "off", "on", "off", "on"]
    assert len({note.id for note in notes}) == 5


def test_a_snapshot_of_another_format_is_refused() -> None:
    body = msgspec.msgpack.decode(Annunciator(BY_SOURCE, REGISTRY).snapshot())
    with pytest.raises(SnapshotError):
        Annunciator(BY_SOURCE, REGISTRY).restore(msgspec.msgpack.encode({**body, "format": 99}))


_STATES = st.sampled_from(sorted(SIGNALS))
_EVENTS = st.lists(
    st.tuples(
        st.sampled_from("abcd"), _STATES, st.sampled_from(["blue", "yellow", "orange", "red"]),
        st.sampled_from(["farm", "shed", None]),
    ),
    max_size=30,
)  # fmt: skip
_ALL = {
    "s": SirenSettings(topic_prefix="s"),
    "e": SirenSettings(topic_prefix="e", place=PlaceKind.ENTERPRISE, grades=frozenset({Grade.RED})),
    "a": SirenSettings(topic_prefix="a", place=PlaceKind.AREA, grades=frozenset(Grade)),
}


def _oracle(alerts: dict[str, AlertEvent], topic: str) -> tuple[str, str]:
    """Look at every alert, as a person would who walks through all of them."""
    prefix, kind, place = topic.split("/")
    places = {"source": [], "enterprise": ["lpg"], "area": ["370211", "370200", "370000"]}[kind]
    here = [one for one in alerts.values() if place in ([one.source or "_"] if kind == "source" else places)]
    grades = {grade.label for grade in _ALL[prefix].grades}
    siren = any(SIGNALS[one.state][0] and one.grade in grades for one in here)
    order = ["blue", "yellow", "orange", "red"]
    shining = [order.index(one.grade) for one in here if SIGNALS[one.state][1]]
    return "on" if siren else "off", order[max(shining)] if shining else "off"


@given(_EVENTS, st.integers(0, 30))
def test_topics_show_what_an_oracle_sees_and_a_restart_changes_nothing(
    rows: list[tuple[str, str, str, str | None]], cut: int
) -> None:
    desk, straight = Annunciator(_ALL, REGISTRY), Annunciator(_ALL, REGISTRY)
    events = [event(a, s, i, grade=g, source=where) for i, (a, s, g, where) in enumerate(rows, 1)]
    alerts: dict[str, AlertEvent] = {}
    retained: dict[str, tuple[str, str]] = {}
    notes: list[Notification] = []
    for i, one in enumerate(events):
        if i == cut:
            desk = restarted(desk, _ALL)
        made = desk.offer([one], T0 + i * S)
        notes += made
        if one.state == "closed":
            alerts.pop(one.id, None)
        else:
            alerts[one.id] = one
        for topic, siren, light in told(made):
            assert topic is not None
            assert retained.get(topic, ("off", "off")) != (siren, light), "told only when it changes"
            retained[topic] = (siren, light)
        touched = {
            "s/source/farm",
            "s/source/shed",
            "s/source/_",
            "e/enterprise/lpg",
            "a/area/370211",
            "a/area/370000",
        }
        for topic in touched:
            assert retained.get(topic, ("off", "off")) == _oracle(alerts, topic)
    assert [n for i, one in enumerate(events) for n in straight.offer([one], T0 + i * S)] == notes
    assert len({note.id for note in notes}) == len(notes)
