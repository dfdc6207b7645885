"""The routes of the page about the rules: who is told and why, what is announced, how closely detectors look."""

import asyncio
import math
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field, model_validator
from starlette.responses import Response

from alerting.events import Grade, Kind
from alerting.matcher_text import MatcherError, parse_matcher
from alerting.texts import both
from console.accounts import Account
from console.asking import MAX_TIME_MS, Console, SignedIn, TheConsole, json_answer
from console.bodies import MAX_NAME_CHARS, NS_PER_MS, Body, Name, TimeMs
from console.desk_routes import MAX_ROWS
from console.orders import known_to, place_named, stays_within, telling_for, works_ahead_seen
from console.problems import ProblemError, problem_of
from console.rules_backend import Explanation, Sample, Setting
from console.rules_json import called_json, duty_json, explained_json, override_json, rules_json, silence_json
from console.rules_scope import Withheld, routes_of
from console.scope import UNLIMITED
from console.telling import as_read
from registry.plant import Text

MAX_DAYS = 35
MAX_LOOKED_AT = 10_000
MAX_SHOWN = 50
DAY_NS = 86_400 * 10**9

rules_api = APIRouter(prefix="/api/v1/rules")


class ExplainBody(Body):
    """An open alert, or one composed: a grade and a kind at a sensor, at a hazard source, or at none; `at_ms` None is now."""

    alert: Name | None = None
    grade: Literal["red", "orange", "yellow", "blue"] | None = None
    kind: Kind = Kind.HIGH
    sensor: Name | None = None
    source: Name | None = None
    at_ms: TimeMs | None = None

    @model_validator(mode="after")
    def _one_of_two(self) -> "ExplainBody":
        if (self.alert is None) == (self.grade is None):
            raise ValueError("either alert, or grade and what else the alert is to have")
        if self.sensor is not None and self.source is not None:
            raise ValueError("a sensor or a source, not both")
        return self


class PreviewBody(Body):
    """The matchers of a silence that somebody thinks of."""

    matchers: list[Name] = Field(min_length=1, max_length=20)


@rules_api.get("/routes")
async def routes(console: TheConsole, account: SignedIn) -> Response:
    """Return the tree of routes with what went by each in a day, inhibition, limits and the files that they come from.

    Who is in a chain is told to accounts without a scope alone; of routes, an account with one has those that its alerts
    could meet, without the names of other places.
    """
    rules, in_force = console.backend.rules, console.backend.routes()
    known = known_to(console, account.scope)
    return json_answer(
        rules_json(
            in_force if known is None else routes_of(in_force, known),
            rules.traffic(account.scope.sees),
            rules.files(),
            now_ns=console.backend.now_ns(),
            name_of=console.backend.name_of if account.scope == UNLIMITED else None,
        )
    )


@rules_api.post("/explain")
async def explain(console: TheConsole, account: SignedIn, body: ExplainBody) -> Response:
    """Return who would be told of an alert, when, through what and why, and who not; nobody is told by asking."""
    rules = console.backend.rules
    if body.alert is not None:
        row = console.backend.alert(body.alert)
        if row is None or not account.scope.sees(row.place):
            raise ProblemError("unknown_alert")
        found = rules.explain_alert(body.alert)
        if found is None:
            raise ProblemError("unknown_alert")
        return json_answer(_explanation_json(found, account, console))
    _check_place(console, account, body)
    assert body.grade is not None, "the body has an alert or a grade"
    sample = Sample(grade=body.grade, kind=body.kind.value, sensor=body.sensor, source=body.source)
    at_ns = None if body.at_ms is None else body.at_ms * NS_PER_MS
    return json_answer(_explanation_json(rules.explain_sample(sample, at_ns), account, console))


@rules_api.post("/silence-preview")
async def silence_preview(console: TheConsole, account: SignedIn, body: PreviewBody) -> Response:
    """Return which open alerts of the account's scope such a silence would be about now, and whether it needs two people."""
    if not stays_within(body.matchers, account.scope):
        raise ProblemError("scope_matcher")
    try:
        events, whole = console.backend.rules.open_alerts_of(body.matchers, MAX_LOOKED_AT)
        parsed = [parse_matcher(text) for text in body.matchers]
    except MatcherError as error:
        text = Text(f"匹配条件有误：{error}（应为 {error.allowed}）", f"{error} ({error.allowed})")
        return problem_of(409, "bad_matcher", text)
    red = Grade.RED.label
    return json_answer(
        {
            "count": len(events),
            "whole": whole,
            "by_grade": {
                grade.label: sum(one.grade == grade.label for one in events) for grade in reversed(Grade)
            },
            "needs_second": all(one.holds_for((red,)) for one in parsed if one.label == "grade"),
            "alerts": [
                {"id": one.id, "grade": one.grade, "sensor": one.sensor, "title": one.title}
                for one in events[:MAX_SHOWN]
            ],
        }
    )


@rules_api.get("/duty")
async def duty(
    console: TheConsole,
    account: SignedIn,
    *,
    from_ms: Annotated[int | None, Query(ge=0, le=MAX_TIME_MS - MAX_DAYS * 86_400_000)] = None,
    days: Annotated[int, Query(ge=1, le=MAX_DAYS)] = 14,
) -> Response:
    """Return every schedule's turns and gaps over some days, with people and who stands in; for accounts without a scope."""
    _check_unlimited(account)
    backend = console.backend
    from_ns = backend.now_ns() if from_ms is None else from_ms * NS_PER_MS
    settings, commanded = backend.routes().escalation, backend.rules.overrides()
    schedules = await asyncio.to_thread(
        lambda: [
            duty_json(schedule, from_ns, from_ns + days * DAY_NS, commanded.get(name, ()))
            for name, schedule in settings.schedules.items()
        ]
    )
    return json_answer(
        {
            "now_ms": backend.now_ns() / NS_PER_MS,
            "people": [
                {"id": one.id, "name": both(one.name), "receivers": one.receivers}
                for one in settings.people.values()
            ],
            "schedules": schedules,
        }
    )


@rules_api.get("/planned")
async def planned(console: TheConsole, account: SignedIn) -> Response:
    """Return the works of the account's scope that have not begun, and whether the settings or a person announced them."""
    found = [
        {**one.why(), "of_settings": one.of_settings, "version": one.version(begun=False)}
        for one in works_ahead_seen(console, account.scope)
    ]
    return json_answer({"planned": found[:MAX_ROWS], "left_out": max(0, len(found) - MAX_ROWS)})


@rules_api.get("/detectors")
async def detectors(console: TheConsole, _: SignedIn) -> Response:
    """Return the settings of the methods by sensor type, and where they differ from the packaged ones."""
    rules = console.backend.rules
    return json_answer(
        {
            "types": {kind: [_setting_json(one) for one in rows] for kind, rows in rules.types().items()},
            "print": rules.profile_print(),
        }
    )


@rules_api.get("/detectors/{sensor:path}")
async def detector(
    console: TheConsole,
    account: SignedIn,
    sensor: Annotated[str, Path(min_length=1, max_length=MAX_NAME_CHARS)],
) -> Response:
    """Return what holds for one sensor and where each setting comes from: packaged, its type, or itself."""
    facts = console.backend.sensor(sensor)
    if facts is None or not account.scope.sees(facts.place):
        raise ProblemError("not_found")
    rows = console.backend.rules.settings_of(sensor)
    return json_answer(
        {
            "sensor": facts.id,
            "type": facts.type,
            "unit": facts.unit,
            "limits": dict(facts.limits),
            "range": [facts.range_lo, facts.range_hi],
            "settings": [_setting_json(one) for one in rows],
        }
    )


@rules_api.get("/backtests")
async def backtests(console: TheConsole, account: SignedIn) -> Response:
    """Return the kept back-tests, newest first; they are about the whole plant, so for accounts without a scope."""
    _check_unlimited(account)
    rules = console.backend.rules
    rows = await asyncio.to_thread(rules.backtests)
    return json_answer({"print": rules.profile_print(), "backtests": [asdict(one) for one in rows]})


def _check_unlimited(account: Account) -> None:
    if account.scope != UNLIMITED:
        raise ProblemError("scope")


def _check_place(console: Console, account: Account, body: ExplainBody) -> None:
    """Refuse a place that there is not in the account's scope; nowhere is in no scope."""
    kind, name = ("sensor", body.sensor) if body.sensor is not None else ("source", body.source)
    place = None if name is None else place_named(console, kind, name)
    if name is None:
        _check_unlimited(account)
    elif place is None or not account.scope.sees(place):
        raise ProblemError("not_found")


def _explanation_json(found: Explanation, account: Account, console: Console) -> dict[str, Any]:
    """Return an explanation: only accounts without a scope are told who is never called and of others' routes."""
    known = known_to(console, account.scope)
    telling = telling_for(console, account.scope)
    withheld = Withheld.of(console.backend.routes(), found.silences, known)
    routes = [
        replace(one, reason=withheld.said(one.reason))
        for one in found.routes
        if one.path not in withheld.routes
    ]
    calls = [
        replace(one, reason=withheld.said(one.reason))
        for one in found.calls
        if one.when_ns is not None or account.scope == UNLIMITED
    ]
    silences = found.silences if known is None else [known.told_of(one) for one in found.silences]
    return {
        "at_ms": found.at_ns / NS_PER_MS,
        "live": found.live,
        "alert": as_read(found.event, telling),
        "routes": [explained_json(one, found.at_ns, telling) for one in routes],
        "calls": [called_json(one, found.at_ns, telling) for one in calls],
        "silences": [silence_json(one) for one in silences],
        "overrides": [{"schedule": name, **override_json(one)} for name, one in found.overrides],
    }


def _setting_json(one: Setting) -> dict[str, Any]:
    return {
        "name": one.name,
        "value": None if math.isnan(one.value) else one.value,
        "packaged": None if math.isnan(one.packaged) else one.packaged,
        "origin": one.origin,
    }
