"""Overview, sensors and system through the web API: the counts, and who may see them."""

from pathlib import Path

from console.backend import Activation, SensorNow
from console.fake import FakeBackend
from console.scope import Place
from registry.plant import Area, Enterprise, HazardSource, Plant, SourceGrade, Text
from tests.console.site import COLD, LPG
from tests.console.test_api import Site, on_site

AREA = "370211"


def furnish(backend: FakeBackend) -> None:
    """Give the backend a plant of two enterprises, with sensors and what has opened of late."""
    source = HazardSource(
        id="tank-farm",
        enterprise=LPG,
        name=Text("罐区", "Tank farm"),
        alpha=1.5,
        chemicals=(),
        r=37.5,
        s=25.0,
        grade=SourceGrade.III,
        lon=120.2,
        lat=36.0,
    )
    backend.plant_now = Plant(
        areas={
            "370200": Area(code="370200", name=Text("青岛市", "Qingdao")),
            AREA: Area(code=AREA, name=Text("黄岛区", "Huangdao"), parent="370200"),
            "370300": Area(code="370300", name=Text("淄博市", "Zibo")),
        },
        enterprises={
            LPG: Enterprise(id=LPG, name=Text("液化气", "LPG works"), area=AREA),
            COLD: Enterprise(id=COLD, name=Text("冷库", "Cold store"), area=AREA),
        },
        sources={"tank-farm": source},
    )
    backend.sensors_list = [
        sensor(f"{LPG}/LT-101", LPG, "tank-farm", value=10.6, t_ns=1),
        sensor(f"{LPG}/PT-104", LPG, "tank-farm", value=2.0, t_ns=1, silent=True),
        sensor(f"{LPG}/GT-07", LPG, "loading", description="装车台 loading rack"),
        sensor(f"{COLD}/GT-31", COLD, None, value=33.4, t_ns=1),
        sensor("lone", None, None),
    ]
    now_ns = backend.now_ns()
    minute = 60 * 10**9
    backend.activated = [
        Activation(now_ns - ago * minute, Place(enterprise, AREA))
        for ago, enterprise in ((61, LPG), (59, LPG), (11, COLD), (1, LPG), (1, LPG))
    ]
    backend.owned.numbers = {"sensors": 5}


def sensor(name: str, enterprise: str | None, source: str | None, **more: object) -> SensorNow:
    place = Place(enterprise, AREA if enterprise else None)
    facts = {"id": name, "place": place, "source": source, "equipment": None, "type": "level", "unit": "m"}
    return SensorNow(**(facts | {"description": ""} | more))  # type: ignore[arg-type]


def test_the_overview_counts_by_enterprise_and_source(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        assert (await s.get("/api/v1/overview")).status_code == 401
        await s.sign_in("li")
        seen = (await s.get("/api/v1/overview")).json()
        assert [area["code"] for area in seen["areas"]] == ["370200", AREA], (
            "areas without enterprises are left out"
        )
        lpg = next(one for one in seen["enterprises"] if one["id"] == LPG)
        assert (lpg["sensors"], lpg["alive"]) == (3, 1), "what never spoke and what is silent is not alive"
        assert lpg["open"]["red"] == 1
        [farm] = seen["sources"]
        assert (farm["grade"], farm["sensors"], farm["alive"]) == ("Ⅲ", 2, 1)
        assert seen["elsewhere"]["sensors"] == 1
        assert seen["activations"] == [1, 0, 0, 0, 1, 2]

    on_site(tmp_path, scenario)


def test_an_account_of_one_enterprise_sees_nothing_of_another(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        await s.sign_in("bo")
        answer = await s.get("/api/v1/overview")
        assert COLD not in answer.text
        assert answer.json()["activations"] == [1, 0, 0, 0, 0, 2]
        found = (await s.get("/api/v1/sensors")).json()
        assert {one["id"].partition("/")[0] for one in found["sensors"]} == {LPG}
        refused = await s.get("/api/v1/system")
        assert (refused.status_code, refused.json()["code"]) == (403, "scope")

    on_site(tmp_path, scenario)


def test_sensors_are_found_by_words_and_by_source_page_after_page(tmp_path: Path) -> None:
    async def scenario(s: Site) -> None:
        furnish(s.backend)
        await s.sign_in("li")
        found = (await s.get("/api/v1/sensors", words="gt LOADING")).json()
        assert [one["id"] for one in found["sensors"]] == [f"{LPG}/GT-07"]
        assert (await s.get("/api/v1/sensors", words="装车台")).json() == found
        first = (await s.get("/api/v1/sensors", source="tank-farm", limit=1)).json()
        assert first["next_after"] == 1
        last = (await s.get("/api/v1/sensors", source="tank-farm", limit=1, after=1)).json()
        assert (last["sensors"][0]["id"], last["sensors"][0]["silent"]) == (f"{LPG}/PT-104", True)
        assert last["next_after"] is None
        for wrong in ({"limit": 501}, {"after": -1}, {"words": "x" * 201}):
            assert (await s.get("/api/v1/sensors", **wrong)).status_code == 422
        assert (await s.get("/api/v1/system")).json() == {"sensors": 5}

    on_site(tmp_path, scenario)
