"""The page of the rules in a real Chromium."""

import re

import pytest
from msgspec.structs import replace
from playwright.sync_api import expect

from alerting.commands import EndSilence, Place, PutInService, Silence, TakeOutOfService
from alerting.silences import EndedSilence, SilenceRow, SilenceView
from console.app import STATIC_DIR
from console.backend import Done, Refused
from registry.plant import Text
from tests.console.live import Live
from tests.console.site import LPG
from tests.console.test_browser import DESK, PHONE, Desk, chromium, desk, live
from tests.console.test_browser_pages import nothing_is_cut, to
from tests.console.test_rules import furnish

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]
SECTIONS = ("routes", "silences", "maintenance", "duty", "detectors", "incidents")


@pytest.mark.parametrize(
    ("size", "lang", "seen"),
    [
        (DESK, "en-GB", ("1 told in 24 h", "Troubles: 1 lost, 3 told by both, 1 gained")),
        (PHONE, "zh-CN", ("24 h 内通知 1 条", "异常：消失 1，均报出 3，新增 1")),
    ],
    ids=["desk", "phone"],
)
def test_every_part_is_shown_and_nothing_is_cut(
    desk: Desk, live: Live, size: dict[str, int], lang: str, seen: tuple[str, str]
) -> None:
    live.call(lambda: furnish(live.backend))
    page = desk.sign_in("gu", size=size, lang=lang)
    for section in SECTIONS:
        to(page, f"#/rules/{section}")
        expect(page.locator("main .panel").first).to_be_visible()
        assert nothing_is_cut(page), section
        if section == "detectors":
            plot = page.get_by_role("figure")
            expect(plot).to_contain_text(seen[1])
            expect(plot.locator("svg.bar")).to_have_count(6)
    to(page, "#/rules/routes")
    expect(page.get_by_text(seen[0])).to_be_visible()


def test_who_would_be_told_is_answered_with_who_not_and_why(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish(live.backend))
    page = desk.sign_in("gu")
    to(page, "#/rules/routes")
    page.get_by_role("button", name="Ask").click()
    told = page.locator("main table").first
    expect(told).to_contain_text("duty")
    expect(told).to_contain_text("matches grade=red")
    expect(page.get_by_text("calibration")).to_be_visible()
    expect(page.get_by_text("after 1 min")).to_be_visible()
    expect(page.get_by_role("heading", name="Not called")).to_be_visible()


def test_a_silence_shows_what_it_would_hold_and_is_begun_and_ended_with_a_reason(
    desk: Desk, live: Live
) -> None:
    now_ns = live.call(live.backend.now_ns)
    row = SilenceRow(
        id="silence-7", matchers=("kind=high",), by="li", second=None, comment="<b>", begins_ns=now_ns,
        until_ns=now_ns + 3600 * 10**9,
    )  # fmt: skip

    def hold() -> None:
        furnish(live.backend)
        live.backend.silenced = [SilenceView(row, 3)]
        ended_ns = now_ns + 10**9
        live.backend.unsilenced = [
            EndedSilence(row=replace(row, id="silence-5"), ended_ns=ended_ns, by=None, reason=""),
            EndedSilence(row=replace(row, id="silence-6"), ended_ns=ended_ns, by="wu", reason="<i>over</i>"),
        ]

    live.call(hold)
    page = desk.sign_in()
    to(page, "#/rules/silences")
    page.get_by_label("Matchers, one a line").fill(f"enterprise={LPG}\nkind=high")
    page.get_by_role("button", name="What would it hold now?").click()
    expect(page.get_by_text("a second person must agree")).to_be_visible()
    begin = page.get_by_role("button", name="Begin the silence")
    expect(begin).to_be_disabled()
    page.get_by_label("Reason (is shown").fill("calibration")
    begin.click()
    expect(page.get_by_label("Matchers, one a line")).to_have_value("")
    expect(page.get_by_role("row").filter(has_text="silence-7")).to_contain_text("<b>")
    ended = page.get_by_role("region", name="Ended lately").locator("tbody tr")
    expect(ended).to_have_count(2)
    expect(ended.nth(0)).to_contain_text(re.compile("silence-6.*wu.*<i>over</i>"))
    expect(ended.nth(1)).to_contain_text(re.compile("silence-5.*ran out"))
    page.get_by_role("button", name="End silence-7 before its time").click()
    page.get_by_label("Reason", exact=True).fill("done early")
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("button", name="End silence-7 before its time")).to_be_visible()
    given = live.call(lambda: list(live.backend.commands))
    assert isinstance(given[0], Silence)
    assert given[0].matchers == (f"enterprise={LPG}", "kind=high")
    assert given[1] == EndSilence(silence="silence-7", by="li", reason="done early")


def test_works_are_announced_changed_and_withdrawn_with_a_reason(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish(live.backend))
    page = desk.sign_in()
    to(page, "#/rules/maintenance")
    row = page.get_by_role("table", name="Announced works").get_by_role("row").filter(has_text="tank-farm")
    expect(row).to_contain_text("alarms file")
    form = page.get_by_role("form", name="Begin")
    form.get_by_label("Place").select_option("source")
    form.get_by_role("textbox", name="Hazard source").fill("tank-farm")
    form.get_by_label("Permit").fill("P-9")
    form.get_by_label("From (empty: at once)").fill("2030-03-17T08:00")
    form.get_by_label("Until").fill("2030-03-17T16:00")
    form.get_by_label("Reason").fill("weld")
    form.get_by_role("button", name="Announce").click()
    expect(form.get_by_label("Permit")).to_have_value("")
    row.get_by_role("button", name="Change P-1").click()
    expect(form.get_by_role("textbox", name="Hazard source")).to_have_value("tank-farm")
    expect(form.get_by_label("Permit")).not_to_be_editable()
    expect(form.get_by_label("Reason")).to_have_value("inspection")
    form.get_by_label("Until").fill("2030-03-17T16:00")
    stale = Refused(code="works_changed", text=Text("已变", "was changed"))
    live.call(lambda: setattr(live.backend, "answer", stale))
    form.get_by_role("button", name="Change").click()
    expect(page.get_by_role("alert")).to_contain_text("was changed")
    expect(form.get_by_label("Reason")).to_have_value("inspection")
    live.call(lambda: setattr(live.backend, "answer", Done()))
    form.get_by_role("button", name="Change").click()
    expect(form.get_by_label("Permit")).to_have_value("")
    row.get_by_role("button", name="Withdraw P-1").click()
    row.get_by_label("Reason", exact=True).fill("rain")
    row.get_by_role("button", name="Confirm").click()
    expect(row.get_by_role("button", name="Withdraw P-1")).to_be_visible()
    works, refused, changed, over = live.call(lambda: list(live.backend.commands))
    assert isinstance(works, TakeOutOfService)
    assert works.from_ns is not None
    assert (works.permit, works.until_ns - works.from_ns) == ("P-9", 8 * 3600 * 10**9)
    was = live.call(lambda: live.backend.rules.planned()[0])
    assert changed == refused
    assert changed == TakeOutOfService(
        place=Place(kind="source", id="tank-farm"),
        permit="P-1",
        by="li",
        reason="inspection",
        from_ns=was.since_ns // 10**6 * 10**6,
        until_ns=works.until_ns,
        replaces=was.version(begun=False),
    )
    assert over == PutInService(
        place=Place(kind="source", id="tank-farm"), permit="P-1", by="li", reason="rain"
    )


def test_duty_marks_now_and_gaps_and_says_for_whom_it_is_not(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish(live.backend))
    page = desk.sign_in("gu")
    to(page, "#/rules/duty")
    expect(page.locator("main .gap").first).to_contain_text("Nobody on duty")
    expect(page.locator("main [aria-current=date]")).to_have_count(1)
    expect(page.get_by_text("Your role may look but not change.")).to_be_visible()
    page = desk.sign_in("bo")
    to(page, "#/rules/duty")
    expect(page.get_by_text("Only accounts without a scope see this: schedules")).to_be_visible()
