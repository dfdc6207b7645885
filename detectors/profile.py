"""Profiles: which methods watch a sensor, and how closely, by its type and by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from detectors.memory import Params
from detectors.rows import ModeLimits, params_of
from detectors.settings import LONGEST_S, Methods
from registry.sensors import SensorRegistry, SensorSpec, SensorType

__all__ = ["LONGEST_S", "Methods", "Profile"]

_NONE: Mapping[str, Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Profile:
    """Methods and set-points by mode of each sensor type, and what single sensors (by full id) change of them.

    `modes` has, by type or by full id, the limits that replace those of the points table while the sensor's equipment
    is in a mode (detectors.mode): ``{"fill": {"h": 9.1}}``, NaN for none.
    """

    types: Mapping[SensorType, Methods] = field(default_factory=lambda: MappingProxyType({}))
    sensors: Mapping[str, Mapping[str, float]] = field(default_factory=lambda: MappingProxyType({}))
    modes: Mapping[str, ModeLimits] = field(default_factory=lambda: MappingProxyType({}))

    def methods(self, spec: SensorSpec) -> Methods:
        """Return the methods of one sensor."""
        base = self.types.get(spec.type, Methods())
        own = self.sensors.get(spec.id)
        return replace(base, **own) if own else base  # type: ignore[arg-type]  # the loader has checked names and types

    def mode_limits(self, spec: SensorSpec) -> ModeLimits:
        """Return the set-points of one sensor that differ by mode; its own go before its type's, mode by mode."""
        return {**self.modes.get(spec.type, _NONE), **self.modes.get(spec.id, _NONE)}

    def params(self, registry: SensorRegistry) -> Params:
        """Return the parameters of every sensor, a row a sensor."""
        return params_of(registry, self.methods, self.mode_limits)
