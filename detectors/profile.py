"""Profiles: which methods watch a sensor, and how closely, by its type and by itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from detectors.findings import Method
from detectors.memory import Params
from detectors.relations.table import HEARD, relation_params
from detectors.state import DESIGN, FOREVER, HH, LL, PARAMS, RING, H, L, at_cache_lines
from registry.sensors import GAS_TYPES, SensorRegistry, SensorSpec, SensorType

_NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Methods:
    """Settings of the methods beside the limits; NaN in a threshold or in `dead_scans` switches its method off.

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
        base = at_cache_lines(len(registry), PARAMS)
        methods = [self.methods(spec) for spec in registry.specs]
        rows = [_row(spec, own) for spec, own in zip(registry.specs, methods, strict=True)]
        for name in rows[0] if rows else ():
            base[name] = [row[name] for row in rows]
        relation, related = relation_params(registry, methods, base["dead_after_ns"].tolist())
        for i, (partners, inputs, heard) in enumerate(related):
            base["watch"][i] |= partners << Method.DRIFT | inputs << Method.BALANCE | (HEARD if heard else 0)
        return Params(base, relation)


def _row(spec: SensorSpec, methods: Methods) -> dict[str, float | list[int] | tuple[float, ...]]:
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
