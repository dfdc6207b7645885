"""The plant as the overview shows it: areas, enterprises and hazard sources with what stands open there. Pure."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from alerting.texts import both
from console.backend import Activation, AlertCount, SensorCount, SensorNow
from console.grounds import version_of_ground
from console.scope import Place, Scope
from registry.plant import HazardSource, Plant

RATE_WINDOW_S = 600
RATE_WINDOWS = 6
"""The alarm rate is told of the last hour, by ten minutes, as EEMUA 191 and ISA-18.2 count it."""


def overview(  # noqa: PLR0917 - what is shown comes from as many places
    plant: Plant,
    sensors: Iterable[SensorCount],
    alerts: Iterable[AlertCount],
    activations: Iterable[Activation],
    scope: Scope,
    now_ns: int,
) -> dict[str, Any]:
    """Return what an account of this scope sees of the plant, ready for JSON.

    ``enterprises`` and ``sources`` have each the ``open`` alerts by grade, how many are unacknowledged, and how many of
    their ``sensors`` are ``alive``; a page adds them up over areas. ``activations`` counts the last hour by ten minutes,
    oldest first. ``map`` and an enterprise's ``plan`` tell a version of what is drawn from another, null where there is none.
    """
    counted = _Counted(scope)
    for sensor in sensors:
        counted.sensors(sensor)
    for alert in alerts:
        counted.alerts(alert)
    enterprises = [
        {
            "id": one.id,
            "name": both(one.name),
            "area": one.area,
            "plan": None if one.plan is None else version_of_ground(one.plan.ground),
            **counted.at(one.id, None),
        }
        for one in plant.enterprises.values()
        if scope.sees(Place(enterprise=one.id, area=one.area))
    ]
    seen = {one["id"] for one in enterprises}
    sources = [
        {**_source(one), **counted.at(one.enterprise, one.id)}
        for one in plant.sources.values()
        if one.enterprise in seen
    ]
    return {
        "areas": _areas(plant, enterprises),
        "enterprises": enterprises,
        "sources": sources,
        "elsewhere": counted.elsewhere(seen),
        "activations": _by_window([a for a in activations if scope.sees(a.place)], now_ns),
        "window_s": RATE_WINDOW_S,
        "map": None if plant.map is None else version_of_ground(plant.map),
    }


class _Counted:
    """Counts sensors and alerts by enterprise and hazard source, each place adding to its enterprise's sum."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._sensors: Counter[tuple[str | None, str | None]] = Counter()
        self._alive: Counter[tuple[str | None, str | None]] = Counter()
        self._open: dict[tuple[str | None, str | None], Counter[str]] = {}
        self._unack: Counter[tuple[str | None, str | None]] = Counter()

    def sensors(self, count: SensorCount) -> None:
        if not self._scope.sees(count.place):
            return
        for key in _keys(count.place.enterprise, count.source):
            self._sensors[key] += count.sensors
            self._alive[key] += count.alive

    def alerts(self, count: AlertCount) -> None:
        if not self._scope.sees(count.place):
            return
        for key in _keys(count.place.enterprise, count.source):
            self._open.setdefault(key, Counter()).update(count.open)
            self._unack[key] += count.unacknowledged

    def at(self, enterprise: str | None, source: str | None) -> dict[str, Any]:
        """Return the counts of an enterprise (`source` None: all of it), or of one of its sources."""
        key = (enterprise, source)
        return {
            "sensors": self._sensors[key],
            "alive": self._alive[key],
            "open": dict(self._open.get(key, {})),
            "unacknowledged": self._unack[key],
        }

    def elsewhere(self, known: set[str]) -> dict[str, Any]:
        """Return the counts of what belongs to no enterprise of the plant file: hazwatch itself, lone sensors."""
        others = [key for key in {*self._sensors, *self._open} if key[1] is None and key[0] not in known]
        opened: Counter[str] = Counter()
        for key in others:
            opened.update(self._open.get(key, Counter()))
        return {
            "sensors": sum(self._sensors[key] for key in others),
            "alive": sum(self._alive[key] for key in others),
            "open": dict(opened),
            "unacknowledged": sum(self._unack[key] for key in others),
        }


def _keys(enterprise: str | None, source: str | None) -> list[tuple[str | None, str | None]]:
    return [(enterprise, None)] if source is None else [(enterprise, None), (enterprise, source)]


def _source(source: HazardSource) -> dict[str, Any]:
    return {
        "id": source.id,
        "enterprise": source.enterprise,
        "name": both(source.name),
        "grade": source.grade.roman if source.grade else None,
        "r": source.r,
        "lon": source.lon,
        "lat": source.lat,
        "chemicals": [{"substance": c.substance, "quantity_t": c.quantity_t} for c in source.chemicals],
    }


def _areas(plant: Plant, enterprises: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the areas around the enterprises that are shown, and no others."""
    shown: dict[str, None] = {}
    for enterprise in enterprises:
        code = enterprise["area"]
        while code in plant.areas and code not in shown:
            shown[code] = None
            code = plant.areas[code].parent
    return [
        {"code": area.code, "name": both(area.name), "parent": area.parent if area.parent in shown else None}
        for area in (plant.areas[code] for code in sorted(shown))
    ]


def _by_window(activations: Sequence[Activation], now_ns: int) -> list[int]:
    counts = [0] * RATE_WINDOWS
    for one in activations:
        ago = math.floor((now_ns - one.now_ns) / 1e9 / RATE_WINDOW_S)
        if 0 <= ago < RATE_WINDOWS:
            counts[RATE_WINDOWS - 1 - ago] += 1
    return counts


def sensor_facts(sensor: SensorNow) -> dict[str, Any]:
    """Return what the settings say of a sensor."""
    return {
        "id": sensor.id,
        "equipment": sensor.equipment,
        "type": sensor.type,
        "unit": sensor.unit,
        "description": sensor.description,
        "limits": dict(sensor.limits),
        "range": [sensor.range_lo, sensor.range_hi],
    }


def sensor_json(sensor: SensorNow) -> dict[str, Any]:
    """Return a sensor as the list of sensors has it."""
    return {
        **sensor_facts(sensor),
        "source": sensor.source,
        "t_ms": None if sensor.t_ns is None else sensor.t_ns / 1e6,
        "value": sensor.value,
        "silent": sensor.silent,
    }
