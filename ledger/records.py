"""What the ledger keeps, as facts. Bodies are opaque bytes: the ledger never looks inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

from registry.plant import Text

_NOTHING = Text("", "")

EntryKind = Literal["messages", "command", "tick", "start"]
"""Kinds of journal entries: MQTT messages, a command, a deadline that told something, a start of the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """Something that happened to the pipeline and that its state is a fold over; `now_ns` is the pipeline's clock."""

    now_ns: int
    kind: EntryKind
    body: bytes


class Entry(NamedTuple):
    """A journal entry as it is kept; `seq` counts from 1 and is never used again."""

    seq: int
    now_ns: int
    kind: EntryKind
    body: bytes


class EventLine(NamedTuple):
    """An alert event: its `seq` (the pipeline's own count), the alert's id, the line without its end."""

    seq: int
    id: str
    line: bytes


class Opening(NamedTuple):
    """That an alert opened: the `seq` of its first event, its id, and what to find it by; sensor and source may be empty."""

    seq: int
    id: str
    sensor: str
    source: str
    kind: str


class OutboxState(StrEnum):
    """Where a notification is on its way; one is replaced where only the newest of its key need arrive."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    REPLACED = "replaced"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """A notification to be sent to one receiver; `id` is deterministic, so that putting it in twice changes nothing.

    Items of one receiver with one `key` (the alert's id, or a retained topic) leave strictly in their order: a later
    one waits until the earlier one is sent or has failed. Others do not wait for it.

    `alerts` are the ids of all alerts that it speaks of, `alert` is the first of them and `event_seq` and `time` are
    those of the event that caused it. `route` is the rule by which the receiver is told, `person` who is meant.
    `instead_of` is the notification that another receiver could not be told. Of those that may leave, those of a larger
    `gravity` leave first; what stands before a graver one of its key leaves as if it were as grave.
    """

    id: str
    receiver: str
    body: bytes
    gravity: int = 0
    key: str = ""
    reason: Text = _NOTHING
    alert: str = ""
    alerts: Sequence[str] = ()
    event_seq: int = 0
    time: str = ""
    person: str | None = None
    group: str | None = None
    route: str = ""
    created_ns: int = 0
    instead_of: str | None = None


class OutboxRow(NamedTuple):
    """A notification as it is kept; `attempts` have been made, the next is due at `next_try_ns`.

    `first_failed_ns` is when an attempt first came to nothing, 0 where none has; `handed_to` is the notification by which
    another receiver was told instead.
    """

    id: str
    receiver: str
    key: str
    body: bytes
    reason: Text
    state: OutboxState
    attempts: int
    next_try_ns: int
    updated_ns: int
    error: Text
    alert: str
    event_seq: int
    time: str
    person: str | None
    group: str | None
    route: str
    created_ns: int
    first_failed_ns: int
    instead_of: str | None
    handed_to: str | None
    gravity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxUpdate:
    """What came of an attempt at `at_ns`: a state, and for a retry when the next is due and why."""

    id: str
    state: OutboxState
    at_ns: int
    next_try_ns: int = 0
    error: Text = _NOTHING


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The notification `id` was handed on: `to` is the id of the one by which another receiver is told instead."""

    id: str
    to: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message, or `count` readings of one, that could not be used, with its reason."""

    now_ns: int
    reason: str
    detail: str
    topic: str
    payload: bytes
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """All that one step of the pipeline leaves behind; it is kept whole or not at all.

    `events` are told apart by seq and `notifications` by id: those that are there already change nothing.
    `openings` are told apart by seq too. `stored_seq` is the journal seq up to which the time-series store has everything.
    """

    entries: Sequence[JournalEntry] = ()
    events: Sequence[EventLine | tuple[int, str, bytes]] = ()
    openings: Sequence[Opening] = ()
    notifications: Sequence[OutboxItem] = ()
    dead_letters: Sequence[DeadLetter] = ()
    outbox_updates: Sequence[OutboxUpdate] = ()
    handed_over: Sequence[HandedOver] = ()
    stored_seq: int | None = None
