"""What the page of one alert sees of the running pipeline and its ledger."""

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

import msgspec

from alerting.escalation.upcoming import Upcoming
from alerting.events import AlertEvent
from alerting.grading import GradeTable
from console.alert_backend import Neighbour, Reading, Record, Surroundings
from console.backend import SensorFacts
from detectors.outlook import Outlook
from ledger.reader import LedgerReader
from registry.sensors import LIMIT_NAMES, SensorRegistry, SensorType
from service.newest import Newest, place_of_sensor
from service.shown import Shown

EVENTS = 300
"""Of an alert that chatters for days: the first event and the newest ones."""
DELIVERIES = 300
SIMILAR = 6
"""Earlier alerts of the same sensor, and as many of its hazard source."""
SIMILAR_EVENTS = 60
NEIGHBOURS = 12
_LINE = msgspec.json.Decoder(AlertEvent)
_NEWEST = 1 << 62


class LiveAlerts:
    """Reads one runtime; what comes from the ledger is read in a thread, for one viewer at a time."""

    def __init__(self, runtime: Shown, newest: Newest) -> None:
        self._runtime = runtime
        self._newest = newest
        self._turn = asyncio.Lock()
        self._registry = runtime.pipeline.plan.registry
        self._by: dict[tuple[str, str], list[int]] = {}
        for i, spec in enumerate(self._registry.specs):
            for by, name in (
                ("equipment", spec.equipment),
                ("group", spec.group),
                ("source", spec.source),
                ("enterprise", spec.enterprise),
            ):
                if name:
                    self._by.setdefault((by, name), []).append(i)

    async def record(self, alert: str) -> Record:
        """Return what the ledger has of an alert."""
        async with self._turn:
            return await asyncio.to_thread(record_of, self._runtime.ledger, alert)

    def surroundings(self, sensor: str) -> Surroundings:
        """Return what stands around a sensor."""
        i = self._registry.index.get(sensor)
        if i is None:
            return Surroundings()
        beside = islice(self._beside(i), NEIGHBOURS)
        speed, direction = self._wind(i)
        return Surroundings(
            neighbours=[Neighbour(reading=self._reading(j), by=by) for j, by in beside],
            wind_speed=speed,
            wind_direction=direction,
        )

    def outlook(self, sensor: str) -> Outlook | None:
        """Ask the bank."""
        i = self._registry.index.get(sensor)
        return None if i is None else self._runtime.pipeline.bank.outlook(i)

    def upcoming(self, alert: str) -> Upcoming | None:
        """Ask the stage that calls people."""
        return self._runtime.pipeline.desk.escalation.upcoming(alert)

    def grades(self) -> GradeTable:
        """Return the table of the settings."""
        return self._runtime.pipeline.plan.grades

    def _beside(self, i: int) -> Iterable[tuple[int, str]]:
        spec, seen = self._registry.specs[i], {i}
        for by, name in (("equipment", spec.equipment), ("group", spec.group), ("source", spec.source)):
            for j in self._by.get((by, name), ()) if name else ():
                if j not in seen and self._registry.specs[j].type not in _WIND:
                    seen.add(j)
                    yield j, by

    def _wind(self, i: int) -> tuple[Reading | None, Reading | None]:
        """Return speed and direction of one place that has both, else of any; its own hazard source goes before others."""
        spec, specs = self._registry.specs[i], self._registry.specs
        masts: dict[str | None, dict[SensorType, int]] = {}
        for j in self._by.get(("enterprise", spec.enterprise), ()):
            if specs[j].type in _WIND:
                masts.setdefault(specs[j].source, {}).setdefault(specs[j].type, j)
        own = masts.pop(spec.source, {})
        near = sorted([own, *masts.values()], key=len, reverse=True)
        return self._first(near, SensorType.WIND_SPEED), self._first(near, SensorType.WIND_DIRECTION)

    def _first(self, masts: Sequence[Mapping[SensorType, int]], kind: SensorType) -> Reading | None:
        return next((self._reading(mast[kind]) for mast in masts if kind in mast), None)

    def _reading(self, i: int) -> Reading:
        t_ns, value = self._newest.reading(i)
        return Reading(facts=facts_of(self._registry, i), t_ns=t_ns, value=value)


_WIND = frozenset({SensorType.WIND_SPEED, SensorType.WIND_DIRECTION})


def facts_of(registry: SensorRegistry, i: int) -> SensorFacts:
    """Return what the points table says of sensor `i`."""
    spec = registry.specs[i]
    return SensorFacts(
        id=spec.id,
        place=place_of_sensor(registry, i),
        type=spec.type,
        unit=spec.unit,
        description=spec.description,
        range_lo=_known(spec.range_lo),
        range_hi=_known(spec.range_hi),
        limits={
            name: limit for name, limit in zip(LIMIT_NAMES, spec.limits, strict=True) if not math.isnan(limit)
        },
    )


def record_of(ledger: LedgerReader, alert: str) -> Record:
    """Return what a ledger has of an alert: a few questions, each answered by an index and bounded."""
    events = _events(ledger, alert, EVENTS)
    if not events:
        return Record(events=())
    first = events[0]
    return Record(
        events=events,
        left_out=max(0, ledger.event_count(alert) - len(events)) if len(events) == EVENTS else 0,
        deliveries=ledger.deliveries(alert, DELIVERIES),
        similar=[_events(ledger, other, SIMILAR_EVENTS) for other in _similar(ledger, first)],
    )


def _similar(ledger: LedgerReader, first: AlertEvent) -> Iterable[str]:
    """Return the ids of earlier alerts of the kind: of the sensor, then others of its hazard source."""
    found: dict[str, None] = {}
    if first.sensor:
        same = ledger.openings_before(first.seq, SIMILAR, kind=first.kind, sensor=first.sensor)
        found |= dict.fromkeys(one.id for one in same)
    if first.source:
        near = ledger.openings_before(first.seq, 2 * SIMILAR, kind=first.kind, source=first.source)
        others = [one.id for one in near if one.sensor != (first.sensor or "")]
        found |= dict.fromkeys(others[:SIMILAR])
    return found


def _events(ledger: LedgerReader, alert: str, limit: int) -> Sequence[AlertEvent]:
    return [_LINE.decode(kept.line) for kept in ledger.events_of(alert, _NEWEST, limit)]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
