"""Each measure on a day made by hand, with the figure that a person would write down."""

from typing import Any

import pytest

from alerting.events import Grade
from registry.plant import Area, Plant, Text
from service.reports.bins import Flood
from service.reports.measures import Actor, Priority
from service.reports.report import By, Report
from service.reports.rules import Verdict, packaged_rules
from service.reports.tables import tables_of
from service.reports.tally import Person, Stale
from tests.service.reports.cases import (
    DAY_S,
    HOUR_S,
    MIN_S,
    NS,
    T0_S,
    acknowledged,
    burst,
    by,
    panel,
    period,
    raw,
    report,
    value,
)

# ---- what counts as an alarm


def test_activations_are_counted_and_not_lines() -> None:
    rows = [
        raw(10, "opened"),
        raw(20, "escalated", grade="red"),
        raw(30, "cleared", "rtnun"),
        raw(100, "reopened"),
        acknowledged(200, "li"),
        raw(210, "commented", "acked"),
        raw(300, "confirmed", "acked", confirmed=by("li", cause="process")),
        raw(400, "cleared", "closed"),
        raw(400, "closed", "closed"),
    ]
    found = report(rows)
    assert value(found.panel, "annunciated") == 2
    assert sum(found.lines.values()) == 9


@pytest.mark.parametrize(
    ("state", "why", "held"),
    [
        ("shelved", {}, {"shelved": 1}),
        ("suppressed", {}, {"suppressed": 1}),
        ("out_of_service", {}, {"out_of_service": 1}),
        ("unack", {"told": [], "held": [{"receiver": None}]}, {"routing": 1}),
    ],
)
def test_what_was_held_back_is_counted_apart(state: str, why: dict[str, Any], held: dict[str, int]) -> None:
    found = panel([raw(10, "opened", state, **why), raw(20, "opened", id_="b")])
    assert value(found, "annunciated") == 1
    assert value(found, "held") == 1
    assert dict(found.held) == held


def test_a_line_without_routing_and_one_partly_held_are_annunciated() -> None:
    partly: dict[str, Any] = {"told": [{"receiver": "a"}], "held": [{"receiver": "b"}]}
    rows = [raw(10, "opened", told=[], held=[]), raw(20, "opened", id_="b", **partly)]
    assert value(panel(rows), "annunciated") == 2


def test_only_activations_of_the_period_count() -> None:
    rows = burst([-1, 0, 10, HOUR_S - 0.001, HOUR_S, HOUR_S + 1])
    assert value(panel(rows, period(HOUR_S)), "annunciated") == 3


# ---- rates and floods


def test_rates() -> None:
    # 24 in the first hour of one day, one a minute; 24 more through the second day's first hour
    rows = burst([MIN_S * k for k in range(24)] + [DAY_S + MIN_S * 2 * k for k in range(24)])
    found = panel(rows, period(2 * DAY_S))
    assert value(found, "per_day_average") == 24
    assert value(found, "per_day_peak") == 24
    assert value(found, "per_hour_average") == 1
    assert value(found, "per_hour_peak") == 24
    assert value(found, "per_10min_average") == pytest.approx(1 / 6)
    assert value(found, "per_10min_peak") == 10
    assert value(found, "crowded_10min_share") == 0
    assert value(found, "floods") == 0
    assert found.by_day == (24, 24)


def test_crowded_periods_and_hours() -> None:
    rows = burst([*range(11)] + [HOUR_S + k * 100 for k in range(31)])
    found = panel(rows, period(10 * HOUR_S))
    assert value(found, "crowded_10min_share") == pytest.approx(100 / 60)
    assert value(found, "crowded_hour_share") == 10
    assert found.measure("crowded_10min_share").verdict is Verdict.MANAGEABLE
    assert found.measure("crowded_hour_share").verdict is Verdict.OVERLOADED


def test_a_flood_begins_above_ten_and_ends_below_five() -> None:
    # minutes 60..70: one each, so that minutes 60..69 hold ten and no flood begins; then two in minute 70
    rows = burst([MIN_S * k + 1 for k in range(60, 71)] + [MIN_S * 70 + 2])
    found = panel(rows)
    # minutes 61..70 hold eleven: it begins with minute 61; minutes 76..85 would hold none
    # at minute 77 the ten minutes 68..77 hold 68, 69, 70, 70: four
    assert found.floods == (Flood(start_minute=61, end_minute=77, count=11, peak=11),)
    assert value(found, "per_10min_peak") == 11
    assert value(found, "flood_share") == pytest.approx(100 * 16 / 1440)


def test_ten_in_ten_minutes_are_no_flood_wherever_the_clock_cuts() -> None:
    assert panel(burst([595 + k for k in range(10)])).floods == ()
    assert len(panel(burst([595 + k for k in range(11)])).floods) == 1


def test_a_flood_ends_with_the_period() -> None:
    found = panel(burst([HOUR_S - 60 + k for k in range(12)]), period(HOUR_S))
    assert found.floods == (Flood(start_minute=59, end_minute=60, count=12, peak=12),)


# ---- bad actors


def chatter(times_s: list[float], id_: str = "a") -> list[dict[str, object]]:
    rows = [raw(times_s[0], "opened", id_=id_)]
    for t_s in times_s[1:]:
        rows += [raw(t_s - 1, "cleared", "rtnun", id_=id_), raw(t_s, "reopened", id_=id_)]
    return rows


def test_three_within_a_minute_chatter() -> None:
    found = panel(chatter([0, 30, 60, 90, 1000, 1010, 1020]))
    assert found.chattering == (Actor(alarm=("e/LT-1", "high"), times=7, runs=2, first_ns=T0_S * NS),)
    assert value(found, "chattering_alarms") == 1
    assert panel(chatter([0, 30, 60.001])).chattering == ()


def test_chatter_is_of_one_alarm_even_over_several_occurrences() -> None:
    rows = []
    for k, id_ in enumerate("abc"):
        rows += [raw(10 * k, "opened", id_=id_), acknowledged(10 * k + 4, "li", id_=id_)]
        rows += [raw(10 * k + 5, "cleared", "closed", id_=id_), raw(10 * k + 5, "closed", "closed", id_=id_)]
    assert value(panel(rows), "chattering_alarms") == 1
    other = [row | {"sensor": f"e/{row['id']}"} for row in rows]
    assert value(panel(other), "chattering_alarms") == 0


def test_fleeting_returns_within_a_minute_without_an_action() -> None:
    rows = [
        *[raw(0, "opened"), raw(60, "cleared", "rtnun")],
        *[raw(100, "opened", id_="b", sensor="e/B"), raw(160.001, "cleared", "rtnun", id_="b", sensor="e/B")],
        *[raw(200, "opened", id_="c", sensor="e/C"), acknowledged(210, "li", id_="c", sensor="e/C")],
        *[raw(220, "cleared", "closed", id_="c", sensor="e/C"), raw(220, "closed", "closed", id_="c")],
    ]
    found = panel(rows)
    assert found.fleeting == (Actor(alarm=("e/LT-1", "high"), times=1, first_ns=T0_S * NS),)


def test_what_is_shelved_neither_chatters_nor_flees() -> None:
    rows = []
    for k in range(4):
        rows += [
            raw(10 * k, "opened", "shelved", id_=f"{k}"),
            raw(10 * k + 5, "cleared", "closed", id_=f"{k}"),
        ]
    found = panel(rows)
    assert value(found, "chattering_alarms") == value(found, "fleeting_alarms") == 0


def test_stale_alarms_by_day() -> None:
    # opened on the first day at 12:00, stale from the second at 12:00, cleared on the fourth at 01:00
    noon = 12 * HOUR_S
    rows = [raw(noon, "opened"), raw(3 * DAY_S + HOUR_S, "cleared", "rtnun")]
    rows += [raw(noon, "opened", id_="b", sensor="e/B"), raw(noon + DAY_S, "cleared", "rtnun", id_="b")]
    rows += [raw(4 * DAY_S, "opened", id_="c", sensor="e/C")]
    found = panel(rows, period(6 * DAY_S))
    assert found.stale_by_day == (0, 1, 1, 1, 0, 1)
    assert value(found, "stale_peak") == 1
    start = T0_S * NS
    assert found.stale == (
        Stale(
            alarm=("e/LT-1", "high"),
            since_ns=start + noon * NS,
            until_ns=start + (3 * DAY_S + HOUR_S) * NS,
        ),
        Stale(alarm=("e/C", "high"), since_ns=start + 4 * DAY_S * NS, until_ns=None),
    )


def test_an_alarm_that_stood_before_the_period_is_stale_in_it() -> None:
    found = panel([raw(0, "opened")], period(3 * DAY_S, 2 * DAY_S))
    assert found.stale_by_day == (1,)
    assert value(found, "annunciated") == 0
    assert value(found, "standing_mean") == 1


def test_what_is_shelved_is_not_stale_meanwhile_and_is_counted_once_a_day() -> None:
    rows = [
        raw(0, "opened"),
        raw(DAY_S + HOUR_S, "shelved", "shelved", person=by("li")),
        raw(DAY_S + 2 * HOUR_S, "unshelved", "unack"),
    ]
    assert panel(rows, period(2 * DAY_S)).stale_by_day == (0, 1)
    rows[1:] = [raw(HOUR_S, "shelved", "shelved", person=by("li"))]
    assert panel(rows, period(2 * DAY_S)).stale_by_day == (0, 0)


def test_days_are_those_of_the_zone() -> None:
    # 23:00 and 01:00 in Shanghai, which is 15:00 and 17:00 UTC
    rows = burst([15 * HOUR_S, 17 * HOUR_S])
    over = period(DAY_S * 5 / 3, -DAY_S / 3, "Asia/Shanghai")
    assert [day.day for day in over.days] == [25, 26]
    assert panel(rows, over).by_day == (1, 1)
    assert panel(rows).by_day == (2,)


def test_standing_and_shelved_over_time() -> None:
    rows = [
        raw(0, "opened"),
        raw(6 * HOUR_S, "opened", id_="b"),
        raw(12 * HOUR_S, "shelved", "shelved", id_="b", person=by("li")),
        raw(18 * HOUR_S, "cleared", "rtnun"),
    ]
    found = panel(rows)
    assert value(found, "standing_peak") == 2
    assert value(found, "standing_mean") == pytest.approx((6 + 12 + 6) / 24)
    assert value(found, "shelved_peak") == 1
    assert value(found, "shelved_mean") == pytest.approx(0.5)
    assert found.standing_by_hour == (1,) * 6 + (2,) * 6 + (1,) * 6 + (0,) * 6
    assert found.shelved_by_hour == (0,) * 12 + (1,) * 12
    assert dict(found.holds) == {("shelved", "li"): 1}


def test_the_ten_most_frequent() -> None:
    rows = [
        raw(100 * k + j, "opened", id_=f"{k}-{j}", sensor=f"e/{k:02}")
        for k in range(12)
        for j in range(k + 1)
    ]
    found = panel(rows)
    assert [actor.alarm[0] for actor in found.top] == [f"e/{k:02}" for k in range(11, 1, -1)]
    assert found.top[0].share == pytest.approx(100 * 12 / 78)
    assert value(found, "top_ten_share") == pytest.approx(100 * 75 / 78)


def test_priority_spread() -> None:
    grades = ["blue"] * 6 + ["yellow"] * 2 + ["orange"] + ["red"]
    rows = [raw(k, "opened", id_=f"{k}", grade=grade) for k, grade in enumerate(grades)]
    found = panel(rows)
    assert found.priorities[0] == Priority(grade=Grade.RED, count=1, share=10.0, wanted=1.0)
    assert [p.share for p in found.priorities] == [10, 10, 20, 60]
    assert value(found, "priority_deviation") == pytest.approx(20)
    assert found.measure("priority_deviation").verdict is Verdict.OVERLOADED


# ---- answers


def test_response_times_by_grade() -> None:
    rows = []
    for k in range(1, 21):
        rows += [
            raw(0, "opened", id_=f"{k}", grade="red"),
            acknowledged(10 * k, "li", id_=f"{k}", grade="red"),
        ]
    rows.append(raw(0, "opened", id_="never", grade="red"))
    found = panel(rows)
    red = found.acknowledged[0]
    assert (red.asked, red.answered, red.median_s, red.p90_s, red.p95_s) == (21, 20, 100, 180, 190)
    assert found.measure("acknowledge_p95_red").verdict is Verdict.MANAGEABLE
    assert value(found, "acknowledge_p95_blue") is None


def test_a_reopened_alarm_asks_anew_and_a_second_acknowledgement_does_not_count_again() -> None:
    rows = [
        raw(0, "opened"),
        raw(100, "cleared", "rtnun"),
        raw(200, "reopened"),
        acknowledged(205, "li"),
        raw(300, "escalated", grade="red"),
        acknowledged(900, "wang"),
    ]
    blue = panel(rows).acknowledged[3]
    assert (blue.asked, blue.answered, blue.median_s) == (2, 1, 5)


def test_the_share_acknowledged_in_time_leaves_out_what_is_not_due() -> None:
    rows = [raw(0, "opened", id_=one, grade="red") for one in ("in", "late", "never", "over")]
    rows += [raw(30, "closed", "closed", id_="over", grade="red")]  # closed before its minute was over
    rows += [acknowledged(60, "li", id_="in", grade="red"), acknowledged(60.1, "li", id_="late", grade="red")]
    rows += [raw(DAY_S - 59, "opened", id_="new", grade="red")]
    found = panel(rows)
    red, orange = found.acknowledged[:2]
    assert value(found, "in_time_share") == red.in_time == pytest.approx(100 / 3)
    assert red.share == 40
    assert (orange.share, orange.in_time) == (None, None)


def test_the_share_of_chattering_alarms_is_of_what_was_annunciated() -> None:
    rows = [raw(at_s, "opened", id_=f"{at_s}") for at_s in (0, 10, 20, 5000)]
    rows.append(raw(100, "opened", id_="other", sensor="e/B"))
    rows += [raw(200 + k, "opened", "shelved", id_=f"s{k}") for k in range(3)]
    assert value(panel(rows), "chattering_share") == 80


def test_a_share_of_nothing_is_a_dash() -> None:
    found = report([])
    shown = {row[0].text.en: row[1] for row in next(tables_of(found)).rows}
    for name in ("chattering_share", "in_time_share", "top_ten_share", "returned_unacknowledged_share"):
        measure = found.panel.measure(name)
        assert (measure.value, measure.verdict) == (None, None)
        assert shown[measure.text.en].text.en == "–"


@pytest.mark.parametrize("closed", [False, True])
def test_time_to_confirm_and_false_alarms(closed: bool) -> None:
    rows = [raw(0, "opened"), acknowledged(10, "li")]
    if closed:
        rows += [raw(20, "cleared", "closed"), raw(20, "closed", "closed")]
    rows += [
        raw(120, "confirmed", rows[-1]["state"], confirmed=by("li", cause="calibration", false_alarm=True))
    ]
    rows += [raw(200, "opened", id_="b"), raw(260, "confirmed", id_="b", confirmed=by("li", cause="process"))]
    found = panel(rows)
    assert (found.confirmed[3].answered, found.confirmed[3].median_s, found.confirmed[3].p95_s) == (
        2,
        60,
        120,
    )
    assert dict(found.causes) == {"calibration": 1, "process": 1}
    assert value(found, "false_alarm_share") == 50


def test_returned_unacknowledged() -> None:
    rows = [
        *[raw(0, "opened"), raw(100, "cleared", "rtnun"), acknowledged(200, "li", "closed")],
        *[raw(200, "closed", "closed")],
        *[raw(0, "opened", id_="b"), acknowledged(50, "li", id_="b"), raw(90, "cleared", "closed", id_="b")],
        *[raw(90, "closed", "closed", id_="b"), raw(0, "opened", id_="c"), raw(0, "opened", id_="d")],
    ]
    assert value(panel(rows), "returned_unacknowledged_share") == 25


def test_acknowledged_and_no_return_within_four_hours() -> None:
    after = 4 * HOUR_S + 100
    rows = []
    for id_, cleared_s in (("in", after), ("late", after + 1), ("never", None)):
        rows += [raw(0, "opened", id_=id_), acknowledged(100, "li", id_=id_)]
        if cleared_s:
            rows += [
                raw(cleared_s, "cleared", "closed", id_=id_),
                raw(cleared_s, "closed", "closed", id_=id_),
            ]
    rows += [raw(DAY_S - 200, "opened", id_="open"), acknowledged(DAY_S - 100, "li", id_="open")]
    assert value(panel(rows), "no_return_share") == pytest.approx(200 / 3)  # the last one is not known yet


def test_an_acknowledgement_within_two_seconds_is_marked() -> None:
    rows = []
    for k, after_s in enumerate((2.0, 2.001, 60)):
        rows += [raw(100 * k, "opened", id_=f"{k}"), acknowledged(100 * k + after_s, "li", id_=f"{k}")]
    rows += [raw(1000, "escalated", id_="2", grade="red"), acknowledged(1001, "li", id_="2")]
    found = panel(rows)
    assert dict(found.people) == {"li": Person(acknowledged=4, hasty=2, stamped=2)}
    assert value(found, "rubber_stamp_share") == 50
    assert found.measure("rubber_stamp_share").verdict is Verdict.OVERLOADED


def test_more_than_five_in_ten_seconds_by_one_person_are_marked() -> None:
    rows = burst([0] * 12)
    rows += [acknowledged(100 + 2 * k, "li", id_=f"b{k}") for k in range(6)]
    rows += [acknowledged(200 + 2.01 * k, "wang", id_=f"b{k + 6}") for k in range(6)]
    found = panel(rows)
    assert found.people["li"] == Person(acknowledged=6, hasty=0, stamped=6)
    assert found.people["wang"] == Person(acknowledged=6, hasty=0, stamped=0)


def test_two_people_together_are_no_burst() -> None:
    rows = burst([0] * 10) + [
        acknowledged(100 + k, "li" if k % 2 else "wang", id_=f"b{k}") for k in range(10)
    ]
    assert value(panel(rows), "rubber_stamp_share") == 0


def test_a_re_alarm_is_an_alarm_and_does_not_make_a_stale_one_young() -> None:
    rows = [raw(0, "opened")]
    for k in range(1, 10):
        at_s = k * 4 * HOUR_S
        rows += [acknowledged(at_s - 4 * HOUR_S + 100, "li"), raw(at_s, "reopened")]
    found = panel(rows, period(2 * DAY_S))
    assert value(found, "annunciated") == 10
    assert found.stale_by_day == (0, 1)
    assert value(found, "standing_peak") == 1
    assert value(found, "no_return_share") is None  # each was told again before its four hours were over


# ---- slices


def keys(of: Report, by: By) -> dict[str, float | None]:
    return {one.key: one.panel.measure("annunciated").value for one in of.slices[by]}


def test_slices() -> None:
    rows = [
        raw(0, "opened"),
        acknowledged(50, "li"),
        raw(100, "opened", id_="b", source=None, area="370202", sensor="e/B"),
        acknowledged(200, "wang", id_="b"),
        raw(300, "opened", id_="c", area=None, sensor=None, kind="system", system="store_down"),
    ]
    areas = {
        "370200": Area(code="370200", name=Text("青岛", "Qingdao")),
        "370202": Area(code="370202", name=Text("市南", "Shinan"), parent="370200"),
        "370211": Area(code="370211", name=Text("黄岛", "Huangdao"), parent="370200"),
    }
    found = report(rows, by=list(By), plant=Plant(areas=areas))
    assert keys(found, By.SOURCE) == {"S1": 2, "": 1}
    assert keys(found, By.ENTERPRISE) == {"e": 3}
    assert keys(found, By.AREA) == {"370200": 2, "370202": 1, "370211": 1, "": 1}
    assert keys(found, By.OPERATOR) == {"": 1, "li": 1, "wang": 1}
    assert found.slices[By.AREA][0].name == Text("青岛 370200", "Qingdao 370200")
    li = next(one.panel for one in found.slices[By.OPERATOR] if one.key == "li")
    assert li.acknowledged[3].median_s == 50
    assert [actor.alarm for actor in found.panel.top][-1] == ("store_down", "system")


# ---- what a reader is warned of


def english(of: Report) -> list[str]:
    assert all(text.zh and text.en for text in (*of.warnings, *of.notes))
    return [text.en for text in of.warnings]


def test_a_short_base_is_told() -> None:
    assert "30" in english(report([raw(-1, "opened")]))[0]
    assert english(report([raw(-1, "opened"), raw(5, "escalated")], period(30 * DAY_S))) == []


def test_an_empty_period_is_told_and_gives_no_verdict_on_nothing() -> None:
    found = report([])
    assert "there is no alert line before the period's end" in english(found)
    assert value(found.panel, "annunciated") == 0
    assert found.panel.measure("top_ten_share").verdict is None
    before = report([raw(-100, "opened"), raw(-50, "cleared", "rtnun")])
    assert any("those before are from 2025-11-24 23:58:20 UTC" in text for text in english(before))


def test_alerts_without_an_opening_are_told_and_stand() -> None:
    found = report([raw(HOUR_S, "escalated")])
    assert any("the opening of 1 of the alerts" in text for text in english(found))
    assert value(found.panel, "standing_peak") == 1
    assert value(found.panel, "annunciated") == 0


# ---- the limits


def test_a_limit_itself_is_on_the_better_side() -> None:
    limit = packaged_rules().limits["per_hour_average"]
    assert [limit.verdict(v) for v in (6, 6.01, 12, 12.01)] == [
        Verdict.ACCEPTABLE,
        Verdict.MANAGEABLE,
        Verdict.MANAGEABLE,
        Verdict.OVERLOADED,
    ]
    assert packaged_rules().limits["shelved_peak"].verdict(30) is Verdict.OVERLOADED


def test_every_limit_has_its_measure_and_its_source() -> None:
    names = {measure.name for measure in panel([]).measures}
    for name, limit in packaged_rules().limits.items():
        assert name in names
        assert limit.source
        assert limit.manageable is None or limit.manageable > limit.acceptable
