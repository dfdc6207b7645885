"""What a dispatcher remembers: holds by state, reasons on request, explanations, other routes after a restart."""

from dataclasses import replace

import msgspec
import pytest

from alerting.book_state import SnapshotError
from alerting.commands import CommandRefused, EndSilence, Silence
from alerting.dispatch import Dispatcher
from alerting.events import AlertEvent
from alerting.explain import Explained
from alerting.inhibition import InhibitRule
from alerting.limits import Limit
from alerting.notify.settings import LogSettings
from alerting.routes import Routes
from alerting.routing import Grouping, Matcher, Op, Route
from alerting.silences import MOST_ENDED
from registry.plant import Text
from tests.alerting.plant import GT1, LT1, REGISTRY, T0, TT1, S, apply, block, book, finding

RECEIVERS = {"duty": LogSettings(), "board": LogSettings()}
PLAIN = Routes(Route(path="route", receiver="duty"), RECEIVERS)
GROUPED = replace(
    PLAIN,
    root=Route(
        path="route", receiver="duty", grouping=Grouping(by=("type", "area", "source_grade"), wait_s=30.0)
    ),
)


def opened(sensor: int = TT1, limit: str = "h", seq: int = 0) -> AlertEvent:
    [event] = apply(book(), block([finding(sensor, 0, limit=limit)]))
    return msgspec.structs.replace(event, seq=seq or event.seq)


def later(event: AlertEvent, name: str, state: str, seq: int) -> AlertEvent:
    return msgspec.structs.replace(event, event=name, state=state, seq=seq)


def test_a_group_of_several_has_one_body() -> None:
    made = Dispatcher(GROUPED, REGISTRY)
    first, second = opened(LT1, seq=1), opened(TT1, seq=2)
    filled, notes = made.offer([first, second], T0)
    assert notes == []
    assert [row["reason"]["en"] for row in filled[0].why["held"]] == [
        "no route is more specific here; told with its group at 2025-11-24T16:00:30.000Z"
    ]
    assert made.next_deadline_ns() == T0 + 30 * S
    level, temperature = made.tick(T0 + 99 * S)
    assert level.time == "2025-11-24T16:00:30.000Z"
    body = msgspec.json.decode(level.body)
    assert list(body) == ["group", "receiver", "reason", "status", "alerts"]
    assert body["group"] == {"type": "level", "area": "370211", "source_grade": "III"}
    assert (body["receiver"], body["status"]) == ("duty", "firing")
    assert body["reason"] == {"zh": "同组报警首次一并通知", "en": "the group's first alerts, told together"}
    assert [line["id"] for line in body["alerts"]] == [first.id]
    assert level.group == "route{type=level, area=370211, source_grade=III}"
    assert msgspec.json.decode(temperature.body)["group"]["type"] == "temperature"


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("shelved", Text("报警已搁置", "the alert is shelved")),
        ("suppressed", Text("报警按设计抑制", "the alert is suppressed by design")),
        ("out_of_service", Text("报警已停用", "the alert is out of service")),
    ],
)
def test_a_state_holds_what_comes_in_it_even_red(state: str, reason: Text) -> None:
    made = Dispatcher(PLAIN, REGISTRY)
    first = opened(limit="design")
    made.offer([first], T0)
    [filled], notes = made.offer([later(first, "escalated", state, 2)], T0 + S)
    assert notes == []
    assert filled.why["held"][0]["reason"] == {"zh": reason.zh, "en": reason.en}
    assert made.why_held(first.id, T0 + S) == reason


def test_why_held_knows_silences_inhibition_and_open_alerts() -> None:
    rule = InhibitRule(
        path="inhibit[0]",
        source=(Matcher("grade", Op.EQUAL, "orange"),),
        target=(Matcher("grade", Op.EQUAL, "yellow"),),
        equal=("equipment",),
    )
    made = Dispatcher(replace(PLAIN, inhibit=(rule,)), REGISTRY)
    source, target, other = opened(LT1, "hh", 1), opened(GT1, "h", 2), opened(TT1, "h", 3)
    _, notes = made.offer([source, target, other], T0)
    assert [note.alert for note in notes] == [source.id, other.id]
    held = made.why_held(target.id, T0)
    assert held is not None
    assert held.en == f"held by inhibit[0] while alert {source.id} stands"
    assert made.why_held(other.id, T0) is None
    assert made.why_held("unknown", T0) is None
    made.command(
        Silence(matchers=("type=temperature", "grade!=red"), by="li", comment="x", until_ns=T0 + 60 * S), T0
    )
    silenced = made.why_held(other.id, T0)
    assert silenced is not None
    assert silenced.en == "silence silence-1 of li (x) until 2025-11-24T16:01:00.000Z"
    assert [(view.row.id, view.holding) for view in made.silences()] == [("silence-1", 1)]
    [cleared], notes = made.offer([later(source, "cleared", "rtnun", 4)], T0 + S)
    assert [note.alert for note in notes] == [source.id, target.id]
    assert cleared.why["held"] == []
    assert made.why_held(target.id, T0 + S) is None


def test_explain_says_of_every_route_who_is_told_when_and_why_not_and_changes_nothing() -> None:
    tree = Route(
        path="route",
        receiver="duty",
        children=(
            Route(
                path="route.routes[0]",
                receiver="board",
                matchers=(Matcher("grade", Op.EQUAL, "red"),),
                carry_on=True,
            ),
            Route(
                path="route.routes[1]",
                receiver="duty",
                matchers=(Matcher("type", Op.EQUAL, "temperature"),),
                grouping=Grouping(by=("type",), wait_s=10.0),
            ),
            Route(path="route.routes[2]", receiver="board"),
        ),
    )
    made = Dispatcher(Routes(tree, RECEIVERS), REGISTRY)
    before = made.snapshot()
    told, *rest = made.explain(opened(), T0)
    assert made.snapshot() == before
    assert told == Explained(
        path="route.routes[1]",
        receiver="duty",
        matched=True,
        when_ns=T0 + 10 * S,
        reason=Text(
            "符合 type=temperature；与同组报警一并于 2025-11-24T16:00:10.000Z 通知",
            "matches type=temperature; told with its group at 2025-11-24T16:00:10.000Z",
        ),
    )
    assert {one.path: one.reason.en for one in rest} == {
        "route": "a route below it or before it takes the alert",
        "route.routes[0]": "grade=red does not hold: it is yellow",
        "route.routes[2]": "route.routes[1] takes the alert",
    }
    assert all(one.when_ns is None and not one.matched for one in rest)


@pytest.mark.parametrize(
    "routes", [PLAIN, replace(GROUPED, root=replace(GROUPED.root, path="route", receiver="board"))]
)
def test_what_waits_by_old_routes_goes_by_the_new_ones(routes: Routes) -> None:
    made = Dispatcher(GROUPED, REGISTRY)
    event = opened()
    made.offer([event], T0)
    other = Dispatcher(routes, REGISTRY)
    other.restore(made.snapshot())
    [note] = other.tick(T0 + S)
    assert (note.receiver, note.reason.en) == (routes.root.receiver, "the routes have changed")
    again = Dispatcher(GROUPED, REGISTRY)
    again.restore(made.snapshot())
    assert again.tick(T0 + S) == []
    assert len(again.tick(T0 + 30 * S)) == 1


def test_what_a_group_was_told_is_told_to_be_over_though_the_group_is_no_more() -> None:
    made = Dispatcher(GROUPED, REGISTRY)
    event = opened()
    made.offer([event], T0)
    made.tick(T0 + 30 * S)
    other = Dispatcher(PLAIN, REGISTRY)
    other.restore(made.snapshot())
    assert other.tick(T0 + 60 * S) == [], "what was told stays told"
    _, [note] = other.offer([later(event, "cleared", "rtnun", 2)], T0 + 60 * S)
    assert note.receiver == "duty"


def test_a_digest_that_waits_survives_other_limits() -> None:
    limited = replace(PLAIN, limits={"duty": Limit(1, 600.0)})
    made = Dispatcher(limited, REGISTRY)
    first, second = opened(LT1, seq=1), opened(TT1, seq=2)
    [_, held], _ = made.offer([first, second], T0)
    assert held.why["held"][0]["reason"]["en"] == (
        "at most 1 notification in 10 min for it; in its digest from 2025-11-24T16:10:00.000Z on"
    )
    other = Dispatcher(replace(PLAIN, receivers={**RECEIVERS, "new": LogSettings()}), REGISTRY)
    other.restore(made.snapshot())
    assert [note.alert for note in other.tick(T0)] == [second.id]


@pytest.mark.parametrize("body", [b"", b"x", msgspec.msgpack.encode([]), msgspec.msgpack.encode([1, 2, 99])])
def test_a_snapshot_that_is_none_is_refused(body: bytes) -> None:
    with pytest.raises(SnapshotError):
        Dispatcher(PLAIN, REGISTRY).restore(body)


def test_a_silence_goes_on_after_a_restart() -> None:
    made = Dispatcher(PLAIN, REGISTRY)
    made.command(Silence(matchers=("grade!=red",), by="li", comment="x", until_ns=T0 + 60 * S), T0)
    event = opened()
    made.offer([event], T0 + S)
    other = Dispatcher(PLAIN, REGISTRY)
    other.restore(made.snapshot())
    assert other.snapshot() == made.snapshot()
    notes = other.tick(T0 + 60 * S)
    assert [(note.alert, note.time) for note in notes] == [
        ("silence-1", "2025-11-24T16:00:45.000Z"),
        (event.id, "2025-11-24T16:01:00.000Z"),
    ]


def test_who_ended_a_silence_when_and_why_is_known_of_the_last_ones_after_a_restart_too() -> None:
    made = Dispatcher(PLAIN, REGISTRY)
    asked = Silence(matchers=("grade!=red",), by="li", comment="x", until_ns=T0 + 60 * S)
    made.command(asked, T0)
    made.command(asked, T0)
    made.command(EndSilence(silence="silence-2", by="wu", reason="done early"), T0 + S)
    with pytest.raises(CommandRefused):
        made.command(EndSilence(silence="silence-2", by="gu", reason="again"), T0 + 2 * S)
    made.tick(T0 + 99 * S)
    other = Dispatcher(PLAIN, REGISTRY)
    other.restore(made.snapshot())
    for one in (made, other):
        assert one.silences() == ()
        assert [(over.row.id, over.ended_ns, over.by, over.reason) for over in one.silences_ended()] == [
            ("silence-2", T0 + S, "wu", "done early"),
            ("silence-1", T0 + 60 * S, None, ""),
        ]
    later_on = msgspec.structs.replace(asked, until_ns=T0 + 999 * S)
    for number in range(3, 3 + MOST_ENDED):
        other.command(later_on, T0 + 100 * S)
        other.command(EndSilence(silence=f"silence-{number}", by="wu", reason="x"), T0 + 100 * S)
    kept = [over.row.id for over in other.silences_ended()]
    assert kept == [f"silence-{number}" for number in range(3, 3 + MOST_ENDED)]
