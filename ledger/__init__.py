"""Local durable state: journal, snapshots, outbox."""

from ledger.errors import LedgerDamaged, LedgerError, LedgerLocked, LedgerTooNew
from ledger.ledger import Ledger
from ledger.reader import LedgerReader, open_readonly
from ledger.records import (
    Commit,
    DeadLetter,
    Entry,
    EntryKind,
    EventLine,
    JournalEntry,
    OutboxItem,
    OutboxRow,
    OutboxState,
    OutboxUpdate,
)
from ledger.snapshots import Snapshot

__all__ = [
    "Commit",
    "DeadLetter",
    "Entry",
    "EntryKind",
    "EventLine",
    "JournalEntry",
    "Ledger",
    "LedgerDamaged",
    "LedgerError",
    "LedgerLocked",
    "LedgerReader",
    "LedgerTooNew",
    "OutboxItem",
    "OutboxRow",
    "OutboxState",
    "OutboxUpdate",
    "Snapshot",
    "open_readonly",
]
