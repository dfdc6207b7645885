"""Views that people save for themselves: a name, and what stands in the address of the trends page."""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

MAX_VIEWS = 50
"""Of one account."""
_SCHEMA = """
create table if not exists views (
  account text not null, name text not null, view text not null, primary key (account, name)) strict, without rowid;
"""


class SavedView(NamedTuple):
    """What was saved under a name."""

    name: str
    view: str


class Views:
    """The views of one state folder, in a file that its owner alone can read; opened for each question, which are few."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "views.db"

    def of(self, account: str) -> Sequence[SavedView]:
        """Return the views of an account, by name."""
        with closing(self._open()) as db:
            rows = db.execute(
                "select name, view from views where account = ? order by name", (account,)
            ).fetchall()
        return [SavedView(*row) for row in rows]

    def save(self, account: str, saved: SavedView) -> bool:
        """Keep a view under its name, in place of the one that had it; return False where the account has too many."""
        with closing(self._open()) as db, db:
            (others,) = db.execute(
                "select count(*) from views where account = ? and name != ?", (account, saved.name)
            ).fetchone()
            if others >= MAX_VIEWS:
                return False
            db.execute("insert or replace into views values (?, ?, ?)", (account, *saved))
        return True

    def remove(self, account: str, name: str) -> None:
        """Forget a view; harmless where there is none."""
        with closing(self._open()) as db, db:
            db.execute("delete from views where account = ? and name = ?", (account, name))

    def _open(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(self._path)
        db.executescript(_SCHEMA)
        return db
