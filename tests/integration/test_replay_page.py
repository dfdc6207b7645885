"""The past of a real service in a real Chromium: framed, exact to the byte, and the present stays in view.

HAZWATCH_SOAK=1 replays the readings of an InfluxDB too.
"""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from console.app import STATIC_DIR
from tests.integration.test_page import PASSWORD, Gateway, sign_in
from tests.servers.chromium import page_of
from tests.servers.hazwatch import Hazwatch, done, hazwatch, wait_until
from tests.servers.influx import influx
from tests.servers.mosquitto import Mosquitto

pytestmark = [
    pytest.mark.server,
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]

FILES = {
    "points.csv": (
        "sensor,enterprise,source,type,unit,range_lo,range_hi,h,hh,on_delay_s,off_delay_s,scan_s,description\n"
        "LT-1,acme,FARM,level,m,0,12,9,10,2,2,60,Tank 1 level\n"
        "PT-1,acme,FARM,pressure,kPa,0,500,400,450,2,2,60,Tank 1 pressure\n"
    ),
    # of the gravest kind, so that a second limit is a red alert
    "plant.yaml": (
        "enterprises: [{id: acme, name: Acme}]\n"
        "sources:\n"
        "  - {id: FARM, enterprise: acme, name: Tank farm, population: 150,\n"
        "     chemicals: [{substance: 汽油, quantity_t: 50000}]}\n"
    ),
}


@pytest.fixture
def running(tmp_path: Path, cache: Path) -> Iterator[tuple[Hazwatch, Gateway]]:
    with _started(tmp_path, cache) as found:
        yield found


@contextmanager
def _started(tmp_path: Path, cache: Path, **settings: Any) -> Iterator[tuple[Hazwatch, Gateway]]:
    with Mosquitto(tmp_path / "mosquitto") as broker, Gateway(broker.url) as gateway:
        service = Hazwatch(
            tmp_path / "run",
            cache,
            {"points": "points.csv", "plant": "plant.yaml", "mqtt": {"url": broker.url}, **settings},
            FILES,
        )
        for name in ("wang", "zhao"):
            add = ("user", "add", name, "--role", "operator", "--config", service.config)
            done(hazwatch(service.folder, cache, *add, stdin=PASSWORD.encode() + b"\n"))
        service.start()
        try:
            service.wait_connected()
            yield service, gateway
        finally:
            service.kill()


@contextmanager
def client_of(service: Hazwatch, name: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{service.url}/api/v1/", headers={"X-Hazwatch": "1"}, timeout=40) as client:
        assert client.post("login", json={"name": name, "password": PASSWORD}).status_code == 200
        yield client


def rises(service: Hazwatch, gateway: Gateway, level: float) -> None:
    """Let the level rise and wait until something more was told."""
    before = len(service.alerts())

    def told() -> bool:
        gateway.says(level)
        return len(service.alerts()) > before

    wait_until(told, 30, "nothing was told", 1.0)


def begun(client: httpx.Client, source: str, from_ms: float, to_ms: float) -> str:
    answer = client.post("replays", json={"source": source, "from_ms": int(from_ms), "to_ms": int(to_ms) + 1})
    assert answer.status_code == 200, answer.text
    return f"replays/{answer.json()['id']}"


def run_to_the_end(client: httpx.Client, under: str) -> dict[str, Any]:
    """Seek to the end of a replay; return its status there."""
    status = client.get(f"{under}/replay").json()
    client.post(f"{under}/replay", json={"seek_ms": int(status["to_ms"])})

    def state() -> str:
        return str(client.get(f"{under}/replay").json()["state"])

    wait_until(lambda: state() == "ended", 30, state)
    status = client.get(f"{under}/replay").json()
    assert isinstance(status, dict)
    return status


def test_the_past_is_shown_as_it_was_beside_the_present(running: tuple[Hazwatch, Gateway]) -> None:
    service, gateway = running
    gateway.says(5.0, seconds=60)
    with client_of(service, "wang") as client, client_of(service, "zhao") as other:
        rises(service, gateway, 9.5)
        (held,) = client.get("alerts").json()["alerts"]
        acked = client.post(f"alerts/{held['id']}/ack", json={"seq": held["seq"], "comment": "seen"})
        assert acked.status_code == 200
        from_ms, to_ms = client.get("replays").json()["journal"]
        lines = service.alerts()
        assert [json.loads(line)["event"] for line in lines][:2] == ["opened", "acknowledged"]

        under = begun(client, "journal", from_ms, to_ms)
        assert other.get(f"{under}/alerts").status_code == 404, "another's replay is not there"
        status = run_to_the_end(client, under)
        assert (status["exact"], status["told"], status["differ"]) == (True, len(lines), 0)
        assert client.get(f"{under}/alerts.ndjson").content.splitlines() == lines, "byte for byte"
        assert client.get(f"{under}/me").json()["name"] == "wang"
        assert client.post(f"{under}/alerts/{held['id']}/ack", json={}).json()["code"] == "replay"
        trend = client.get(f"{under}/sensors/acme/LT-1/trend").json()
        assert trend["t_ms"], "through the door: the live process has the store's file"
        assert max(trend["t_ms"]) <= status["now_ms"]

        anew = begun(client, "store", from_ms - 70_000, to_ms)
        assert client.post("replays", json={"from_ms": int(from_ms), "to_ms": int(to_ms)}).status_code == 429
        status = run_to_the_end(client, anew)
        assert (status["source"], status["exact"]) == ("store", False)
        told = [json.loads(line) for line in client.get(f"{anew}/alerts.ndjson").content.splitlines()]
        assert "opened" in [event["event"] for event in told if event["sensor"] == "acme/LT-1"]
        for one in (under, anew):
            assert client.post(f"{one}/end").status_code == 204

        with page_of(service.url) as (page, complaints):
            sign_in(page)
            _look_back(page, service, gateway)
            wait_until(lambda: not client.get("replays").json()["replays"], 60, "the replay was not ended")
            _ends_with_its_session(service, page)
            assert complaints == []
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 10


@pytest.mark.skipif(not os.environ.get("HAZWATCH_SOAK"), reason="ten seconds: a part of scripts/soak")
def test_readings_of_an_influxdb_are_replayed_at_any_pace(tmp_path: Path, cache: Path) -> None:
    with (
        influx(tmp_path / "influx") as server,
        _started(tmp_path, cache, store={"kind": "influx", "url": server.url}) as (service, gateway),
        client_of(service, "wang") as client,
    ):
        gateway.says(5.0, seconds=60)
        rises(service, gateway, 9.5)
        from_ms, to_ms = client.get("replays").json()["journal"]
        from_ms -= 70_000

        def stored() -> bool:
            return 9.5 in client.get("sensors/acme/LT-1/trend").json()["mean"]

        wait_until(stored, 20, "the level is not in the store")
        under = begun(client, "store", from_ms, to_ms)

        def control(**order: Any) -> dict[str, Any]:
            answer = client.post(f"{under}/replay", json=order)
            assert answer.status_code == 200, answer.text
            return dict(answer.json())

        def opened() -> list[str]:
            lines = client.get(f"{under}/alerts.ndjson").content.splitlines()
            return [event["sensor"] for event in map(json.loads, lines) if event["event"] == "opened"]

        def ended() -> bool:
            return bool(client.get(f"{under}/replay").json()["state"] == "ended")

        def moved() -> bool:
            return bool(client.get(f"{under}/replay").json()["now_ms"] > at_ms)

        control(speed=600, paused=False)
        wait_until(ended, 20, "it has no end at 600 times the pace")
        assert "acme/LT-1" in opened()
        trend = client.get(f"{under}/sensors/acme/LT-1/trend").json()
        assert {5.0, 9.5} <= set(trend["mean"])

        control(seek_ms=int(from_ms), speed=1, paused=False)
        wait_until(lambda: not ended(), 20, "it does not go back")
        assert opened() == []
        at_ms = client.get(f"{under}/replay").json()["now_ms"]
        assert at_ms < to_ms - 30_000
        wait_until(moved, 20, "it stands still")
        control(jump="next")
        wait_until(lambda: "acme/LT-1" in opened(), 20, "there is no next alert")


def _look_back(page: Page, service: Hazwatch, gateway: Gateway) -> None:
    page.goto(f"{service.url}/#/replay")
    page.get_by_role("button", name="Begin").click()
    past = page.get_by_role("region", name="Replay")
    expect(past).to_be_visible(timeout=40_000)
    expect(past.get_by_role("heading")).to_contain_text("历史回放 · REPLAY")
    expect(page.locator(".link")).to_have_text("Past")
    past.get_by_role("button", name="Pause").click()
    expect(past).to_contain_text("paused")
    row = page.locator("tbody tr[data-id]")
    expect(row).to_have_count(0)
    past.get_by_role("button", name="Next alert").click()
    expect(row).to_have_count(1)
    expect(row).to_contain_text("unacknowledged")
    expect(row.get_by_role("button", name="Acknowledge")).to_have_count(0)
    past.get_by_label("Time of the replay").last.press("End")
    expect(row).to_contain_text("Active, acknowledged")
    expect(past).to_contain_text("as told then")

    present = page.get_by_role("region", name="Live alarms")
    expect(present).not_to_contain_text("is unacknowledged live")
    rises(service, gateway, 10.5)
    expect(present).to_contain_text("A red alert is unacknowledged live")
    expect(row).to_contain_text("Active, acknowledged")
    present.get_by_role("button", name="Back to live").click()
    expect(page.locator(".link")).to_have_text("Live")
    expect(row).to_contain_text("unacknowledged")
    page.goto(f"{service.url}/#/replay")
    page.get_by_role("button", name="Continue").click()
    expect(past).to_be_visible()
    past.get_by_role("button", name="End", exact=True).click()
    expect(past).to_have_count(0)


def _ends_with_its_session(service: Hazwatch, page: Page) -> None:
    with client_of(service, "zhao") as other:
        from_ms, to_ms = other.get("replays").json()["journal"]
        begun(other, "journal", from_ms, to_ms)
        other.post("logout")
    with client_of(service, "zhao") as other:
        wait_until(lambda: not other.get("replays").json()["replays"], 60, "it outlived its session")
    expect(page.locator(".link")).to_have_text("Live")
