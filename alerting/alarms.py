"""What the alarms file decides of the lifecycle: latching, holding, re-alarm, chattering, causes; loaded by `alarms_file`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from alerting.alert import Alert
from alerting.events import Grade, Kind
from alerting.incidents.settings import IncidentSettings
from detectors.findings import Method
from registry.plant import Text
from registry.sensors import SensorSpec, SensorType


@dataclass(frozen=True, slots=True, kw_only=True)
class LatchRule:
    """Whether alerts of these sensors, types and kinds latch; an empty set fits all."""

    latch: bool
    sensors: frozenset[str] = frozenset()
    types: frozenset[SensorType] = frozenset()
    kinds: frozenset[Kind] = frozenset()

    def fits(self, spec: SensorSpec, kind: Kind) -> bool:
        """Return whether the rule speaks of such an alert."""
        return (
            (not self.sensors or spec.id in self.sensors)
            and (not self.types or spec.type in self.types)
            and (not self.kinds or kind in self.kinds)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What is of the safety class: by any of these."""

    grades: frozenset[Grade]
    limits: frozenset[str]
    types: frozenset[SensorType]

    def includes(self, alert: Alert, spec: SensorSpec | None) -> bool:
        """Return whether an alert, of this sensor or of hazwatch itself (None), is."""
        at = alert.gravest
        beyond = at is not None and at.is_limit and at.limit_name in self.limits
        return alert.grade in self.grades or beyond or (spec is not None and spec.type in self.types)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelving:
    """How long a shelving lasts unless it says so, at most, and how far apart timed-out alerts return."""

    default_s: float
    longest_s: float
    returns_apart_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nuisance:
    """What alarms more than anybody can use.

    Chattering: `activations` within `within_s`, over once normal for `settle_s`. Fleeting: over within `fleeting_s`,
    unattended. Stale: active for longer than `stale_s`. A nuisance: `often` activations within `window_s`.
    """

    activations: int
    within_s: float
    settle_s: float
    fleeting_s: float
    stale_s: float
    window_s: float
    often: int


@dataclass(frozen=True, slots=True)
class Cause:
    """A cause that a confirmation may name; a false alarm is one, and shows in statistics."""

    name: Text
    false_alarm: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A place that is out of service for a planned time."""

    kind: str
    id: str
    permit: str
    from_ns: int
    until_ns: int
    by: str
    reason: str
    second: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A place whose alerts mean nothing while sensor `when` is beyond its limit `limit`, such as a valve that is shut."""

    name: str
    kind: str
    id: str
    when: str
    limit: str
    reason: str
    second: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmSettings:
    """Everything that the alarms file says."""

    latching: tuple[LatchRule, ...]
    safety: Safety
    shelving: Shelving
    realarm_s: Mapping[Grade, float]
    nuisance: Nuisance
    causes: Mapping[str, Cause]
    planned: tuple[Planned, ...] = ()
    incidents: IncidentSettings = field(default_factory=IncidentSettings)
    designs: tuple[Design, ...] = ()

    def latches(self, spec: SensorSpec, alert: Alert) -> bool:
        """Return whether the alert, as it stands, will latch: the first rule that fits says so. A forecast latches nothing."""
        if alert.gravest is None or alert.gravest.method == Method.FORECAST:
            return False
        return next((rule.latch for rule in self.latching if rule.fits(spec, alert.kind)), False)
