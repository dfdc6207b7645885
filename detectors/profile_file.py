"""detectors.yaml: the packaged profile, and a plant's own laid over it key by key."""

import math
from collections.abc import Mapping
from dataclasses import fields, replace
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from detectors.profile import LONGEST_S, Methods, Profile
from detectors.rows import ModeLimits
from detectors.setpoints import read_modes
from registry.defaults import TypeDefaults
from registry.faults import Fault
from registry.marks import KeyPath, Marked, load_marked, parse_marked
from registry.sensors import SensorType
from registry.suggest import shown

_PARTS = ("defaults", "methods", "modes")
COUNTS = frozenset(
    {
        *(
            "z_warm_samples",
            "z_samples",
            "group_rounds",
            "drift_samples",
            "forecast_samples",
            "step_samples",
            "variance_blocks",
            "stuck_samples",
        ),
        *("saturation_samples", "saturation_ends", "clock_samples", "bad_samples"),
    }
)
WHOLE = COUNTS | {"group", "vote_needed"}
_MOST = {"group_false_rate": 0.1, "forecast_from_pct": 100.0}
"""The most that a key may be, beside times and whole numbers."""
_FALSE_PER_DAY = frozenset(
    f"{method}_false_per_day" for method in ("spike", "step", "variance", "oscillation", "stuck", "noise")
)
_SIGNED = frozenset({"range_lo", "range_hi", "ll", "l", "h", "hh"})
_POSITIVE = frozenset(
    {
        "scan_s",
        "dead_scans",
        "rate_window_s",
        "rate_pct_per_min",
        "z_threshold",
        "z_tau_s",
        *COUNTS,
        "group_false_rate",
        *("forecast_s", "forecast_sigmas", "course_every_s", "mode_pct_per_h"),
        "season_z",
        "cusum_false_per_day",
        "cusum_shift",
        "ewma_false_per_day",
        "ewma_samples",
        "novelty_rank",
        "novelty_days",
        *("drift_pct", "drift_least_pct", "drift_sigma", "drift_tau_s", "drift_relearn_s"),
        *("balance_h", "balance_step_s", "balance_tau_s", "balance_sigma_min_pct", "balance_relearn_s"),
        "clock_max_s",
        *_FALSE_PER_DAY,
    }
)
_FROM_ONE = frozenset({"variance_times", "noise_times", "stuck_times"})

_MOST_SAMPLES = 1_000_000
_ENDS = 2
_METHOD_KEYS = tuple(f.name for f in fields(Methods))
_DEFAULT_KEYS = tuple(f.name for f in fields(TypeDefaults))
SWITCHES = frozenset(
    {
        "dead_scans",
        "rate_pct_per_min",
        "z_threshold",
        "cusum_false_per_day",
        "ewma_false_per_day",
        "season_z",
        "novelty_rank",
        "drift_pct",
        "balance_h",
        "forecast_s",
        "mode_pct_per_h",
        "saturation_s",
        "clock_max_s",
        "bad_s",
        "uncertain_s",
        *_FALSE_PER_DAY,
        *_DEFAULT_KEYS,
    }
)
"""Keys whose null says that there is none: no such default, or the method is off."""

Defaults = Mapping[SensorType, TypeDefaults]


def load_profile(path: Path | None, *over: Path) -> tuple[Profile, Defaults, list[Fault]]:
    """Return the packaged profile with the plant's own file over it, the defaults by type, and every fault.

    Further files are laid `over` both in their order, such as what `hazwatch tune` wrote.
    """
    resource = files("detectors") / "data" / "detectors.yaml"
    packaged = parse_marked(resource.read_text(encoding="utf-8"), "packaged detectors.yaml")
    layers = [packaged, *(load_marked(own) for own in (path, *over) if own is not None)]
    methods = {kind: Methods() for kind in SensorType}
    defaults = {kind: TypeDefaults() for kind in SensorType}
    sensors: dict[str, Mapping[str, float]] = {}
    modes: dict[str, ModeLimits] = {}
    faults: list[Fault] = []
    for layer in layers:
        faults += layer.faults
        faults += _lay_over(layer, methods, defaults, sensors, modes)
    profile = Profile(MappingProxyType(methods), MappingProxyType(sensors), MappingProxyType(modes))
    return profile, defaults, faults


def unknown_sensors(path: Path, known: Mapping[str, int]) -> list[Fault]:
    """Return a fault for each sensor that the file speaks of and the points table does not have."""
    marked = load_marked(path)
    listed = marked.data.get("sensors") if isinstance(marked.data, dict) else None
    return [
        marked.fault(
            ("sensors", sensor),
            f"sensor {sensor!r} is not in the points table",
            "full ids, enterprise/sensor",
        )
        for sensor in (listed if isinstance(listed, dict) else ())
        if sensor not in known
    ]


def _lay_over(
    layer: Marked,
    methods: dict[SensorType, Methods],
    defaults: dict[SensorType, TypeDefaults],
    sensors: dict[str, Mapping[str, float]],
    modes: dict[str, ModeLimits],
) -> list[Fault]:
    if layer.data is None:
        return []
    top, faults = _mapping(layer, (), layer.data, ("types", "sensors"))
    types, more = _mapping(layer, ("types",), top.get("types", {}), tuple(SensorType))
    faults += more
    for name, body in types.items():
        path: KeyPath = ("types", name)
        parts, more = _mapping(layer, path, body, _PARTS)
        faults += more
        kind = SensorType(name)
        own, more = _numbers(layer, (*path, "methods"), parts.get("methods", {}), _METHOD_KEYS)
        faults += more
        methods[kind] = replace(methods[kind], **own)
        faults += _lay_modes(layer, (*path, "modes"), parts.get("modes"), modes, kind)
        raw = parts.get("defaults", {})
        unit = raw.get("unit") if isinstance(raw, dict) else None
        if unit is not None and not isinstance(unit, str):
            faults.append(layer.fault((*path, "defaults", "unit"), "a unit is a text", "such as kPa"))
            unit = None
        own, more = _numbers(layer, (*path, "defaults"), raw, _DEFAULT_KEYS)
        faults += more
        defaults[kind] = replace(defaults[kind], **own, unit=defaults[kind].unit if unit is None else unit)
    listed, more = _mapping(layer, ("sensors",), top.get("sensors", {}), None)
    faults += more
    for sensor, body in listed.items():
        parts, more = _mapping(layer, ("sensors", sensor), body, (*_METHOD_KEYS, "modes"))
        faults += more
        faults += _lay_modes(layer, ("sensors", sensor, "modes"), parts.pop("modes", None), modes, sensor)
        own, more = _numbers(layer, ("sensors", sensor), parts, _METHOD_KEYS)
        faults += more
        sensors[sensor] = MappingProxyType({**sensors.get(sensor, {}), **own})
    return faults


def _lay_modes(
    layer: Marked, path: KeyPath, value: Any, modes: dict[str, ModeLimits], of: str
) -> list[Fault]:
    """Lay the set-points by mode of a type or a sensor over those before, mode by mode."""
    own, faults = read_modes(layer, path, value)
    if own:
        modes[of] = MappingProxyType({**modes.get(of, {}), **own})
    return faults


def _mapping(
    layer: Marked, path: KeyPath, value: Any, known: tuple[str, ...] | None
) -> tuple[dict[str, Any], list[Fault]]:
    """Return those keys of the mapping at `path` that are known, and faults for the others."""
    if value is None:
        return {}, []
    if not isinstance(value, dict):
        return {}, [
            layer.fault(path, "a mapping of keys is wanted here", ", ".join(known or ("sensor ids",)))
        ]
    if known is None:
        return value, []
    faults = layer.unknown_keys(path, value, known)
    return {key: item for key, item in value.items() if key in known}, faults


def _numbers(
    layer: Marked, path: KeyPath, value: Any, known: tuple[str, ...]
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the numbers of the mapping at `path`; null where it is allowed is NaN."""
    found, faults = _mapping(layer, path, value, known)
    numbers: dict[str, Any] = {}
    for key, item in found.items():
        if key == "unit":
            continue
        if item is None and key in SWITCHES:
            numbers[key] = math.nan
        elif isinstance(item, int | float) and not isinstance(item, bool) and _holds(key, item):
            numbers[key] = int(item) if key in WHOLE else float(item)
        else:
            faults.append(layer.fault((*path, key), f"{key} is {shown(item)}", _allowed(key)))
    return numbers, faults


def _holds(key: str, item: float) -> bool:
    try:
        number = float(item)
    except OverflowError:
        return False
    if not math.isfinite(number) or (number <= 0 if key in _POSITIVE else number < 0 and key not in _SIGNED):
        return False
    if key in _FROM_ONE and number < 1:
        return False
    if key in WHOLE:
        return number.is_integer() and number <= (_ENDS if key == "saturation_ends" else _MOST_SAMPLES)
    if key in _MOST:
        return number <= _MOST[key]
    return not key.endswith("_s") or number <= LONGEST_S


_LEAST = ((_SIGNED, ""), (_POSITIVE, " above 0"), (_FROM_ONE, " from 1"))
"""What is said of the least that a key may be."""


def _allowed(key: str) -> str:
    if key in WHOLE:
        whole = _ENDS if key == "saturation_ends" else _MOST_SAMPLES
        return f"a whole number from {1 if key in _POSITIVE else 0} to {whole}"
    sign = next((word for keys, word in _LEAST if key in keys), " from 0")
    limit = _MOST.get(key, LONGEST_S if key.endswith("_s") else None)
    most = "" if limit is None else f", at most {limit:.10g}"
    return f"a number{sign}{most}" + (", or null for none" if key in SWITCHES else "")
