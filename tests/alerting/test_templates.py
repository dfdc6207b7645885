"""Templates: what they see, what they may not do, and that every fault names its line."""

import contextlib
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from alerting.events import Event, Grade
from alerting.notification import Notification
from alerting.notify.samples import faults_of, sample_notifications
from alerting.notify.settings import TemplateText
from alerting.notify.template import Template, TemplateFault, packaged, plain_words, view_of
from alerting.notify.wording import Wording
from alerting.notify.words import WORDS
from registry.plant import Text

NOTES = list(sample_notifications())
NOTE, LARGE, GROUP, RESOLVED = NOTES[0], NOTES[-3], NOTES[-2], NOTES[-1]
TITLE = "{% set title = 'x' %}"


def render(source: str, note: Notification = NOTE) -> str:
    return Template(TemplateText("t.j2", TITLE + source)).render(note).body


@pytest.mark.parametrize("name", ["mail", "chat"])
def test_what_is_packaged_can_say_everything(name: str) -> None:
    assert faults_of(packaged(name)) == []
    template = Template(packaged(name))
    for note in NOTES:
        words = template.render(note)
        assert "\n" not in words.title
        for title in view_of(note)["alert"]["title"].values():
            assert title in words.body
        assert "\n\n\n" not in words.body
        for reason in ("样例", "a sample"):
            assert reason in words.body


def test_samples_have_every_event_alone_and_in_groups() -> None:
    bodies = [json.loads(note.body) for note in NOTES]
    assert {body["event"] for body in bodies if "event" in body} == {str(event) for event in Event}
    assert {body["status"] for body in bodies if "alerts" in body} == {
        "firing",
        "resolved",
        "silence_ending",
    }
    assert {None, "lpg/LT-101"} == {body["sensor"] for body in bodies if "event" in body}


def test_every_event_and_grade_has_words() -> None:
    assert {str(event) for event in Event} | {grade.label for grade in Grade} <= WORDS.keys()
    assert all(words.zh and words.en and words.zh != words.en for words in WORDS.values())


def test_one_alert_and_a_group_have_the_same_names() -> None:
    source = "{{ alerts|length }} {{ status }} {{ alert.grade }} {{ group is none }} {{ person }} {{ reason.zh }} {{ receiver }}"
    assert render(source) == "1 firing orange True zhang 样例 duty"
    assert render(source, GROUP).endswith(" firing orange False None 样例 duty")
    assert render("{{ status }}", RESOLVED) == "resolved"
    assert (
        render(
            "{{ status }}", msgspec.structs.replace(NOTE, body=NOTE.body.replace(b'"opened"', b'"cleared"'))
        )
        == "resolved"
    )


def test_a_group_that_does_not_say_how_it_stands_is_over_when_all_of_it_is() -> None:
    body = json.loads(GROUP.body)
    del body["status"], body["group"]
    assert (
        render(
            "{{ status }} {{ group is none }}", msgspec.structs.replace(GROUP, body=json.dumps(body).encode())
        )
        == "firing False"
    )
    body["alerts"] = [{**body["alerts"][0], "event": "cleared"}]
    assert (
        render("{{ status }}", msgspec.structs.replace(GROUP, body=json.dumps(body).encode())) == "resolved"
    )


@pytest.mark.parametrize(("name", "listed"), [("mail", 50), ("chat", 8)])
def test_what_a_large_group_does_not_list_is_counted(name: str, listed: int) -> None:
    shown = len(json.loads(LARGE.body)["alerts"])
    words = Template(packaged(name)).render(LARGE)
    assert f" {shown + 1234}" in words.title or f"：{shown + 1234}" in words.title
    assert f" {shown + 1234 - listed}" in words.body
    few = msgspec.structs.replace(
        GROUP,
        body=json.dumps(
            {**json.loads(GROUP.body), "omitted": 0, "alerts": [json.loads(NOTE.body)] * 3}
        ).encode(),
    )
    assert "另有" not in Template(packaged(name)).render(few).body
    assert "未列出" not in Template(packaged(name)).render(few).body


def test_the_gravest_of_a_group_is_the_alert() -> None:
    body = json.loads(GROUP.body)
    body["alerts"][3] |= {"grade": "red", "id": "the red one"}
    note = msgspec.structs.replace(GROUP, body=json.dumps(body).encode())
    assert render("{{ alert.id }}", note) == "the red one"


def test_times_are_shown_in_the_zone_of_the_receiver() -> None:
    text = TemplateText("t.j2", TITLE + "{{ alert.time|local }}")
    assert Template(text).render(NOTE).body == "2026-03-01 04:05:06 UTC"
    assert Template(text, "Asia/Shanghai").render(NOTE).body == "2026-03-01 12:05:06 +0800"


def test_times_inside_texts_are_shown_in_the_zone_of_the_receiver_and_those_of_lines_are_left() -> None:
    line = json.loads(NOTE.body)
    line["time"] = "2026-03-01T20:05:06.789Z"
    line["why"]["seen"] = {
        "zh": "始于 2026-03-01T20:05:06.789Z",
        "en": "since 2026-03-01T20:05:06.789Z",
    }
    note = msgspec.structs.replace(
        NOTE,
        body=msgspec.json.encode(line),
        reason=Text("至 2026-03-02T00:00:00.000Z", "until 9999-12-31T23:59:59.000Z"),
    )
    source = (
        TITLE
        + "{{ alert.why.seen.zh }}|{{ alert.why.seen.en }}|{{ reason.zh }}|{{ reason.en }}|{{ alert.time }}"
    )
    seen_zh, seen_en, zh, en, time = (
        Template(TemplateText("t.j2", source), "Asia/Shanghai").render(note).body.split("|")
    )
    assert (seen_zh, seen_en) == ("始于 2026-03-02 04:05:06 +0800", "since 2026-03-02 04:05:06 +0800")
    assert zh == "至 2026-03-02 08:00:00 +0800"
    assert (en, time) == ("until 9999-12-31T23:59:59.000Z", "2026-03-01T20:05:06.789Z")


def test_a_title_is_one_line_and_bounded() -> None:
    text = TemplateText("t.j2", "{% set title %}a\r\nBcc: x@y\n{{ alert.title.zh }}{% endset %}b")
    assert Template(text).render(NOTE).title == "a Bcc: x@y T-101 球罐液位高高报 92.1 %"
    assert (
        len(Template(TemplateText("t.j2", f"{{% set title = '{'x' * 900}' %}}b")).render(NOTE).title) == 200
    )


def test_what_templates_can_use() -> None:
    assert (
        render(
            "{% for r in alert.why.reasons %}{{ loop.index }}{{ loop.last }} {{ r.text.en[:12] }}{% endfor %}"
        )
        == "1True lpg/LT-101 ("
    )
    assert (
        render("{{ alerts|map(attribute='id')|join(', ') }}{{ ['a', 'b']|join('-') }}")
        == "0123456789abcdefa-b"
    )
    assert (
        render(
            "{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m('x') ~ m('y') }}{% if alert.value > 90 %} high{% endif %}"
        )
        == "<x><y> high"
    )
    assert (
        render(
            "{{ (alert.grade|in_words).zh }} {{ alert.value|round(1) + 1 }} {{ 7 * 6 }} {{ alert.nope|default('-') }}"
        )
        == "橙色 93.1 42 -"
    )
    assert (
        render("{{ alert.title|items|list|length }}{{ alert.title|dictsort|first|last }}")
        == "2T-101 level high-high 92.1 %"
    )


@pytest.mark.parametrize(
    ("source", "line", "said"),
    [
        ("\n\n{{ alert.nope }}", 3, "has no attribute 'nope'"),
        ("{{ nothing }}", 1, "'nothing' is undefined"),
        ("\n{{ alert.value }", 2, "unexpected '}'"),
        ("\n{% for a in alerts %}", 2, "Unexpected end of template"),
        ("\n{{ alert|replace('a', 'b') }}", 2, "No filter named 'replace'"),
        ("\n{% include 'x' %}", 2, "include is not used here"),
        ("{% extends 'x' %}", 1, "extends is not used here"),
        ("\n{% import 'x' as y %}", 2, "import is not used here"),
        ("\n{{ ''.__class__ }}", 2, "unsafe"),
        ("\n{{ alerts.__len__() }}", 2, "unsafe"),
        ("\n{{ alert.title.keys() }}", 2, "cannot be called"),
        ("\n{{ alerts.append(1) }}", 2, "unsafe"),
        ("\n{{ '{:>999999999}'.format(1) }}", 2, "cannot be called"),
        ("\n{{ range(9) }}", 2, "'range' is undefined"),
        ("\n{{ 'a' * 999999999 }}", 2, "numbers of usual size"),
        ("\n{{ 2 ** 99999999 }}", 2, "numbers of usual size"),
        ("\n{{ '%999999999d' % 1 }}", 2, "numbers of usual size"),
        ("\n{% set t = 'aaaaaaaaaaaaaaaa' %}" + "{% set t = t ~ t %}" * 40, 2, "does too much"),
        ("\n{% set t = ['a'] %}" + "{% set t = t + t %}" * 40, 2, "does too much"),
        ("\n{% set t = 'a' %}" + "{% set t %}{{ t }}{{ t }}{% endset %}" * 40, 2, "does too much"),
        ("\n{% set l = [1,2,3,4,5,6,7,8,9,0] %}" + "{% for i in l %}" * 9 + "{% endfor %}" * 9, 2, "does too much"),
        ("\n{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(50) }}", 2, "does too much"),
        ("\n{% set l = alerts|map(attribute='id')|join %}{{ l|join(l|join(l|join(l|join(l)))) }}", 2, "does too much"),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", 1, ""),
        ("{% if false %}x{% endif %}", None, "puts out nothing"),
        ("{% set title = '' %}x", None, "sets no title"),
    ],
)  # fmt: skip
def test_what_is_refused_names_its_line(source: str, line: int | None, said: str) -> None:
    found = faults_of(TemplateText("t.j2", TITLE + source))
    assert found, source
    assert found[0].line == line
    assert said in found[0].message


def test_a_fault_in_what_only_some_events_reach_is_found() -> None:
    source = "{% if alert.event == 'cleared' %}\n{{ alert.oops }}{% endif %}x{% if group %}\n{{ group.oops }}{% endif %}"
    assert [fault.line for fault in faults_of(TemplateText("t.j2", TITLE + source))] == [2, 3]


@given(st.text(max_size=60))
def test_whatever_stands_in_a_template_is_words_or_a_fault(source: str) -> None:
    with contextlib.suppress(TemplateFault):
        words = Template(TemplateText("t.j2", source)).render(NOTE)
        assert words.title
        assert words.body


def test_an_alert_is_told_whatever_the_template_does() -> None:
    own = TemplateText("own.j2", TITLE + "\n{{ alert.why.nothing.here }}")
    with capture_logs() as logs:
        words = Wording(own, "chat", "UTC").words(NOTE)
    assert words == Template(packaged("chat")).render(NOTE)
    [log] = logs
    assert (log["event"], log["file"], log["line"], log["log_level"]) == (
        "template_failed",
        "own.j2",
        2,
        "error",
    )


def test_where_even_the_packaged_one_fails_the_titles_are_said() -> None:
    odd = msgspec.structs.replace(NOTE, body=json.dumps({**json.loads(NOTE.body), "time": "soon"}).encode())
    with capture_logs() as logs:
        words = Wording(None, "chat", "UTC").words(odd)
    assert len(logs) == 1
    assert words == plain_words(odd)
    assert words.body == "T-101 球罐液位高高报 92.1 %\nT-101 level high-high 92.1 %"
