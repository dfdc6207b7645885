"""An alert from a file: a whole alert line, or the few of its fields that decide who is told."""

from pathlib import Path
from typing import Any

import msgspec

from alerting.events import AlertEvent, Event, Grade, Kind
from alerting.texts import rfc3339
from registry.faults import Fault, InputError
from registry.files import read_bounded
from registry.sensors import SensorRegistry
from registry.suggest import did_you_mean, shown

MAX_ALERT_BYTES = 1024 * 1024
_FIELDS = AlertEvent.__struct_fields__
_WORDS: dict[str, list[str]] = {
    "grade": [grade.label for grade in Grade],
    "kind": [str(kind) for kind in Kind],
    "event": [str(event) for event in Event],
}


def alert_of(path: Path, registry: SensorRegistry, at_ns: int) -> AlertEvent:
    """Return the alert that a file describes, as an opening at `at_ns` in what it does not say.

    The place (enterprise, source, equipment, area) is that of the sensor in the plant, unless the file says otherwise.

    Raises:
        InputError: with all that is wrong with the file.
    """
    given = _read(path)
    faults = [
        Fault(
            file=str(path),
            where=key,
            message=f"unknown key {shown(key)}{did_you_mean(key, _FIELDS)}",
            allowed=", ".join(_FIELDS),
        )
        for key in given
        if key not in _FIELDS
    ]
    if "grade" not in given:
        faults.append(_fault(path, "grade", "the alert has no grade", _WORDS["grade"]))
    for key, words in _WORDS.items():
        if key in given and given[key] not in words:
            message = f"{key} is {shown(given[key])}{did_you_mean(str(given[key]), words)}"
            faults.append(_fault(path, key, message, words))
    sensor = given.get("sensor")
    if sensor is not None and (not isinstance(sensor, str) or sensor not in registry.index):
        known = list(registry.index)
        message = f"unknown sensor {shown(sensor)}{did_you_mean(str(sensor), known)}"
        faults.append(_fault(path, "sensor", message, known[:8]))
    if faults:
        raise InputError(faults)
    try:
        return sample_event(registry, at_ns, sensor=sensor, given=given)
    except msgspec.ValidationError as error:
        raise InputError([Fault(file=str(path), where="", message=str(error))]) from error


def sample_event(
    registry: SensorRegistry,
    at_ns: int,
    *,
    given: dict[str, Any],
    sensor: str | None = None,
    source: str | None = None,
) -> AlertEvent:
    """Return an opening at `at_ns` at a known sensor or hazard source; `given` goes before what is known of the place.

    Raises:
        msgspec.ValidationError: a given value has a wrong type.
    """
    place = _place_of_source(registry, source) | _place(registry, sensor)
    return msgspec.convert(_nothing(at_ns) | place | {"sensor": sensor} | given, AlertEvent)


def _read(path: Path) -> dict[str, Any]:
    content = read_bounded(path, MAX_ALERT_BYTES)
    if isinstance(content, Fault):
        raise InputError([content])
    try:
        given = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError([Fault(file=str(path), where="", message=f"not valid JSON: {error}")]) from error
    if not isinstance(given, dict):
        message, allowed = (
            "the file is not one alert",
            'an alert line, or {"grade": …, "kind": …, "sensor": …}',
        )
        raise InputError([Fault(file=str(path), where="", message=message, allowed=allowed)])
    return given


def _fault(path: Path, where: str, message: str, allowed: list[str]) -> Fault:
    return Fault(file=str(path), where=where, message=message, allowed=", ".join(allowed))


def _nothing(at_ns: int) -> dict[str, Any]:
    """Return an opening of which nothing is known."""
    return dict.fromkeys(_FIELDS) | {
        "id": "explained",
        "seq": 1,
        "time": rfc3339(at_ns),
        "event": Event.OPENED.value,
        "state": "unack",
        "kind": Kind.HIGH.value,
        "title": {"zh": "", "en": ""},
        "why": {},
    }


def _place_of_source(registry: SensorRegistry, source: str | None) -> dict[str, Any]:
    known = None if source is None else registry.plant.sources.get(source)
    if known is None:
        return {}
    enterprise = registry.plant.enterprises.get(known.enterprise)
    return {
        "source": source,
        "enterprise": known.enterprise,
        "area": enterprise.area if enterprise else None,
    }


def _place(registry: SensorRegistry, sensor: str | None) -> dict[str, Any]:
    if sensor is None:
        return {}
    spec = registry.specs[registry.index[sensor]]
    enterprise = registry.plant.enterprises.get(spec.enterprise)
    return {
        "enterprise": spec.enterprise or None,
        "source": spec.source,
        "equipment": spec.equipment,
        "area": enterprise.area if enterprise else None,
        "unit": spec.unit or None,
    }
