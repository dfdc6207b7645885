"""Every page under axe's rules for WCAG 2.2 AA: both languages, on a desk and in a hand."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from console.app import STATIC_DIR
from tests.console.live import Live
from tests.console.pages import PAGE_DIR, addresses
from tests.console.sources import furnish_source
from tests.console.test_browser import DESK, PHONE, RED, Desk, chromium, desk, live
from tests.console.test_browser_alert import surround
from tests.console.test_browser_pages import owned, to
from tests.console.test_browser_reports import made
from tests.console.test_rules import furnish

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

AXE = PAGE_DIR / "node_modules/axe-core/axe.min.js"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
    pytest.mark.skipif(not AXE.is_file(), reason="axe-core is not installed (npm ci in console/page)"),
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
RUN = """async (tags) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
  return found.violations.flatMap((v) => v.nodes.map((n) => [v.id, n.target.join(" "), n.failureSummary + " " + n.html.slice(0, 300)]));
}"""


def violations(page: Page, where: str) -> list[str]:
    """What axe finds on a page as it stands; its script comes from the test, not from the page."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[list[Any]] = page.evaluate(RUN, RULES)
    return [f"{where}: {rule} at {node}\n  {why}" for rule, node, why in found]


SETTLED = """async () => {
  for (let seen = "", same = 0; same < 3; ) {
    const now = document.querySelector("main, .body > section")?.innerText ?? "";
    same = now && now === seen ? same + 1 : 0;
    seen = now;
    await new Promise((done) => setTimeout(done, 40));
  }
}"""


TABBED = ("rules", "people", "reports")
"""Pages of several parts, each with an address that the page itself links to."""
PARTS_IN = (PHONE, "zh")
"""Where the parts are toured, once for the time that it takes: in a hand, where most has to scroll or is laid out anew."""


def parts(page: Page) -> list[str]:
    """Return the addresses of the parts of a page that are not shown now."""
    links = page.locator("main nav a:not([aria-current=page])")
    links.first.wait_for()
    found: list[str] = links.evaluate_all("links => links.map((one) => one.getAttribute('href'))")
    return found


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_page_violates_wcag_2_2_aa(desk: Desk, live: Live, size: dict[str, int]) -> None:
    live.call(lambda: furnish(live.backend))
    page = desk.open(size)
    page.locator("form button.go").wait_for()
    found = violations(page, "login")
    page.close()

    page = desk.sign_in("zhou", size)
    to(page, "#/overview")
    expect(page.get_by_role("group", name="Hazard sources by position")).to_be_visible()
    found += violations(page, "overview without a map")
    to(page, "#/alarms")
    live.call(lambda: furnish_source(live.backend))
    live.call(lambda: surround(live.backend))
    live.call(lambda: owned(live))
    live.backend.reports.answer = made
    for language, shelve in (("en", "Shelve"), ("zh", "搁置")):
        for name, address in addresses().items():
            to(page, address)
            page.evaluate(SETTLED)
            found += violations(page, f"{name} ({language})")
            for part in parts(page) if name in TABBED and (size, language) == PARTS_IN else ():
                to(page, part)
                page.evaluate(SETTLED)
                found += violations(page, f"{part} ({language})")
        to(page, "#/alarms")
        page.locator(f'tr[data-id="{RED}"] .title').click()
        detail = page.locator("aside")
        detail.get_by_role("button", name=shelve, exact=True).click()
        expect(detail.locator("form")).to_be_visible()
        found += violations(page, f"an alert and its form ({language})")
        page.locator("aside h2").click()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        found += violations(page, f"keys ({language})")
        page.keyboard.press("Escape")
        if size == PHONE:
            page.locator(".back").click()
        page.get_by_role("button", name="中文").or_(page.get_by_role("button", name="English")).click()
    assert not found, "\n".join(found)
