"""Commands: what people and hazwatch itself tell the book; journalled as JSON before they count."""

from typing import Annotated, Literal

import msgspec

from alerting.events import Grade
from registry.plant import Text

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Words = Annotated[str, msgspec.Meta(max_length=2000)]
Said = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
"""Words that must be there."""


class Acknowledge(msgspec.Struct, frozen=True, kw_only=True, tag="acknowledge", tag_field="command"):
    """A person has seen alert `alert` (its id).

    `seq` is that of the newest event the person saw: where the alert has moved on since, the command is refused, so
    that a stale page cannot acknowledge what nobody saw. None asks for no such check.
    """

    alert: Name
    by: Name
    seq: int | None = None
    comment: Words = ""


class Confirm(msgspec.Struct, frozen=True, kw_only=True, tag="confirm", tag_field="command"):
    """What was done about an alert (处置反馈), open or closed not long ago: its cause and the action taken.

    `cause` is a code of the alarms file's list. An acknowledgement says that somebody saw it, this that it was seen to.
    """

    alert: Name
    by: Name
    cause: Name
    action: Said


class Comment(msgspec.Struct, frozen=True, kw_only=True, tag="comment", tag_field="command"):
    """A person's words on an alert, open or closed not long ago; they change nothing."""

    alert: Name
    by: Name
    comment: Said


class Check(msgspec.Struct, frozen=True, kw_only=True, tag="check", tag_field="command"):
    """A person has carried out a measure of an alert's advice, or (`done` false) takes that back; it moves nothing.

    The alert is open or was closed not long ago. `step` is the measure's own text, so that the record says what was done
    whatever the settings say later.
    """

    alert: Name
    by: Name
    step: Text
    done: bool


class Assign(msgspec.Struct, frozen=True, kw_only=True, tag="assign", tag_field="command"):
    """A person gives an open alert to `to` (an account, or a person of the routes file): who sees to it.

    It changes nothing else, and holds until it is given to another or the alert is closed.
    """

    alert: Name
    by: Name
    to: Name
    comment: Words = ""


class Reset(msgspec.Struct, frozen=True, kw_only=True, tag="reset", tag_field="command"):
    """A person takes the latch off an alert whose process has returned to normal."""

    alert: Name
    by: Name
    comment: Words = ""


class Shelve(msgspec.Struct, frozen=True, kw_only=True, tag="shelve", tag_field="command"):
    """Hold what a place tells, for `for_s` seconds (None: as the alarms file has it) or until it is normal again.

    The place is that of `alert`, or `slot` of `sensor` (its full id; see `alerting.events.slot_of`). `second` is the other
    person who agrees, without whom nothing of the safety class is held.
    """

    by: Name
    reason: Said
    alert: Name | None = None
    sensor: Name | None = None
    slot: Name = "process"
    for_s: float | None = None
    one_shot: bool = False
    second: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Unshelve(msgspec.Struct, frozen=True, kw_only=True, tag="unshelve", tag_field="command"):
    """End a shelving by hand, which shows that the alert was seen; the place is named as in `Shelve`."""

    by: Name
    alert: Name | None = None
    sensor: Name | None = None
    slot: Name = "process"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """All alerts of a sensor, of an equipment's sensors or of a hazard source's: by its id."""

    kind: Literal["sensor", "equipment", "source"]
    id: Name


class Suppress(msgspec.Struct, frozen=True, kw_only=True, tag="suppress", tag_field="command"):
    """The named `condition` holds by which alerts of a place mean nothing (suppression by design): a tank is emptied.

    `until_ns` None leaves it until somebody ends it.
    """

    condition: Name
    place: Place
    by: Name
    reason: Said
    until_ns: int | None = None
    second: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Unsuppress(msgspec.Struct, frozen=True, kw_only=True, tag="unsuppress", tag_field="command"):
    """The named condition of a place holds no more."""

    condition: Name
    place: Place
    by: Name
    reason: Words = ""


class TakeOutOfService(
    msgspec.Struct, frozen=True, kw_only=True, tag="take_out_of_service", tag_field="command"
):
    """A place is worked on under a permit until `until_ns` at the latest (ns of the pipeline's clock).

    `from_ns` announces works that begin then; None, or a time that has just passed, begins them at once. Of one permit at one
    place the announcement given last counts.

    `replaces` is the version (`alerting.arrangements.Arrangement.version`) of the works that this changes, as the person saw
    them: where they have changed, begun or ended since, the command is refused. None asks for no such check.
    """

    place: Place
    permit: Name
    until_ns: int
    from_ns: int | None = None
    replaces: Name | None = None
    by: Name
    reason: Said
    second: Annotated[str, msgspec.Meta(max_length=200)] = ""


class PutInService(msgspec.Struct, frozen=True, kw_only=True, tag="put_in_service", tag_field="command"):
    """The work of a permit at a place is over; what is announced of it is withdrawn."""

    place: Place
    permit: Name
    by: Name
    reason: Words = ""


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
    reason: Said


class SplitIncident(msgspec.Struct, frozen=True, kw_only=True, tag="split_incident", tag_field="command"):
    """A person finds that `alerts` (their ids) have nothing to do with the rest of `incident`, and says why.

    They become an incident of their own, which takes in what else comes of their sensors.
    """

    incident: Name
    alerts: Annotated[list[Name], msgspec.Meta(min_length=1, max_length=10_000)]
    by: Name
    reason: Said


class OverrideOnCall(msgspec.Struct, frozen=True, kw_only=True, tag="override_on_call", tag_field="command"):
    """These people are on duty by `schedule` from `from_ns` until just before `until_ns`, instead of whose turn it is.

    Of two that hold at a time the one that was given later counts. Nobody who was called already is called back.
    """

    schedule: Name
    people: Annotated[tuple[Name, ...], msgspec.Meta(min_length=1, max_length=20)]
    by: Name
    reason: Said
    from_ns: int
    until_ns: int


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
    reason: Words = ""


RoutingCommand = Silence | EndSilence
"""Commands of routing; those of alerts are the book's."""

OfAlert = Acknowledge | Confirm | Comment | Check | Assign | Reset
"""What a person says of one alert."""
OfPlace = Shelve | Unshelve | Suppress | Unsuppress | TakeOutOfService | PutInService
"""What holds the alerts of a place, and what ends that."""
AlertCommand = OfAlert | OfPlace | SystemCondition
OfIncident = MergeIncidents | SplitIncident
Command = AlertCommand | OfIncident | RoutingCommand | OverrideOnCall


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
