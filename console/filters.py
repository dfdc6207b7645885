"""Saved filters of the alarm list: a few lines for each account, in a file beside the accounts.

They are kept here and not in the browser, because whoever takes over a desk sits down at another machine.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

MAX_FILTERS = 50
"""Of one account."""
_SCHEMA = """
create table if not exists filters (
  account text not null, name text not null, filter text not null, primary key (account, name)) strict, without rowid;
"""


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter as it stands in the page's address, by the name that its owner gave it."""

    name: str
    filter: str


class SavedFilters:
    """The filters of one state folder; every call opens the file anew, takes a moment and may run on any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, account: str) -> list[SavedFilter]:
        """Return an account's filters by name."""
        with closing(self._open()) as db:
            rows = db.execute("select name, filter from filters where account = ? order by name", (account,))
            return [SavedFilter(*row) for row in rows]

    def save(self, account: str, saved: SavedFilter) -> bool:
        """Keep a filter, instead of that of the same name; False, with nothing changed, where the account has too many."""
        with closing(self._open()) as db, db:
            db.execute("begin immediate")
            others = db.execute(
                "select count(*) from filters where account = ? and name != ?", (account, saved.name)
            ).fetchone()[0]
            if others >= MAX_FILTERS:
                return False
            db.execute(
                "insert into filters values (?, ?, ?) on conflict (account, name) do update set filter = excluded.filter",
                (account, saved.name, saved.filter),
            )
            return True

    def remove(self, account: str, name: str) -> None:
        """Forget a filter; harmless where there is none."""
        with closing(self._open()) as db, db:
            db.execute("delete from filters where account = ? and name = ?", (account, name))

    def _open(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._path)
        db.executescript(_SCHEMA)
        return db
