"""The routes of the alarm desk: what people tell it of alerts, places, silences and incidents; see docs/console.md."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Path, Request
from starlette.responses import Response

from alerting.commands import (
    Comment,
    Confirm,
    EndSilence,
    MergeIncidents,
    OverrideOnCall,
    PutInService,
    Reset,
    Silence,
    SplitIncident,
    Suppress,
    TakeOutOfService,
    Unshelve,
    Unsuppress,
)
from alerting.commands import Place as CommandPlace
from alerting.incidents.incident import Entry, IncidentView
from alerting.texts import both
from console.asking import Console, Operator, SignedIn, TheConsole, json_answer
from console.bodies import (
    MAX_NAME_CHARS,
    NS_PER_MS,
    CommentBody,
    ConfirmBody,
    EndSilenceBody,
    InServiceBody,
    MergeBody,
    OutOfServiceBody,
    OverrideBody,
    PlaceBody,
    ResetBody,
    ShelveBody,
    SilenceBody,
    SplitBody,
    SuppressBody,
    UnsuppressBody,
)
from console.bulk import shelving
from console.orders import Orders, arrangements_seen, known_to, place_of_enterprise, stays_within, telling_for
from console.problems import ProblemError
from console.rules_json import ended_silence_json, silence_json
from console.scope import UNLIMITED, Place
from console.telling import Telling
from ledger.records import OutboxRow

MAX_ROWS = 1000
"""Of a list that has no pages."""

desk_api = APIRouter(prefix="/api/v1")


async def _orders(request: Request, console: TheConsole, account: Operator) -> Orders:
    return Orders(request, console, account)


AnOrder = Annotated[Orders, Depends(_orders)]
AnId = Annotated[str, Path(min_length=1, max_length=MAX_NAME_CHARS)]


@desk_api.post("/alerts/{alert_id}/confirm")
async def confirm(order: AnOrder, alert_id: AnId, body: ConfirmBody) -> Response:
    """Say what was done about an alert, open or closed not long ago."""
    order.check_alert(alert_id, closed_too=True)
    said = Confirm(alert=alert_id, by=order.account.name, cause=body.cause, action=body.action)
    return await order.give(said, alert_id)


@desk_api.post("/alerts/{alert_id}/comment")
async def comment(order: AnOrder, alert_id: AnId, body: CommentBody) -> Response:
    """Add words to an alert, open or closed not long ago."""
    order.check_alert(alert_id, closed_too=True)
    return await order.give(Comment(alert=alert_id, by=order.account.name, comment=body.comment), alert_id)


@desk_api.post("/alerts/{alert_id}/reset")
async def reset(order: AnOrder, alert_id: AnId, body: ResetBody) -> Response:
    """Take the latch off an alert that has returned to normal."""
    order.check_alert(alert_id)
    return await order.give(Reset(alert=alert_id, by=order.account.name, comment=body.comment), alert_id)


@desk_api.post("/alerts/{alert_id}/shelve")
async def shelve(order: AnOrder, alert_id: AnId, body: ShelveBody) -> Response:
    """Hold back an alert for a time; of the safety class with a second person only."""
    place = order.check_alert(alert_id)
    second = await order.second(body.second, lambda scope: scope.sees(place))
    return await order.give(shelving(body, alert_id, order.account.name, second or ""), alert_id)


@desk_api.post("/alerts/{alert_id}/unshelve")
async def unshelve(order: AnOrder, alert_id: AnId) -> Response:
    """End a shelving."""
    order.check_alert(alert_id)
    return await order.give(Unshelve(by=order.account.name, alert=alert_id), alert_id)


@desk_api.get("/alerts/{alert_id}/deliveries")
async def deliveries(console: TheConsole, account: SignedIn, alert_id: AnId, request: Request) -> Response:
    """Return who was told of an alert, or is to be, by whom and why, and what came of it."""
    Orders(request, console, account).check_alert(alert_id, closed_too=True)
    rows = console.backend.deliveries(alert_id)[-MAX_ROWS:]
    telling = telling_for(console, account.scope)
    return json_answer({"deliveries": [delivery_json(row, telling) for row in rows]})


@desk_api.get("/causes")
async def causes(console: TheConsole, _: SignedIn) -> Response:
    """Return the causes that a confirmation may name."""
    return json_answer({"causes": {code: both(name) for code, name in console.backend.causes().items()}})


@desk_api.get("/arrangements")
async def arrangements(console: TheConsole, account: SignedIn) -> Response:
    """Return what holds alerts back in the account's scope: shelvings, suppressions, places out of service."""
    found = [
        {**one.why(), "version": one.version(begun=True)} for one in arrangements_seen(console, account.scope)
    ]
    return json_answer({"arrangements": found[:MAX_ROWS], "left_out": max(0, len(found) - MAX_ROWS)})


@desk_api.post("/suppressions")
async def suppress(order: AnOrder, body: SuppressBody) -> Response:
    """Suppress a place's alerts by design, for as long as a condition holds."""
    place = order.check_place(body.place)
    asked = Suppress(
        condition=body.condition,
        place=_command_place(body.place),
        by=order.account.name,
        reason=body.reason,
        until_ns=None if body.until_ms is None else body.until_ms * NS_PER_MS,
        second=await order.second(body.second, lambda scope: scope.sees(place)) or "",
    )
    return await order.give(asked)


@desk_api.post("/suppressions/end")
async def unsuppress(order: AnOrder, body: UnsuppressBody) -> Response:
    """End a suppression by design."""
    order.check_place(body.place)
    place = _command_place(body.place)
    return await order.give(
        Unsuppress(condition=body.condition, place=place, by=order.account.name, reason=body.reason)
    )


@desk_api.post("/out-of-service")
async def take_out_of_service(order: AnOrder, body: OutOfServiceBody) -> Response:
    """Take a place out of service under a permit, or announce that; with `replaces`, change what was seen of it."""
    place = order.check_place(body.place)
    asked = TakeOutOfService(
        place=_command_place(body.place),
        permit=body.permit,
        from_ns=None if body.from_ms is None else body.from_ms * NS_PER_MS,
        until_ns=body.until_ms * NS_PER_MS,
        replaces=body.replaces,
        by=order.account.name,
        reason=body.reason,
        second=await order.second(body.second, lambda scope: scope.sees(place)) or "",
    )
    return await order.give(asked)


@desk_api.post("/out-of-service/end")
async def put_in_service(order: AnOrder, body: InServiceBody) -> Response:
    """Put a place in service again, or withdraw works before they begin."""
    order.check_place(body.place)
    place = _command_place(body.place)
    return await order.give(
        PutInService(place=place, permit=body.permit, by=order.account.name, reason=body.reason)
    )


@desk_api.get("/silences")
async def silences(console: TheConsole, account: SignedIn) -> Response:
    """Return the silences in force, and those that ended lately, newest first.

    Only those that stay within the account's scope, without the names of other places.
    """
    known = known_to(console, account.scope)
    rows = [
        (one.row if known is None else known.told_of(one.row), one.holding)
        for one in console.backend.silences()
        if stays_within(one.row.matchers, account.scope)
    ]
    ended = [
        one if known is None else known.told_of_ended(one)
        for one in reversed(console.backend.silences_ended())
        if stays_within(one.row.matchers, account.scope)
    ]
    return json_answer(
        {
            "silences": [{**silence_json(row), "holding": holding} for row, holding in rows],
            "ended": [ended_silence_json(one) for one in ended],
        }
    )


@desk_api.post("/silences")
async def silence(order: AnOrder, body: SilenceBody) -> Response:
    """Silence alerts for a time; what could hold back a red one with a second person only."""
    if not stays_within(body.matchers, order.account.scope):
        raise ProblemError("scope_matcher")
    second = await order.second(body.second, lambda scope: stays_within(body.matchers, scope))
    asked = Silence(
        matchers=tuple(body.matchers),
        by=order.account.name,
        comment=body.comment,
        until_ns=body.until_ms * NS_PER_MS,
        second=second,
    )
    return await order.give(asked)


@desk_api.post("/silences/{silence_id}/end")
async def end_silence(order: AnOrder, silence_id: AnId, body: EndSilenceBody) -> Response:
    """End a silence before its time."""
    for one in order.console.backend.silences():
        if one.row.id == silence_id and not stays_within(one.row.matchers, order.account.scope):
            raise ProblemError("not_found")
    return await order.give(EndSilence(silence=silence_id, by=order.account.name, reason=body.reason))


@desk_api.get("/on-call")
async def on_call(console: TheConsole, account: SignedIn) -> Response:
    """Return who is on duty now by each schedule, and why; schedules belong to no enterprise."""
    if account.scope != UNLIMITED:
        raise ProblemError("scope")
    backend = console.backend
    rows = {
        name: {
            "people": [{"id": one, "name": both(backend.name_of(one))} for one in duty.people],
            "reason": both(duty.reason),
        }
        for name, duty in backend.on_duty().items()
    }
    return json_answer({"now_ms": _ms(backend.now_ns()), "schedules": rows})


@desk_api.post("/on-call/overrides")
async def override_on_call(order: AnOrder, body: OverrideBody) -> Response:
    """Let others be on duty for a time."""
    if order.account.scope != UNLIMITED:
        raise ProblemError("scope")
    asked = OverrideOnCall(
        schedule=body.schedule,
        people=tuple(body.people),
        by=order.account.name,
        reason=body.reason,
        from_ns=body.from_ms * NS_PER_MS,
        until_ns=body.until_ms * NS_PER_MS,
    )
    return await order.give(asked)


@desk_api.get("/incidents")
async def incidents(console: TheConsole, account: SignedIn) -> Response:
    """Return the open incidents of the account's scope, gravest first."""
    found = [one for one in console.backend.incidents() if account.scope.sees(_incident_place(console, one))]
    found.sort(key=lambda one: (-one.grade, -one.opened_ns, one.id))
    rows = [_incident_json(one) for one in found[:MAX_ROWS]]
    return json_answer({"incidents": rows, "left_out": max(0, len(found) - MAX_ROWS)})


@desk_api.get("/incidents/{incident_id}")
async def incident(console: TheConsole, account: SignedIn, incident_id: AnId) -> Response:
    """Return an incident with its alerts and its timeline."""
    found = console.backend.incident(incident_id)
    if found is None or not account.scope.sees(_incident_place(console, found)):
        raise ProblemError("not_found")
    whole = {
        **_incident_json(found),
        "open_alerts": found.open_alerts,
        "closed_alerts": found.closed_alerts,
        "timeline": [_entry_json(entry) for entry in found.timeline],
        "left_out": found.left_out,
        "former": found.former,
    }
    return json_answer({"incident": whole})


@desk_api.post("/incidents/{incident_id}/merge")
async def merge(order: AnOrder, incident_id: AnId, body: MergeBody) -> Response:
    """Make other incidents part of this one."""
    for name in (incident_id, *body.incidents):
        _check_incident(order, name)
    asked = MergeIncidents(
        into=incident_id, incidents=body.incidents, by=order.account.name, reason=body.reason
    )
    return await order.give(asked)


@desk_api.post("/incidents/{incident_id}/split")
async def split(order: AnOrder, incident_id: AnId, body: SplitBody) -> Response:
    """Make an incident of their own of some of its alerts."""
    _check_incident(order, incident_id)
    asked = SplitIncident(incident=incident_id, alerts=body.alerts, by=order.account.name, reason=body.reason)
    return await order.give(asked)


def _check_incident(order: Orders, name: str) -> None:
    found = order.console.backend.incident(name)
    if found is None or not order.account.scope.sees(_incident_place(order.console, found)):
        raise ProblemError("not_found")


def _incident_place(console: Console, one: IncidentView) -> Place:
    return place_of_enterprise(console, one.enterprise)


def _command_place(given: PlaceBody) -> CommandPlace:
    return CommandPlace(kind=given.kind, id=given.id)


def _ms(t_ns: int | None) -> float | None:
    return None if t_ns is None else t_ns / NS_PER_MS


def _incident_json(one: IncidentView) -> dict[str, Any]:
    return {
        "id": one.id,
        "source": one.source,
        "enterprise": one.enterprise,
        "opened_ms": _ms(one.opened_ns),
        "ended_ms": _ms(one.ended_ns),
        "grade": one.grade.label,
        "confirmed": one.confirmed,
        "size": one.size,
        "open": len(one.open_alerts),
        "first_out": one.first_out,
        "sensors": one.sensors,
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    row = msgspec.structs.asdict(entry)
    row["time_ms"] = _ms(row.pop("now_ns"))
    row["grade"] = None if entry.grade is None else entry.grade.label
    return row


def delivery_json(row: OutboxRow, telling: Telling | None) -> Mapping[str, Any]:
    """Return who was told, through what, by which rule and what came of it, ready for JSON; `telling` None: all of it."""
    whole = {
        "id": row.id,
        "receiver": row.receiver,
        "person": row.person,
        "route": row.route,
        "reason": both(row.reason),
        "event_seq": row.event_seq,
        "time": row.time,
        "state": row.state,
        "attempts": row.attempts,
        "updated_ms": _ms(row.updated_ns) if row.updated_ns else None,
        "error": both(row.error),
        "group": row.group,
        "instead_of": row.instead_of,
        "handed_to": row.handed_to,
    }
    return whole if telling is None else telling.delivery(whole)
