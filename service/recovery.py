"""Back to where the last run was: newest usable snapshot, then the journal's tail, by the same code as live."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import structlog

from alerting.book_state import SnapshotError as BookSnapshotError
from detectors.bank import SnapshotError
from ingest.messages import Message
from ledger.ledger import Ledger
from service.pipeline import Outcome, Pipeline, Plan, unpack_messages

_log = structlog.get_logger(__name__)

_PAGE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """A pipeline as it was after the journal's last entry.

    `replayed` entries were folded on top of the snapshot of entry `snapshot_seq` (0: from the journal's beginning).
    """

    pipeline: Pipeline
    snapshot_seq: int
    replayed: int


def recover(ledger: Ledger, plan: Plan, stored_seq: int, redo: Callable[[int, Outcome], object]) -> Recovered:
    """Fold the journal of an earlier run into a new pipeline.

    Args:
        ledger: the journal and its snapshots.
        plan: what the pipeline is made of now; it may have changed since.
        stored_seq: the entry up to which the time-series store has everything.
        redo: called with each outcome after `stored_seq`, which the store may not have.
    """
    pipeline, start = _from_snapshot(ledger, plan, stored_seq)
    replayed = 0
    for entry in ledger.entries(start):
        outcome = pipeline.entry(entry)
        replayed += 1
        if entry.seq > stored_seq:
            redo(entry.seq, outcome)
    return Recovered(pipeline=pipeline, snapshot_seq=start, replayed=replayed)


def _from_snapshot(ledger: Ledger, plan: Plan, stored_seq: int) -> tuple[Pipeline, int]:
    for snapshot in ledger.snapshots():
        if snapshot.seq > stored_seq:
            continue
        pipeline = Pipeline(plan)
        try:
            pipeline.restore(snapshot.body)
        except (SnapshotError, BookSnapshotError, msgspec.MsgspecError) as error:
            _log.warning("snapshot_refused", seq=snapshot.seq, reason=str(error))
            continue
        return pipeline, snapshot.seq
    return Pipeline(plan), 0


def unacknowledged(ledger: Ledger, at_most: int) -> list[Message]:
    """Return the newest `at_most` journalled messages: those that the broker may send again."""
    tail: deque[list[Message]] = deque()
    count, last = 0, ledger.last_seq
    while last > 0 and count < at_most:
        page = list(ledger.entries(max(0, last - _PAGE), limit=min(_PAGE, last)))
        for entry in reversed([entry for entry in page if entry.seq <= last]):
            if entry.kind == "messages" and count < at_most:
                messages = unpack_messages(entry.body)
                tail.appendleft(messages)
                count += len(messages)
        if not page or page[0].seq > last - _PAGE + 1:
            break  # what came before is pruned
        last -= _PAGE
    newest = [message for messages in tail for message in messages]
    return newest[max(0, len(newest) - at_most) :]
