"""Replays over the web API: begun, listed, ended; what lies under one is answered by its own console, with the same routes."""

import asyncio
from importlib import import_module
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from console.accounts import Account
from console.asking import MAX_TIME_MS, Console, SignedIn, TheConsole, client_of, json_answer, lasting
from console.problems import UNSAFE_METHODS, ProblemError
from console.replay_backend import OpenReplay, ReplayOrder, ReplayRefused

CONTROL = "replay"
"""The one thing under a replay that may be changed: its own course."""
_NS_PER_MS = 1_000_000

replay_api = APIRouter(prefix="/api/v1")


class ReplayBody(BaseModel):
    """Which period, and from what."""

    model_config = ConfigDict(extra="forbid")
    from_ms: int = Field(ge=0, le=MAX_TIME_MS)
    to_ms: int = Field(ge=0, le=MAX_TIME_MS)
    source: Literal["journal", "store"] = "journal"


@replay_api.get("/replays")
async def replays(console: TheConsole, account: SignedIn) -> Response:
    """Return what can be replayed, and the account's own replays."""
    period = await console.backend.replays.period()
    return json_answer(
        {
            "journal": None if period.journal_ns is None else [_ms(t_ns) for t_ns in period.journal_ns],
            "exact_from_ms": None if period.exact_from_ns is None else _ms(period.exact_from_ns),
            "store": period.store,
            "replays": [_json(one) for one in console.backend.replays.of(account.name)],
        }
    )


@replay_api.post("/replays")
async def begin(request: Request, console: TheConsole, account: SignedIn, body: ReplayBody) -> Response:
    """Begin a replay; it lasts until it is ended, nobody looks at it, or the session ends."""
    if body.from_ms >= body.to_ms:
        fields = [{"field": "to_ms", "message": "not after from_ms"}]
        raise ProblemError("bad_request", more={"fields": fields})
    await asyncio.to_thread(import_module, "console.replay_pass")
    order = ReplayOrder(
        source=body.source, start_ns=body.from_ms * _NS_PER_MS, end_ns=body.to_ms * _NS_PER_MS
    )
    try:
        opened = await console.backend.replays.open(account, order, lasting(request, console, account))
    except ReplayRefused as refused:
        raise ProblemError(refused.code, more={"why": refused.why} if refused.why else None) from None
    period = {"source": body.source, "from_ms": body.from_ms, "to_ms": body.to_ms}
    console.audit.note(account.name, "open_replay", opened.id, client=client_of(request), detail=period)
    return json_answer(_json(opened))


@replay_api.post("/replays/{replay}/end")
async def end(console: TheConsole, account: SignedIn, replay: str) -> Response:
    """End a replay."""
    await console.backend.replays.end(_own(console, account, replay).id)
    return Response(status_code=204)


@replay_api.api_route(
    "/replays/{replay}/{path:path}",
    methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
    include_in_schema=False,
)
async def inside(
    request: Request, console: TheConsole, account: SignedIn, replay: str, path: str
) -> Response:
    """Pass a request on to the replay; nothing but its course can be changed there."""
    open_replay = _own(console, account, replay)
    if request.method in UNSAFE_METHODS and (request.method != "POST" or path != CONTROL):
        raise ProblemError("replay")
    from console.replay_pass import passed_on  # noqa: PLC0415 - an HTTP client is slow to import, and few begin a replay

    return await passed_on(request, open_replay, path)


def _own(console: Console, account: Account, replay: str) -> OpenReplay:
    """Return a replay of the account; another's is not there for it."""
    found = console.backend.replays.find(replay)
    if found is None or found.account != account.name:
        raise ProblemError("no_replay")
    return found


def _json(replay: OpenReplay) -> dict[str, Any]:
    order = replay.order
    return {
        "id": replay.id,
        "source": order.source,
        "from_ms": _ms(order.start_ns),
        "to_ms": _ms(order.end_ns),
    }


def _ms(t_ns: int) -> float:
    return t_ns / _NS_PER_MS
