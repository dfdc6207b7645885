"""What the ledger keeps, as facts. Bodies are opaque bytes: the ledger never looks inside."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, NamedTuple

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


class OutboxState(StrEnum):
    """Where a notification is on its way."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxItem:
    """A notification to be sent to one receiver; `id` is deterministic, so that putting it in twice changes nothing.

    Items of one receiver with one `key` (the alert's id, or the sensor for a retained topic) leave strictly in
    their order: a later one waits until the earlier one is sent or has failed. Others do not wait for it.
    """

    id: str
    receiver: str
    body: bytes
    key: str = ""
    reason: str = ""


class OutboxRow(NamedTuple):
    """A notification as it is kept; `attempts` have been made, the next is due at `next_try_ns`."""

    id: str
    receiver: str
    key: str
    body: bytes
    reason: str
    state: OutboxState
    attempts: int
    next_try_ns: int
    updated_ns: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxUpdate:
    """What came of an attempt at `at_ns`: a state, and for a retry when the next is due and why."""

    id: str
    state: OutboxState
    at_ns: int
    next_try_ns: int = 0
    error: str = ""


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
    `stored_seq` is the journal seq up to which the time-series store has everything.
    """

    entries: Sequence[JournalEntry] = ()
    events: Sequence[EventLine | tuple[int, str, bytes]] = ()
    notifications: Sequence[OutboxItem] = ()
    dead_letters: Sequence[DeadLetter] = ()
    outbox_updates: Sequence[OutboxUpdate] = ()
    stored_seq: int | None = None
