"""The rules as the web API writes them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from alerting.escalation.calendar import turns
from alerting.escalation.explain import Called
from alerting.escalation.schedule import Override, Schedule
from alerting.escalation.settings import EscalationSettings, Ladder
from alerting.explain import Explained
from alerting.routes import Routes
from alerting.routing import Route
from alerting.silences import EndedSilence, SilenceRow
from alerting.texts import both
from console.rules_backend import Files, Traffic
from console.telling import Telling
from registry.plant import Text

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000

NameOf = Callable[[str], Text]


def rules_json(
    routes: Routes, traffic: Traffic, files: Files, *, now_ns: int, name_of: NameOf | None
) -> dict[str, Any]:
    """Return tree, inhibition, limits and chains; people by their names where `name_of` says them, else not at all."""
    escalation = routes.escalation
    return {
        "now_ms": now_ns / _NS_PER_MS,
        "files": files.names,
        "loaded_ms": files.loaded_ns / _NS_PER_MS,
        "whole": traffic.whole,
        "tree": _route_json(routes.root, traffic, now_ns),
        "receivers": {
            name: sorted(str(event) for event in made.events) for name, made in routes.receivers.items()
        },
        "inhibit": [
            {
                "path": rule.path,
                "source": [str(one) for one in rule.source],
                "target": [str(one) for one in rule.target],
                "equal": rule.equal,
            }
            for rule in routes.inhibit
        ],
        "limits": [
            {"receiver": name, "count": limit.count, "per_s": limit.per_s}
            for name, limit in routes.limits.items()
        ],
        "default_chain": escalation.default,
        "chains": None
        if name_of is None
        else [_chain_json(escalation, n, name_of) for n in escalation.chains],
    }


def _route_json(route: Route, traffic: Traffic, now_ns: int) -> dict[str, Any]:
    went = traffic.routes.get(route.path)
    muted = route.muted(now_ns)
    grouping = route.grouping
    return {
        "path": route.path,
        "receiver": route.receiver,
        "matchers": [str(one) for one in route.matchers],
        "carry_on": route.carry_on,
        "grouping": None if grouping is None else asdict(grouping),
        "mute": [one.name for one in route.mute],
        "active": [one.name for one in route.active],
        "muted": None if muted is None else {"until_ms": muted[0] / _NS_PER_MS, "reason": both(muted[1])},
        "escalation": route.escalation,
        "told": 0 if went is None else went.told,
        "held": 0 if went is None else went.held,
        "last_ms": None if went is None else went.last_ns / _NS_PER_MS,
        "routes": [_route_json(child, traffic, now_ns) for child in route.children],
    }


def _chain_json(settings: EscalationSettings, name: str, name_of: NameOf) -> dict[str, Any]:
    chain = settings.chains[name]

    def who(called: str) -> dict[str, Any]:
        schedule = called in settings.schedules
        return {
            "id": called,
            "schedule": schedule,
            "name": both(Text.same(called) if schedule else name_of(called)),
        }

    def steps(ladder: Ladder) -> list[dict[str, Any]]:
        return [
            {"after_s": step.after_ns / _NS_PER_S, "call": [who(one) for one in step.call], "last": False}
            for step in ladder.steps
        ] + [{"after_s": ladder.last_after_ns / _NS_PER_S, "call": [who(chain.last_resort)], "last": True}]

    return {
        "name": chain.name,
        "last_resort": who(chain.last_resort),
        "grades": {grade.label: steps(chain.ladders[grade]) for grade in sorted(chain.ladders, reverse=True)},
    }


def duty_json(
    schedule: Schedule, from_ns: int, until_ns: int, commanded: Sequence[Override]
) -> dict[str, Any]:
    """Return a schedule's turns within a span; a turn without people is a gap."""
    return {
        "name": schedule.name,
        "zone": schedule.zone,
        "crews": [{"name": one.name, "people": one.people} for one in schedule.crews],
        "from_ms": from_ns / _NS_PER_MS,
        "until_ms": until_ns / _NS_PER_MS,
        "overrides": [
            override_json(one) for one in (*commanded, *schedule.overrides) if one.until_ns > from_ns
        ],
        "turns": [
            {
                "from_ms": one.from_ns / _NS_PER_MS,
                "until_ms": one.until_ns / _NS_PER_MS,
                "people": one.duty.people,
                "crew": one.duty.crew or None,
                "shift": one.duty.shift or None,
                "override": None if one.duty.override is None else override_json(one.duty.override),
                "reason": both(one.duty.reason),
            }
            for one in turns(schedule, from_ns, until_ns, commanded)
        ],
    }


def override_json(one: Override) -> dict[str, Any]:
    """Return who stands in, from when until when, and who said so and why."""
    return {
        "people": one.people,
        "from_ms": one.from_ns / _NS_PER_MS,
        "until_ms": one.until_ns / _NS_PER_MS,
        "by": one.by,
        "reason": one.reason,
    }


def silence_json(row: SilenceRow) -> dict[str, Any]:
    """Return a silence."""
    return {
        "id": row.id,
        "matchers": row.matchers,
        "by": row.by,
        "second": row.second,
        "comment": row.comment,
        "since_ms": row.begins_ns / _NS_PER_MS,
        "until_ms": row.until_ns / _NS_PER_MS,
    }


def ended_silence_json(one: EndedSilence) -> dict[str, Any]:
    """Return a silence that is over; `ended_by` None: it ran out."""
    return {
        **silence_json(one.row),
        "ended_ms": one.ended_ns / _NS_PER_MS,
        "ended_by": one.by,
        "reason": one.reason,
    }


def explained_json(one: Explained, at_ns: int, telling: Telling | None) -> dict[str, Any]:
    """Return one route of an explanation; `after_s` None: nobody is told by it; `telling` None: every receiver is named."""
    return {
        "route": one.path,
        **_receiver(one.receiver, telling),
        "matched": one.matched,
        "after_s": _after_s(one.when_ns, at_ns),
        "reason": both(one.reason),
    }


def called_json(one: Called, at_ns: int, telling: Telling | None) -> dict[str, Any]:
    """Return one call of an explanation; `after_s` None: the person is not called; `telling` as above."""
    return {
        "person": one.person,
        "name": both(one.name),
        **_receiver(one.receiver, telling),
        "after_s": _after_s(one.when_ns, at_ns),
        "reason": both(one.reason),
    }


def _receiver(name: str | None, telling: Telling | None) -> dict[str, Any]:
    return {"receiver": name} if telling is None else telling.receiver(name)


def _after_s(when_ns: int | None, at_ns: int) -> float | None:
    return None if when_ns is None else (when_ns - at_ns) / _NS_PER_S
