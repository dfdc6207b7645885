"""Reports and hand-over notes through the web API: who may ask for what, bounds, files, and notes taken over once."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec

from alerting.arrangements import Arrangement
from alerting.events import State
from console.reports_backend import Asked, ReportRefused
from ledger.audit import Asked as AskedOfAudit
from ledger.errors import LedgerError
from tests.console.site import COLD, LPG
from tests.console.test_api import Site, on_site
from tests.console.test_places import furnish
from tests.console.test_rules import furnish as furnish_rules

DAY_MS = 86_400_000
NOTES = "/api/v1/reports/handover/notes"


def now_ms(s: Site) -> int:
    return s.backend.now_ns() // 1_000_000


async def report(s: Site, kind: str, span_ms: int = DAY_MS, ago_ms: int = 0, **more: Any) -> httpx.Response:
    to_ms = now_ms(s) - ago_ms
    return await s.get(f"/api/v1/reports/{kind}", from_ms=to_ms - span_ms, to_ms=to_ms, **more)


def shift_ms(s: Site, ago: int = 0) -> int:
    """When the shift of now began, or one of those before it."""
    shifts = s.backend.reports.shifts(s.backend.now_ns(), 2)
    return [one.start_ns // 1_000_000 for one in shifts if one.start_ns <= s.backend.now_ns()][-1 - ago]


async def write(s: Site, text: str = "V-101 待校验", **more: Any) -> httpx.Response:
    return await s.post(NOTES, {"shift_ms": shift_ms(s), "text": text} | more)


async def notes(s: Site, **more: int) -> list[dict[str, Any]]:
    span = {"from_ms": shift_ms(s), "to_ms": now_ms(s) + 1} | more
    found: list[dict[str, Any]] = (await s.get(NOTES, **span)).json()["notes"]
    return found


def test_reports_are_for_those_who_are_signed_in_and_know_their_account(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        for path in ("/api/v1/reports", NOTES, "/api/v1/reports/daily"):
            assert (await s.get(path, from_ms=0, to_ms=1)).status_code == 401
        await s.sign_in("bo")
        answer = await report(s, "alarms", by=["source", "operator"])
        assert answer.json() == {"kind": "alarms", "language": "zh", "by": ["source", "operator"]}
        (asked,) = s.backend.reports.asked
        assert (asked.account, asked.scope.enterprise) == ("bo", LPG)
        offer = (await s.get("/api/v1/reports")).json()
        assert offer["zone"] == "Asia/Shanghai"
        assert offer["may_write"]
        assert any(one["start_ms"] <= offer["now_ms"] < one["end_ms"] for one in offer["shifts"])

    on_site(tmp_path, scenario)


def test_a_file_has_its_type_and_a_name_and_json_has_none(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("gu")
        s.backend.reports.answer = lambda asked: f"{asked.format} {asked.language}".encode()
        for format_, kind in (
            ("pdf", "application/pdf"),
            ("csv", "text/csv; charset=utf-8"),
            ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ):
            answer = await report(s, "daily", format=format_, lang="en")
            assert (answer.text, answer.headers["content-type"]) == (f"{format_} en", kind)
            assert answer.headers["content-disposition"].startswith('attachment; filename="hazwatch-daily-2')
            assert answer.headers["content-disposition"].endswith(f'.{format_}"')
            assert answer.headers["cache-control"] == "no-store"
        assert "content-disposition" not in (await report(s, "daily")).headers

    on_site(tmp_path, scenario)


def test_a_period_is_bounded_and_ends_now_at_the_latest(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        for kind, days in (("handover", 2), ("daily", 2), ("monthly", 32), ("alarms", 367)):
            assert (await report(s, kind, days * DAY_MS)).status_code == 200
            refused = await report(s, kind, days * DAY_MS + 1)
            assert (refused.status_code, refused.json()["fields"][0]["field"]) == (422, "to_ms")
        for wrong in (
            {"ago_ms": -2 * DAY_MS},
            {"span_ms": 0},
            {"span_ms": -1},
            {"format": "doc"},
            {"lang": "de"},
            {"by": ["moon"]},
            {"by": ["source"] * 5},
        ):
            assert (await report(s, "daily", **wrong)).status_code == 422, wrong
        assert (await report(s, "yearly")).status_code == 422
        s.backend.reports.asked.clear()
        await report(s, "daily", 2 * DAY_MS, -DAY_MS)
        (asked,) = s.backend.reports.asked
        assert asked.end_ns <= s.backend.now_ns()

    on_site(tmp_path, scenario)


def test_why_a_report_cannot_be_made_is_told_in_both_languages(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        for code, status in (("report_busy", 429), ("report_too_much", 503), ("report_failed", 500)):
            s.backend.reports.refusal = ReportRefused(code)
            answer = await report(s, "daily")
            assert (answer.status_code, answer.json()["code"]) == (status, code)
            assert answer.json()["zh"] != answer.json()["en"]

    on_site(tmp_path, scenario)


def test_a_handover_of_now_tells_what_is_in_force_within_the_scope(tmp_path: Path) -> None:
    def held(sensor: str) -> Arrangement:
        return Arrangement(
            kind=State.SHELVED, place_kind="sensor", place=sensor, by="li", reason="r", since_ns=1
        )

    def told(asked: Asked) -> bytes:
        places = None if asked.arrangements is None else [one.place for one in asked.arrangements]
        ahead = None if asked.ahead is None else [one.place for one in asked.ahead]
        return msgspec.json.encode([places, ahead])

    async def scenario(s: Site) -> None:
        furnish(s.backend)
        furnish_rules(s.backend)
        s.backend.reports.answer = told
        s.backend.arranged = [held(f"{LPG}/LT-101"), held(f"{COLD}/GT-31")]
        await s.sign_in("bo")
        assert (await report(s, "handover")).json() == [[f"{LPG}/LT-101"], ["tank-farm"]]
        assert (await report(s, "handover", ago_ms=2 * 3_600_000)).json() == [None, None]
        assert (await report(s, "daily")).json() == [None, None]
        await s.sign_in("li")
        everything = [[f"{LPG}/LT-101", f"{COLD}/GT-31"], ["tank-farm", f"{COLD}/GT-31"]]
        assert (await report(s, "handover")).json() == everything

    on_site(tmp_path, scenario)


def test_a_note_is_kept_with_its_author_and_taken_over_by_another_one_once(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        kept = (await write(s, "  <b>V-101</b> 待校验 \n")).json()["note"]
        assert (kept["by"], kept["text"], kept["taken_by"]) == ("li", "<b>V-101</b> 待校验", None)
        own = await s.post(f"{NOTES}/1/take-over", {})
        assert (own.status_code, own.json()["code"]) == (409, "own_note")
        await s.sign_in("gu")
        assert (await s.post(f"{NOTES}/1/take-over", {})).json()["code"] == "role"

    on_site(tmp_path, scenario)


def test_two_take_a_note_over_at_once_and_one_wins(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("bo")
        await write(s)
        await s.sign_in("li")
        first, second = await asyncio.gather(
            *(s.post(f"{NOTES}/1/take-over", {"answer": answer}) for answer in ("seen", "too late"))
        )
        assert sorted((first.status_code, second.status_code)) == [200, 409]
        lost = first if first.status_code == 409 else second
        assert (lost.json()["code"], lost.json()["en"]) == (
            "already_taken_over",
            "li has taken it over already",
        )
        assert lost.json()["note"]["taken_by"] == "li"
        (taken,) = await notes(s)
        assert taken["answer"] in {"seen", "too late"}
        deeds = [entry.deed for entry in s.audit.search(AskedOfAudit(), 9) if "note" in entry.deed.action]
        assert [(deed.action, deed.who, deed.subject, deed.reason) for deed in deeds] == [
            ("take_over_note", "li", "1", taken["answer"]),
            ("handover_note", "bo", "1", "V-101 待校验"),
        ]
        assert deeds[0].enterprise == LPG

    on_site(tmp_path, scenario)


def test_a_viewer_reads_notes_and_writes_none(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        await write(s)
        await s.sign_in("gu")
        assert len(await notes(s)) == 1
        assert not (await s.get("/api/v1/reports")).json()["may_write"]
        for refused in (await write(s), await s.post(f"{NOTES}/1/take-over", {})):
            assert (refused.status_code, refused.json()["code"]) == (403, "role")
        without_header = await s.client.post(NOTES, json={"shift_ms": shift_ms(s), "text": "x"})
        assert without_header.json()["code"] == "no_header"

    on_site(tmp_path, scenario)


def test_notes_of_accounts_that_see_more_are_not_there_for_those_that_see_less(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        await write(s, "of the whole plant")
        await s.sign_in("bo")
        await write(s, "of one enterprise")
        assert [note["text"] for note in await notes(s)] == ["of one enterprise"]
        hidden = await s.post(f"{NOTES}/1/take-over", {})
        assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
        await s.sign_in("li")
        assert [note["text"] for note in await notes(s)] == ["of the whole plant", "of one enterprise"]

    on_site(tmp_path, scenario)


def test_a_note_is_of_a_shift_that_has_begun_and_bounded(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        hour = 3_600_000
        for wrong in (
            {"shift_ms": shift_ms(s) + 1},
            {"shift_ms": shift_ms(s) + 8 * hour},
            {"shift_ms": -1},
            {"text": ""},
            {"text": " \n"},
            {"text": "x" * 4001},
            {"by": "wang"},
        ):
            assert (await write(s, **wrong)).status_code == 422, wrong
        assert (await write(s, shift_ms=shift_ms(s, 1))).status_code == 200
        for wrong_id in (0, -1, 2, 2**63):
            assert (await s.post(f"{NOTES}/{wrong_id}/take-over", {})).status_code == 404
        assert (await s.post(f"{NOTES}/1/take-over", {"answer": "x" * 501})).status_code == 422
        assert (await s.get(NOTES, from_ms=0, to_ms=40 * DAY_MS)).status_code == 422
        for _ in range(99):
            await write(s)
        full = await write(s)
        assert (full.status_code, full.json()["code"]) == (409, "too_many_notes")

    on_site(tmp_path, scenario)


def test_notes_that_cannot_be_kept_or_read_are_told(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        await s.sign_in("li")
        s.backend.reports.broken = LedgerError("the disk is full")
        answer = await write(s)
        assert (answer.status_code, answer.json()["code"]) == (503, "notes_unavailable")
        assert "the disk is full" in answer.json()["en"]
        assert (await s.get(NOTES, from_ms=0, to_ms=1)).status_code == 503

    on_site(tmp_path, scenario)
