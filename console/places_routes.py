"""The routes of overview and sensors."""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from console.backend import SensorNow
from console.places import overview, sensor_json
from console.routes import SignedIn, TheConsole, json_answer

MAX_SENSORS = 500
MAX_WORDS_CHARS = 200

places_api = APIRouter(prefix="/api/v1")


@places_api.get("/overview")
async def plant_overview(console: TheConsole, account: SignedIn) -> Response:
    """Return areas, enterprises and hazard sources with what stands open there, and the alarm rate of the last hour."""
    backend = console.backend
    return json_answer(
        overview(
            backend.plant(),
            backend.sensors_now(),
            backend.open_alerts().rows,
            backend.activations(),
            account.scope,
            backend.now_ns(),
        )
    )


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
    """Return sensors with their newest reading; all `words` must be in id, description or equipment.

    ``next_after`` leads to the next page, null at the end.
    """
    asked = words.casefold().split()
    found = (
        sensor
        for sensor in console.backend.sensors_now()
        if account.scope.sees(sensor.place)
        and (source is None or sensor.source == source)
        and _has(sensor, asked)
    )
    page = list(islice(found, after, after + limit + 1))
    return json_answer(
        {
            "sensors": [sensor_json(sensor) for sensor in page[:limit]],
            "next_after": after + limit if len(page) > limit else None,
        }
    )


def _has(sensor: SensorNow, asked: list[str]) -> bool:
    if not asked:
        return True
    text = f"{sensor.id} {sensor.description} {sensor.equipment or ''}".casefold()
    return all(word in text for word in asked)
