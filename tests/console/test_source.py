"""A hazard source, maps and plans through the web API: what they show, and to whom."""

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import numpy as np
import pytest

from console.accounts import Accounts
from console.app import create_app
from console.feed import Feed
from console.guard import SECURITY_HEADERS
from console.source_routes import MAX_SENSORS, SPARK_STEP_NS
from console.tiles import Tiles
from ledger.audit import AuditLog
from registry.picture import Picture
from registry.plant import SitePlan
from store.series import Series, StoreError
from tests.console.site import COLD, LPG, build
from tests.console.sources import SCRIPT, furnish_source, sensor
from tests.console.test_api import Site, on_site
from tests.registry.test_grounds import PNG

FARM = f"/api/v1/sources/{LPG}/tank-farm"
PARTS = ("", "/now", "/sparklines", "/limits")


def test_a_source_tells_its_facts_and_its_moment(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish_source(s.backend)
        await s.sign_in("gu")
        facts = (await s.get(FARM)).json()
        assert facts["grading"] | {"chemicals": None} == {
            "grade": "Ⅲ", "alpha": 1.5, "r": 37.5, "s": 25.0, "chemicals": None,
        }  # fmt: skip
        assert facts["grading"]["chemicals"] == [
            {"substance": "液化石油气", "quantity_t": 1250, "critical_t": 50, "beta": 1.5}
        ]
        assert list(facts["persons"]) == ["principal", "technical", "operating"]
        assert facts["persons"]["principal"] is None
        assert facts["persons"]["technical"]["phone"] == "0574-2"
        assert [one["id"] for one in facts["equipment"]] == ["V-101"]
        assert (facts["count"], facts["plan"], len(facts["sensors"])) == (5, True, 5)
        now = (await s.get(f"{FARM}/now")).json()
        assert {name: one["health"] for name, one in now["sensors"].items()} == {
            f"{LPG}/LT-101": [],
            f"{LPG}/GT-07": ["out_of_range"],
            f"{LPG}/PT-104": ["silent"],
            SCRIPT: ["uncertain"],
            f"{LPG}/{facts['sensors'][4]['id'].partition('/')[2]}": ["never"],
        }
        assert {row["source"] for row in now["alerts"]} == {"tank-farm"}
        assert [one["place"]["id"] for one in now["arrangements"]] == [f"{LPG}/PT-104"]
        assert now["wind"] == {"speed": 3.2, "unit": "m/s", "from_deg": 225.0}
        [change] = (await s.get(f"{FARM}/limits")).json()["changes"]
        assert (change["sensor"], change["old"], change["new"], change["file"]) == (
            f"{LPG}/LT-101",
            9.0,
            None,
            "points.csv",
        )

    on_site(tmp_path, scenario)


def test_nobody_sees_a_source_outside_his_scope_or_without_signing_in(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish_source(s.backend)
        plan = f"/api/v1/enterprises/{LPG}/plan"
        for path in (*(FARM + part for part in PARTS), "/api/v1/map", plan, f"{plan}/picture"):
            assert (await s.get(path)).status_code == 401
        await s.sign_in("bo")
        for part in PARTS:
            assert (await s.get(FARM + part)).status_code == 200
            for other in (f"{COLD}/cold", f"{LPG}/cold", f"{COLD}/tank-farm", "gone/tank-farm", "..%2f../me"):
                answer = await s.get(f"/api/v1/sources/{other}{part}")
                assert answer.status_code == 404, other
        assert (await s.get(f"/api/v1/enterprises/{COLD}/plan")).status_code == 404
        assert COLD not in (await s.get(f"{FARM}/limits")).text

    on_site(tmp_path, scenario)


def test_a_large_source_comes_in_pages(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish_source(s.backend)
        s.backend.sensors_list = [sensor(f"{LPG}/X{i}", "tank-farm", None) for i in range(MAX_SENSORS + 7)]
        await s.sign_in("li")
        for after, count in ((0, MAX_SENSORS), (MAX_SENSORS, 7)):
            facts = (await s.get(FARM, after=after)).json()
            assert (len(facts["sensors"]), facts["count"]) == (count, MAX_SENSORS + 7)
        assert len((await s.get(f"{FARM}/now", after=MAX_SENSORS)).json()["sensors"]) == 7
        assert len((await s.get(f"{FARM}/sparklines", after=MAX_SENSORS)).json()["sensors"]) == 7
        for wrong in (-1, 10_000_001, "x"):
            assert (await s.get(FARM, after=wrong)).status_code == 422

    on_site(tmp_path, scenario)


def test_sparklines_are_read_once_a_minute_however_many_look(tmp_path: Path) -> None:
    reads: list[tuple[int, int]] = []

    def level(start_ns: int, end_ns: int) -> Series:
        reads.append((start_ns, end_ns))
        t_ns = np.arange(start_ns, end_ns, SPARK_STEP_NS)
        return Series.raw(t_ns, np.ones(len(t_ns)))

    async def scenario(s: Site) -> None:
        furnish_source(s.backend)
        at_ns = [SPARK_STEP_NS * 29_000_000]
        s.backend._now_ns = lambda: at_ns[0]
        s.backend.series = {f"{LPG}/LT-101": level}
        await s.sign_in("li")
        first = await s.get(f"{FARM}/sparklines")
        points = first.json()["sensors"][f"{LPG}/LT-101"]
        assert len(points["mean"]) == 60
        assert first.json()["sensors"][SCRIPT]["mean"] == [], "of which the store has nothing"
        at_ns[0] += SPARK_STEP_NS - 1
        again = await s.client.get(f"{FARM}/sparklines", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, len(reads)) == (304, 1)
        at_ns[0] += 1
        assert (await s.get(f"{FARM}/sparklines")).json()["end_ms"] == first.json()["end_ms"] + 60_000
        assert len(reads) == 2

        def broken(_: int, __: int) -> Series:
            raise StoreError("the store is away", retry=True)

        s.backend.series = {f"{LPG}/LT-101": broken}
        at_ns[0] += SPARK_STEP_NS
        answer = await s.get(f"{FARM}/sparklines")
        assert (answer.status_code, answer.json()["code"]) == (503, "store")

    on_site(tmp_path, scenario)


def test_maps_and_plans_are_sent_once_and_what_is_unchanged_is_not_sent_again(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish_source(s.backend)
        await s.sign_in("li")
        seen = await s.get("/api/v1/overview")
        assert seen.json()["map"]
        assert [bool(one["plan"]) for one in seen.json()["enterprises"]] == [True, False]
        assert seen.json()["tiles"] is None
        plan = f"/api/v1/enterprises/{LPG}/plan"
        told = (await s.get(plan)).json()
        assert (told["bounds"], told["north_deg"], told["picture"]) == ([0, 0, 60, 40], 20, None)
        assert told["sources"] == {"tank-farm": [10, 20]}
        assert told["geojson"]["type"] == "FeatureCollection"
        assert (await s.get(f"{plan}/picture")).status_code == 404
        for path in ("/api/v1/overview", "/api/v1/map", plan, FARM):
            tag = (await s.get(path)).headers["etag"]
            again = await s.client.get(path, headers={"If-None-Match": tag})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert (await s.get(f"/api/v1/enterprises/{COLD}/plan")).status_code == 404, "it has none"

    on_site(tmp_path, scenario)


def test_a_picture_is_sent_as_what_it_is(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish_source(s.backend)
        ground = Picture(media_type="image/png", body=PNG, bounds=(0, 0, 9, 9))
        plant = s.backend.plant_now
        known = replace(plant.enterprises[LPG], plan=SitePlan(ground=ground))
        s.backend.plant_now = replace(plant, enterprises={LPG: known})
        await s.sign_in("li")
        plan = f"/api/v1/enterprises/{LPG}/plan"
        told = (await s.get(plan)).json()
        assert told["geojson"] is None
        answer = await s.get(f"{plan}/picture", v=told["picture"])
        assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
        assert answer.headers["x-content-type-options"] == "nosniff"

    on_site(tmp_path, scenario)


TILES = Tiles(url="https://tiles.example:8443/a/{z}/{x}/{y}.png?k=1", gcj02=True, max_zoom=17)


@pytest.mark.parametrize("tiles", [None, TILES])
def test_only_the_tile_server_that_the_settings_name_may_be_asked_for_pictures(
    tmp_path: Path, tiles: Tiles | None
) -> None:
    async def scenario() -> None:
        with Accounts(tmp_path) as accounts, AuditLog(tmp_path) as audit:
            app = create_app(build(Feed()), accounts, Feed(), audit, tiles=tiles)
            async with httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url="http://console"
            ) as client:
                policy = (await client.get("/api/v1/me")).headers["content-security-policy"]
        usual = SECURITY_HEADERS["Content-Security-Policy"]
        if tiles is None:
            assert policy == usual
        else:
            assert policy == usual.replace("img-src 'self';", "img-src 'self' https://tiles.example:8443;")

    asyncio.run(scenario())
