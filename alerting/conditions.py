"""Conditions: what a finding says is wrong now, which alert it belongs to, and how grave it is by itself."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from alerting.events import Kind
from alerting.methods import GRAVITY_OF_LIMIT, KIND, SIDE_OF_LIMIT, Gravity
from detectors.findings import NO_PEER, Edge, FindingBlock, Method
from registry.readings import Quality
from registry.sensors import LIMIT_NAMES

_LIMIT, _FORECAST = int(Method.LIMIT), int(Method.FORECAST)


class Other(msgspec.Struct, frozen=True, array_like=True):
    """Another sensor that a finding speaks of, by its full id, with its share of a group's finding, 0..1, if it has one."""

    sensor: str
    share: float | None = None

    @property
    def name(self) -> str:
        """What it is called within its enterprise."""
        return self.sensor.rpartition("/")[2]


class Absent(msgspec.Struct, frozen=True, array_like=True):
    """A sensor that fell silent with others: when it was heard last, and when it spoke again, None where it has not."""

    sensor: str
    since_ns: int
    back_ns: int | None = None


class Several(msgspec.Struct, frozen=True, array_like=True):
    """A silence of several sensors, carried by the alert of the first.

    `silent` are silent still of `took_part`; `of` are expected to speak at the place: hazard source `source`, or the enterprise
    where they have none in common. `listed` are the first that took part.
    """

    silent: int
    took_part: int
    of: int
    source: str | None
    listed: tuple[Absent, ...]


class Condition(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One thing that is wrong with one sensor, as the finding that raised it (or last spoke of it) told it.

    Numbers that a finding does not have (NaN) are None. `limit_value` is in the sensor's unit; `statistic` and
    `threshold` mean what `method` compares (alerting.phrases has the unit of each); `window_s` is what they look back
    on. `since_ns` is when it was first raised and `told_ns` when it was last told of, on the pipeline's clock; `onset_ns`
    is the estimate of when it began. `forecast_s` is how soon, from `told_ns`, the limit ahead was expected, None from when that limit was crossed on; `foretold_s` is, of
    a limit that was crossed, how soon it had been expected when that was last told. `others` are the sensors that take
    part, the greatest share first: those that contribute to a finding about a group, the partner of a redundant pair.
    `several` is what a silence of more sensors than one has (alerting.rollup).
    """

    method: int
    limit_name: str | None
    limit_value: float | None
    since_ns: int
    told_ns: int
    onset_ns: int
    value: float | None
    statistic: float | None
    threshold: float | None
    forecast_s: float | None
    window_s: float | None
    score: float | None
    foretold_s: float | None = None
    others: tuple[Other, ...] = ()
    uncertain: bool = False
    several: Several | None = None

    @property
    def key(self) -> str:
        """What tells this condition from others of the same alert."""
        return NATURES[self.method, self.limit_name].key

    @property
    def is_limit(self) -> bool:
        """Whether a limit is crossed."""
        return self.method == _LIMIT

    @property
    def side(self) -> Kind | None:
        """On which side the limit lies that was crossed or is headed for; None where there is none."""
        return NATURES[self.method, self.limit_name].side

    @property
    def kind(self) -> Kind:
        """The kind of alert that it makes by itself."""
        return NATURES[self.method, self.limit_name].kind

    @property
    def gravity(self) -> Gravity:
        """How grave it is by itself."""
        if self.method == _FORECAST and self.forecast_s is None:
            return Gravity.ABNORMAL
        return NATURES[self.method, self.limit_name].gravity

    @property
    def has_come_true(self) -> bool:
        """Whether it is the forecast of a limit that was crossed since."""
        return self.method == _FORECAST and self.forecast_s is None

    def as_of(self, now_ns: int) -> "Condition":
        """Return it with the forecast counted down to `now_ns`; one that has run out is none."""
        if self.forecast_s is None or now_ns <= self.told_ns:
            return self
        left_s = self.forecast_s - (now_ns - self.told_ns) * 1e-9
        return msgspec.structs.replace(self, forecast_s=left_s if left_s > 0 else None)

    def fulfils(self, other: "Condition") -> bool:
        """Return whether by this crossing the limit that `other` was heading for is reached."""
        if self.method != _LIMIT or other.side is not self.side or other.limit_name is None:
            return False
        ahead = GRAVITY_OF_LIMIT[other.limit_name] + (1 if other.method == _LIMIT else 0)
        return ahead <= self.gravity


class Nature(NamedTuple):
    """What a method and a limit's name say of a condition by themselves: see its properties of the same names."""

    key: str
    kind: Kind
    side: Kind | None
    gravity: Gravity


def _nature(method: Method, limit_name: str | None) -> Nature | None:
    """Return the nature, None where a finding of this method names a limit."""
    side = None if limit_name is None else SIDE_OF_LIMIT[limit_name]
    kind = KIND[method] or side
    if kind is None:
        return None
    key, gravity = method.label, _GRAVITIES.get(method, Gravity.ABNORMAL)
    if method is Method.LIMIT and limit_name is not None:
        key, gravity = limit_name, GRAVITY_OF_LIMIT[limit_name]
    return Nature(key, kind, side, gravity)


_GRAVITIES = {Method.FORECAST: Gravity.AHEAD, Method.RATE: Gravity.FAST}
NATURES: Mapping[tuple[int, str | None], Nature] = MappingProxyType(
    {
        (int(method), name): nature
        for method in Method
        for name in (None, *LIMIT_NAMES)
        if (nature := _nature(method, name)) is not None
    }
)


class Change(msgspec.Struct, frozen=True, gc=False):
    """A condition of a sensor that began (or was told anew), or ended, at `now_ns` of the pipeline's clock."""

    now_ns: int
    sensor: int
    raised: bool
    condition: Condition


def with_raised(standing: Mapping[str, Condition], raised: Condition) -> dict[str, Condition]:
    """Return the conditions of an alert once `raised` was told, of which one with its key may stand already.

    A crossing ends every forecast that it fulfils, and remembers how near the nearest of them was: what was urgent
    a moment before the limit is not less urgent at it.
    """
    if not standing:
        return {raised.key: raised}
    before = standing.get(raised.key)
    since_ns = raised.since_ns if before is None else before.since_ns
    forecast_s = None if any(c.fulfils(raised) for c in standing.values()) else raised.forecast_s
    come_true = {key: c for key, c in standing.items() if c.forecast_s is not None and raised.fulfils(c)}
    foretold = [c.forecast_s for c in come_true.values()] + ([before.foretold_s] if before else [])
    foretold_s = min((left_s for left_s in foretold if left_s is not None), default=None)
    after = {
        key: msgspec.structs.replace(c, forecast_s=None) if key in come_true else c
        for key, c in standing.items()
    }
    after[raised.key] = msgspec.structs.replace(
        raised, since_ns=since_ns, forecast_s=forecast_s, foretold_s=foretold_s
    )
    return after


def limit_gravity(standing: Iterable[Condition], side: Kind) -> int:
    """Return the gravity of the outermost limit that is crossed on a side, 0 where none is."""
    gravest = 0
    for condition in standing:
        if condition.method == _LIMIT and condition.side is side:
            gravest = max(gravest, int(condition.gravity))
    return gravest


def changes(findings: FindingBlock, ids: Sequence[str]) -> Iterable[Change]:
    """Read findings in their order; `ids` are the full ids of the sensors.

    Rows are read as plain tuples: field access on a numpy record costs ten times as much.
    """
    for row in findings.rows.tolist():
        now_ns, _, onset_ns, sensor, method, edge, limit = row[:7]
        value, statistic, threshold, forecast_s, window_s, score, bound = (
            number if isfinite(number) else None for number in row[7:14]
        )
        quality, *peers = row[14:]
        name = LIMIT_NAMES[limit] if limit >= 0 else None
        condition = Condition(
            method=method,
            limit_name=name,
            limit_value=bound,
            since_ns=now_ns,
            told_ns=now_ns,
            onset_ns=onset_ns,
            value=value,
            statistic=statistic,
            threshold=threshold,
            forecast_s=forecast_s,
            window_s=window_s,
            score=score,
            others=_others(ids, sensor, peers),
            uncertain=quality == Quality.UNCERTAIN,
        )
        yield Change(now_ns, sensor, edge == Edge.RAISED, condition)


def _others(ids: Sequence[str], sensor: int, columns: Sequence[Any]) -> tuple[Other, ...]:
    """Return the sensors that a finding names, its own before them where it has a share.

    `columns` are those of FINDING from `peer_1` on.
    """
    peer_1, peer_2, share, share_1, share_2 = columns
    if peer_1 == NO_PEER and peer_2 == NO_PEER:
        return ()
    named = ((sensor if share == share else NO_PEER, share), (peer_1, share_1), (peer_2, share_2))  # noqa: PLR0124 - NaN
    return tuple(Other(ids[i], _known(part)) for i, part in named if i != NO_PEER)


def _known(number: float) -> float | None:
    return number if isfinite(number) else None
