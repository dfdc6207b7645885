"""The audit log: what people did and what was refused them, append-only, each row chained to the one before.

Theory of operation. A row's hash is the SHA-256 of the hash before it and of the row's own content as canonical JSON. Who
changes, removes, swaps or inserts a row must write every hash after it anew, and then the newest hash is another one than
that which anybody noted before: an anchor, which is a number and a hash. The log cannot keep whoever may write the file from
rewriting all of it; it shows it to whoever has an anchor. A row is on disk before the call that makes it returns.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import msgspec

from ledger.errors import LedgerDamaged, told

FILE = "audit.db"
_FIRST = "0" * 64
_COLUMNS = "n, now_ns, who, client, action, subject, reason, outcome, detail, enterprise, area"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS audit(
    n INTEGER PRIMARY KEY, now_ns INTEGER NOT NULL, who TEXT NOT NULL, client TEXT NOT NULL, action TEXT NOT NULL,
    subject TEXT NOT NULL, reason TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL,
    enterprise TEXT, area TEXT, hash TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_by_who ON audit(who, n);
CREATE INDEX IF NOT EXISTS audit_by_action ON audit(action, n);
CREATE INDEX IF NOT EXISTS audit_by_subject ON audit(subject, n);
"""
_INSERT = f"INSERT INTO audit VALUES ({', '.join('?' * 12)})"  # noqa: S608 - marks alone
_BATCH = 1000


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What is noted: who did what to whom from where, why, and what came of it.

    `outcome` is ``done`` or the code of the refusal. `detail` is JSON or words. `enterprise` and `area` are those of what it
    was about, None where it belongs to none.
    """

    now_ns: int
    who: str
    action: str
    subject: str = ""
    reason: str = ""
    outcome: str = "done"
    detail: str = ""
    client: str = ""
    enterprise: str | None = None
    area: str | None = None


class Entry(msgspec.Struct, frozen=True):
    """A row of the log; `n` counts from 1 without a gap."""

    n: int
    deed: Deed
    hash: str


class Anchor(msgspec.Struct, frozen=True):
    """How far the log went at some time: the number and the hash of its newest row."""

    n: int
    hash: str

    @property
    def told(self) -> str:
        """As it is printed, logged and given back: ``NUMBER:HASH``."""
        return f"{self.n}:{self.hash}"


class Fault(msgspec.Struct, frozen=True):
    """The first row at which the log is not what it was, and how that shows: ``gap``, ``changed``, ``cut`` or ``rewritten``."""

    n: int
    how: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; all that is given must hold. `words` must all be in some text of the row."""

    who: str | None = None
    action: str | None = None
    subject: str | None = None
    since_ns: int | None = None
    until_ns: int | None = None
    words: tuple[str, ...] = ()


class AuditLog:
    """The log in a state folder; may be used from several threads.

    What is searched is read over a connection of its own, so that nobody's deed waits for a search through all of it.
    """

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / FILE
        self._lock = threading.Lock()
        self._reading = threading.Lock()
        with told(self.path):
            self._db = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
            self.path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.executescript(_SCHEMA)
            self._reader = sqlite3.connect(self.path, check_same_thread=False, isolation_level=None)
            self._reader.execute("PRAGMA query_only = ON")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        with self._reading:
            self._reader.close()
        with self._lock:
            self._db.close()

    @property
    def head(self) -> Anchor:
        """How far the log goes."""
        with self._lock, told(self.path):
            return _newest(self._db)

    def note(self, deed: Deed) -> Entry:
        """Append a row; it is on disk when this returns. Another process may write to the log in between.

        Raises:
            LedgerError: it could not be written, and is not in the log.
        """
        with self._lock, told(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                head = _newest(self._db)
                entry = Entry(head.n + 1, deed, _hash(head.hash, head.n + 1, deed))
                self._db.execute(_INSERT, (*_row(entry.n, deed), entry.hash))
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        return entry

    def search(self, asked: Asked, limit: int, before: int | None = None) -> list[Entry]:
        """Return at most `limit` rows, newest first, those before a number where it is given."""
        where, values = _where(asked)
        if before is not None:
            where.append("n < ?")
            values.append(before)
        clause = f"WHERE {' AND '.join(where)}" if where else ""
        query = f"SELECT {_COLUMNS}, hash FROM audit {clause} ORDER BY n DESC LIMIT ?"  # noqa: S608 - fixed words
        with self._reading, told(self.path):
            rows = self._reader.execute(query, (*values, limit)).fetchall()
        return [_entry(row) for row in rows]

    def verify(self, anchor: Anchor | None = None) -> Fault | None:
        """Return the first fault of the whole log, None where it is whole and goes on from the anchor, if one is given."""
        with told(self.path), closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as db:
            return verified(_all(db), anchor)


def verify_file(state_dir: Path, anchor: Anchor | None = None) -> tuple[Fault | None, Anchor]:
    """Verify the log of a state folder without opening it for writing; return its fault, if any, and how far it goes.

    Raises:
        LedgerError: there is none, or it cannot be read.
    """
    path = state_dir / FILE
    if not path.is_file():
        raise LedgerDamaged(f"{path}: there is no audit log")
    with told(path), closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return verified(_all(db), anchor), _newest(db)


def verified(entries: Iterator[Entry], anchor: Anchor | None = None) -> Fault | None:
    """Return the first fault of rows in their order; pure."""
    before, last = _FIRST, 0
    for entry in entries:
        if entry.n != last + 1:
            return Fault(last + 1, "gap")
        if entry.hash != _hash(before, entry.n, entry.deed):
            return Fault(entry.n, "changed")
        if anchor is not None and entry.n == anchor.n and entry.hash != anchor.hash:
            return Fault(entry.n, "rewritten")
        before, last = entry.hash, entry.n
    if anchor is not None and last < anchor.n:
        return Fault(last + 1, "cut")
    return None


def _newest(db: sqlite3.Connection) -> Anchor:
    row = db.execute("SELECT n, hash FROM audit ORDER BY n DESC LIMIT 1").fetchone()
    return Anchor(0, _FIRST) if row is None else Anchor(*row)


def _hash(before: str, n: int, deed: Deed) -> str:
    body = msgspec.json.encode(_row(n, deed))
    return hashlib.sha256(before.encode() + b"\n" + body).hexdigest()


def _row(n: int, deed: Deed) -> tuple[int | str | None, ...]:
    return (
        n,
        deed.now_ns,
        deed.who,
        deed.client,
        deed.action,
        deed.subject,
        deed.reason,
        deed.outcome,
        deed.detail,
        deed.enterprise,
        deed.area,
    )


def _entry(row: tuple[object, ...]) -> Entry:
    names = _COLUMNS.split(", ")[1:]
    deed = msgspec.convert(dict(zip(names, row[1:-1], strict=True)), Deed)
    return Entry(int(str(row[0])), deed, str(row[-1]))


def _all(db: sqlite3.Connection) -> Iterator[Entry]:
    cursor = db.execute(f"SELECT {_COLUMNS}, hash FROM audit ORDER BY n")  # noqa: S608 - fixed words
    while rows := cursor.fetchmany(_BATCH):
        yield from map(_entry, rows)


def _where(asked: Asked) -> tuple[list[str], list[object]]:
    where: list[str] = []
    values: list[object] = []
    for column in ("who", "action", "subject"):
        value = getattr(asked, column)
        if value is not None:
            where.append(f"{column} = ?")
            values.append(value)
    for sign, bound in ((">=", asked.since_ns), ("<", asked.until_ns)):
        if bound is not None:
            where.append(f"now_ns {sign} ?")
            values.append(bound)
    for word in asked.words:
        texts = ("who", "action", "subject", "reason", "outcome", "detail", "client")
        where.append("(" + " OR ".join(f"instr(lower({text}), lower(?)) > 0" for text in texts) + ")")
        values += [word] * len(texts)
    return where, values
