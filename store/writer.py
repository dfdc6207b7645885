"""The way to the store: a bounded queue, a thread that sends, a thread that spools. `offer` never waits.

Theory of operation. While all is well batches wait in memory and the sender takes them (direct). When sending
fails, or more wait than may, the flow turns to the spool: everything that waits goes to the disk in order, and so does
everything that comes; the sender drains the spool. When the spool is empty the flow turns back. So order is kept,
and a batch that is being sent when the flow turns is spooled too: sent twice, it is still once in the store.
Beyond the spool's bound its oldest segment is dropped and counted; that is the only way in which data is lost here.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import structlog

from store.series import Encoded, Rejection, SeriesStore, StoreBatch, StoreError, encoded
from store.spool import Spool

_ROW_BYTES = 29
_ALERT_BYTES = 2048
_SPOOL_RETRY_S = 1.0
_log = structlog.get_logger(__name__)

StoreState = Literal["ok", "catching_up", "away", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterSettings:
    """Bounds and delays; `queue_*` is what may wait in memory before the flow turns to the spool.

    `refuse_bytes` bounds the memory for the case that the spool's disk hangs or is full: beyond it batches are
    refused and counted. A write is made of about `group_bytes`, or of what has come within `linger_s`.
    """

    queue_batches: int = 2000
    queue_bytes: int = 64 << 20
    refuse_bytes: int = 256 << 20
    group_bytes: int = 2 << 20
    linger_s: float = 0.1
    spool_bytes: int = 2 << 30
    first_retry_s: float = 0.5
    longest_retry_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreHealth:
    """How the way to the store is.

    `state` is ok, catching_up (draining the spool), away (the last attempt failed) or stopped, `since_ns` when that
    began. `queued` batches wait in memory. `dropped` and `rejected` count rows since the start: those lost because
    a bound was reached, and those that the server refused for good.
    """

    state: StoreState
    since_ns: int
    queued: int
    spooled_bytes: int
    dropped: int
    rejected: int
    last_error: str


class StoreWriter:
    """Owns the store and the spool from `start` to `close`. Batches are offered in the order of their seq."""

    def __init__(
        self,
        store: SeriesStore,
        spool_dir: Path,
        settings: WriterSettings | None = None,
        *,
        stored_seq: int = 0,
        on_rejected: Callable[[Rejection], None] = lambda _: None,
        clock: Callable[[], int] = time.time_ns,
    ) -> None:
        self._store = store
        self._settings = settings or WriterSettings()
        self._spool = Spool(spool_dir / store.encoding, self._settings.spool_bytes)
        self._on_rejected = on_rejected
        self._clock = clock
        self._wake = threading.Condition()
        self._queue: deque[StoreBatch] = deque()
        self._queue_bytes = 0
        self._direct = self._spool.empty
        self._spooling = False
        self._stored_seq = max(stored_seq, store.watermark() or 0)
        self._failures = 0
        self._state: StoreState = "ok" if self._direct else "catching_up"
        self._since_ns = clock()
        self._refused_rows = 0
        self._rejected_rows = 0
        self._last_error = ""
        self._stop_at_s: float | None = None
        self._sender_done = False
        self._sender = threading.Thread(target=self._send_all, name="store-sender", daemon=True)
        self._spooler = threading.Thread(target=self._spool_all, name="store-spooler", daemon=True)

    def start(self) -> None:
        """Begin to send; what an earlier run left in the spool goes first."""
        self._sender.start()
        self._spooler.start()

    def offer(self, batch: StoreBatch) -> bool:
        """Take a batch without waiting; False where it had to be refused (see `WriterSettings.refuse_bytes`)."""
        size = _size_bytes(batch)
        limits = self._settings
        with self._wake:
            assert self._stop_at_s is None, "nothing is offered after close"
            if self._queue_bytes + size > limits.refuse_bytes:
                self._refused_rows += len(batch.block) + len(batch.alerts)
                _log.error("store_batch_refused", seq=batch.seq, queued_bytes=self._queue_bytes)
                return False
            self._queue.append(batch)
            self._queue_bytes += size
            if self._direct and (
                self._queue_bytes > limits.queue_bytes or len(self._queue) > limits.queue_batches
            ):
                self._turn_to_spool("catching_up")
            self._wake.notify_all()
        return True

    @property
    def stored_seq(self) -> int:
        """The seq up to which everything is in the store or in the spool."""
        with self._wake:
            return self._stored_seq

    def health(self) -> StoreHealth:
        """Return how things are now."""
        with self._wake:
            return StoreHealth(
                state=self._state,
                since_ns=self._since_ns,
                queued=len(self._queue),
                spooled_bytes=self._spool.size_bytes,
                dropped=self._refused_rows + self._spool.dropped_rows,
                rejected=self._rejected_rows,
                last_error=self._last_error,
            )

    def drained(self, timeout_s: float) -> bool:
        """Wait until everything offered is in the store itself; False where it was not within the time."""
        with self._wake:
            return self._wake.wait_for(self._nothing_left, timeout_s)

    def close(self, timeout_s: float = 5.0) -> None:
        """Send what waits for at most `timeout_s`, spool the rest, let go of the store."""
        with self._wake:
            self._stop_at_s = time.monotonic() + timeout_s
            self._wake.notify_all()
        if self._sender.ident is None:  # never started: what was offered still goes to the spool
            self._spooler.start()
        else:
            self._sender.join(timeout_s + 0.5)
        with self._wake:
            self._sender_done = True
            self._direct = False
            self._wake.notify_all()
        self._spooler.join()
        if not self._sender.is_alive():
            self._store.close()
        self._spool.close()
        with self._wake:
            self._enter("stopped")

    # the sender's thread

    def _send_all(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(self._sender_has_work)
                if self._direct:
                    self._wake.wait_for(self._group_is_large, self._settings.linger_s)
                if self._stop_at_s is not None and (
                    self._nothing_left() or self._failures or time.monotonic() > self._stop_at_s
                ):
                    return
                group = self._next_group() if self._direct else []
                direct = self._direct
            if direct:
                self._send_from_memory(group)
            else:
                self._send_from_spool()

    def _sender_has_work(self) -> bool:
        if self._stop_at_s is not None:
            return True
        return bool(self._queue) if self._direct else (not self._spool.empty or not self._spooler_has_work())

    def _group_is_large(self) -> bool:
        """Whether there is no reason to wait for more: many small writes cost a server more than a large one."""
        return (
            self._stop_at_s is not None or not self._direct or self._queue_bytes >= self._settings.group_bytes
        )

    def _next_group(self) -> list[StoreBatch]:
        """Return the oldest that wait, some MB of them; they stay in the queue until they are stored."""
        group: list[StoreBatch] = []
        size = 0
        for batch in self._queue:
            group.append(batch)
            size += _size_bytes(batch)
            if size >= self._settings.group_bytes:
                break
        return group

    def _send_from_memory(self, group: Sequence[StoreBatch]) -> None:
        if not self._deliver(self._encoded(group)):
            return
        with self._wake:
            if self._direct:  # else the flow has turned meanwhile, and the spooler takes what is in the queue
                self._forget(len(group))
            self._stored_seq = max(self._stored_seq, group[-1].seq)
            self._wake.notify_all()

    def _send_from_spool(self) -> None:
        records, place = self._spool.peek(self._settings.group_bytes * 4)
        if records:
            if self._deliver(records):
                self._spool.advance(place)
            return
        with self._wake:
            # what still waits for the spooler goes to the disk first, or a server that hangs would hold it in memory
            if self._spool.empty and not self._spooling and not self._queue:
                self._direct = True
                self._enter("ok")
            self._wake.notify_all()

    def _encoded(self, batches: Sequence[StoreBatch]) -> list[Encoded]:
        """Encode; a batch that cannot be encoded is refused alone."""
        records: list[Encoded] = []
        for batch in batches:
            try:
                records += encoded(self._store, [batch])
            except Exception as exc:  # noqa: BLE001 - whatever is wrong with one batch must not stop the others
                rows = len(batch.block) + len(batch.alerts)
                self._reject(Rejection(rows, f"cannot be encoded: {exc!r}", b"seq %d" % batch.seq))
        return records

    def _deliver(self, records: Sequence[Encoded]) -> bool:
        """Send; return whether these records are done with. A failure waits here for the time of the back-off."""
        try:
            rejections = self._send_or_single_out(records)
        except StoreError as exc:
            self._back_off(exc)
            return False
        with self._wake:
            if self._failures:
                _log.info("store_is_back", after_failures=self._failures)
            self._failures = 0
            self._enter("ok" if self._direct else "catching_up")
        for rejection in rejections:
            self._reject(rejection)
        return True

    def _send_or_single_out(self, records: Sequence[Encoded]) -> list[Rejection]:
        """Send together, or one by one where that is refused for good, so that a bad record blocks no other."""
        try:
            return self._store.send(records)
        except StoreError as exc:
            if exc.retry:
                raise
            reason = str(exc)
        except Exception as exc:  # noqa: BLE001 - the thread must live; what it could not send is told
            _log.exception("store_send_failed_unexpectedly")
            reason = f"{type(exc).__name__}: {exc}"
        if len(records) == 1:
            return [Rejection(records[0].rows, reason, records[0].payload[:200])]
        return [r for record in records for r in self._send_or_single_out([record])]

    def _back_off(self, error: StoreError) -> None:
        settings = self._settings
        with self._wake:
            self._last_error = str(error)
            if not self._failures:
                _log.error("store_is_away", error=str(error))
            delay_s = min(settings.longest_retry_s, settings.first_retry_s * 2.0 ** min(self._failures, 16))
            delay_s = max(delay_s * random.uniform(0.5, 1.0), error.retry_after_s or 0.0)  # noqa: S311 - jitter
            self._failures += 1
            self._turn_to_spool("away")
            self._wake.notify_all()
            self._wake.wait_for(lambda: self._stop_at_s is not None, delay_s)

    def _reject(self, rejection: Rejection) -> None:
        with self._wake:
            self._rejected_rows += rejection.rows
            self._last_error = rejection.reason
        _log.error(
            "store_refused_lines", rows=rejection.rows, reason=rejection.reason, excerpt=rejection.excerpt
        )
        self._on_rejected(rejection)

    # the spooler's thread

    def _spool_all(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._spooler_has_work() or self._sender_done)
                if not self._spooler_has_work():
                    return
                batches = self._next_group()
                self._spooling = True
            try:
                self._spool.append(self._encoded(batches))
            except OSError as exc:
                self._spool_failed(exc)
                continue
            with self._wake:
                self._forget(len(batches))
                self._stored_seq = max(self._stored_seq, batches[-1].seq)
                self._spooling = False
                self._wake.notify_all()

    def _spooler_has_work(self) -> bool:
        return not self._direct and bool(self._queue)

    def _spool_failed(self, error: OSError) -> None:
        """Keep what waits in memory and try again; at the end of the program there is no again."""
        with self._wake:
            self._spooling = False
            self._last_error = f"the spool cannot be written: {error}"
            _log.error("spool_cannot_be_written", error=str(error), queued=len(self._queue))
            if self._sender_done:
                self._refused_rows += sum(len(b.block) + len(b.alerts) for b in self._queue)
                self._queue.clear()
                return
            self._wake.wait_for(lambda: self._sender_done, _SPOOL_RETRY_S)

    # under the lock

    def _nothing_left(self) -> bool:
        return not self._queue and not self._spooling and self._spool.empty

    def _forget(self, batches: int) -> None:
        """Take the oldest out of the queue: they are stored or spooled."""
        for _ in range(batches):
            self._queue_bytes -= _size_bytes(self._queue.popleft())

    def _turn_to_spool(self, state: StoreState) -> None:
        if self._direct:
            self._direct = False
            _log.warning("store_flow_turns_to_spool", queued=len(self._queue))
        self._enter(state)

    def _enter(self, state: StoreState) -> None:
        if state != self._state:
            self._state = state
            self._since_ns = self._clock()


def _size_bytes(batch: StoreBatch) -> int:
    return 64 + _ROW_BYTES * len(batch.block) + _ALERT_BYTES * len(batch.alerts)
