"""From a sensor and its settings to the records that the step reads (detectors.state)."""

import math
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.findings import Method
from detectors.memory import Params
from detectors.settings import LONGEST_S, Methods
from detectors.state import (
    AHEAD,
    BLOCKS,
    DESIGN,
    FOREVER,
    HH,
    LL,
    MODES,
    PARAMS,
    RING,
    SETPOINTS,
    TANK,
    TANKS,
    H,
    L,
    at_cache_lines,
)
from registry.sensors import GAS_TYPES, LIMIT_NAMES, SensorRegistry, SensorSpec, SensorType

_LONGEST_MS = 2_000_000_000
"""What 32 bits hold: 23 days."""

ModeLimits = Mapping[str, Mapping[str, float]]
"""Limits by name, by mode."""
Row = dict[str, Any]


class Place(NamedTuple):
    """Rows of the first and of the next level sensor of the same equipment; -1 where there is none."""

    first: int
    next: int


def params_of(
    registry: SensorRegistry,
    methods_of: Callable[[SensorSpec], Methods],
    limits_of: Callable[[SensorSpec], ModeLimits],
) -> Params:
    """Return the parameters of every sensor, a row a sensor."""
    base, ahead, tanks, points = [], [], [], []
    for i, (spec, place) in enumerate(zip(registry.specs, _places(registry.specs), strict=True)):
        methods = methods_of(spec)
        bounds = _bounds(spec, spec.limits, methods)
        base.append(_base(spec, methods, bounds, place))
        ahead.append(_ahead(spec, methods, bounds))
        tanks.append(_tank(spec, methods, place))
        by_mode = limits_of(spec) if place.first >= 0 else {}
        if by_mode:
            for number, mode in enumerate(MODES):
                limits = _working_limits(spec, by_mode.get(mode, {}))
                row: Row = {"sensor": i, "first": place.first, "mode": number, "limit": limits}
                points.append(row | _bounds(spec, limits, methods))
    points.sort(key=lambda row: row["first"])
    return Params(
        _records(base, PARAMS), _records(ahead, AHEAD), _records(tanks, TANKS), _records(points, SETPOINTS)
    )


def has_mode(specs: Iterable[SensorSpec]) -> list[bool]:
    """Return of each sensor whether its equipment has a level sensor that tells its mode."""
    return [place.first >= 0 for place in _places(specs)]


def _working_limits(spec: SensorSpec, replaced: Mapping[str, float]) -> tuple[float, ...]:
    """Return the limits of the points table with those of a mode in their places."""
    return tuple(replaced.get(name, limit) for name, limit in zip(LIMIT_NAMES, spec.limits, strict=True))


def _records(rows: list[Row], kind: np.dtype[np.void]) -> NDArray[np.void]:
    records = at_cache_lines(len(rows), kind)
    for name in rows[0] if rows else ():
        records[name] = [row[name] for row in rows]
    return records


def _places(specs: Iterable[SensorSpec]) -> list[Place]:
    """Return where each sensor finds the mode of its equipment: at the first of its level sensors, as in the table."""
    specs = list(specs)
    levels: dict[tuple[str, str], list[int]] = {}
    for i, spec in enumerate(specs):
        if spec.type is SensorType.LEVEL and spec.equipment and not math.isnan(spec.range_hi - spec.range_lo):
            levels.setdefault((spec.enterprise, spec.equipment), []).append(i)
    following = {a: b for rows in levels.values() for a, b in pairwise(rows)}
    return [
        Place(levels.get((spec.enterprise, spec.equipment or ""), [-1])[0], following.get(i, -1))
        for i, spec in enumerate(specs)
    ]


def _base(spec: SensorSpec, methods: Methods, bounds: Row, place: Place) -> Row:
    """Return the fields of `PARAMS` of one sensor."""
    span = spec.range_hi - spec.range_lo
    rate_window_ns = max(1, _ns(methods.rate_window_s))
    dead_after_ns = _dead_after_ns(spec, methods)
    rate_limit = methods.rate_pct_per_min / 100.0 * span / 60.0
    limited = not all(math.isnan(limit) for limit in spec.limits)
    tank = place.first >= 0 and spec.type is SensorType.LEVEL and not math.isnan(methods.mode_pct_per_h)
    watched = {
        Method.RATE: not math.isnan(rate_limit),
        Method.ROBUST_Z: not math.isnan(methods.z_threshold),
        Method.FORECAST: limited and not math.isnan(methods.forecast_s),
    }
    return {
        "calm_lo": bounds["calm_lo"],
        "calm_hi": bounds["calm_hi"],
        "ring_every_ns": rate_window_ns // (RING - 1),
        "z_threshold": methods.z_threshold,
        "z_tau_ns": max(1, _ns(methods.z_tau_s)),
        "sigma_min": _sigma_min(spec, methods),
        "z_warm_samples": methods.z_warm_samples,
        "z_samples": methods.z_samples,
        "watch": sum(1 << method for method, on in watched.items() if on) | (TANK if tank else 0),
        "course_every_ms": _course_every_ms(methods) if limited or tank else 0,
        "quiet_lo": bounds["quiet_lo"],
        "quiet_hi": bounds["quiet_hi"],
        "range_lo": spec.range_lo,
        "range_hi": spec.range_hi,
        "rate_limit": rate_limit,
        "limit": spec.limits,
        "deadband": spec.deadband,
        "on_delay_ns": _ns(spec.on_delay_s),
        "off_delay_ns": _ns(spec.off_delay_s),
        "max_samples": _max_samples(spec),
        "dead_after_ns": dead_after_ns,
        "rate_window_ns": rate_window_ns,
        "z_off_ns": _ns(methods.z_off_s),
    }


def _ahead(spec: SensorSpec, methods: Methods, bounds: Row) -> Row:
    """Return the fields of `AHEAD` of one sensor."""
    shortest_ns = BLOCKS * _course_every_ms(methods) * 1_000_000
    dead_after_ns = _dead_after_ns(spec, methods)
    return {
        "stale_ns": max(shortest_ns, dead_after_ns if dead_after_ns != FOREVER else 0),
        "step": _sigma_min(spec, methods),
        "ahead_lo": bounds["ahead_lo"],
        "ahead_hi": bounds["ahead_hi"],
        "forecast_s": methods.forecast_s,
        "urgent_s": min(methods.forecast_s, methods.forecast_urgent_s),
        "sigmas": methods.forecast_sigmas,
        "samples": methods.forecast_samples,
    }


def _tank(spec: SensorSpec, methods: Methods, place: Place) -> Row:
    """Return the fields of `TANKS` of one sensor; a gas detector never waits for a tank to settle."""
    return {
        "first": place.first,
        "next": place.next,
        "moving": methods.mode_pct_per_h / 100.0 * (spec.range_hi - spec.range_lo) / 3600.0,
        "least_ns": _ns(methods.mode_min_s),
        "idle_ns": _ns(methods.mode_idle_s),
        "settle_ns": 0 if spec.type in GAS_TYPES else _ns(methods.mode_settle_s),
    }


def _bounds(spec: SensorSpec, limits: tuple[float, ...], methods: Methods) -> Row:
    """Return what lies within the limits, what within limits and range, and where limits begin to be forecast.

    In the middle of the band between the first limits normal operation moves: tanks fill and stop, compressors start and
    stop. Where one side has no limit the range bounds the band; where that is missing too, nothing is the middle, so a
    limit is forecast from anywhere.
    """
    quiet_lo = max((limit for limit in limits[: L + 1] if not math.isnan(limit)), default=-math.inf)
    quiet_hi = min((limit for limit in limits[H:] if not math.isnan(limit)), default=math.inf)
    # a range that is not there is NaN, which max and min pass over in second place
    calm_lo, calm_hi = max(quiet_lo, spec.range_lo), min(quiet_hi, spec.range_hi)
    middle, share = calm_lo + (calm_hi - calm_lo) / 2.0, methods.forecast_from_pct / 100.0
    known = math.isfinite(middle)
    ahead_lo = middle - share * (middle - quiet_lo) if known else math.inf
    ahead_hi = middle + share * (quiet_hi - middle) if known else -math.inf
    return {
        "quiet_lo": quiet_lo,
        "quiet_hi": quiet_hi,
        "calm_lo": calm_lo,
        "calm_hi": calm_hi,
        "ahead_lo": ahead_lo if math.isfinite(quiet_lo) else -math.inf,
        "ahead_hi": ahead_hi if math.isfinite(quiet_hi) else math.inf,
    }


def _sigma_min(spec: SensorSpec, methods: Methods) -> float:
    span = spec.range_hi - spec.range_lo
    return 0.0 if math.isnan(span) else methods.sigma_min_pct / 100.0 * span


def _dead_after_ns(spec: SensorSpec, methods: Methods) -> int:
    if math.isnan(spec.scan_s * methods.dead_scans):
        return FOREVER
    return _ns(max(methods.dead_scans * spec.scan_s, methods.dead_min_s))


def _course_every_ms(methods: Methods) -> int:
    return min(max(1, _ns(methods.course_every_s) // 1_000_000), _LONGEST_MS)


def _max_samples(spec: SensorSpec) -> list[int]:
    """A gas limit, and the graver limits of any sensor, never wait for more than two good samples."""
    bound = [0, 0, 0, 0, 0]
    for k in (LL, HH, DESIGN):
        bound[k] = 2
    if spec.type in GAS_TYPES:
        bound = [2] * len(bound)
    return bound


def _ns(seconds: float) -> int:
    return 0 if math.isnan(seconds) else round(min(seconds, LONGEST_S) * 1e9)
