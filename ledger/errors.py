"""What can go wrong with the ledger, each with what to do about it.

LedgerError
├── LedgerLocked    another process works on the state folder
├── LedgerTooNew    a newer program has written it
└── LedgerDamaged   the file, or one row of it, is not what was written
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class LedgerError(Exception):
    """The ledger could not do it; nothing of the failed call is kept. The message says what to do."""


class LedgerLocked(LedgerError):  # noqa: N818 - a state of the folder, read as one
    """Another process has the state folder; `pid` is its process id, None where it could not be read."""

    def __init__(self, state_dir: Path, pid: int | None) -> None:
        self.pid = pid
        who = f"process {pid}" if pid else "another process"
        super().__init__(f"{state_dir}: in use by {who}; stop it first, or give another state_dir")


class LedgerTooNew(LedgerError):  # noqa: N818 - as LedgerLocked
    """The file was written by a newer program than this one."""


class LedgerDamaged(LedgerError):  # noqa: N818 - as LedgerLocked
    """The file is not what was written; `seq` is the journal entry at fault where it is known."""

    def __init__(self, message: str, seq: int | None = None) -> None:
        self.seq = seq
        super().__init__(message)


_DAMAGED = "is damaged ({error}); stop, keep a copy of it, then restore the state folder from a backup or move it away"
_ADVICE = {
    sqlite3.SQLITE_FULL: "has no room to grow ({error}); free disk space",
    sqlite3.SQLITE_READONLY: "cannot be written ({error}); check the owner and the mount of the state folder",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened ({error}); check that the state folder exists and who owns it",
    sqlite3.SQLITE_IOERR: "cannot be read or written ({error}); check the disk",
    sqlite3.SQLITE_BUSY: "is held by another program ({error}); close whatever has the file open for writing",
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into ledger errors that name the file and say what to do."""
    try:
        yield
    except sqlite3.Error as exc:
        code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            raise LedgerDamaged(f"{path} " + _DAMAGED.format(error=exc)) from exc
        advice = _ADVICE.get(code, "failed ({error})")
        raise LedgerError(f"{path} " + advice.format(error=exc)) from exc
