"""The sensors of an accident's file, and the alternatives that change them."""

from collections.abc import Iterable, Mapping
from itertools import pairwise

from registry.entries import Entry
from registry.sensors import SensorType
from registry.suggest import did_you_mean, shown
from registry.units import canonical, units_of
from sim.accidents.figures_file import NOWHERE, ORIGIN_KEYS, Frame, flag, needed, optional
from sim.accidents.model import LIMITS, Alternative, FaultKind, Origin, Sensor, SensorFault, Signal

_SENSOR_KEYS = (
    *("id", "type", "unit", "range", "limits", "scan_s", "noise", "drift", "resolution", "reads", "existed"),
    *("equipment", "group", "text", "alarm", "faults"),
)
_CHANGE_KEYS = ("noise", "drift", "resolution", "scan_s", "limits", "faults", "present")
_ABOVE_0 = "a number above 0"
_TINY = 1e-9


def sensors_of(root: Entry, frame: Frame, signals: Mapping[str, Signal], step_s: int) -> tuple[Sensor, ...]:
    """Return the sensors in the file's order; a second one of the same id is a fault."""
    found: dict[str, Sensor] = {}
    for entry in root.entries("sensors", "a list of mappings, each with its id"):
        sensor = _sensor(entry, frame, signals, step_s)
        if sensor.id in found:
            entry.fault("id", f"the sensor {shown(sensor.id)} stands twice")
        found[sensor.id] = sensor
    if not found:
        root.fault("sensors", "no sensor is described", "a list of mappings, each with its id")
    return tuple(found.values())


def alternatives_of(root: Entry, sensors: Iterable[Sensor], step_s: int) -> tuple[Alternative, ...]:
    """Return the alternatives; what they change of a sensor is checked like the sensor itself."""
    return tuple(
        _alternative(entry, {sensor.id: None for sensor in sensors}, step_s)
        for entry in root.entries("alternatives", "a list of {name:, text:, sensors:}")
    )


def known(entry: Entry, key: str, text: str, names: Iterable[str], what: str) -> str:
    """Return a name that must be among `names`; it is a fault where it is not."""
    allowed = list(names)
    if text not in allowed:
        entry.fault(key, f"unknown {what} {shown(text)}{did_you_mean(text, allowed)}", ", ".join(allowed))
    return text


def _sensor(entry: Entry, frame: Frame, signals: Mapping[str, Signal], step_s: int) -> Sensor:
    entry.check_keys(_SENSOR_KEYS)
    kind = known(entry, "type", entry.raw("type") or "", [str(t) for t in SensorType], "type")
    limits = entry.mapping("limits", "{l: 1.5, h: 9.1, source:, verified:}")
    return Sensor(
        id=entry.id("id") or "",
        type=kind,
        unit=_unit(entry, kind),
        range=_range(entry),
        limits=_limits(limits, (*LIMITS, *ORIGIN_KEYS)),
        limits_origin=_limits_origin(limits, frame),
        scan_s=_scan(entry, step_s),
        noise=needed(entry, "noise", 0.0, allowed="0 or more"),
        drift=optional(entry, "drift", 0.0),
        resolution=needed(entry, "resolution", _TINY, allowed=_ABOVE_0),
        reads=known(entry, "reads", entry.raw("reads") or "", signals, "signal"),
        existed=flag(entry, "existed", otherwise=True),
        equipment=entry.raw("equipment") or "",
        group=entry.raw("group") or "",
        text=entry.text("text"),
        alarm=entry.text("alarm"),
        faults=tuple(
            _fault(item, frame) for item in entry.entries("faults", "a list of {kind:, from:, to:}")
        ),
    )


def _unit(entry: Entry, kind: str) -> str:
    text = entry.raw("unit") or ""
    allowed = units_of(SensorType(kind)) if kind in set(SensorType) else None
    if allowed is not None and (canonical(text) or text) not in allowed:
        entry.fault("unit", f"the unit {shown(text)} does not go with type {kind}", ", ".join(allowed))
    return text


def _range(entry: Entry) -> tuple[float, float]:
    value = entry.data.get("range")
    match value:
        case [int() | float() as low, int() | float() as high] if low < high:
            return float(low), float(high)
    entry.fault("range", f"the range {shown(str(value))} is none", "[LOW, HIGH]")
    return 0.0, 1.0


def _scan(entry: Entry, step_s: int) -> int:
    scan_s = needed(entry, "scan_s", 1, 3600, "whole seconds from 1 to 3600")
    if scan_s != int(scan_s) or int(scan_s) % step_s:
        entry.fault("scan_s", f"scan_s {scan_s:g} is no multiple of step_s", f"a multiple of {step_s}")
    return int(scan_s)


def _limits(entry: Entry, keys: tuple[str, ...]) -> Mapping[str, float]:
    entry.check_keys(keys)
    limits = {name: needed(entry, name) for name in LIMITS if entry.data.get(name) is not None}
    for (lower, low), (upper, high) in pairwise(limits.items()):
        if low >= high:
            entry.fault(upper, f"{upper} is not above {lower}", "ll < l < h < hh")
    return limits


def _limits_origin(entry: Entry, frame: Frame) -> Origin:
    return frame.origin(entry) if entry.data else NOWHERE


def _fault(entry: Entry, frame: Frame) -> SensorFault:
    entry.check_keys(("kind", "from", "to", "knots", *ORIGIN_KEYS))
    kind = known(entry, "kind", entry.raw("kind") or "", [str(k) for k in FaultKind], "kind of fault")
    from_s, to_s = frame.time(entry, "from"), frame.time(entry, "to")
    if to_s <= from_s:
        entry.fault("to", "it ends before it begins", "a time after from")
    knots = frame.knots(entry)
    if bool(knots) != (kind == FaultKind.SHOWS):
        entry.fault(
            "knots", "knots belong to a sensor that shows something else", "knots for kind: shows alone"
        )
    kinds = {str(member): member for member in FaultKind}
    return SensorFault(
        kind=kinds.get(kind, FaultKind.SILENT),
        from_s=from_s,
        to_s=to_s,
        knots=knots,
        origin=frame.origin(entry),
    )


def _alternative(entry: Entry, sensors: Mapping[str, None], step_s: int) -> Alternative:
    entry.check_keys(("name", "text", "sensors"))
    section = entry.mapping("sensors", "a mapping of sensors to what is otherwise")
    changes: dict[str, Mapping[str, object]] = {}
    for name in section.data:
        if name not in sensors:
            section.fault(name, f"unknown sensor {shown(name)}{did_you_mean(name, sensors)}")
        change = section.mapping(name, "a mapping of what is otherwise")
        change.check_keys(_CHANGE_KEYS)
        made: dict[str, object] = {}
        for key in ("noise", "drift", "resolution"):
            if key in change.data:
                made[key] = needed(change, key, 0.0 if key != "resolution" else _TINY, allowed="0 or more")
        if "present" in change.data:
            made["present"] = flag(change, "present")
        if "faults" in change.data:
            last = change.data["faults"] == "last"
            made["faults"] = "last" if last else flag(change, "faults", otherwise=True)
        if "scan_s" in change.data:
            made["scan_s"] = _scan(change, step_s)
        if "limits" in change.data:
            made["limits"] = _limits(change.mapping("limits", "{l:, h:}"), LIMITS)
        changes[name] = made
    return Alternative(name=entry.id("name") or "", text=entry.text("text"), sensors=changes)
