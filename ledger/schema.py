"""The tables of ledger.sqlite and how an older file becomes a present one."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from uuid import uuid4

from ledger.errors import LedgerDamaged, LedgerTooNew

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE journal(
        seq INTEGER PRIMARY KEY, now_ns INTEGER NOT NULL, kind TEXT NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL
    );
    CREATE TABLE alert_events(seq INTEGER PRIMARY KEY, id TEXT NOT NULL, line BLOB NOT NULL);
    CREATE INDEX alert_events_by_id ON alert_events(id, seq);
    CREATE TABLE outbox(
        n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, receiver TEXT NOT NULL, key TEXT NOT NULL, body BLOB NOT NULL,
        reason TEXT NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL, next_try_ns INTEGER NOT NULL,
        updated_ns INTEGER NOT NULL, error TEXT NOT NULL, entry_seq INTEGER NOT NULL
    );
    CREATE INDEX outbox_pending ON outbox(receiver, key, n) WHERE state = 'pending';
    CREATE TABLE dead_letters(
        n INTEGER PRIMARY KEY, now_ns INTEGER NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL,
        topic TEXT NOT NULL, payload BLOB NOT NULL, count INTEGER NOT NULL
    );
    CREATE TABLE dead_letter_counts(reason TEXT PRIMARY KEY, count INTEGER NOT NULL);
    """,
    # the record of who was told when and what came of it: rows stay when their bodies are forgotten
    """
    ALTER TABLE outbox ADD COLUMN alert TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN event_seq INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN time TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN person TEXT;
    ALTER TABLE outbox ADD COLUMN group_key TEXT;
    ALTER TABLE outbox ADD COLUMN route TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN reason_zh TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN error_zh TEXT NOT NULL DEFAULT '';
    ALTER TABLE outbox ADD COLUMN created_ns INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN first_failed_ns INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN instead_of TEXT;
    ALTER TABLE outbox ADD COLUMN handed_to TEXT;
    CREATE TABLE outbox_alerts(alert TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(alert, n)) WITHOUT ROWID;
    CREATE INDEX outbox_bodies ON outbox(entry_seq) WHERE state != 'pending' AND length(body) > 0;
    UPDATE outbox SET alert = key, reason_zh = reason, error_zh = error;
    UPDATE outbox SET
        event_seq = coalesce(json_extract(CAST(body AS TEXT), '$.seq'), 0),
        time = coalesce(json_extract(CAST(body AS TEXT), '$.time'), '')
        WHERE json_valid(CAST(body AS TEXT));
    INSERT INTO outbox_alerts SELECT alert, n FROM outbox WHERE alert != '';
    """,
    # what may leave next is marked, the gravest first, so that a burst of notifications is not looked through for each of them
    """
    ALTER TABLE outbox ADD COLUMN gravity INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE outbox ADD COLUMN head INTEGER NOT NULL DEFAULT 0;
    UPDATE outbox SET head = 1 WHERE n IN (SELECT min(n) FROM outbox WHERE state = 'pending' GROUP BY receiver, key);
    CREATE INDEX outbox_heads ON outbox(gravity DESC, n, next_try_ns, receiver) WHERE head = 1;
    CREATE INDEX outbox_heads_due ON outbox(next_try_ns) WHERE head = 1;
    CREATE TRIGGER outbox_first AFTER INSERT ON outbox WHEN new.state = 'pending' AND NOT EXISTS (
        SELECT 1 FROM outbox
        WHERE state = 'pending' AND receiver = new.receiver AND key = new.key AND n < new.n
    ) BEGIN
        UPDATE outbox SET head = 1 WHERE n = new.n;
    END;
    CREATE TRIGGER outbox_graver AFTER INSERT ON outbox WHEN new.gravity > 0 BEGIN
        UPDATE outbox SET gravity = new.gravity
        WHERE state = 'pending' AND receiver = new.receiver AND key = new.key AND head = 1 AND gravity < new.gravity;
    END;
    CREATE TRIGGER outbox_next AFTER UPDATE OF state ON outbox
    WHEN old.state = 'pending' AND new.state != 'pending' BEGIN
        UPDATE outbox SET head = 0 WHERE n = new.n;
        UPDATE outbox SET head = 1 WHERE n = (
            SELECT min(n) FROM outbox WHERE state = 'pending' AND receiver = new.receiver AND key = new.key
        );
    END;
    """,
    # the limits of each sensor when settings were last loaded, and what changed since
    """
    CREATE TABLE limits_known(sensor TEXT PRIMARY KEY, limits TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE limit_changes(
        n INTEGER PRIMARY KEY, sensor TEXT NOT NULL, name TEXT NOT NULL, old REAL, old_unit TEXT NOT NULL, new REAL,
        unit TEXT NOT NULL, at_ns INTEGER NOT NULL, file TEXT NOT NULL, file_ns INTEGER NOT NULL
    );
    CREATE INDEX limit_changes_by_sensor ON limit_changes(sensor, n);
    """,
    # what alerts opened at a sensor or a hazard source before, found without looking into lines
    """
    CREATE TABLE alert_openings(
        seq INTEGER PRIMARY KEY, id TEXT NOT NULL, sensor TEXT NOT NULL, source TEXT NOT NULL, kind TEXT NOT NULL
    );
    CREATE INDEX alert_openings_by_sensor ON alert_openings(sensor, kind, seq);
    CREATE INDEX alert_openings_by_source ON alert_openings(source, kind, seq);
    INSERT INTO alert_openings
        SELECT seq, id, coalesce(json_extract(line, '$.sensor'), ''), coalesce(json_extract(line, '$.source'), ''),
            coalesce(json_extract(line, '$.kind'), '')
        FROM (SELECT seq, id, CAST(line AS TEXT) AS line FROM alert_events)
        WHERE json_valid(line) AND json_extract(line, '$.event') = 'opened';
    """,
    # the record of who was told grows as long as there are alerts: bodies stand apart, so that those that are forgotten leave
    # whole pages to what comes, and how many notifications are in each state is counted as they move
    """
    DROP INDEX outbox_bodies;
    CREATE TABLE outbox_bodies(n INTEGER PRIMARY KEY, entry_seq INTEGER NOT NULL, body BLOB NOT NULL);
    CREATE INDEX outbox_bodies_by_entry ON outbox_bodies(entry_seq);
    INSERT INTO outbox_bodies SELECT n, entry_seq, body FROM outbox WHERE length(body) > 0;
    CREATE TABLE outbox_kept AS SELECT
        n, id, receiver, key, reason, state, attempts, next_try_ns, updated_ns, error, entry_seq, alert, event_seq, time, person,
        group_key, route, reason_zh, error_zh, created_ns, first_failed_ns, instead_of, handed_to, gravity, head FROM outbox;
    DELETE FROM outbox;
    ALTER TABLE outbox DROP COLUMN body;
    INSERT INTO outbox SELECT * FROM outbox_kept ORDER BY n;
    DROP TABLE outbox_kept;
    CREATE TABLE outbox_states(state TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
    INSERT INTO outbox_states SELECT state, count(*) FROM outbox GROUP BY state;
    CREATE TRIGGER outbox_made AFTER INSERT ON outbox BEGIN
        INSERT INTO outbox_states VALUES (new.state, 1) ON CONFLICT(state) DO UPDATE SET count = count + 1;
    END;
    CREATE TRIGGER outbox_moved AFTER UPDATE OF state ON outbox WHEN old.state != new.state BEGIN
        UPDATE outbox_states SET count = count - 1 WHERE state = old.state;
        INSERT INTO outbox_states VALUES (new.state, 1) ON CONFLICT(state) DO UPDATE SET count = count + 1;
    END;
    CREATE TRIGGER outbox_gone AFTER DELETE ON outbox BEGIN
        UPDATE outbox_states SET count = count - 1 WHERE state = old.state;
        DELETE FROM outbox_bodies WHERE n = old.n;
    END;
    """,
)
"""Step i makes a file of version i one of version i + 1; a new file goes through all of them."""


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[str] = STEPS) -> None:
    """Bring the file to the present version, each step in a transaction of its own with its version number."""
    version = version_of(connection, path)
    if version > len(steps):
        raise LedgerTooNew(
            f"{path} has version {version}, this program knows up to {len(steps)};"
            " install the newer hazwatch again, or give another state_dir"
        )
    connection.execute("CREATE TABLE IF NOT EXISTS meta(key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    connection.execute("INSERT OR IGNORE INTO meta VALUES ('ledger_id', ?)", (str(uuid4()),))
    for number, step in enumerate(steps[version:], start=version + 1):
        stamp = f"INSERT OR REPLACE INTO meta VALUES ('version', '{number}')"  # noqa: S608 - an int of our own
        connection.executescript(f"BEGIN IMMEDIATE; {step}; {stamp}; COMMIT;")


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Return the version of the file, 0 for one that has no tables yet."""
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return 0
    if "meta" not in tables:
        raise LedgerDamaged(
            f"{path} is not a hazwatch ledger: it has tables, but none named meta; move it away"
        )
    row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return int(row[0]) if row else 0
