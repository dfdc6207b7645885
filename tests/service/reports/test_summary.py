"""The daily and the monthly report, from hand-made lines."""

from datetime import date
from zoneinfo import ZoneInfo

from console.scope import Scope
from registry.plant import Area, Enterprise, Plant, Text
from service.reports.calendar import day_of, month_of
from service.reports.document import Document, Kind
from service.reports.making import scope_text
from service.reports.period import DAY_NS, Period
from tests.service.reports.cases import DAY_S, HOUR_S, acknowledged, burst, raw
from tests.service.reports.documents import document, rows, table, words

UTC_ZONE = ZoneInfo("UTC")


def made(kind: Kind, of: list[dict[str, object]], period: Period, **changes: object) -> Document:
    return document(kind, of, start_ns=period.start_ns, end_ns=period.end_ns, **changes)


DAY = day_of(date(2025, 11, 25), UTC_ZONE)


def test_a_day_is_told_beside_the_day_before() -> None:
    before = burst([-DAY_S + 10 * k for k in range(4)], grade="yellow")
    today = [raw(60 * k, "opened", id_=f"t{k}", grade="red") for k in range(3)]
    today += [acknowledged(100, "li", id_="t1", grade="red")]
    trends = {row[0]: row[1:] for row in words(table(made(Kind.DAILY, before + today, DAY), "trends"))}
    assert trends["annunciated alarms"] == ["3", "4", "−1"]
    assert trends["■ red alarms"] == ["3", "0", "+3"]
    assert trends["▼ yellow alarms"] == ["0", "4", "−4"]
    assert trends["time to acknowledge red, P95"] == ["40 s", "–", "–"]
    assert trends["floods"] == ["0", "0", "±0"]
    assert trends["availability of sensors"] == ["100 %", "100 %", "±0 pp"]


def test_alarms_are_counted_by_kind_and_grade() -> None:
    kinds = words(table(made(Kind.DAILY, rows(), DAY), "kinds"))
    assert kinds == [
        ["dead", "0", "0", "0", "1", "1"],
        ["high", "1", "0", "0", "0", "1"],
        ["hazwatch itself", "0", "0", "0", "1", "1"],
    ]


def test_lost_sensors_and_false_alarms_are_listed() -> None:
    report = made(Kind.DAILY, rows(), DAY)
    assert words(table(report, "availability")) == [["e/PT-9", "23.9 h", "99.7 %", "1", "still lost"]]
    assert words(table(report, "false_alarms")) == [
        ["2025-11-25 00:02:00", "Tank V-101 level high-high", "wang", "false alarm: 停止进料"]
    ]


def test_only_a_month_is_judged_and_says_when_it_is_short() -> None:
    month = month_of(2025, 11, UTC_ZONE)
    told = made(Kind.MONTHLY, burst(range(30)), month)
    peak = next(row for row in words(table(told, "trends")) if row[0] == "alarms in any 10 min, most")
    assert peak[1:] == ["30", "0", "+30", "✗ overloaded"]
    assert {name.en: text.en for name, text in told.head}["held against"].startswith("2025-10-01")
    assert any("first line" in text.en for text in told.warnings)
    assert all("at least 30" not in text.en for text in told.warnings), "November has 30 days"
    daily = made(Kind.DAILY, burst(range(30)), DAY)
    assert len(table(daily, "trends").head) == 4
    assert all("at least 30" not in text.en for text in daily.warnings)


def test_rates_are_of_the_time_that_was_watched() -> None:
    alarms = burst(range(6))
    month = month_of(2025, 11, UTC_ZONE)
    watched_ns = month.end_ns - 10 * DAY_NS
    per_day = {}
    for watched in (None, month.start_ns - 1, watched_ns):
        told = made(Kind.ALARMS, alarms, month, watched_from_ns=watched)
        rate = next(row for row in words(table(told, "measures")) if row[0] == "alarms per day, average")
        per_day[watched] = (rate[1], sum("nothing was watched before" in text.en for text in told.warnings))
    assert per_day == {None: ("0.2", 0), month.start_ns - 1: ("0.2", 0), watched_ns: ("0.6", 1)}
    before_all = made(Kind.ALARMS, alarms, month, watched_from_ns=month.end_ns)
    assert any("no alert line" in text.en or "first line" in text.en for text in before_all.warnings)


def test_an_account_of_one_enterprise_gets_counts_of_it_alone() -> None:
    foreign = [row | {"enterprise": "other", "sensor": "other/X"} for row in burst([5, 6])]
    own = [raw(7, "opened")]
    report = made(Kind.DAILY, foreign + own, DAY, scope=Scope(enterprise="e"))
    assert words(table(report, "trends"))[0][1] == "1"
    assert all("other" not in str(row) for one in report.tables for row in words(one))
    held = made(Kind.DAILY, [raw(7, "opened", area="370211"), raw(HOUR_S, "opened", id_="b", area="110101")], DAY,
                scope=Scope(area="370000"))  # fmt: skip
    assert words(table(held, "trends"))[0][1] == "1"


def test_a_scope_is_called_by_its_names() -> None:
    plant = Plant(
        areas={"370211": Area(code="370211", name=Text("黄岛区", "Huangdao"))},
        enterprises={"e": Enterprise(id="e", name=Text("甲厂", "Works A"))},
    )
    assert scope_text(Scope(), plant).en == "everything"
    assert scope_text(Scope(area="370211", enterprise="e"), plant) == Text(
        "黄岛区，甲厂", "Huangdao, Works A"
    )
    assert scope_text(Scope(enterprise="gone"), plant).zh == "gone"
