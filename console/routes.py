"""The web API under /api/v1: JSON in and out, problem+json when refused; see docs/console.md."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from alerting.commands import Acknowledge
from alerting.events import AlertEvent
from alerting.texts import both
from console.accounts import Account, LoginRefused, Role
from console.asking import (
    COOKIE,
    MAX_SEQ,
    MAX_TIME_MS,
    Console,
    Operator,
    SignedIn,
    TheConsole,
    client_of,
    json_answer,
    lasting,
    set_session,
)
from console.backend import AlertRow, Component, ConsoleBackend, Health, Refused, SensorFacts, place_of
from console.bodies import Line, Paragraph
from console.feed import row_json
from console.orders import telling_for
from console.passwords import MAX_CHARS
from console.problems import ProblemError, problem_of
from console.scope import UNLIMITED, Scope
from console.telling import NOT_IN_DETAIL, Telling, as_read
from registry.plant import Text
from store.series import Series, StoreError, TooMuchError

MAX_COMMENT_CHARS = 2000
MAX_EVENTS = 1000
MAX_LINES = 100_000
MAX_POINTS = 5000
PAGE_EVENTS = 1000
MAX_PAGES = 20
"""How many pages of history are looked through for an account whose scope hides most of them."""
NDJSON = "application/x-ndjson"
ROWS_AT_ONCE = 200
"""Of a long answer; encoding them takes a few milliseconds."""
DEFAULT_TREND_MS = 3_600_000

api = APIRouter(prefix="/api/v1")


class LoginBody(BaseModel):
    """Who signs in."""

    model_config = ConfigDict(extra="forbid")
    name: Line = Field(min_length=1, max_length=256)
    password: str = Field(min_length=1, max_length=MAX_CHARS)


class AcknowledgeBody(BaseModel):
    """The state that the operator saw, by its event number, and what he has to say."""

    model_config = ConfigDict(extra="forbid")
    seq: int | None = Field(default=None, ge=0, le=MAX_SEQ)
    comment: Paragraph | None = Field(default=None, max_length=MAX_COMMENT_CHARS)


def _me(console: Console, account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "role": account.role,
        "area": account.scope.area,
        "enterprise": account.scope.enterprise,
        "may_acknowledge": account.role.covers(Role.OPERATOR),
        "must_change": account.must_change,
        "site": both(console.backend.site()),
        "data_late_s": console.data_late_s,
    }


@api.post("/login")
async def login(request: Request, console: TheConsole, body: LoginBody) -> Response:
    """Start a session; the cookie is not readable by scripts and not sent from other sites."""
    client = client_of(request)
    outcome = await console.accounts.login(body.name, body.password, client)
    if isinstance(outcome, LoginRefused):
        console.audit.refused_login(body.name, client)
        if outcome.wait_s > 0:
            raise ProblemError("too_many_logins", retry_after_s=outcome.wait_s)
        raise ProblemError("wrong_login")
    console.audit.note(body.name, "login", body.name, client=client)
    response = json_answer(_me(console, outcome.account))
    set_session(request, response, outcome.cookie, console.accounts.session_s)
    return response


@api.post("/logout")
async def logout(request: Request, console: TheConsole) -> Response:
    """End the session; harmless without one."""
    account = console.accounts.account_of(request.cookies.get(COOKIE))
    console.accounts.logout(request.cookies.get(COOKIE))
    if account is not None:
        console.audit.note(account.name, "logout", account.name, client=client_of(request))
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=request.url.scheme == "https")
    return response


@api.get("/me")
async def me(console: TheConsole, account: SignedIn) -> Response:
    """Return who is signed in and what the page needs to know at its start."""
    return json_answer(_me(console, account))


@api.get("/alerts")
async def alerts(request: Request, console: TheConsole, account: SignedIn) -> Response:
    """Return all open alerts of the account's scope and the event number they rest on.

    Who accepts `application/x-ndjson` gets them a line each, after a line with the rest, all of one moment.
    """
    held = console.backend.open_alerts()
    rows = [row for row in held.rows if account.scope.sees(row.place)]
    telling = telling_for(console, account.scope)
    head = {"last_seq": held.last_seq, "now_ms": console.backend.now_ns() / 1e6}
    if NDJSON not in request.headers.get("accept", ""):
        return json_answer({**head, "alerts": [row_json(row, telling) for row in rows]})
    return StreamingResponse(
        _row_lines({**head, "count": len(rows)}, rows, telling),
        media_type=NDJSON,
        headers={"Cache-Control": "no-store", "Vary": "Accept"},
    )


async def _row_lines(
    head: Mapping[str, Any], rows: Sequence[AlertRow], telling: Telling | None
) -> AsyncIterator[bytes]:
    yield msgspec.json.encode(head) + b"\n"
    for first in range(0, len(rows), ROWS_AT_ONCE):
        yield b"".join(
            msgspec.json.encode(row_json(row, telling)) + b"\n" for row in rows[first : first + ROWS_AT_ONCE]
        )
        await asyncio.sleep(0)  # others are answered in between


@api.post("/alerts/{alert_id}/ack")
async def acknowledge(
    request: Request,
    console: TheConsole,
    account: Operator,
    alert_id: str,
    body: Annotated[AcknowledgeBody, Body()],
) -> Response:
    """Acknowledge an alert; 409 with the reason when it is refused."""
    row = console.backend.alert(alert_id)
    if row is None or not account.scope.sees(row.place):
        raise ProblemError("unknown_alert")
    outcome = await console.backend.acknowledge(alert_id, body.seq, account.name, body.comment or None)
    command = Acknowledge(alert=alert_id, by=account.name, seq=body.seq, comment=body.comment or "")
    console.audit.command(client_of(request), command, outcome)
    if isinstance(outcome, Refused):
        return problem_of(409, outcome.code, outcome.text)
    return json_answer({"alert": row_json(outcome.row, telling_for(console, account.scope))})


@api.get("/events")
async def events(
    console: TheConsole,
    account: SignedIn,
    limit: Annotated[int, Query(ge=1, le=MAX_EVENTS)] = 100,
    before: Annotated[int | None, Query(ge=0, le=MAX_SEQ)] = None,
) -> Response:
    """Return the history, newest first; `next_before` leads to the next page, null at the end."""
    found, next_before = await _history(console.backend, account.scope, limit, before)
    telling = telling_for(console, account.scope)
    told = [as_read(event, telling) for event in found]
    return json_answer({"events": told, "next_before": next_before})


async def _history(
    backend: ConsoleBackend, scope: Scope, limit: int, before: int | None
) -> tuple[list[AlertEvent], int | None]:
    found: list[AlertEvent] = []
    for _ in range(MAX_PAGES):
        page = await backend.recent_events(limit, before)
        for event in page:
            before = event.seq
            if scope.sees(place_of(event)):
                found.append(event)
            if len(found) == limit:
                return found, before
        if len(page) < limit:
            return found, None
    return found, before


@api.get("/alerts.ndjson")
async def alert_lines(
    console: TheConsole,
    account: SignedIn,
    after: Annotated[int, Query(ge=0, le=MAX_SEQ)] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_LINES)] = 10_000,
) -> Response:
    """Return alert lines, oldest first, from the event after number `after`."""
    return StreamingResponse(
        _lines(console, account.scope, after, limit),
        media_type=NDJSON,
        headers={"Cache-Control": "no-store"},
    )


async def _lines(console: Console, scope: Scope, after: int, limit: int) -> AsyncIterator[bytes]:
    while limit > 0:
        page = await console.backend.alert_lines(after, min(limit, PAGE_EVENTS))
        if not page:
            return
        after = page[-1].seq
        telling = telling_for(console, scope)
        lines = [as_read(event, telling).line() + b"\n" for event in page if scope.sees(place_of(event))]
        limit -= len(lines)
        yield b"".join(lines)


@api.get("/sensors/{sensor:path}/trend")
async def trend(
    console: TheConsole,
    account: SignedIn,
    sensor: str,
    *,
    start_ms: Annotated[int | None, Query(ge=0, le=MAX_TIME_MS)] = None,
    end_ms: Annotated[int | None, Query(ge=0, le=MAX_TIME_MS)] = None,
    max_points: Annotated[int, Query(ge=1, le=MAX_POINTS)] = 1000,
) -> Response:
    """Return readings of a sensor with its limits; the last hour where no range is given."""
    facts = console.backend.sensor(sensor)
    if facts is None or not account.scope.sees(facts.place):
        raise ProblemError("no_sensor")
    end_ns = console.backend.now_ns() + 1 if end_ms is None else end_ms * 1_000_000
    start_ns = end_ns - DEFAULT_TREND_MS * 1_000_000 if start_ms is None else start_ms * 1_000_000
    if start_ns > end_ns:
        raise ProblemError("bad_request", more={"fields": [{"field": "start_ms", "message": "after end_ms"}]})
    try:
        series = await console.backend.trend(sensor, start_ns, end_ns, max_points)
    except TooMuchError as error:
        raise ProblemError("store_too_much") from error
    except StoreError as error:
        raise ProblemError("store") from error
    return json_answer(_trend_json(facts, series))


def _trend_json(facts: SensorFacts, series: Series) -> dict[str, Any]:
    return {
        "sensor": facts.id,
        "type": facts.type,
        "unit": facts.unit,
        "description": facts.description,
        "range": [facts.range_lo, facts.range_hi],
        "limits": dict(facts.limits),
        "t_ms": (series.t_ns / 1e6).tolist(),
        "mean": series.mean.tolist(),
        "low": series.low.tolist(),
        "high": series.high.tolist(),
    }


@api.get("/health")
async def health(console: TheConsole, account: SignedIn) -> Response:
    """Return the state of each part of hazwatch; to accounts with a scope without the names of receivers and places."""

    def detail(name: str, part: Component) -> Text:
        told_all = account.scope == UNLIMITED or part.state is Health.OK
        return part.detail if told_all else NOT_IN_DETAIL.get(name, part.detail)

    return json_answer(
        {
            name: {
                "state": part.state,
                "detail": both(detail(name, part)),
                "since_ms": None if part.since_ns is None else part.since_ns / 1e6,
            }
            for name, part in console.backend.health().items()
        }
    )


@api.get("/stream")
async def stream(
    request: Request,
    console: TheConsole,
    account: SignedIn,
    last: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """Return the server-sent stream; resumes after the header Last-Event-ID or `last`, else starts with a resync."""
    still_allowed = lasting(request, console, account)
    return StreamingResponse(
        console.feed.stream(account.scope, request.headers.get("last-event-id") or last, still_allowed),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )
