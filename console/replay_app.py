"""The console of one replay: the routes of the live one that look at a plant, over a pipeline in simulated time."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from console.accounts import Accounts
from console.app import LOOKING, add_problem_handlers
from console.asking import MAX_TIME_MS, Console, SignedIn, json_answer
from console.audit import Audit
from console.backend import ConsoleBackend
from console.feed import Feed
from console.orders import body_for
from console.people import People
from console.problems import ProblemError
from console.replay_backend import Jump, ReplayControl
from console.source_routes import Sparks
from console.tokens import Tokens
from console.usuals import Usuals
from ledger.audit import AuditLog

BEAT_S = 0.25
MAX_SPEED = 600.0
_FOREVER_S = 1e12
"""Readings of the past are never late."""

control_api = APIRouter(prefix="/api/v1")


class ControlBody(BaseModel):
    """What the replay is to do; what is not named stays."""

    model_config = ConfigDict(extra="forbid")
    speed: float | None = Field(default=None, ge=1, le=MAX_SPEED)
    paused: bool | None = None
    seek_ms: int | None = Field(default=None, ge=0, le=MAX_TIME_MS)
    jump: Jump | None = None


class ReplayConsole:
    """The application with what changes under it: going back in time takes another backend."""

    def __init__(self, accounts: Accounts, feed: Feed, audit: AuditLog) -> None:
        self._accounts = accounts
        self._people = People(accounts)
        self._tokens = Tokens(accounts, self._people)
        self._feed = feed
        self._audit = Audit(audit)
        self.app = FastAPI(
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            lifespan=self._lifespan,
        )
        add_problem_handlers(self.app)
        for routes in (*LOOKING, control_api):
            self.app.include_router(routes)

    def show(self, backend: ConsoleBackend) -> None:
        """Answer from this backend from now on."""
        console = Console(
            backend=backend,
            accounts=self._accounts,
            feed=self._feed,
            audit=self._audit,
            people=self._people,
            tokens=self._tokens,
            data_late_s=_FOREVER_S,
        )
        self.app.state.console = console
        self._feed.words = partial(body_for, console)
        self.app.state.sparks = Sparks()
        self.app.state.usuals = Usuals()

    def control(self, control: ReplayControl) -> None:
        """Let this be what the replay's course is changed by."""
        self.app.state.control = control

    def beat(self) -> Mapping[str, Any]:
        """Return the heartbeat: that of the plant, and what the replay does."""
        state = self.app.state
        return {**state.console.heartbeat(), "replay": state.control.status()}

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        beating = asyncio.create_task(self._feed.run(self.beat, BEAT_S), name="replay heartbeat")
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.wait([beating])


def _control(request: Request) -> ReplayControl:
    control: ReplayControl = request.app.state.control
    return control


@control_api.get("/replay")
async def status(request: Request, _: SignedIn) -> Response:
    """Return what the replay does."""
    return json_answer(_control(request).status())


@control_api.post("/replay")
async def order(request: Request, account: SignedIn, body: Annotated[ControlBody, ...]) -> Response:
    """Change its pace or its place; returns at once, its heartbeats tell how far it is."""
    control = _control(request)
    if body.speed is not None:
        control.set_speed(body.speed)
    if body.paused is not None:
        control.pause(paused=body.paused)
    if body.seek_ms is not None:
        control.seek(body.seek_ms * 1_000_000)
    if body.jump is not None and not control.jump(body.jump, account.scope.sees):
        raise ProblemError("no_earlier_alert")
    return json_answer(control.status())
