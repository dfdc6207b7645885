"""The routes of the audit log: searched, exported, verified; for administrators."""

import asyncio
import csv
import io
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from console.accounts import Account, Role
from console.asking import MAX_SEQ, MAX_TIME_MS, SignedIn, TheConsole, client_of, json_answer
from console.bodies import MAX_NAME_CHARS
from console.problems import ProblemError
from console.scope import UNLIMITED, Place, Scope
from console.spreadsheet import harmless
from ledger.audit import Anchor, Asked, AuditLog, Entry
from ledger.errors import LedgerError

MAX_ENTRIES = 500
MAX_EXPORTED = 100_000
MAX_PAGES = 40
"""So many pages are looked through for an account whose scope hides most of them."""
NS_PER_MS = 1_000_000
HASH_CHARS = 64

audit_api = APIRouter(prefix="/api/v1/audit")

Short = Annotated[str | None, Query(max_length=MAX_NAME_CHARS)]
TimeMs = Annotated[int | None, Query(ge=0, le=MAX_TIME_MS)]


async def _admin(account: SignedIn) -> Account:
    if not account.role.covers(Role.ADMIN):
        raise ProblemError("role")
    return account


async def _asked(
    *,
    who: Short = None,
    action: Short = None,
    subject: Short = None,
    words: Annotated[str, Query(max_length=MAX_NAME_CHARS)] = "",
    from_ms: TimeMs = None,
    to_ms: TimeMs = None,
) -> Asked:
    return Asked(
        who=who or None,
        action=action or None,
        subject=subject or None,
        words=tuple(words.split()),
        since_ns=None if from_ms is None else from_ms * NS_PER_MS,
        until_ns=None if to_ms is None else to_ms * NS_PER_MS,
    )


Admin = Annotated[Account, Depends(_admin)]
AskedFor = Annotated[Asked, Depends(_asked)]


@audit_api.get("")
async def search(
    console: TheConsole,
    account: Admin,
    asked: AskedFor,
    limit: Annotated[int, Query(ge=1, le=MAX_ENTRIES)] = 100,
    before: Annotated[int | None, Query(ge=0, le=MAX_SEQ)] = None,
) -> Response:
    """Return what people did, newest first; ``next_before`` leads to the next page, null at the end."""
    found, next_before = await asyncio.to_thread(
        _page, console.audit.log, asked, account.scope, limit, before
    )
    return json_answer({"entries": [_entry_json(one) for one in found], "next_before": next_before})


@audit_api.get("/export.csv")
async def export(request: Request, console: TheConsole, account: Admin, asked: AskedFor) -> Response:
    """Return what was searched for as CSV, newest first, at most 100 000 rows."""
    place = Place(enterprise=account.scope.enterprise, area=account.scope.area)
    console.audit.note(account.name, "export_audit", client=client_of(request), place=place)
    body = await asyncio.to_thread(_csv, console.audit.log, asked, account.scope)
    return Response(
        body,
        media_type="text/csv; charset=utf-8",
        headers={"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="audit.csv"'},
    )


@audit_api.get("/verification")
async def verify(
    console: TheConsole,
    account: Admin,
    n: Annotated[int | None, Query(ge=1, le=MAX_SEQ)] = None,
    hash_: Annotated[str | None, Query(alias="hash", min_length=HASH_CHARS, max_length=HASH_CHARS)] = None,
) -> Response:
    """Return whether the whole log is as it was written, and goes on from the anchor `n` and `hash`, if they are given."""
    if account.scope != UNLIMITED:
        raise ProblemError("scope")
    anchor = None if n is None or hash_ is None else Anchor(n, hash_)
    try:
        head = console.audit.log.head
        fault = await asyncio.to_thread(console.audit.log.verify, anchor)
    except LedgerError as error:
        raise ProblemError("internal") from error
    return json_answer(
        {
            "whole": fault is None,
            "fault": None if fault is None else {"n": fault.n, "how": fault.how},
            "head": {"n": head.n, "hash": head.hash},
        }
    )


def _page(
    log: AuditLog, asked: Asked, scope: Scope, limit: int, before: int | None
) -> tuple[list[Entry], int | None]:
    found: list[Entry] = []
    for _ in range(MAX_PAGES):
        page = log.search(asked, limit, before)
        for entry in page:
            before = entry.n
            if _sees(scope, entry):
                found.append(entry)
            if len(found) == limit:
                return found, before if before > 1 else None
        if len(page) < limit:
            return found, None
    return found, before


def _sees(scope: Scope, entry: Entry) -> bool:
    return scope.sees(Place(enterprise=entry.deed.enterprise, area=entry.deed.area))


def _everything(log: AuditLog, asked: Asked, scope: Scope) -> Iterator[Entry]:
    before: int | None = None
    while page := log.search(asked, MAX_ENTRIES, before):
        before = page[-1].n
        yield from (entry for entry in page if _sees(scope, entry))


def _csv(log: AuditLog, asked: Asked, scope: Scope) -> str:
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(_COLUMNS)
    for count, entry in enumerate(_everything(log, asked, scope)):
        if count >= MAX_EXPORTED:
            break
        row = _entry_json(entry)
        rows.writerow(["" if row[name] is None else harmless(str(row[name])) for name in _COLUMNS])
    return out.getvalue()


_COLUMNS: Sequence[str] = (
    "n",
    "t_ms",
    "who",
    "client",
    "action",
    "subject",
    "reason",
    "outcome",
    "detail",
    "enterprise",
    "area",
    "hash",
)


def _entry_json(entry: Entry) -> dict[str, Any]:
    deed = entry.deed
    return {
        "n": entry.n,
        "t_ms": deed.now_ns / 1e6,
        "who": deed.who,
        "client": deed.client,
        "action": deed.action,
        "subject": deed.subject,
        "reason": deed.reason,
        "outcome": deed.outcome,
        "detail": deed.detail,
        "enterprise": deed.enterprise,
        "area": deed.area,
        "hash": entry.hash,
    }
