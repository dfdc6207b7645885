"""What holds alerts back at a place: standing shelvings, suppressions by design, places out of service."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from alerting.alarms import Design, Planned
from alerting.events import Family, Kind, State
from alerting.texts import rfc3339
from registry.sensors import SensorRegistry

RANK = {State.SHELVED: 1, State.SUPPRESSED: 2, State.OUT_OF_SERVICE: 3}
"""Of several arrangements the one of the highest rank names the state of an alert."""
_VERSION_BYTES = 8
SLOTS = (Family.PROCESS.value, *(kind.value for kind in Kind if kind.family is Family.HEALTH))
"""Every place that an alert can have at a sensor."""


class Arrangement(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person, or the alarms file, holds back: what, where, who agreed, why, from when until when.

    `kind` is the state of the alerts that it holds. `place_kind` is ``slot`` (of a subject), ``sensor``, ``equipment`` or
    ``source``. `name` is the condition of a suppression or the permit of works. Without a `second` person it holds nothing
    of the safety class. `of_settings`: the alarms file has it, and no person's command.
    """

    kind: State
    place_kind: str
    place: str
    slot: str = ""
    name: str = ""
    by: str
    second: str = ""
    reason: str
    since_ns: int
    until_ns: int | None = None
    one_shot: bool = False
    of_settings: bool = False

    @property
    def id(self) -> str:
        """What tells it from all others that stand."""
        return f"{self.kind}|{self.place_kind}|{self.place}|{self.slot}|{self.name}"

    def version(self, *, begun: bool) -> str:
        """Return what a person who would change it has seen: another one where anything of it changed, or it began."""
        said = msgspec.json.encode((begun, self))
        return hashlib.blake2b(said, digest_size=_VERSION_BYTES).hexdigest()

    def why(self) -> dict[str, Any]:
        """Return it as an alert's `why` and the inventory have it."""
        return {
            "kind": self.kind,
            "place": {"kind": self.place_kind, "id": self.place, "slot": self.slot or None},
            "name": self.name or None,
            "by": self.by,
            "second": self.second or None,
            "reason": self.reason,
            "since": rfc3339(self.since_ns),
            "until": None if self.until_ns is None else rfc3339(self.until_ns),
            "one_shot": self.one_shot,
        }


def of_plan(planned: Planned) -> Arrangement:
    """Return planned works as what they will be."""
    return Arrangement(
        kind=State.OUT_OF_SERVICE,
        place_kind=planned.kind,
        place=planned.id,
        name=planned.permit,
        by=planned.by,
        second=planned.second,
        reason=planned.reason,
        since_ns=planned.from_ns,
        until_ns=planned.until_ns,
        of_settings=True,
    )


def of_design(design: Design, now_ns: int) -> Arrangement:
    """Return a suppression by a condition of the settings, as it begins now."""
    return Arrangement(
        kind=State.SUPPRESSED,
        place_kind=design.kind,
        place=design.id,
        name=design.name,
        by=design.when,
        second=design.second,
        reason=design.reason,
        since_ns=now_ns,
        of_settings=True,
    )


class Arrangements:
    """All that stand, found by what they hold in constant time."""

    def __init__(self, registry: SensorRegistry, standing: Iterable[Arrangement] = ()) -> None:
        self._registry = registry
        self._at: defaultdict[tuple[str, str, str], dict[str, Arrangement]] = defaultdict(dict)
        self._all: dict[str, Arrangement] = {}
        self._sensors: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for i, spec in enumerate(registry.specs):
            self._sensors["sensor", spec.id].append(i)
            if spec.equipment:
                self._sensors["equipment", spec.equipment].append(i)
            if spec.source:
                self._sensors["source", spec.source].append(i)
        for one in standing:
            self.add(one)

    def __iter__(self) -> Iterator[Arrangement]:
        return iter(self._all.values())

    def find(self, name: str) -> Arrangement | None:
        """Return a standing one by its id."""
        return self._all.get(name)

    def add(self, one: Arrangement) -> None:
        """Let it stand, in the place of one with the same id."""
        self._all[one.id] = one
        self._at[one.place_kind, one.place, one.slot][one.id] = one

    def drop(self, one: Arrangement) -> None:
        """Let it stand no more."""
        del self._all[one.id]
        place = (one.place_kind, one.place, one.slot)
        del self._at[place][one.id]
        if not self._at[place]:
            del self._at[place]

    def over(self, subject: str, slot: str) -> list[Arrangement]:
        """Return those that hold a place, the strongest first."""
        if not self._all:
            return []
        places = [("slot", subject, slot), ("sensor", subject, "")]
        i = self._registry.index.get(subject)
        if i is not None:
            spec = self._registry.specs[i]
            places += [("equipment", spec.equipment or "", ""), ("source", spec.source or "", "")]
        found = [one for place in places for one in self._at.get(place, {}).values()]
        return sorted(found, key=lambda one: (-RANK[one.kind], one.id))

    def sensors_of(self, place_kind: str, place: str) -> list[int]:
        """Return the sensors of a place by their index; empty where there is no such place."""
        return self._sensors.get((place_kind, place), [])

    def keys_of(self, one: Arrangement) -> list[tuple[str, str]]:
        """Return the subjects and slots that an arrangement holds, in the order of the sensors."""
        if one.place_kind == "slot":
            return [(one.place, one.slot)]
        sensors = self.sensors_of(one.place_kind, one.place)
        return [(self._registry.specs[i].id, slot) for i in sensors for slot in SLOTS]
