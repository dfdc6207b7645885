"""Profiles: which methods watch a sensor, and how closely, by its type and by itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from detectors.findings import Method
from detectors.memory import Params
from detectors.shape_state import HEALTH_PARAMS, NO_PARTNER, SHAPE_PARAMS
from detectors.state import DESIGN, FOREVER, HH, LL, PARAMS, RING, H, L, at_cache_lines
from registry.sensors import GAS_TYPES, SensorRegistry, SensorSpec, SensorType

_NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Settings of the methods beside the limits; NaN switches a method off where the setting says so, and in `dead_scans`, `rate_pct_per_min` and `z_threshold`.

    Attributes:
        dead_scans, dead_min_s: silent for max(dead_scans * scan_s, dead_min_s) is dead.
        rate_pct_per_min: change per minute, in percent of the range, that is a finding.
        rate_window_s: window of the rate and of the forecast.
        z_threshold: robust z that is a finding, in sigma.
        z_tau_s: time constant of the baseline.
        z_warm_samples: samples before the baseline is believed; also the least samples that it ever rests on.
        z_samples: consecutive good samples beyond the threshold before it is a finding.
        z_off_s: how long the value must be back before the finding recovers.
        sigma_min_pct: the least spread believed, in percent of the range.
        spike_false_per_day, step_false_per_day, variance_false_per_day, oscillation_false_per_day, stuck_false_per_day,
            noise_false_per_day: false findings a day that the method's threshold is set for; NaN: it is off.
        spike_gap_s: no second spike is told within.
        step_samples, step_hold_s: samples that a step must stay; how long it is told unless the value goes back.
        variance_times, noise_times: the least change of the spread, and rise of the noise, as a factor.
        oscillation_min_pct: the least mean distance of a swing from its centre, in percent of the range.
        stuck_min_s, stuck_samples, stuck_times: a stuck value has rested so long, and for stuck_times the longest rest known.
        saturation_s, saturation_samples: resting at an end of the range for so long; NaN seconds: off.
        saturation_ends: 1 the upper end, 2 both, but for a lower one at 0, which empty and vented vessels read.
        clock_max_s, clock_samples: time stamps so far from the clock, or late, so often; NaN seconds: off.
        bad_s, bad_samples: so many readings in a row without a good value, the last so long after the first; NaN: off.
    """

    dead_scans: float = 3.0
    dead_min_s: float = 30.0
    rate_pct_per_min: float = _NAN
    rate_window_s: float = 60.0
    z_threshold: float = _NAN
    z_tau_s: float = 3600.0
    z_warm_samples: int = 100
    z_samples: int = 2
    z_off_s: float = 0.0
    sigma_min_pct: float = 0.0
    spike_false_per_day: float = _NAN
    spike_gap_s: float = 600.0
    step_false_per_day: float = _NAN
    step_samples: int = 5
    step_hold_s: float = 600.0
    variance_false_per_day: float = _NAN
    variance_times: float = 2.0
    oscillation_false_per_day: float = _NAN
    oscillation_min_pct: float = 1.0
    stuck_false_per_day: float = _NAN
    stuck_min_s: float = 120.0
    stuck_samples: int = 10
    stuck_times: float = 3.0
    noise_false_per_day: float = _NAN
    noise_times: float = 2.0
    saturation_s: float = _NAN
    saturation_samples: int = 5
    saturation_ends: int = 1
    clock_max_s: float = _NAN
    clock_samples: int = 10
    bad_s: float = _NAN
    bad_samples: int = 2


@dataclass(frozen=True, slots=True)
class Profile:
    """Methods by sensor type, and what single sensors (by full id) change of them."""

    types: Mapping[SensorType, Methods] = field(default_factory=lambda: MappingProxyType({}))
    sensors: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))

    def methods(self, spec: SensorSpec) -> Methods:
        """Return the methods of one sensor."""
        base = self.types.get(spec.type, Methods())
        own = self.sensors.get(spec.id)
        return replace(base, **own) if own else base  # type: ignore[arg-type]  # the loader has checked names and types

    def params(self, registry: SensorRegistry) -> Params:
        """Return the parameters of every sensor, a row a sensor."""
        partners = partners_of(registry)
        methods = [self.methods(spec) for spec in registry.specs]
        return Params(
            base=_filled(PARAMS, [_row(*pair) for pair in zip(registry.specs, methods, strict=True)]),
            shape=_filled(
                SHAPE_PARAMS, [shape_row(*pair) for pair in zip(registry.specs, methods, strict=True)]
            ),
            health=_filled(
                HEALTH_PARAMS,
                [health_row(*each) for each in zip(registry.specs, methods, partners, strict=True)],
            ),
        )


Row = dict[str, float | list[int] | tuple[float, ...]]
"""The fields of one record of parameters."""


def _filled(kind: np.dtype[np.void], rows: list[Row]) -> NDArray[np.void]:
    records = at_cache_lines(len(rows), kind)
    for name in rows[0] if rows else ():
        records[name] = [row[name] for row in rows]
    return records


def _row(spec: SensorSpec, methods: Methods) -> Row:
    """Return the fields of `PARAMS` of one sensor."""
    span = spec.range_hi - spec.range_lo
    quiet_lo = max((limit for limit in spec.limits[: L + 1] if not math.isnan(limit)), default=-math.inf)
    quiet_hi = min((limit for limit in spec.limits[H:] if not math.isnan(limit)), default=math.inf)
    rate_window_ns = max(1, _ns(methods.rate_window_s))
    dead_after_ns = FOREVER
    if not math.isnan(spec.scan_s * methods.dead_scans):
        dead_after_ns = _ns(max(methods.dead_scans * spec.scan_s, methods.dead_min_s))
    rate_limit = methods.rate_pct_per_min / 100.0 * span / 60.0
    switches = {Method.RATE: rate_limit, Method.ROBUST_Z: methods.z_threshold} | _more_switches(methods)
    saturation_lo, saturation_hi = saturation_bounds(spec, methods)
    return {
        # a range that is not there is NaN, which max and min pass over in second place
        "calm_lo": max(quiet_lo, spec.range_lo, saturation_lo),
        "calm_hi": min(quiet_hi, spec.range_hi, saturation_hi),
        "ring_every_ns": rate_window_ns // (RING - 1),
        "z_threshold": methods.z_threshold,
        "z_tau_ns": max(1, _ns(methods.z_tau_s)),
        "sigma_min": 0.0 if math.isnan(span) else methods.sigma_min_pct / 100.0 * span,
        "z_warm_samples": methods.z_warm_samples,
        "z_samples": methods.z_samples,
        "watch": sum(1 << method for method, switch in switches.items() if not math.isnan(switch)),
        "clock_max_s": _MOST_S if math.isnan(methods.clock_max_s) else int(min(methods.clock_max_s, _MOST_S)),
        "quiet_lo": quiet_lo,
        "quiet_hi": quiet_hi,
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


def _more_switches(methods: Methods) -> dict[Method, float]:
    return {
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


def shape_row(spec: SensorSpec, methods: Methods) -> Row:
    """Return the fields of `SHAPE_PARAMS` of one sensor."""
    span = spec.range_hi - spec.range_lo
    return {
        "spike_false_per_day": methods.spike_false_per_day,
        "step_false_per_day": methods.step_false_per_day,
        "variance_false_per_day": methods.variance_false_per_day,
        "oscillation_false_per_day": methods.oscillation_false_per_day,
        "spike_gap_ns": _ns(methods.spike_gap_s),
        "step_hold_ns": _ns(methods.step_hold_s),
        "variance_times": methods.variance_times,
        "oscillation_min": 0.0 if math.isnan(span) else methods.oscillation_min_pct / 100.0 * span,
        "jump_min": 0.0 if math.isnan(span) else _JUMP_SIGMA * methods.sigma_min_pct / 100.0 * span,
        "step_samples": methods.step_samples,
    }


def health_row(spec: SensorSpec, methods: Methods, partner: int) -> Row:
    """Return the fields of `HEALTH_PARAMS` of one sensor."""
    saturation_lo, saturation_hi = saturation_bounds(spec, methods)
    band = _END_OF_RANGE * (spec.range_hi - spec.range_lo)
    scan_s = 0.0 if math.isnan(spec.scan_s) else spec.scan_s
    return {
        "stuck_false_per_day": methods.stuck_false_per_day,
        "noise_false_per_day": methods.noise_false_per_day,
        "stuck_times": methods.stuck_times,
        "noise_times": methods.noise_times,
        "stuck_min_ns": _ns(methods.stuck_min_s),
        "saturation_lo": saturation_lo,
        "saturation_hi": saturation_hi,
        "saturation_ns": _ns(methods.saturation_s),
        "clock_hold_ns": _ns(max(_CLOCK_HOLD_S, _CLOCK_HOLD_SCANS * scan_s)),
        "bad_ns": _ns(methods.bad_s),
        "rest_lo": -math.inf if math.isnan(band) else spec.range_lo + band,
        "rest_hi": math.inf if math.isnan(band) else spec.range_hi - band,
        "partner": partner,
        "saturation_samples": methods.saturation_samples,
        "clock_samples": methods.clock_samples,
        "bad_samples": methods.bad_samples,
        "stuck_samples": methods.stuck_samples,
    }


def saturation_bounds(spec: SensorSpec, methods: Methods) -> tuple[float, float]:
    """Return below and above which a value rests at an end of its range; infinite where that is not looked at."""
    band = _END_OF_RANGE * (spec.range_hi - spec.range_lo)
    if math.isnan(methods.saturation_s) or math.isnan(band):
        return -math.inf, math.inf
    both = methods.saturation_ends > 1 and spec.range_lo != 0.0
    return spec.range_lo + band if both else -math.inf, spec.range_hi - band


def partners_of(registry: SensorRegistry) -> list[int]:
    """Return for each sensor the next one of those that measure the same at the same place, or `NO_PARTNER`.

    The same: type, unit, equipment and group. Gas detectors of one group stand apart from each other and are no partners.
    """
    alike: dict[tuple[object, ...], list[int]] = {}
    for i, spec in enumerate(registry.specs):
        if spec.type in _PARTNER_TYPES and spec.equipment and spec.group:
            key = (spec.enterprise, spec.equipment, spec.group, spec.type, spec.unit)
            alike.setdefault(key, []).append(i)
    partners = [NO_PARTNER] * len(registry)
    for members in alike.values():
        if len(members) > 1:
            for here, following in zip(members, members[1:] + members[:1], strict=True):
                partners[here] = following
    return partners


def _max_samples(spec: SensorSpec) -> list[int]:
    """A gas limit, and the graver limits of any sensor, never wait for more than two good samples."""
    bound = [0, 0, 0, 0, 0]
    for k in (LL, HH, DESIGN):
        bound[k] = 2
    if spec.type in GAS_TYPES:
        bound = [2] * len(bound)
    return bound


_PARTNER_TYPES = frozenset({SensorType.LEVEL, SensorType.PRESSURE, SensorType.TEMPERATURE})
_END_OF_RANGE = 0.001
"""Share of the range that is its end: a transmitter of 0.1 % does not measure finer."""
_JUMP_SIGMA = 6.0
"""A jump of less than so many of the least spread believed is none."""
_CLOCK_HOLD_S, _CLOCK_HOLD_SCANS = 30.0, 3.0
"""How long a clock must have been wrong."""
_MOST_S = np.iinfo(np.int32).max

LONGEST_S = 1e9
"""Longer than any plant stands; a time and this still fit into 64 bits of ns."""


def _ns(seconds: float) -> int:
    return 0 if math.isnan(seconds) else round(min(seconds, LONGEST_S) * 1e9)
