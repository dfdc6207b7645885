"""Who is judged together with whom: the sensors of a hazard source, and the sensors that vote. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from detectors.profile import Methods, Profile
from registry.circles import Circle, same_thing
from registry.sensors import SensorRegistry, SensorSpec

LEAST_MEMBERS = 3
"""Two sensors are a pair (detectors.relations), not a plane."""
MOST_MEMBERS = 64
"""A round costs members squared; a source with more is judged in parts."""
LEAST_VOTES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupSpec:
    """One group: its sensors in the order of the table, and the slowest, strictest settings that any of them has.

    Attributes:
        every_s: least time between two judgements.
        warm_s: what the kept rounds must span before the first plane is believed.
        relearn_s: after so long without a round to learn from, the group begins anew.
        false_rate: wanted share of normal rounds beyond a limit.
        rounds: rounds in a row beyond a limit before it is a finding, and back before it recovers.
    """

    sensors: tuple[int, ...]
    every_s: float
    warm_s: float
    relearn_s: float
    false_rate: float
    rounds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteSpec:
    """Sensors of one type that watch the same thing, and how many of them must agree."""

    sensors: tuple[int, ...]
    needed: int


@dataclass(frozen=True, slots=True)
class Membership:
    """All groups and votes of a registry."""

    groups: tuple[GroupSpec, ...] = ()
    votes: tuple[VoteSpec, ...] = ()


def membership(registry: SensorRegistry, profile: Profile) -> Membership:
    """Return the groups and votes of a registry.

    A group is a hazard source's sensors whose settings have `group` on. In a registry that knows no sources at all
    (a recording without a points table) all sensors are one source; in another, a sensor without a source is in no
    group. A source of more than `MOST_MEMBERS` is split between its equipment, and where a single one has more, or
    none is named, in the order of the table.
    """
    methods = [profile.methods(spec) for spec in registry.specs]
    bare = all(spec.source is None for spec in registry.specs)
    of_source: dict[str | None, list[int]] = defaultdict(list)
    for i, spec in enumerate(registry.specs):
        if methods[i].group > 0 and (bare or spec.source is not None):
            of_source[spec.source].append(i)
    groups = tuple(
        _group(part, [methods[i] for i in part])
        for members in of_source.values()
        for part in _parts(members, registry.specs)
        if len(part) >= LEAST_MEMBERS
    )
    return Membership(groups, tuple(_votes(registry.specs, methods)))


def _group(sensors: Sequence[int], methods: Sequence[Methods]) -> GroupSpec:
    return GroupSpec(
        sensors=tuple(sensors),
        every_s=max(m.group_every_s for m in methods),
        warm_s=max(m.group_warm_s for m in methods),
        relearn_s=max(m.group_relearn_s for m in methods),
        false_rate=min(m.group_false_rate for m in methods),
        rounds=max(m.group_rounds for m in methods),
    )


def _parts(members: Sequence[int], specs: Sequence[SensorSpec]) -> Iterable[list[int]]:
    """Fill parts of at most `MOST_MEMBERS` with whole equipment, first come first."""
    if len(members) <= MOST_MEMBERS:
        return [list(members)]
    of_equipment: dict[str | None, list[int]] = defaultdict(list)
    for i in members:
        of_equipment[specs[i].equipment].append(i)
    parts: list[list[int]] = [[]]
    for mounted in of_equipment.values():
        if parts[-1] and len(parts[-1]) + len(mounted) > MOST_MEMBERS:
            parts.append([])
        for i in mounted:
            if len(parts[-1]) == MOST_MEMBERS:
                parts.append([])
            parts[-1].append(i)
    return parts


def _votes(specs: Sequence[SensorSpec], methods: Sequence[Methods]) -> Iterable[VoteSpec]:
    """Sensors of one type and one `group` of the points table; the majority unless `vote_needed` says otherwise.

    Only the plant's own group makes a vote: two detectors on one equipment confirm each other, but how many of them are
    enough nobody has said.
    """
    together: Mapping[Circle, list[int]] = defaultdict(list)
    for i, spec in enumerate(specs):
        circle = same_thing(spec)
        if circle is not None and spec.group and methods[i].vote_needed >= 0:
            together[*circle, spec.type].append(i)
    for sensors in together.values():
        if len(sensors) >= LEAST_VOTES:
            wanted = max(methods[i].vote_needed for i in sensors) or len(sensors) // 2 + 1
            yield VoteSpec(sensors=tuple(sensors), needed=min(max(LEAST_VOTES, wanted), len(sensors)))
