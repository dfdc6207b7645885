"""Takes notifications out of the outbox to their receivers: each until it is delivered, or known never to be.

A receiver that hangs or fails holds up nobody else: each is tried on its own task, one notification of an alert at a
time. What came of an attempt is in the ledger before the next one for that alert is made; attempts that end close
together are noted in one transaction.
"""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import msgspec
import structlog

from alerting.events import AlertEvent
from alerting.notification import Notification
from alerting.notify.backoff import delay_s
from alerting.notify.receiver import Failed, Outcome, Receiver, Retry, Sent
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.records import Commit, OutboxRow, OutboxState, OutboxUpdate
from registry.plant import Text

_log = structlog.get_logger(__name__)

AT_ONCE = 16
"""How many attempts one receiver is given at a time: one that hangs with many alerts takes no other's place."""
IDLE_S = 1.0
NOTE_AFTER_S = 0.02
"""Attempts that end within this are noted together: each transaction waits for the disk."""


@dataclass(slots=True)
class ReceiverState:
    """How one receiver has been; for health and metrics."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
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
    ) -> None:
        self._ledger = ledger
        self._receivers = receivers
        self._clock_ns = clock_ns
        self._jitter = jitter
        self._note_after_s = note_after_s
        self._wake = asyncio.Event()
        self._under_way: dict[str, str] = {}
        self._done: list[OutboxUpdate] = []
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
        done = list(self._done)
        self._ledger.commit(Commit(outbox_updates=done))
        self._note_now = False
        self._done.clear()
        for update in done:
            del self._under_way[update.id]
        self._look_ns = 0

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
                if row.id not in self._under_way and taken[row.receiver] < AT_ONCE:
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
            outcome = await receiver.send(_notification(row))
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
                state.failing_since_ns, state.last_error = None, None
            case Retry(reason=reason, after_s=after_s):
                wait_s = max(delay_s(row.attempts + 1, self._jitter()), after_s or 0.0)
                due_ns = now_ns + round(wait_s * 1e9)
                update = replace(update, state=OutboxState.PENDING, next_try_ns=due_ns, error=reason.en)
                state.retried += 1
                self._failing(row, state, reason, now_ns)
            case Failed(reason=reason):
                update = replace(update, state=OutboxState.FAILED, error=reason.en)
                state.failed += 1
                self._failing(row, state, reason, now_ns)
        if not self._done:
            asyncio.get_running_loop().call_later(self._note_after_s, self._note_soon)
        self._done.append(update)

    def _failing(self, row: OutboxRow, state: ReceiverState, reason: Text, now_ns: int) -> None:
        if state.failing_since_ns is None:
            state.failing_since_ns = now_ns
            _log.error("receiver_failing", receiver=row.receiver, reason=reason.en)
        state.last_error = reason


def _notification(row: OutboxRow) -> Notification:
    event = msgspec.json.decode(row.body, type=AlertEvent)
    return Notification(
        id=row.id,
        receiver=row.receiver,
        alert=event.id,
        seq=event.seq,
        time=event.time,
        body=row.body,
        reason=Text.same(row.reason),
    )
