"""Back to where the last run was, with a real ledger."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alerting.commands import Acknowledge, encode_command
from ingest.messages import Message
from ledger.ledger import Ledger
from ledger.records import Commit, JournalEntry
from registry.sensors import SensorRegistry
from service.effects import commit_of
from service.pipeline import Outcome, Pipeline, pack_messages
from service.recovery import recover, unacknowledged
from tests.service.site import GT, T0, S, lines, pipeline, plan, reading, told


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "state") as opened:
        yield opened


def kept(ledger: Ledger, pipe: Pipeline, entry: JournalEntry) -> Outcome:
    outcome = pipe.entry(entry)
    ledger.commit(commit_of(entry, outcome, None))
    return outcome


def messages(at_s: float, *parts: Message) -> JournalEntry:
    return JournalEntry(now_ns=T0 + round(at_s * S), kind="messages", body=pack_messages(parts))


def story(ledger: Ledger, pipe: Pipeline) -> list[Outcome]:
    """Six entries that open, acknowledge and clear alerts."""
    outcomes = [
        kept(ledger, pipe, JournalEntry(now_ns=T0, kind="start", body=b"{}")),
        kept(ledger, pipe, messages(1, reading("LT", 0, 86.0), reading("LT", 1, 87.0))),
    ]
    alert = outcomes[1].events[0].id
    command = encode_command(Acknowledge(alert=alert, by="li"))
    outcomes += [
        kept(ledger, pipe, JournalEntry(now_ns=T0 + 2 * S, kind="command", body=command)),
        kept(ledger, pipe, messages(3, reading("LT", 3, 91.0), reading("GT", 3, 51.0), Message("?", b"?"))),
        kept(ledger, pipe, JournalEntry(now_ns=T0 + 60 * S, kind="tick", body=b"")),
        kept(ledger, pipe, messages(61, reading("LT", 61, 50.0))),
    ]
    assert all(outcome.events for outcome in outcomes[1:])
    return outcomes


def test_a_new_ledger_gives_a_new_pipeline(ledger: Ledger) -> None:
    recovered = recover(ledger, plan(), 0, lambda *_: None)
    assert (recovered.snapshot_seq, recovered.replayed) == (0, 0)
    assert recovered.pipeline.snapshot() == pipeline().snapshot()


def test_the_journal_alone_brings_everything_back(ledger: Ledger) -> None:
    live = pipeline()
    outcomes = story(ledger, live)
    redone: list[tuple[int, Outcome]] = []
    recovered = recover(ledger, plan(), 0, lambda seq, outcome: redone.append((seq, outcome)))
    assert (recovered.snapshot_seq, recovered.replayed) == (0, 6)
    assert recovered.pipeline.snapshot() == live.snapshot()
    assert [seq for seq, _ in redone] == [1, 2, 3, 4, 5, 6]
    assert [told(outcome) for _, outcome in redone] == [told(outcome) for outcome in outcomes]


@pytest.mark.parametrize("stored_seq", range(7))
def test_from_the_newest_snapshot_that_the_store_has_caught_up_with(ledger: Ledger, stored_seq: int) -> None:
    live = pipeline()
    outcomes = story(ledger, live)
    copy = pipeline()
    for seq, entry in enumerate(ledger.entries(), start=1):
        copy.entry(entry)
        if seq in {2, 4, 6}:
            ledger.save_snapshot(seq, copy.snapshot())
    redone: list[int] = []
    recovered = recover(ledger, plan(), stored_seq, lambda seq, _: redone.append(seq))
    assert recovered.snapshot_seq == {0: 0, 1: 0, 2: 2, 3: 2, 4: 4, 5: 4, 6: 6}[stored_seq]
    assert recovered.replayed == 6 - recovered.snapshot_seq
    assert redone == list(range(stored_seq + 1, 7)), "the store gets what it lacks, and nothing else"
    assert recovered.pipeline.snapshot() == live.snapshot()
    assert lines(outcomes) == [event.line for event in ledger.alert_events()]


@pytest.mark.parametrize("body", [b"", b"junk", "cut"])
def test_a_refused_snapshot_falls_back_to_an_older_one(ledger: Ledger, body: bytes | str) -> None:
    live = pipeline()
    story(ledger, live)
    older = pipeline()
    for entry in ledger.entries(0, limit=3):
        older.entry(entry)
    ledger.save_snapshot(3, older.snapshot())
    ledger.save_snapshot(5, live.snapshot()[:-7] if isinstance(body, str) else body)
    recovered = recover(ledger, plan(), 6, lambda *_: None)
    assert (recovered.snapshot_seq, recovered.replayed) == (3, 3)
    assert recovered.pipeline.snapshot() == live.snapshot()


def test_a_snapshot_half_taken_over_leaves_nothing_behind(ledger: Ledger) -> None:
    """The bank's half is good and the book's is not: nothing of it may stay in the pipeline that goes on."""
    live = pipeline()
    story(ledger, live)
    good = live.snapshot()
    broken = good.replace(b"book", b"bOOk")
    ledger.save_snapshot(5, broken)
    recovered = recover(ledger, plan(), 6, lambda *_: None)
    assert recovered.snapshot_seq == 0
    assert recovered.pipeline.snapshot() == good


def test_folding_again_changes_nothing_in_the_ledger(ledger: Ledger) -> None:
    story(ledger, pipeline())
    before = [event.line for event in ledger.alert_events()]
    recovered = recover(ledger, plan(), 0, lambda *_: None)
    more = kept(ledger, recovered.pipeline, messages(70, reading("GT", 70, 1.0), reading("GT", 101, 1.0)))
    after = [event.line for event in ledger.alert_events()]
    assert after == before + lines([more])
    assert ledger.conflicts == 0


def test_unacknowledged_are_the_newest_messages_in_their_order(ledger: Ledger) -> None:
    parts = [reading("LT", k, float(k)) for k in range(10)]
    for k in range(0, 10, 2):
        entries = [messages(k, *parts[k : k + 2]), JournalEntry(now_ns=T0, kind="tick", body=b"")]
        ledger.commit(Commit(entries=entries))
    for n in range(1, 12):
        assert unacknowledged(ledger, n) == parts[-n:]
    assert unacknowledged(ledger, 0) == []


def test_unacknowledged_of_an_empty_or_pruned_journal(ledger: Ledger) -> None:
    assert unacknowledged(ledger, 10) == []
    pipe = pipeline()
    for k in range(4):
        kept(ledger, pipe, messages(k, reading("LT", k, 50.0)))
    ledger.commit(Commit(stored_seq=4))
    ledger.save_snapshot(3, pipe.snapshot())
    assert ledger.prune(above_bytes=1) == 3
    assert unacknowledged(ledger, 10) == [reading("LT", 3, 50.0)]


def test_unacknowledged_are_found_over_many_entries(ledger: Ledger) -> None:
    parts = [reading("LT", k, float(k)) for k in range(1000)]
    ledger.commit(Commit(entries=[messages(k, part) for k, part in enumerate(parts)]))
    for n in (1, 255, 256, 257, 700, 1000, 5000):
        assert unacknowledged(ledger, n) == parts[-n:]


def test_settings_may_have_changed_since(ledger: Ledger) -> None:
    story(ledger, pipeline())
    fewer = plan(registry=SensorRegistry((GT,)))
    recovered = recover(ledger, fewer, 0, lambda *_: None)
    assert recovered.replayed == 6
    assert {view.event.sensor for view in recovered.pipeline.desk.book.open_alerts()} <= {"e/GT"}
