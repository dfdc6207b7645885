"""The runtime between a source that is no broker and a ledger that is real: what is kept, and only then acknowledged."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import service.runtime as runtime_module
from alerting.commands import Acknowledge, CommandRefused, SystemCondition
from detectors.clock import Clock
from ingest.messages import Message
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from registry.plant import Text
from service.pipeline import Pipeline
from service.recovery import recover
from tests.service.rig import Rig, running, turns, until
from tests.service.site import DEAD_S, T0, FlakyLedger, S, bare, pipeline, plan, reading, told

TROUBLE = SystemCondition(name="store", active=True, detail=Text("库", "store"))
SECOND, THIRD = 2 << 16, 3 << 16
"""Tokens of the second and the third connection; those of the first are the default."""


def assert_same(a: Pipeline, b: Pipeline) -> None:
    """Both stand the same, and go on the same; ticks that told nothing leave no trace but the clock's hand."""
    assert a.desk.book.snapshot() == b.desk.book.snapshot()
    late_ns = T0 + 10_000 * S
    more = [reading("LT", 10_000 + k, v) for k, v in enumerate((50.0, 91.0, 92.0, 50.0, 50.0))]
    assert told(a.messages(more, late_ns)) == told(b.messages(more, late_ns))


def scenario(test: Callable[[Rig], Awaitable[None]]) -> Callable[[FlakyLedger], None]:
    """Run a test inside a loop, with a rig over the ledger."""

    def run(ledger: FlakyLedger) -> None:
        async def main() -> None:
            await test(Rig(ledger))

        asyncio.run(main())

    run.__name__ = test.__name__
    return run


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlakyLedger]:
    monkeypatch.setattr(runtime_module, "LEDGER_RETRY_S", 0.001)
    with FlakyLedger.open(tmp_path / "state") as opened:
        yield opened


def error_of(rig: Rig) -> tuple[str | None, bool]:
    """The ledger's trouble, and whether it is known since when."""
    gauges = rig.runtime.gauges
    return gauges.ledger_error, gauges.ledger_error_since_ns is not None


def noted(rig: Rig) -> list[str]:
    """Note from now on in which order things happen."""
    order: list[str] = []
    commit, ack, offer = rig.ledger.commit, rig.source.ack, rig.sink.offer

    def note(what: str, call: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def noting(argument: Any) -> Any:
            answer = call(argument)
            order.append(what)
            return answer

        return noting

    rig.ledger.commit = note("commit", commit)  # type: ignore[method-assign, assignment]  # only looked at
    rig.source.ack = note("ack", ack)  # type: ignore[method-assign, assignment]  # as above
    rig.sink.offer = note("offer", offer)  # type: ignore[method-assign, assignment]  # as above
    rig.runtime.hooks.on_events.append(lambda _: order.append("events"))
    rig.runtime.hooks.on_notifications.append(lambda: order.append("notify"))
    rig.runtime.hooks.on_outcome.append(lambda _: order.append("outcome"))
    return order


@scenario
async def test_it_is_kept_first_then_acknowledged_then_handed_on(rig: Rig) -> None:
    order = noted(rig)
    async with running(rig):
        rig.high()
        await rig.pass_by()
        assert order == ["commit", "ack", "offer", "notify", "events", "outcome"]


@scenario
async def test_a_batch_is_one_entry_with_all_that_came_of_it(rig: Rig) -> None:
    async with running(rig):
        tokens = rig.high() + rig.source.put(Message("elsewhere", b"{"), token=1 << 16 | 10)
        await rig.pass_by()
        assert rig.source.acked == tokens
        assert rig.kinds() == ["messages"]
        assert len(rig.journalled()) == 3
        (event,) = rig.ledger.alert_events()
        (row,) = rig.ledger.pending(0)
        (letter,) = rig.ledger.dead_letters()
        assert row.body == event.line
        assert (row.receiver, row.key) == ("board", event.id)
        assert (letter.reason, letter.topic, letter.payload) == ("unknown_topic", "elsewhere", b"{")
        assert [b.seq for b in rig.sink.batches] == [1]
        assert [e.line() for e in rig.sink.batches[0].alerts] == [event.line]


@scenario
async def test_a_batch_waits_a_moment_for_company_and_no_longer(rig: Rig) -> None:
    async with running(rig):
        rig.source.put(reading("LT", 0, 50.0))
        rig.runtime.wake()
        await turns()
        assert rig.kinds() == ["messages"], "the first after a pause does not wait"
        rig.source.put(reading("LT", 1, 50.0))
        rig.runtime.wake()
        await turns()
        assert rig.runtime.lag_s() == 0
        rig.clock.advance(0.004)
        rig.runtime.wake()
        await turns()
        assert rig.kinds() == ["messages"]
        rig.clock.advance(0.002)
        rig.runtime.wake()
        await turns()
        assert rig.kinds() == ["messages", "messages"]


@scenario
async def test_doubled_readings_are_journalled_and_not_stored(rig: Rig) -> None:
    async with running(rig):
        rig.source.put(reading("LT", 0, 50.0), reading("LT", 0, 51.0), reading("LT", 1, 52.0))
        await rig.pass_by()
        assert rig.sink.batches[0].block.value.tolist() == [50.0, 52.0]
        assert len(rig.sink.batches[0].score) == 2
        assert len(rig.journalled()) == 3
        assert rig.runtime.gauges.newest_reading_ns == T0 + S


@scenario
async def test_how_far_the_store_is_is_kept_with_the_next_commit(rig: Rig) -> None:
    async with running(rig):
        rig.high()
        await rig.pass_by()
        assert rig.ledger.stored_seq == 0
        rig.sink.stored_seq = 1
        rig.source.put(reading("LT", 3, 88.0))
        await rig.pass_by()
        assert rig.ledger.stored_seq == 1


# ---- silence and commands


@scenario
async def test_silence_is_told_at_its_time_and_journalled(rig: Rig) -> None:
    async with running(rig):
        rig.source.put(reading("LT", 0, 50.0))
        await rig.pass_by()
        await rig.pass_by(DEAD_S + 5)
        assert rig.kinds() == ["messages", "tick"]
        (event,) = rig.ledger.alert_events()
        assert b'"kind":"dead"' in event.line
        await rig.pass_by(DEAD_S)
        assert rig.kinds() == ["messages", "tick"], "a tick that tells nothing leaves nothing"


@scenario
async def test_a_command_is_durable_when_it_returns(rig: Rig) -> None:
    async with running(rig):
        rig.high()
        await rig.pass_by()
        (opened,) = rig.ledger.alert_events()
        outcome = rig.runtime.command(Acknowledge(alert=opened.id, by="li", seq=opened.seq))
        assert [e.event for e in outcome.events] == ["acknowledged"]
        assert rig.kinds() == ["messages", "command"]
        assert [e.line for e in rig.ledger.alert_events()][1:] == [e.line() for e in outcome.events]


@scenario
async def test_a_refused_command_leaves_nothing(rig: Rig) -> None:
    async with running(rig):
        rig.high()
        await rig.pass_by()
        (opened,) = rig.ledger.alert_events()
        rig.runtime.command(Acknowledge(alert=opened.id, by="li"))
        for alert, code in ((opened.id, "already_acknowledged"), ("0" * 16, "not_open")):
            with pytest.raises(CommandRefused) as caught:
                rig.runtime.command(Acknowledge(alert=alert, by="wang"))
            assert caught.value.code == code
        assert rig.kinds() == ["messages", "command"]


@scenario
async def test_telling_a_trouble_again_leaves_nothing(rig: Rig) -> None:
    async with running(rig):
        assert rig.runtime.command(TROUBLE).events
        assert not rig.runtime.command(TROUBLE).events
        assert rig.kinds() == ["command"]


@scenario
async def test_what_was_due_before_a_command_is_told_before_it(rig: Rig) -> None:
    async with running(rig):
        rig.source.put(reading("LT", 0, 50.0))
        await rig.pass_by()
        rig.clock.advance(DEAD_S + 5)
        rig.runtime.command(TROUBLE)
        assert rig.kinds() == ["messages", "tick", "command"]
        assert [b'"dead"' in e.line for e in rig.ledger.alert_events()] == [True, False]


@scenario
async def test_a_start_is_journalled_and_silence_counts_from_it(rig: Rig) -> None:
    async with running(rig):
        rig.source.put(reading("LT", 0, 50.0))
        await rig.pass_by()
        rig.clock.advance(1000)
        rig.runtime.start(b'{"version": "x"}')
        await rig.pass_by(DEAD_S - 5)
        assert rig.kinds() == ["messages", "start"]
        await rig.pass_by(10)
        assert rig.kinds() == ["messages", "start", "tick"]


# ---- a ledger that fails and comes back


@scenario
async def test_nothing_is_acknowledged_while_the_ledger_fails(rig: Rig) -> None:
    shown: list[int] = []
    rig.runtime.hooks.on_events.append(lambda events: shown.extend(e.seq for e in events))
    async with running(rig):
        rig.ledger.down = True
        tokens = rig.high()
        await rig.pass_by()
        tokens += rig.source.put(reading("LT", 2, 91.0), reading("LT", 3, 92.0), token=1 << 16 | 100)
        await rig.pass_by()
        assert rig.source.acked == []
        assert rig.sink.batches == []
        assert shown == []
        assert error_of(rig) == ("no room", True)
        with pytest.raises(LedgerError, match="no room"):
            rig.runtime.command(TROUBLE)

        rig.ledger.down = False
        await until(lambda: len(rig.source.acked) >= len(tokens))
        await rig.pass_by()
        assert rig.source.acked == tokens, "each once, in their order"
        assert error_of(rig) == (None, False)
        assert shown == [1, 2]
        assert [e.seq for e in rig.ledger.alert_events()] == [1, 2]
        assert rig.runtime.command(TROUBLE).events
    assert_same(recover(rig.ledger, plan(), 0, lambda *_: None).pipeline, rig.runtime.pipeline)


@scenario
async def test_a_command_that_could_not_be_kept_is_kept_before_anything_else(rig: Rig) -> None:
    async with running(rig):
        rig.high()
        await rig.pass_by()
        (opened,) = rig.ledger.alert_events()
        rig.ledger.down = True
        with pytest.raises(LedgerError):
            rig.runtime.command(Acknowledge(alert=opened.id, by="li"))
        rig.ledger.down = False
        tokens = rig.source.put(reading("LT", 2, 91.0), reading("LT", 3, 92.0))
        await until(lambda: set(tokens) <= set(rig.source.acked))
        await rig.pass_by()
    kept = [e.line for e in rig.ledger.alert_events()]
    assert len(kept) == len(set(kept)) == rig.runtime.pipeline.desk.book.last_seq
    assert_same(recover(rig.ledger, plan(), 0, lambda *_: None).pipeline, rig.runtime.pipeline)


@scenario
async def test_it_ends_although_the_ledger_fails(rig: Rig) -> None:
    """Nothing is lost by ending: what was not acknowledged comes again."""
    task = asyncio.create_task(rig.runtime.run())
    await turns()
    rig.high()
    await rig.pass_by()
    rig.ledger.down = True
    rig.runtime.stop()
    try:
        done, _ = await asyncio.wait([task], timeout=60)
        assert done
    finally:
        rig.ledger.down = False
        await asyncio.wait([task], timeout=5)


# ---- redelivery


@scenario
async def test_what_a_new_connection_brings_again_is_taken_once(rig: Rig) -> None:
    async with running(rig):
        first = [reading("LT", k, 50.0 + k) for k in range(3)]
        rig.source.put(*first)
        await rig.pass_by()
        again = rig.source.put(*first[1:], reading("LT", 3, 53.0), token=SECOND)
        await rig.pass_by()
        assert rig.journalled() == [*first, reading("LT", 3, 53.0)]
        assert rig.source.acked[3:] == again, "what is known is acknowledged too"
        assert rig.runtime.gauges.redelivered == 2
        assert rig.runtime.pipeline.counts.duplicates == 0


@scenario
async def test_a_batch_of_nothing_new_is_acknowledged_and_leaves_nothing(rig: Rig) -> None:
    async with running(rig):
        parts = [reading("LT", k, 50.0) for k in range(3)]
        rig.source.put(*parts)
        await rig.pass_by()
        again = rig.source.put(*parts, token=SECOND)
        await rig.pass_by()
        assert rig.source.acked[3:] == again
        assert rig.kinds() == ["messages"]


@scenario
async def test_on_one_connection_nothing_is_taken_for_sent_again(rig: Rig) -> None:
    async with running(rig):
        for k in range(2):
            rig.source.put(reading("LT", 0, 50.0), token=1 << 16 | 2 * k)
            await rig.pass_by()
        assert len(rig.journalled()) == 2
        assert rig.runtime.pipeline.counts.duplicates == 1


@scenario
async def test_equal_bare_numbers_are_two_readings(rig: Rig) -> None:
    async with running(rig):
        rig.source.put(bare(1.0))
        await rig.pass_by()
        rig.source.put(bare(1.0), token=SECOND)
        await rig.pass_by()
        assert len(rig.journalled()) == 2
        assert rig.runtime.gauges.redelivered == 0


@scenario
async def test_stale_tokens_that_are_taken_after_a_reconnect_come_again_and_are_known(rig: Rig) -> None:
    """The connection broke while messages of it still waited here: the broker sends those again too."""
    async with running(rig):
        waiting = [reading("LT", k, 50.0 + k) for k in range(3)]
        rig.source.put(waiting[0])
        await rig.pass_by()
        # one batch holds the new connection's first message and, behind it, old ones
        rig.source.put(waiting[1])
        rig.source.put(reading("GT", 5, 1.0), token=SECOND)
        rig.source.put(waiting[2], token=1 << 16 | 50)
        await rig.pass_by()
        rig.source.put(*waiting, token=SECOND | 10)
        await rig.pass_by()
        assert sorted(m.payload for m in rig.journalled()) == sorted(
            m.payload for m in (*waiting, reading("GT", 5, 1.0))
        )
        assert rig.runtime.gauges.redelivered == 3


@scenario
async def test_a_third_connection_brings_again_what_the_second_did(rig: Rig) -> None:
    async with running(rig):
        parts = [reading("LT", k, 50.0 + k) for k in range(4)]
        rig.source.put(*parts[:2])
        await rig.pass_by()
        rig.source.put(*parts[:3], token=SECOND)
        await rig.pass_by()
        rig.source.put(*parts[1:], token=THIRD)
        await rig.pass_by()
        assert rig.journalled() == parts


def test_after_a_restart_the_broker_may_send_again(ledger: FlakyLedger) -> None:
    parts = [reading("LT", k, 50.0 + k) for k in range(3)]

    async def first() -> None:
        rig = Rig(ledger)
        async with running(rig):
            rig.source.put(*parts)
            await rig.pass_by()

    async def second() -> None:
        rig = Rig(ledger, pipe=recover(ledger, plan(), 0, lambda *_: None).pipeline)
        async with running(rig):
            rig.source.put(*parts, reading("LT", 3, 53.0))
            await rig.pass_by()
            assert rig.journalled() == [*parts, reading("LT", 3, 53.0)]
            assert len(rig.source.acked) == 4

    asyncio.run(first())
    asyncio.run(second())


def test_only_as_much_is_expected_as_can_be_in_flight(ledger: FlakyLedger) -> None:
    async def main() -> None:
        rig = Rig(ledger, in_flight=2)
        async with running(rig):
            parts = [reading("LT", k, 50.0) for k in range(4)]
            rig.source.put(*parts)
            await rig.pass_by()
            rig.source.put(*parts, token=SECOND)
            await rig.pass_by()
            assert rig.runtime.gauges.redelivered == 2
            assert rig.runtime.pipeline.counts.late == 2

    asyncio.run(main())


# ---- the end


@scenario
async def test_stop_drains_and_keeps_a_snapshot(rig: Rig) -> None:
    task = asyncio.create_task(rig.runtime.run())
    await turns()
    tokens = rig.source.put(*(reading("LT", k / 100, 50.0) for k in range(10_000)))
    rig.runtime.stop()
    await asyncio.wait_for(task, 10)
    assert rig.source.acked == tokens
    assert len(rig.journalled()) == 10_000
    (snapshot,) = rig.ledger.snapshots()
    assert snapshot.seq == rig.ledger.last_seq
    assert snapshot.body == rig.runtime.pipeline.snapshot()


@scenario
async def test_snapshots_are_kept_from_time_to_time_and_only_where_something_is_new(rig: Rig) -> None:
    async with running(rig):
        await rig.pass_by(61)
        assert list(rig.ledger.snapshots()) == []
        rig.high(61)
        await rig.pass_by()
        await rig.pass_by(61)
        seqs = [s.seq for s in rig.ledger.snapshots()]
        assert seqs == [rig.ledger.last_seq]


def test_the_event_clock_ticks_by_readings_alone(ledger: FlakyLedger) -> None:
    async def main() -> None:
        rig = Rig(ledger, Clock.EVENT)
        async with running(rig):
            assert rig.runtime.now_ns() == rig.clock()
            rig.source.put(reading("LT", 0, 50.0))
            await rig.pass_by()
            await rig.pass_by(1000)
            assert rig.kinds() == ["messages"]
            assert rig.runtime.now_ns() == T0
            rig.source.put(reading("GT", 100, 1.0))
            await rig.pass_by()
            (event,) = ledger.alert_events()
            assert b'"kind":"dead"' in event.line

    asyncio.run(main())


def test_live_and_folded_are_the_same(ledger: Ledger) -> None:
    assert isinstance(ledger, FlakyLedger)

    async def main() -> Rig:
        rig = Rig(ledger)
        async with running(rig):
            for k in range(40):
                rig.source.put(
                    reading("LT", k, 50.0 + k),
                    reading("GT", k, float(k)),
                    bare(k / 20),
                    token=1 << 16 | 3 * k,
                )
                await rig.pass_by(1)
                if k % 10 == 9:
                    for view in rig.runtime.pipeline.desk.book.open_alerts():
                        if view.state == "unack":
                            rig.runtime.command(Acknowledge(alert=view.id, by="li"))
            await rig.pass_by(100)
        return rig

    rig = asyncio.run(main())
    kept = [event.line for event in ledger.alert_events()]
    assert len(kept) == 8
    folded = pipeline()
    again = [event.line() for entry in ledger.entries() for event in folded.entry(entry).events]
    assert again == kept
    assert_same(folded, rig.runtime.pipeline)
