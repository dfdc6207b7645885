"""What an outcome leaves behind: in the ledger, and in the time-series store. Pure."""

import numpy as np

from detectors.kernels import DUPLICATE
from ledger.records import Commit, DeadLetter, EventLine, JournalEntry, OutboxItem
from registry.readings import ReadingBlock
from service.pipeline import Outcome
from store.series import StoreBatch


def commit_of(entry: JournalEntry, outcome: Outcome, stored_seq: int | None) -> Commit:
    """Return what one entry leaves in the ledger."""
    return Commit(
        entries=[entry],
        events=[EventLine(event.seq, event.id, event.line()) for event in outcome.events],
        notifications=[
            OutboxItem(id=n.id, receiver=n.receiver, body=n.body, key=n.alert, reason=n.reason.en)
            for n in outcome.notifications
        ],
        dead_letters=[
            DeadLetter(entry.now_ns, r.reason, r.detail, r.topic, r.payload, r.count) for r in outcome.rejects
        ],
        stored_seq=stored_seq,
    )


def store_batch(seq: int, outcome: Outcome) -> StoreBatch:
    """Return what one entry gives to the time-series store: all but doubled readings."""
    block, score = outcome.block, outcome.score
    kept = outcome.status != DUPLICATE
    if not kept.all():
        block = ReadingBlock(
            sensor=block.sensor[kept],
            t_ns=block.t_ns[kept],
            value=block.value[kept],
            quality=block.quality[kept],
        )
        score = score[kept]
    return StoreBatch(seq=seq, block=block, score=np.ascontiguousarray(score), alerts=outcome.events)
