"""Profiles: which methods watch a sensor, and how closely, by its type and by itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from detectors.findings import Method
from detectors.memory import Params
from detectors.relations.table import HEARD, relation_params
from detectors.run_length import cusum_limit, ewma_limit
from detectors.shape_state import HEALTH_PARAMS, NO_PARTNER, SHAPE_PARAMS
from detectors.state import DESIGN, FOREVER, HH, LL, LOCATION_PARAMS, PARAMS, RING, H, L, at_cache_lines
from registry.sensors import GAS_TYPES, SensorRegistry, SensorSpec, SensorType

Row = dict[str, float | list[int] | tuple[float, ...]]
"""The fields of one record of parameters."""
DAY_S = 86_400.0
LEAST_WEIGHT = 1e-3
"""Of the newest residual in the EWMA chart."""
_NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Settings of the methods beside the limits; NaN in a key of `profile_file.SWITCHES` switches its method off.

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
        group: 1: judged together with the other sensors of its hazard source (T2, Q); 0: not.
        group_every_s: least time between two judgements of a group.
        group_warm_s: what the rounds must span that a group's first plane is fitted on.
        group_relearn_s: a group that had no calm round for so long begins anew.
        group_false_rate: wanted share of normal rounds beyond a limit of T2 or Q.
        group_rounds: rounds in a row beyond it before it is a finding, and back before it recovers.
        vote_needed: how many of the sensors that share the points table's `group` must agree (VOTE); 0: the majority.
        cusum_false_per_day: wanted false alarms a day of the CUSUM chart; it also needs z_threshold and scan_s.
        cusum_shift: lasting shift that it looks for, in sigma.
        ewma_false_per_day: wanted false alarms a day of the EWMA chart; it also needs z_threshold and scan_s.
        ewma_samples: samples that it looks back on.
        season_z: deviation from the usual of this hour of the day that is a finding, in sigma.
        novelty_rank: remembered readings as far out from which on a reading is common, and no finding.
        novelty_days: how long novelty remembers; at least 10 000 samples.
        novelty_quiet_s: how long what was told is not told again; at least 200 samples.
        drift_pct: difference between redundant partners that is a finding by itself, in percent of the range.
        drift_least_pct: the least departure from their usual difference that counts, in percent of the range.
        drift_sigma: such a departure in the difference's own spread.
        drift_skew_s: what one transmitter may lag behind the other.
        drift_tau_s: how slowly the usual difference is forgotten.
        drift_samples, drift_off_s: consecutive comparisons that raise; how long they must agree before it recovers.
        drift_relearn_s: a departure that lasts so long is the new usual.
        balance_h, balance_k: threshold and slack of the CUSUM of what a model of the tank leaves, in its own spread.
        balance_step_s: readings are taken together over this time.
        balance_tau_s: how slowly the model forgets.
        balance_share_pct: what meters may be wrong by, in percent of what they say.
        balance_sigma_min_pct: the least spread of a step's residual that is believed, in percent of the range.
        balance_relearn_s: a model that does not hold for so long is learnt anew.
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
    group: int = 0
    group_every_s: float = 1.0
    group_warm_s: float = 0.0
    group_relearn_s: float = 259_200.0
    group_false_rate: float = 1e-3
    group_rounds: int = 5
    vote_needed: int = 0
    cusum_false_per_day: float = _NAN
    cusum_shift: float = 1.0
    ewma_false_per_day: float = _NAN
    ewma_samples: float = 20.0
    season_z: float = _NAN
    novelty_rank: float = _NAN
    novelty_days: float = 60.0
    novelty_quiet_s: float = 43_200.0
    drift_pct: float = _NAN
    drift_least_pct: float = 0.2
    drift_sigma: float = 6.0
    drift_skew_s: float = 5.0
    drift_tau_s: float = 86400.0
    drift_samples: int = 3
    drift_off_s: float = 60.0
    drift_relearn_s: float = 86400.0
    balance_h: float = _NAN
    balance_k: float = 0.5
    balance_step_s: float = 60.0
    balance_tau_s: float = 604800.0
    balance_share_pct: float = 5.0
    balance_sigma_min_pct: float = 0.005
    balance_relearn_s: float = 86400.0
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
        specs, partners = registry.specs, partners_of(registry)
        methods = [self.methods(spec) for spec in specs]
        pairs = list(zip(specs, methods, strict=True))
        base = _filled(PARAMS, [_row(*pair) for pair in pairs])
        relation, related = relation_params(registry, methods, base["dead_after_ns"].tolist())
        for i, (drifts, inputs, heard) in enumerate(related):
            base["watch"][i] |= drifts << Method.DRIFT | inputs << Method.BALANCE | (HEARD if heard else 0)
        return Params(
            base=base,
            location=_filled(LOCATION_PARAMS, [_location(*pair) for pair in pairs]),
            relation=relation,
            shape=_filled(SHAPE_PARAMS, [shape_row(*pair) for pair in pairs]),
            health=_filled(
                HEALTH_PARAMS, [health_row(*each) for each in zip(specs, methods, partners, strict=True)]
            ),
        )


def _filled(kind: np.dtype[np.void], rows: list[Row]) -> NDArray[np.void]:
    part = at_cache_lines(len(rows), kind)
    for name in rows[0] if rows else ():
        part[name] = [row[name] for row in rows]
    return part


def run_length(false_per_day: float, scan_s: float) -> float:
    """Return the samples between false alarms that a rate means, NaN where there is no rate or no scan interval."""
    a_day = false_per_day * scan_s
    return DAY_S / a_day if a_day > 0.0 else _NAN


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
        "memory_ns": float(_ns(methods.novelty_days * DAY_S)),
        "quiet_ns": float(_ns(methods.novelty_quiet_s)),
        "off_ns": _ns(methods.z_off_s),
    }


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
    switches = {
        Method.RATE: rate_limit,
        Method.ROBUST_Z: methods.z_threshold,
        Method.CUSUM: run_length(methods.cusum_false_per_day, spec.scan_s) * methods.z_threshold,
        Method.EWMA: run_length(methods.ewma_false_per_day, spec.scan_s) * methods.z_threshold,
        Method.SEASON: methods.season_z,
        Method.NOVELTY: methods.novelty_rank,
    } | _more_switches(methods)
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
