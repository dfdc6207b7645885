"""A hazard source's page, and the maps of the overview, in a real Chromium: both languages, desk and hand, hostile words."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from console.app import STATIC_DIR
from console.tiles import Tiles
from tests.console.live import Live, live_console
from tests.console.site import LPG
from tests.console.sources import SCRIPT, furnish_source
from tests.console.test_browser import DESK, PHONE, Desk, chromium, desk, live
from tests.console.test_browser_pages import nothing_is_cut, to
from tests.registry.test_grounds import PNG

__all__ = ["chromium", "desk", "live"]  # fixtures are found by name

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (STATIC_DIR / "index.html").is_file(), reason="the page is not built"),
]

FARM = f"#/source/{LPG}/tank-farm"
WORDS = {
    "en-GB": (
        "Tank farm",
        "outside its range",
        "out of service",
        "nobody is named",
        "Wind 3.2\u00a0m/s from 225\u00a0°",
    ),
    "zh-CN": ("罐区", "超出量程", "停用", "未指定", "风速 3.2\u00a0m/s，风向 225\u00a0°（来向）"),
}


@pytest.mark.parametrize(("size", "lang"), [(DESK, "en-GB"), (PHONE, "zh-CN")], ids=["desk", "hand"])
def test_a_source_shows_equipment_sensors_and_who_answers_for_it(
    desk: Desk, live: Live, size: dict[str, int], lang: str
) -> None:
    name, out_of_range, held, nobody, wind = WORDS[lang]
    live.call(lambda: furnish_source(live.backend))
    page = desk.sign_in(size=size, lang=lang)
    to(page, FARM)
    expect(page.locator("main h2").first).to_contain_text(name)
    sphere = page.locator(".tiles > li", has_text="V-101")
    expect(sphere).to_contain_text("10.62\u00a0m")
    expect(sphere.locator(".upright text")).to_have_text(["L", "H", "HH"])
    rows = page.locator("main > .columns .left table").first.locator("tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.nth(0).locator("svg path").first).to_be_attached()
    expect(rows.nth(1)).to_contain_text(out_of_range)
    expect(rows.nth(2)).to_contain_text(held)
    expect(rows.nth(3).locator("a")).to_have_text(SCRIPT)
    expect(page.get_by_text(nobody)).to_have_count(2)
    expect(page.get_by_text("Lin Lan" if lang == "en-GB" else "林岚")).to_be_visible()
    expect(page.locator(".compass")).to_contain_text(wind)
    if size == DESK:
        corner = page.locator(".compass").bounding_box()
        assert corner
        for mark in page.locator(".ground .face").all():
            box = mark.bounding_box()
            assert box is None or box["x"] + box["width"] <= corner["x"], "north and wind cover no mark"
    expect(page.get_by_text("R = 37.5")).to_be_visible()
    expect(page.locator("table", has_text="points.csv")).to_contain_text("9\u00a0m")
    together = page.locator(".ground details").filter(has_text="GT-07")
    expect(together).to_have_count(1)
    together.locator("summary").press("Enter")
    expect(together.locator("li a")).to_have_count(2)
    expect(together.locator("li a").first).to_contain_text("GT-07, 23.1\u00a0%LEL")
    assert nothing_is_cut(page), "10 000 characters and right-to-left words stay in their place"
    assert page.locator("main img, main script").count() == 0, "words are words"


def test_a_source_that_is_not_there_or_of_another_enterprise_says_so(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish_source(live.backend))
    page = desk.sign_in("bo")
    for address in ("#/source/xg-cold/cold", "#/source", "#/source/a%2Fb/%3Cscript%3E"):
        to(page, address)
        expect(page.get_by_text("There is no such hazard source in your scope.")).to_be_visible()


def test_the_map_leads_down_to_the_plan_and_the_plan_to_the_source(desk: Desk, live: Live) -> None:
    live.call(lambda: furnish_source(live.backend))
    page = desk.sign_in()
    to(page, "#/overview")
    marks = page.locator(".ground .mark a")
    expect(marks).to_have_count(2)
    expect(page.locator(".ground .label")).to_have_text("Bay")
    works = page.get_by_role("link", name="LPG works Red · 4 open")
    works.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".way b")).to_have_text("LPG works")
    expect(page.locator(".ground .label")).to_have_text("<img src=x onerror=alert(1)>")
    painted = "document.querySelector('.ground canvas').getContext('2d').getImageData(0, 0, 1900, 400).data.some(v => v)"
    assert page.evaluate(painted), "the drawing is on the canvas"
    page.locator(".ground").get_by_role("link", name="Tank farm").click()
    expect(page.locator("main h2").first).to_contain_text("Tank farm")


@pytest.fixture
def tiled(tmp_path: Path) -> Iterator[Live]:
    tiles = Tiles(url="http://127.0.0.2:9/{z}/{x}/{y}.png", attribution="© <b>Maps</b>", gcj02=True)
    with live_console(tmp_path, tiles=tiles) as running:
        yield running


def test_tiles_are_asked_for_where_the_settings_say_and_positions_are_shifted_with_them(
    chromium: Browser, tiled: Live
) -> None:
    tiled.call(lambda: furnish_source(tiled.backend))
    there = Desk(chromium, tiled)
    page = there.sign_in()
    asked: list[str] = []

    def tile(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=PNG, content_type="image/png")

    page.route("http://127.0.0.2:9/**", tile)
    to(page, "#/overview")
    expect(page.locator(".ground .whose")).to_have_text("© <b>Maps</b>")
    expect(page.locator(".leaflet-tile").first).to_be_attached()
    page.wait_for_function("document.querySelectorAll('.leaflet-tile').length > 3")
    expect(page.locator(".ground .mark a")).to_have_count(2)
    x, y = _on_tiles(page, 120.205094, 36.000124)
    mark = page.locator(".ground .mark", has_text="LPG works").bounding_box()
    assert mark is not None
    off = (mark["x"] + mark["width"] / 2 - x, mark["y"] + mark["height"] / 2 - y)
    assert max(map(abs, off)) < 3, f"shifted by half a kilometre with the tiles, and not {off} px beside them"
    _shut(page)
    assert asked
    assert there.complaints == [], "the policy lets just these pictures in"


def _on_tiles(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Return where a position lies on the screen by the tiles alone (Web Mercator)."""
    tile = page.locator(".leaflet-tile").first
    box, address = tile.bounding_box(), tile.get_attribute("src")
    assert box is not None
    assert address is not None
    z, column, row = map(int, re.findall(r"/(\d+)/(\d+)/(\d+)\.png", address)[0])
    sine = math.sin(math.radians(lat))
    across = (lon + 180) / 360 * 2**z
    down = (0.5 - math.log((1 + sine) / (1 - sine)) / (4 * math.pi)) * 2**z
    return box["x"] + (across - column) * box["width"], box["y"] + (down - row) * box["height"]


def _shut(page: Page) -> None:
    page.context.close()
