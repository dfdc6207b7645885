"""Who is told of an event, with every reason in the line and in the notification."""

from dataclasses import replace

import msgspec

from alerting.dispatch import Dispatcher
from alerting.events import Event
from alerting.notification import notification_id
from alerting.notify.settings import LogSettings, MqttSettings, ReceiverSettings
from alerting.routes import Routes
from alerting.routes_file import routes_to_log
from alerting.routing import Matcher, Op, Route
from detectors.findings import Edge
from tests.alerting.plant import LT1, REGISTRY, T0, TT1, apply, block, book, finding

RED = (Matcher("grade", Op.EQUAL, "red"),)


def routes(*children: Route, board: LogSettings | None = None) -> Routes:
    receivers: dict[str, ReceiverSettings] = {"board": board or LogSettings(), "siren": MqttSettings()}
    return Routes(Route(path="route", receiver="board", children=children), receivers)


def test_the_line_that_is_sent_says_who_else_was_told() -> None:
    both = Route(path="route.routes[0]", receiver="siren", matchers=RED, carry_on=True)
    rest = Route(path="route.routes[1]", receiver="board")
    events = apply(book(), block([finding(LT1, 0, limit="design")]))
    [event], notes = Dispatcher(routes(both, rest), REGISTRY).offer(events, T0)
    assert [(note.receiver, note.alert, note.seq, note.time) for note in notes] == [
        ("siren", event.id, 1, event.time),
        ("board", event.id, 1, event.time),
    ]
    assert {note.body for note in notes} == {event.line()}
    assert event.why["told"] == [
        {
            "receiver": "siren",
            "route": "route.routes[0]",
            "reason": {"zh": "符合 grade=red", "en": "matches grade=red"},
        },
        {
            "receiver": "board",
            "route": "route.routes[1]",
            "reason": {"zh": "该处无更具体的路由", "en": "no route is more specific here"},
        },
    ]
    assert event.why["held"] == []


def test_ids_are_the_same_whenever_they_are_made_and_differ_by_event_and_receiver() -> None:
    events = apply(book(), block([finding(LT1, 0, limit="h"), finding(LT1, 1, limit="hh")]))
    once = Dispatcher(routes_to_log(), REGISTRY).offer(events, T0)
    assert Dispatcher(routes_to_log(), REGISTRY).offer(events, T0) == once
    assert [note.id for note in once[1]] == [notification_id(e.id, e.seq, "log") for e in events]
    assert len({notification_id(a, s, r) for a in "ab" for s in (1, 2) for r in "xy"}) == 8


def test_two_routes_to_one_receiver_tell_it_once() -> None:
    first = Route(path="route.routes[0]", receiver="board", carry_on=True)
    second = Route(path="route.routes[1]", receiver="board")
    [event], notes = Dispatcher(routes(first, second), REGISTRY).offer(
        apply(book(), block([finding(LT1, 0, limit="h")])), T0
    )
    assert len(notes) == 1
    assert [row["reason"]["en"] for row in event.why["held"]] == ["told already by way of route.routes[0]"]


def test_a_receiver_hears_only_of_its_events_and_the_line_says_why_not() -> None:
    only = replace(LogSettings(), events=frozenset({Event.CLEARED}))
    rows = [finding(TT1, 0, limit="h"), finding(TT1, 1, limit="h", edge=Edge.RECOVERED)]
    events, notes = Dispatcher(routes(board=only), REGISTRY).offer(apply(book(), block(rows)), T0)
    assert [note.seq for note in notes] == [2]
    assert events[0].why["held"][0]["reason"]["en"] == "the receiver is not told of opened events"
    assert events[0].why["held"][0]["reason"]["zh"] == "该接收方不接收 opened 事件"


def test_red_is_never_held() -> None:
    only = replace(LogSettings(), events=frozenset({Event.CLOSED}))
    rows = [finding(TT1, 0, limit="h"), finding(TT1, 1, limit="design")]
    events, notes = Dispatcher(routes(board=only), REGISTRY).offer(apply(book(), block(rows)), T0)
    assert [(e.grade, e.event) for e in events] == [("yellow", "opened"), ("red", "escalated")]
    assert [note.seq for note in notes] == [2]
    assert notes[0].reason.en.endswith("a red alert is never held")


def test_a_route_to_nobody_tells_nobody_and_says_so() -> None:
    nobody = Route(path="route.routes[0]", receiver=None)
    [event], notes = Dispatcher(routes(nobody), REGISTRY).offer(
        apply(book(), block([finding(LT1, 0, limit="h")])), T0
    )
    assert notes == []
    assert msgspec.json.decode(event.line())["why"]["held"] == [
        {
            "receiver": None,
            "route": "route.routes[0]",
            "reason": {"zh": "该路由未设接收方", "en": "the route has no receiver"},
        }
    ]
