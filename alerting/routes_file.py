"""routes.yaml to `Routes`: every fault at once, each with its line and what is allowed."""

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path

from alerting.cap.settings_file import read_cap
from alerting.escalation.file import KEYS, check_chains, read_escalation
from alerting.escalation.settings import EscalationSettings
from alerting.events import Event, Grade, Kind
from alerting.inhibit_file import read_inhibit, read_limits
from alerting.notify.settings import LogSettings, ReceiverSettings, SirenSettings
from alerting.receivers_file import read_receivers
from alerting.routes import Routes
from alerting.routing import ABSENT, Matcher, Route, grade_values
from alerting.times_file import read_times
from alerting.tree_file import Domains, TreeReader
from registry.faults import Fault, errors_in
from registry.marks import Marked, load_marked
from registry.plant import Plant, SourceGrade
from registry.sensors import SensorType

_TOP_KEYS = ("receivers", "route", "inhibit", "limits", "time_zone", "calendar", "times", "cap", *KEYS)


def load_routes(path: Path, plant: Plant | None = None) -> tuple[Routes | None, list[Fault]]:
    """Read a routes file; None when it cannot be used.

    With a plant, matchers on enterprise, source and area must name what is in it.
    """
    marked = load_marked(path)
    faults = list(marked.faults)
    if not isinstance(marked.data, dict):
        if not faults:
            faults.append(marked.fault((), "no routes", allowed=" and ".join(_TOP_KEYS)))
        return None, faults
    faults += marked.unknown_keys((), marked.data, _TOP_KEYS)
    receivers = read_receivers(marked, path.parent, faults)
    cap = read_cap(marked, faults)
    domains = domains_of(plant)
    times = read_times(marked, path.parent, faults)
    root = TreeReader(marked, faults, domains, receivers, times).root()
    inhibit = read_inhibit(marked, faults, domains)
    limits = read_limits(marked, faults, receivers)
    escalation = read_escalation(marked, receivers, plant, faults)
    sound = {name: settings for name, settings in receivers.items() if settings is not None}
    if root is None:
        return None, faults
    check_chains(marked, root, escalation, faults)
    if not errors_in(faults):
        faults += _untold_grades(marked, root, sound)
        faults += _unused(marked, root, sound, escalation)
        faults += _unused_times(marked, root, times)
    return (None if errors_in(faults) else Routes(root, sound, inhibit, limits, escalation, cap)), faults


def routes_to_log() -> Routes:
    """Return the routes of a run without a routes file: everything to the log."""
    return Routes(Route(path="route", receiver="log"), {"log": LogSettings()})


def domains_of(plant: Plant | None) -> Domains:
    """Return every value that each label can have, where that is known; a system alert has no type or source."""
    domains: dict[str, list[tuple[str, ...]]] = {
        "grade": [(grade.label,) for grade in Grade],
        "kind": [(kind,) for kind in Kind],
        "type": [ABSENT, *((t,) for t in SensorType)],
        "source_grade": [ABSENT, *(grade_values(grade) for grade in SourceGrade)],
        "event": [(event,) for event in Event],
    }
    if plant is not None:
        industries = [e.industry for e in plant.enterprises.values() if e.industry is not None]
        domains["industry"] = [ABSENT, *((name,) for name in dict.fromkeys(industries))]
        domains["enterprise"] = [ABSENT, *((name,) for name in plant.enterprises)]
        domains["source"] = [ABSENT, *((name,) for name in plant.sources)]
    return domains


def _walk(route: Route, around: tuple[Matcher, ...] = ()) -> Iterable[tuple[Route, tuple[Matcher, ...]]]:
    """Yield every node with its own matchers and those above it."""
    here = (*around, *route.matchers)
    yield route, here
    yield from chain.from_iterable(_walk(child, here) for child in route.children)


def _untold_grades(marked: Marked, root: Route, receivers: Mapping[str, ReceiverSettings]) -> list[Fault]:
    """Return a fault for each grade whose opening no receiver would ever be told of, and a warning for gaps."""
    faults = []
    for grade in Grade:
        if not any(_tells(node, asked, grade, receivers) for node, asked in _walk(root)):
            message = f"nobody is ever told of a {grade.label} alert"
            faults.append(marked.fault(("route",), message, allowed="a receiver for every grade"))
    if root.receiver is None and not faults:
        message = "the root has no receiver: an alert that no route matches is told to nobody"
        faults.append(marked.fault(("route",), message, allowed="a receiver for the rest", level="warning"))
    return faults


def _tells(
    node: Route, asked: tuple[Matcher, ...], grade: Grade, receivers: Mapping[str, ReceiverSettings]
) -> bool:
    if node.receiver is None:
        return False
    possible = {"grade": (grade.label,), "event": (Event.OPENED.value,)}
    if not all(matcher.holds_for(possible[matcher.label]) for matcher in asked if matcher.label in possible):
        return False
    return grade is Grade.RED or Event.OPENED in receivers[node.receiver].events


def _unused(
    marked: Marked, root: Route, receivers: Mapping[str, ReceiverSettings], escalation: EscalationSettings
) -> list[Fault]:
    used = {node.receiver for node, _ in _walk(root)}
    used |= {one.fallback.receiver for one in receivers.values() if one.fallback is not None}
    used |= {name for name, one in receivers.items() if isinstance(one, SirenSettings)}
    used |= {name for person in escalation.people.values() for name in person.receivers}
    return [
        marked.fault(("receivers", name), f"no route names receiver {name}", level="warning")
        for name in receivers
        if name not in used
    ]


def _unused_times(marked: Marked, root: Route, times: Iterable[str]) -> list[Fault]:
    used = {interval.name for node, _ in _walk(root) for interval in (*node.mute, *node.active)}
    return [
        marked.fault(("times", name), f"no route names the time {name}", level="warning")
        for name in times
        if name not in used
    ]
