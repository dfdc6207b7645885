"""Takes notifications out of the outbox to their receivers: each until it is delivered, or known never to be.

A receiver that hangs or fails holds up nobody else: each is tried on its own task, one notification of an alert at a
time. What came of an attempt is in the ledger before the next one for that alert is made; attempts that end close
together are noted in one transaction.

A receiver with a fallback hands on what it refused for good, and all that waits for it once it has been failing for long
enough; what was handed on is still tried, and is handed on once. That a receiver fails is an alert too: told to that very
receiver it goes to somebody else at once, unless somebody else hears it anyway.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import structlog

from alerting.notification import Notification
from alerting.notify.backoff import delay_s
from alerting.notify.receiver import Failed, Outcome, Receiver, Retry, Sent
from alerting.notify.settings import ReceiverSettings, SirenSettings
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.records import Commit, HandedOver, OutboxItem, OutboxRow, OutboxState, OutboxUpdate
from registry.plant import Text
from service.effects import notification_of
from service.standin import instead_of, is_about_its_receiver, somebody_else

_log = structlog.get_logger(__name__)

AT_ONCE = 16
"""How many attempts one receiver is given at a time: one that hangs with many alerts takes no other's place."""
IDLE_S = 1.0
WAITING_AT_ONCE = 200
"""How many notifications are handed on in one transaction."""
_NO_REASON = Text("无法送达", "cannot be reached")
NOTE_AFTER_S = 0.02
"""Attempts that end within this are noted together: each transaction waits for the disk."""


@dataclass(slots=True)
class ReceiverState:
    """How one receiver has been; for health and metrics."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    handed_on: int = 0
    unreachable_since_ns: int | None = None
    failing_since_ns: int | None = None
    last_error: Text | None = None


class Sender:
    """Delivers what the outbox holds."""

    def __init__(
        self,
        ledger: Ledger,
        receivers: Mapping[str, Receiver],
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        jitter: Callable[[], float] = random.random,
        note_after_s: float = NOTE_AFTER_S,
        settings: Mapping[str, ReceiverSettings] = MappingProxyType({}),
    ) -> None:
        self._ledger = ledger
        self._receivers = receivers
        self._clock_ns = clock_ns
        self._jitter = jitter
        self._note_after_s = note_after_s
        self._wake = asyncio.Event()
        self._under_way: dict[str, str] = {}
        self._done: list[OutboxUpdate] = []
        self._fallbacks = {name: one.fallback for name, one in settings.items() if one.fallback is not None}
        self._others = [name for name, one in settings.items() if not isinstance(one, SirenSettings)]
        self._handed: list[tuple[OutboxRow, OutboxItem]] = []
        self._note_now = False
        self._look_ns = 0
        self.states = {name: ReceiverState() for name in receivers}

    def wake(self) -> None:
        """Something was put into the outbox; called on the loop's thread."""
        self._look_ns = 0
        self._wake.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            try:
                while True:
                    self._wake.clear()
                    wait_s = self._turn(tasks)
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(
                            wait_s
                        ):  # wait_for may swallow the cancellation that ends this
                            await self._wake.wait()
            finally:
                with contextlib.suppress(LedgerError):  # what is not noted is sent again by the next run
                    self._note_done()

    def _turn(self, tasks: asyncio.TaskGroup) -> float:
        """Note what came of attempts, start what is due; return how long there is nothing to do, in seconds."""
        now_ns = self._clock_ns()
        try:
            if self._note_now:
                self._note_done()
            if now_ns >= self._look_ns:
                self._look_ns = now_ns + round(IDLE_S * 1e9)
                self._start_due(tasks)
                self._hand_on_waiting(now_ns)
                due_ns = self._ledger.next_due_ns()
                if due_ns is not None and due_ns > now_ns:
                    self._look_ns = min(self._look_ns, due_ns)
        except LedgerError as error:
            _log.error("outbox_unusable", reason=str(error))
            return IDLE_S
        return max(0.0, (self._look_ns - self._clock_ns()) / 1e9)

    def _note_soon(self) -> None:
        self._note_now = True
        self._wake.set()

    def _note_done(self) -> None:
        """Keep what came of attempts, all in one transaction; then what waited behind them can go."""
        if not self._done:
            return
        done, handed = list(self._done), list(self._handed)
        self._ledger.commit(
            Commit(
                outbox_updates=done,
                notifications=[item for _, item in handed],
                handed_over=[HandedOver(row.id, item.id) for row, item in handed],
            )
        )
        self._note_now = False
        self._done.clear()
        self._handed.clear()
        for update in done:
            del self._under_way[update.id]
        self._look_ns = 0

    async def try_out(self, notification: Notification) -> Outcome:
        """Send once, past the outbox and everything that waits in it; the receiver is one of the settings."""
        try:
            return await self._receivers[notification.receiver].send(notification)
        except Exception as error:  # noqa: BLE001 - as with what the outbox holds
            _log.exception("receiver_broke", receiver=notification.receiver)
            return Retry(reason=Text.same(f"{type(error).__name__}: {error}"))

    async def flush(self, timeout_s: float) -> None:
        """Try for a bounded time to deliver what is due; the rest stays in the outbox."""
        deadline = time.monotonic() + timeout_s
        with contextlib.suppress(LedgerError):  # what cannot be read now is delivered by the next run
            while time.monotonic() < deadline:
                due = self._ledger.pending(self._clock_ns(), 1)
                if not due and not self._under_way:
                    return
                self._wake.set()
                await asyncio.sleep(0.02)

    def _start_due(self, tasks: asyncio.TaskGroup) -> None:
        taken = Counter(self._under_way.values())
        while True:
            busy = [receiver for receiver, count in taken.items() if count >= AT_ONCE]
            rows = self._ledger.pending(self._clock_ns(), 2 * AT_ONCE + len(self._under_way), busy)
            started = 0
            for row in rows:
                if row.id in self._under_way:
                    continue
                if row.key != row.alert and self._ledger.leave_newest(
                    row.receiver, row.key, self._clock_ns()
                ):
                    started += 1  # a retained topic: the newest is looked for anew
                elif taken[row.receiver] < AT_ONCE:
                    taken[row.receiver] += 1
                    self._under_way[row.id] = row.receiver
                    tasks.create_task(self._deliver(row), name=f"notify {row.receiver}")
                    started += 1
            if not started:
                return

    async def _deliver(self, row: OutboxRow) -> None:
        receiver = self._receivers.get(row.receiver)
        if receiver is None:
            gone = Text("设置中已无此接收者", "the settings have no such receiver any more")
            self._note(row, Failed(reason=gone))
            return
        try:
            outcome = await receiver.send(notification_of(row))
        except Exception as error:  # noqa: BLE001 - a receiver's own fault must not stop the others
            _log.exception("receiver_broke", receiver=row.receiver)
            outcome = Retry(reason=Text.same(f"{type(error).__name__}: {error}"))
        self._note(row, outcome)

    def _note(self, row: OutboxRow, outcome: Outcome) -> None:
        """Count what came of an attempt, and gather it for the ledger."""
        now_ns = self._clock_ns()
        state = self.states.setdefault(row.receiver, ReceiverState())
        update = OutboxUpdate(id=row.id, state=OutboxState.SENT, at_ns=now_ns)
        match outcome:
            case Sent():
                state.sent += 1
                if state.failing_since_ns is not None:
                    _log.info("receiver_back", receiver=row.receiver)
                state.failing_since_ns = state.unreachable_since_ns = state.last_error = None
            case Retry(reason=reason, after_s=after_s):
                wait_s = max(delay_s(row.attempts + 1, self._jitter()), after_s or 0.0)
                due_ns = now_ns + round(wait_s * 1e9)
                update = replace(update, state=OutboxState.PENDING, next_try_ns=due_ns, error=reason)
                state.retried += 1
                if state.unreachable_since_ns is None:
                    state.unreachable_since_ns = now_ns
                self._failing(row, state, reason, now_ns)
                self._hand_on(row, reason, now_ns, for_good=False)
            case Failed(reason=reason):
                update = replace(update, state=OutboxState.FAILED, error=reason)
                state.failed += 1
                state.unreachable_since_ns = None  # it was reached, and refused
                self._failing(row, state, reason, now_ns)
                self._hand_on(row, reason, now_ns, for_good=True)
        if not self._done:
            asyncio.get_running_loop().call_later(self._note_after_s, self._note_soon)
        self._done.append(update)

    def _failing(self, row: OutboxRow, state: ReceiverState, reason: Text, now_ns: int) -> None:
        if state.failing_since_ns is None:
            state.failing_since_ns = now_ns
            _log.error("receiver_failing", receiver=row.receiver, reason=reason.en)
        state.last_error = reason

    def _hand_on(self, row: OutboxRow, why: Text, now_ns: int, *, for_good: bool) -> None:
        """Have somebody else told after an attempt that came to nothing, where that is due."""
        to = None if row.handed_to is not None else self._instead(row, now_ns, for_good=for_good)
        if to is not None:
            self._handed.append((row, instead_of(row, to, why, now_ns)))
            self.states[row.receiver].handed_on += 1

    def _instead(self, row: OutboxRow, now_ns: int, *, for_good: bool) -> str | None:
        fallback = self._fallbacks.get(row.receiver)
        if is_about_its_receiver(row):
            return fallback.receiver if fallback is not None else self._somebody_else(row)
        if fallback is None:
            return None
        failing_ns = now_ns - row.first_failed_ns if row.first_failed_ns else 0
        return fallback.receiver if for_good or failing_ns >= fallback.after_s * 1e9 else None

    def _somebody_else(self, row: OutboxRow) -> str | None:
        failing = {name for name, state in self.states.items() if state.failing_since_ns is not None}
        told: list[str] = []
        with contextlib.suppress(LedgerError):  # then somebody may hear it twice
            told = [d.receiver for d in self._ledger.deliveries(row.alert) if d.event_seq == row.event_seq]
        found = somebody_else(row.receiver, told, self._others, failing)
        if found is None and failing.issuperset(self._others):
            _log.error("nobody_left_to_tell", receiver=row.receiver)
        return found

    def _hand_on_waiting(self, now_ns: int) -> None:
        """Have the fallback told of all that waits for a receiver that has been failing for long enough."""
        for name, fallback in self._fallbacks.items():
            state = self.states[name]
            since_ns = state.unreachable_since_ns
            if since_ns is None or now_ns - since_ns < fallback.after_s * 1e9:
                continue
            why = state.last_error or _NO_REASON
            rows = [
                row for row in self._ledger.waiting(name, WAITING_AT_ONCE) if row.id not in self._under_way
            ]
            items = [instead_of(row, fallback.receiver, why, now_ns) for row in rows]
            if items:
                handed = [HandedOver(row.id, item.id) for row, item in zip(rows, items, strict=True)]
                self._ledger.commit(Commit(notifications=items, handed_over=handed))
                state.handed_on += len(items)
                self._look_ns = 0
