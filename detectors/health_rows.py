"""From a sensor and its settings to what the methods of shape and health read (detectors.shape_state)."""

import math
from typing import Any

from detectors.settings import Methods, ns
from detectors.shape_state import NO_PARTNER
from detectors.state import FOREVER
from registry.circles import Circle, same_reading
from registry.sensors import SensorRegistry, SensorSpec, SensorType

Row = dict[str, Any]
"""The fields of one record of parameters."""

_PARTNER_TYPES = frozenset({SensorType.LEVEL, SensorType.PRESSURE, SensorType.TEMPERATURE})
_END_OF_RANGE = 0.001
"""Share of the range that is its end: a transmitter of 0.1 % does not measure finer."""
_JUMP_SIGMA = 6.0
"""A jump of less than so many of the least spread believed is none."""
_CLOCK_HOLD_S, _CLOCK_HOLD_SCANS = 30.0, 3.0
"""How long a clock must have been wrong."""


def shape_row(spec: SensorSpec, methods: Methods) -> Row:
    """Return the fields of `SHAPE_PARAMS` of one sensor."""
    span = spec.range_hi - spec.range_lo
    return {
        "spike_false_per_day": methods.spike_false_per_day,
        "step_false_per_day": methods.step_false_per_day,
        "variance_false_per_day": methods.variance_false_per_day,
        "oscillation_false_per_day": methods.oscillation_false_per_day,
        "spike_gap_ns": ns(methods.spike_gap_s),
        "step_hold_ns": ns(methods.step_hold_s),
        "variance_times": methods.variance_times,
        "oscillation_min": 0.0 if math.isnan(span) else methods.oscillation_min_pct / 100.0 * span,
        "jump_min": 0.0 if math.isnan(span) else _JUMP_SIGMA * methods.sigma_min_pct / 100.0 * span,
        "step_samples": methods.step_samples,
        "variance_blocks": methods.variance_blocks,
    }


def health_row(spec: SensorSpec, methods: Methods) -> Row:
    """Return the fields of `HEALTH_PARAMS` of one sensor but who its partner is."""
    saturation_lo, saturation_hi = saturation_bounds(spec, methods)
    band = _END_OF_RANGE * (spec.range_hi - spec.range_lo)
    scan_s = 0.0 if math.isnan(spec.scan_s) else spec.scan_s
    return {
        "stuck_false_per_day": methods.stuck_false_per_day,
        "noise_false_per_day": methods.noise_false_per_day,
        "stuck_times": methods.stuck_times,
        "noise_times": methods.noise_times,
        "stuck_min_ns": ns(methods.stuck_min_s),
        "saturation_lo": saturation_lo,
        "saturation_hi": saturation_hi,
        "saturation_ns": ns(methods.saturation_s),
        "clock_hold_ns": ns(max(_CLOCK_HOLD_S, _CLOCK_HOLD_SCANS * scan_s)),
        "bad_ns": ns(methods.bad_s),
        "rest_lo": -math.inf if math.isnan(band) else spec.range_lo + band,
        "rest_hi": math.inf if math.isnan(band) else spec.range_hi - band,
        "saturation_samples": methods.saturation_samples,
        "clock_samples": methods.clock_samples,
        "bad_samples": methods.bad_samples,
        "stuck_samples": methods.stuck_samples,
        "uncertain_ns": FOREVER if math.isnan(methods.uncertain_s) else ns(methods.uncertain_s),
    }


def saturation_bounds(spec: SensorSpec, methods: Methods) -> tuple[float, float]:
    """Return below and above which a value rests at an end of its range; infinite where that is not looked at."""
    band = _END_OF_RANGE * (spec.range_hi - spec.range_lo)
    if math.isnan(methods.saturation_s) or math.isnan(band):
        return -math.inf, math.inf
    both = methods.saturation_ends > 1 and spec.range_lo != 0.0
    return spec.range_lo + band if both else -math.inf, spec.range_hi - band


def partners_of(registry: SensorRegistry) -> list[int]:
    """Return for each sensor the next one of those that should read the same, or `NO_PARTNER`.

    Of levels, pressures and temperatures only: gas detectors of a group stand apart from each other, flows stand still by
    themselves, and what a group of others is nobody knows; there one that moves is no witness against one that rests.
    """
    alike: dict[Circle, list[int]] = {}
    for i, spec in enumerate(registry.specs):
        circle = same_reading(spec) if spec.type in _PARTNER_TYPES else None
        if circle is not None:
            alike.setdefault(circle, []).append(i)
    partners = [NO_PARTNER] * len(registry)
    for members in alike.values():
        if len(members) > 1:
            for here, following in zip(members, members[1:] + members[:1], strict=True):
                partners[here] = following
    return partners
