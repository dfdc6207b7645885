"""One hazard source as its page shows it: what seldom changes, and what is of the moment. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from alerting.arrangements import Arrangement
from alerting.texts import both
from console.backend import SensorNow
from console.places import sensor_facts
from console.source_backend import Wind
from ledger.limits import LimitChange
from registry.plant import Duty, HazardSource, Person, Plant, Text
from registry.readings import Quality
from store.series import Series

NS_PER_MS = 1_000_000


def source_json(
    plant: Plant, source: HazardSource, sensors: Sequence[SensorNow], count: int
) -> dict[str, Any]:
    """Return what the plant file and the points table say of a source: at most as many sensors as are given, of `count`."""
    enterprise = plant.enterprises.get(source.enterprise)
    return {
        "id": source.id,
        "name": both(source.name),
        "enterprise": {
            "id": source.enterprise,
            "name": both(enterprise.name if enterprise else Text.same("")),
        },
        "area": enterprise.area if enterprise else None,
        "grading": {
            "grade": source.grade.roman if source.grade else None,
            "alpha": source.alpha,
            "r": source.r,
            "s": source.s,
            "chemicals": [
                {
                    "substance": one.substance,
                    "quantity_t": one.quantity_t,
                    "critical_t": one.critical_t,
                    "beta": one.beta,
                }
                for one in source.chemicals
            ],
        },
        "persons": {duty.value: _person(source.persons.get(duty)) for duty in Duty},
        "measures": {kind: both(text) for kind, text in source.measures.items()},
        "equipment": [
            {"id": one.id, "name": both(one.name), "kind": one.kind, "design": dict(one.design)}
            for one in plant.equipment.values()
            if one.source == source.id
        ],
        "sensors": [_facts(one) for one in sensors],
        "count": count,
        "plan": enterprise is not None and enterprise.plan is not None,
    }


def now_json(
    sensors: Iterable[SensorNow],
    alerts: Iterable[Mapping[str, Any]],
    arrangements: Iterable[Arrangement],
    wind: Wind,
) -> dict[str, Any]:
    """Return what is of the moment: readings with the state of each sensor, open alerts, what is held back, the wind."""
    return {
        "sensors": {one.id: _now(one) for one in sensors},
        "alerts": list(alerts),
        "arrangements": [one.why() for one in arrangements],
        "wind": {"speed": wind.speed, "unit": wind.unit, "from_deg": wind.from_deg},
    }


def health_of(sensor: SensorNow) -> list[str]:
    """Return what is wrong with a sensor or its newest reading: ``never``, ``silent``, ``bad``, ``uncertain``, ``out_of_range``."""
    if sensor.t_ns is None:
        return ["silent" if sensor.silent else "never"]
    wrong = {
        "silent": sensor.silent,
        "bad": sensor.quality is Quality.BAD,
        "uncertain": sensor.quality is Quality.UNCERTAIN,
        "out_of_range": sensor.out_of_range,
    }
    return [name for name, holds in wrong.items() if holds]


def sparklines_json(series: Mapping[str, Series]) -> dict[str, Any]:
    """Return each sensor's points; what was never stored has none."""
    return {
        sensor: {"t_ms": [round(t / NS_PER_MS) for t in one.t_ns.tolist()], "mean": one.mean.tolist()}
        for sensor, one in series.items()
    }


def limits_json(changes: Iterable[LimitChange]) -> list[dict[str, Any]]:
    """Return changes of limits with when settings were loaded, and which file was written last and when."""
    return [
        {
            "sensor": one.sensor,
            "limit": one.name,
            "old": one.old,
            "old_unit": one.old_unit,
            "new": one.new,
            "unit": one.unit,
            "loaded_ms": one.loaded.at_ns / NS_PER_MS,
            "file": one.loaded.file,
            "written_ms": one.loaded.file_ns / NS_PER_MS,
        }
        for one in changes
    ]


def _facts(sensor: SensorNow) -> dict[str, Any]:
    return {
        **sensor_facts(sensor),
        "at": None if sensor.x is None or sensor.y is None else [sensor.x, sensor.y],
    }


def _now(sensor: SensorNow) -> dict[str, Any]:
    return {
        "t_ms": None if sensor.t_ns is None else sensor.t_ns / NS_PER_MS,
        "value": sensor.value,
        "health": health_of(sensor),
    }


def _person(person: Person | None) -> dict[str, Any] | None:
    if person is None:
        return None
    post = None if person.post is None else both(person.post)
    return {"name": both(person.name), "post": post, "phone": person.phone}
