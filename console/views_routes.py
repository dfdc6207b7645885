"""The routes of saved views; each account has its own."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from starlette.responses import Response

from console.orders import Body
from console.problems import ProblemError
from console.routes import SignedIn, TheConsole, json_answer
from console.views import SavedView, Views

MAX_NAME_CHARS = 100
MAX_VIEW_CHARS = 4000

views_api = APIRouter(prefix="/api/v1")

Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS, pattern=r"\S")]


class ViewBody(Body):
    """A name, and what stands in the address behind the page's name."""

    name: Name
    view: str = Field(min_length=1, max_length=MAX_VIEW_CHARS)


class NameBody(Body):
    """The name of a view."""

    name: Name


async def _views(console: TheConsole) -> Views:
    return Views(console.accounts.path.parent)


TheViews = Annotated[Views, Depends(_views)]


@views_api.get("/views")
async def views(saved: TheViews, account: SignedIn) -> Response:
    """Return the account's views, by name."""
    return json_answer({"views": [one._asdict() for one in saved.of(account.name)]})


@views_api.post("/views")
async def save(saved: TheViews, account: SignedIn, body: ViewBody) -> Response:
    """Keep a view; one of the same name gives way."""
    if not saved.save(account.name, SavedView(body.name, body.view)):
        raise ProblemError("too_many_views")
    return json_answer({"views": [one._asdict() for one in saved.of(account.name)]})


@views_api.post("/views/delete")
async def delete(saved: TheViews, account: SignedIn, body: NameBody) -> Response:
    """Forget a view."""
    saved.remove(account.name, body.name)
    return json_answer({"views": [one._asdict() for one in saved.of(account.name)]})
