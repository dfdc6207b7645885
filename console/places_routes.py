"""The routes of overview, maps, sensors and system."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from console.accounts import Account
from console.backend import SensorNow
from console.grounds import version_of_ground
from console.places import overview, sensor_json
from console.problems import ProblemError
from console.routes import Console, SignedIn, TheConsole, json_answer
from console.scope import UNLIMITED, Place
from console.tagged import tagged, tagged_bytes
from registry.drawing import Drawing
from registry.picture import Picture
from registry.plant import SitePlan

MAX_SENSORS = 500
MAX_WORDS_CHARS = 200

places_api = APIRouter(prefix="/api/v1")


@places_api.get("/overview")
async def plant_overview(request: Request, console: TheConsole, account: SignedIn) -> Response:
    """Return areas, enterprises and hazard sources with what stands open there, and the alarm rate of the last hour."""
    backend = console.backend
    found = overview(
        backend.plant(),
        backend.sensor_counts(),
        backend.alert_counts(),
        backend.activations(),
        account.scope,
        backend.now_ns(),
    )
    return tagged(request, found | {"tiles": console.tiles and console.tiles.json()})


@places_api.get("/map")
async def area_map(request: Request, console: TheConsole, _: SignedIn) -> Response:
    """Return the area's map as GeoJSON; it is the same for every account."""
    drawing = console.backend.plant().map
    if drawing is None:
        raise ProblemError("not_found")
    return tagged_bytes(request, drawing.geojson, "application/geo+json")


@places_api.get("/enterprises/{enterprise}/plan")
async def site_plan(request: Request, console: TheConsole, account: SignedIn, enterprise: str) -> Response:
    """Return a site's plan: what it covers in metres, its drawing or that there is a picture, and where its sources lie."""
    plan = _plan(console, account, enterprise)
    drawn = isinstance(plan.ground, Drawing)
    head = {
        "bounds": plan.ground.bounds,
        "north_deg": plan.north_deg,
        "sources": console.backend.source.centres(enterprise),
        "geojson": msgspec.Raw(plan.ground.geojson) if isinstance(plan.ground, Drawing) else None,
        "picture": None if drawn else version_of_ground(plan.ground),
    }
    return tagged(request, head)


@places_api.get("/enterprises/{enterprise}/plan/picture")
async def site_picture(request: Request, console: TheConsole, account: SignedIn, enterprise: str) -> Response:
    """Return the picture of a site's plan, PNG or JPEG."""
    ground = _plan(console, account, enterprise).ground
    if not isinstance(ground, Picture):
        raise ProblemError("not_found")
    return tagged_bytes(request, ground.body, ground.media_type)


def _plan(console: Console, account: Account, enterprise: str) -> SitePlan:
    known = console.backend.plant().enterprises.get(enterprise)
    if known is None or not account.scope.sees(Place(enterprise=known.id, area=known.area)):
        raise ProblemError("not_found")
    if known.plan is None:
        raise ProblemError("not_found")
    return known.plan


@places_api.get("/sensors")
async def sensors(
    console: TheConsole,
    account: SignedIn,
    *,
    words: Annotated[str, Query(max_length=MAX_WORDS_CHARS)] = "",
    source: Annotated[str | None, Query(max_length=MAX_WORDS_CHARS)] = None,
    after: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_SENSORS)] = 100,
) -> Response:
    """Return sensors with their newest reading: those of one `source`, else those that have all `words`.

    The words are looked for in id, description and equipment. ``next_after`` leads to the next page, null at the end.
    """
    if source is None:
        page = console.backend.find_sensors(words.casefold().split(), account.scope.sees, after, limit + 1)
    else:
        page = _of_source(console, account, source, after, limit + 1)
    return json_answer(
        {
            "sensors": [sensor_json(sensor) for sensor in page[:limit]],
            "next_after": after + limit if len(page) > limit else None,
        }
    )


def _of_source(
    console: Console, account: Account, source: str, after: int, limit: int
) -> Sequence[SensorNow]:
    """Return the sensors of one hazard source, without a look at any other; none of one that the account may not see."""
    known = console.backend.plant().sources.get(source)
    if known is None:
        return []
    page = console.backend.source.sensors(known.enterprise, known.id, after, limit)
    return page if page and account.scope.sees(page[0].place) else []


@places_api.get("/system")
async def system(console: TheConsole, account: SignedIn) -> Response:
    """Return hazwatch's own figures: versions, counts, rejects with samples; for accounts without a scope."""
    if account.scope != UNLIMITED:
        raise ProblemError("scope")
    return json_answer(console.backend.system())
