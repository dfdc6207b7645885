"""Which thresholds are statistical and so may be tuned: one row a method, and nothing else is written by method."""

import math
from dataclasses import dataclass, fields, replace
from types import MappingProxyType

from detectors.findings import Method
from detectors.novelty import FULL_NS
from detectors.profile import Methods, Profile
from detectors.profile_file import SWITCHES
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from service.tuning.peaks import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunable:
    """A threshold, and what else the profile says of its method.

    Attributes:
        method: whose threshold it is.
        key: of `Methods`; its null switches the method off.
        unit: what the threshold counts in, for people.
        samples: key of the consecutive readings before a finding, or their number where there is no key.
        off_s: key of the off-delay, "" where there is none.
        back: the finding recovers below this share of the threshold.
        memory_s: key of the time over which the method learns, or that time; it is left to settle for so long.
        least: never tuned below; a quieter recording does not prove that less is abnormal.
        most: never tuned beyond; there the method is blind, and switching it off says so honestly.
        counted: its threshold is a count, that of a rank: what it told is counted and no tail is fitted.
        offered: what it is tried at on sensors of type other that have it off: of those nothing is known but what the
            recording tells, so the recording may switch it on. NaN: it is not offered.
    """

    method: Method
    key: str
    unit: str
    samples: str | int
    off_s: str
    back: float
    memory_s: str | float
    least: float
    most: float
    counted: bool = False
    offered: float = math.nan

    def threshold(self, methods: Methods) -> float:
        """Return the sensor's threshold, NaN where the method is off."""
        return float(getattr(methods, self.key))

    def tried(self, spec: SensorSpec, methods: Methods) -> float:
        """Return the threshold that the method is run with: the sensor's own, or the one offered; NaN: none."""
        own = self.threshold(methods)
        return self.offered if math.isnan(own) and spec.type is SensorType.OTHER else own

    def rules(self, methods: Methods) -> Rules:
        """Return how the method begins and ends a finding on a sensor."""
        samples = self.samples if isinstance(self.samples, int) else getattr(methods, self.samples)
        off_s = getattr(methods, self.off_s) if self.off_s else 0.0
        return Rules(samples=int(samples), off_ns=round(off_s * 1e9), back=self.back)

    def settles_s(self, methods: Methods) -> float:
        """Return for how long the method is left to settle."""
        return float(getattr(methods, self.memory_s) if isinstance(self.memory_s, str) else self.memory_s)


_SEASON_KNOWN_S = 5 * 86_400.0
"""How long the hours of a day are learnt before anything is said (detectors.season)."""

TUNABLES = (
    Tunable(
        method=Method.ROBUST_Z, key="z_threshold", unit="sigma", samples="z_samples", off_s="z_off_s", back=0.6,
        memory_s="z_tau_s", least=4.0, most=20.0, offered=8.0,
    ),
    Tunable(
        method=Method.NOVELTY, key="novelty_rank", unit="remembered readings", samples=1, off_s="", back=0.5,
        memory_s=FULL_NS * 1e-9, least=0.5, most=1000.0, counted=True,
    ),
    Tunable(
        method=Method.SEASON, key="season_z", unit="sigma", samples="z_samples", off_s="z_off_s", back=0.6,
        memory_s=_SEASON_KNOWN_S, least=4.0, most=20.0,
    ),
    Tunable(
        method=Method.BALANCE, key="balance_h", unit="sigma", samples=1, off_s="", back=0.5,
        memory_s="balance_tau_s", least=5.0, most=50.0,
    ),
)  # fmt: skip
"""Every threshold that `hazwatch tune` may change. Limits, ranges, rates and delays are the plant's, never ours."""

_METHOD_SWITCHES = tuple(f.name for f in fields(Methods) if f.name in SWITCHES)


def alone(tunable: Tunable, profile: Profile, registry: SensorRegistry) -> Profile:
    """Return the profile in which of all methods only this one is on, where it is on at all or is offered."""
    off: dict[str, float] = {key: math.nan for key in _METHOD_SWITCHES if key != tunable.key} | {"group": 0}

    def own(spec: SensorSpec) -> dict[str, float]:
        tried = {tunable.key: tunable.tried(spec, profile.methods(spec))}
        return {**profile.sensors.get(spec.id, {}), **off, **tried}

    return Profile(profile.types, MappingProxyType({spec.id: own(spec) for spec in registry.specs}))


def without_limits(registry: SensorRegistry) -> SensorRegistry:
    """Return the same sensors without limits: a crossing would else be part of the score."""
    nan = math.nan
    bare = tuple(replace(spec, ll=nan, l=nan, h=nan, hh=nan, design=nan) for spec in registry.specs)
    return SensorRegistry(bare, registry.plant)
