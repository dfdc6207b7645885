"""From a sensor and its settings to the records that the step reads (detectors.state)."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from detectors.findings import Method
from detectors.health_rows import health_row, partners_of, saturation_bounds, shape_row
from detectors.memory import Params
from detectors.relations.table import HEARD, relation_params
from detectors.run_length import cusum_limit, ewma_limit
from detectors.settings import Methods, ns
from detectors.shape_state import HEALTH_PARAMS, SHAPE_PARAMS
from detectors.state import (
    AHEAD,
    BLOCKS,
    DESIGN,
    FOREVER,
    HH,
    LL,
    LOCATION_PARAMS,
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
DAY_S = 86_400.0
LEAST_WEIGHT = 1e-3
"""Of the newest residual in the EWMA chart."""
_MOST_S = np.iinfo(np.int32).max


_NAMES_AND_PLACES = frozenset(
    {"id", "sensor", "enterprise", "source", "equipment", "group", "topic", "x", "y", "z", "description"}
)
_traits = attrgetter(*(field.name for field in fields(SensorSpec) if field.name not in _NAMES_AND_PLACES))
"""All of a sensor but its names and where it stands: most sensors of a plant share it with others of their type."""


class Case(NamedTuple):
    """A sensor that stands for all that have the same traits, the same methods, and a level that tells the mode, or not."""

    spec: SensorSpec
    methods: Methods
    has_mode: bool


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
    specs = registry.specs
    methods = [methods_of(spec) for spec in specs]
    places = _places(specs)
    cases, case_of = _cases(specs, methods, places)
    base = _records([_base(case) for case in cases], PARAMS, case_of)
    tanks = _records([_tank(case.spec, case.methods) for case in cases], TANKS, case_of)
    tanks["first"], tanks["next"] = np.array(places, np.int32).reshape(-1, 2).T
    health = _records([health_row(case.spec, case.methods) for case in cases], HEALTH_PARAMS, case_of)
    health["partner"] = partners_of(registry)
    relation, related = relation_params(registry, methods, base["dead_after_ns"].tolist())
    for i, (drifts, inputs, heard) in enumerate(related):
        base["watch"][i] |= drifts << Method.DRIFT | inputs << Method.BALANCE | (HEARD if heard else 0)
    points = [
        row
        for i, each in enumerate(zip(specs, methods, places, strict=True))
        for row in _setpoints(i, *each, limits_of(each[0]))
    ]
    points.sort(key=lambda row: row["first"])
    return Params(
        base=base,
        ahead=_records([_ahead(case.spec, case.methods) for case in cases], AHEAD, case_of),
        tanks=tanks,
        setpoints=_records(points, SETPOINTS, np.arange(len(points))),
        location=_records([_location(case.spec, case.methods) for case in cases], LOCATION_PARAMS, case_of),
        relation=relation,
        shape=_records([shape_row(case.spec, case.methods) for case in cases], SHAPE_PARAMS, case_of),
        health=health,
    )


def _cases(
    specs: Sequence[SensorSpec], methods: Sequence[Methods], places: Sequence[Place]
) -> tuple[list[Case], NDArray[np.intp]]:
    """Return the different cases among the sensors, and which of them each sensor is."""
    numbers: dict[tuple[object, ...], int] = {}
    cases: list[Case] = []
    case_of = np.empty(len(specs), np.intp)
    for i, (spec, own, place) in enumerate(zip(specs, methods, places, strict=True)):
        key = (id(own), place.first >= 0, *_traits(spec))
        case_of[i] = numbers.setdefault(key, len(cases))
        if case_of[i] == len(cases):
            cases.append(Case(spec, own, place.first >= 0))
    return cases, case_of


def _setpoints(i: int, spec: SensorSpec, methods: Methods, place: Place, by_mode: ModeLimits) -> list[Row]:
    """Return the fields of `SETPOINTS` of one sensor, a row a mode; none where its limits are always the same."""
    if not by_mode or place.first < 0:
        return []
    rows: list[Row] = []
    for number, mode in enumerate(MODES):
        limits = _working_limits(spec, by_mode.get(mode, {}))
        row: Row = {"sensor": i, "first": place.first, "mode": number, "limit": limits}
        rows.append(row | _bounds(spec, limits, methods))
    return rows


def has_mode(specs: Iterable[SensorSpec]) -> list[bool]:
    """Return of each sensor whether its equipment has a level sensor that tells its mode."""
    return [place.first >= 0 for place in _places(specs)]


def _working_limits(spec: SensorSpec, replaced: Mapping[str, float]) -> tuple[float, ...]:
    """Return the limits of the points table with those of a mode in their places."""
    return tuple(replaced.get(name, limit) for name, limit in zip(LIMIT_NAMES, spec.limits, strict=True))


def _records(rows: list[Row], kind: np.dtype[np.void], row_of: NDArray[np.intp]) -> NDArray[np.void]:
    """Return records with the fields of row `row_of[i]` in the place of `i`."""
    different = np.zeros(len(rows), kind)
    for name in rows[0] if rows else ():
        different[name] = [row[name] for row in rows]
    records = at_cache_lines(len(row_of), kind)
    records[:] = different[row_of]
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


def _base(case: Case) -> Row:
    """Return the fields of `PARAMS` of one case."""
    spec, methods = case.spec, case.methods
    bounds = _bounds(spec, spec.limits, methods)
    span = spec.range_hi - spec.range_lo
    rate_window_ns = max(1, ns(methods.rate_window_s))
    dead_after_ns = __dead_after_ns(spec, methods)
    rate_limit = methods.rate_pct_per_min / 100.0 * span / 60.0
    limited = not all(math.isnan(limit) for limit in spec.limits)
    tank = case.has_mode and spec.type is SensorType.LEVEL and not math.isnan(methods.mode_pct_per_h)
    switches = {
        Method.RATE: rate_limit,
        Method.ROBUST_Z: methods.z_threshold,
        Method.CUSUM: run_length(methods.cusum_false_per_day, spec.scan_s) * methods.z_threshold,
        Method.EWMA: run_length(methods.ewma_false_per_day, spec.scan_s) * methods.z_threshold,
        Method.FORECAST: methods.forecast_s if limited else math.nan,
        Method.SEASON: methods.season_z,
        Method.NOVELTY: methods.novelty_rank,
        Method.STUCK: methods.stuck_false_per_day,
        Method.SPIKE: methods.spike_false_per_day,
        Method.STEP: methods.step_false_per_day,
        Method.VARIANCE: methods.variance_false_per_day,
        Method.OSCILLATION: methods.oscillation_false_per_day,
        Method.NOISE: methods.noise_false_per_day,
        Method.SATURATION: methods.saturation_s,
        Method.CLOCK: methods.clock_max_s,
        Method.QUALITY: methods.bad_s,
    }
    watched = sum(1 << method for method, switch in switches.items() if not math.isnan(switch))
    return {
        "calm_lo": bounds["calm_lo"],
        "calm_hi": bounds["calm_hi"],
        "ring_every_ns": rate_window_ns // (RING - 1),
        "z_threshold": methods.z_threshold,
        "z_tau_ns": max(1, ns(methods.z_tau_s)),
        "sigma_min": _sigma_min(spec, methods),
        "z_warm_samples": methods.z_warm_samples,
        "z_samples": methods.z_samples,
        "watch": watched | (TANK if tank else 0),
        "clock_max_s": _MOST_S if math.isnan(methods.clock_max_s) else int(min(methods.clock_max_s, _MOST_S)),
        "course_every_ms": _course_every_ms(methods) if limited or tank else 0,
        "quiet_lo": bounds["quiet_lo"],
        "quiet_hi": bounds["quiet_hi"],
        "range_lo": spec.range_lo,
        "range_hi": spec.range_hi,
        "rate_limit": rate_limit,
        "limit": spec.limits,
        "deadband": spec.deadband,
        "on_delay_ns": ns(spec.on_delay_s),
        "off_delay_ns": ns(spec.off_delay_s),
        "max_samples": _max_samples(spec),
        "dead_after_ns": dead_after_ns,
        "rate_window_ns": rate_window_ns,
        "z_off_ns": ns(methods.z_off_s),
    }


def _ahead(spec: SensorSpec, methods: Methods) -> Row:
    """Return the fields of `AHEAD` of one sensor."""
    bounds = _bounds(spec, spec.limits, methods)
    shortest_ns = BLOCKS * _course_every_ms(methods) * 1_000_000
    dead_after_ns = __dead_after_ns(spec, methods)
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


def _tank(spec: SensorSpec, methods: Methods) -> Row:
    """Return the fields of `TANKS` of one sensor but where its tank is; a gas detector never waits for one to settle."""
    return {
        "moving": methods.mode_pct_per_h / 100.0 * (spec.range_hi - spec.range_lo) / 3600.0,
        "least_ns": ns(methods.mode_min_s),
        "idle_ns": ns(methods.mode_idle_s),
        "settle_ns": 0 if spec.type in GAS_TYPES else ns(methods.mode_settle_s),
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
    inner_lo, inner_hi = max(quiet_lo, spec.range_lo), min(quiet_hi, spec.range_hi)
    end_lo, end_hi = saturation_bounds(spec, methods)
    middle, share = inner_lo + (inner_hi - inner_lo) / 2.0, methods.forecast_from_pct / 100.0
    known = math.isfinite(middle)
    ahead_lo = middle - share * (middle - quiet_lo) if known else math.inf
    ahead_hi = middle + share * (quiet_hi - middle) if known else -math.inf
    return {
        "quiet_lo": quiet_lo,
        "quiet_hi": quiet_hi,
        "calm_lo": max(inner_lo, end_lo),
        "calm_hi": min(inner_hi, end_hi),
        "ahead_lo": ahead_lo if math.isfinite(quiet_lo) else -math.inf,
        "ahead_hi": ahead_hi if math.isfinite(quiet_hi) else math.inf,
    }


def run_length(false_per_day: float, scan_s: float) -> float:
    """Return the samples between false alarms that a rate means, NaN where there is no rate or no scan interval."""
    a_day = false_per_day * scan_s
    return DAY_S / a_day if a_day > 0.0 else math.nan


def _location(spec: SensorSpec, methods: Methods) -> Row:
    """Return the fields of `LOCATION_PARAMS` of one sensor: the charts' limits from the wanted rates of false alarms."""
    k = methods.cusum_shift / 2.0
    weight = min(max(2.0 / (methods.ewma_samples + 1.0), LEAST_WEIGHT), 1.0)
    cusum = run_length(methods.cusum_false_per_day, spec.scan_s)
    ewma = run_length(methods.ewma_false_per_day, spec.scan_s)
    return {
        "cusum_k": k,
        "cusum_h": math.nan if math.isnan(cusum) else cusum_limit(cusum, k),
        "ewma_weight": weight,
        "ewma_width": math.nan if math.isnan(ewma) else ewma_limit(ewma, weight),
        "ewma_window_s": methods.ewma_samples * spec.scan_s,
        "season_z": methods.season_z,
        "rank": methods.novelty_rank,
        "memory_ns": float(ns(methods.novelty_days * DAY_S)),
        "quiet_ns": float(ns(methods.novelty_quiet_s)),
        "off_ns": ns(methods.z_off_s),
    }


def _sigma_min(spec: SensorSpec, methods: Methods) -> float:
    span = spec.range_hi - spec.range_lo
    return 0.0 if math.isnan(span) else methods.sigma_min_pct / 100.0 * span


def __dead_after_ns(spec: SensorSpec, methods: Methods) -> int:
    if math.isnan(spec.scan_s * methods.dead_scans):
        return FOREVER
    return ns(max(methods.dead_scans * spec.scan_s, methods.dead_min_s))


def _course_every_ms(methods: Methods) -> int:
    return min(max(1, ns(methods.course_every_s) // 1_000_000), _LONGEST_MS)


def _max_samples(spec: SensorSpec) -> list[int]:
    """A gas limit, and the graver limits of any sensor, never wait for more than two good samples."""
    bound = [0, 0, 0, 0, 0]
    for k in (LL, HH, DESIGN):
        bound[k] = 2
    if spec.type in GAS_TYPES:
        bound = [2] * len(bound)
    return bound
