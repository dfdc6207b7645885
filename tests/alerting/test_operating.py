"""What people say of an alert, latching, re-alarm, chattering, fleeting, stale: case by case."""

import dataclasses

import pytest

from alerting.alarms_file import default_alarms
from alerting.book import AlertBook
from alerting.commands import (
    Acknowledge,
    AlertCommand,
    Assign,
    Check,
    CommandRefused,
    Comment,
    Confirm,
    Reset,
)
from alerting.events import AlertEvent, Grade
from alerting.grades_file import default_grades
from detectors.findings import Edge, Method
from registry.plant import Text
from tests.alerting.plant import GT1, LT1, LT2, REGISTRY, T0, TT1, S, apply, block, book, finding

OFF = Edge.RECOVERED
HOUR = 3600


def told(events: list[AlertEvent]) -> list[tuple[str, str]]:
    return [(e.event, e.state) for e in events]


def push(
    made: AlertBook, sensor: int, at_s: float, limit: str = "h", edge: Edge = Edge.RAISED
) -> list[AlertEvent]:
    return made.tick(T0 + int(at_s * S)) + apply(made, block([finding(sensor, at_s, limit=limit, edge=edge)]))


def do(made: AlertBook, command: AlertCommand, at_s: float = 5) -> list[AlertEvent]:
    return made.command(command, T0 + int(at_s * S))


def refused(made: AlertBook, command: AlertCommand) -> str:
    before = made.snapshot()
    with pytest.raises(CommandRefused) as caught:
        do(made, command)
    assert caught.value.text.zh
    assert made.snapshot() == before
    return caught.value.code


def test_a_gas_alarm_latches_until_it_is_acknowledged_and_reset_in_either_order() -> None:
    made = book()
    [opened] = push(made, GT1, 0)
    assert refused(made, Reset(alert=opened.id, by="li")) == "still_active"
    assert told(push(made, GT1, 100, "h", OFF)) == [("cleared", "lunak")]
    [view] = made.open_alerts()
    assert (view.latched, view.active) == (True, False)
    assert told(do(made, Acknowledge(alert=opened.id, by="li"), 101)) == [("acknowledged", "lackd")]
    assert refused(made, Acknowledge(alert=opened.id, by="li")) == "already_acknowledged"
    assert told(do(made, Reset(alert=opened.id, by="li"), 102)) == [("reset", "closed"), ("closed", "closed")]
    [second] = push(made, GT1, 500)
    push(made, GT1, 600, "h", OFF)
    assert told(do(made, Reset(alert=second.id, by="li"), 601)) == [("reset", "rtnun")]
    assert refused(made, Reset(alert=second.id, by="li")) == "not_latched"
    assert told(do(made, Acknowledge(alert=second.id, by="li"), 602))[-1] == ("closed", "closed")


def test_a_latched_alert_that_comes_back_is_itself_and_unacknowledged() -> None:
    made = book()
    [opened] = push(made, GT1, 0)
    do(made, Acknowledge(alert=opened.id, by="li"))
    assert told(push(made, GT1, 100, "h", OFF)) == [("cleared", "lackd")]
    [back] = push(made, GT1, 200)
    assert (back.id, back.event, back.state, back.why["acknowledged"]) == (
        opened.id,
        "reopened",
        "unack",
        None,
    )


def test_a_forecast_latches_nothing_and_rules_are_by_sensor_type_and_kind() -> None:
    made = book()
    apply(made, block([finding(GT1, 0, method=Method.FORECAST, limit="h", forecast_s=600)]))
    row = finding(GT1, 100, method=Method.FORECAST, limit="h", edge=OFF)
    assert told(apply(made, block([row]))) == [("cleared", "rtnun")]
    push(made, LT1, 0)
    assert told(push(made, LT1, 100, "h", OFF)) == [("cleared", "rtnun")]


def test_what_was_done_is_said_with_a_cause_once_and_also_of_a_closed_alert() -> None:
    made = book()
    [opened] = push(made, TT1, 0)
    assert refused(made, Confirm(alert=opened.id, by="li", cause="ghosts", action="x")) == "unknown_cause"
    assert refused(made, Confirm(alert="nobody", by="li", cause="other", action="x")) == "not_open"
    do(made, Acknowledge(alert=opened.id, by="li"))
    push(made, TT1, 100, "h", OFF)
    [said] = do(made, Confirm(alert=opened.id, by="wang", cause="false_alarm", action="更换探头"), 200)
    assert (said.event, said.state, said.id) == ("confirmed", "closed", opened.id)
    assert said.why["confirmed"] == {
        "by": "wang",
        "time": "2025-11-24T16:03:20.000Z",
        "cause": "false_alarm",
        "cause_name": {"zh": "误报", "en": "false alarm"},
        "false_alarm": True,
        "action": "更换探头",
    }
    assert refused(made, Confirm(alert=opened.id, by="li", cause="other", action="x")) == "already_confirmed"
    [note] = do(made, Comment(alert=opened.id, by="li", comment="已报修"), 300)
    assert (note.event, note.why["person"]["words"]) == ("commented", "已报修")
    assert note.why["confirmed"]["by"] == "wang"


def test_a_measure_that_was_carried_out_is_a_comment_that_names_it_and_can_be_taken_back() -> None:
    made = book()
    [opened] = push(made, TT1, 0)
    step = Text("停止加热", "stop heating")
    assert refused(made, Check(alert="nobody", by="li", step=step, done=True)) == "not_open"
    [said] = do(made, Check(alert=opened.id, by="li", step=step, done=True))
    assert (said.event, said.state) == ("commented", "unack")
    assert said.why["person"]["check"] == {"step": {"zh": "停止加热", "en": "stop heating"}, "done": True}
    assert said.why["person"]["words"] == "\u2713 停止加热 / stop heating"
    [back] = do(made, Check(alert=opened.id, by="wang", step=step, done=False))
    assert (back.why["person"]["check"]["done"], back.why["person"]["by"]) == (False, "wang")
    [next_line] = do(made, Comment(alert=opened.id, by="li", comment="x"))
    assert "check" not in next_line.why["person"]


def test_an_alert_is_assigned_until_it_is_given_to_another_or_closed() -> None:
    made = book()
    [opened] = push(made, TT1, 0)
    [said] = do(made, Assign(alert=opened.id, by="li", to="wang", comment="去现场"), 5)
    assert (said.event, said.state, said.why["person"]["words"]) == ("commented", "unack", "去现场")
    assert said.why["assigned"] == {"to": "wang", "by": "li", "time": "2025-11-24T16:00:05.000Z"}
    assert refused(made, Assign(alert=opened.id, by="bo", to="wang")) == "already_assigned"
    [seen] = do(made, Acknowledge(alert=opened.id, by="wang"), 6)
    assert seen.why["assigned"]["to"] == "wang", "each line says who sees to it"
    other = book()
    other.restore(made.snapshot())
    [view] = other.open_alerts()
    assert view.assigned is not None
    assert (view.assigned.to, view.assigned.by) == ("wang", "li")
    [moved] = do(other, Assign(alert=opened.id, by="wang", to="chen"), 7)
    assert moved.why["assigned"]["to"] == "chen"
    push(other, TT1, 100, "h", OFF)
    assert refused(other, Assign(alert=opened.id, by="li", to="li")) == "already_closed"
    [new] = push(other, TT1, 2000)
    assert "assigned" not in new.why
    assert other.open_alerts()[0].assigned is None


def test_a_view_says_whether_holding_the_alert_needs_a_second_person() -> None:
    made = book()
    push(made, TT1, 0, "h")
    push(made, GT1, 1, "h")
    assert [(v.event.sensor, v.safety_class) for v in made.open_alerts()] == [
        ("lpg/TT-1", False),
        ("lpg/GT-1", True),
    ]


def test_to_confirm_is_not_to_acknowledge_and_a_new_activation_asks_anew() -> None:
    made = book()
    [opened] = push(made, TT1, 0)
    assert told(do(made, Confirm(alert=opened.id, by="li", cause="release", action="堵漏"))) == [
        ("confirmed", "unack")
    ]
    push(made, TT1, 100, "h", OFF)
    [again] = push(made, TT1, 200)
    assert (again.event, "confirmed" in again.why) == ("reopened", False)
    [told_of] = made.open_alerts()
    assert told_of.confirmed is None
    assert [e.event for e in do(made, Confirm(alert=opened.id, by="li", cause="other", action="x"), 201)] == [
        "confirmed"
    ]


def test_an_acknowledged_alert_that_still_stands_is_told_again() -> None:
    made = book()
    [opened] = push(made, TT1, 0, "hh")
    do(made, Acknowledge(alert=opened.id, by="li"), 5)
    assert made.next_deadline_ns() == T0 + (4 * HOUR + 5) * S
    [again] = made.tick(T0 + 20 * HOUR * S)
    assert (again.event, again.state, again.time) == ("reopened", "unack", "2025-11-24T20:00:05.000Z")
    assert again.why["because"]["en"] == "still standing 4.0 h after li acknowledged it"
    assert made.next_deadline_ns() is None


def test_no_re_alarm_once_it_has_returned() -> None:
    made = book()
    [opened] = push(made, TT1, 0, "hh")
    do(made, Acknowledge(alert=opened.id, by="li"), 5)
    push(made, TT1, 100, "hh", OFF)
    assert made.next_deadline_ns() is None
    assert made.tick(T0 + 20 * HOUR * S) == []


def chatter(
    made: AlertBook, sensor: int, limit: str = "h", times: int = 6, acks: bool = False
) -> list[AlertEvent]:
    """Let a sensor cross and leave a limit again and again, 10 s apart."""
    events: list[AlertEvent] = []
    for i in range(times):
        events += push(made, sensor, 10 * i, limit)
        if acks and made.open_alerts()[0].state == "unack":
            events += do(made, Acknowledge(alert=made.open_alerts()[0].id, by="li"), 10 * i + 1)
        events += push(made, sensor, 10 * i + 5, limit, OFF)
    return events


def test_what_chatters_is_one_occurrence_with_a_mark_and_is_told_when_it_is_quiet() -> None:
    made = book()
    events = chatter(made, TT1, times=12)
    assert [e.event for e in events] == ["opened", "cleared", "reopened", "cleared", "reopened"]
    assert "chattering" not in events[2].why
    mark = events[4].why["chattering"]
    assert mark["proposed"] == {"on_delay_s": 20.0, "off_delay_s": 60}
    assert mark["text"]["zh"] == "频繁报警：60 秒内 3 次或以上；恢复须稳定 60 秒后通知"
    [view] = made.open_alerts()
    assert (view.active, view.reasons) == (True, [])
    [cleared] = made.tick(T0 + HOUR * S)
    assert (cleared.event, cleared.state, cleared.time) == ("cleared", "rtnun", "2025-11-24T16:02:55.000Z")
    assert cleared.why["chattering"]["activations"] == 12
    [place] = made.nuisances(T0 + HOUR * S)
    assert (place.subject, place.slot, place.activations) == ("lpg/TT-1", "process", 12)
    assert made.nuisances(T0 + 20 * HOUR * S) == []


def test_a_re_alarm_that_falls_into_a_held_return_is_told_once_it_is_abnormal_again() -> None:
    settings = dataclasses.replace(default_alarms(), realarm_s={Grade.YELLOW: 58.0})
    made = AlertBook(REGISTRY, default_grades(), settings)
    chatter(made, TT1, times=3)
    [view] = made.open_alerts()
    do(made, Acknowledge(alert=view.id, by="li"), 26)
    assert push(made, TT1, 60) == []
    assert push(made, TT1, 62, "h", OFF) == []
    assert made.tick(T0 + 84 * S) == []
    push(made, TT1, 90)
    assert told(made.tick(T0 + 130 * S)) == [("reopened", "unack")]


def test_what_chatters_and_is_acknowledged_is_few_occurrences() -> None:
    made = book()
    events = chatter(made, TT1, times=20, acks=True)
    assert [e.event for e in events].count("opened") == 3, "the third was found to chatter and stays"
    assert len(made.open_alerts()) == 1


def test_a_rise_of_what_chatters_is_told_at_once() -> None:
    made = book()
    chatter(made, TT1)
    assert told(push(made, TT1, 62, "hh")) == [("escalated", "unack")]


def test_nothing_of_a_red_alert_is_held_though_it_chatters_and_it_stays_one() -> None:
    made = book()
    push(made, LT2, 0, "hh")
    [opened, *_] = push(made, LT1, 1, "hh")
    events = [e for e in chatter(made, LT1, "hh", times=8, acks=False) if e.id == opened.id]
    assert [e.event for e in events if e.event in {"cleared", "reopened"}] == ["cleared", "reopened"] * 7 + [
        "cleared"
    ]


def test_an_acknowledged_red_alert_that_chatters_is_not_closed_in_between() -> None:
    made = book()
    push(made, LT2, 0, "hh")
    ids = set()
    for i in range(8):
        events = [e for e in push(made, LT1, 10 * i + 2, "hh") if e.sensor == "lpg/LT-101"]
        ids.add(events[0].id)
        do(made, Acknowledge(alert=events[0].id, by="li"), 10 * i + 3)
        push(made, LT1, 10 * i + 5, "hh", OFF)
    assert len(ids) == 3


def test_what_is_over_before_anybody_could_attend_is_marked_fleeting_and_told_at_once() -> None:
    made = book()
    push(made, TT1, 0)
    [cleared] = push(made, TT1, 20, "h", OFF)
    assert (cleared.event, cleared.why["fleeting"]["stood_s"]) == ("cleared", 20.0)
    assert cleared.why["fleeting"]["text"]["en"] == "stood for 20 s only and went unattended"
    assert "fleeting" not in push(made, TT1, 100)[0].why
    [late] = push(made, TT1, 161, "h", OFF)
    assert "fleeting" not in late.why


def test_stale_alerts_are_listed() -> None:
    made = book()
    [old] = push(made, TT1, 0)
    push(made, LT1, 2 * HOUR)
    assert [view.id for view in made.stale(T0 + 25 * HOUR * S)] == [old.id]
    assert made.stale(T0 + 24 * HOUR * S) == []


def test_the_settings_decide() -> None:
    rules = dataclasses.replace(default_alarms().nuisance, activations=2)
    settings = dataclasses.replace(default_alarms(), nuisance=rules, latching=(), realarm_s={})
    made = AlertBook(REGISTRY, default_grades(), settings)
    assert len(chatter(made, GT1)) == 3
    assert told(made.tick(T0 + HOUR * S)) == [("cleared", "rtnun")]
    [alert] = push(made, TT1, 2 * HOUR, "hh")
    do(made, Acknowledge(alert=alert.id, by="li"), 2 * HOUR)
    assert made.next_deadline_ns() is None


def test_a_dead_point_that_speaks_within_the_same_second_is_cleared_by_that_reading() -> None:
    made = book()
    dead = finding(TT1, 1.0, method=Method.DEAD, statistic=91, threshold=30)
    back = finding(TT1, 1.2, method=Method.DEAD, edge=OFF)
    assert told(apply(made, block([dead, back]))) == [("opened", "unack"), ("cleared", "rtnun")]
