"""Who was told of an alert, when, and what came of it: kept as long as alert lines are, also over a new version."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.ledger import Ledger
from ledger.reader import FILE_NAME, open_readonly
from ledger.records import Commit, HandedOver, JournalEntry, OutboxItem, OutboxState, OutboxUpdate
from ledger.replica import Replica
from ledger.schema import STEPS, migrate
from registry.plant import Text

ITEM = OutboxItem(
    id="n1",
    receiver="duty",
    body=b"{}",
    key="a",
    reason=Text("红色", "red"),
    alert="a",
    event_seq=7,
    time="2026-03-01T00:00:00.000Z",
    person="li",
    route="route.routes[0]",
    created_ns=5,
)


def entry(now_ns: int) -> JournalEntry:
    return JournalEntry(now_ns=now_ns, kind="tick", body=b"x" * 100)


def test_a_delivery_has_person_rule_and_outcome_in_both_languages(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.commit(Commit(notifications=[ITEM]))
        ledger.mark_retry("n1", 10, 20, Text("断", "down"))
        ledger.mark_retry("n1", 21, 30, Text("忙", "busy"))
        ledger.mark_sent("n1", 31)
        [row] = ledger.deliveries("a")
    assert (row.receiver, row.person, row.route, row.alert, row.event_seq) == (
        "duty",
        "li",
        "route.routes[0]",
        "a",
        7,
    )
    assert (row.reason, row.state, row.attempts) == (Text("红色", "red"), OutboxState.SENT, 3)
    assert (row.created_ns, row.first_failed_ns, row.updated_ns) == (5, 10, 31)
    assert (row.error, row.handed_to, row.instead_of) == (Text("", ""), None, None)


def test_what_failed_keeps_its_reason(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.commit(Commit(notifications=[ITEM]))
        ledger.mark_failed("n1", 10, Text("拒", "refused"))
        [row] = ledger.deliveries("a")
    assert (row.state, row.error, row.first_failed_ns) == (OutboxState.FAILED, Text("拒", "refused"), 10)


def test_a_group_is_a_delivery_of_each_of_its_alerts(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        group = replace(ITEM, id="g", group="enterprise=lpg", alerts=("a", "b", "a"))
        ledger.commit(Commit(notifications=[ITEM, group]))
        ledger.commit(Commit(notifications=[ITEM, group]))
        assert [row.id for row in ledger.deliveries("a")] == ["n1", "g"]
        assert [(row.id, row.group) for row in ledger.deliveries("b")] == [("g", "enterprise=lpg")]
        assert ledger.deliveries("c") == []
    with open_readonly(tmp_path) as reader:
        assert [row.id for row in reader.deliveries("b")] == ["g"]


def test_handing_on_is_kept_with_the_outcome_or_not_at_all(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.commit(Commit(notifications=[ITEM, replace(ITEM, id="n2")]))
        assert [row.id for row in ledger.waiting("duty")] == ["n1", "n2"]
        other = replace(ITEM, id="n3", receiver="mail", instead_of="n1")
        ledger.commit(Commit(notifications=[other], handed_over=[HandedOver("n1", "n3")]))
        assert [row.id for row in ledger.waiting("duty")] == ["n2"]
        assert [row.id for row in ledger.waiting("mail")] == ["n3"]
        told = [(row.receiver, row.handed_to, row.instead_of) for row in ledger.deliveries("a")]
        assert told == [("duty", "n3", None), ("duty", None, None), ("mail", None, "n1")]
        assert [row.id for row in ledger.pending(100)] == ["n1", "n3"], "what was handed on is still tried"


def test_pruning_forgets_bodies_and_keeps_who_was_told(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        late = replace(ITEM, id="n2", alert="b", key="b")
        ledger.commit(Commit(entries=[entry(1)], notifications=[ITEM]))
        ledger.commit(Commit(entries=[entry(2)], notifications=[late]))
        ledger.commit(Commit(entries=[entry(3), entry(4)], stored_seq=4))
        ledger.mark_sent("n1", 9)
        ledger.save_snapshot(4, b"s")
        assert ledger.prune(older_than_ns=100) == 3
        [sent], [waiting] = ledger.deliveries("a"), ledger.deliveries("b")
        assert (sent.body, sent.state, sent.updated_ns, sent.person) == (b"", OutboxState.SENT, 9, "li")
        assert waiting.body == b"{}", "what is still to be sent keeps its body"


def test_what_forgotten_bodies_took_is_used_again_and_states_are_still_counted(tmp_path: Path) -> None:
    body = b"x" * 2000
    with Ledger.open(tmp_path) as ledger:
        used_bytes = list[int]()
        for day in range(8):
            items = [replace(ITEM, id=f"{day}-{n}", body=body, key=f"{day}-{n}") for n in range(100)]
            seq = ledger.commit(Commit(entries=[entry(day)], notifications=items, stored_seq=day + 1))
            sent = [OutboxUpdate(id=item.id, state=OutboxState.SENT, at_ns=1) for item in items]
            ledger.commit(Commit(outbox_updates=sent))
            ledger.save_snapshot(seq, b"s")
            ledger.prune(older_than_ns=day)
            used_bytes.append(ledger.used_bytes)
        held = sum(len(row.body) for row in ledger.deliveries("a"))
        assert ledger.outbox_counts() == {"sent": 800}
        assert held < 5 * 100 * len(body)
        assert used_bytes[-1] - used_bytes[-3] < 100 * len(body), "two days of records, without their bodies"
        plan = ledger._all("EXPLAIN QUERY PLAN DELETE FROM outbox_bodies WHERE entry_seq <= 5")
        assert "outbox_bodies_by_entry" in str(plan)


def test_a_replay_that_goes_back_forgets_bodies_and_counts_too(tmp_path: Path) -> None:
    with Replica.open(tmp_path) as replica:
        first, second = replace(ITEM, event_seq=1), replace(ITEM, id="n2", event_seq=2, body=b"later")
        replica.commit(Commit(notifications=[first, second]))
        replica.back_to(1)
        assert replica.outbox_counts() == {"pending": 1}
        replica.commit(Commit(notifications=[replace(second, body=b"other")]))
        assert [row.body for row in replica.deliveries("a")] == [b"{}", b"other"]
        assert replica.outbox_counts() == {"pending": 2}


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Make a ledger file of version 1 with alerts that were told of, are to be, and could not be."""
    db = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    migrate(db, tmp_path, STEPS[:1])
    line = b'{"id":"%s","seq":%d,"time":"2026-01-01T00:00:0%d.000Z","title":{"zh":"\xe9\xab\x98"}}'
    rows = [
        ("n1", "a", line % (b"a", 1, 1), "sent", 1, 0, ""),
        ("n2", "a", line % (b"a", 2, 2), "pending", 3, 50, "down"),
        ("n3", "b", b"not json", "failed", 1, 0, "refused"),
    ]
    for name, alert, body, state, attempts, due_ns, error in rows:
        db.execute(
            "INSERT INTO outbox(id, receiver, key, body, reason, state, attempts, next_try_ns, updated_ns, error,"
            " entry_seq) VALUES (?,'duty',?,?,'because',?,?,?,9,?,1)",
            (name, alert, body, state, attempts, due_ns, error),
        )
    db.close()
    return tmp_path


def test_an_older_file_keeps_what_waits_and_what_came_of_the_rest(old: Path) -> None:
    with Ledger.open(old) as ledger:
        first, second = ledger.deliveries("a")
        assert (first.state, first.alert, first.event_seq, first.time) == (
            OutboxState.SENT, "a", 1, "2026-01-01T00:00:01.000Z",
        )  # fmt: skip
        assert (len(first.body) > 2, ledger.outbox_counts()) == (True, {"failed": 1, "pending": 1, "sent": 1})
        assert (second.reason, second.error) == (Text.same("because"), Text.same("down"))
        assert (second.person, second.route, second.first_failed_ns) == (None, "", 0)
        [broken] = ledger.deliveries("b")
        assert (broken.state, broken.error, broken.event_seq) == (OutboxState.FAILED, Text.same("refused"), 0)
        assert ledger.pending(10) == []
        [row] = ledger.pending(50)
        assert (row.id, row.event_seq, row.attempts, row.body[:10]) == ("n2", 2, 3, b'{"id":"a",')
        ledger.mark_sent("n2", 60)
        assert ledger.outbox_counts() == {"failed": 1, "sent": 2}


def test_a_file_is_brought_up_to_date_once(old: Path) -> None:
    Ledger.open(old).close()
    with Ledger.open(old) as ledger:
        assert len(ledger.deliveries("a")) == 2
    db = sqlite3.connect(old / FILE_NAME)
    assert db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone() == (str(len(STEPS)),)
    db.close()


def test_a_broken_step_leaves_the_older_file_as_it_was(old: Path) -> None:
    db = sqlite3.connect(old / FILE_NAME, isolation_level=None)
    before = list(db.iterdump())
    with pytest.raises(sqlite3.OperationalError):
        migrate(db, old, (STEPS[0], STEPS[1] + "; nonsense"))
    db.rollback()
    assert list(db.iterdump()) == before
    db.close()
