"""Reading a ledger: by the process that owns it, by another one while it runs, or from a copy."""

import sqlite3
import struct
import threading
import zlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from ledger.errors import LedgerDamaged, LedgerError, LedgerTooNew, told
from ledger.limits import LIMIT_CHANGES, LimitChange, limit_change
from ledger.records import DeadLetter, Entry, EventLine, Opening, OutboxRow, OutboxState
from ledger.schema import STEPS, version_of
from registry.plant import Text

FILE_NAME = "ledger.sqlite"
OUTBOX_COLUMNS = (
    "id, receiver, key, coalesce((SELECT body FROM outbox_bodies WHERE outbox_bodies.n = outbox.n), x''),"
    " reason, reason_zh, state, attempts, next_try_ns, updated_ns, error, error_zh,"
    " alert, event_seq, time, person, group_key, route, created_ns, first_failed_ns, instead_of, handed_to, gravity"
)
_PAGE_ROWS = 256
_CRC_HEAD = struct.Struct("<qq")


class LedgerReader:
    """What can be asked of a ledger; safe to use from several threads, never changes anything."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._reads = connection
        self._reads_lock = threading.Lock()
        self.path = path

    def close(self) -> None:
        """Let go of the file."""
        with self._reads_lock:
            self._reads.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def ledger_id(self) -> str:
        """The uuid given to this ledger when it was made."""
        return str(self._one("SELECT value FROM meta WHERE key = 'ledger_id'"))

    @property
    def stored_seq(self) -> int:
        """The journal seq up to which the time-series store has everything, 0 where nothing is known."""
        return int(self._one("SELECT value FROM meta WHERE key = 'stored_seq'") or 0)

    @property
    def first_seq(self) -> int:
        """The seq of the oldest journal entry that is still there, 0 where there is none."""
        return int(self._one("SELECT min(seq) FROM journal") or 0)

    @property
    def last_seq(self) -> int:
        """The seq of the newest journal entry, 0 where there is none."""
        return int(self._one("SELECT max(seq) FROM journal") or 0)

    @property
    def begins_ns(self) -> int | None:
        """The time of the oldest journal entry that is still there, None where there is none."""
        rows = self._all("SELECT now_ns FROM journal ORDER BY seq LIMIT 1")
        return int(rows[0][0]) if rows else None

    @property
    def last_event_seq(self) -> int:
        """The seq of the newest alert event, 0 where there is none."""
        return int(self._one("SELECT max(seq) FROM alert_events") or 0)

    def limit_changes(self, sensors: Collection[str], limit: int) -> list[LimitChange]:
        """Return how the limits of some sensors changed when settings were loaded, newest first, at most `limit` changes."""
        rows = self._all(
            f"SELECT {LIMIT_CHANGES} FROM limit_changes"  # noqa: S608 - fixed words and places only
            f" WHERE sensor IN ({','.join('?' * len(sensors))}) ORDER BY n DESC LIMIT ?",
            (*sensors, limit),
        )
        return [limit_change(row) for row in rows]

    def entries(self, after_seq: int = 0, limit: int | None = None) -> Iterator[Entry]:
        """Return journal entries in their order.

        An entry that is not what was written, or a gap, ends the iteration with `LedgerDamaged`, which names its
        seq: what came before it is good.
        """
        left = limit
        expected: int | None = None
        while left is None or left > 0:
            rows = self._all(
                "SELECT seq, now_ns, kind, body, crc FROM journal WHERE seq > ? ORDER BY seq LIMIT ?",
                (after_seq, _PAGE_ROWS if left is None else min(left, _PAGE_ROWS)),
            )
            for seq, now_ns, kind, body, crc in rows:
                if (expected is not None and seq != expected) or crc != entry_crc(seq, now_ns, kind, body):
                    at = seq if expected is None else expected
                    raise LedgerDamaged(
                        f"{self.path}: journal entry {at} is broken or missing; replay ends before it", seq=at
                    )
                expected = seq + 1
                yield Entry(seq, now_ns, kind, body)
            if len(rows) < _PAGE_ROWS:
                return
            after_seq = rows[-1][0]
            left = None if left is None else left - len(rows)

    def alert_events(
        self,
        after_seq: int = 0,
        limit: int | None = None,
        *,
        newest_first: bool = False,
        before_seq: int | None = None,
        alert: str | None = None,
    ) -> Iterator[EventLine]:
        """Return alert events after `after_seq`, of one alert or of all; newest first, those before `before_seq`."""
        order, compare = ("DESC", "<") if newest_first else ("ASC", ">")
        newest = (1 << 62) if before_seq is None else before_seq
        cursor = newest if newest_first else after_seq
        left = limit
        while left is None or left > 0:
            rows = self._all(
                f"SELECT seq, id, line FROM alert_events WHERE seq {compare} ? AND seq > ? AND (?3 IS NULL OR id = ?3)"  # noqa: S608 - two fixed words
                f" ORDER BY seq {order} LIMIT ?4",
                (cursor, after_seq, alert, _PAGE_ROWS if left is None else min(left, _PAGE_ROWS)),
            )
            yield from (EventLine(*row) for row in rows)
            if len(rows) < _PAGE_ROWS:
                return
            cursor = rows[-1][0]
            left = None if left is None else left - len(rows)

    def events_of(self, alert: str, until_seq: int, limit: int) -> list[EventLine]:
        """Return an alert's first event and its newest ones up to `until_seq`, `limit` together, oldest first."""
        newest = self._all(
            "SELECT seq, id, line FROM alert_events WHERE id = ? AND seq <= ? ORDER BY seq DESC LIMIT ?",
            (alert, until_seq, limit),
        )
        rows = newest[::-1]
        if len(rows) == limit:
            rows[:1] = self._all(
                "SELECT seq, id, line FROM alert_events WHERE id = ? ORDER BY seq LIMIT 1", (alert,)
            )
        return [EventLine(*row) for row in rows]

    def openings_before(
        self, before_seq: int, limit: int, *, kind: str, sensor: str | None = None, source: str | None = None
    ) -> list[Opening]:
        """Return the newest alerts of a kind that opened at a sensor, or at a hazard source, before an event; newest first."""
        column, name = ("sensor", sensor) if sensor is not None else ("source", source)
        rows = self._all(
            f"SELECT seq, id, sensor, source, kind FROM alert_openings WHERE {column} = ? AND kind = ? AND seq < ?"  # noqa: S608 - one of two fixed words
            " ORDER BY seq DESC LIMIT ?",
            (name, kind, before_seq, limit),
        )
        return [Opening(*row) for row in rows]

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """Return the newest dead letters, newest first."""
        return [letter for _, letter in self.numbered_dead_letters(limit)]

    def numbered_dead_letters(
        self, limit: int, before: int | None = None, reason: str | None = None
    ) -> list[tuple[int, DeadLetter]]:
        """Return dead letters with their numbers, newest first: those before a number, of a reason, where they are given.

        At most `DEAD_LETTERS_KEPT` are looked through.
        """
        rows = self._all(
            "SELECT n, now_ns, reason, detail, topic, payload, count FROM dead_letters"
            " WHERE (?1 IS NULL OR n < ?1) AND (?2 IS NULL OR reason = ?2) ORDER BY n DESC LIMIT ?3",
            (before, reason, limit),
        )
        return [(row[0], DeadLetter(*row[1:])) for row in rows]

    def dead_letter_counts(self) -> dict[str, int]:
        """Return how many there ever were, by reason; those no longer kept count too."""
        return dict(self._all("SELECT reason, count FROM dead_letter_counts ORDER BY reason"))

    def outbox_counts(self) -> dict[str, int]:
        """Return how many notifications are in each state."""
        return dict(self._all("SELECT state, count FROM outbox_states WHERE count > 0 ORDER BY state"))

    def event_count(self, alert: str) -> int:
        """Return how many events an alert has."""
        return int(self._all("SELECT count(*) FROM alert_events WHERE id = ?", (alert,))[0][0])

    def deliveries(self, alert: str, limit: int = -1) -> list[OutboxRow]:
        """Return who was told of an alert, or is to be, and what came of it; bodies may be forgotten.

        In order; the newest `limit` of them where that is not negative.
        """
        rows = self._all(
            f"SELECT {OUTBOX_COLUMNS} FROM outbox"  # noqa: S608 - fixed words only
            " WHERE n IN (SELECT n FROM outbox_alerts WHERE alert = ? ORDER BY n DESC LIMIT ?) ORDER BY n",
            (alert, limit),
        )
        return [outbox_row(row) for row in rows]

    def quick_check(self) -> list[str]:
        """Return what SQLite finds wrong with the file, nothing if it is whole; reads all of it."""
        try:
            found = [text for (text,) in self._all("PRAGMA quick_check")]
        except LedgerDamaged as exc:
            return [str(exc)]
        return [] if found == ["ok"] else found

    def _all(self, query: str, args: Sequence[Any] = ()) -> list[Any]:
        with told(self.path), self._reads_lock:
            return self._reads.execute(query, args).fetchall()

    def _one(self, query: str) -> Any:
        rows = self._all(query)
        return rows[0][0] if rows else None


def open_readonly(place: Path) -> LedgerReader:
    """Open the ledger in a state folder, or a copied ledger file, without a lock and without changing it.

    A live ledger shows what was committed when each question was asked.
    """
    path = place / FILE_NAME if place.is_dir() else place
    if not path.is_file():
        raise LedgerError(
            f"{path}: there is no ledger here; give a state folder of hazwatch or a ledger file"
        )
    with told(path):
        connection = _connect_readonly(path)
    try:
        with told(path):
            _check_version(version_of(connection, path), path)
    except BaseException:
        connection.close()
        raise
    return LedgerReader(connection, path)


def outbox_row(row: Sequence[Any]) -> OutboxRow:
    """Return a notification from `OUTBOX_COLUMNS`."""
    identity, receiver, key, body, reason, reason_zh, state, attempts, next_try_ns, updated_ns, *rest = row
    error, error_zh, *more = rest
    return OutboxRow(
        *(identity, receiver, key, body, Text(reason_zh, reason), OutboxState(state), attempts),
        *(next_try_ns, updated_ns, Text(error_zh, error)),
        *more,
    )


def entry_crc(seq: int, now_ns: int, kind: str, body: bytes) -> int:
    """Return the checksum of a journal entry, over everything that it says."""
    return zlib.crc32(body, zlib.crc32(_CRC_HEAD.pack(seq, now_ns) + kind.encode()))


def _check_version(version: int, path: Path) -> None:
    if version > len(STEPS):
        raise LedgerTooNew(f"{path} has version {version}, this program knows up to {len(STEPS)}")
    if version < len(STEPS):
        raise LedgerError(
            f"{path} has version {version}, this program reads {len(STEPS)}; `hazwatch run` brings it up to date"
        )


def _connect_readonly(path: Path) -> sqlite3.Connection:
    """Open without writing; a copy on a read-only medium has no place for the WAL's index, so it is taken as it is."""
    uri = path.resolve().as_uri() + "?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=5.0)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(path.name + "-wal").exists():
            raise
        connection = sqlite3.connect(
            uri + "&immutable=1", uri=True, isolation_level=None, check_same_thread=False, timeout=5.0
        )
    return connection
