"""The routes of saved views; each account has its own."""

import asyncio
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from console.accounts import Account
from console.asking import Console, SignedIn, TheConsole, json_answer
from console.bodies import Body, Line
from console.problems import ProblemError
from console.saved import MAX_SAVED, Saved, SavedTexts

MAX_NAME_CHARS = 100
MAX_VIEW_CHARS = 4000

views_api = APIRouter(prefix="/api/v1")

Name = Annotated[Line, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=r"\S")]


class ViewBody(Body):
    """A name, and what stands in the address behind the page's name."""

    name: Name
    view: str = Field(min_length=1, max_length=MAX_VIEW_CHARS)


class NameBody(Body):
    """The name of a view."""

    name: Name


@views_api.get("/views")
async def views(console: TheConsole, account: SignedIn) -> Response:
    """Return the account's views, by name."""
    return await _all(console, account)


@views_api.post("/views")
async def save(console: TheConsole, account: SignedIn, body: ViewBody) -> Response:
    """Keep a view; one of the same name gives way."""
    if not await asyncio.to_thread(_kept(console).save, account.name, Saved(body.name, body.view)):
        raise ProblemError("too_many_views", more={"most": MAX_SAVED})
    return await _all(console, account)


@views_api.post("/views/remove")
async def remove(console: TheConsole, account: SignedIn, body: NameBody) -> Response:
    """Forget a view; return the others."""
    await asyncio.to_thread(_kept(console).remove, account.name, body.name)
    return await _all(console, account)


async def _all(console: Console, account: Account) -> Response:
    found = await asyncio.to_thread(_kept(console).of, account.name)
    return json_answer({"views": [{"name": one.name, "view": one.text} for one in found]})


def _kept(console: Console) -> SavedTexts:
    return SavedTexts(console.accounts.path.with_name("views.db"))
