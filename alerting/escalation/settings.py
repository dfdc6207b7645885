"""Who can be called, when they are on duty, and in which order they are called: what the routes file says, checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from alerting.escalation.schedule import Schedule
from alerting.events import AlertEvent, Grade
from alerting.routing import area_chain
from registry.plant import Area, Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be called, by every one of `receivers`.

    Without `enterprises` and `areas` the person is called for everything, else for what lies in one of them (an area holds
    all areas inside it). An alert without an enterprise and without an area, such as one of hazwatch's own troubles, is
    everybody's.
    """

    id: str
    name: Text
    receivers: tuple[str, ...]
    enterprises: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()

    def answers_for(self, event: AlertEvent, areas: Mapping[str, Area]) -> bool:
        """Return whether the person is called for this alert."""
        anywhere = event.enterprise is None and event.area is None
        if anywhere or (not self.enterprises and not self.areas):
            return True
        return event.enterprise in self.enterprises or not self.areas.isdisjoint(
            area_chain(event.area, areas)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Call these people and schedules (by name) when nobody acknowledged for `after_ns` since the chain began."""

    after_ns: int
    call: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """The steps for one grade; `last_after_ns`, counted from the chain's beginning too, is when the last resort is called."""

    steps: tuple[Step, ...]
    last_after_ns: int

    def after_ns(self, level: int) -> int:
        """Return when step `level` is due; the one behind the last step is the last resort."""
        return self.steps[level].after_ns if level < len(self.steps) else self.last_after_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """An escalation: a ladder for each grade that has one, and the person or schedule at the end of all of them."""

    name: str
    ladders: Mapping[Grade, Ladder]
    last_resort: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationSettings:
    """People, schedules and chains by name; `default` is the chain of an alert whose route names none, None without chains."""

    people: Mapping[str, Person] = field(default_factory=lambda: MappingProxyType({}))
    schedules: Mapping[str, Schedule] = field(default_factory=lambda: MappingProxyType({}))
    chains: Mapping[str, Chain] = field(default_factory=lambda: MappingProxyType({}))
    default: str | None = None

    def chain(self, name: str | None) -> Chain | None:
        """Return the chain of that name, the default one where there is none of that name."""
        return self.chains.get(name or "") or self.chains.get(self.default or "")
