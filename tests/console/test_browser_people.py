"""Accounts, tokens, sessions, the audit log and one's own password in a real Chromium."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from console.app import STATIC_DIR
from tests.console.live import PASSWORD, Live
from tests.console.test_browser import PHONE, Desk, chromium, desk, live
from tests.console.test_browser_pages import nothing_is_cut, to
from tests.console.test_places import furnish

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]

NEW = "a much longer password"


def opened(desk: Desk, tab: str, name: str = "zhou", **look: object) -> Page:
    page = desk.sign_in(name, **look)  # type: ignore[arg-type]
    to(page, f"#/people/{tab}")
    return page


def row(page: Page, name: str) -> Locator:
    return page.locator("tbody tr").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def fits(part: Locator) -> bool:
    return bool(part.evaluate("part => part.scrollWidth <= part.clientWidth"))


def sign_in_with(page: Page, name: str, password: str) -> None:
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def set_password(page: Page, old: str, new: str, again: str) -> None:
    page.get_by_label(re.compile("One-time password|Password until now")).fill(old)
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("New password again").fill(again)
    page.get_by_role("button", name="Set the password").click()


def test_an_administrator_adds_an_account_whose_password_is_shown_once_and_must_be_changed(
    desk: Desk, live: Live
) -> None:
    live.call(lambda: furnish(live.backend))
    page = opened(desk, "accounts")
    page.get_by_role("button", name="Add an account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("wu")
    dialog.get_by_role("combobox", name="Role").select_option("operator")
    dialog.get_by_label("Enterprise").select_option("bh-lpg")
    send = dialog.get_by_role("button", name="Add", exact=True)
    expect(send).to_be_disabled()
    dialog.get_by_label("Why?").fill("new shift")
    send.click()
    password = dialog.get_by_label("shown once").input_value()
    assert len(password) >= 12
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Add an account")).to_be_focused()
    expect(row(page, "wu")).to_contain_text("operator")
    expect(row(page, "wu")).to_contain_text("enterprise bh-lpg")
    expect(row(page, "wu")).to_contain_text("has a one-time password")
    assert password not in page.content()

    other = desk.open()
    sign_in_with(other, "wu", password)
    expect(other.get_by_role("heading", name="Set a new password")).to_be_visible()
    expect(other.locator("header")).to_have_count(0)
    set_password(other, password, NEW, "something else")
    expect(other.get_by_role("alert")).to_have_text("The two new passwords differ.")
    set_password(other, password, "short", "short")
    expect(other.get_by_role("alert")).to_contain_text("at least 12 characters")
    set_password(other, "wrong", NEW, NEW)
    expect(other.get_by_role("alert")).to_contain_text("The password until now is wrong.")
    set_password(other, password, NEW, NEW)
    expect(other.get_by_text("Live", exact=True)).to_be_visible()
    expect(other.locator("tbody tr").first).to_be_visible()


def test_a_refused_change_says_why_and_changes_nothing(desk: Desk) -> None:
    page = opened(desk, "accounts")
    expect(row(page, "zhou")).to_contain_text("this is you")
    expect(row(page, "zhou").get_by_role("button")).to_have_count(0)
    page.get_by_role("button", name="Add an account").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("gu")
    dialog.get_by_label("Why?").fill("again")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("Refused · There is an account of this name")
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Disable gu").click()
    dialog.get_by_label("Why?").fill("left")
    dialog.get_by_role("button", name="Disable").click()
    expect(row(page, "gu")).to_contain_text("disabled")
    page.get_by_label("Search").fill("VIEWER disabled")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_an_ended_session_leads_to_the_login_at_once(desk: Desk) -> None:
    other = desk.sign_in("li")
    page = opened(desk, "sessions")
    row(page, "li").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Why?").fill("lost telephone")
    dialog.get_by_role("button", name="End", exact=True).click()
    expect(row(page, "li")).to_have_count(0)
    expect(other.get_by_text("The session has ended. Sign in again.")).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()


def test_the_audit_log_is_searched_saved_and_verified(desk: Desk) -> None:
    page = opened(desk, "audit")
    expect(page.locator("tbody tr")).to_have_count(1)
    to(page, "#/people/accounts")
    page.get_by_role("button", name="Change role and scope of gu").click()
    page.get_by_role("combobox", name="Role").select_option("operator")
    page.get_by_label("Why?").fill("joins the desk")
    page.get_by_role("button", name="Save").click()
    expect(row(page, "gu")).to_contain_text("operator")
    page.get_by_role("link", name="Audit log").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Words").fill("desk joins")
    page.get_by_role("button", name="Search").click()
    found = page.locator("tbody tr")
    expect(found).to_have_count(1)
    for told in ("zhou", "gu", "Add or change an account", "viewer, no limit → operator, no limit", "done"):
        expect(found).to_contain_text(told)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Save as CSV").click()
    assert saved.value.path().read_text().count("\n") == 2, "what was searched for, under its heading"
    page.get_by_role("button", name="Verify the log").click()
    expect(page.get_by_text("The log is whole: 3 rows.")).to_be_visible()  # the saving is noted as well
    anchor = page.get_by_label("Anchor: number and hash").input_value()
    kept = page.get_by_label("Anchor kept from earlier")
    kept.fill(anchor.replace("3 ", "4 ", 1))
    page.get_by_role("button", name="Verify the log").click()
    expect(page.get_by_text("not as it was written")).to_contain_text("the end was cut off")
    kept.fill("nonsense")
    page.get_by_role("button", name="Verify the log").click()
    expect(page.get_by_text("An anchor is a number")).to_be_visible()


def test_an_operator_sees_only_what_is_his_and_makes_a_token_of_it(desk: Desk) -> None:
    desk.sign_in("gu")
    page = opened(desk, "", "li")
    tabs = page.get_by_role("navigation", name="People")
    expect(tabs.get_by_role("link")).to_have_text(["Tokens", "My account"])
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(row(page, "li")).to_contain_text("this one")
    for tab in ("audit", "accounts"):
        to(page, f"#/people/{tab}")
        expect(page.get_by_text("Your role may not do this")).to_be_visible()
        expect(page.locator("table")).to_have_count(0)
    to(page, "#/people/tokens")
    page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("combobox", name="Role").locator("option")).to_have_count(2)
    dialog.get_by_label("What is it for?").fill("scada")
    dialog.get_by_label("Why?").fill("reads alerts")
    dialog.get_by_role("button", name="Make", exact=True).click()
    assert dialog.get_by_label("shown once").input_value().startswith("hzw_")
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Revoke the token scada").click()
    dialog.get_by_label("Why?").fill("no longer used")
    dialog.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("No token is found.")).to_be_visible()


def test_a_new_password_ends_the_other_sessions_and_not_this_one(desk: Desk) -> None:
    other = desk.sign_in("li")
    page = opened(desk, "me", "li")
    expect(page.locator("tbody tr")).to_have_count(2)
    set_password(page, PASSWORD, NEW, NEW)
    expect(page.get_by_role("alert").filter(has_text="The password is changed.")).to_be_visible()
    expect(other.get_by_text("The session has ended. Sign in again.")).to_be_visible()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_every_tab_fits_a_hand_in_chinese(desk: Desk) -> None:
    page = opened(desk, "", size=PHONE, lang="zh-CN")
    for tab in ("账户", "令牌", "会话", "审计日志", "我的账户"):
        page.get_by_role("link", name=tab, exact=True).click()
        expect(page.get_by_role("link", name=tab, exact=True)).to_have_attribute("aria-current", "page")
        expect(page.locator("table")).to_be_visible()
        assert nothing_is_cut(page)
        assert fits(page.get_by_role("main"))
    page.get_by_role("link", name="账户", exact=True).click()
    page.get_by_role("button", name="更改 gu 的角色与范围").click()
    assert fits(page.get_by_role("dialog"))
