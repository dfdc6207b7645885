"""One alert of a sensor's process with all its reasons, apart from the sensor's own troubles."""

import math
import re
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from alerting.advice import default_advice
from alerting.book import AlertBook
from alerting.book_state import SnapshotError
from alerting.commands import Acknowledge
from alerting.conditions import Condition, Other
from alerting.events import AlertEvent, Family, Kind, slot_of
from alerting.grades_file import default_grades
from alerting.methods import ABOUT
from alerting.reasons import sentence
from detectors.findings import Edge, Method
from registry.plant import SourceGrade, Text
from registry.plant_file import MEASURE_KEYS
from registry.sensors import SensorRegistry
from tests.alerting.plant import GT1, LT1, LT2, REGISTRY, T0, TT1, S, apply, block, book, finding

OFF = Edge.RECOVERED
OF_PROCESS = [method for method, about in ABOUT.items() if about.family is Family.PROCESS]
OF_HEALTH = [method for method, about in ABOUT.items() if about.family is Family.HEALTH]


def row(method: Method, at_s: float = 0, edge: Edge = Edge.RAISED, **more: Any) -> tuple[Any, ...]:
    figures: dict[str, Any] = {"statistic": 9.0, "threshold": 6.0, "value": 80.0, "window_s": 600.0}
    if method in {Method.LIMIT, Method.FORECAST}:
        figures |= {"limit": "h", "threshold": None if method is Method.LIMIT else 1800.0}
    if method is Method.FORECAST:
        figures |= {"forecast_s": 1200.0, "statistic": 1200.0}
    return finding(LT1, at_s, method=method, edge=edge, **(figures | more))


def told(events: list[AlertEvent]) -> list[tuple[str, str, str]]:
    return [(e.event, e.kind, e.grade) for e in events]


def methods(event: AlertEvent) -> list[str]:
    return [reason["method"] for reason in event.why["reasons"]]


def test_every_method_has_a_family_a_kind_and_every_kind_advice() -> None:
    assert set(ABOUT) == set(Method)
    assert all(about.kind is None or about.kind.family is about.family for about in ABOUT.values())
    assert set(default_advice()) == set(Kind)
    assert set(MEASURE_KEYS) == {"any", *(kind for kind in Kind if kind is not Kind.SYSTEM)}


def test_kinds_of_the_process_share_a_slot_and_all_others_have_their_own() -> None:
    slots = {kind: slot_of(kind) for kind in Kind}
    assert {slots[kind] for kind in Kind if kind.family is Family.PROCESS} == {"process"}
    assert all(slots[kind] == kind for kind in Kind if kind.family is not Family.PROCESS)
    assert "process" not in set(Kind)


@pytest.mark.parametrize("method", list(Method))
def test_every_method_says_what_it_means_in_both_languages(method: Method) -> None:
    [event] = apply(book(), block([row(method)]))
    [reason] = event.why["reasons"]
    assert list(reason) == [
        "method", "kind", "limit_name", "statistic", "threshold", "window_s", "value", "since", "onset", "text",
    ]  # fmt: skip
    assert (reason["method"], reason["kind"], reason["window_s"]) == (method.label, event.kind, 600.0)
    assert reason["text"]["en"].startswith("level is ")
    assert reason["text"]["zh"].startswith("液位")
    for text in (reason["text"], event.title, event.why["seen"], event.why["advice"]):
        assert re.search("[\u4e00-\u9fff]", text["zh"]) or text is event.why["advice"]
        assert not re.search("[\u4e00-\u9fff]", text["en"])
        assert not any("{" in words or "None" in words or "nan" in words for words in text.values())
    assert reason["text"]["en"].endswith(", looking back 10 min")
    assert b"NaN" not in event.line()


def test_the_numbers_of_a_reason_have_units() -> None:
    def en(method: Method, **more: Any) -> str:
        [event] = apply(book(), block([row(method, window_s=math.nan, **more)]))
        return str(event.why["reasons"][0]["text"]["en"])

    assert en(Method.RATE, statistic=0.02, threshold=0.01) == (
        "level is changing at 1.2 %/min, faster than the limit 0.6 %/min"
    )
    assert (
        en(Method.DRIFT, statistic=0.4, threshold=0.2)
        == "level is drifting from its partner by 0.4 % (limit 0.2 %)"
    )
    assert en(Method.STUCK, statistic=600, threshold=240) == (
        "level is stuck: it has not moved at all for 10 min; by its own past 4 min would be the most"
    )
    assert en(Method.CUSUM, statistic=-9, threshold=8).endswith("(CUSUM) -9σ, threshold 8σ")
    assert (
        en(Method.STEP, statistic=-3.5, threshold=2)
        == "level is off by a sudden step of -3.5 %, threshold 2 %"
    )
    assert en(Method.CLOCK, statistic=-200, threshold=30) == (
        "level is stamped by a clock that is off by 3 min, allowed 30 s"
    )
    assert en(Method.SATURATION, statistic=100, threshold=100).startswith(
        "level is resting at the end of what it can measure, 100 %"
    )
    assert en(Method.FORECAST, forecast_s=240) == (
        "level is expected to reach the high limit 85 % in about 4 min if the trend goes on"
    )


def test_other_sensors_that_take_part_are_named_with_their_shares() -> None:
    def condition(method: Method, *others: Other) -> Condition:
        return Condition(
            method=method, limit_name=None, limit_value=None, since_ns=T0, told_ns=T0, onset_ns=T0, value=1.0, statistic=0.4,
            threshold=0.2, forecast_s=None, window_s=None, score=None, others=others,
        )  # fmt: skip

    level = Text("液位", "level")
    partner = condition(Method.DRIFT, Other("lpg/LT-101B", 1.0))
    assert sentence(partner, level, "m") == Text(
        "液位相对冗余测点 LT-101B 偏离 0.4 m（限值 0.2 m）",
        "level is drifting from its partner LT-101B by 0.4 m (limit 0.2 m)",
    )
    group = condition(Method.T2, Other("lpg/FT-1", 0.61), Other("lpg/PT-1", 0.2))
    assert sentence(group, level, "m").en.endswith(", mostly by FT-1 61 %, PT-1 20 %")


def test_several_methods_on_one_sensor_are_one_alert_that_is_named_by_the_gravest() -> None:
    made = book()
    events = apply(
        made,
        block(
            [
                row(Method.ROBUST_Z, 0),
                row(Method.CUSUM, 1),
                row(Method.RATE, 2, statistic=0.02, threshold=0.01),
                row(Method.LIMIT, 3, value=85.5),
                row(Method.EWMA, 4),
                row(Method.LIMIT, 5, OFF, value=82.0),
                row(Method.RATE, 6, OFF),
                row(Method.ROBUST_Z, 7, OFF),
                row(Method.CUSUM, 8, OFF),
                row(Method.EWMA, 9, OFF, value=50.0),
            ]
        ),
    )
    assert told(events) == [
        ("opened", "anomaly", "blue"),
        ("escalated", "rate", "blue"),
        ("escalated", "high", "yellow"),
        ("deescalated", "rate", "blue"),
        ("deescalated", "anomaly", "blue"),
        ("cleared", "anomaly", "blue"),
    ]
    assert len({e.id for e in events}) == 1
    assert methods(events[2]) == ["limit", "rate", "cusum", "robust_z"]
    assert [(e.limit_name, e.limit) for e in events[2:4]] == [("h", 85.0), (None, None)]
    assert methods(events[4]) == ["cusum", "ewma", "robust_z"], "what came quietly is in the next line"
    assert events[4].title["en"] == "T-101 level down to shifted 80 % (CUSUM 9σ, threshold 6σ)"
    assert methods(events[5]) == []
    assert events[2].why["reasons"][1]["since"] == "2025-11-24T16:00:02.000Z"


def test_the_id_is_made_from_the_kind_at_the_opening_and_the_kind_of_now_is_found_again() -> None:
    first = book()
    apply(first, block([row(Method.ROBUST_Z, 0), row(Method.LIMIT, 1)]))
    second = book()
    second.restore(first.snapshot())
    [event] = apply(second, block([row(Method.LIMIT, 2, OFF)]))
    assert told([event]) == [("deescalated", "anomaly", "blue")]
    [alone] = apply(book(), block([row(Method.ROBUST_Z, 0)]))
    assert event.id == alone.id


@pytest.mark.parametrize("other", [method for method in OF_PROCESS if method is not Method.LIMIT])
def test_a_limit_goes_before_everything_else(other: Method) -> None:
    made = book()
    events = apply(made, block([row(Method.LIMIT, 0), row(other, 1)]))
    assert {(e.kind, e.limit_name) for e in events} == {("high", "h")}
    [view] = made.open_alerts()
    assert [reason["method"] for reason in view.reasons] == (
        # a forecast of a limit that is crossed already has nothing to say
        ["limit"] if other is Method.FORECAST else ["limit", other.label]
    )


def test_a_quiet_change_is_not_told_but_shown() -> None:
    made = book()
    apply(made, block([row(Method.LIMIT, 0)]))
    assert made.take_untold() == []
    assert apply(made, block([row(Method.CUSUM, 1)])) == []
    [view] = made.open_alerts()
    assert made.take_untold() == [view.id]
    assert made.take_untold() == []
    assert [reason["method"] for reason in view.reasons] == ["limit", "cusum"]
    assert methods(view.event) == ["limit"]
    [acked] = made.command(Acknowledge(alert=view.id, by="li"), T0 + 9 * S)
    assert methods(acked) == ["limit", "cusum"]


def test_the_limit_crossed_last_names_an_alert_that_is_beyond_both_sides() -> None:
    events = apply(
        book(),
        block(
            [
                row(Method.LIMIT, 0, limit="h"),
                row(Method.LIMIT, 1, limit="l", value=9),
                row(Method.LIMIT, 2, OFF, limit="l", value=50),
            ]
        ),
    )
    assert [(e.event, e.kind, e.limit_name) for e in events] == [
        ("opened", "high", "h"),
        ("escalated", "low", "l"),
        ("deescalated", "high", "h"),
    ]


def test_a_forecast_opens_the_alert_of_its_side_and_the_limit_never_makes_it_less_urgent() -> None:
    made = book()
    rows = [
        row(Method.FORECAST, 0, value=70, forecast_s=1200),
        row(Method.FORECAST, 900, value=82, forecast_s=290),
        row(Method.FORECAST, 1130, value=84.5, forecast_s=40),
        row(Method.LIMIT, 1190, value=85.1),
        row(Method.FORECAST, 1190, limit="hh", value=85.1, forecast_s=1200),
        row(Method.FORECAST, 1300, OFF, limit="hh", value=85.2),
        row(Method.LIMIT, 1400, OFF, value=83),
    ]
    events = apply(made, block(rows))
    assert told(events) == [
        ("opened", "high", "yellow"),
        ("escalated", "high", "orange"),
        ("escalated", "high", "orange"),
        ("cleared", "high", "orange"),
    ]
    assert [e.title["en"] for e in events] == [
        "T-101 level expected to reach the high limit 85 % in about 20 min, now 70 %",
        "T-101 level expected to reach the high limit 85 % in about 5 min, now 82 %",
        "T-101 level high 85.1 % (limit 85 %)",
        "T-101 level high cleared, now 83 %",
    ]
    assert events[0].title["zh"] == "T-101 球罐液位预计达到高限 85 %（约 20 分钟后），现 70 %"
    assert (events[0].limit, events[0].limit_name, events[0].forecast_s) == (85.0, "h", 1200.0)
    assert [e.why["grade"]["urgency_reason"]["en"] for e in events[:3]] == [
        "the high limit expected in about 20 min (within 30 min)",
        "the high limit expected in about 5 min (within 5 min)",
        "beyond the first limit (high limit), as was expected within 5 min",
    ]
    assert methods(events[2]) == ["limit"], "the forecast came true"
    assert events[2].why["reasons"][0]["since"] == "2025-11-24T16:19:50.000Z"


def test_a_forecast_that_ends_says_so() -> None:
    events = apply(
        book(),
        block([row(Method.FORECAST, 0), row(Method.FORECAST, 60, OFF, value=70), row(Method.FORECAST, 90)]),
    )
    assert [e.title["en"] for e in events[1:]] == [
        "T-101 level forecast of the high limit cleared, now 70 %",
        "T-101 level again expected to reach the high limit 85 % in about 20 min, now 80 %",
    ]


@pytest.mark.parametrize("seconds", [0.0, 0.4, 59.9])
def test_less_than_a_minute_is_never_said_in_seconds(seconds: float) -> None:
    [event] = apply(book(), block([row(Method.FORECAST, forecast_s=seconds)]))
    assert event.title == {
        "zh": "T-101 球罐液位预计达到高限 85 %（1 分钟内），现 80 %",
        "en": "T-101 level expected to reach the high limit 85 % within a minute, now 80 %",
    }
    assert (
        event.why["grade"]["urgency_reason"]["en"] == "the high limit expected within a minute (within 5 min)"
    )
    [crossed] = apply(book(), block([row(Method.LIMIT, forecast_s=seconds, value=86)]))
    assert crossed.title["en"] == "T-101 level high 86 % (limit 85 %), next limit within a minute"


def test_a_forecast_of_the_next_limit_makes_a_crossed_one_more_urgent() -> None:
    [opened, risen] = apply(
        book(), block([row(Method.LIMIT, 0), row(Method.FORECAST, 1, limit="hh", forecast_s=250, value=86)])
    )
    assert told([opened, risen]) == [("opened", "high", "yellow"), ("escalated", "high", "orange")]
    assert (risen.limit_name, risen.forecast_s) == ("h", 250.0)
    assert risen.title["en"] == "T-101 level high 86 % (limit 85 %), next limit in about 4 min"
    assert risen.why["grade"]["urgency_reason"]["en"].startswith(
        "the high-high limit expected in about 4 min"
    )


def test_a_forecast_is_counted_down_to_the_time_of_the_line_and_ends_when_it_has_run_out() -> None:
    made = book()
    [opened] = apply(made, block([row(Method.LIMIT, 0, forecast_s=100, value=86)]))
    [acked] = made.command(Acknowledge(alert=opened.id, by="li"), T0 + 30 * S)
    [confirmed] = apply(made, block([finding(LT2, 40, limit="hh", value=91)]))[1:]
    apply(made, block([finding(LT2, 50, limit="hh", edge=OFF, value=80)]))
    [again] = apply(made, block([finding(LT2, 200, limit="hh", value=91)]))[1:]
    assert [e.forecast_s for e in (opened, acked, confirmed, again)] == [100.0, 70.0, 60.0, None]
    assert [e.sensor for e in (confirmed, again)] == ["lpg/LT-101"] * 2
    assert "next limit in about 1 min" in confirmed.title["en"]


def test_a_forecast_alone_is_confirmed_by_nobody() -> None:
    made = book()
    near = row(Method.FORECAST, 0, value=84, forecast_s=200)
    apply(made, block([near, finding(LT2, 1, limit="hh", value=91)]))
    assert [view.event.why["grade"]["urgency"] for view in made.open_alerts()] == [3, 3]


@pytest.mark.parametrize("method", OF_HEALTH)
def test_a_trouble_of_the_sensor_is_an_alert_of_its_own_beside_that_of_the_process(method: Method) -> None:
    made = book()
    events = apply(made, block([row(Method.LIMIT, 0), row(method, 1), row(Method.ROBUST_Z, 2)]))
    assert told(events) == [("opened", "high", "yellow"), ("opened", events[1].kind, "blue")]
    assert ABOUT[method].kind == events[1].kind
    assert events[1].why["grade"]["urgency_reason"]["en"] == "trouble with the sensor itself"
    assert [len(view.reasons) for view in made.open_alerts()] == [2, 1]


def test_an_alert_of_a_sensor_that_falls_silent_stands_and_says_that_nothing_is_seen() -> None:
    made = book()
    apply(made, block([row(Method.LIMIT, 0), row(Method.T2, 0)]))
    made.take_untold()
    [dead] = apply(made, block([row(Method.DEAD, 30, value=math.nan, statistic=15, threshold=15)]))
    assert dead.kind == "dead"
    assert dead.why["seen"]["en"].endswith(
        "; its alert (high) stands and stays until the sensor can be read again"
    )
    assert dead.why["blind"] is None
    process, silent = made.open_alerts()
    assert process.blind is not None
    assert process.blind["since"] == "2025-11-24T16:00:29.000Z"
    assert "nothing says that it is safe" in process.blind["text"]["en"]
    assert silent.blind is None
    assert made.take_untold() == [process.id]

    ends = [row(Method.LIMIT, 40, OFF), row(Method.T2, 41, OFF)]
    assert apply(made, block(ends)) == [], "nothing ends unseen"
    assert all(view.active for view in made.open_alerts())
    [acked] = made.command(Acknowledge(alert=process.id, by="li"), T0 + 50 * S)
    assert (acked.state, acked.why["blind"]["since"]) == ("acked", "2025-11-24T16:00:29.000Z")

    restored = book()
    restored.restore(made.snapshot())
    back = block([row(Method.DEAD, 60, OFF, value=70.0)])
    events = apply(made, back)
    assert told(events) == [
        ("cleared", "dead", "blue"),
        ("deescalated", "anomaly", "blue"),
        ("cleared", "anomaly", "blue"),
        ("closed", "anomaly", "blue"),
    ]
    assert [e.value for e in events] == [70.0] * 4
    assert {e.time for e in events} == {"2025-11-24T16:01:00.000Z"}
    assert apply(restored, back) == events


def test_what_comes_back_while_the_sensor_is_silent_does_not_end_when_it_speaks() -> None:
    made = book()
    apply(made, block([row(Method.T2, 0), row(Method.DEAD, 30), row(Method.T2, 31, OFF), row(Method.T2, 32)]))
    assert told(apply(made, block([row(Method.DEAD, 60, OFF)]))) == [("cleared", "dead", "blue")]
    [process, _] = made.open_alerts()
    assert (process.active, process.blind) == (True, None)


def test_a_sensor_that_calls_its_own_readings_bad_ends_nothing_of_its_process() -> None:
    made = book()
    apply(made, block([row(Method.T2, 0), row(Method.QUALITY, 30)]))
    [process, bad] = made.open_alerts()
    assert (bad.kind, bad.blind) == ("bad_quality", None)
    assert process.blind is not None
    assert process.blind["since"] == "2025-11-24T16:00:29.000Z"
    assert apply(made, block([row(Method.T2, 31, OFF), row(Method.DEAD, 60)]))[0].kind == "dead"
    assert told(apply(made, block([row(Method.DEAD, 90, OFF)]))) == [("cleared", "dead", "blue")], "still bad"
    assert told(apply(made, block([row(Method.QUALITY, 99, OFF)]))) == [
        ("cleared", "bad_quality", "blue"),
        ("cleared", "anomaly", "blue"),
    ]


def test_one_that_is_uncertain_for_long_can_be_seen() -> None:
    made = book()
    apply(made, block([row(Method.T2, 0), row(Method.UNCERTAIN, 30)]))
    assert [view.blind for view in made.open_alerts()] == [None, None]


def test_an_alert_that_opens_on_a_silent_sensor_says_so_at_once() -> None:
    made = book()
    _, opened = apply(made, block([row(Method.DEAD, 0), row(Method.BALANCE, 5)]))
    assert (opened.kind, opened.why["blind"]["since"]) == ("anomaly", "2025-11-24T15:59:59.000Z")


def test_reasons_of_another_sensor_do_not_mix() -> None:
    made = book()
    apply(made, block([row(Method.CUSUM, 0), finding(TT1, 1, limit="h"), finding(GT1, 2, limit="h")]))
    assert [[r["method"] for r in view.reasons] for view in made.open_alerts()] == [
        ["cusum"],
        ["limit"],
        ["limit"],
    ]


def test_a_snapshot_of_the_layout_before_is_refused_by_its_number() -> None:
    made = book()
    apply(made, block([row(Method.LIMIT, 0)]))
    before = made.snapshot()
    seq, alerts, closed, _, *more = msgspec.msgpack.decode(before)
    with pytest.raises(SnapshotError, match="snapshot format 4; this version reads 5"):
        made.restore(msgspec.msgpack.encode([seq, [{"id": "of another shape"}], closed, 4]))
    assert made.snapshot() == before
    made.restore(msgspec.msgpack.encode([seq, alerts, closed, 5, *more]))


@pytest.mark.parametrize(
    ("forecast_s", "grade"), [(9000.0, "yellow"), (1800.0, "orange"), (301.0, "orange"), (300.0, "red")]
)
def test_a_forecast_alone_takes_the_grade_of_its_row_red_only_within_five_minutes(
    forecast_s: float, grade: str
) -> None:
    """The gravest column, Ⅰ; the row is told in the alert."""
    plant = replace(
        REGISTRY.plant, sources={"farm": replace(REGISTRY.plant.sources["farm"], grade=SourceGrade.I)}
    )
    made = AlertBook(SensorRegistry(REGISTRY.specs, plant), default_grades())
    [event] = apply(made, block([row(Method.FORECAST, forecast_s=forecast_s)]))
    assert (event.grade, event.why["grade"]["column"]) == (grade, "Ⅰ")
    assert event.why["grade"]["cell"] == grade
