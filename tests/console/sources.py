"""A hazard source for the console's tests, with hostile words, a plan, persons, wind and changed limits."""

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from alerting.arrangements import Arrangement
from alerting.events import State
from console.backend import SensorNow
from console.fake import FakeBackend
from console.scope import Place
from console.source_backend import Wind
from ledger.limits import LimitChange, LoadedFrom
from registry.drawing import Drawing
from registry.plant import Chemical, Duty, Equipment, Person, SitePlan, Text
from registry.readings import Quality
from tests.console.site import COLD, LPG
from tests.console.test_places import AREA, furnish

SCRIPT = f"{LPG}/<script>alert(1)</script>"
LONG = "描述很长 description " * 500
RTL = "\u202eكاشف الغاز"


def drawing(*rings: list[list[float]], name: str = "") -> Drawing:
    """Return a drawing of polygons."""
    features = [
        {
            "type": "Feature",
            "properties": {"kind": "building", "name": {"zh": name, "en": name}},
            "geometry": {"type": "Polygon", "coordinates": [ring]},
        }
        for ring in rings
    ]
    points = [point for ring in rings for point in ring]
    x, y = zip(*points, strict=True)
    return Drawing(
        geojson=json.dumps({"type": "FeatureCollection", "features": features}).encode(),
        bounds=(min(x), min(y), max(x), max(y)),
    )


def furnish_source(backend: FakeBackend) -> None:
    """Give the backend's tank farm all that its page shows."""
    furnish(backend)
    plant = backend.plant_now
    farm = replace(
        plant.sources["tank-farm"],
        chemicals=(Chemical(substance="液化石油气", quantity_t=1250, critical_t=50, beta=1.5),),
        persons=MappingProxyType({Duty.TECHNICAL: Person(name=Text("林岚", "Lin Lan"), phone="0574-2")}),
        measures=MappingProxyType({"any": Text("核实", "Verify <b>it</b>")}),
    )
    site = drawing([[0, 0], [60, 0], [60, 40], [0, 0]], name="<img src=x onerror=alert(1)>")
    backend.plant_now = replace(
        plant,
        sources={
            "tank-farm": farm,
            "cold": replace(farm, id="cold", enterprise=COLD, name=Text("氨库", "Ammonia"), lon=120.3),
        },
        enterprises=dict(plant.enterprises)
        | {LPG: replace(plant.enterprises[LPG], plan=SitePlan(ground=site, north_deg=20))},
        equipment={
            "V-101": Equipment(id="V-101", source="tank-farm", name=Text("球罐", "Sphere"), kind="sphere")
        },
        map=drawing([[120.2, 35.99], [120.3, 35.99], [120.3, 36.02], [120.2, 35.99]], name="Bay"),
    )
    now_ns = backend.now_ns()
    backend.sensors_list = [
        sensor(f"{LPG}/LT-101", "tank-farm", now_ns, equipment="V-101", value=10.62, range_hi=12.0),
        sensor(
            f"{LPG}/GT-07",
            "tank-farm",
            now_ns,
            type="gas_combustible",
            unit="%LEL",
            value=23.1,
            range_hi=20.0,
            x=40.0,
        ),
        sensor(f"{LPG}/PT-104", "tank-farm", now_ns, type="pressure", unit="MPa", silent=True, value=1.0),
        sensor(
            SCRIPT,
            "tank-farm",
            now_ns,
            type="other",
            unit="",
            description=LONG,
            quality=Quality.UNCERTAIN,
            value=1e12,
        ),
        sensor(f"{LPG}/{RTL}", "tank-farm", None, type="gas_toxic", unit="ppm", description=RTL, x=44.0),
        sensor(f"{COLD}/GT-31", "cold", now_ns, enterprise=COLD, value=33.4),
    ]
    backend.winds = {LPG: Wind(speed=3.2, unit="m/s", from_deg=225.0)}
    backend.arranged = [
        Arrangement(
            kind=State.OUT_OF_SERVICE, place_kind="sensor", place=f"{LPG}/PT-104", name="P-7", by="li",
            reason="<i>calibration</i> " * 40, since_ns=now_ns, until_ns=now_ns + 3600 * 10**9,
        )
    ]  # fmt: skip
    loaded = LoadedFrom(at_ns=now_ns, file="points.csv", file_ns=now_ns)
    backend.limits_changed = [
        LimitChange(sensor=one, name="h", old=9.0, old_unit="m", new=None, unit="m", loaded=loaded)
        for one in (f"{LPG}/LT-101", f"{COLD}/GT-31")
    ]


def sensor(name: str, source: str, t_ns: int | None, **more: Any) -> SensorNow:
    """Return a sensor of the source with limits and a position."""
    enterprise = more.pop("enterprise", LPG)
    facts: dict[str, Any] = {
        "id": name,
        "place": Place(enterprise, AREA),
        "source": source,
        "equipment": None,
        "type": "level",
        "unit": "m",
        "description": "",
        "limits": MappingProxyType({"l": 1.2, "h": 9.6, "hh": 10.5}),
        "range_lo": 0.0,
        "x": 10.0,
        "y": 20.0,
    }
    return SensorNow(**(facts | {"t_ns": t_ns} | more))
