"""The routes of the page about hazwatch itself; for accounts that no scope limits."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from alerting.texts import both
from console.accounts import Account, Role
from console.asking import MAX_SEQ, SignedIn, TheConsole, client_of, json_answer
from console.bodies import MAX_NAME_CHARS, Body, Said
from console.problems import ProblemError, problem_of
from console.scope import UNLIMITED
from console.system_backend import Letter

MAX_LETTERS = 200
SHOWN_BYTES = 400

system_api = APIRouter(prefix="/api/v1")


class TryBody(Body):
    """Why the receiver is tried."""

    reason: Said


@system_api.get("/system")
async def system(console: TheConsole, account: SignedIn) -> Response:
    """Return hazwatch's own figures: versions, counts, queues, receivers, how much was refused and why."""
    _check_unlimited(account)
    return json_answer(console.backend.own.figures())


@system_api.get("/dead-letters")
async def dead_letters(
    console: TheConsole,
    account: SignedIn,
    *,
    reason: Annotated[str | None, Query(max_length=MAX_NAME_CHARS)] = None,
    before: Annotated[int | None, Query(ge=0, le=MAX_SEQ)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LETTERS)] = 50,
) -> Response:
    """Return refused messages, newest first, with the beginning of each; ``next_before`` leads on, null at the end."""
    _check_unlimited(account)
    found = console.backend.own.letters(limit + 1, before, reason)
    page = found[:limit]
    return json_answer(
        {
            "letters": [_letter_json(one) for one in page],
            "next_before": page[-1].number if len(found) > limit else None,
        }
    )


@system_api.get("/dead-letters/{number}/payload")
async def payload(
    console: TheConsole, account: SignedIn, number: Annotated[int, Path(ge=0, le=MAX_SEQ)]
) -> Response:
    """Return the whole payload of a refused message, to be saved and never shown as a page."""
    _check_unlimited(account)
    found = console.backend.own.letter(number)
    if found is None:
        raise ProblemError("not_found")
    return Response(
        found.payload,
        media_type="application/octet-stream",
        headers={
            "Cache-Control": "no-store",
            "Content-Disposition": f'attachment; filename="dead-letter-{number}.bin"',
        },
    )


@system_api.post("/receivers/{name}/test")
async def try_receiver(
    request: Request,
    console: TheConsole,
    account: SignedIn,
    name: Annotated[str, Path(min_length=1, max_length=MAX_NAME_CHARS)],
    body: TryBody,
) -> Response:
    """Send a receiver a notification that says it is a test; the answer says what came of it."""
    if not account.role.covers(Role.ADMIN):
        raise ProblemError("role")
    _check_unlimited(account)
    tried = await console.backend.own.try_receiver(name, account.name)
    if tried is None:
        raise ProblemError("not_found")
    outcome = "done" if tried.sent else tried.refused or "not_sent"
    console.audit.note(account.name, "test_receiver", name, body.reason, outcome, client=client_of(request))
    if tried.refused is not None and tried.why is not None:
        return problem_of(409, tried.refused, tried.why)
    return json_answer(
        {"sent": tried.sent, "again": tried.again, "why": None if tried.why is None else both(tried.why)}
    )


def _check_unlimited(account: Account) -> None:
    if account.scope != UNLIMITED:
        raise ProblemError("scope")


def _letter_json(letter: Letter) -> dict[str, Any]:
    return {
        "number": letter.number,
        "t_ms": letter.now_ns / 1e6,
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "payload": letter.payload[:SHOWN_BYTES].decode("utf-8", "replace"),
        "bytes": len(letter.payload),
        "count": letter.count,
    }
