"""The routes of overview, maps and sensors."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.responses import Response

from console.accounts import Account
from console.asking import Console, SignedIn, TheConsole, json_answer
from console.backend import SensorNow
from console.grounds import version_of_ground
from console.places import overview, sensor_json
from console.problems import ProblemError
from console.scope import Place
from registry.drawing import Drawing
from registry.picture import Picture
from registry.plant import SitePlan

MAX_SENSORS = 500
MAX_WORDS_CHARS = 200
PICTURE_S = 3600
"""How long a browser may show a picture without asking again."""

places_api = APIRouter(prefix="/api/v1")


@places_api.get("/overview")
async def plant_overview(console: TheConsole, account: SignedIn) -> Response:
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
    return json_answer(found | {"tiles": console.tiles and console.tiles.json()}, keep=True)


@places_api.get("/map")
async def area_map(console: TheConsole, _: SignedIn) -> Response:
    """Return the area's map as GeoJSON; it is the same for every account."""
    drawing = console.backend.plant().map
    if drawing is None:
        raise ProblemError("not_found")
    return json_answer(msgspec.Raw(drawing.geojson), keep=True)


@places_api.get("/enterprises/{enterprise}/plan")
async def site_plan(console: TheConsole, account: SignedIn, enterprise: str) -> Response:
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
    return json_answer(head, keep=True)


@places_api.get("/enterprises/{enterprise}/plan/picture")
async def site_picture(console: TheConsole, account: SignedIn, enterprise: str) -> Response:
    """Return the picture of a site's plan, PNG or JPEG; whoever adds its version to the address never sees an old one."""
    ground = _plan(console, account, enterprise).ground
    if not isinstance(ground, Picture):
        raise ProblemError("not_found")
    return Response(
        ground.body, media_type=ground.media_type, headers={"Cache-Control": f"private, max-age={PICTURE_S}"}
    )


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
