"""The pipeline: entries are what happened, a snapshot is a short cut, nothing that arrives makes it fall."""

import math
from dataclasses import replace

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.commands import Acknowledge, CommandRefused, SystemCondition, encode_command
from detectors.bank import SnapshotError
from detectors.clock import Clock
from detectors.profile import Methods, Profile
from detectors.state import NEVER
from ingest.messages import Message
from ledger.records import Entry, EntryKind, JournalEntry
from registry.plant import Text
from registry.sensors import SensorType
from service.pipeline import Outcome, Pipeline, pack_messages, unpack_messages
from tests.service.site import DEAD_S, T0, S, bare, lines, pipeline, plan, reading, told

TROUBLE = SystemCondition(name="store", active=True, detail=Text("库", "store"))


def entry(kind: EntryKind, at_s: float, body: bytes = b"") -> JournalEntry:
    return JournalEntry(now_ns=T0 + round(at_s * S), kind=kind, body=body)


def messages(at_s: float, *parts: Message) -> JournalEntry:
    return entry("messages", at_s, pack_messages(parts))


def high(pipe: Pipeline, at_s: float = 0) -> Outcome:
    """Bring the level over its high limit."""
    return pipe.messages([reading("LT", at_s, 86.0), reading("LT", at_s + 1, 87.0)], T0 + round(at_s * S) + S)


def test_messages_survive_being_packed() -> None:
    parts = [reading("LT", 0, 1.5), Message("t/ü", b"\x00\xff"), Message("", b"")]
    assert unpack_messages(pack_messages(parts)) == parts


def test_an_entry_of_messages_is_the_call() -> None:
    parts = [reading("LT", 0, 86.0), bare(1.3), Message("x", b"{")]
    live, folded = pipeline(), pipeline()
    kept = Entry(1, T0 + S, "messages", pack_messages(parts))
    assert told(folded.entry(kept)) == told(live.messages(parts, T0 + S))
    assert folded.snapshot() == live.snapshot()
    assert folded.counts == live.counts


def test_an_entry_of_a_command_is_the_tick_and_the_call() -> None:
    live, folded = pipeline(), pipeline()
    opened = high(live)
    high(folded)
    now_ns = T0 + round((DEAD_S + 5) * S)
    command = Acknowledge(alert=opened.events[0].id, by="li", seq=1, comment="ok")
    fired, done = live.tick(now_ns), live.command(command, now_ns)
    both = folded.entry(JournalEntry(now_ns=now_ns, kind="command", body=encode_command(command)))
    assert [e.event for e in both.events] == ["opened", "acknowledged"]
    assert lines([both]) == lines([fired, done])
    assert both.notifications == fired.notifications + done.notifications
    assert both.findings.rows.tobytes() == fired.findings.rows.tobytes()
    assert folded.snapshot() == live.snapshot()


def test_an_entry_of_a_tick_is_the_call() -> None:
    live, folded = pipeline(), pipeline()
    high(live)
    high(folded)
    late = T0 + 1000 * S
    assert told(folded.entry(entry("tick", 1000))) == told(live.tick(late))
    assert folded.snapshot() == live.snapshot()
    assert live.tick(late).events == ()


def test_an_entry_of_a_start_lets_silence_count_anew() -> None:
    live, folded = pipeline(), pipeline()
    high(live)
    high(folded)
    live.bank.resume(T0 + 1000 * S)
    assert told(folded.entry(entry("start", 1000, b"{}"))) == told(Outcome())
    assert folded.snapshot() == live.snapshot()
    assert live.tick(T0 + 1001 * S).events == ()
    assert [e.kind for e in live.tick(T0 + 1000 * S + round(DEAD_S * S)).events] == ["dead"]


def test_a_tick_tells_each_silence_at_its_own_time_however_late_it_comes() -> None:
    late, often = pipeline(), pipeline()
    for pipe in (late, often):
        pipe.messages([reading("LT", 0, 50.0)], T0)
    once = late.tick(T0 + 1000 * S)
    step_by_step = [often.tick(T0 + k * S) for k in range(1001)]
    assert lines([once]) == lines(step_by_step)
    (event,) = once.events
    assert event.time == "2025-11-24T16:00:30.000Z"


def test_a_dead_point_is_told_at_its_deadline_and_cleared_by_a_good_reading_of_the_same_second() -> None:
    pipe = pipeline()
    pipe.messages([reading("LT", 0, 50.0)], T0)
    due_ns = T0 + round(DEAD_S * S)
    assert pipe.next_deadline_ns() == due_ns
    [dead] = pipe.tick(due_ns).events
    assert (dead.event, dead.kind) == ("opened", "dead")
    [back] = pipe.messages([reading("LT", DEAD_S + 0.2, 50.0)], due_ns + S // 4).events
    assert (back.id, back.event, back.state) == (dead.id, "cleared", "rtnun")
    assert back.time[:19] == dead.time[:19]


def test_the_deadline_is_known_before_it_is_due() -> None:
    pipe = pipeline()
    assert pipe.now_ns == NEVER
    assert pipe.next_deadline_ns() is None
    pipe.messages([reading("LT", 0, 50.0)], T0)
    assert pipe.next_deadline_ns() == T0 + round(DEAD_S * S)


def test_under_the_event_clock_a_command_fires_nothing() -> None:
    pipe = pipeline(Clock.EVENT)
    pipe.messages([reading("LT", 0, 50.0)], 0)
    done = pipe.entry(JournalEntry(now_ns=T0 + 1000 * S, kind="command", body=encode_command(TROUBLE)))
    assert [e.kind for e in done.events] == ["system"]


def test_a_command_is_never_before_what_has_been() -> None:
    pipe = pipeline()
    pipe.messages([reading("LT", 100, 50.0)], T0 + 100 * S)
    (event,) = pipe.command(TROUBLE, T0).events
    assert event.time == "2025-11-24T16:01:40.000Z"


def test_a_refused_command_changes_nothing() -> None:
    pipe = pipeline()
    high(pipe)
    before = pipe.snapshot()
    with pytest.raises(CommandRefused):
        pipe.command(Acknowledge(alert="0" * 16, by="li"), T0 + 2 * S)
    assert pipe.snapshot() == before


def test_a_journalled_command_that_holds_no_more_changes_nothing() -> None:
    """Other settings, or a journal whose beginning is gone, and there is nothing left to acknowledge."""
    pipe, other = pipeline(), pipeline()
    stray = entry("command", 60, encode_command(Acknowledge(alert="0" * 16, by="li")))
    for each in (pipe, other):
        high(each)
    assert [e.kind for e in pipe.entry(stray).events] == ["dead"], (
        "what was due before it is told all the same"
    )
    other.tick(T0 + 60 * S)
    assert pipe.snapshot() == other.snapshot()


def test_notifications_are_of_what_was_told() -> None:
    opened = high(pipeline())
    (event,) = opened.events
    assert event.why["told"][0]["receiver"] == "board"
    (note,) = opened.notifications
    assert (note.receiver, note.alert, note.seq, note.body) == ("board", event.id, event.seq, event.line())
    assert high(pipeline()).notifications == opened.notifications


def test_counts_are_of_what_passed() -> None:
    pipe = pipeline()
    high(pipe)
    pipe.messages(
        [reading("LT", 0, 1.0), reading("LT", 1, 87.0), reading("XX", 1, 1.0), Message("?", b"")], T0 + S
    )
    counts = pipe.counts
    assert (counts.messages, counts.readings, counts.late, counts.duplicates) == (6, 4, 1, 1)
    assert (counts.findings, counts.events) == (1, 1)
    assert counts.rejects == {"unknown_sensor": 1, "unknown_topic": 1}


JUNK = [
    b"", b"{", b"null", b"[]", b"{}", b'{"t":1764000000000}', b'{"v":1}', b'{"t":"x","v":1}', b'{"t":1,"v":1}',
    b'{"t":1764000000000,"v":"1"}', b'{"t":1764000000000,"v":1,"q":"so so"}', b"\xff\xfe\x00", b"[[[[[[", b"x" * (1 << 20 | 1),
    b'{"t":9e99,"v":1}', b'{"t":1764000000000,"v":{"a":1}}', b'"\\ud800"', b'{"t":1764000000000,"v":' + b"9" * 5000 + b"}",
]  # fmt: skip


@pytest.mark.parametrize("junk", JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize(
    "topic", ["hazwatch/v1/e/LT", "hazwatch/v1/e", "plc/7/pt", "elsewhere", "hazwatch/v1/", ""]
)
def test_malformed_messages_cost_nobody_else_a_reading(topic: str, junk: bytes) -> None:
    pipe = pipeline()
    outcome = pipe.messages([reading("LT", 0, 50.0), Message(topic, junk), reading("LT", 1, 51.0)], T0 + S)
    good = outcome.block.t_ns[outcome.block.sensor == 0]
    assert {T0, T0 + S} <= set(good.tolist())
    assert len(outcome.block) + sum(r.count for r in outcome.rejects) >= 2
    for reject in outcome.rejects:
        assert reject.detail
        assert len(reject.payload) <= 4096


def test_a_reading_without_a_value_is_kept_and_not_judged() -> None:
    outcome = pipeline().messages([reading("LT", 0, math.nan)], T0)
    assert np.isnan(outcome.block.value).all()
    assert np.isnan(outcome.score).all()


steps = st.one_of(
    st.tuples(st.just("reading"), st.sampled_from(["LT", "GT"]), st.sampled_from([3.0, 50.0, 86.0, 91.0, 101.0])),
    st.tuples(st.just("bare"), st.just("PT"), st.sampled_from([1.0, 1.25, 1.5])),
    st.tuples(st.sampled_from(["tick", "start", "acknowledge", "trouble", "well", "junk"]), st.just(""), st.just(0.0)),
)  # fmt: skip


def entries_of(story: list[tuple[str, str, float]], gaps: list[int], pipe: Pipeline) -> list[JournalEntry]:
    """Return the journal of a story told to `pipe`, which decides what there is to acknowledge."""
    journal = []
    at_s = 0
    for (what, sensor, value), gap in zip(story, gaps, strict=False):
        at_s += gap
        match what:
            case "reading":
                made = messages(at_s, reading(sensor, at_s, value))
            case "bare":
                made = messages(at_s, bare(value))
            case "junk":
                made = messages(at_s, Message("hazwatch/v1/e", b"{"))
            case "acknowledge":
                views = pipe.desk.book.open_alerts()
                command = Acknowledge(alert=views[0].id if views else "0", by="li")
                made = entry("command", at_s, encode_command(command))
            case "trouble" | "well":
                made = entry(
                    "command",
                    at_s,
                    encode_command(msgspec.structs.replace(TROUBLE, active=what == "trouble")),
                )
            case _:
                made = entry("start" if what == "start" else "tick", at_s)
        pipe.entry(made)
        journal.append(made)
    return journal


@settings(max_examples=100, deadline=None)
@given(
    st.lists(steps, max_size=40),
    st.lists(st.sampled_from([0, 1, 5, 40]), min_size=40, max_size=40),
    st.integers(0, 40),
)
def test_a_snapshot_midway_gives_the_same_as_going_straight_on(
    story: list[tuple[str, str, float]], gaps: list[int], cut: int
) -> None:
    journal = entries_of(story, gaps, pipeline())
    straight, first, second = pipeline(), pipeline(), pipeline()
    before = [told(straight.entry(e)) for e in journal]
    after = [told(first.entry(e)) for e in journal[:cut]]
    second.restore(first.snapshot())
    after += [told(second.entry(e)) for e in journal[cut:]]
    assert after == before
    assert second.snapshot() == straight.snapshot()
    seqs = [e.seq for o in map(Pipeline(plan()).entry, journal) for e in o.events]
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("body", [b"", b"junk", msgspec.msgpack.encode({"bank": b"", "book": b""})])
def test_what_is_no_snapshot_is_refused(body: bytes) -> None:
    with pytest.raises((SnapshotError, msgspec.MsgspecError)):
        pipeline().restore(body)


def _recovered_after(*, acknowledged: bool) -> float | None:
    """Return how long after a lasting step of a gas detector its anomaly clears; None where it has not within 200 s."""
    closely = Methods(z_threshold=8, z_tau_s=3600, z_warm_samples=20, z_samples=2, dead_min_s=1e6)
    pipe = Pipeline(replace(plan(), profile=Profile({SensorType.GAS_COMBUSTIBLE: closely})))
    for second in range(260):
        value = (1.0 if second < 60 else 9.0) + 0.01 * (second % 7)
        outcome = pipe.messages([reading("GT", second, value)], T0 + second * S)
        for event in outcome.events:
            if event.event == "opened" and acknowledged:
                pipe.command(Acknowledge(alert=event.id, by="li"), T0 + second * S)
            if event.event == "cleared":
                return second - 60.0
    return None


def test_an_acknowledged_step_is_the_new_level() -> None:
    assert _recovered_after(acknowledged=False) is None
    after_s = _recovered_after(acknowledged=True)
    assert after_s is not None
    assert after_s < 30
