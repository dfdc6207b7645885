"""What the body of a request of a person may hold: texts that can be shown, bounded; a second person's proof."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from console.asking import MAX_TIME_MS
from console.passwords import MAX_CHARS
from console.problems import UNFIT_TEXT
from registry.texts import text_problem

MAX_SAID_CHARS = 2000
MAX_NAME_CHARS = 200
NS_PER_MS = 1_000_000


def _paragraph(text: str) -> str:
    return _fit(text, lines=True)


def _line(text: str) -> str:
    return _fit(text, lines=False)


def _fit(text: str, *, lines: bool) -> str:
    if problem := text_problem(text, lines=lines):
        raise PydanticCustomError(UNFIT_TEXT, "{problem}", {"problem": problem})
    return text


Paragraph = Annotated[str, AfterValidator(_paragraph)]
"""What a person says: line breaks may stand in it; its length is bounded where it is used."""
Line = Annotated[str, AfterValidator(_line)]
"""A name or a label."""
Said = Annotated[Paragraph, Field(min_length=1, max_length=MAX_SAID_CHARS)]
Name = Annotated[Line, Field(min_length=1, max_length=MAX_NAME_CHARS)]
TimeMs = Annotated[int, Field(ge=0, le=MAX_TIME_MS)]


class Body(BaseModel):
    """The body of a command; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")


class SecondBody(Body):
    """The other person who agrees, proved by name and password in the same request."""

    name: Line = Field(min_length=1, max_length=256)
    password: str = Field(min_length=1, max_length=MAX_CHARS)


class CommentBody(Body):
    """A person's words."""

    comment: Said


class ResetBody(Body):
    """A person's words, if there are any."""

    comment: Paragraph = Field(default="", max_length=MAX_SAID_CHARS)


class AssignBody(ResetBody):
    """Who sees to it: an account or a person of the routes file, by id; and a person's words, if there are any."""

    to: Name


class ConfirmBody(Body):
    """What was the cause, by its code, and what was done."""

    cause: Name
    action: Said


class ShelveBody(Body):
    """Why, and for how long: `for_s` seconds, or until it is normal again."""

    reason: Said
    for_s: float | None = Field(default=None, gt=0, le=1e9, allow_inf_nan=False)
    one_shot: bool = False
    second: SecondBody | None = None


class PlaceBody(Body):
    """A sensor, an equipment or a hazard source by its id."""

    kind: Literal["sensor", "equipment", "source"]
    id: Name


class SuppressBody(Body):
    """The condition by which a place's alerts mean nothing."""

    condition: Name
    place: PlaceBody
    reason: Said
    until_ms: TimeMs | None = None
    second: SecondBody | None = None


class UnsuppressBody(Body):
    """Which condition of which place is over."""

    condition: Name
    place: PlaceBody
    reason: Said


class OutOfServiceBody(Body):
    """A place that is worked on under a permit, from `from_ms` on or at once; `replaces` is the version that this changes."""

    place: PlaceBody
    permit: Name
    from_ms: TimeMs | None = None
    until_ms: TimeMs
    reason: Said
    replaces: Name | None = None
    second: SecondBody | None = None


class InServiceBody(Body):
    """Which permit's work at which place is over, and why it is known."""

    place: PlaceBody
    permit: Name
    reason: Said


class SilenceBody(Body):
    """Of which alerts nobody is to be told, why, and until when."""

    matchers: list[Name] = Field(min_length=1, max_length=20)
    comment: Said
    until_ms: TimeMs
    second: SecondBody | None = None


class EndSilenceBody(Body):
    """Why a silence ends before its time."""

    reason: Said


class OverrideBody(Body):
    """Who is on duty by a schedule instead of whose turn it is, from when until when, and why."""

    schedule: Name
    people: list[Name] = Field(min_length=1, max_length=20)
    from_ms: TimeMs
    until_ms: TimeMs
    reason: Name


class MergeBody(Body):
    """Which incidents are part of this one, and why."""

    incidents: list[Name] = Field(min_length=1, max_length=1000)
    reason: Said


class SplitBody(Body):
    """Which alerts have nothing to do with the rest, and why."""

    alerts: list[Name] = Field(min_length=1, max_length=1000)
    reason: Said
