"""Notes of shift hand-overs: a record of its own in the state folder, for the journal forgets after some days.

A note is written once, by one person, and is taken over once, by another one; neither is ever changed or removed.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ledger.errors import told

FILE_NAME = "handover.sqlite"
MAX_TEXT_CHARS = 4000
MAX_NOTES = 100
"""So many notes one hand-over has at most."""
_TABLE = """
CREATE TABLE IF NOT EXISTS notes(
    id INTEGER PRIMARY KEY, shift_ns INTEGER NOT NULL, enterprise TEXT, area TEXT,
    written_ns INTEGER NOT NULL, by TEXT NOT NULL, text TEXT NOT NULL,
    taken_ns INTEGER, taken_by TEXT, answer TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS notes_by_shift ON notes(shift_ns);
"""
_COLUMNS = "id, shift_ns, enterprise, area, written_ns, by, text, taken_ns, taken_by, answer"


@dataclass(frozen=True, slots=True)
class HandoverNote:
    """What the outgoing shift leaves to the incoming one, and who took it over.

    `shift_ns` is when the outgoing shift began. `enterprise` and `area` are what its author was limited to. `answer` is what
    the one who took it over had to say.
    """

    id: int
    shift_ns: int
    enterprise: str | None
    area: str | None
    written_ns: int
    by: str
    text: str
    taken_ns: int | None = None
    taken_by: str | None = None
    answer: str = ""


class HandoverNotes:
    """The notes of one state folder; each call is one transaction, safe to use from several threads.

    The file is opened when it is first needed, so that a broken one keeps nobody from starting. With `readonly` it must be
    there and is not changed. Every call may raise `LedgerError`.
    """

    def __init__(self, state_dir: Path, *, readonly: bool = False) -> None:
        self.path = state_dir / FILE_NAME
        self._readonly = readonly
        self._opened: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._opened is not None:
                self._opened.close()
                self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def of_shifts(self, from_ns: int, to_ns: int) -> list[HandoverNote]:
        """Return the notes of shifts that begin in a period, in the order in which they were written."""
        return self._all("WHERE shift_ns >= ? AND shift_ns < ? ORDER BY id", (from_ns, to_ns))

    def find(self, note: int) -> HandoverNote | None:
        """Return a note by its id."""
        return next(iter(self._all("WHERE id = ?", (note,))), None)

    def write(self, note: HandoverNote) -> HandoverNote | None:
        """Keep a new note, whose id is chosen here; None where the shift has `MAX_NOTES` already."""
        row = (note.shift_ns, note.enterprise, note.area, note.written_ns, note.by, note.text)
        with self._file() as file:
            done = file.execute(
                "INSERT INTO notes(shift_ns, enterprise, area, written_ns, by, text) SELECT ?1, ?2, ?3, ?4, ?5, ?6"
                " WHERE (SELECT count(*) FROM notes WHERE shift_ns = ?1) < ?7",
                (*row, MAX_NOTES),
            )
        return None if done.rowcount == 0 or done.lastrowid is None else self.find(done.lastrowid)

    def take_over(self, note: int, by: str, now_ns: int, answer: str) -> bool:
        """Note who took a note over; False, with nothing changed, where somebody has."""
        with self._file() as file:
            done = file.execute(
                "UPDATE notes SET taken_ns = ?, taken_by = ?, answer = ? WHERE id = ? AND taken_ns IS NULL",
                (now_ns, by, answer, note),
            )
        return done.rowcount == 1

    def _all(self, where: str, args: tuple[int, ...]) -> list[HandoverNote]:
        with self._file() as file:
            rows = file.execute(f"SELECT {_COLUMNS} FROM notes {where}", args).fetchall()  # noqa: S608 - fixed words only
        return [HandoverNote(*row) for row in rows]

    @contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        """Give the file to one caller at a time."""
        with told(self.path), self._lock:
            if self._opened is None:
                self._opened = self._open()
            yield self._opened

    def _open(self) -> sqlite3.Connection:
        uri = self.path.absolute().as_uri() + ("?mode=ro" if self._readonly else "")
        file = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        try:
            if not self._readonly:
                file.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_TABLE}")
        except BaseException:
            file.close()
            raise
        return file
