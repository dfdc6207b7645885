"""The routes of reports: which there are, one of them in a format, and the notes that a shift leaves to the next."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from alerting.texts import both
from console.accounts import Account, Role
from console.asking import (
    MAX_SEQ,
    MAX_TIME_MS,
    Console,
    Operator,
    SignedIn,
    TheConsole,
    client_of,
    json_answer,
)
from console.bodies import Paragraph
from console.orders import arrangements_seen, works_ahead_seen
from console.problems import ProblemError, problem_of
from console.reports_backend import Asked, ReportRefused, ShiftTime, place_of_note
from console.scope import Place
from ledger.errors import LedgerError
from ledger.handover import MAX_NOTES, MAX_TEXT_CHARS, HandoverNote
from registry.plant import Text

NS_PER_MS = 1_000_000
DAY_MS = 86_400_000
SHIFT_DAYS = 7
"""Shifts of so many days back and ahead are offered."""
OF_NOW_NS = 3_600_000_000_000
"""A hand-over of a period that ended not longer ago tells what holds alerts back now."""
MAX_ANSWER_CHARS = 500
MAX_NOTES_DAYS = 31


class Kind(StrEnum):
    """Which report."""

    HANDOVER = "handover"
    ALARMS = "alarms"
    DAILY = "daily"
    MONTHLY = "monthly"


LONGEST_DAYS = {Kind.HANDOVER: 2, Kind.DAILY: 2, Kind.MONTHLY: 32, Kind.ALARMS: 367}
"""So long the period of a report may be; `hazwatch report` has no such bound."""
_MEDIA = {
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}

reports_api = APIRouter(prefix="/api/v1/reports")

TimeMs = Annotated[int, Query(ge=0, le=MAX_TIME_MS)]


class NoteBody(BaseModel):
    """What the outgoing shift, named by when it began, leaves to the incoming one."""

    model_config = ConfigDict(extra="forbid")
    shift_ms: int = Field(ge=0, le=MAX_TIME_MS)
    text: Paragraph = Field(min_length=1, max_length=MAX_TEXT_CHARS, pattern=r"\S")


class TakeOverBody(BaseModel):
    """What the one who takes a note over has to say."""

    model_config = ConfigDict(extra="forbid")
    answer: Paragraph = Field(default="", max_length=MAX_ANSWER_CHARS)


@reports_api.get("")
async def reports(console: TheConsole, account: SignedIn) -> Response:
    """Return which reports there are, the zone in which they are cut, and the shifts of some days around now."""
    backend = console.backend
    now_ns = backend.now_ns()
    return json_answer(
        {
            "kinds": list(Kind),
            "formats": list(_MEDIA),
            "longest_days": {str(kind): days for kind, days in LONGEST_DAYS.items()},
            "zone": backend.reports.zone,
            "now_ms": now_ns // NS_PER_MS,
            "shifts": [_shift(one) for one in backend.reports.shifts(now_ns, SHIFT_DAYS)],
            "may_write": account.role.covers(Role.OPERATOR),
        }
    )


@reports_api.get("/handover/notes")
async def notes(console: TheConsole, account: SignedIn, from_ms: TimeMs, to_ms: TimeMs) -> Response:
    """Return the notes of shifts that began in a period, oldest first; those that the account's scope sees."""
    _check(from_ms, to_ms, MAX_NOTES_DAYS)
    try:
        found = await console.backend.reports.notes(from_ms * NS_PER_MS, to_ms * NS_PER_MS)
    except LedgerError as error:
        return _unavailable(error)
    return json_answer({"notes": [_note(one) for one in found if account.scope.sees(place_of_note(one))]})


@reports_api.post("/handover/notes")
async def write_note(
    request: Request, console: TheConsole, account: Operator, body: Annotated[NoteBody, Body()]
) -> Response:
    """Keep a note of a shift that has begun, under the session's name; it can never be changed."""
    now_ns, shift_ns = console.backend.now_ns(), body.shift_ms * NS_PER_MS
    shifts = console.backend.reports.shifts(shift_ns, 1)
    if shift_ns > now_ns or all(one.start_ns != shift_ns for one in shifts):
        message = "no shift began then"
        raise ProblemError("bad_request", more={"fields": [{"field": "shift_ms", "message": message}]})
    note = HandoverNote(
        0, shift_ns, account.scope.enterprise, account.scope.area, now_ns, account.name, body.text.strip()
    )
    try:
        kept = await console.backend.reports.write_note(note)
    except LedgerError as error:
        return _unavailable(error)
    if kept is None:
        return problem_of(409, "too_many_notes", _TOO_MANY)
    _audit(request, console, account, "handover_note", kept, kept.text)
    return json_answer({"note": _note(kept)})


@reports_api.post("/handover/notes/{note_id}/take-over")
async def take_over(
    request: Request,
    console: TheConsole,
    account: Operator,
    note_id: int,
    body: Annotated[TakeOverBody, Body()],
) -> Response:
    """Take a note over, under the session's name; its author cannot, and only the first one counts."""
    try:
        found = await _find(console, account, note_id)
        if found.by == account.name:
            return problem_of(409, "own_note", _OWN_NOTE)
        done = await console.backend.reports.take_over(
            note_id, account.name, console.backend.now_ns(), body.answer.strip()
        )
        now = await _find(console, account, note_id)
    except LedgerError as error:
        return _unavailable(error)
    if not done:
        text = Text(f"{now.taken_by} 已接班", f"{now.taken_by} has taken it over already")
        return problem_of(409, "already_taken_over", text, more={"note": _note(now)})
    _audit(request, console, account, "take_over_note", now, now.answer)
    return json_answer({"note": _note(now)})


@reports_api.get("/{kind}")
async def report(  # noqa: PLR0917 - the fields of a query
    request: Request,
    console: TheConsole,
    account: SignedIn,
    kind: Kind,
    from_ms: TimeMs,
    to_ms: TimeMs,
    format: Literal["json", "csv", "xlsx", "pdf"] = "json",  # noqa: A002 - the API's word
    lang: Literal["zh", "en"] = "zh",
    by: Annotated[tuple[Literal["operator", "source", "enterprise", "area"], ...], Query(max_length=4)] = (),
) -> Response:
    """Return a report of a period, up to now at the latest; JSON has both languages, other formats the one of `lang`."""
    _check(from_ms, to_ms, LONGEST_DAYS[kind])
    backend = console.backend
    start_ns, end_ns = from_ms * NS_PER_MS, min(to_ms * NS_PER_MS, backend.now_ns())
    if start_ns >= end_ns:
        message = "the period has not begun yet"
        raise ProblemError("bad_request", more={"fields": [{"field": "from_ms", "message": message}]})
    of_now = kind is Kind.HANDOVER and backend.now_ns() - end_ns <= OF_NOW_NS
    asked = Asked(
        kind=kind,
        start_ns=start_ns,
        end_ns=end_ns,
        format=format,
        language=lang,
        by=by,
        account=account.name,
        scope=account.scope,
        arrangements=arrangements_seen(console, account.scope) if of_now else None,
        ahead=works_ahead_seen(console, account.scope) if of_now else None,
    )
    try:
        body = await backend.reports.make(asked)
    except ReportRefused as refused:
        raise ProblemError(refused.code, more=_detail(refused)) from refused
    if format != "json":
        detail = {"from_ms": from_ms, "to_ms": to_ms, "format": format}
        console.audit.note(
            account.name, "export_report", kind, client=client_of(request), detail=detail, place=_of(account)
        )
    return _file(body, kind, format, start_ns, backend.reports.zone)


def _check(from_ms: int, to_ms: int, days: int) -> None:
    if not 0 < to_ms - from_ms <= days * DAY_MS:
        message = f"after from_ms, and at most {days} days after it"
        raise ProblemError("bad_request", more={"fields": [{"field": "to_ms", "message": message}]})


def _file(body: bytes, kind: Kind, format_: str, start_ns: int, zone: str) -> Response:
    headers = {"Cache-Control": "no-store"}
    if format_ != "json":
        start = datetime.fromtimestamp(start_ns // 1_000_000_000, UTC).astimezone(ZoneInfo(zone))
        name = f"hazwatch-{kind}-{start:%Y%m%dT%H%M}.{format_}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(body, media_type=_MEDIA[format_], headers=headers)


def _detail(refused: ReportRefused) -> dict[str, Any]:
    detail = refused.detail
    return {} if detail is None else {"detail": both(detail)}


def _of(account: Account) -> Place:
    """Return to where belongs what an account sees of a report."""
    return Place(enterprise=account.scope.enterprise, area=account.scope.area)


def _audit(  # noqa: PLR0917 - what is noted comes from as many places
    request: Request, console: Console, account: Account, action: str, note: HandoverNote, words: str
) -> None:
    console.audit.note(
        account.name, action, str(note.id), words, client=client_of(request), place=place_of_note(note)
    )


async def _find(console: Console, account: Account, note_id: int) -> HandoverNote:
    found = await console.backend.reports.note(note_id) if 0 < note_id <= MAX_SEQ else None
    if found is None or not account.scope.sees(place_of_note(found)):
        raise ProblemError("not_found")
    return found


def _shift(shift: ShiftTime) -> dict[str, Any]:
    return {
        "name": shift.name,
        "start_ms": shift.start_ns // NS_PER_MS,
        "end_ms": shift.end_ns // NS_PER_MS,
    }


def _note(note: HandoverNote) -> dict[str, Any]:
    return {
        "id": note.id,
        "shift_ms": note.shift_ns // NS_PER_MS,
        "written_ms": note.written_ns // NS_PER_MS,
        "by": note.by,
        "text": note.text,
        "taken_ms": None if note.taken_ns is None else note.taken_ns // NS_PER_MS,
        "taken_by": note.taken_by,
        "answer": note.answer,
    }


_TOO_MANY = Text(
    f"此班留言已达 {MAX_NOTES} 条", f"This shift has {MAX_NOTES} notes already, which is all it may have"
)
_OWN_NOTE = Text("自己的留言须由他人接班", "Somebody else must take over what you wrote")


def _unavailable(error: LedgerError) -> Response:
    return problem_of(
        503,
        "notes_unavailable",
        Text(
            f"留言暂不可读写，请稍后重试：{error}", f"Notes can neither be read nor kept, try again: {error}"
        ),
    )
