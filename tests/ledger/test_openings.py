"""Earlier alerts of a sensor and of a hazard source are found by an index, also in a file of an older version."""

import json
import sqlite3
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from ledger.reader import FILE_NAME
from ledger.records import Commit, EventLine, Opening
from ledger.schema import STEPS, migrate

OPENINGS = [
    Opening(seq, f"a{seq}", "lpg/LT" if seq % 2 else "lpg/PT", "farm", "high" if seq % 3 else "low")
    for seq in range(1, 13)
]


def line(opening: Opening, event: str = "opened") -> bytes:
    return json.dumps({"event": event, **opening._asdict()}).encode()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Make a file that has the events and knows nothing of openings."""
    db = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    migrate(db, tmp_path, STEPS[:3])
    rows = [(one.seq, one.id, line(one)) for one in OPENINGS]
    rows += [(100, "a1", line(OPENINGS[0], "closed")), (101, "x", b"not json")]
    db.executemany("INSERT INTO alert_events VALUES (?,?,?)", rows)
    db.close()
    return tmp_path


def check(ledger: Ledger) -> None:
    found = ledger.openings_before(13, 3, kind="high", sensor="lpg/LT")
    assert [one.seq for one in found] == [11, 7, 5]
    assert found[0] == OPENINGS[10]
    assert [one.seq for one in ledger.openings_before(11, 9, kind="high", sensor="lpg/LT")] == [7, 5, 1]
    assert [one.seq for one in ledger.openings_before(99, 2, kind="low", source="farm")] == [12, 9]
    assert ledger.openings_before(99, 9, kind="low", sensor="nobody'; DROP TABLE journal") == []


def test_openings_are_found_by_sensor_and_by_source_newest_first(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        commit = Commit(events=[EventLine(o.seq, o.id, line(o)) for o in OPENINGS], openings=OPENINGS)
        ledger.commit(commit)
        ledger.commit(commit)
        check(ledger)
        assert (ledger.event_count("a1"), ledger.event_count("nobody")) == (1, 0)


def test_an_older_file_knows_its_openings_after_it_was_brought_up_to_date(old: Path) -> None:
    with Ledger.open(old) as ledger:
        check(ledger)
        assert ledger.event_count("a1") == 2


@pytest.mark.parametrize("column", ["sensor", "source"])
def test_the_question_is_answered_by_an_index(tmp_path: Path, column: str) -> None:
    Ledger.open(tmp_path).close()
    db = sqlite3.connect(tmp_path / FILE_NAME)
    plan = db.execute(
        "EXPLAIN QUERY PLAN SELECT seq, id, sensor, source, kind FROM alert_openings"
        f" WHERE {column} = 'a' AND kind = 'high' AND seq < 9 ORDER BY seq DESC LIMIT 3"
    ).fetchall()
    db.close()
    assert [row[3] for row in plan] == [
        f"SEARCH alert_openings USING INDEX alert_openings_by_{column} ({column}=? AND kind=? AND seq<?)"
    ]
