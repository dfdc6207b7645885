"""The shell around one pipeline: takes messages, keeps them, acknowledges, hands on what came of them.

Order for a batch: decode, judge and route; journal, alert events and outbox in one transaction; only then acknowledge
to the broker, wake the sender, offer to the store, show on the console. All of it synchronous, on the loop's thread.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from alerting.commands import Command, SystemCondition, encode_command
from alerting.events import AlertEvent
from detectors.clock import Clock
from detectors.state import NEVER
from ingest.batcher import Batcher, BatchLimits
from ingest.messages import Message
from ingest.mqtt import connection_of
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.records import Commit, JournalEntry
from service.effects import commit_of, store_batch
from service.pipeline import Outcome, Pipeline, pack_messages
from service.recovery import unacknowledged
from service.redelivery import Redelivery
from store.series import StoreBatch

_log = structlog.get_logger(__name__)

BATCH = BatchLimits(max_count=4096)
LEDGER_RETRY_S = 1.0


class Received(Protocol):
    """A message from the broker with what acknowledges it."""

    @property
    def message(self) -> Message:
        """The message itself."""

    @property
    def token(self) -> Any:
        """What `Source.ack` takes."""


class Source(Protocol):
    """Where messages come from."""

    def drain(self, max_count: int) -> Sequence[Received]:
        """Return what has arrived, oldest first, without waiting."""

    def ack(self, tokens: Sequence[Any]) -> None:
        """Tell the broker that these need not be sent again."""


class StoreSink(Protocol):
    """Where batches go that the time-series store is to have; never waits."""

    @property
    def stored_seq(self) -> int:
        """The journal entry up to which everything is safe."""

    def offer(self, batch: StoreBatch) -> object:
        """Take a batch."""


@dataclass(slots=True)
class Gauges:
    """What the shell has seen; for health and metrics."""

    last_message_ns: int | None = None
    newest_reading_ns: int | None = None
    commit_seconds: float = 0.0
    commits: int = 0
    ledger_error: str | None = None
    ledger_error_since_ns: int | None = None
    redelivered: int = 0


@dataclass(slots=True)
class Hooks:
    """Whom the runtime tells after a commit; each returns at once."""

    on_events: list[Callable[[Sequence[AlertEvent]], None]] = field(default_factory=list)
    on_notifications: list[Callable[[], None]] = field(default_factory=list)
    on_outcome: list[Callable[[Outcome], None]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Held:
    """What one entry gave, on its way into the ledger; `tokens` are acknowledged once it is there."""

    commit: Commit
    outcome: Outcome
    tokens: Sequence[Any]


class Runtime:
    """Runs one pipeline over one source and one ledger."""

    def __init__(
        self,
        pipeline: Pipeline,
        ledger: Ledger,
        store: StoreSink,
        source: Source,
        *,
        in_flight: int = 60_000,
        snapshot_s: float = 60.0,
        clock_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.pipeline = pipeline
        self.ledger = ledger
        self.gauges = Gauges()
        self.hooks = Hooks()
        self._store = store
        self._source = source
        self._redelivery = Redelivery(pipeline.plan.registry.topics)
        self._in_flight = in_flight
        self._connection = 0
        self._wall = pipeline.plan.clock is Clock.WALL
        self._clock_ns = clock_ns
        self._batcher: Batcher[Received] = Batcher(BATCH)
        self._snapshot_ns = round(snapshot_s * 1e9)
        self._next_snapshot_ns = clock_ns() + self._snapshot_ns
        self._snapshot_seq = ledger.last_seq
        self._held: _Held | None = None
        self._wake = asyncio.Event()
        self._stop = asyncio.Event()
        self._tried_last = False

    def now_ns(self) -> int:
        """Return the pipeline's clock as it is at this moment."""
        if not self._wall and self.pipeline.now_ns != NEVER:
            return self.pipeline.now_ns
        return max(self._clock_ns(), self.pipeline.now_ns)

    @property
    def is_wall(self) -> bool:
        """Whether the clock is the receive time."""
        return self._wall

    def message_age_s(self) -> float | None:
        """Return how long ago the newest message arrived, None before the first."""
        last_ns = self.gauges.last_message_ns
        return None if last_ns is None else max(0.0, (self._clock_ns() - last_ns) / 1e9)

    def lag_s(self) -> float:
        """Return how long the oldest message that waits here has waited."""
        due_ns = self._batcher.due_ns()
        return 0.0 if due_ns is None else max(0.0, (self._clock_ns() - due_ns) / 1e9)

    def wake(self) -> None:
        """Something has arrived; called on the loop's thread."""
        self._wake.set()

    def stop(self) -> None:
        """End `run` after what has arrived is done."""
        self._stop.set()
        self._wake.set()

    @property
    def _stopping(self) -> bool:
        return self._stop.is_set()

    def start(self, note: bytes) -> None:
        """Journal that the program starts here: silence counts from now."""
        entry = JournalEntry(now_ns=self.now_ns(), kind="start", body=note)
        self._commit(entry, self.pipeline.entry(entry))

    def command(self, command: Command) -> Outcome:
        """Carry out a command; what came of it is durable when this returns.

        Raises:
            CommandRefused: it does not hold; nothing has changed.
            LedgerError: it could not be kept.
        """
        if self._held is not None:
            raise LedgerError(self.gauges.ledger_error or "the ledger cannot be written")
        now_ns = self.now_ns()
        self._tick(now_ns)
        outcome = self.pipeline.command(command, now_ns)
        repeated = isinstance(command, SystemCondition) and not (outcome.events or outcome.notifications)
        if not repeated:
            self._commit(JournalEntry(now_ns=now_ns, kind="command", body=encode_command(command)), outcome)
        return outcome

    async def run(self) -> None:
        """Take messages and fire deadlines until `stop`.

        While something could not be kept nothing else is taken: the state has moved and the journal has not. Ending then
        loses nothing: what was not acknowledged comes again.
        """
        while True:
            await self._wait()
            self._wake.clear()
            if self._held is None:
                try:
                    self._turn()
                except LedgerError as error:
                    _log.error("turn_unkept", reason=str(error))
            else:
                await self._try_again(self._held)
            if self._stopping and (self._held is None or self._tried_last):
                return
            await asyncio.sleep(0)

    def _turn(self) -> None:
        """Take every batch that is due, then do what is due without a message."""
        self._collect()
        while (due := self._batcher.due_ns()) is not None and (self._stopping or due <= self._clock_ns()):
            self._take()
            self._collect()
        self._tick(self.now_ns())
        if self._stopping or self._clock_ns() >= self._next_snapshot_ns:
            self._next_snapshot_ns = self._clock_ns() + self._snapshot_ns
            self.snapshot()

    async def _try_again(self, held: _Held) -> None:
        """Wait a little and keep what could not be kept; at the end of the program at once, and once only."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEDGER_RETRY_S):
                await self._stop.wait()
        self._tried_last = self._stopping
        with contextlib.suppress(LedgerError):
            self._keep(held)
        self._wake.set()

    async def _wait(self) -> None:
        waits = [self._next_snapshot_ns, self._batcher.due_ns()]
        if self._wall:
            waits.append(self.pipeline.next_deadline_ns())
        until_s = min((w - self._clock_ns()) / 1e9 for w in waits if w is not None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until_s)):
                await self._wake.wait()

    def _collect(self) -> None:
        now_ns = self._clock_ns()
        for item in self._source.drain(BATCH.max_count):
            self._batcher.add(item, len(item.message.payload), now_ns)

    def _take(self) -> None:
        """Take one batch the whole way."""
        received = self._batcher.take(self._clock_ns(), flush=self._stopping)
        tokens = [item.token for item in received]
        fresh = self._fresh(received)
        if not fresh:
            self._source.ack(tokens)
            return
        now_ns = max(self._clock_ns(), self.pipeline.now_ns) if self._wall else self._clock_ns()
        outcome = self.pipeline.messages(fresh, now_ns)
        self.gauges.last_message_ns = self._clock_ns()
        self._commit(JournalEntry(now_ns=now_ns, kind="messages", body=pack_messages(fresh)), outcome, tokens)

    def _fresh(self, received: Sequence[Received]) -> list[Message]:
        """Leave out what is in the journal already and was sent again because its acknowledgement was lost.

        A new connection may bring again whatever was journalled before it, and whatever of the old one is only being
        taken now.
        """
        fresh: list[Message] = []
        for item in received:
            connection = connection_of(item.token)
            if connection > self._connection:
                self._connection = connection
                self._redelivery.forget()
                self._redelivery.expect(unacknowledged(self.ledger, self._in_flight))
                self._redelivery.expect(fresh)
            if self._redelivery.is_known(item.message):
                self.gauges.redelivered += 1
                continue
            fresh.append(item.message)
            if 0 < connection < self._connection:
                self._redelivery.expect([item.message])
        return fresh

    def snapshot(self) -> None:
        """Keep the state, so that a restart need not fold the whole journal."""
        if self.ledger.last_seq != self._snapshot_seq:
            self.ledger.save_snapshot(self.ledger.last_seq, self.pipeline.snapshot())
            self._snapshot_seq = self.ledger.last_seq

    def _tick(self, now_ns: int) -> None:
        """Fire what is due; a tick that told something is journalled, for a restart must tell the same."""
        due = self.pipeline.next_deadline_ns() if self._wall else None
        if due is None or now_ns < due:
            return
        outcome = self.pipeline.tick(now_ns)
        if outcome.events or outcome.notifications:
            self._commit(JournalEntry(now_ns=now_ns, kind="tick", body=b""), outcome)

    def _commit(self, entry: JournalEntry, outcome: Outcome, tokens: Sequence[Any] = ()) -> None:
        self._keep(_Held(commit_of(entry, outcome, self._store.stored_seq), outcome, tokens))

    def _keep(self, held: _Held) -> None:
        """Keep what came of an entry, acknowledge it, and hand it on; hold it for another try where that fails."""
        began = time.perf_counter()
        try:
            seq = self.ledger.commit(held.commit)
        except LedgerError as error:
            self._held = held
            if self.gauges.ledger_error is None:
                self.gauges.ledger_error_since_ns = self._clock_ns()
                _log.error("ledger_failed", reason=str(error))
            self.gauges.ledger_error = str(error)
            self._wake.set()
            raise
        self._held = None
        if self.gauges.ledger_error:
            _log.info("ledger_back")
            self.gauges.ledger_error = self.gauges.ledger_error_since_ns = None
        self.gauges.commits += 1
        self.gauges.commit_seconds += time.perf_counter() - began
        self._source.ack(held.tokens)
        self._hand_on(seq, held.outcome)

    def _hand_on(self, seq: int, outcome: Outcome) -> None:
        if len(outcome.block):
            self.gauges.newest_reading_ns = int(outcome.block.t_ns.max())
        if len(outcome.block) or outcome.events:
            self._store.offer(store_batch(seq, outcome))
        if outcome.notifications:
            for told in self.hooks.on_notifications:
                told()
        if outcome.events:
            for shown in self.hooks.on_events:
                shown(outcome.events)
        for seen in self.hooks.on_outcome:
            seen(outcome)
