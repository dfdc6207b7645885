import itertools
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import (
    Commit,
    DeadLetter,
    JournalEntry,
    Ledger,
    LedgerDamaged,
    LedgerError,
    LedgerTooNew,
    OutboxItem,
    OutboxState,
    OutboxUpdate,
    open_readonly,
)
from ledger import ledger as ledger_module
from ledger.ledger import DEAD_LETTERS_KEPT, SNAPSHOTS_KEPT, WAYPOINTS
from ledger.reader import FILE_NAME
from ledger.schema import STEPS, migrate
from ledger.snapshots import spread
from registry.plant import Text


def entry(now_ns: int, body: bytes = b"x") -> JournalEntry:
    return JournalEntry(now_ns=now_ns, kind="messages", body=body)


def item(
    name: str, receiver: str = "duty", key: str = "", body: bytes = b"{}", gravity: int = 0
) -> OutboxItem:
    return OutboxItem(
        id=name, receiver=receiver, key=key, body=body, reason=Text.same("test"), gravity=gravity
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path) as opened:
        yield opened


def test_entries_come_back_in_order_with_their_bytes(ledger: Ledger) -> None:
    first = ledger.commit(Commit(entries=[JournalEntry(now_ns=5, kind="start", body=b"\x00\xff")]))
    last = ledger.commit(
        Commit(entries=[entry(7), JournalEntry(now_ns=8, kind="command", body=b'{"by":"\xe7\x8e\x8b"}')])
    )
    assert (first, last) == (1, 3)
    assert [tuple(e) for e in ledger.entries()] == [
        (1, 5, "start", b"\x00\xff"),
        (2, 7, "messages", b"x"),
        (3, 8, "command", b'{"by":"\xe7\x8e\x8b"}'),
    ]
    assert [e.seq for e in ledger.entries(after_seq=1, limit=1)] == [2]


def test_many_entries_are_read_page_by_page(ledger: Ledger) -> None:
    ledger.commit(Commit(entries=[entry(i) for i in range(1000)]))
    assert [e.seq for e in ledger.entries(after_seq=3)] == list(range(4, 1001))
    assert [e.seq for e in ledger.entries(after_seq=3, limit=600)] == list(range(4, 604))


def test_everything_of_a_commit_is_there_after_opening_again(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        name = ledger.ledger_id
        ledger.commit(
            Commit(
                entries=[entry(1)],
                events=[(1, "a1", b'{"id":"a1"}')],
                notifications=[item("n1")],
                dead_letters=[DeadLetter(1, "bad_json", "at 0", "t", b"{", 1)],
                stored_seq=1,
            )
        )
    with Ledger.open(tmp_path) as ledger:
        assert ledger.ledger_id == name
        assert (ledger.first_seq, ledger.last_seq, ledger.stored_seq, ledger.last_event_seq) == (1, 1, 1, 1)
        assert [tuple(e) for e in ledger.alert_events()] == [(1, "a1", b'{"id":"a1"}')]
        assert [row.id for row in ledger.pending(0)] == ["n1"]
        assert ledger.dead_letters() == [DeadLetter(1, "bad_json", "at 0", "t", b"{", 1)]
        assert ledger.quick_check() == []
        assert ledger.commit(Commit(entries=[entry(2)])) == 2


def test_a_commit_that_fails_leaves_nothing(ledger: Ledger) -> None:
    unknown = OutboxUpdate(id="nobody", state=OutboxState.SENT, at_ns=1)
    with pytest.raises(LedgerError, match="nobody"):
        ledger.commit(
            Commit(
                entries=[entry(1)],
                events=[(1, "a", b"l")],
                notifications=[item("n")],
                outbox_updates=[unknown],
            )
        )
    assert list(ledger.entries()) == []
    assert list(ledger.alert_events()) == []
    assert ledger.pending(0) == []
    assert ledger.commit(Commit(entries=[entry(1)])) == 1


def test_the_same_events_and_notifications_again_change_nothing(ledger: Ledger) -> None:
    again = Commit(events=[(1, "a", b"line"), (2, "b", b"other")], notifications=[item("n1"), item("n2")])
    ledger.commit(again)
    ledger.mark_sent("n1", at_ns=9)
    ledger.commit(again)
    assert [e.seq for e in ledger.alert_events()] == [1, 2]
    assert [row.id for row in ledger.pending(10)] == ["n2"]
    assert ledger.conflicts == 0
    ledger.commit(Commit(events=[(2, "b", b"not the same")]))
    assert ledger.conflicts == 1
    assert [e.line for e in ledger.alert_events()] == [b"line", b"other"]


def test_alert_events_newest_first_and_of_one_alert(ledger: Ledger) -> None:
    ledger.commit(Commit(events=[(i, "even" if i % 2 == 0 else "odd", b"l") for i in range(1, 601)]))
    assert [e.seq for e in ledger.alert_events(limit=3, newest_first=True)] == [600, 599, 598]
    assert len(list(ledger.alert_events(newest_first=True))) == 600
    assert [e.seq for e in ledger.alert_events(after_seq=590, alert="even")] == [592, 594, 596, 598, 600]


def test_the_gravest_leaves_first_and_takes_with_it_what_stands_before_it(ledger: Ledger) -> None:
    ledger.commit(
        Commit(
            notifications=[
                item("y1", key="Y", gravity=2),
                item("o1", key="O", gravity=3),
                item("x1", key="X", gravity=2),
                item("r1", key="R", gravity=4),
                item("x2", key="X", gravity=4),
            ]
        )
    )
    assert [row.id for row in ledger.pending(0)] == ["x1", "r1", "o1", "y1"]
    ledger.mark_sent("x1", at_ns=1)
    assert [row.id for row in ledger.pending(0)] == ["r1", "x2", "o1", "y1"]
    assert [row.id for row in ledger.pending(0, 1)] == ["r1"]


def test_what_may_leave_next_is_found_without_looking_through_what_waits(ledger: Ledger) -> None:
    for query in (
        "SELECT id FROM outbox WHERE head = 1 AND next_try_ns <= 5 ORDER BY gravity DESC, n LIMIT 9",
        "SELECT min(next_try_ns) FROM outbox WHERE head = 1",
    ):
        plan = " ".join(str(row) for row in ledger._all(f"EXPLAIN QUERY PLAN {query}"))
        assert "outbox_heads" in plan
        assert "TEMP B-TREE" not in plan


def test_an_alerts_first_and_newest_events_up_to_a_number(ledger: Ledger) -> None:
    ledger.commit(Commit(events=[(i, "even" if i % 2 == 0 else "odd", b"l") for i in range(1, 21)]))
    assert [e.seq for e in ledger.events_of("even", 20, 10)] == [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]
    assert [e.seq for e in ledger.events_of("even", 13, 4)] == [2, 8, 10, 12]
    assert [e.seq for e in ledger.events_of("even", 5, 4)] == [2, 4]
    assert ledger.events_of("even", 1, 4) == []
    assert ledger.events_of("none", 20, 4) == []


def test_notifications_of_one_key_wait_for_each_other_and_others_do_not(ledger: Ledger) -> None:
    ledger.commit(
        Commit(
            notifications=[
                item("a1", key="A"),
                item("a2", key="A"),
                item("b1", key="B"),
                item("w1", "web", "A"),
            ]
        )
    )
    assert [row.id for row in ledger.pending(0)] == ["a1", "b1", "w1"]
    ledger.mark_retry("a1", at_ns=1, next_try_ns=100, reason=Text("断", "503"))
    assert [row.id for row in ledger.pending(50)] == ["b1", "w1"]
    ledger.mark_sent("b1", at_ns=2)
    ledger.mark_sent("w1", at_ns=2)
    assert ledger.pending(50) == []
    assert ledger.next_due_ns() == 100
    (row,) = ledger.pending(100)
    assert (row.id, row.attempts, row.error, row.updated_ns) == ("a1", 1, Text("断", "503"), 1)
    ledger.mark_failed("a1", at_ns=101, reason=Text.same("410 gone"))
    assert [row.id for row in ledger.pending(101)] == ["a2"]
    assert ledger.outbox_counts() == {"failed": 1, "pending": 1, "sent": 2}
    ledger.mark_retry("a1", at_ns=102, next_try_ns=103, reason=Text.same("late answer"))
    assert ledger.outbox_counts() == {"failed": 1, "pending": 1, "sent": 2}


def test_dead_letters_are_bounded_and_counted(ledger: Ledger) -> None:
    for start in range(0, 2000, 500):
        ledger.commit(
            Commit(
                dead_letters=[
                    DeadLetter(i, "bad_json", "", "t", b"%d" % i, 2) for i in range(start, start + 500)
                ]
            )
        )
    ledger.commit(Commit(dead_letters=[DeadLetter(3000, "oversize", "", "t", b"", 1)]))
    kept = ledger.dead_letters(limit=5000)
    assert len(kept) == DEAD_LETTERS_KEPT
    assert [letter.now_ns for letter in kept[:2]] == [3000, 1999]
    assert ledger.dead_letter_counts() == {"bad_json": 4000, "oversize": 1}


def test_snapshots_newest_first_a_broken_one_is_passed_over(ledger: Ledger, tmp_path: Path) -> None:
    ledger.commit(Commit(entries=[entry(i) for i in range(10)]))
    for seq in (2, 4, 6):
        ledger.save_snapshot(seq, b"state %d" % seq)
    newest = tmp_path / "snapshots" / f"{6:020}.snap"
    newest.write_bytes(newest.read_bytes()[:-1] + b"?")
    assert [(s.seq, s.body) for s in ledger.snapshots()] == [(4, b"state 4"), (2, b"state 2")]


def test_the_snapshot_that_the_store_has_caught_up_with_is_kept(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledger_module, "WAYPOINTS", 0)
    ledger.commit(Commit(entries=[entry(i) for i in range(100)], stored_seq=15))
    for seq in range(10, 100, 10):
        ledger.save_snapshot(seq, b"s")
    assert [s.seq for s in ledger.snapshots()] == [90, 80, 70, 10]
    ledger.commit(Commit(stored_seq=85))
    ledger.save_snapshot(100, b"s")
    assert [s.seq for s in ledger.snapshots()] == [100, 90, 80]
    assert len(list(ledger.snapshots())) == SNAPSHOTS_KEPT


def test_older_snapshots_stay_as_waypoints_over_the_whole_journal(ledger: Ledger) -> None:
    ledger.commit(Commit(entries=[entry(i) for i in range(200)], stored_seq=200))
    for seq in range(1, 201):
        ledger.save_snapshot(seq, b"s")
    seqs = [s.seq for s in ledger.snapshots()]
    assert seqs[:SNAPSHOTS_KEPT] == [200, 199, 198]
    waypoints = seqs[SNAPSHOTS_KEPT:][::-1]
    assert len(waypoints) == WAYPOINTS
    assert waypoints[0] == 1, "the oldest stays as long as its entries do"
    assert max(after - before for before, after in itertools.pairwise(waypoints)) <= 2 * 200 / (WAYPOINTS - 2)
    assert ledger.prune(older_than_ns=120) == 120, "they hold no entry back"
    ledger.save_snapshot(200, b"s")
    left = [s.seq for s in ledger.snapshots()]
    assert left == [seq for seq in seqs if seq >= ledger.first_seq - 1]


@pytest.mark.parametrize(
    ("most", "kept"), [(0, []), (1, [9]), (2, [1, 9]), (3, [1, 6, 9]), (9, [1, 4, 5, 6, 9])]
)
def test_numbers_are_spread_by_leaving_out_what_stands_close(most: int, kept: list[int]) -> None:
    assert spread([1, 4, 5, 6, 9], most) == kept


def test_a_snapshot_of_another_ledger_is_not_taken(ledger: Ledger, tmp_path: Path) -> None:
    ledger.commit(Commit(entries=[entry(1)]))
    ledger.save_snapshot(1, b"mine")
    with Ledger.open(tmp_path / "other") as other:
        other.commit(Commit(entries=[entry(1)]))
        (tmp_path / "snapshots").rename(tmp_path / "other" / "snapshots")
        assert list(other.snapshots()) == []


def test_prune_keeps_what_a_restart_needs(ledger: Ledger) -> None:
    ledger.commit(Commit(entries=[entry(i) for i in range(1, 101)], notifications=[item("n1"), item("n2")]))
    ledger.mark_sent("n1", at_ns=1)
    assert ledger.prune(older_than_ns=1000) == 0, "without a snapshot everything is needed"
    ledger.save_snapshot(50, b"s")
    assert ledger.prune(older_than_ns=1000) == 0, "the store has nothing yet"
    ledger.commit(Commit(stored_seq=40))
    assert ledger.prune(older_than_ns=11) == 10
    assert ledger.prune(older_than_ns=1000) == 30
    assert ledger.prune(older_than_ns=1000) == 0
    assert ledger.first_seq == 41
    ledger.commit(Commit(stored_seq=100))
    ledger.save_snapshot(100, b"s")
    assert ledger.prune(above_bytes=10**9) == 0
    assert ledger.prune(above_bytes=100) == 10, "entries after the oldest snapshot stay"
    assert ledger.outbox_counts() == {"pending": 2 - 1, "sent": 1}


def test_prune_by_size_keeps_the_newest_entries(ledger: Ledger) -> None:
    ledger.commit(Commit(entries=[entry(i, b"x" * 936) for i in range(1, 101)], stored_seq=100))
    ledger.save_snapshot(100, b"s")
    assert ledger.prune(above_bytes=ledger.used_bytes - 30_000) == 30
    assert ledger.prune(above_bytes=ledger.used_bytes) == 0
    assert (ledger.first_seq, ledger.last_seq) == (31, 100)


def test_seq_goes_on_after_pruning_and_opening_again(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.commit(Commit(entries=[entry(1), entry(2)], stored_seq=2))
        ledger.save_snapshot(2, b"s")
        assert ledger.prune(older_than_ns=100) == 1
    with Ledger.open(tmp_path) as ledger:
        assert ledger.commit(Commit(entries=[entry(3)])) == 3


def test_a_broken_entry_ends_the_reading_with_its_seq(ledger: Ledger, tmp_path: Path) -> None:
    ledger.commit(Commit(entries=[entry(i) for i in range(1, 6)]))
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("UPDATE journal SET body = ? WHERE seq = 4", (b"y",))
    db.close()
    seen: list[int] = []
    with pytest.raises(LedgerDamaged) as caught:
        seen.extend(e.seq for e in ledger.entries())
    assert (seen, caught.value.seq) == ([1, 2, 3], 4)
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("DELETE FROM journal WHERE seq = 3")
    db.close()
    seen.clear()
    with pytest.raises(LedgerDamaged) as caught:
        seen.extend(e.seq for e in ledger.entries())
    assert (seen, caught.value.seq) == ([1, 2], 3)


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    Ledger.open(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    db.close()
    with pytest.raises(LedgerTooNew, match="version 99"):
        Ledger.open(tmp_path)
    with pytest.raises(LedgerTooNew, match="version 99"):
        open_readonly(tmp_path)


def test_an_older_file_is_brought_up_to_date_with_what_it_holds(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.commit(Commit(entries=[entry(1)]))
    db = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    migrate(db, tmp_path, (*STEPS, "ALTER TABLE journal ADD COLUMN note TEXT NOT NULL DEFAULT 'old'"))
    assert db.execute("SELECT seq, note FROM journal").fetchall() == [(1, "old")]
    assert db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone() == (str(len(STEPS) + 1),)
    with pytest.raises(sqlite3.OperationalError, match="nonsense"):
        migrate(db, tmp_path, (*STEPS, "", "CREATE TABLE fine(x); nonsense"))
    db.close()
    db = sqlite3.connect(tmp_path / FILE_NAME)
    assert db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'fine'").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize(
    "content", [b"this is no database at all, but long enough to be looked at" * 20, None]
)
def test_a_file_that_is_no_ledger_is_told(tmp_path: Path, content: bytes | None) -> None:
    if content is None:
        db = sqlite3.connect(tmp_path / FILE_NAME)
        db.execute("CREATE TABLE somebody_elses(x)")
        db.close()
    else:
        (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(LedgerDamaged, match=FILE_NAME):
        Ledger.open(tmp_path)
    with pytest.raises(LedgerDamaged, match=FILE_NAME):
        open_readonly(tmp_path)


def test_a_damaged_page_is_told_and_found_by_the_check(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.commit(Commit(entries=[entry(i, b"z" * 3000) for i in range(200)]))
    path = tmp_path / FILE_NAME
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 4096 * 4096
    data[middle : middle + 8192] = b"\xff" * 8192
    path.write_bytes(bytes(data))
    with open_readonly(tmp_path) as reader:
        assert reader.quick_check() != []
        with pytest.raises(LedgerDamaged):
            list(reader.entries())


def test_a_full_disk_keeps_nothing_of_the_commit_and_says_so(ledger: Ledger) -> None:
    ledger.commit(Commit(entries=[entry(1)]))
    (pages,) = ledger._writes.execute("PRAGMA page_count").fetchone()
    ledger._writes.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(LedgerError, match="free disk space"):
        ledger.commit(Commit(entries=[entry(2), entry(3, b"x" * 1_000_000)], events=[(1, "a", b"l")]))
    assert ledger.last_seq == 1
    assert list(ledger.alert_events()) == []
    ledger._writes.execute(f"PRAGMA max_page_count = {pages + 4000}")
    assert ledger.commit(Commit(entries=[entry(2)])) == 2


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with pytest.raises(LedgerError, match="state folder"):
        Ledger.open(tmp_path / "state")


def test_reading_while_it_is_written_and_from_a_copy(ledger: Ledger, tmp_path: Path) -> None:
    ledger.commit(Commit(entries=[entry(1)], events=[(1, "a", b"l1")]))
    with open_readonly(tmp_path) as reader:
        assert [e.line for e in reader.alert_events()] == [b"l1"]
        ledger.commit(Commit(entries=[entry(2)], events=[(2, "a", b"l2")]))
        assert [e.line for e in reader.alert_events()] == [b"l1", b"l2"]
        assert reader.ledger_id == ledger.ledger_id
    copied = tmp_path / "copy.sqlite"
    ledger._writes.execute("VACUUM INTO ?", (str(copied),))
    with open_readonly(copied) as reader:
        assert [e.seq for e in reader.entries()] == [1, 2]
    with pytest.raises(LedgerError, match="no ledger here"):
        open_readonly(tmp_path / "nowhere")
