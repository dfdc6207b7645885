"""The console as one ASGI application: the web API, the stream, the page."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles

from console.accounts import Accounts
from console.alarms_routes import alarms_api
from console.alert_routes import alert_api
from console.asking import Console, note_refusal
from console.audit import Audit
from console.audit_routes import audit_api
from console.backend import ConsoleBackend
from console.cap import cap_api
from console.desk_routes import desk_api
from console.etags import Etags
from console.feed import Feed
from console.guard import Guard
from console.openapi import describe
from console.orders import body_for
from console.people import People
from console.people_routes import people_api
from console.places_routes import places_api
from console.problems import UNFIT_TEXT, ProblemError, problem
from console.replay_routes import replay_api
from console.reports_routes import reports_api
from console.routes import api
from console.rules_routes import rules_api
from console.source_routes import Sparks, source_api
from console.system_routes import system_api
from console.tiles import Tiles
from console.tokens import Tokens
from console.usuals import Usuals
from console.views_routes import views_api
from ledger.audit import AuditLog

STATIC_DIR = Path(__file__).parent / "static"
"""Where hatch_build.py puts the built page."""

DATA_LATE_S = 10.0

MAX_FIELDS, MAX_FIELD_CHARS = 20, 200
"""Of what is wrong with one request: what was sent is not sent back at length."""

LOOKING = (api, alert_api, desk_api, alarms_api, places_api, views_api, source_api)
"""What looks at a plant, live or in a replay; of the rest there is only one at a time."""

_CODES: Mapping[int, str] = {404: "not_found", 405: "method", 408: "too_slow", 413: "too_large"}

Probe = Callable[[], tuple[bool, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """What the service answers to those that watch it; each is quick and never raises.

    `healthz` and `readyz` return whether all is well and a JSON body; `metrics` returns body and content type.
    """

    healthz: Probe
    readyz: Probe
    metrics: Callable[[], tuple[bytes, str]]


def create_app(
    backend: ConsoleBackend,
    accounts: Accounts,
    feed: Feed,
    audit: AuditLog,
    *,
    probes: Probes | None = None,
    static_dir: Path = STATIC_DIR,
    data_late_s: float = DATA_LATE_S,
    tiles: Tiles | None = None,
) -> FastAPI:
    """Return the console over a backend; the caller keeps ownership of all that it gives.

    Args:
        backend: the pipeline as the console sees it.
        accounts: who may sign in.
        audit: where the deeds of people are noted.
        feed: what the runtime publishes to; its heartbeat runs while the application does.
        probes: answers for /healthz, /readyz and /metrics; without them these do not exist.
        static_dir: the built page.
        data_late_s: age of the newest reading, in seconds, from which the page says that readings are late.
        tiles: where pages may fetch map tiles; without it no request of a page leaves this machine.
    """
    people = People(accounts)
    console = Console(
        backend=backend,
        accounts=accounts,
        feed=feed,
        audit=Audit(audit),
        people=people,
        tokens=Tokens(accounts, people),
        data_late_s=data_late_s,
        tiles=tiles,
    )
    feed.words = partial(body_for, console)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        beating = asyncio.create_task(feed.run(console.heartbeat), name="console heartbeat")
        try:
            yield
        finally:
            beating.cancel()
            await asyncio.wait([beating])

    app = FastAPI(
        title="hazwatch",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        redirect_slashes=False,  # it would lead to whatever host the request names
        lifespan=lifespan,
    )
    app.state.console = console
    app.state.sparks = Sparks()
    app.state.usuals = Usuals()
    app.add_middleware(Etags)
    app.add_middleware(Guard, pictures_of=None if tiles is None else tiles.origin)
    add_problem_handlers(app)
    if probes is not None:
        _add_probes(app, probes)
    for routes in (*LOOKING, cap_api, replay_api, reports_api, system_api, audit_api, rules_api, people_api):
        app.include_router(routes)
    _add_page(app, static_dir)
    describe(app)
    return app


def add_problem_handlers(app: FastAPI) -> None:
    """Answer everything that goes wrong with a problem in both languages."""

    @app.exception_handler(ProblemError)
    async def _problem(request: Request, error: ProblemError) -> Response:
        note_refusal(request, error.code)
        return problem(error.code, more=error.more, retry_after_s=error.retry_after_s)

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        return problem(_CODES.get(error.status_code, "bad_request"))

    @app.exception_handler(RequestValidationError)
    async def _invalid(_: Request, error: RequestValidationError) -> Response:
        fields = [
            {"field": ".".join(map(str, e["loc"]))[:MAX_FIELD_CHARS], "message": e["msg"][:MAX_FIELD_CHARS]}
            for e in error.errors()[:MAX_FIELDS]
        ]
        unfit = all(e["type"] == UNFIT_TEXT for e in error.errors())
        return problem(UNFIT_TEXT if unfit else "bad_request", more={"fields": fields})

    @app.exception_handler(Exception)
    async def _internal(_: Request, __: Exception) -> Response:
        return problem("internal")


def _add_probes(app: FastAPI, probes: Probes) -> None:
    def answer(probe: Probe) -> Response:
        well, body = probe()
        return Response(
            msgspec.json.encode(body),
            status_code=200 if well else 503,
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    @app.get("/healthz", include_in_schema=False)
    async def _healthz() -> Response:
        return answer(probes.healthz)

    @app.get("/readyz", include_in_schema=False)
    async def _readyz() -> Response:
        return answer(probes.readyz)

    @app.get("/metrics", include_in_schema=False)
    async def _metrics() -> Response:
        body, content_type = probes.metrics()
        return Response(body, headers={"Content-Type": content_type, "Cache-Control": "no-store"})


class _Assets(StaticFiles):
    """Files whose names carry a hash of their content, so a browser may keep them for good."""

    async def check_config(self) -> None:
        """Where the page is not built no file is found, as any other that is not there."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _add_page(app: FastAPI, static_dir: Path) -> None:
    def page_file(name: str) -> Response:
        path = static_dir / name
        if not path.is_file():
            return problem("no_page")
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    @app.get("/", include_in_schema=False)
    async def _index() -> Response:
        return page_file("index.html")

    @app.get("/favicon.svg", include_in_schema=False)
    async def _icon() -> Response:
        return page_file("favicon.svg")

    app.mount("/assets", _Assets(directory=static_dir / "assets", check_dir=False))
