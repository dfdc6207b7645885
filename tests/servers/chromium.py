"""A real Chromium that notices whatever a page complains of or asks of elsewhere."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Route, expect, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
EXPECTED = re.compile(r"net::ERR|status of 401")
"""What a browser says by itself: a server that went away, and the question whether somebody is signed in."""

expect.set_options(timeout=30_000)
"""How long a page may take where a test says nothing of it: longer than on the busiest machine."""


def launched(playwright: Playwright) -> Browser:
    """Return a Chromium that asks nothing of anybody by itself."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)


@contextmanager
def page_of(url: str, lang: str = "en-GB") -> Iterator[tuple[Page, list[str]]]:
    """Open a page; yield it and the list of its complaints so far."""
    if shutil.which("chromium") is None:
        pytest.skip("needs Debian's package chromium")
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED.search(message.text):
            complaints.append(message.text)

    def elsewhere(route: Route) -> None:
        complaints.append(f"asked elsewhere: {route.request.url}")
        route.abort()

    with sync_playwright() as playwright:
        browser = launched(playwright)
        page = browser.new_page(viewport={"width": 1600, "height": 1000}, locale=lang)
        page.on("console", note)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.route(lambda asked: not asked.startswith(url), elsewhere)
        page.goto(url)
        yield page, complaints
        browser.close()
