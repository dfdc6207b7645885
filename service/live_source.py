"""The page of a hazard source over the running pipeline."""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from alerting.arrangements import Arrangement
from alerting.book import AlertBook
from console.backend import AlertRow, SensorNow
from console.scope import Place
from console.source_backend import Wind
from ledger.limits import LimitChange
from registry.sensors import SensorRegistry, SensorType
from service.newest import Newest
from service.shown import Shown
from service.tally import Tally
from store.series import Series, SeriesReader

MOST_ASKED = 10_000
"""How many sensors are named in one question to the ledger."""


class LiveSource:
    """Answers from memory, but for sparklines (the store) and changes of limits (the ledger), which are read off the loop.

    `store_turn` is held while the store reads, once for each sensor: a trend that somebody waits for comes in between.
    """

    def __init__(  # noqa: PLR0917 - the parts that it reads from
        self,
        runtime: Shown,
        store: SeriesReader,
        store_turn: asyncio.Lock,
        newest: Newest,
        tally: Tally,
        row: Callable[[str], AlertRow | None],
    ) -> None:
        self._runtime = runtime
        self._store = store
        self._store_turn = store_turn
        self._newest = newest
        self._tally = tally
        self._row = row
        self._registry: SensorRegistry = runtime.pipeline.plan.registry
        self._winds, self._centres = _found(self._registry)

    def count(self, enterprise: str, source: str) -> int:
        """Return how many sensors the source has."""
        return len(self._newest.members(enterprise, source))

    def sensors(self, enterprise: str, source: str, after: int, limit: int) -> Sequence[SensorNow]:
        """Return a source's sensors; looks at no other."""
        which = self._newest.members(enterprise, source)[after : after + limit]
        return list(self._newest.sensors(self._silent(), which))

    def alerts(self, enterprise: str, source: str, limit: int) -> Sequence[AlertRow]:
        """Return a source's open alerts."""
        ids = self._tally.at(self._place(enterprise), source)
        return list(islice((row for one in reversed(ids) if (row := self._row(one)) is not None), limit))

    def arrangements(self, enterprise: str, source: str) -> Sequence[Arrangement]:
        """Return what holds alerts back at a source."""
        return [one for one in self._book.arrangements() if self._source_of(one) == (enterprise, source)]

    def wind(self, enterprise: str) -> Wind:
        """Return the enterprise's newest wind, of its first sensor of each kind that is alive."""
        silent = self._silent()
        speed, direction = (
            next(
                (
                    one
                    for i in self._winds.get((enterprise, kind), ())
                    if (one := self._newest.sensor(i, silent)).alive
                ),
                None,
            )
            for kind in (SensorType.WIND_SPEED, SensorType.WIND_DIRECTION)
        )
        return Wind(
            speed=speed.value if speed else None,
            unit=speed.unit if speed else "",
            from_deg=direction.value if direction else None,
        )

    def centres(self, enterprise: str) -> Mapping[str, tuple[float, float]]:
        """Return the middle of each source's sensors."""
        return self._centres.get(enterprise, {})

    async def sparklines(
        self, sensors: Sequence[str], start_ns: int, end_ns: int, max_points: int
    ) -> Mapping[str, Series]:
        """Read from the store, off the loop, sensor by sensor."""
        found: dict[str, Series] = {}
        for sensor in sensors:
            async with self._store_turn:
                found[sensor] = await asyncio.to_thread(
                    self._store.read, sensor, start_ns, end_ns, max_points
                )
        return found

    async def limit_changes(self, enterprise: str, source: str, limit: int) -> Sequence[LimitChange]:
        """Read from the ledger, off the loop."""
        specs = self._registry.specs
        members = self._newest.members(enterprise, source)[:MOST_ASKED]
        return await asyncio.to_thread(
            self._runtime.ledger.limit_changes, [specs[i].id for i in members], limit
        )

    @property
    def _book(self) -> AlertBook:
        return self._runtime.pipeline.desk.book

    def _silent(self) -> frozenset[str]:
        return self._newest.silent(self._book, self._runtime.now_ns())

    def _place(self, enterprise: str) -> Place:
        known = self._registry.plant.enterprises.get(enterprise)
        return Place(enterprise=enterprise or None, area=known.area if known else None)

    def _source_of(self, one: Arrangement) -> tuple[str, str] | None:
        """Return the enterprise and source at which something is held back, None where it is elsewhere."""
        plant = self._registry.plant
        source: str | None = None
        if one.place_kind == "source":
            source = one.place
        elif one.place_kind == "equipment":
            equipment = plant.equipment.get(one.place)
            source = equipment.source if equipment else None
        elif (i := self._registry.index.get(one.place)) is not None:
            source = self._registry.specs[i].source
        found = plant.sources.get(source or "")
        return None if found is None else (found.enterprise, found.id)


def _found(
    registry: SensorRegistry,
) -> tuple[Mapping[tuple[str, SensorType], Sequence[int]], Mapping[str, Mapping[str, tuple[float, float]]]]:
    """Return each enterprise's wind sensors, and the middle of each of its sources: one walk at the start."""
    winds: dict[tuple[str, SensorType], list[int]] = {}
    placed: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for i, spec in enumerate(registry.specs):
        if spec.type in {SensorType.WIND_SPEED, SensorType.WIND_DIRECTION}:
            winds.setdefault((spec.enterprise, spec.type), []).append(i)
        if spec.source and not math.isnan(spec.x) and not math.isnan(spec.y):
            placed.setdefault((spec.enterprise, spec.source), []).append((spec.x, spec.y))
    centres: dict[str, dict[str, tuple[float, float]]] = {}
    for (enterprise, source), points in placed.items():
        x, y = (sum(axis) / len(points) for axis in zip(*points, strict=True))
        centres.setdefault(enterprise, {})[source] = (x, y)
    return winds, centres
