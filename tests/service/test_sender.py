"""The sender between a real outbox and receivers that are no servers: each notification until it is delivered or given up."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from alerting.notify.receiver import Failed, Retry, Sent
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.records import Commit, OutboxItem
from registry.plant import Text
from service.sender import AT_ONCE
from tests.service.outbox import BODY, DOWN, FakeReceiver, HangingReceiver, put, sending, settle
from tests.service.site import FakeClock, FlakyLedger, S


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FlakyLedger]:
    with FlakyLedger.open(tmp_path / "state") as opened:
        yield opened


def test_what_is_due_is_delivered_and_noted(ledger: FlakyLedger) -> None:
    receiver, clock = FakeReceiver(), FakeClock()
    put(ledger, ("n1", "duty", "a"))

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, clock) as sender:
            await settle(sender)
            put(ledger, ("n2", "duty", "b"))
            await settle(sender)
            assert sender.states["duty"].sent == 2

    asyncio.run(main())
    assert receiver.got == ["n1", "n2"]
    note = receiver.bodies[0]
    assert (note.body, note.reason, note.receiver, note.seq) == (BODY, Text.same("because"), "duty", 1)
    assert ledger.outbox_counts() == {"sent": 2}


def test_one_alert_is_told_in_its_order_and_others_do_not_wait(ledger: FlakyLedger) -> None:
    receiver = FakeReceiver([DOWN, Sent()])
    clock = FakeClock()
    put(ledger, ("a1", "duty", "a"), ("a2", "duty", "a"), ("b1", "duty", "b"))

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, clock) as sender:
            await settle(sender)
            assert receiver.got == ["a1", "b1"], "a2 waits for a1, b1 does not"
            clock.advance(1.5)
            await settle(sender)
            assert receiver.got == ["a1", "b1", "a1", "a2"]

    asyncio.run(main())


def test_each_attempt_waits_longer_less_its_jitter(ledger: FlakyLedger) -> None:
    receiver, clock = FakeReceiver([DOWN]), FakeClock()
    put(ledger, ("n1", "duty", "a"))

    async def main() -> list[float]:
        waits = []
        async with sending(ledger, {"duty": receiver}, clock, lambda: 0.5) as sender:
            for _ in range(12):
                await settle(sender)
                due_ns = ledger.next_due_ns()
                assert due_ns is not None
                waits.append((due_ns - clock()) / S)
                clock.now_ns = due_ns
        return waits

    assert asyncio.run(main()) == [0.75 * w for w in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300)]
    assert len(receiver.got) == 12
    (row,) = ledger.pending(clock())
    assert (row.attempts, row.error) == (12, Text("断", "down"))


def test_a_receivers_own_wish_counts_where_it_is_longer(ledger: FlakyLedger) -> None:
    receiver = FakeReceiver(
        [Retry(reason=Text.same("busy"), after_s=60), Retry(reason=Text.same("busy"), after_s=0.1)]
    )
    clock = FakeClock()
    put(ledger, ("n1", "duty", "a"))

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, clock) as sender:
            await settle(sender)
            assert ledger.next_due_ns() == clock() + 60 * S
            clock.advance(60)
            await settle(sender)
            assert ledger.next_due_ns() == clock() + 2 * S

    asyncio.run(main())


def test_what_cannot_be_is_given_up_with_its_reason_and_the_next_goes(ledger: FlakyLedger) -> None:
    receiver, clock = FakeReceiver([Failed(reason=Text("拒", "refused")), Sent()]), FakeClock()
    put(ledger, ("a1", "duty", "a"), ("a2", "duty", "a"))

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, clock) as sender:
            await settle(sender)
            assert (sender.states["duty"].failed, sender.states["duty"].sent) == (1, 1)

    asyncio.run(main())
    assert receiver.got == ["a1", "a2"]
    assert ledger.outbox_counts() == {"failed": 1, "sent": 1}


def test_a_receiver_that_is_no_longer_in_the_settings_is_given_up(ledger: FlakyLedger) -> None:
    put(ledger, ("n1", "gone", "a"))

    async def main() -> None:
        async with sending(ledger, {}, FakeClock()) as sender:
            await settle(sender)
            state = sender.states["gone"]
            assert state.failed == 1
            assert state.last_error is not None
            assert "no such receiver" in state.last_error.en

    asyncio.run(main())
    assert ledger.outbox_counts() == {"failed": 1}


def test_a_receiver_that_breaks_is_tried_again(ledger: FlakyLedger) -> None:
    receiver, clock = FakeReceiver([ZeroDivisionError("oops"), Sent()]), FakeClock()
    put(ledger, ("n1", "duty", "a"))

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, clock) as sender:
            await settle(sender)
            assert sender.states["duty"].last_error == Text.same("ZeroDivisionError: oops")
            clock.advance(2)
            await settle(sender)
            assert sender.states["duty"].sent == 1

    asyncio.run(main())


def test_how_a_receiver_is_ends_with_its_first_success(ledger: FlakyLedger) -> None:
    receiver, clock = FakeReceiver([DOWN, DOWN, Sent()]), FakeClock()
    put(ledger, ("n1", "duty", "a"))

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, clock) as sender:
            state = sender.states["duty"]
            await settle(sender)
            since_ns = state.failing_since_ns
            assert since_ns == clock()
            clock.advance(5)
            await settle(sender)
            assert state.failing_since_ns == since_ns, "since the first failure"
            assert (state.retried, state.last_error) == (2, Text("断", "down"))
            clock.advance(5)
            await settle(sender)
            assert [state.failing_since_ns, state.last_error] == [None, None]
            assert state.sent == 1

    asyncio.run(main())


@pytest.mark.parametrize("alerts", [1, AT_ONCE, 20 * AT_ONCE])
def test_a_receiver_that_hangs_holds_up_nobody_else(ledger: FlakyLedger, alerts: int) -> None:
    hanging, good = HangingReceiver(), FakeReceiver()
    put(ledger, *((f"h{k}", "hanging", f"k{k}") for k in range(alerts)))
    put(ledger, *((f"g{k}", "good", f"k{k}") for k in range(50)))

    async def main() -> None:
        async with sending(ledger, {"hanging": hanging, "good": good}, FakeClock()) as sender:
            await settle(sender)
            assert sorted(good.got) == sorted(f"g{k}" for k in range(50))
            assert len(hanging.got) == min(alerts, AT_ONCE)

    asyncio.run(main())


def test_what_was_sent_and_not_noted_is_sent_again(ledger: FlakyLedger, tmp_path: Path) -> None:
    """The power fails between the delivery and the note of it."""
    receiver, clock = FakeReceiver(), FakeClock()
    put(ledger, ("n1", "duty", "a"))

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, clock) as sender:
            ledger.down = True
            await settle(sender)
            assert receiver.got == ["n1"]

    asyncio.run(main())
    ledger.close()
    with Ledger.open(tmp_path / "state") as again:

        async def next_run() -> None:
            async with sending(again, {"duty": receiver}, clock) as sender:
                await settle(sender)

        asyncio.run(next_run())
        assert receiver.got == ["n1", "n1"], "at least once, under one id"
        assert again.outbox_counts() == {"sent": 1}


def test_of_a_retained_topic_only_the_newest_need_arrive(ledger: FlakyLedger) -> None:
    horn, clock = FakeReceiver([DOWN, Sent()]), FakeClock()

    def put_topic(*names: str) -> None:
        first = OutboxItem(id="", receiver="horn", body=BODY, key="p/source/farm", alert="a", event_seq=1)
        ledger.commit(Commit(notifications=[replace(first, id=name) for name in names]))

    async def main() -> None:
        async with sending(ledger, {"horn": horn}, clock) as sender:
            put_topic("s1")
            await settle(sender)
            put_topic("s2", "s3", "s4")
            await settle(sender)
            assert horn.got == ["s1"], "in their order"
            clock.advance(2)
            await settle(sender)
            assert horn.got == ["s1", "s4"]

    asyncio.run(main())
    assert [note.topic for note in horn.bodies] == ["p/source/farm"] * 2
    assert [str(row.state) for row in ledger.deliveries("a")] == ["replaced"] * 3 + ["sent"]


def test_flush_waits_for_what_is_due_and_not_for_what_is_not(ledger: FlakyLedger) -> None:
    receiver, clock = FakeReceiver([DOWN, Sent()]), FakeClock()
    put(ledger, ("n1", "duty", "a"), ("n2", "duty", "b"))

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, clock) as sender:
            await asyncio.wait_for(sender.flush(60), 5)
            assert receiver.got == ["n1", "n2"]
            assert [row.id for row in ledger.pending(clock() + 10 * S)] == ["n1"]

    asyncio.run(main())


def test_flush_gives_up_on_a_receiver_that_hangs(ledger: FlakyLedger) -> None:
    put(ledger, ("n1", "hanging", "a"))

    async def main() -> None:
        async with sending(ledger, {"hanging": HangingReceiver()}, FakeClock()) as sender:
            await asyncio.wait_for(sender.flush(0.05), 5)

    asyncio.run(main())
    assert ledger.outbox_counts() == {"pending": 1}


def test_an_outbox_that_cannot_be_read_is_tried_again(
    ledger: FlakyLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = FakeReceiver()
    put(ledger, ("n1", "duty", "a"))

    def broken() -> int:
        raise LedgerError("cannot be read")

    async def main() -> None:
        async with sending(ledger, {"duty": receiver}, FakeClock()) as sender:
            with monkeypatch.context() as patched:
                patched.setattr(ledger, "pending", lambda *_, **__: broken())
                await settle(sender)
                assert receiver.got == []
                await sender.flush(5)
            await settle(sender)
            assert receiver.got == ["n1"]

    asyncio.run(main())
