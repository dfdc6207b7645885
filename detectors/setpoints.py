"""Set-points by mode: how detectors.yaml tells them, and what they must keep to.

    types:
      level: {modes: {drain: {l: 0.5}}}
    sensors:
      northwharf/LT-101: {modes: {fill: {h: 9.1}, hold: {h: 8.6, l: 1.0}}}

A mode's set-points take the places of those of the points table while the sensor's equipment is in that mode.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from detectors.profile import Profile
from detectors.rows import ModeLimits, has_mode
from detectors.state import MODES, UNKNOWN
from registry.faults import Fault
from registry.limit_rules import complaints
from registry.marks import KeyPath, Marked, load_marked
from registry.sensors import GAS_TYPES, LIMIT_NAMES, SensorRegistry, SensorSpec, SensorType
from registry.suggest import shown

_NAMES = LIMIT_NAMES[:4]
_TOLD = tuple(mode for mode in MODES if mode != MODES[UNKNOWN])


def read_modes(layer: Marked, path: KeyPath, value: Any) -> tuple[ModeLimits, list[Fault]]:
    """Return the limits by mode that stand at `path`, NaN for null, and every fault of their form."""
    found: dict[str, Mapping[str, float]] = {}
    faults: list[Fault] = []
    for mode, body in _items(layer, path, value, _TOLD, faults):
        limits: dict[str, float] = {}
        for name, limit in _items(layer, (*path, mode), body, _NAMES, faults):
            if limit is None:
                limits[name] = math.nan
            elif isinstance(limit, int | float) and not isinstance(limit, bool) and abs(limit) <= _LARGEST:
                limits[name] = float(limit)
            else:
                where = (*path, mode, name)
                faults.append(layer.fault(where, f"{name} is {shown(limit)}", "a number, or null for none"))
        found[mode] = MappingProxyType(limits)
    return MappingProxyType(found), faults


_LARGEST = 1e30
"""As of any value (detectors.kernels)."""


def _items(
    layer: Marked, path: KeyPath, value: Any, known: tuple[str, ...], faults: list[Fault]
) -> Iterator[tuple[str, Any]]:
    """Yield the known keys of a mapping; note a fault for the others, and for what is no mapping."""
    if value is None:
        return
    if not isinstance(value, dict):
        faults.append(layer.fault(path, "a mapping of keys is wanted here", ", ".join(known)))
        return
    faults += layer.unknown_keys(path, value, known)
    yield from ((key, item) for key, item in value.items() if key in known)


def setpoint_faults(path: Path, profile: Profile, registry: SensorRegistry) -> list[Fault]:
    """Return what is wrong with the set-points by mode of a file, as they are for the sensors of the registry.

    No mode loosens what protects: the limits of gas detectors and oxygen meters, ll and hh, and the design limit.
    """
    marked = load_marked(path)
    faults = []
    for spec, moded in zip(registry.specs, has_mode(registry.specs), strict=True):
        for where in (("types", spec.type, "modes"), ("sensors", spec.id, "modes")):
            if not _stands(marked.data, where):
                continue
            if where[0] == "sensors" and not moded:
                faults.append(
                    marked.fault(
                        where,
                        f"{spec.id}: the mode of its equipment is not known",
                        "sensors of an equipment that has a level sensor with a range",
                    )
                )
            for mode, limits in profile.mode_limits(spec).items():
                if moded and _stands(marked.data, (*where, mode)):
                    faults += [
                        marked.fault((*where, mode, name), f"{spec.id} in mode {mode}: {message}", allowed)
                        for name, message, allowed in _wrong(spec, limits)
                    ]
    return faults


def _stands(data: Any, path: tuple[str | SensorType, ...]) -> bool:
    for key in path:
        data = data.get(str(key)) if isinstance(data, dict) else None
    return data is not None


def _wrong(spec: SensorSpec, limits: Mapping[str, float]) -> Iterator[tuple[str, str, str]]:
    """Yield key, message and what is allowed for each set-point of one mode that cannot be."""
    if spec.type in GAS_TYPES:
        yield _culprit(limits, ""), "the limits of a gas detector do not follow a mode", "none"
        return
    for name, kept in (("ll", spec.ll), ("hh", spec.hh)):
        looser = limits.get(name, kept)
        if looser != kept and not math.isnan(kept) and not (looser > kept if name == "ll" else looser < kept):
            yield (
                name,
                f"{name} {_said(looser)} is looser than {kept:.12g} of the points table",
                "a stricter one",
            )
    known = {(complaint.column, complaint.message) for complaint in complaints(spec)}
    moded = replace(spec, **limits)  # type: ignore[arg-type]  # names and numbers have been checked
    for complaint in complaints(moded):
        if complaint.level == "error" and (complaint.column, complaint.message) not in known:
            yield _culprit(limits, complaint.column), complaint.message, complaint.allowed


def _culprit(limits: Mapping[str, float], column: str) -> str:
    """Return the set-point to look at: what the complaint is about, else one of those that do not go with it."""
    return column if column in limits else next(iter(limits), "")


def _said(limit: float) -> str:
    return "none" if math.isnan(limit) else f"{limit:.12g}"
