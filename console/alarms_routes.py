"""The routes of the alarms page: commands for many alerts at once, assignment, floods, saved filters."""

import asyncio
from typing import Any

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from alerting.commands import Assign
from alerting.events import AlertEvent, Grade
from alerting.texts import both
from console.accounts import Account, Role
from console.alarms_backend import Assignee
from console.asking import Console, SignedIn, TheConsole, json_answer
from console.backend import Refused, place_of
from console.bodies import AssignBody, Body, Line
from console.bulk import AcknowledgeAll, AssignAll, BulkAlert, BulkBody, ShelveAll, command_for
from console.desk_routes import AnId, AnOrder
from console.orders import Orders
from console.problems import PROBLEMS, ProblemError
from console.saved import MAX_SAVED, Saved, SavedTexts
from console.scope import Scope, lies_in
from registry.plant import Text

MAX_FILTER_NAME_CHARS = 60
MAX_FILTER_CHARS = 2000

alarms_api = APIRouter(prefix="/api/v1")


class FilterName(Body):
    """Which of the account's filters."""

    name: Line = Field(min_length=1, max_length=MAX_FILTER_NAME_CHARS)


class FilterBody(FilterName):
    """A filter as it stands in the page's address."""

    filter: str = Field(max_length=MAX_FILTER_CHARS)


@alarms_api.post("/alerts/bulk")
async def bulk(order: AnOrder, body: BulkBody) -> Response:
    """Give one command for many alerts; each has an outcome of its own, and one refused keeps no other from counting."""
    agrees = None
    if isinstance(body.command, ShelveAll) and body.command.second is not None:
        agrees = await order.prove(body.command.second)
    outcomes = []
    for alert in {one.id: one for one in body.alerts}.values():
        refused = await _carry_out(order, body, alert, agrees)
        said = {"code": refused.code, **both(refused.text)} if refused is not None else {"code": None}
        outcomes.append({"id": alert.id, "done": refused is None, **said})
        await asyncio.sleep(0)  # a transaction each: others are answered in between
    return json_answer({"outcomes": outcomes})


async def _carry_out(
    order: Orders, body: BulkBody, alert: BulkAlert, agrees: Account | None
) -> Refused | None:
    """Carry out what is asked of one alert; return why not, None where it counts."""
    try:
        _check(order, body, alert, agrees)
    except ProblemError as error:
        order.refuse(body.command.order, alert.id, error.code)
        return Refused(code=error.code, text=PROBLEMS[error.code][1])
    second = "" if agrees is None else agrees.name
    outcome = await order.carry_out(command_for(body.command, alert, order.account.name, second))
    return outcome if isinstance(outcome, Refused) else None


def _check(order: Orders, body: BulkBody, alert: BulkAlert, agrees: Account | None) -> None:
    """Raise `ProblemError` where the account, or the second person, may not command this of the alert."""
    place = order.check_alert(alert.id, closed_too=body.command.order in {"confirm", "comment"})
    if agrees is not None and not agrees.scope.sees(place):
        raise ProblemError("second_role")
    if isinstance(body.command, AcknowledgeAll):
        _check_seen(order.console, alert)
    if isinstance(body.command, AssignAll):
        _check_assignee(order, alert.id, body.command.to)


def _check_seen(console: Console, alert: BulkAlert) -> None:
    """Refuse to acknowledge a red alert among others that its operator had not in view as it stands."""
    row = console.backend.alert(alert.id)
    red = row is not None and row.event.grade == Grade.RED.label
    if red and not (alert.in_view and alert.seq is not None):
        raise ProblemError("not_in_view")


@alarms_api.post("/alerts/{alert_id}/assign")
async def assign(order: AnOrder, alert_id: AnId, body: AssignBody) -> Response:
    """Give an alert to somebody, who sees to it."""
    order.check_alert(alert_id)
    _check_assignee(order, alert_id, body.to)
    said = Assign(alert=alert_id, by=order.account.name, to=body.to, comment=body.comment)
    return await order.give(said, alert_id)


@alarms_api.get("/alerts/{alert_id}/assignees")
async def assignees(order: AnOrder, alert_id: AnId) -> Response:
    """Return to whom an alert can be given."""
    order.check_alert(alert_id)
    found = _assignees(order, alert_id)
    return json_answer({"assignees": [{"id": one.id, "name": both(one.name)} for one in found.values()]})


def _check_assignee(order: Orders, alert_id: str, to: str) -> None:
    if to not in _assignees(order, alert_id):
        raise ProblemError("not_assignable")


def _assignees(order: Orders, alert_id: str) -> dict[str, Assignee]:
    """Return the accounts that may act on an open alert and see its place, then the people who answer for it, by id."""
    row = order.console.backend.alert(alert_id)
    if row is None:
        raise ProblemError("unknown_alert")
    accounts = _operators(order.console, row.event)
    people = order.console.backend.alarms.people(row.event)
    return {one.id: one for one in (*people, *accounts)}


def _operators(console: Console, event: AlertEvent) -> list[Assignee]:
    return [
        Assignee(one.name, Text.same(one.name))
        for one in console.accounts.all()
        if one.role.covers(Role.OPERATOR) and one.scope.sees(place_of(event))
    ]


@alarms_api.get("/floods")
async def floods(console: TheConsole, account: SignedIn) -> Response:
    """Return the floods of alarms that last, of the places that lie in the account's scope."""
    found = [one for one in console.backend.alarms.floods() if _sees_flood(console, account.scope, one.scope)]
    rows: list[dict[str, Any]] = [
        {"scope": one.scope, "since_ms": one.since_ns / 1e6, "activations": one.activations} for one in found
    ]
    return json_answer({"floods": rows})


def _sees_flood(console: Console, scope: Scope, flood: str) -> bool:
    """Tell whether all that is counted in a flood's scope lies in the account's."""
    kind, _, name = flood.partition(":")
    if kind == "enterprise":
        known = console.backend.plant().enterprises.get(name)
        area = None if known is None else known.area
        return (scope.enterprise is None or scope.enterprise == name) and (
            scope.area is None or lies_in(area, scope.area)
        )
    if kind == "area":
        return scope.enterprise is None and (scope.area is None or lies_in(name, scope.area))
    return scope == Scope()


@alarms_api.get("/filters")
async def saved_filters(console: TheConsole, account: SignedIn) -> Response:
    """Return the account's own filters of the alarm list."""
    return json_answer(await _filters(console, account))


@alarms_api.post("/filters")
async def save_filter(console: TheConsole, account: SignedIn, body: FilterBody) -> Response:
    """Keep a filter under a name, instead of what the account had under it; return all of them."""
    kept = await asyncio.to_thread(_kept(console).save, account.name, Saved(body.name, body.filter))
    if not kept:
        raise ProblemError("too_many_filters", more={"most": MAX_SAVED})
    return json_answer(await _filters(console, account))


@alarms_api.post("/filters/remove")
async def remove_filter(console: TheConsole, account: SignedIn, body: FilterName) -> Response:
    """Forget a filter of the account's; return the others."""
    await asyncio.to_thread(_kept(console).remove, account.name, body.name)
    return json_answer(await _filters(console, account))


async def _filters(console: Console, account: Account) -> dict[str, Any]:
    found = await asyncio.to_thread(_kept(console).of, account.name)
    return {"filters": [{"name": one.name, "filter": one.text} for one in found]}


def _kept(console: Console) -> SavedTexts:
    return SavedTexts(console.accounts.path.with_name("filters.db"))
