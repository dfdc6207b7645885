"""Who asks, and what the routes need: shared by every route of the web API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request
from starlette.responses import Response

from console.accounts import Account, Accounts, Role
from console.backend import ConsoleBackend
from console.feed import Feed
from console.problems import ProblemError

COOKIE = "hazwatch_session"
MAX_SEQ = 2**53
"""Beyond it a browser's numbers lose digits."""


@dataclass(frozen=True, slots=True)
class Console:
    """What the routes need, one for each application."""

    backend: ConsoleBackend
    accounts: Accounts
    feed: Feed
    data_late_s: float

    def heartbeat(self) -> Mapping[str, Any]:
        """Return the heartbeat: the pipeline's clock in ms and the age of its newest reading in s."""
        return {
            "now_ms": self.backend.now_ns() / 1e6,
            "newest_age_s": self.backend.newest_reading_age_s(),
        }


def _console(request: Request) -> Console:
    console: Console = request.app.state.console
    return console


def _account(request: Request) -> Account:
    account = _console(request).accounts.account_of(request.cookies.get(COOKIE))
    if account is None:
        raise ProblemError("not_signed_in")
    return account


async def _signed_in(request: Request) -> Account:
    return _account(request)


async def _operator(request: Request) -> Account:
    account = _account(request)
    if not account.role.covers(Role.OPERATOR):
        raise ProblemError("role")
    return account


async def _the_console(request: Request) -> Console:
    return _console(request)


SignedIn = Annotated[Account, Depends(_signed_in)]
Operator = Annotated[Account, Depends(_operator)]
TheConsole = Annotated[Console, Depends(_the_console)]


def json_response(body: Any) -> Response:
    """Return JSON that no cache keeps."""
    return Response(
        msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"}
    )
