"""Conditions: what a finding says is wrong now, which alert it belongs to, and how grave it is by itself."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from alerting.events import Kind
from detectors.findings import Edge, FindingBlock, Method
from registry.sensors import LIMIT_NAMES

SIDE_OF_LIMIT: Mapping[str, Kind] = MappingProxyType(
    {"ll": Kind.LOW, "l": Kind.LOW, "h": Kind.HIGH, "hh": Kind.HIGH, "design": Kind.HIGH}
)
"""On which side of normal a limit lies; all limits of one side are one alert."""

KIND_OF_METHOD: Mapping[Method, Kind] = MappingProxyType(
    {
        Method.OUT_OF_RANGE: Kind.OUT_OF_RANGE,
        Method.RATE: Kind.RATE,
        Method.ROBUST_Z: Kind.ANOMALY,
        Method.DEAD: Kind.DEAD,
    }
)
"""The kind of alert of every detector but those that are about a limit."""

OF_LIMITS = frozenset({Method.LIMIT, Method.FORECAST})
"""Detectors whose findings are about a limit: they belong to the alert of its side."""

FIRST_LIMIT, SECOND_LIMIT, DESIGN_LIMIT = 1, 2, 3
LIMIT_RANK: Mapping[str, int] = MappingProxyType(
    {"ll": SECOND_LIMIT, "l": FIRST_LIMIT, "h": FIRST_LIMIT, "hh": SECOND_LIMIT, "design": DESIGN_LIMIT}
)
"""How far out a limit lies, larger is graver; a condition that is not a limit has rank 0."""


class Condition(msgspec.Struct, frozen=True, array_like=True):
    """One thing that is wrong with one sensor, as the finding that raised it (or last spoke of it) told it.

    Numbers that a finding does not have (NaN) are None. `limit_value` is in the sensor's unit; `statistic` and
    `threshold` mean what `method` compares: value, rate per second, z, seconds of silence or until the limit.
    """

    method: int
    limit_name: str | None
    limit_value: float | None
    onset_ns: int
    value: float | None
    statistic: float | None
    threshold: float | None
    forecast_s: float | None
    score: float | None

    @property
    def key(self) -> str:
        """What tells this condition from others of the same alert."""
        return self.limit_name or "" if self.method == Method.LIMIT else Method(self.method).label

    @property
    def rank(self) -> int:
        """How far out the crossed limit lies; 0 where none was crossed, so for a forecast as well."""
        if self.method != Method.LIMIT or self.limit_name is None:
            return 0
        return LIMIT_RANK[self.limit_name]

    @property
    def kind(self) -> Kind:
        """The kind of alert that this condition belongs to."""
        if self.method in OF_LIMITS:
            assert self.limit_name is not None, "a finding about a limit names it"
            return SIDE_OF_LIMIT[self.limit_name]
        return KIND_OF_METHOD[Method(self.method)]


@dataclass(frozen=True, slots=True)
class Change:
    """A condition of a sensor that began (or was told anew), or ended, at `now_ns` of the pipeline's clock."""

    now_ns: int
    sensor: int
    raised: bool
    condition: Condition


def changes(findings: FindingBlock, limits: list[list[float]]) -> Iterable[Change]:
    """Read findings in their order; `limits` is `SensorRegistry.limits` as lists.

    Rows are read as plain tuples: field access on a numpy record costs ten times as much.
    """
    for row in findings.rows.tolist():
        (
            now_ns,
            _,
            onset_ns,
            sensor,
            method,
            edge,
            limit,
            value,
            statistic,
            threshold,
            forecast_s,
            _,
            score,
        ) = row
        name = LIMIT_NAMES[limit] if limit >= 0 else None
        bound = threshold if method == Method.LIMIT else limits[sensor][limit] if limit >= 0 else math.nan
        condition = Condition(
            method=method,
            limit_name=name,
            limit_value=_known(bound),
            onset_ns=onset_ns,
            value=_known(value),
            statistic=_known(statistic),
            threshold=_known(threshold),
            forecast_s=_known(forecast_s),
            score=_known(score),
        )
        yield Change(now_ns, sensor, edge == Edge.RAISED, condition)


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None
