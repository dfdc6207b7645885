"""What an outcome leaves behind: in the ledger, and in the time-series store. Pure."""

import numpy as np

from alerting.events import Event
from alerting.notification import Notification
from alerting.notify.bodies import alerts_in
from detectors.kernels import DUPLICATE
from ledger.records import Commit, DeadLetter, EventLine, JournalEntry, Opening, OutboxItem, OutboxRow
from registry.readings import ReadingBlock
from service.pipeline import Outcome
from store.series import StoreBatch


def commit_of(entry: JournalEntry, outcome: Outcome, stored_seq: int | None) -> Commit:
    """Return what one entry leaves in the ledger."""
    return Commit(
        entries=[entry],
        events=[EventLine(event.seq, event.id, event.line()) for event in outcome.events],
        openings=[
            Opening(event.seq, event.id, event.sensor or "", event.source or "", event.kind)
            for event in outcome.events
            if event.event == Event.OPENED
        ],
        notifications=[outbox_item(notification, entry.now_ns) for notification in outcome.notifications],
        dead_letters=[
            DeadLetter(entry.now_ns, r.reason, r.detail, r.topic, r.payload, r.count) for r in outcome.rejects
        ],
        stored_seq=stored_seq,
    )


def outbox_item(told: Notification, now_ns: int) -> OutboxItem:
    """Return a notification as the outbox takes it; a group is kept as told of each alert in it."""
    return OutboxItem(
        id=told.id,
        receiver=told.receiver,
        body=told.body,
        gravity=told.grade or 0,
        key=told.order_key,
        reason=told.reason,
        alert=told.alert,
        alerts=(told.alert,) if told.group is None else tuple(alerts_in(told.body)),
        event_seq=told.seq,
        time=told.time,
        person=told.person,
        group=told.group,
        route=told.route,
        created_ns=now_ns,
    )


def notification_of(row: OutboxRow) -> Notification:
    """Return the notification that the outbox keeps."""
    return Notification(
        id=row.id,
        receiver=row.receiver,
        alert=row.alert,
        seq=row.event_seq,
        time=row.time,
        body=row.body,
        reason=row.reason,
        person=row.person,
        group=row.group,
        route=row.route,
        topic=None if row.key == row.alert else row.key,
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
