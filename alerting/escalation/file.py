"""The keys people, schedules and escalations of routes.yaml to `EscalationSettings`: every fault with its line."""

import re
from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType

from alerting.escalation.defaults import packaged
from alerting.escalation.duty_file import read_schedules
from alerting.escalation.entries import check_known, named, names_at
from alerting.escalation.schedule import Schedule
from alerting.escalation.settings import Chain, EscalationSettings, Ladder, Person, Step
from alerting.events import Grade
from alerting.routing import Route, walk
from registry.entries import Entry
from registry.faults import Fault
from registry.marks import Marked
from registry.plant import Plant
from registry.suggest import did_you_mean, shown

KEYS = ("people", "schedules", "escalations")
"""The top keys of routes.yaml that are read here."""

_PERSON_KEYS = ("name", "receivers", "enterprises", "areas")
_CHAIN_KEYS = ("roles", "grades", "last_resort", "default")
_LADDER_KEYS = ("steps", "last_resort_after_s")
_STEP_KEYS = ("after_s", "call")
_PATH_PART = re.compile(r"\w+")
_NONE = ("none", "digest")
_MAX_S = 7 * 86_400
_S = 10**9


def read_escalation(
    marked: Marked, receivers: Collection[str], plant: Plant | None, faults: list[Fault]
) -> EscalationSettings:
    """Return what a routes file says of calling people; what is wrong, with its line, is added to `faults`.

    `receivers` are the names of those that the file has. With a plant, the enterprises and areas of people must be in it.
    What is returned is fit for use only where no error was added.
    """
    root = Entry(marked, (), marked.data, faults)
    people = {
        name: _person(name, entry, receivers, plant)
        for name, entry in named(root, "people", "a mapping of ids to people")
    }
    schedules = read_schedules(root, people)
    for name in schedules:
        if name in people:
            message = f"{shown(name)} is a person already, so no schedule can have that name"
            faults.append(marked.fault(("schedules", name), message, "a name of its own"))
    reader = _Chains(people, schedules)
    chains, defaults = {}, []
    for name, entry in named(root, "escalations", "a mapping of names to escalations"):
        chains[name] = reader.chain(name, entry)
        if entry.data.get("default") is True:
            defaults.append(name)
        elif entry.data.get("default") not in {None, False}:
            entry.fault("default", f"default is {shown(entry.data['default'])}", "true, false")
    if not chains:
        message = "no escalations: where nobody acknowledges an alert, nobody else is called"
        faults.append(marked.fault(("route",), message, "escalations, see docs/escalation.md", "warning"))
    return EscalationSettings(
        people=MappingProxyType(people),
        schedules=MappingProxyType(schedules),
        chains=MappingProxyType(chains),
        default=_default(root, chains, defaults),
    )


def _person(name: str, entry: Entry, receivers: Collection[str], plant: Plant | None) -> Person:
    entry.check_keys(_PERSON_KEYS)
    reached = names_at(entry, "receivers", "names of receivers")
    if not reached:
        entry.fault("receivers", f"{name} has no receiver and cannot be reached", ", ".join(receivers))
    check_known(entry, "receivers", reached, receivers, "receiver")
    enterprises = names_at(entry, "enterprises", "ids of enterprises")
    areas = names_at(entry, "areas", "codes of areas")
    if plant is not None:
        check_known(entry, "enterprises", enterprises, plant.enterprises, "enterprise")
        check_known(entry, "areas", areas, plant.areas, "area")
    return Person(
        id=name,
        name=entry.text("name", name),
        receivers=tuple(reached),
        enterprises=frozenset(enterprises),
        areas=frozenset(areas),
    )


def _default(root: Entry, chains: Mapping[str, Chain], marked_default: list[str]) -> str | None:
    """Return which chain takes what no route gives to one: the one that says so, or the only one."""
    if len(marked_default) > 1:
        message = f"more than one escalation is the default: {', '.join(marked_default)}"
        root.mapping("escalations", "").fault(marked_default[1], message, "default: true once")
    if marked_default or len(chains) == 1:
        return next(iter(marked_default or chains))
    if chains:
        message = "none of the escalations is the default: an alert whose route names none would call nobody"
        root.fault("escalations", message, f"default: true in one of {', '.join(chains)}")
    return None


def check_chains(marked: Marked, root: Route, made: EscalationSettings, faults: list[Fault]) -> None:
    """Note each route that names a chain which is not there."""
    for route in walk(root):
        at: list[str | int] = [
            int(part) if part.isdecimal() else part for part in _PATH_PART.findall(route.path)
        ]
        path = (*at, "escalation")
        if route.escalation is None or route.escalation in made.chains or path not in marked.lines:
            continue  # an inherited name was told where it stands
        message = f"unknown escalation {shown(route.escalation)}{did_you_mean(route.escalation, made.chains)}"
        faults.append(marked.fault(path, message, ", ".join(made.chains) or "none is named: add escalations"))


class _Chains:
    """Reads chains; a name in a step is a role of the chain, a person or a schedule, looked for in this order."""

    def __init__(self, people: Mapping[str, Person], schedules: Mapping[str, Schedule]) -> None:
        self._callable = [*people, *schedules]

    def chain(self, name: str, entry: Entry) -> Chain:
        entry.check_keys(_CHAIN_KEYS)
        roles = self._roles(entry)
        ladders: dict[Grade, Ladder] = {}
        given = entry.mapping("grades", "a mapping of grades to ladders")
        given.check_keys(tuple(grade.label for grade in Grade))
        for grade in Grade:
            ladder = self._ladder(given, grade, roles)
            if ladder is not None:
                ladders[grade] = ladder
        if Grade.RED not in ladders:
            at = given if "red" in given.data else entry
            at.fault("red", f"escalation {name} calls nobody for red", "steps for red")
        return Chain(name=name, ladders=MappingProxyType(ladders), last_resort=self._last_resort(name, entry))

    def _last_resort(self, name: str, entry: Entry) -> str:
        last = entry.raw("last_resort")
        if not last:
            message = f"escalation {name} has no last resort: it would end with nobody"
            entry.fault("last_resort", message, ", ".join(self._callable))
            return ""
        check_known(entry, "last_resort", [last], self._callable, "person or schedule")
        return last

    def _roles(self, entry: Entry) -> dict[str, list[str]]:
        section = entry.mapping("roles", "a mapping of roles to people and schedules")
        roles: dict[str, list[str]] = {}
        for role in section.data:
            roles[role] = names_at(section, role, "people and schedules")
            for name in roles[role]:
                if name in section.data and name not in self._callable:
                    message = f"role {role} names role {name}: a role is a person or a schedule"
                    section.fault(role, message, ", ".join(self._callable))
                else:
                    check_known(section, role, [name], self._callable, "person or schedule")
        return roles

    def _ladder(self, given: Entry, grade: Grade, roles: Mapping[str, list[str]]) -> Ladder | None:
        value = given.data.get(grade.label)
        if value is None:
            return self._packaged(given, grade, roles)
        if value in _NONE:
            return None
        if not isinstance(value, dict):
            given.fault(grade.label, f"{grade.label} is {shown(value)}", "steps, none")
            return None
        entry = Entry(given.marked, (*given.path, grade.label), value, given.faults)
        entry.check_keys(_LADDER_KEYS)
        steps = [
            self._step(row, roles, i)
            for i, row in enumerate(entry.entries("steps", "a list of {after_s:, call:}"))
        ]
        if not steps:
            entry.fault("steps", f"the ladder of {grade.label} has no steps", "a list of {after_s:, call:}")
            return None
        last = seconds_at(entry, "last_resort_after_s")
        if last is None:
            packed = packaged().get(grade)
            last = packed.last_after_ns // _S if packed else _MAX_S
        self._check_rising(entry, steps, last)
        return Ladder(steps=tuple(steps), last_after_ns=last * _S)

    def _step(self, row: Entry, roles: Mapping[str, list[str]], position: int) -> Step:
        row.check_keys(_STEP_KEYS)
        after = seconds_at(row, "after_s")
        if after is None:
            row.fault("after_s", "a step needs after_s", "seconds since the chain began")
        elif position == 0 and after:
            row.fault("after_s", "the first step waits, so that nobody would be called at once", "after_s: 0")
        call = names_at(row, "call", "roles, people and schedules")
        if not call:
            row.fault("call", "the step calls nobody", ", ".join([*roles, *self._callable]))
        check_known(row, "call", call, [*roles, *self._callable], "role, person or schedule")
        return Step(after_ns=(after or 0) * _S, call=_resolved(call, roles))

    def _check_rising(self, entry: Entry, steps: list[Step], last: int) -> None:
        times = [step.after_ns // _S for step in steps]
        for i, (before, after) in enumerate(pairwise(times), 1):
            if after <= before:
                message = f"step {i + 1} is due after {after} s, not later than step {i} ({before} s)"
                path = (*entry.path, "steps", i, "after_s")
                entry.faults.append(entry.marked.fault(path, message, "times that rise"))
        if last <= times[-1]:
            message = f"the last resort is due after {last} s, not later than the last step ({times[-1]} s)"
            entry.fault("last_resort_after_s", message, f"more than {times[-1]} s")

    def _packaged(self, given: Entry, grade: Grade, roles: Mapping[str, list[str]]) -> Ladder | None:
        """Return the packaged ladder with the chain's people in its roles; each role that it asks must be there."""
        ladder = packaged().get(grade)
        if ladder is None:
            return None
        needed = [role for step in ladder.steps for role in step.call if role not in roles]
        for role in needed:
            message = f"the packaged ladder of {grade.label} calls {role}, whom no role names"
            known = Entry(given.marked, given.path[:-1], {}, given.faults)
            known.fault("roles", message, f"roles: {{{role}: …}}, or steps for {grade.label}")
        steps = tuple(Step(after_ns=s.after_ns, call=_resolved(s.call, roles)) for s in ladder.steps)
        return Ladder(steps=steps, last_after_ns=ladder.last_after_ns)


def seconds_at(entry: Entry, key: str) -> int | None:
    """Return whole seconds of at most a week; 0, with a fault, for anything else but nothing."""
    value = entry.data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_S:
        entry.fault(key, f"{key} is {shown(value)}", f"whole seconds, 0 to {_MAX_S}")
        return 0
    return value


def _resolved(call: Iterable[str], roles: Mapping[str, list[str]]) -> tuple[str, ...]:
    names = [name for called in call for name in roles.get(called, [called])]
    return tuple(dict.fromkeys(names))
