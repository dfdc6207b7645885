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
        methods = [self.methods(spec) for spec in registry.specs]
        base = [_row(spec, own) for spec, own in zip(registry.specs, methods, strict=True)]
        located = [_location(spec, own) for spec, own in zip(registry.specs, methods, strict=True)]
        common = _filled(PARAMS, base)
        relation, related = relation_params(registry, methods, common["dead_after_ns"].tolist())
        for i, (partners, inputs, heard) in enumerate(related):
            common["watch"][i] |= (
                partners << Method.DRIFT | inputs << Method.BALANCE | (HEARD if heard else 0)
            )
        return Params(common, _filled(LOCATION_PARAMS, located), relation)


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
    watched = {
        Method.RATE: not math.isnan(rate_limit),
        Method.ROBUST_Z: not math.isnan(methods.z_threshold),
        Method.CUSUM: not math.isnan(
            run_length(methods.cusum_false_per_day, spec.scan_s) * methods.z_threshold
        ),
        Method.EWMA: not math.isnan(
            run_length(methods.ewma_false_per_day, spec.scan_s) * methods.z_threshold
        ),
        Method.SEASON: not math.isnan(methods.season_z),
        Method.NOVELTY: not math.isnan(methods.novelty_rank),
    }
    return {
        # a range that is not there is NaN, which max and min pass over in second place
        "calm_lo": max(quiet_lo, spec.range_lo),
        "calm_hi": min(quiet_hi, spec.range_hi),
        "ring_every_ns": rate_window_ns // (RING - 1),
        "z_threshold": methods.z_threshold,
        "z_tau_ns": max(1, _ns(methods.z_tau_s)),
        "sigma_min": 0.0 if math.isnan(span) else methods.sigma_min_pct / 100.0 * span,
        "z_warm_samples": methods.z_warm_samples,
        "z_samples": methods.z_samples,
        "watch": sum(1 << method for method, on in watched.items() if on),
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


def _max_samples(spec: SensorSpec) -> list[int]:
    """A gas limit, and the graver limits of any sensor, never wait for more than two good samples."""
    bound = [0, 0, 0, 0, 0]
    for k in (LL, HH, DESIGN):
        bound[k] = 2
    if spec.type in GAS_TYPES:
        bound = [2] * len(bound)
    return bound


LONGEST_S = 1e9
"""Longer than any plant stands; a time and this still fit into 64 bits of ns."""


def _ns(seconds: float) -> int:
    return 0 if math.isnan(seconds) else round(min(seconds, LONGEST_S) * 1e9)
