"""The page of a real service in a real Chromium: a gateway publishes, an operator sees and acknowledges."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import pytest
from playwright.sync_api import Page, expect

from console.app import STATIC_DIR
from ingest.mqtt import MqttSettings
from sim.outgoing import Outgoing
from sim.publish import Publisher
from tests.servers.chromium import page_of
from tests.servers.hazwatch import Hazwatch, done, hazwatch, wait_until
from tests.servers.mosquitto import Mosquitto

pytestmark = [
    pytest.mark.server,
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]
PASSWORD = "a password of the night shift"
FILES = {
    "points.csv": (
        "sensor,enterprise,type,unit,range_lo,range_hi,h,hh,on_delay_s,off_delay_s,scan_s,description\n"
        "LT-1,acme,level,m,0,12,9,10,2,2,60,Tank 1 level\n"
        "PT-1,acme,pressure,kPa,0,500,400,450,2,2,60,Tank 1 pressure\n"
    ),
}


class Gateway:
    """Publishes what a tank's two transmitters say, of now and of the last minute."""

    def __init__(self, url: str) -> None:
        self._publisher = Publisher(MqttSettings(url=url, client_id="", clean=True))

    def __enter__(self) -> Self:
        self._publisher.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._publisher.__exit__(kind, error, at)

    def says(self, level: float, seconds: int = 1) -> None:
        """Send a level, one reading for each of the last seconds."""
        now_ms = time.time_ns() // 1_000_000
        for ago in range(seconds - 1, -1, -1):
            body = json.dumps({"t": now_ms - 1000 * ago, "s": ["LT-1", "PT-1"], "v": [level, 120.5]})
            self._publisher.send(Outgoing("hazwatch/v1/acme", body.encode(), 0, 2))
        self._publisher.finish()


@pytest.fixture
def running(tmp_path: Path, cache: Path) -> Iterator[tuple[Hazwatch, Gateway]]:
    with Mosquitto(tmp_path / "mosquitto") as broker, Gateway(broker.url) as gateway:
        service = Hazwatch(
            tmp_path / "run", cache, {"points": "points.csv", "mqtt": {"url": broker.url}}, FILES
        )
        add = ("user", "add", "wang", "--role", "operator", "--config", service.config)
        done(hazwatch(service.folder, cache, *add, stdin=PASSWORD.encode() + b"\n"))
        service.start()
        try:
            service.wait_connected()
            yield service, gateway
        finally:
            service.kill()


def sign_in(page: Page) -> None:
    page.locator("input[name=username]").fill("wang")
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("form button.go").click()
    expect(page.locator(".link")).to_have_text("Live")


def test_seen_and_acknowledged_in_the_browser(running: tuple[Hazwatch, Gateway]) -> None:
    service, gateway = running

    def closes() -> bool:
        gateway.says(5.0)
        return not service.metric("hazwatch_alerts_open")

    gateway.says(5.0, seconds=60)
    with (
        page_of(service.url) as (page, complaints),
        httpx.Client(base_url=service.url, headers={"X-Hazwatch": "1"}) as client,
    ):
        login = {"name": "wang", "password": PASSWORD}
        assert client.post("/api/v1/login", json=login, timeout=15).status_code == 200
        sign_in(page)
        expect(page.locator("tbody tr[data-id]")).to_have_count(0)

        time.sleep(1)  # readings are a second apart, and these must be newer
        gateway.says(9.5)
        time.sleep(2.1)  # the points table's on-delay, by the readings' own times
        gateway.says(9.6)
        row = page.locator("tbody tr[data-id]")
        expect(row).to_have_count(1)
        expect(row).to_contain_text("unacknowledged")
        expect(row).to_contain_text("LT-1")
        alert = row.get_attribute("data-id")
        (held,) = client.get("/api/v1/alerts").json()["alerts"]
        assert (held["id"], held["state"]) == (alert, "unack")

        row.locator(".title").click()
        detail = page.locator("aside")
        expect(detail.locator(".chart canvas")).to_be_visible(timeout=30_000)
        expect(detail.locator(".now")).to_contain_text("9.6")
        trend = client.get("/api/v1/sensors/acme/LT-1/trend").json()
        assert len(trend["t_ms"]) >= 60
        detail.get_by_role("textbox").fill("filling stopped")
        detail.get_by_role("button", name="Acknowledge").click()
        expect(row).to_contain_text("Active, acknowledged")
        expect(detail).to_contain_text("by wang")

        (held,) = client.get("/api/v1/alerts").json()["alerts"]
        assert (held["id"], held["state"]) == (alert, "acked")
        told = [json.loads(line) for line in service.alerts()]
        assert [event["event"] for event in told] == ["opened", "acknowledged"]
        assert told[1]["why"]["acknowledged"]["by"] == "wang"
        assert told[1]["why"]["acknowledged"]["comment"] == "filling stopped"

        os.kill(service.pid, signal.SIGSTOP)
        try:
            expect(page.locator(".overlay")).to_be_visible()
        finally:
            os.kill(service.pid, signal.SIGCONT)
        expect(page.locator(".overlay")).to_have_count(0)

        service.kill()
        expect(page.locator(".link")).to_have_text("Connection lost")
        service.start()
        service.wait_connected()
        expect(page.locator(".link")).to_have_text("Live")
        expect(row).to_contain_text("Active, acknowledged")

        wait_until(closes, 60, "not closed", 0.5)
        expect(row).to_have_count(0)
        assert [json.loads(line)["event"] for line in service.alerts()][2:] == ["cleared", "closed"]

        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 10, "an open page does not hold up the end"
        assert complaints == []
