"""Overview, trends and system in a real Chromium, in both languages, on a desk and in a hand."""

import pytest
from playwright.sync_api import Page, expect

from console.app import STATIC_DIR
from console.system_backend import Tried
from registry.plant import Text
from tests.console.live import Live
from tests.console.test_browser import DESK, PHONE, Desk, chromium, desk, live
from tests.console.test_places import furnish

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]

WORDS = {"en-GB": ("LPG works", "Tank farm", "1 of 2"), "zh-CN": ("液化气", "罐区", "1 / 2")}


def to(page: Page, address: str) -> None:
    page.evaluate("address => { location.hash = address }", address)


def nothing_is_cut(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def owned(live: Live) -> None:
    """Give the backend the figures that the page of hazwatch itself shows."""
    one = {
        "name": "phone",
        "not_tried": None,
        "sent": 1,
        "retried": 0,
        "failed": 0,
        "failing_since_ms": None,
        "error": None,
    }
    live.backend.owned.numbers = {
        "versions": {"python": "3.11"},
        "sensors": 1,
        "clock": "wall",
        "counts": {},
        "commit_ms": None,
        "lag_s": 0.0,
        "inbox": 0.0,
        "store": {
            "kind": "duckdb",
            "state": "ok",
            "queued": 0,
            "spooled_bytes": 0,
            "dropped": 0,
            "rejected": 0,
        },
        "outbox": {"pending": 2},
        "receivers": [one],
        "rejects": {"bad_json": 3},
    }


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("lang", ["en-GB", "zh-CN"])
def test_the_overview_leads_down_to_the_sensors_of_a_source(
    desk: Desk, live: Live, size: dict[str, int], lang: str
) -> None:
    works, farm, alive = WORDS[lang]
    live.call(lambda: furnish(live.backend))
    page = desk.sign_in(size=size, lang=lang)
    to(page, "#/overview")
    expect(page.locator(".tiles li")).to_have_count(2)
    page.locator(".tiles a").first.click()
    page.locator(".tiles a", has_text=works).click()
    tile = page.locator(".tiles a", has_text=farm)
    expect(tile).to_contain_text(alive)
    tile.click()
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr").first).to_contain_text("10.6\u00a0m")
    assert nothing_is_cut(page)


def test_trends_of_several_sensors_stand_in_the_address(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish(live.backend))
    page = desk.sign_in()
    to(page, "#/trends")
    page.get_by_label("Search sensors").fill("GT")
    for _ in range(2):
        page.get_by_role("button", name="Add", exact=True).and_(page.locator(":enabled")).first.click()
    expect(page.locator("section .chart canvas")).to_have_count(2)
    page.reload()
    expect(page.locator("section .chart canvas")).to_have_count(2)
    page.get_by_role("button", name="Remove bh-lpg/GT-07").click()
    expect(page.locator("section .chart canvas")).to_have_count(1)
    to(page, "#/trends/nobody%2FGT-1")
    told = page.get_by_role("region", name="Trend of nobody/GT-1")
    expect(told).to_contain_text("There is no sensor of this name in your area of responsibility")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_text("您的责任区域内没有此名称的测点")).to_be_visible()


def test_the_system_page_says_for_whom_it_is_not(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish(live.backend))
    page = desk.sign_in("bo")
    to(page, "#/system")
    expect(page.get_by_text("Only accounts without a scope see this page.")).to_be_visible()
    expect(page.get_by_role("heading", name="Parts")).to_be_visible()


def test_a_channel_is_tried_with_a_reason_and_the_page_says_what_came_of_it(desk: Desk, live: Live) -> None:
    def hold() -> None:
        owned(live)
        live.backend.owned.tries = {"phone": Tried(sent=False, why=Text("号码错误", "wrong number"))}

    live.call(hold)
    page = desk.sign_in("zhou")
    to(page, "#/system")
    page.get_by_role("button", name="Test the channel phone").click()
    page.get_by_label("Why is it tested?").fill("drill")
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("status").filter(has_text="wrong number")).to_be_visible()
    expect(page.get_by_text("no valid JSON").first).to_be_visible()
    assert live.backend.owned.tried == [("phone", "zhou")]
    assert nothing_is_cut(page)
