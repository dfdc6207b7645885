"""The routes of one hazard source: its facts, its moment, its last hour, and how its limits changed."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from console.asking import Console, SignedIn, TheConsole, json_answer
from console.feed import row_json
from console.orders import telling_for
from console.problems import ProblemError
from console.scope import Place
from console.source import limits_json, now_json, source_json, sparklines_json
from registry.plant import HazardSource
from store.series import StoreError

MAX_SENSORS = 200
"""Sensors of a page: what one answer holds, and what the store is asked for in one go."""
MAX_ALERTS = 100
MAX_CHANGES = 500
SPARK_NS = 3_600_000_000_000
SPARK_POINTS = 60
SPARK_STEP_NS = SPARK_NS // SPARK_POINTS
"""Sparklines begin and end at whole minutes: within one everybody is answered from what was read for the first."""
SPARKS_KEPT = 64

source_api = APIRouter(prefix="/api/v1/sources/{enterprise}/{source}")

After = Annotated[int, Query(ge=0, le=10_000_000)]


async def _the_source(console: TheConsole, account: SignedIn, enterprise: str, source: str) -> HazardSource:
    """Return the source that the address names; what is outside the account's scope is not there."""
    plant = console.backend.plant()
    found = plant.sources.get(source)
    known = plant.enterprises.get(enterprise)
    if found is None or known is None or found.enterprise != enterprise:
        raise ProblemError("not_found")
    if not account.scope.sees(Place(enterprise=enterprise, area=known.area)):
        raise ProblemError("not_found")
    return found


TheSource = Annotated[HazardSource, Depends(_the_source)]


@source_api.get("")
async def source_facts(console: TheConsole, source: TheSource, after: After = 0) -> Response:
    """Return what the settings say of a source: grading, persons, equipment, and its sensors from number `after` on."""
    backend = console.backend
    sensors = backend.source.sensors(source.enterprise, source.id, after, MAX_SENSORS)
    count = backend.source.count(source.enterprise, source.id)
    return json_answer(source_json(backend.plant(), source, sensors, count), keep=True)


@source_api.get("/now")
async def source_now(console: TheConsole, account: SignedIn, source: TheSource, after: After = 0) -> Response:
    """Return the newest readings of the same sensors, the source's open alerts, what is held back there, and the wind."""
    backend = console.backend.source
    place, telling = (source.enterprise, source.id), telling_for(console, account.scope)
    return json_answer(
        now_json(
            backend.sensors(*place, after, MAX_SENSORS),
            [row_json(row, telling) for row in backend.alerts(*place, MAX_ALERTS)],
            backend.arrangements(*place),
            backend.wind(source.enterprise),
        )
    )


class Sparks:
    """The last hour of a source's sensors, read once a minute however many look; one reading at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._kept: dict[tuple[str, str, int], tuple[int, dict[str, Any]]] = {}

    async def of(self, console: Console, source: HazardSource, after: int) -> dict[str, Any]:
        """Return the sparklines of the sensors from number `after` on; raises `StoreError`."""
        key = (source.enterprise, source.id, after)
        end_ns = console.backend.now_ns() // SPARK_STEP_NS * SPARK_STEP_NS
        if (kept := self._of_this_minute(key, end_ns)) is not None:
            return kept
        async with self._turn:
            if (kept := self._of_this_minute(key, end_ns)) is not None:
                return kept  # somebody asked for the same meanwhile
            read = await self._read(console, source, after, end_ns)
            self._kept.pop(key, None)
            self._kept[key] = (end_ns, read)
            while len(self._kept) > SPARKS_KEPT:
                del self._kept[next(iter(self._kept))]
        return read

    def _of_this_minute(self, key: tuple[str, str, int], end_ns: int) -> dict[str, Any] | None:
        kept = self._kept.get(key)
        return kept[1] if kept is not None and kept[0] >= end_ns else None

    async def _read(self, console: Console, source: HazardSource, after: int, end_ns: int) -> dict[str, Any]:
        backend = console.backend.source
        ids = [one.id for one in backend.sensors(source.enterprise, source.id, after, MAX_SENSORS)]
        start_ns = end_ns - SPARK_NS
        series = await backend.sparklines(ids, start_ns, end_ns, SPARK_POINTS)
        return {
            "start_ms": start_ns / 1e6,
            "end_ms": end_ns / 1e6,
            "sensors": sparklines_json(series),
        }


@source_api.get("/sparklines")
async def source_sparklines(
    request: Request, console: TheConsole, source: TheSource, after: After = 0
) -> Response:
    """Return the last whole hour of the same sensors, a point a minute; 503 when the store is away."""
    sparks: Sparks = request.app.state.sparks
    try:
        return json_answer(await sparks.of(console, source, after), keep=True)
    except StoreError as error:
        raise ProblemError("store") from error


@source_api.get("/limits")
async def source_limits(console: TheConsole, source: TheSource) -> Response:
    """Return how limits of the source's sensors changed when settings were loaded, newest first, at most 500."""
    changes = await console.backend.source.limit_changes(source.enterprise, source.id, MAX_CHANGES)
    return json_answer({"changes": limits_json(changes)})
