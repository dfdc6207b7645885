"""What the book tells of findings and commands, case by case."""

import math

import msgspec
import pytest

from alerting.book import AlertBook
from alerting.book_state import KEPT_CLOSED, SnapshotError
from alerting.commands import (
    Acknowledge,
    Assign,
    CommandRefused,
    Comment,
    Confirm,
    Place,
    PutInService,
    Reset,
    Shelve,
    Suppress,
    SystemCondition,
    TakeOutOfService,
    Unshelve,
    Unsuppress,
    decode_command,
    encode_command,
)
from alerting.events import AlertEvent, Grade
from detectors.findings import Edge, Method
from registry.plant import Text
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.alerting.plant import GT1, GT2, LONE, LT1, LT2, REGISTRY, T0, TT1, S, apply, block, book, finding

OFF = Edge.RECOVERED


def brief(events: list[AlertEvent]) -> list[tuple[str, str, str, str]]:
    return [(e.sensor or "-", e.event, e.state, e.grade) for e in events]


def ack(made: AlertBook, alert: str, by: str = "li", seq: int | None = None) -> list[AlertEvent]:
    return made.command(Acknowledge(alert=alert, by=by, seq=seq), T0 + 100 * S)


def test_one_side_is_one_alert_that_follows_its_gravest_limit() -> None:
    made = book()
    events = apply(
        made,
        block(
            [
                finding(LT1, 0, limit="h", value=85.5),
                finding(LT1, 1, limit="hh", value=90.5),
                finding(LT1, 2, limit="design", value=95.5),
                finding(LT1, 3, limit="design", edge=OFF, value=94),
                finding(LT1, 4, limit="hh", edge=OFF, value=88.9),
                finding(LT1, 5, limit="h", edge=OFF, value=84),
            ]
        ),
    )
    assert brief(events) == [
        ("lpg/LT-101", "opened", "unack", "yellow"),
        ("lpg/LT-101", "escalated", "unack", "orange"),
        ("lpg/LT-101", "escalated", "unack", "red"),
        ("lpg/LT-101", "deescalated", "unack", "orange"),
        ("lpg/LT-101", "deescalated", "unack", "yellow"),
        ("lpg/LT-101", "cleared", "rtnun", "yellow"),
    ]
    assert len({e.id for e in events}) == 1
    assert [e.seq for e in events] == [1, 2, 3, 4, 5, 6]
    down = events[4]
    assert (down.value, down.limit, down.limit_name) == (88.9, 85.0, "h"), (
        "the limit that the title speaks of"
    )
    assert "ended: above the high-high limit 90 %" in down.why["seen"]["en"]
    assert down.title == {
        "zh": "T-101 球罐液位降级，现为高报 88.9 %（限值 85 %）",
        "en": "T-101 level down to high 88.9 % (limit 85 %)",
    }


def test_the_line_is_complete_and_bilingual() -> None:
    [event] = apply(book(), block([finding(LT1, 0.25, limit="hh", forecast_s=700)]))
    line = msgspec.json.decode(event.line())
    assert list(line) == [
        "id", "seq", "time", "event", "state", "grade", "kind", "sensor", "enterprise", "source", "equipment",
        "area", "value", "unit", "limit", "limit_name", "forecast_s", "onset", "score", "title", "why",
    ]  # fmt: skip
    assert line["time"] == "2025-11-24T16:00:00.250Z"
    assert line["onset"] == "2025-11-24T15:59:59.250Z"
    assert (line["sensor"], line["enterprise"], line["source"], line["equipment"], line["area"]) == (
        "lpg/LT-101", "lpg", "farm", "T-101", "370211",
    )  # fmt: skip
    assert line["title"] == {
        "zh": "T-101 球罐液位高高报 92.1 %（限值 90 %），约 12 分钟后达下一限值",
        "en": "T-101 level high-high 92.1 % (limit 90 %), next limit in about 12 min",
    }
    assert line["why"] == {
        "seen": {
            "zh": "lpg/LT-101（球罐区，T-101 球罐）液位：92.1 %，高于高高限 90 %，始于 2025-11-24T15:59:59.250Z",
            "en": "lpg/LT-101 (sphere farm, T-101) level: 92.1 %, above the high-high limit 90 %, "
            "since 2025-11-24T15:59:59.250Z",
        },
        "onset": "2025-11-24T15:59:59.250Z",
        "reasons": [
            {
                "method": "limit",
                "kind": "high",
                "limit_name": "hh",
                "statistic": None,
                "threshold": 90.0,
                "window_s": None,
                "value": 92.1,
                "since": "2025-11-24T16:00:00.250Z",
                "onset": "2025-11-24T15:59:59.250Z",
                "text": {"zh": "液位高于高高限 90 %", "en": "level is above the high-high limit 90 %"},
            }
        ],
        "blind": None,
        "grade": {
            "urgency": 3,
            "urgency_reason": {
                "zh": "越过第二级限值（高高限）",
                "en": "beyond the second limit (high-high limit)",
            },
            "source_grade": "Ⅲ",
            "source_r": 37.5,
            "column": "Ⅲ",
            "column_reason": {
                "zh": "球罐区为 Ⅲ 级重大危险源（R=37.5）",
                "en": "sphere farm is a grade Ⅲ hazard source (R=37.5)",
            },
            "cell": "orange",
        },
        "told": [],
        "held": [],
        "advice": {"zh": "按卡处置", "en": "follow the card"},
        "acknowledged": None,
    }


def test_acknowledged_and_returned_is_closed_and_the_next_is_a_new_occurrence() -> None:
    made = book()
    [opened] = apply(made, block([finding(TT1, 0, limit="h")]))
    assert brief(ack(made, opened.id)) == [("lpg/TT-1", "acknowledged", "acked", "yellow")]
    events = apply(made, block([finding(TT1, 200, limit="h", edge=OFF), finding(TT1, 201, limit="h")]))
    assert [(e.event, e.state) for e in events] == [
        ("cleared", "closed"),
        ("closed", "closed"),
        ("opened", "unack"),
    ]
    assert events[1].id == opened.id
    assert events[2].id != opened.id
    assert events[2].why["acknowledged"] is None


def test_returned_then_acknowledged_is_closed() -> None:
    made = book()
    events = apply(made, block([finding(TT1, 0, limit="l", value=9), finding(TT1, 1, limit="l", edge=OFF)]))
    closing = ack(made, events[0].id)
    assert [(e.event, e.state, e.kind) for e in closing] == [
        ("acknowledged", "closed", "low"),
        ("closed", "closed", "low"),
    ]
    assert made.open_alerts() == []


def test_returned_and_abnormal_again_is_reopened_as_itself() -> None:
    made = book()
    rows = [finding(TT1, 0, limit="h"), finding(TT1, 1, limit="h", edge=OFF), finding(TT1, 2, limit="hh")]
    events = apply(made, block(rows))
    assert [(e.event, e.state, e.grade) for e in events] == [
        ("opened", "unack", "yellow"),
        ("cleared", "rtnun", "yellow"),
        ("reopened", "unack", "orange"),
    ]
    assert len({e.id for e in events}) == 1


def test_an_acknowledgement_never_carries_over_a_rise() -> None:
    made = book()
    [opened] = apply(made, block([finding(TT1, 0, limit="h")]))
    ack(made, opened.id)
    [risen] = apply(made, block([finding(TT1, 300, limit="hh")]))
    assert (risen.event, risen.state, risen.why["acknowledged"]) == ("escalated", "unack", None)
    [view] = made.open_alerts()
    assert view.acknowledged_by is None
    [again] = ack(made, opened.id, by="wang")
    assert again.why["acknowledged"] == {"by": "wang", "time": "2025-11-24T16:01:40.000Z", "comment": ""}


def test_a_fall_keeps_the_acknowledgement() -> None:
    made = book()
    opened, _ = apply(made, block([finding(TT1, 0, limit="h"), finding(TT1, 0, limit="hh")]))
    ack(made, opened.id)
    [fallen] = apply(made, block([finding(TT1, 300, limit="hh", edge=OFF, value=88)]))
    assert (fallen.event, fallen.state, fallen.why["acknowledged"]["by"]) == ("deescalated", "acked", "li")


def test_a_second_sensor_of_the_group_escalates_both_and_its_return_deescalates_the_other() -> None:
    made = book()
    rows = [
        finding(LT1, 0, limit="hh"),
        finding(LT2, 1, limit="h", value=86),
        finding(LT2, 2, limit="h", edge=OFF, value=80),
    ]
    events = apply(made, block(rows))
    assert brief(events) == [
        ("lpg/LT-101", "opened", "unack", "orange"),
        ("lpg/LT-102", "opened", "unack", "red"),
        ("lpg/LT-101", "escalated", "unack", "red"),
        ("lpg/LT-102", "cleared", "rtnun", "red"),
        ("lpg/LT-101", "deescalated", "unack", "orange"),
    ]
    assert events[2].why["grade"]["urgency_reason"]["en"] == "beyond the second limit, confirmed by LT-102"
    assert events[2].title["zh"].endswith("LT-102 印证")
    assert events[4].why["seen"]["en"].endswith("no longer confirmed by LT-102")


def test_of_two_confirmed_limits_the_outer_one_is_told() -> None:
    rows = [finding(LT2, 0, limit="h"), finding(LT1, 1, limit="h"), finding(LT1, 2, limit="hh")]
    events = apply(book(), block(rows))
    assert brief(events[2:]) == [
        ("lpg/LT-101", "escalated", "unack", "red"),
        ("lpg/LT-102", "escalated", "unack", "red"),
    ]
    assert events[2].title["en"] == "T-101 level high-high 92.1 % (limit 90 %), confirmed by LT-102"
    assert events[3].why["grade"]["urgency_reason"]["en"] == (
        "beyond the first limit, and LT-101 is beyond the second limit on the same side"
    )


def test_without_group_the_same_type_on_the_same_equipment_confirms() -> None:
    made = book()
    events = apply(made, block([finding(GT1, 0, limit="hh"), finding(GT2, 1, limit="hh")]))
    assert [e.grade for e in events] == ["orange", "red", "red"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param((LT1, "hh"), (LT2, "l"), id="other side"),
        pytest.param((LT1, "h"), (LT2, "h"), id="first limits only"),
        pytest.param((LT1, "hh"), (TT1, "hh"), id="not of the group"),
        pytest.param((LONE, "hh"), (LT1, "h"), id="alone"),
    ],
)
def test_what_does_not_confirm(first: tuple[int, str], second: tuple[int, str]) -> None:
    events = apply(
        book(), block([finding(first[0], 0, limit=first[1]), finding(second[0], 1, limit=second[1])])
    )
    assert [e.event for e in events] == ["opened", "opened"]
    assert all(e.why["grade"]["urgency"] < 4 for e in events)


@pytest.mark.parametrize(
    ("row", "kind", "urgency"),
    [
        (finding(LT1, 0, method=Method.RATE, statistic=0.02, threshold=0.01), "rate", 1),
        (
            finding(LT1, 0, method=Method.RATE, limit="h", statistic=0.02, threshold=0.01, forecast_s=1800),
            "rate",
            2,
        ),
        (
            finding(LT1, 0, method=Method.RATE, limit="h", statistic=0.02, threshold=0.01, forecast_s=300),
            "rate",
            3,
        ),
        (finding(LT1, 0, method=Method.ROBUST_Z, statistic=7, threshold=6), "anomaly", 1),
        (finding(LT1, 0, method=Method.OUT_OF_RANGE, value=120, threshold=100), "out_of_range", 1),
        (finding(GT1, 0, method=Method.DEAD, value=math.nan, statistic=91, threshold=30), "dead", 1),
        (finding(LT1, 0, limit="l", value=9, forecast_s=299), "low", 3),
        (finding(LT1, 0, limit="ll", value=4), "low", 3),
    ],
)
def test_kind_and_urgency_of_every_method(row: tuple[object, ...], kind: str, urgency: int) -> None:
    [event] = apply(book(), block([row]))
    assert event.kind == kind
    assert event.why["grade"]["urgency"] == urgency
    assert all(
        event.title[lang] and event.why["seen"][lang] and event.why["advice"][lang] for lang in ("zh", "en")
    )
    assert b"NaN" not in event.line()


def test_a_rate_finding_names_the_limit_that_it_is_heading_for() -> None:
    row = finding(
        LT1, 0, method=Method.RATE, limit="h", statistic=0.02, threshold=0.01, forecast_s=240, value=80
    )
    [event] = apply(book(), block([row]))
    assert (event.limit, event.limit_name, event.forecast_s) == (85.0, "h", 240.0)
    assert (
        event.title["en"]
        == "T-101 level changing fast 1.2 %/min (limit 0.6 %/min), at 80 %, limit in about 4 min"
    )


def test_a_forecast_names_the_limit_that_the_mode_has_set() -> None:
    row = finding(
        LT1, 0, method=Method.FORECAST, limit="h", bound=80.0, threshold=1800, forecast_s=600, value=70
    )
    [event] = apply(book(), block([row]))
    assert (event.limit, event.limit_name) == (80.0, "h"), "not the 85 of the points table"
    assert "80 %" in event.title["en"]


def test_a_sensor_without_a_known_source_takes_the_column_of_the_settings_and_says_so() -> None:
    [event] = apply(book(), block([finding(LONE, 0, limit="hh", value=2.5)]))
    grade = event.why["grade"]
    assert (grade["source_grade"], grade["source_r"], grade["column"], grade["cell"]) == (
        None,
        None,
        "Ⅲ",
        "orange",
    )
    assert "not known" in grade["column_reason"]["en"]
    assert (event.enterprise, event.area, event.unit) == (None, None, None)


def test_a_source_below_the_critical_quantity_says_so() -> None:
    registry = SensorRegistry(
        (SensorSpec(id="lpg/p", sensor="p", enterprise="lpg", type=SensorType.PRESSURE, source="shed"),),
        REGISTRY.plant,
    )
    made = AlertBook(registry, book()._grades)
    [event] = apply(made, block([finding(0, 0, limit="h")]))
    assert "S=0.4 < 1" in event.why["grade"]["column_reason"]["en"]


def test_findings_that_change_nothing_are_not_told() -> None:
    made = book()
    rows = [
        finding(LT1, 0, limit="h", edge=OFF),
        finding(LT1, 1, limit="hh"),
        finding(LT1, 2, limit="h"),
        finding(LT1, 3, limit="h", edge=OFF),
        finding(LT1, 4, limit="hh"),
    ]
    assert [e.event for e in apply(made, block(rows))] == ["opened"]


@pytest.mark.parametrize("seq", [None, 1])
def test_acknowledge_on_the_newest_state(seq: int | None) -> None:
    made = book()
    [opened] = apply(made, block([finding(LT1, 0, limit="h")]))
    assert [e.event for e in ack(made, opened.id, seq=seq)] == ["acknowledged"]


def test_commands_that_are_refused_say_why_and_change_nothing() -> None:
    made = book()
    opened, risen = apply(made, block([finding(LT1, 0, limit="h"), finding(LT1, 1, limit="hh")]))
    before = made.snapshot()
    for command, code, says in [
        (Acknowledge(alert="nobody", by="li"), "not_open", "nobody"),
        (Acknowledge(alert=opened.id, by="li", seq=opened.seq), "moved_on", f"now {risen.seq}"),
    ]:
        with pytest.raises(CommandRefused) as refused:
            made.command(command, T0)
        assert (refused.value.code, says in refused.value.text.en, bool(refused.value.text.zh)) == (
            code,
            True,
            True,
        )
        assert made.snapshot() == before
    ack(made, opened.id, by="li")
    before = made.snapshot()
    with pytest.raises(CommandRefused, match="already_acknowledged: li acknowledged it at 2025") as twice:
        ack(made, opened.id, by="wang")
    assert twice.value.text.zh == "li 已于 2025-11-24T16:01:40.000Z 确认"
    assert made.snapshot() == before


def test_a_late_acknowledgement_of_a_closed_alert_is_told_who_was_first() -> None:
    made = book()
    opened, _ = apply(made, block([finding(LT1, 0, limit="h"), finding(LT1, 1, limit="h", edge=OFF)]))
    ack(made, opened.id, by="li")
    with pytest.raises(CommandRefused, match=r"already_closed: .* li acknowledged"):
        ack(made, opened.id, by="wang")


def test_a_restored_book_knows_who_closed_and_forgets_what_it_knew_itself() -> None:
    first = book()
    opened, _ = apply(first, block([finding(LT1, 0, limit="h"), finding(LT1, 1, limit="h", edge=OFF)]))
    ack(first, opened.id, by="li")
    second = book()
    apply(second, block([finding(LT1, 0, limit="hh")]))
    second.restore(first.snapshot())
    with pytest.raises(CommandRefused, match=r"already_closed: .* li acknowledged"):
        ack(second, opened.id, by="wang")
    [alone] = apply(second, block([finding(LT2, 5, limit="hh")]))
    assert alone.grade == "orange", "the crossing of LT-101 belonged to the state that was given up"


def test_troubles_of_hazwatch_itself_are_alerts_too() -> None:
    made = book()

    def tell(active: bool, grade: Grade = Grade.ORANGE) -> list[AlertEvent]:
        detail = Text("与消息服务器失去连接", "connection to the broker lost")
        return made.command(
            SystemCondition(name="broker_lost", active=active, detail=detail, grade=grade), T0
        )

    assert tell(active=False) == []
    [opened] = tell(active=True)
    assert (opened.kind, opened.sensor, opened.grade, opened.title["en"], opened.why["system"]) == (
        "system", None, "orange", "connection to the broker lost", "broker_lost",
    )  # fmt: skip
    assert tell(active=True) == []
    [risen] = tell(active=True, grade=Grade.RED)
    assert (risen.event, risen.grade) == ("escalated", "red")
    [acked] = ack(made, opened.id)
    assert acked.title["en"] == "connection to the broker lost (acknowledged)"
    assert [e.event for e in tell(active=False)] == ["cleared", "closed"]
    assert made.open_alerts() == []


def test_two_openings_within_one_nanosecond_have_two_ids() -> None:
    made = book()
    ids = []
    for _ in range(3):
        [opened] = apply(made, block([finding(LT1, 0, limit="h")]))
        made.command(Acknowledge(alert=opened.id, by="li"), T0)
        apply(made, block([finding(LT1, 0, limit="h", edge=OFF)]))
        ids.append(opened.id)
    assert len(set(ids)) == 3


def test_the_book_forgets_what_is_closed() -> None:
    made = book()
    for i in range(KEPT_CLOSED + 50):
        [opened] = apply(made, block([finding(LT1, 100 * i, limit="h")]))
        ack(made, opened.id)
        apply(made, block([finding(LT1, 100 * i + 0.5, limit="h", edge=OFF)]))
    assert made.open_alerts() == []
    assert len(made._alerts.closed.entries()) == KEPT_CLOSED
    assert len(made._alerts._key_of_id) == 0
    assert made.take_untold() == []
    assert len(made._book.peers._beyond) == len(made._book.peers._far) == 0


@pytest.mark.parametrize("body", [b"", b"\xc1", b"[]", b"\x90"])
def test_a_damaged_snapshot_is_refused_and_changes_nothing(body: bytes) -> None:
    made = book()
    apply(made, block([finding(LT1, 0, limit="h")]))
    before = made.snapshot()
    with pytest.raises(SnapshotError):
        made.restore(body)
    assert made.snapshot() == before


def test_alerts_of_sensors_that_are_gone_are_left_out_of_a_snapshot() -> None:
    made = book()
    apply(made, block([finding(LT1, 0, limit="h")]))
    other = AlertBook(SensorRegistry(()), made._grades)
    other.restore(made.snapshot())
    assert other.open_alerts() == []
    assert other.last_seq == made.last_seq


def test_commands_survive_the_journal() -> None:
    for command in (
        Acknowledge(alert="a", by="李", seq=3, comment="已派人"),
        Confirm(alert="a", by="li", cause="other", action="换探头"),
        Comment(alert="a", by="li", comment="x"),
        Assign(alert="a", by="li", to="王"),
        Reset(alert="a", by="li"),
        Shelve(by="li", reason="x", sensor="e/s", slot="dead", for_s=60, one_shot=True, second="wang"),
        Unshelve(by="li", alert="a"),
        Suppress(condition="empty", place=Place(kind="equipment", id="T"), by="li", reason="x"),
        Unsuppress(condition="empty", place=Place(kind="source", id="f"), by="li"),
        TakeOutOfService(place=Place(kind="sensor", id="e/s"), permit="P", until_ns=5, by="li", reason="x"),
        PutInService(place=Place(kind="sensor", id="e/s"), permit="P", by="li"),
        SystemCondition(name="disk", active=True, detail=Text("盘满", "disk full"), grade=Grade.RED),
    ):
        assert decode_command(encode_command(command)) == command
    with pytest.raises(msgspec.ValidationError):
        decode_command(b'{"command":"acknowledge","alert":"a","by":""}')


def test_two_instruments_of_one_vessel_beyond_their_second_limits_confirm_each_other() -> None:
    made = book()
    apply(made, block([finding(LT2, 0, limit="h"), finding(LT2, 1, limit="hh")]))
    [first] = apply(made, block([finding(TT1, 2, limit="h")]))
    assert first.why["grade"]["urgency"] == 2, "beyond the first limit is not enough"
    events = apply(made, block([finding(TT1, 3, limit="ll")]))
    assert [(e.sensor, e.why["grade"]["urgency"]) for e in events] == [("lpg/TT-1", 4), ("lpg/LT-102", 4)]
    assert events[1].why["seen"]["en"].endswith("confirmed by TT-1")
    restored = book()
    restored.restore(made.snapshot())
    back = block([finding(LT2, 9, limit="hh", edge=OFF)])
    events = apply(made, back)
    assert [(e.sensor, e.why["grade"]["urgency"]) for e in events] == [("lpg/LT-102", 2), ("lpg/TT-1", 3)]
    assert apply(restored, back) == events
