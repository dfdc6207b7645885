"""What people keep for themselves under a name, such as filters of the list and views of trends: in files beside the accounts.

They are kept here and not in the browser, because whoever takes over a desk sits down at another machine.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

MAX_SAVED = 50
"""Of one account."""
_SCHEMA = """
create table if not exists saved (
  account text not null, name text not null, text text not null, primary key (account, name)) strict, without rowid;
"""


@dataclass(frozen=True, slots=True)
class Saved:
    """A text as it stands in the page's address, by the name that its owner gave it."""

    name: str
    text: str


class SavedTexts:
    """The texts of one kind in one file; every call opens the file anew, takes a moment and may run on any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, account: str) -> list[Saved]:
        """Return an account's texts by name."""
        with closing(self._open()) as db:
            rows = db.execute("select name, text from saved where account = ? order by name", (account,))
            return [Saved(*row) for row in rows]

    def save(self, account: str, saved: Saved) -> bool:
        """Keep a text, instead of that of the same name; False, with nothing changed, where the account has too many."""
        with closing(self._open()) as db, db:
            db.execute("begin immediate")
            others = db.execute(
                "select count(*) from saved where account = ? and name != ?", (account, saved.name)
            ).fetchone()[0]
            if others >= MAX_SAVED:
                return False
            db.execute(
                "insert into saved values (?, ?, ?) on conflict (account, name) do update set text = excluded.text",
                (account, saved.name, saved.text),
            )
            return True

    def remove(self, account: str, name: str) -> None:
        """Forget a text; harmless where there is none."""
        with closing(self._open()) as db, db:
            db.execute("delete from saved where account = ? and name = ?", (account, name))

    def _open(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._path)
        db.executescript(_SCHEMA)
        return db
