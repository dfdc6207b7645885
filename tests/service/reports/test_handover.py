"""What a hand-over says, from hand-made lines."""

from typing import Any

import msgspec
import pytest

from alerting.arrangements import Arrangement
from alerting.events import State
from service.reports.document import Kind
from service.reports.following import Following
from service.reports.handover import Known
from service.reports.handover_alerts import SHOWN
from tests.service.reports.cases import HOUR_S, NS, T0_S, acknowledged, burst, lines, period, raw
from tests.service.reports.documents import HOSTILE, KNOWN, document, table, titled, words


def test_what_stands_is_told_apart_by_what_it_is_of_gravest_first() -> None:
    made = document(Kind.HANDOVER)
    assert words(table(made, "open_process")) == [
        ["■ red", "Tank V-101 level high-high", "00:01", "acknowledged wang", "–", "wang: 停止进料"],
        ["▲ orange", "an old alert", "2025-11-24 23:00", "unacknowledged", "–", "–"],
    ]
    assert words(table(made, "open_health")) == [
        ["● blue", "PT-9 no signal", "00:05", "unacknowledged", "–", "–"]
    ]
    assert words(table(made, "open_system")) == [
        ["● blue", "store down", "00:11", "unacknowledged", "–", "–"]
    ]


def test_who_is_to_see_to_an_alert_is_told_with_it() -> None:
    given = {"to": "zhao", "by": "wang", "time": "2025-11-25T00:02:00Z"}
    rows = [
        titled(raw(60, "opened"), "报警", "an alert"),
        titled(raw(120, "commented", person={"by": "wang", "words": ""}, assigned=given), "报警", "an alert"),
    ]
    made = document(Kind.HANDOVER, rows)
    assert words(table(made, "open_process"))[0][4] == "zhao"
    assert words(table(made, "said")) == [["00:02", "an alert", "wang", "assigned to zhao"]]


def test_what_is_held_back_says_by_whom_why_and_until_when() -> None:
    assert words(table(document(Kind.HANDOVER), "held")) == [
        ["shelved", "▼ yellow", HOSTILE, "00:10", "04:10", "li", HOSTILE]
    ]


def test_the_brief_counts_the_shift_and_its_end_by_grade() -> None:
    rows = {row[0]: row[1:] for row in words(table(document(Kind.HANDOVER), "brief"))}
    assert rows == {
        "■ red": ["1", "1", "0", "0", "0", "0"],
        "▲ orange": ["0", "1", "1", "0", "0", "0"],
        "▼ yellow": ["0", "0", "0", "1", "0", "0"],
        "● blue": ["2", "2", "2", "0", "0", "0"],
        "all": ["3", "4", "3", "1", "0", "0"],
    }


def test_incidents_words_duty_and_notes_are_told() -> None:
    made = document(Kind.HANDOVER)
    assert words(table(made, "incidents")) == [
        ["■ red", "Tank V-101 level high-high", "S1", "00:01", "00:01", "2", "1"]
    ]
    assert words(table(made, "said"), "zh") == [["00:02", "储罐 V-101 液位高高报", "wang", "误报：停止进料"]]
    assert words(table(made, "duty"), "zh") == [["operators", "王工", "赵工"]]
    assert words(table(made, "handover_notes")) == [["V-101 待校验 =1+1", "wang 2025-11-25 07:59", "not yet"]]
    head = {name.en: text.en for name, text in made.head}
    assert head["this shift"] == "白班 (2025-11-25 00:00 – 2025-11-25 08:00)"
    assert head["time zone"] == "UTC"


def test_what_is_not_known_is_left_out_and_nothing_is_told_as_nothing() -> None:
    made = document(Kind.HANDOVER, [], known=type(KNOWN)())
    assert {one.name for one in made.tables}.isdisjoint({"duty", "arrangements", "ahead"})
    assert all(not one.rows for one in made.tables if one.name != "brief")
    assert made.warnings, "that there is no line at all is said"
    assert made.plots == ()


def test_what_is_in_force_now_is_told_also_where_it_holds_no_alert() -> None:
    works = Arrangement(
        kind=State.OUT_OF_SERVICE,
        place_kind="source",
        place="S1",
        name="PTW-7",
        by="li",
        second="wang",
        reason="检修",
        since_ns=T0_S * NS,
        until_ns=(T0_S + HOUR_S) * NS,
    )
    made = document(Kind.HANDOVER, known=type(KNOWN)(arrangements=[works]))
    assert words(table(made, "arrangements")) == [
        ["out of service", "hazard source S1", "00:00", "01:00", "li + wang", "PTW-7 检修"]
    ]


@pytest.mark.parametrize(
    ("known", "shown", "before"),
    [
        (KNOWN, ["PTW-8"], "2025-11-25 16:00"),
        (type(KNOWN)(), ["PTW-8", "PTW-9"], "2025-11-26 08:00"),
    ],
    ids=["coming shift", "24 h"],
)
def test_works_that_the_coming_shift_sees_begin_are_told_soonest_first(
    known: Known, shown: list[str], before: str
) -> None:
    ahead = [
        Arrangement(
            kind=State.OUT_OF_SERVICE, place_kind="equipment", place="V-101", name=permit, by="li",
            second=second, reason="检修", since_ns=(T0_S + hour * HOUR_S) * NS,
            until_ns=(T0_S + (hour + 2) * HOUR_S) * NS, of_settings=not second,
        )
        for permit, hour, second in (("PTW-10", 33, ""), ("PTW-9", 20, ""), ("PTW-8", 9, "wang"))
    ]  # fmt: skip
    made = document(Kind.HANDOVER, known=msgspec.structs.replace(known, ahead=ahead))
    told = table(made, "ahead")
    assert told.title.en == f"announced works ({len(shown)})"
    assert f"announced works are those that begin before {before}" in [note.en for note in made.notes]
    assert words(told)[0] == [
        "2025-11-25 09:00", "2025-11-25 11:00", "equipment V-101", "PTW-8", "li + wang", "检修"
    ]  # fmt: skip
    assert [line[3] for line in words(told)] == shown
    assert all(line[4] == "li（报警设置文件）" for line in words(told, "zh")[1:])


def test_an_alert_that_came_again_is_one_row_with_its_newest_answer() -> None:
    rows = [
        raw(10, "opened", grade="yellow"),
        acknowledged(20, "li"),
        raw(30, "cleared", "rtnun"),
        titled(raw(3700, "reopened", grade="orange"), "更高", "graver"),
        acknowledged(3760, "wang"),
        raw(3800, "cleared", "closed", grade="orange"),
        raw(3800, "closed", "closed", grade="orange"),
    ]
    (happened,) = words(table(document(Kind.HANDOVER, rows), "happened"))
    assert happened == ["00:00", "▲ orange", "graver", "2", "wang 01:02", "01:03", "closed"]


def test_of_too_many_alerts_the_gravest_are_shown_in_their_order() -> None:
    rows = [*burst(range(SHOWN), grade="blue"), raw(5000, "opened", id_="last", grade="red")]
    happened = table(document(Kind.HANDOVER, rows), "happened")
    assert len(happened.rows) == SHOWN
    assert happened.rows[-1][1].text.en == "■ red"
    assert happened.title.en == f"alerts of the shift ({SHOWN + 1}, {SHOWN} shown)"


@pytest.mark.parametrize("kept", [3, 100])
def test_what_is_followed_is_bounded_and_the_rest_is_counted(
    monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    monkeypatch.setattr("service.reports.following.KEPT_EPISODES", kept)
    monkeypatch.setattr("service.reports.following.KEPT_WORDS", kept)
    rows: list[dict[str, Any]] = burst(range(10))
    rows += [raw(20 + k, "commented", id_="b0", person={"by": "li", "words": "x"}) for k in range(10)]
    following = Following(period())
    following.take_all(lines(rows))
    found = following.followed()
    assert (len(found.episodes), found.left_out) == (min(kept, 10), 10 - min(kept, 10))
    assert (len(found.said), found.unsaid) == (min(kept, 10), 10 - min(kept, 10))
    assert len(found.standing) == 10, "what stands is never left out"
