"""The durable state of one pipeline: journal, alert events, outbox, dead letters, snapshots."""

import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import structlog

from ledger.errors import LedgerError, told
from ledger.limits import LoadedFrom, put_limits
from ledger.lock import StateLock
from ledger.reader import FILE_NAME, OUTBOX_COLUMNS, LedgerReader, entry_crc, outbox_row
from ledger.records import (
    Commit,
    DeadLetter,
    EventLine,
    JournalEntry,
    OutboxItem,
    OutboxRow,
    OutboxState,
    OutboxUpdate,
)
from ledger.schema import migrate
from ledger.snapshots import Snapshot, SnapshotFolder, spread
from registry.plant import Text
from registry.sensors import SensorSpec

SNAPSHOTS_KEPT = 3
WAYPOINTS = 12
"""Older snapshots kept for replays: a replay folds at most a twelfth of the journal before it shows anything."""
WAYPOINT_BYTES = 2 << 30
"""Disk that they take at most."""
DEAD_LETTERS_KEPT = 1000
_WAL_BYTES = 64 << 20
_PRUNE_ROWS = 2000
_ROW_COST_BYTES = 64

_log = structlog.get_logger(__name__)


class Ledger(LedgerReader):
    """The one writer of a state folder; made by `open`. Every call that changes something is durable on return.

    Calls may come from any thread; they take turns. Reading does not wait for writing.
    """

    def __init__(
        self, state_dir: Path, lock: StateLock, writes: sqlite3.Connection, reads: sqlite3.Connection
    ) -> None:
        super().__init__(reads, state_dir / FILE_NAME)
        self._lock = lock
        self._writes = writes
        self._writes_lock = threading.RLock()
        self._snapshots = SnapshotFolder(state_dir / "snapshots", self.ledger_id)
        self._last_seq = self.last_seq
        self.conflicts = 0
        """Alert events whose seq was there already with another text: the fold was not deterministic."""

    @classmethod
    def open(cls, state_dir: Path) -> Self:
        """Open the ledger of a state folder, making it where there is none.

        Raises `LedgerLocked` while another process has it, `LedgerTooNew`, `LedgerDamaged` or another `LedgerError`.
        """
        lock = StateLock(state_dir)
        path = state_dir / FILE_NAME
        opened: list[sqlite3.Connection] = []
        try:
            with told(path):
                opened.extend(_connect(path) for _ in range(2))
                writes, reads = opened
                _use_write_ahead_log(writes, path)
                migrate(writes, path)
                reads.execute("PRAGMA query_only = ON")
                return cls(state_dir, lock, writes, reads)
        except BaseException:
            for connection in opened:
                connection.close()
            lock.release()
            raise

    def close(self) -> None:
        """Let go of the folder."""
        super().close()
        with self._writes_lock:
            self._writes.close()
        self._lock.release()

    def commit(self, commit: Commit) -> int:
        """Keep all of a step in one transaction; return the seq of the newest journal entry.

        When this returns it is on the disk. When it raises nothing of it is kept.
        """
        with self._writes_lock:
            with self._transaction() as db:
                last = _put_entries(db, commit.entries, self._last_seq)
                conflicts = sum(_put_event(db, EventLine(*event)) for event in commit.events)
                db.executemany("INSERT OR IGNORE INTO alert_openings VALUES (?,?,?,?,?)", commit.openings)
                _put_notifications(db, commit.notifications, last)
                _put_dead_letters(db, commit.dead_letters)
                _update_outbox(db, commit.outbox_updates)
                db.executemany(
                    "UPDATE outbox SET handed_to = ? WHERE id = ?", [(h.to, h.id) for h in commit.handed_over]
                )
                if commit.stored_seq is not None:
                    db.execute(
                        "INSERT OR REPLACE INTO meta VALUES ('stored_seq', ?)", (str(commit.stored_seq),)
                    )
            self._last_seq = last
            self.conflicts += conflicts
        if conflicts:
            _log.error("alert_event_differs_from_journal", events=conflicts)
        return last

    def pending(self, now_ns: int, limit: int = 100, without: Collection[str] = ()) -> list[OutboxRow]:
        """Return notifications due at `now_ns`, the gravest first, then as they were made; at most one of a (receiver, key).

        Those of the receivers `without` are left out.
        """
        rows = self._all(
            f"SELECT {OUTBOX_COLUMNS} FROM outbox"  # noqa: S608 - fixed words and places only
            f" WHERE head = 1 AND next_try_ns <= ? AND receiver NOT IN ({','.join('?' * len(without))})"
            " ORDER BY gravity DESC, n LIMIT ?",
            (now_ns, *without, limit),
        )
        return [outbox_row(row) for row in rows]

    def waiting(self, receiver: str, limit: int = 100) -> list[OutboxRow]:
        """Return the oldest notifications that wait for a receiver and were not handed on to another."""
        rows = self._all(
            f"SELECT {OUTBOX_COLUMNS} FROM outbox"  # noqa: S608 - fixed words and places only
            " WHERE receiver = ? AND state = 'pending' AND handed_to IS NULL ORDER BY n LIMIT ?",
            (receiver, limit),
        )
        return [outbox_row(row) for row in rows]

    def leave_newest(self, receiver: str, key: str, at_ns: int) -> int:
        """Replace what waits for a receiver with one key by the newest of it; return how many were replaced."""
        newest = self._all(
            "SELECT n FROM outbox WHERE state = 'pending' AND receiver = ? AND key = ? ORDER BY n DESC LIMIT 2",
            (receiver, key),
        )
        if len(newest) == 1:
            return 0
        with self._transaction() as db:
            return db.execute(
                "UPDATE outbox SET state = 'replaced', updated_ns = ?"
                " WHERE state = 'pending' AND receiver = ? AND key = ? AND n < ?",
                (at_ns, receiver, key, newest[0][0]),
            ).rowcount

    def next_due_ns(self) -> int | None:
        """Return when the next pending notification is due, None where none is pending."""
        due = self._one("SELECT min(next_try_ns) FROM outbox WHERE head = 1")
        return None if due is None else int(due)

    def mark_sent(self, notification: str, at_ns: int) -> None:
        """The receiver has it."""
        self.commit(
            Commit(outbox_updates=[OutboxUpdate(id=notification, state=OutboxState.SENT, at_ns=at_ns)])
        )

    def mark_retry(self, notification: str, at_ns: int, next_try_ns: int, reason: Text) -> None:
        """The attempt at `at_ns` came to nothing; the next is due at `next_try_ns`."""
        update = OutboxUpdate(
            id=notification, state=OutboxState.PENDING, at_ns=at_ns, next_try_ns=next_try_ns, error=reason
        )
        self.commit(Commit(outbox_updates=[update]))

    def mark_failed(self, notification: str, at_ns: int, reason: Text) -> None:
        """It will not be tried again; it stays in the ledger with its reason."""
        self.commit(
            Commit(
                outbox_updates=[
                    OutboxUpdate(id=notification, state=OutboxState.FAILED, at_ns=at_ns, error=reason)
                ]
            )
        )

    def note_limits(self, specs: Iterable[SensorSpec], loaded: LoadedFrom) -> int:
        """Keep the limits that settings gave when they were loaded, and what of them changed; return how many did."""
        with self._transaction() as db:
            return put_limits(db, specs, loaded)

    def save_snapshot(self, seq: int, body: bytes) -> None:
        """Keep the pipeline's state after journal entry `seq`, which must have been committed.

        The newest `SNAPSHOTS_KEPT` stay, and the newest that the time-series store has caught up with; of older ones
        `WAYPOINTS` over the whole journal, from which a replay of the past begins.
        """
        assert seq <= self._last_seq, "a snapshot is of committed entries"
        self._snapshots.save(seq, body)
        seqs = self._snapshots.seqs()
        needed = self._needed_snapshots(seqs)
        usable = [s for s in reversed(seqs) if s not in needed and s >= self.first_seq - 1]
        waypoints = spread(usable, min(WAYPOINTS, WAYPOINT_BYTES // max(1, len(body))))
        for old in set(seqs) - needed - set(waypoints):
            self._snapshots.remove(old)

    def _needed_snapshots(self, seqs: Sequence[int]) -> set[int]:
        """Return the snapshots that a restart could need, of all there are, newest first."""
        caught_up = [s for s in seqs if s <= self.stored_seq][:1]
        return {*seqs[:SNAPSHOTS_KEPT], *caught_up}

    def snapshots(self) -> Iterator[Snapshot]:
        """Return the whole snapshots, newest first; none that is ahead of the journal."""
        return (s for s in self._snapshots.newest_first() if s.seq <= self._last_seq)

    def prune(self, *, older_than_ns: int | None = None, above_bytes: int | None = None) -> int:
        """Forget journal entries that are older than `older_than_ns`, or the oldest while there are `above_bytes`.

        Never one that a restart could need: those after the oldest snapshot that it could begin from, or after
        `stored_seq`, stay, and so does the newest entry. Of notifications that are done with the bodies go with the entries they came from; who was
        told of what, when, and what came of it stays as long as the alert lines do. Forgets some
        thousands a call, so that commits do not wait for it; returns how many: call again while it is not 0.
        """
        needed = self._needed_snapshots(self._snapshots.seqs())
        floor = min(*needed, self.stored_seq, self._last_seq - 1) if needed else 0
        target = max(self._seq_before(older_than_ns), self._seq_beyond(above_bytes))
        until = min(floor, target, self.first_seq + _PRUNE_ROWS - 1)
        with self._transaction() as db:
            gone = db.execute("DELETE FROM journal WHERE seq <= ?", (until,)).rowcount
            db.execute(
                "DELETE FROM outbox_bodies WHERE entry_seq <= ?"
                " AND (SELECT state FROM outbox WHERE outbox.n = outbox_bodies.n) != 'pending'",
                (until,),
            )
        return gone

    def _seq_before(self, older_than_ns: int | None) -> int:
        """Return the seq before the first entry that is new enough."""
        if older_than_ns is None:
            return 0
        rows = self._all("SELECT seq FROM journal WHERE now_ns >= ? ORDER BY seq LIMIT 1", (older_than_ns,))
        return rows[0][0] - 1 if rows else self._last_seq

    def _seq_beyond(self, above_bytes: int | None) -> int:
        """Return the seq up to which to forget so that the file holds `above_bytes`; looks at the oldest rows only."""
        if above_bytes is None:
            return 0
        excess_bytes = self.used_bytes - above_bytes
        if excess_bytes <= 0:
            return 0
        last = 0
        for seq, size in self._all(
            "SELECT seq, length(body) FROM journal ORDER BY seq LIMIT ?", (_PRUNE_ROWS,)
        ):
            if excess_bytes <= 0:
                break
            last, excess_bytes = seq, excess_bytes - size - _ROW_COST_BYTES
        return last

    @property
    def used_bytes(self) -> int:
        """How much of the file holds something; what was forgotten is used again."""
        pages = int(self._one("PRAGMA page_count")) - int(self._one("PRAGMA freelist_count"))
        return pages * int(self._one("PRAGMA page_size"))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with told(self.path), self._writes_lock:
            self._writes.execute("BEGIN IMMEDIATE")
            try:
                yield self._writes
                self._writes.execute("COMMIT")
            except BaseException:
                if self._writes.in_transaction:
                    self._writes.execute("ROLLBACK")
                raise


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10.0)


def _use_write_ahead_log(db: sqlite3.Connection, path: Path) -> None:
    (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode != "wal":
        raise LedgerError(f"{path}: this file system cannot hold a write-ahead log; use a local disk")
    db.execute("PRAGMA synchronous = FULL")
    db.execute(f"PRAGMA journal_size_limit = {_WAL_BYTES}")


def _put_entries(db: sqlite3.Connection, entries: Sequence[JournalEntry], last: int) -> int:
    """Append to the journal after `last`; return the newest seq."""
    db.executemany(
        "INSERT INTO journal VALUES (?,?,?,?,?)",
        (
            (seq, entry.now_ns, entry.kind, entry.body, entry_crc(seq, entry.now_ns, entry.kind, entry.body))
            for seq, entry in enumerate(entries, start=last + 1)
        ),
    )
    return last + len(entries)


def _put_event(db: sqlite3.Connection, event: EventLine) -> bool:
    """Keep an event once; return whether another one stands under its seq."""
    if db.execute("INSERT OR IGNORE INTO alert_events VALUES (?,?,?)", event).rowcount:
        return False
    (line,) = db.execute("SELECT line FROM alert_events WHERE seq = ?", (event.seq,)).fetchone()
    return bool(line != event.line)


def _put_notifications(db: sqlite3.Connection, items: Sequence[OutboxItem], entry_seq: int) -> None:
    for item in items:
        put = db.execute(
            "INSERT OR IGNORE INTO outbox(id, receiver, key, reason, reason_zh, state, attempts, next_try_ns,"
            " updated_ns, error, entry_seq, alert, event_seq, time, person, group_key, route, created_ns, instead_of,"
            " gravity) VALUES (?,?,?,?,?,'pending',0,0,0,'',?,?,?,?,?,?,?,?,?,?)",
            (
                *(item.id, item.receiver, item.key, item.reason.en, item.reason.zh, entry_seq),
                *(
                    item.alert,
                    item.event_seq,
                    item.time,
                    item.person,
                    item.group,
                    item.route,
                    item.created_ns,
                ),
                item.instead_of,
                item.gravity,
            ),
        )
        if put.rowcount:
            db.execute("INSERT INTO outbox_bodies VALUES (?,?,?)", (put.lastrowid, entry_seq, item.body))
            db.executemany(
                "INSERT OR IGNORE INTO outbox_alerts VALUES (?,?)",
                [(alert, put.lastrowid) for alert in item.alerts or (item.alert,) if alert],
            )


def _put_dead_letters(db: sqlite3.Connection, letters: Sequence[DeadLetter]) -> None:
    if not letters:
        return
    db.executemany(
        "INSERT INTO dead_letters(now_ns, reason, detail, topic, payload, count) VALUES (?,?,?,?,?,?)",
        [
            (letter.now_ns, letter.reason, letter.detail, letter.topic, letter.payload, letter.count)
            for letter in letters[-DEAD_LETTERS_KEPT:]
        ],
    )
    db.execute(
        "DELETE FROM dead_letters WHERE n <= (SELECT max(n) FROM dead_letters) - ?", (DEAD_LETTERS_KEPT,)
    )
    db.executemany(
        "INSERT INTO dead_letter_counts VALUES (?,?)"
        " ON CONFLICT(reason) DO UPDATE SET count = count + excluded.count",
        [(letter.reason, letter.count) for letter in letters],
    )


def _update_outbox(db: sqlite3.Connection, updates: Sequence[OutboxUpdate]) -> None:
    """Only what is pending can change: a notification that was sent stays sent."""
    for update in updates:
        known = db.execute(
            "UPDATE outbox SET state = ?1, attempts = attempts + 1, next_try_ns = ?2, updated_ns = ?3, error = ?4,"
            " error_zh = ?5, first_failed_ns = iif(first_failed_ns = 0 AND ?1 != 'sent', ?3, first_failed_ns)"
            " WHERE id = ?6 AND state = 'pending'",
            (
                *(update.state.value, update.next_try_ns, update.at_ns),
                *(update.error.en, update.error.zh, update.id),
            ),
        ).rowcount
        if not known and not db.execute("SELECT 1 FROM outbox WHERE id = ?", (update.id,)).fetchone():
            raise LedgerError(f"the outbox has no notification {update.id}")
