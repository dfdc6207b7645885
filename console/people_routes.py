"""The routes of accounts, sessions and tokens; every change of somebody else's needs a reason and is noted."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request
from pydantic import Field
from starlette.responses import Response

from console.accounts import Account, Role, Session
from console.asking import Console, SignedIn, TheConsole, client_of, json_answer, set_session, token_of
from console.bodies import MAX_NAME_CHARS, MAX_SAID_CHARS, Body, Line, Name, Paragraph, Said
from console.passwords import MAX_CHARS
from console.people import AccountRow, PeopleRefused, SessionRow
from console.problems import PROBLEMS, ProblemError, problem_of
from console.scope import Place, Scope
from console.tokens import MAX_DAYS, TokenRow

people_api = APIRouter(prefix="/api/v1")

Password = Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
AName = Annotated[str, Path(min_length=1, max_length=MAX_NAME_CHARS)]


class ScopeBody(Body):
    """A role and what it is limited to."""

    role: Role
    area: Name | None = None
    enterprise: Name | None = None
    reason: Said

    @property
    def scope(self) -> Scope:
        """The limits."""
        return Scope(self.area, self.enterprise)


class AddBody(ScopeBody):
    """A new account."""

    name: Name


class ReasonBody(Body):
    """Why."""

    reason: Said


class DisableBody(ReasonBody):
    """Whether an account may sign in no more, and why."""

    disabled: bool


class PasswordBody(Body):
    """One's old and new password."""

    old: Password
    new: Password


class EndBody(Body):
    """Why a session is ended; of one's own nobody asks."""

    reason: Paragraph = Field(default="", max_length=MAX_SAID_CHARS)


class TokenBody(ScopeBody):
    """What a token is for, what it may, and for how many days."""

    label: Annotated[Line, Field(min_length=1, max_length=64, pattern=r"^[^:]+$")]
    days: int = Field(ge=1, le=MAX_DAYS)


class Desk:
    """One request about people: who asks, from where; notes what comes of it."""

    def __init__(self, request: Request, console: TheConsole, account: SignedIn) -> None:
        if token_of(request) is not None:
            raise ProblemError("role")  # a program never makes itself more of what it has
        self.console: Console = console
        self.account: Account = account
        self.client = client_of(request)

    @property
    def admin(self) -> Account:
        """The account, which must be an administrator's."""
        if not self.account.role.covers(Role.ADMIN):
            raise ProblemError("role")
        return self.account

    def note(
        self,
        action: str,
        subject: str,
        reason: str = "",
        detail: Mapping[str, Any] | None = None,
        *,
        scope: Scope | None = None,
    ) -> None:
        """Note a change that was made."""
        at = scope or Scope()
        self.console.audit.note(
            self.account.name,
            action,
            subject,
            reason,
            client=self.client,
            detail=detail,
            place=Place(enterprise=at.enterprise, area=at.area),
        )

    def refused(self, action: str, subject: str, reason: str, error: PeopleRefused) -> Response:
        """Note a refusal and return it."""
        self.console.audit.note(self.account.name, action, subject, reason, error.code, client=self.client)
        status, text = PROBLEMS[error.code]
        return problem_of(status, error.code, error.text or text)


ADesk = Annotated[Desk, Depends(Desk)]


@people_api.get("/accounts")
async def accounts(desk: ADesk) -> Response:
    """Return the accounts that the administrator administers, by name."""
    rows = desk.console.people.rows(desk.admin)
    return json_answer({"accounts": [_account_json(row, desk.account) for row in rows]})


@people_api.post("/accounts")
async def add_account(desk: ADesk, body: AddBody) -> Response:
    """Add an account; the answer has its one-time password, which is not kept."""
    admin = desk.admin
    try:
        password = await desk.console.people.add(admin, body.name, body.role, body.scope)
    except PeopleRefused as error:
        return desk.refused("set_account", body.name, body.reason, error)
    desk.note("set_account", body.name, body.reason, _grant(body.role, body.scope), scope=body.scope)
    return json_answer({"password": password})


@people_api.post("/accounts/{name}")
async def change_account(desk: ADesk, name: AName, body: ScopeBody) -> Response:
    """Give an account another role and scope."""
    admin = desk.admin
    try:
        before = desk.console.people.change(admin, name, body.role, body.scope)
    except PeopleRefused as error:
        return desk.refused("set_account", name, body.reason, error)
    detail = {"was": _grant(before.role, before.scope), "is": _grant(body.role, body.scope)}
    desk.note("set_account", name, body.reason, detail, scope=body.scope)
    return Response(status_code=204)


@people_api.post("/accounts/{name}/disable")
async def disable_account(desk: ADesk, name: AName, body: DisableBody) -> Response:
    """Let an account sign in no more, which ends its sessions and tokens, or let it again."""
    admin = desk.admin
    action = "disable_account" if body.disabled else "enable_account"
    try:
        desk.console.people.disable(admin, name, disabled=body.disabled)
    except PeopleRefused as error:
        return desk.refused(action, name, body.reason, error)
    desk.note(action, name, body.reason)
    return Response(status_code=204)


@people_api.post("/accounts/{name}/password")
async def reset_password(desk: ADesk, name: AName, body: ReasonBody) -> Response:
    """Give an account a one-time password, which the answer has; its sessions end."""
    admin = desk.admin
    try:
        password = await desk.console.people.reset_password(admin, name)
    except PeopleRefused as error:
        return desk.refused("one_time_password", name, body.reason, error)
    desk.note("one_time_password", name, body.reason)
    return json_answer({"password": password})


@people_api.post("/me/password")
async def change_password(request: Request, desk: ADesk, body: PasswordBody) -> Response:
    """Give oneself a new password; all sessions end, and a new one begins."""
    name = desk.account.name
    try:
        await desk.console.people.change_own(desk.account, body.old, body.new, desk.client)
    except PeopleRefused as error:
        return desk.refused("change_password", name, "", error)
    desk.note("change_password", name)
    outcome = await desk.console.accounts.login(name, body.new, desk.client)
    response = Response(status_code=204)
    if isinstance(outcome, Session):
        set_session(request, response, outcome.cookie, desk.console.accounts.session_s)
    return response


@people_api.get("/sessions")
async def sessions(request: Request, desk: ADesk) -> Response:
    """Return one's own sessions, and those of the accounts that one administers, the newest used first."""
    mine = desk.console.accounts.session_of(request.cookies.get("hazwatch_session"))
    rows = desk.console.people.sessions(desk.account)
    return json_answer({"sessions": [_session_json(row, mine) for row in rows]})


@people_api.post("/sessions/end-others")
async def end_others(request: Request, desk: ADesk) -> Response:
    """End all of one's own sessions but this one."""
    mine = desk.console.accounts.session_of(request.cookies.get("hazwatch_session"))
    for row in desk.console.people.sessions(desk.account):
        if row.name == desk.account.name and row.id != mine:
            desk.console.people.end_session(desk.account, row.id)
    desk.note("end_session", desk.account.name)
    return Response(status_code=204)


@people_api.post("/sessions/{session}/end")
async def end_session(desk: ADesk, session: AName, body: EndBody) -> Response:
    """End a session at once, also its open streams."""
    try:
        row = desk.console.people.end_session(desk.account, session)
    except PeopleRefused as error:
        return desk.refused("end_session", "", body.reason, error)
    desk.note("end_session", row.name, body.reason)
    return Response(status_code=204)


@people_api.get("/tokens")
async def tokens(desk: ADesk) -> Response:
    """Return one's own tokens, and those of the accounts that one administers; never what proves them."""
    return json_answer({"tokens": [_token_json(row) for row in desk.console.tokens.rows(desk.account)]})


@people_api.post("/tokens")
async def make_token(desk: ADesk, body: TokenBody) -> Response:
    """Make a token for a program; the answer has it, and nothing else ever will."""
    try:
        name, token = desk.console.tokens.make(desk.account, body.label, body.role, body.scope, body.days)
    except PeopleRefused as error:
        return desk.refused("make_token", body.label, body.reason, error)
    detail = {**_grant(body.role, body.scope), "days": body.days, "id": name}
    desk.note("make_token", f"{desk.account.name}:{body.label}", body.reason, detail, scope=body.scope)
    return json_answer({"id": name, "token": token})


@people_api.post("/tokens/{token}/revoke")
async def revoke_token(desk: ADesk, token: AName, body: ReasonBody) -> Response:
    """End a token at once, also its open streams."""
    try:
        row = desk.console.tokens.revoke(desk.account, token)
    except PeopleRefused as error:
        return desk.refused("revoke_token", token, body.reason, error)
    desk.note("revoke_token", f"{row.owner}:{row.label}", body.reason, scope=row.scope)
    return Response(status_code=204)


def _grant(role: Role, scope: Scope) -> dict[str, Any]:
    given = {"role": role.value, "area": scope.area, "enterprise": scope.enterprise}
    return {key: value for key, value in given.items() if value is not None}


def _account_json(row: AccountRow, account: Account) -> dict[str, Any]:
    return {
        "name": row.name,
        "role": row.role,
        "area": row.scope.area,
        "enterprise": row.scope.enterprise,
        "disabled": row.disabled,
        "must_change": row.must_change,
        "sessions": row.sessions,
        "seen_ms": None if row.seen_s is None else row.seen_s * 1000,
        "me": row.name == account.name,
    }


def _session_json(row: SessionRow, mine: str | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "begun_ms": row.begun_s * 1000,
        "seen_ms": row.seen_s * 1000,
        "until_ms": row.until_s * 1000,
        "client": row.client,
        "this": row.id == mine,
    }


def _token_json(row: TokenRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "owner": row.owner,
        "label": row.label,
        "role": row.role,
        "area": row.scope.area,
        "enterprise": row.scope.enterprise,
        "made_ms": row.made_s * 1000,
        "until_ms": row.until_s * 1000,
        "used_ms": None if row.used_s is None else row.used_s * 1000,
    }
