"""An alert's messages: which events make them, what refers to what, and what stands in them."""

from pathlib import Path
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

import pytest

from alerting.cap.making import MAX_REFERENCES, CapMaker, cap_time, event_of, identifier_of, steps
from alerting.cap.message import CapMessage, MessageType, Mode, Scope
from alerting.cap.settings import CapSettings
from alerting.cap.table import default_table
from alerting.cap.writing import to_xml
from alerting.events import AlertEvent, Family, Grade, Kind
from registry.sensors import SensorType
from tests.alerting.cap.checking import faults_of, parsed, text_of, texts_of
from tests.alerting.cap.events import ALERT, LIFE, SENDER, SITE, event, maker


def types_of(events: tuple[AlertEvent, ...]) -> list[tuple[int, str]]:
    return [(step.event.seq, step.message_type.value) for step in steps(events)]


def life(mode: Mode = Mode.ACTUAL) -> list[CapMessage]:
    return maker(mode).all(LIFE)


def test_a_life_is_an_alert_updates_and_a_cancel() -> None:
    assert types_of(LIFE) == [(1, "Alert"), (3, "Update"), (6, "Update"), (7, "Cancel")]


def test_each_message_refers_to_all_earlier_ones_of_its_alert() -> None:
    first, second, third, last = (
        f"{SENDER},{ALERT}.{seq},2026-11-25T12:00:{seq:02d}-00:00" for seq in (1, 3, 6, 7)
    )
    assert [message.references for message in life()] == [
        (),
        (first,),
        (first, second),
        (first, second, third),
    ]
    assert last.endswith(life()[-1].sent)


def test_the_end_of_the_danger_is_an_all_clear_and_the_end_of_the_alert_takes_all_back() -> None:
    told = [
        (info.urgency, info.severity, info.certainty, info.responses)
        for info in (message.infos[0] for message in life())
    ]
    assert told == [
        ("Expected", "Moderate", "Observed", ("Prepare", "Monitor")),
        ("Immediate", "Extreme", "Observed", ("Evacuate", "Shelter")),
        ("Past", "Extreme", "Observed", ("AllClear",)),
        ("Past", "Extreme", "Observed", ("AllClear",)),
    ]


def test_a_limit_that_is_only_foreseen_is_likely() -> None:
    foreseen = event(1, "opened", "unack", value=80.0, forecast_s=240.0)
    [info, _] = maker().all([foreseen])[0].infos
    assert info.certainty == "Likely"
    low = event(1, "opened", "unack", kind="low", value=4.0, limit=5.0)
    assert maker().all([low])[0].infos[0].certainty == "Observed"
    blind = event(1, "opened", "unack", value=None)
    assert maker().all([blind])[0].infos[0].certainty == "Likely"


def test_no_message_while_an_alert_is_held_and_the_first_one_is_an_alert_whenever_it_comes() -> None:
    events = (
        event(1, "opened", "suppressed"),
        event(2, "escalated", "suppressed"),
        event(3, "unsuppressed", "unack"),
        event(4, "shelved", "shelved"),
        event(5, "escalated", "shelved"),
        event(6, "unshelved", "unack"),
        event(7, "cleared", "rtnun"),
        event(8, "acknowledged", "closed"),
        event(9, "closed", "closed"),
    )
    assert types_of(events) == [(3, "Alert"), (6, "Update"), (7, "Update"), (9, "Cancel")]


def test_texts_tell_their_times_in_the_zone_of_the_site_and_machine_fields_stay() -> None:
    at = "2026-11-25T20:00:00.000Z"
    told = event(1, "opened", "unack", why={"seen": {"zh": f"自 {at}", "en": f"since {at}"}, "advice": None})
    zone = ZoneInfo("Asia/Shanghai")
    [message] = CapMaker(CapSettings(sender="a@b"), SITE, zone=zone).all([told])
    assert [one.description for one in message.infos] == [
        "自 2026-11-26 04:00:00 +0800",
        "since 2026-11-26 04:00:00 +0800",
    ]
    [as_before] = maker().all([told])
    assert (message.sent, message.infos[0].onset) == (as_before.sent, as_before.infos[0].onset)
    assert message.sent.endswith("-00:00")


def test_what_never_was_told_is_not_taken_back() -> None:
    events = (event(1, "opened", "suppressed"), event(2, "cleared", "closed"), event(3, "closed", "closed"))
    assert types_of(events) == []
    assert maker().newest(events) is None


def test_the_message_of_an_event_is_the_same_whatever_came_later() -> None:
    made = maker()
    assert made.of_event(LIFE[:3], 3) == made.of_event(LIFE, 3) == made.newest(LIFE[:5])
    assert made.of_event(LIFE, 2) is None
    assert made.of_event(LIFE, 99) is None


def test_a_message_that_many_came_before_refers_to_the_first_and_the_newest() -> None:
    events = [event(1, "opened", "unack", time="2026-11-25T12:00:00.000Z")]
    events += [
        event(seq, "escalated", "unack", time="2026-11-25T12:00:00.000Z")
        for seq in range(2, MAX_REFERENCES + 52)
    ]
    [*_, last] = maker().all(events)
    assert len(last.references) == MAX_REFERENCES
    assert f",{ALERT}.1," in last.references[0]
    assert f",{ALERT}.{MAX_REFERENCES + 50}," in last.references[-1]


def test_the_message_as_it_is_written() -> None:
    xml = to_xml(life()[1])
    assert faults_of(xml) == []
    root = parsed(xml)
    head = [text_of(root, name) for name in ("identifier", "sender", "sent", "status", "msgType", "scope")]
    assert head == [f"{ALERT}.3", SENDER, "2026-11-25T12:00:03-00:00", "Actual", "Update", "Restricted"]
    assert text_of(root, "note") is None
    assert texts_of(root, "info/language") == ["zh-CN", "en-US"]
    assert texts_of(root, "info/headline") == ["T-101 球罐液位高高报", "T-101 sphere level high-high"]
    assert texts_of(root, "info/event") == ["液位偏高", "level high"]
    assert texts_of(root, "info/senderName") == ["液化气公司", "LPG works"]
    assert texts_of(root, "info/instruction") == ["停止进料", "stop filling"]
    assert texts_of(root, "info/onset") == ["2026-11-25T11:58:30-00:00"] * 2
    assert texts_of(root, "info/area/areaDesc") == [
        "黄岛区液化气公司球罐区",
        "Huangdao LPG works sphere farm",
    ]
    assert texts_of(root, "info/area/circle") == ["35.960200,120.195100 1.000"] * 2
    assert texts_of(root, "info/area/geocode/valueName") == ["GB/T 2260"] * 2
    assert texts_of(root, "info/area/geocode/value") == ["370211"] * 2
    values = dict(
        zip(texts_of(root, "info/parameter/valueName"), texts_of(root, "info/parameter/value"), strict=True)
    )
    assert (values["hazwatch:grade"], values["hazwatch:value"]) == ("red", "92.1 %")


def test_categories_go_by_what_is_measured_and_a_sick_sensor_is_no_leak() -> None:
    def categories(**changes: str) -> tuple[str, ...]:
        return maker().all([event(1, "opened", "unack", **changes)])[0].infos[0].categories

    assert categories(sensor="lpg/GT-1") == ("Fire", "Env", "Safety")
    assert categories() == ("Safety", "Env")
    assert categories(sensor="lpg/GT-1", kind="dead") == ("Infra", "Safety")


def test_a_trouble_of_hazwatch_itself_is_for_those_who_run_it() -> None:
    own = event(
        1, "opened", "unack", kind="system", sensor=None, enterprise=None, source=None, area=None, value=None
    )
    root = parsed(to_xml(maker().all([own])[0]))
    assert (text_of(root, "status"), text_of(root, "info/category")) == ("System", "Infra")
    assert root.find(".//{*}area") is None
    assert text_of(parsed(to_xml(maker(Mode.TEST).all([own])[0])), "status") == "Test"


def test_the_incident_of_an_alert_is_named() -> None:
    why = {**LIFE[0].why, "incident": {"id": "b1946ac9", "size": 2}}
    assert maker().all([event(1, "opened", "unack", why=why)])[0].incidents == ("b1946ac9",)


@pytest.mark.parametrize("mode", [Mode.EXERCISE, Mode.TEST])
def test_a_drill_says_so_in_status_note_and_headline_and_has_identifiers_of_its_own(mode: Mode) -> None:
    for message in life(mode):
        root = parsed(to_xml(message))
        assert text_of(root, "status") == mode.value.capitalize()
        assert "并非真实报警" in (text_of(root, "note") or "")
        zh, en = texts_of(root, "info/headline")
        assert zh is not None
        assert en is not None
        assert (zh.startswith("【"), en.startswith("[")) == (True, True)
        assert message.identifier.endswith(f".{mode}")
        assert all(f".{mode}," in reference for reference in message.references)


def test_private_and_public_messages() -> None:
    private = maker(scope=Scope.PRIVATE, addresses=("duty@city.gov.cn", "two words")).all(LIFE)[0]
    assert faults_of(to_xml(private)) == []
    assert text_of(parsed(to_xml(private)), "addresses") == 'duty@city.gov.cn "two words"'
    public = parsed(to_xml(maker(scope=Scope.PUBLIC).all(LIFE)[0]))
    assert (text_of(public, "scope"), text_of(public, "restriction")) == ("Public", None)


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        (f"{ALERT}.7", (ALERT, 7)),
        (f"{ALERT}.7.test", (ALERT, 7)),
        ("a.7.actual", None),
        ("a", None),
        ("a.b", None),
        ("../a.1", None),
        ("a.1 ", None),
        ("a.٣", None),
    ],
)
def test_an_identifier_leads_back_to_its_event(identifier: str, found: tuple[str, int] | None) -> None:
    assert event_of(identifier) == found


@pytest.mark.parametrize("mode", list(Mode))
def test_identifiers_are_read_as_they_are_made(mode: Mode) -> None:
    assert event_of(identifier_of(LIFE[2], mode)) == (ALERT, 3)


def test_the_example_of_the_page_is_valid_and_what_is_made() -> None:
    page = (Path(__file__).parents[3] / "docs/cap.md").read_text("utf-8")
    example = page.split("```xml\n")[1].split("```")[0].encode()
    assert faults_of(example) == []
    shown, made = parsed(example), parsed(to_xml(maker(Mode.EXERCISE, contact="0532-8888 0000").all(LIFE)[1]))

    def leaves(root: Element) -> list[tuple[str, str]]:
        return [(one.tag, (one.text or "").strip()) for one in root.iter()]

    assert leaves(shown) == leaves(made)


def test_times_have_no_fraction_and_no_z() -> None:
    assert cap_time("2026-11-25T12:00:59.999Z") == "2026-11-25T12:00:59-00:00"


def test_the_table_has_a_row_for_everything_that_an_alert_can_be() -> None:
    table = default_table()
    assert set(table.grades) == set(table.over) == {grade.label for grade in Grade}
    assert set(table.kinds) == set(Kind)
    assert set(table.categories) <= {*SensorType, "any", Family.HEALTH, Family.SYSTEM}
    assert table.events["opened"] is MessageType.ALERT


def test_the_schema_refuses_what_the_standard_does() -> None:
    good = to_xml(life()[1]).decode()
    for old, new in (
        ("-00:00</sent>", "Z</sent>"),
        (":03-00:00</sent>", ":03.5-00:00</sent>"),
        (f"<sender>{SENDER}<", "<sender>a b<"),
        ("<urgency>Immediate<", "<urgency>Soon<"),
        ("<status>Actual</status>", ""),
        ("<certainty>Observed</certainty>", ""),
        ("35.960200,120.195100 1.000", "35.960200 120.195100"),
    ):
        assert old in good, old
        assert faults_of(good.replace(old, new).encode()) != [], new
