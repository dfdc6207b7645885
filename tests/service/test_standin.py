"""A receiver that cannot be told: who is told in its place, when, and how it is said; never twice, never in a circle."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from alerting.commands import SystemCondition
from alerting.notification import Notification
from alerting.notify.receiver import Failed, Outcome, Sent
from alerting.notify.settings import Fallback, LogSettings, ReceiverSettings, SirenSettings
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.records import Commit, OutboxItem, OutboxRow
from registry.plant import Text
from service.health import trouble_of_receiver
from service.sender import AT_ONCE
from service.standin import somebody_else
from tests.alerting.plant import book
from tests.service.outbox import DOWN, FakeReceiver, put, sending, settle
from tests.service.site import T0, FakeClock, FlakyLedger

REFUSED = Failed(reason=Text("拒", "refused"))
SETTINGS: dict[str, ReceiverSettings] = {
    "duty": LogSettings(fallback=Fallback("mail", 60.0)),
    "mail": LogSettings(),
    "horn": SirenSettings(),
}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[FlakyLedger]:
    with FlakyLedger.open(tmp_path / "state") as opened:
        yield opened


def told(ledger: Ledger, alert: str) -> list[tuple[str, str]]:
    return [(row.receiver, str(row.state)) for row in ledger.deliveries(alert)]


def test_what_is_refused_for_good_goes_to_the_fallback_at_once_and_says_so(ledger: FlakyLedger) -> None:
    duty, mail, clock = FakeReceiver([REFUSED, Sent()]), FakeReceiver(), FakeClock()
    put(ledger, ("n1", "duty", "a"), ("n2", "duty", "b"))

    async def main() -> None:
        async with sending(ledger, {"duty": duty, "mail": mail}, clock, settings=SETTINGS) as sender:
            await settle(sender)
            assert sender.states["duty"].handed_on == 1

    asyncio.run(main())
    assert (len(duty.got), len(mail.got)) == (2, 1)
    [note] = mail.bodies
    assert (note.receiver, note.alert, note.seq, note.body) == ("mail", "a", 1, duty.bodies[0].body)
    assert note.reason == Text(
        "because；duty 未能收到（拒），改为通知 mail",
        "because; told mail instead of duty, which could not be reached (refused)",
    )
    assert told(ledger, "a") == [("duty", "failed"), ("mail", "sent")]
    assert told(ledger, "b") == [("duty", "sent")]


def test_what_waits_for_a_receiver_that_keeps_failing_goes_to_the_fallback_once(ledger: FlakyLedger) -> None:
    duty, mail, clock = FakeReceiver([DOWN]), FakeReceiver(), FakeClock()
    put(ledger, ("a1", "duty", "a"), ("a2", "duty", "a"), ("b1", "duty", "b"))

    async def main() -> None:
        async with sending(ledger, {"duty": duty, "mail": mail}, clock, settings=SETTINGS) as sender:
            await settle(sender)
            clock.advance(59)
            await settle(sender)
            assert mail.got == [], "not yet"
            clock.advance(1)
            await settle(sender)
            assert len(mail.got) == 3, "a2, which waits behind a1, too"
            put(ledger, ("c1", "duty", "c"))
            await settle(sender)
            await settle(sender)
            assert len(mail.got) == 4, "what comes later need not wait as long"
            for _ in range(20):
                clock.advance(300)
                await settle(sender)
            assert len(mail.got) == 4, "each once"
            duty.answers = [Sent()]
            clock.advance(300)
            await settle(sender)
            assert (sender.states["duty"].sent, sender.states["duty"].last_error) == (4, None)

    asyncio.run(main())
    assert told(ledger, "a") == [("duty", "sent"), ("duty", "sent"), ("mail", "sent"), ("mail", "sent")]
    assert [row.handed_to is not None for row in ledger.deliveries("b")] == [True, False]


def test_a_receiver_that_hangs_with_much_before_it_hands_on_all_of_it(ledger: FlakyLedger) -> None:
    class Slow(FakeReceiver):
        async def send(self, notification: Notification) -> Outcome:
            await super().send(notification)
            return DOWN if len(self.got) <= AT_ONCE else await asyncio.Future[Outcome]()

    mail, clock = FakeReceiver(), FakeClock()
    put(ledger, *((f"n{i}", "duty", f"k{i}") for i in range(500)))

    async def main() -> None:
        async with sending(ledger, {"duty": Slow(), "mail": mail}, clock, settings=SETTINGS) as sender:
            await settle(sender)
            clock.advance(61)
            for _ in range(20):
                await settle(sender)
            assert len(mail.got) == 500 - AT_ONCE, "all but those that are being tried"

    asyncio.run(main())


def test_a_receiver_that_is_back_in_time_keeps_its_own(ledger: FlakyLedger) -> None:
    duty, mail, clock = FakeReceiver([DOWN, DOWN, Sent()]), FakeReceiver(), FakeClock()
    put(ledger, ("a1", "duty", "a"))

    async def main() -> None:
        async with sending(ledger, {"duty": duty, "mail": mail}, clock, settings=SETTINGS) as sender:
            for _ in range(5):
                await settle(sender)
                clock.advance(30)
            put(ledger, ("a2", "duty", "a"))
            await settle(sender)

    asyncio.run(main())
    assert mail.got == []
    assert ledger.outbox_counts() == {"sent": 2}


def test_a_restart_hands_nothing_on_twice_and_forgets_not_how_long_it_failed(
    ledger: FlakyLedger, tmp_path: Path
) -> None:
    duty, mail, clock = FakeReceiver([DOWN]), FakeReceiver(), FakeClock()
    put(ledger, ("a1", "duty", "a"))

    async def run(of: Ledger, seconds: Sequence[float]) -> None:
        async with sending(of, {"duty": duty, "mail": mail}, clock, settings=SETTINGS) as sender:
            await settle(sender)
            for step in seconds:
                clock.advance(step)
                await settle(sender)

    asyncio.run(run(ledger, [40]))
    assert mail.got == []
    ledger.close()
    with Ledger.open(tmp_path / "state") as again:
        asyncio.run(run(again, [21]))
        assert len(mail.got) == 1, "61 s after the first failure"
        asyncio.run(run(again, [400, 400]))
        assert len(mail.got) == 1


def test_what_cannot_be_kept_is_handed_on_when_it_can(ledger: FlakyLedger) -> None:
    duty, mail, clock = FakeReceiver([REFUSED]), FakeReceiver(), FakeClock()
    put(ledger, ("a1", "duty", "a"))

    async def main() -> None:
        async with sending(ledger, {"duty": duty, "mail": mail}, clock, settings=SETTINGS) as sender:
            ledger.down = True
            await settle(sender)
            assert (duty.got, mail.got) == (["a1"], [])
            ledger.down = False
            clock.advance(2)
            await settle(sender)

    asyncio.run(main())
    assert told(ledger, "a") == [("duty", "failed"), ("mail", "sent")]
    assert len(duty.got) == 1


def test_a_fallback_that_fails_too_hands_on_to_its_own(ledger: FlakyLedger) -> None:
    settings: dict[str, ReceiverSettings] = {
        "a": LogSettings(fallback=Fallback("b")),
        "b": LogSettings(fallback=Fallback("c")),
        "c": LogSettings(),
    }
    last = FakeReceiver()
    put(ledger, ("n", "a", "k"))

    async def main() -> None:
        receivers = {"a": FakeReceiver([REFUSED]), "b": FakeReceiver([REFUSED]), "c": last}
        async with sending(ledger, receivers, FakeClock(), settings=settings) as sender:
            await settle(sender)

    asyncio.run(main())
    assert told(ledger, "k") == [("a", "failed"), ("b", "failed"), ("c", "sent")]
    assert last.bodies[0].reason.en.count("instead of") == 2


def trouble(of: str, receivers: Sequence[str]) -> list[OutboxItem]:
    """Return what the routes tell `receivers` of a receiver that fails."""
    detail = Text("接收方不可达", "cannot be reached")
    [event] = book().command(SystemCondition(name=trouble_of_receiver(of), active=True, detail=detail), T0)
    return [
        OutboxItem(
            id=f"t {name}",
            receiver=name,
            body=event.line(),
            key=event.id,
            reason=Text.same("because"),
            alert=event.id,
            event_seq=event.seq,
        )
        for name in receivers
    ]


def run_trouble(
    ledger: Ledger, items: list[OutboxItem], settings: dict[str, ReceiverSettings], *, down: Sequence[str]
) -> list[tuple[str, str]]:
    ledger.commit(Commit(notifications=items))

    async def main() -> None:
        receivers = {name: FakeReceiver([DOWN]) if name in down else FakeReceiver() for name in settings}
        async with sending(ledger, receivers, FakeClock(), settings=settings) as sender:
            for name in down:
                sender.states[name].failing_since_ns = T0
            await settle(sender)

    asyncio.run(main())
    return told(ledger, items[0].alert)


NO_FALLBACKS: dict[str, ReceiverSettings] = {"horn": SirenSettings(), "a": LogSettings(), "b": LogSettings(), "c": LogSettings()}  # fmt: skip


def test_that_a_receiver_fails_is_not_left_to_that_receiver(ledger: FlakyLedger) -> None:
    made = run_trouble(ledger, trouble("a", ["a"]), NO_FALLBACKS, down=["a"])
    assert made == [("a", "pending"), ("b", "sent")], "the first other one that is no siren"


def test_that_a_receiver_fails_goes_to_its_fallback_without_waiting(ledger: FlakyLedger) -> None:
    settings: dict[str, ReceiverSettings] = {**NO_FALLBACKS, "a": LogSettings(fallback=Fallback("c", 900))}
    made = run_trouble(ledger, trouble("a", ["a"]), settings, down=["a"])
    assert made == [("a", "pending"), ("c", "sent")]


def test_who_hears_it_by_the_routes_need_not_hear_it_twice(ledger: FlakyLedger) -> None:
    made = run_trouble(ledger, trouble("a", ["a", "b"]), NO_FALLBACKS, down=["a"])
    assert made == [("a", "pending"), ("b", "sent")]


def test_others_that_fail_as_well_are_no_help(ledger: FlakyLedger) -> None:
    made = run_trouble(ledger, trouble("a", ["a", "b"]), NO_FALLBACKS, down=["a", "b"])
    assert made == [("a", "pending"), ("b", "pending"), ("c", "sent")]


def test_a_ledger_that_cannot_be_read_ends_nothing(
    ledger: FlakyLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_alert: str) -> list[OutboxRow]:
        raise LedgerError("cannot be read")

    with monkeypatch.context() as patched:
        patched.setattr(ledger, "deliveries", broken)
        items = trouble("a", ["a"])
        with pytest.raises(LedgerError, match="cannot be read"):
            run_trouble(ledger, items, NO_FALLBACKS, down=["a"])
    assert told(ledger, items[0].alert) == [("a", "pending"), ("b", "sent")]


def test_where_nobody_is_left_the_log_says_so(ledger: FlakyLedger) -> None:
    with capture_logs() as logs:
        made = run_trouble(ledger, trouble("a", ["a"]), NO_FALLBACKS, down=["a", "b", "c"])
    assert made == [("a", "pending")]
    assert "nobody_left_to_tell" in [log["event"] for log in logs]


def test_that_another_receiver_fails_is_told_like_anything_else(ledger: FlakyLedger) -> None:
    made = run_trouble(ledger, trouble("b", ["a"]), NO_FALLBACKS, down=["a"])
    assert made == [("a", "pending")]


def test_who_else_is_told() -> None:
    assert somebody_else("a", ["a"], ["a", "b", "c"], {"a", "b"}) == "c"
    assert somebody_else("a", ["a", "c"], ["a", "b", "c"], {"a"}) is None
    assert somebody_else("a", [], ["a"], {"a"}) is None
