"""One command for many alerts: its body, and the command that it means for each of them."""

from typing import Annotated, Literal, assert_never

from pydantic import Field

from alerting.commands import Acknowledge, Assign, Comment, Confirm, OfAlert, Reset, Shelve, Unshelve
from console.asking import MAX_SEQ
from console.bodies import AssignBody, Body, CommentBody, ConfirmBody, Name, ResetBody, ShelveBody

MAX_BULK = 200
"""Alerts of one request: each is a transaction of its own, and nothing else is answered during one."""


class BulkAlert(Body):
    """An alert, the event that was seen of it, and whether it was really in view then."""

    id: Name
    seq: int | None = Field(default=None, ge=0, le=MAX_SEQ)
    in_view: bool = False


class AcknowledgeAll(ResetBody):
    """Acknowledge each as it was seen."""

    order: Literal["ack"]


class ConfirmAll(ConfirmBody):
    """The same cause and action for each."""

    order: Literal["confirm"]


class CommentAll(CommentBody):
    """The same words for each."""

    order: Literal["comment"]


class ResetAll(ResetBody):
    """Take the latch off each."""

    order: Literal["reset"]


class ShelveAll(ShelveBody):
    """Hold back each for the same reason and time."""

    order: Literal["shelve"]


class UnshelveAll(Body):
    """End each one's shelving."""

    order: Literal["unshelve"]


class AssignAll(AssignBody):
    """Give each to the same person."""

    order: Literal["assign"]


Asked = AcknowledgeAll | ConfirmAll | CommentAll | ResetAll | ShelveAll | UnshelveAll | AssignAll


class BulkBody(Body):
    """What is asked of which alerts."""

    command: Annotated[Asked, Field(discriminator="order")]
    alerts: list[BulkAlert] = Field(min_length=1, max_length=MAX_BULK)


def command_for(  # noqa: PLR0911 - one for each order
    asked: Asked, alert: BulkAlert, by: str, second: str
) -> OfAlert | Shelve | Unshelve:
    """Return what is asked of one alert; `second` is the proved name of a second person, or empty."""
    match asked:
        case AcknowledgeAll():
            return Acknowledge(alert=alert.id, by=by, seq=alert.seq, comment=asked.comment)
        case ConfirmAll():
            return Confirm(alert=alert.id, by=by, cause=asked.cause, action=asked.action)
        case CommentAll():
            return Comment(alert=alert.id, by=by, comment=asked.comment)
        case ResetAll():
            return Reset(alert=alert.id, by=by, comment=asked.comment)
        case ShelveAll():
            return shelving(asked, alert.id, by, second)
        case UnshelveAll():
            return Unshelve(by=by, alert=alert.id)
        case AssignAll():
            return Assign(alert=alert.id, by=by, to=asked.to, comment=asked.comment)
    assert_never(asked)


def shelving(asked: ShelveBody, alert: str, by: str, second: str) -> Shelve:
    """Return the command that a body of a shelving means for one alert."""
    return Shelve(
        by=by, reason=asked.reason, alert=alert, for_s=asked.for_s, one_shot=asked.one_shot, second=second
    )
