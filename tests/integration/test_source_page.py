"""A hazard source's page over a real service: a gateway publishes, a file is changed, and the page shows both."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from console.app import STATIC_DIR
from tests.integration.test_page import PASSWORD, Gateway, sign_in
from tests.servers.chromium import page_of
from tests.servers.hazwatch import Hazwatch, done, hazwatch, wait_until
from tests.servers.mosquitto import Mosquitto

pytestmark = [
    pytest.mark.server,
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]
POINTS = (
    "sensor,enterprise,source,equipment,type,unit,range_lo,range_hi,h,hh,scan_s,x,y,description\n"
    "LT-1,acme,FARM,T-1,level,m,0,12,9,10,60,5,5,Tank 1 level\n"
    "PT-1,acme,FARM,T-1,pressure,kPa,0,500,400,450,60,6,5,Tank 1 pressure\n"
)
FILES = {
    "points.csv": POINTS,
    "plant.yaml": (
        "enterprises: [{id: acme, name: Acme, plan: {file: site.geojson}}]\n"
        "sources:\n"
        "  - {id: FARM, enterprise: acme, name: Tank farm, population: 60,\n"
        "     chemicals: [{substance: 汽油, quantity_t: 5000}],\n"
        "     persons: {principal: {name: Zhao}, technical: {name: Qian}, operating: {name: Sun}}}\n"
        "equipment: [{id: T-1, source: FARM, name: Tank 1, kind: tank}]\n"
    ),
    "site.geojson": (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"name": "Dike", "kind": "dike"},'
        ' "geometry": {"type": "Polygon", "coordinates": [[[0, 0], [20, 0], [20, 20], [0, 20], [0, 0]]]}}]}'
    ),
}


@pytest.fixture
def running(tmp_path: Path, cache: Path) -> Iterator[tuple[Hazwatch, Gateway]]:
    with Mosquitto(tmp_path / "mosquitto") as broker, Gateway(broker.url) as gateway:
        settings = {"points": "points.csv", "plant": "plant.yaml", "mqtt": {"url": broker.url}}
        service = Hazwatch(tmp_path / "run", cache, settings, FILES)
        add = ("user", "add", "wang", "--role", "operator", "--config", service.config)
        done(hazwatch(service.folder, cache, *add, stdin=PASSWORD.encode() + b"\n"))
        service.start()
        try:
            service.wait_connected()
            yield service, gateway
        finally:
            service.kill()


def test_a_source_is_shown_with_its_readings_last_hour_and_changed_limits(
    running: tuple[Hazwatch, Gateway],
) -> None:
    service, gateway = running
    gateway.says(5.0, seconds=180)
    with page_of(service.url) as (page, complaints):
        sign_in(page)
        page.evaluate("location.hash = '#/source/acme/FARM'")
        tank = page.locator(".tiles > li", has_text="T-1 Tank 1")
        expect(tank).to_contain_text("5\u00a0m")
        expect(page.get_by_text("R = 37.5")).to_be_visible()
        expect(page.get_by_text("Zhao")).to_be_visible()
        level = page.locator("tbody tr", has_text="acme/LT-1")
        expect(level).to_contain_text("well")
        expect(level.get_by_role("img", name="5 – 5 m")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("None since limits are kept here.")).to_be_visible()

        (service.folder / "points.csv").write_text(POINTS.replace("0,12,9,10", "0,12,8.5,10"), "utf-8")
        os.kill(service.pid, signal.SIGHUP)
        cookies = {one["name"]: one["value"] for one in page.context.cookies()}

        def taken_over() -> bool:
            try:
                answer = httpx.get(f"{service.url}/api/v1/sources/acme/FARM/limits", cookies=cookies)
            except httpx.TransportError:
                return False
            return bool(answer.json().get("changes"))

        wait_until(taken_over, 20, "the changed limit")
        page.reload()
        change = page.locator("tr", has_text="points.csv")
        expect(change).to_contain_text("acme/LT-1")
        expect(change).to_contain_text("9\u00a0m")
        expect(change).to_contain_text("8.5\u00a0m")

        page.evaluate("location.hash = '#/overview/e%3Aacme'")
        page.locator(".ground").get_by_role("link", name="Tank farm").click()
        expect(tank).to_be_visible()
        assert complaints == []
