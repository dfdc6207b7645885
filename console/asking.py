"""Who asks of the web API, and what every one of its routes needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Request
from starlette.responses import Response

from alerting.routes import Routes
from console.accounts import Account, Accounts, Role
from console.audit import Audit
from console.backend import ConsoleBackend
from console.feed import Feed
from console.people import People
from console.problems import UNSAFE_METHODS, ProblemError
from console.scope import Scope
from console.telling import Telling
from console.tiles import Tiles
from console.tokens import Tokens
from registry.plant import Plant

COOKIE = "hazwatch_session"
BEFORE_CHANGE = frozenset({"/api/v1/me", "/api/v1/me/password"})
"""What an account may ask for that must have a new password first."""
NOT_NOTED = frozenset({"bad_request", "too_many_logins", "second_wrong"})
"""Refusals that say nothing of what somebody may: wrong fields, and passwords, which are noted where they are looked at."""
QUESTIONS = frozenset({"/api/v1/rules/explain", "/api/v1/rules/silence-preview"})
"""What is sent as a change for the length of its body, and changes nothing."""
NOTED_AS = {
    "merge": "merge_incidents",
    "split": "split_incident",
    "write_note": "handover_note",
    "take_over": "take_over_note",
    "try_receiver": "test_receiver",
    "add_account": "set_account",
    "change_account": "set_account",
    "reset_password": "one_time_password",
    "end_others": "end_session",
    "save": "save_view",
    "begin": "open_replay",
    "end": "end_replay",
}
"""As what a change that is refused is noted, where that is not the name of its route's function."""
MAX_SEQ = 2**53
"""Beyond it a browser's numbers lose digits."""
MAX_TIME_MS = 9_223_372_036_000
"""In the year 2262; later nanoseconds do not fit into 64 bits, in which snapshots and SQLite keep them."""


@dataclass(frozen=True, slots=True)
class Console:
    """What the routes need, one for each application; `tellings` is what `console.orders.telling_for` made and of what."""

    backend: ConsoleBackend
    accounts: Accounts
    feed: Feed
    audit: Audit
    people: People
    tokens: Tokens
    data_late_s: float
    tiles: Tiles | None = None
    tellings: dict[Scope, tuple[Plant, Routes, Telling]] = field(default_factory=dict)

    def heartbeat(self) -> Mapping[str, Any]:
        """Return the heartbeat: the pipeline's clock in ms and the age of its newest reading in s."""
        return {
            "now_ms": self.backend.now_ns() / 1e6,
            "newest_age_s": self.backend.newest_reading_age_s(),
        }


def _console(request: Request) -> Console:
    console: Console = request.app.state.console
    return console


def client_of(request: Request) -> str:
    """Return the address that a request came from."""
    return request.client.host if request.client else ""


def _account(request: Request) -> Account:
    """Return who asks: by a token where one is sent, else by the session's cookie."""
    console, token = _console(request), token_of(request)
    if token is not None:
        account = _by_token(console, token, client_of(request))
    else:
        found = console.accounts.account_of(request.cookies.get(COOKIE))
        if found is None:
            raise ProblemError("not_signed_in")
        account = found
    request.state.account = account
    if account.must_change and request.url.path not in BEFORE_CHANGE:
        raise ProblemError("must_change")
    return account


def token_of(request: Request) -> str | None:
    """Return the token that a program sends, None where it sends none."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else None


def _by_token(console: Console, token: str, client: str) -> Account:
    wait_s = console.accounts.too_many(client)
    if wait_s > 0:
        raise ProblemError("too_many_logins", retry_after_s=wait_s)
    account = console.tokens.account_of(token)
    if account is None:
        console.accounts.failed(client)
        console.audit.refused("", "token", "", "refused", client=client)
        raise ProblemError("not_signed_in")
    return account


def note_refusal(request: Request, code: str) -> None:
    """Note a change that was refused to somebody who is signed in, before it was tried."""
    account = getattr(request.state, "account", None)
    route = getattr(request.scope.get("route"), "path", "")
    if account is None or request.method not in UNSAFE_METHODS or code in NOT_NOTED or route in QUESTIONS:
        return
    name = getattr(request.scope.get("route"), "name", "")
    action = NOTED_AS.get(name, name)
    subject = next(iter(request.path_params.values()), "")
    _console(request).audit.refused(account.name, action, str(subject), code, client=client_of(request))


def lasting(request: Request, console: Console, account: Account) -> Callable[[], bool]:
    """Return what tells whether the session or token of a request still stands for the account as it was."""
    cookie, token = request.cookies.get(COOKIE), token_of(request)

    def still_allowed() -> bool:
        found = console.accounts.account_of(cookie) if token is None else console.tokens.account_of(token)
        return found == account

    return still_allowed


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


def json_answer(body: Any, *, keep: bool = False) -> Response:
    """Return a body as JSON that no cache keeps; with `keep` a browser may, if it asks each time whether it still holds."""
    kept = "private, no-cache" if keep else "no-store"
    return Response(msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": kept})


def set_session(request: Request, response: Response, cookie: str, lasts_s: float) -> None:
    """Give the browser a session's cookie."""
    response.set_cookie(
        COOKIE,
        cookie,
        max_age=int(lasts_s),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
