"""Commands: what people and hazwatch itself tell the book; journalled as JSON before they count."""

from typing import Annotated

import msgspec

from alerting.events import Grade
from registry.plant import Text

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Comment = Annotated[str, msgspec.Meta(max_length=2000)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, tag="acknowledge", tag_field="command"):
    """A person has seen alert `alert` (its id).

    `seq` is that of the newest event the person saw: where the alert has moved on since, the command is refused, so
    that a stale page cannot acknowledge what nobody saw. None asks for no such check.
    """

    alert: Name
    by: Name
    seq: int | None = None
    comment: Comment = ""


class SystemCondition(msgspec.Struct, frozen=True, kw_only=True, tag="system_condition", tag_field="command"):
    """A trouble of hazwatch's own began, changed or ended: broker lost, store down, disk full, lagging.

    `name` tells the troubles apart (``broker_lost``, ``receiver_failing:duty``); `detail` says what is the matter.
    Telling the same again changes nothing.
    """

    name: Name
    active: bool
    detail: Text
    grade: Grade = Grade.YELLOW


class MergeIncidents(msgspec.Struct, frozen=True, kw_only=True, tag="merge_incidents", tag_field="command"):
    """A person finds that `incidents` are part of incident `into`, and says why; ids merged earlier mean the same."""

    into: Name
    incidents: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=1000)]
    by: Name
    reason: Reason


class SplitIncident(msgspec.Struct, frozen=True, kw_only=True, tag="split_incident", tag_field="command"):
    """A person finds that `alerts` (their ids) have nothing to do with the rest of `incident`, and says why.

    They become an incident of their own, which takes in what else comes of their sensors.
    """

    incident: Name
    alerts: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=10_000)]
    by: Name
    reason: Reason


class Silence(msgspec.Struct, frozen=True, kw_only=True, tag="silence", tag_field="command"):
    """Tell nobody of the alerts that all `matchers` hold for (as in routes.yaml), until `until_ns`.

    `comment` says why. `second` is the second person that a silence needs which could hold back a red alert.
    """

    matchers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=20)]
    by: Name
    comment: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    until_ns: int
    second: Name | None = None


class EndSilence(msgspec.Struct, frozen=True, kw_only=True, tag="end_silence", tag_field="command"):
    """End silence `silence` (its id) before its time."""

    silence: Name
    by: Name


RoutingCommand = Silence | EndSilence
"""Commands of routing; those of alerts are the book's."""

AlertCommand = Acknowledge | SystemCondition
IncidentCommand = MergeIncidents | SplitIncident
Command = AlertCommand | IncidentCommand | RoutingCommand


class CommandRefused(Exception):  # noqa: N818 - it names the answer, not a failure of the program
    """The command does not hold; nothing was changed. `code` is for programs, `text` for people."""

    def __init__(self, code: str, text: Text) -> None:
        self.code = code
        self.text = text
        super().__init__(f"{code}: {text.en}")


def encode_command(command: Command) -> bytes:
    """Return the command as the journal keeps it."""
    return msgspec.json.encode(command)


def decode_command(body: bytes) -> Command:
    """Return a journalled command; raise `msgspec.ValidationError` or `msgspec.DecodeError` where it is none."""
    return _DECODER.decode(body)


_DECODER: msgspec.json.Decoder[Command] = msgspec.json.Decoder(Command)
