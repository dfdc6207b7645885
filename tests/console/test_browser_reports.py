"""The page of reports in a real Chromium: each kind, both languages, files, notes, on a desk, in a hand and on paper."""

import io
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from console.app import STATIC_DIR
from console.reports_backend import Asked, ReportRefused
from registry.plant import Plant
from service.reports.document import Kind
from service.reports.making import Format, Order, document_of, written
from tests.console.live import Live
from tests.console.test_browser import DESK, PHONE, Desk, chromium, desk, live
from tests.console.test_browser_pages import nothing_is_cut, to
from tests.service.reports.cases import NS, T0_S, lines
from tests.service.reports.documents import ABOUT, KNOWN, SHIFT, rows

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]
START_MS = SHIFT.start_ns // 1_000_000
HANDOVER = f"#/reports/handover%2F{START_MS}%2F{SHIFT.end_ns // 1_000_000}"
ALARMS = HANDOVER.replace("handover", "alarms")


def made(asked: Asked) -> bytes:
    """A real report of hand-made lines."""
    order = Order(
        kind=Kind(asked.kind),
        start_ns=T0_S * NS,
        end_ns=SHIFT.end_ns,
        zone="Asia/Shanghai",
        about=ABOUT,
        plant=Plant(),
        known=KNOWN,
    )
    return written(*document_of(order, lines(rows()), "made"), Format(asked.format), asked.language)


@pytest.fixture(autouse=True)
def real_reports(live: Live) -> None:
    live.backend.reports.answer = made


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en-GB", ("Shift hand-over", "Tank V-101 level high-high", "alarms over time", "Alarm performance")),
        ("zh-CN", ("交接班报告", "储罐 V-101 液位高高报", "报警数随时间", "报警系统报告")),
    ],
)
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_handover_is_told_in_the_language_shown_and_nothing_is_cut(
    desk: Desk, size: dict[str, int], lang: str, words: tuple[str, ...]
) -> None:
    title, alert, picture, alarms = words
    page = desk.sign_in(size=size, lang=lang)
    to(page, HANDOVER)
    expect(page.locator(".paper h2")).to_have_text(title)
    expect(page.locator(".paper")).to_contain_text(alert)
    expect(page.locator(".plot svg text:visible").first).to_contain_text(picture)
    expect(page.locator(".paper script")).to_have_count(0)
    expect(page.locator(".paper")).to_contain_text("<script>alert(1)</script>")
    assert nothing_is_cut(page)
    page.locator("main nav a", has_text=alarms).click()
    expect(page.locator(".paper h2")).to_have_text(alarms)
    assert nothing_is_cut(page)


def test_the_page_opens_with_the_shift_of_now_and_another_one_can_be_chosen(desk: Desk, live: Live) -> None:
    page = desk.sign_in()
    to(page, "#/reports")
    shifts = page.locator(".choose").get_by_role("combobox")
    expect(shifts.locator("option:checked")).to_contain_text("(now)")
    shifts.select_option(index=1)
    expect(page.locator(".paper h2")).to_be_visible()
    now, before = live.backend.reports.asked[-2:]
    assert before.start_ns == now.start_ns - 8 * 3600 * NS
    page.get_by_role("link", name="Daily report").click()
    page.get_by_label("Day", exact=True).fill("2025-11-24")
    expect(page).to_have_url(re.compile("daily%2F1763913600000%2F1764000000000$"))
    page.get_by_role("link", name="Monthly report").click()
    page.get_by_label("Month", exact=True).fill("2025-02")
    expect(page).to_have_url(re.compile("monthly%2F1738339200000%2F1740758400000$"))


def test_files_are_saved_in_the_language_shown(desk: Desk, tmp_path: Path) -> None:
    page = desk.sign_in(lang="zh-CN", accept_downloads=True)
    to(page, HANDOVER)
    for format_, begins in (("PDF", b"%PDF-"), ("XLSX", b"PK"), ("CSV", "\ufeff交接班报告".encode())):
        with page.expect_download() as waited:
            page.get_by_role("button", name=f"另存为 {format_}").click()
        waited.value.save_as(tmp_path / "file")
        assert waited.value.suggested_filename == f"hazwatch-handover-20251125T0800.{format_.lower()}"
        assert (tmp_path / "file").read_bytes().startswith(begins)


def test_why_there_is_no_report_is_said(desk: Desk, live: Live) -> None:
    live.backend.reports.refusal = ReportRefused("report_too_much")
    page = desk.sign_in()
    to(page, HANDOVER)
    expect(page.get_by_role("alert").last).to_contain_text("take a shorter one")
    page.get_by_role("button", name="Save as PDF").click()
    expect(page.get_by_role("alert").last).to_contain_text("take a shorter one")
    live.backend.reports.refusal = None
    page.get_by_role("button", name="Make anew").click()
    expect(page.locator(".paper h2")).to_have_text("Shift hand-over")
    desk.complaints[:] = [one for one in desk.complaints if "status of 503" not in one]


def test_a_report_waits_for_the_one_that_was_turned_away_from(desk: Desk, live: Live) -> None:
    live.backend.reports.refusal = ReportRefused("report_busy")
    page = desk.sign_in()
    with page.expect_response(lambda answer: answer.status == HTTPStatus.TOO_MANY_REQUESTS):
        to(page, HANDOVER)
    expect(page.get_by_role("status").filter(has_text="Being made")).to_be_visible()
    live.backend.reports.refusal = None
    expect(page.locator(".paper h2")).to_have_text("Shift hand-over")
    expect(page.get_by_role("button", name="Save as PDF")).to_be_enabled()
    desk.complaints[:] = [one for one in desk.complaints if "status of 429" not in one]


def test_a_note_is_written_by_one_and_taken_over_by_another(desk: Desk, live: Live) -> None:
    page = desk.sign_in("bo")
    to(page, "#/reports")
    page.get_by_label("New note for the next shift").fill("V-101: <b>check</b> at noon")
    page.get_by_role("button", name="Keep note").click()
    expect(page.locator("article .said")).to_have_text("V-101: <b>check</b> at noon")
    expect(page.locator("article")).to_contain_text("Somebody else must take it over.")
    viewer = desk.sign_in("gu")
    to(viewer, "#/reports")
    expect(viewer.locator("article")).to_contain_text("Not taken over yet")
    expect(viewer.get_by_role("button", name="Take over")).to_have_count(0)
    other = desk.sign_in("li")
    to(other, "#/reports")
    other.get_by_label("Remark on taking over (optional)").fill("seen")
    other.get_by_role("button", name="Take over").click()
    expect(other.locator("article")).to_contain_text("Taken over by li")
    expect(other.locator("article")).to_contain_text("seen")
    assert live.backend.reports.kept[0].taken_by == "li"


def printed(page: Page) -> list[str]:
    pdf = page.pdf(format="A4", prefer_css_page_size=True)
    return [sheet.extract_text() for sheet in PdfReader(io.BytesIO(pdf)).pages]


def test_a_calm_shift_prints_on_one_page_without_the_console_around_it(desk: Desk) -> None:
    page = desk.sign_in()
    to(page, HANDOVER)
    expect(page.locator(".plot svg")).to_be_visible()
    (sheet,) = printed(page)
    assert "Shift hand-over" in sheet
    assert "Sign out" not in sheet
    assert "Save as" not in sheet
