"""What the page does when the real service stops, dies and comes back, in a real Chromium."""

import os
import signal
import time

import pytest
from playwright.sync_api import expect

from console.app import STATIC_DIR
from tests.integration.test_page import Gateway, running, sign_in
from tests.servers.chromium import page_of
from tests.servers.hazwatch import Hazwatch

__all__ = ["running"]  # fixtures are found by name

pytestmark = [
    pytest.mark.server,
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]


def test_a_stopped_or_killed_service_greys_the_page_and_comes_back_with_what_was_missed(
    running: tuple[Hazwatch, Gateway],
) -> None:
    service, gateway = running
    gateway.says(5.0, seconds=60)
    with page_of(service.url) as (page, complaints):
        sign_in(page)
        overlay, row = page.locator(".overlay"), page.locator("tbody tr[data-id]")
        expect(row).to_have_count(0)

        os.kill(service.pid, signal.SIGSTOP)
        try:
            expect(overlay).to_be_visible()
            expect(overlay).to_contain_text("No data since")
            gateway.says(9.5)
            time.sleep(2.1)  # the points table's on-delay, by the readings' own times
            gateway.says(9.6)
            expect(row).to_have_count(0)
        finally:
            os.kill(service.pid, signal.SIGCONT)
        expect(row).to_have_count(1)
        expect(row).to_contain_text("LT-1")
        expect(overlay).to_have_count(0)

        service.kill()
        expect(overlay).to_be_visible()
        expect(row).to_have_count(1)
        gateway.says(10.5)
        time.sleep(2.1)  # as above
        gateway.says(10.6)
        service.start()
        expect(page.locator(".link")).to_have_text("Live")
        expect(overlay).to_have_count(0)
        expect(row).to_contain_text("10.6")
        assert complaints == []
