"""Who is told in place of a receiver that cannot be, and how that notification says so. Pure."""

from collections.abc import Collection, Iterable

import msgspec

from alerting.notification import notification_id
from alerting.notify.bodies import alerts_in, lines_of
from ledger.records import OutboxItem, OutboxRow
from registry.plant import Text
from service.health import trouble_of_receiver


class _Why(msgspec.Struct, frozen=True):
    system: str | None = None


class _Line(msgspec.Struct, frozen=True):
    why: _Why


def is_about_its_receiver(row: OutboxRow) -> bool:
    """Return whether a notification says that the very receiver fails that it is meant for."""
    trouble = trouble_of_receiver(row.receiver)
    if trouble.encode() not in row.body:
        return False  # nearly always, and much faster
    return any(msgspec.json.decode(line, type=_Line).why.system == trouble for line in lines_of(row.body))


def somebody_else(
    receiver: str, told: Iterable[str], receivers: Iterable[str], failing: Collection[str]
) -> str | None:
    """Return who is to hear that `receiver` fails, None where somebody hears it already or nobody is left.

    `told` are those who are told of it by the routes; `receivers` are all, in the order of the routes file.
    """
    if any(name != receiver and name not in failing for name in told):
        return None
    return next((name for name in receivers if name != receiver and name not in failing), None)


def instead_of(row: OutboxRow, receiver: str, why: Text, now_ns: int) -> OutboxItem:
    """Return what `receiver` is told in place of `row`, which came to nothing for the reason `why`; the same each time."""
    return OutboxItem(
        id=notification_id(row.alert, row.event_seq, receiver, f"instead of {row.id}"),
        receiver=receiver,
        body=row.body,
        gravity=row.gravity,
        key=row.alert,
        reason=Text(
            f"{row.reason.zh}；{row.receiver} 未能收到（{why.zh}），改为通知 {receiver}",
            f"{row.reason.en}; told {receiver} instead of {row.receiver}, which could not be reached ({why.en})",
        ),
        alert=row.alert,
        alerts=(row.alert,) if row.group is None else tuple(alerts_in(row.body)),
        event_seq=row.event_seq,
        time=row.time,
        person=row.person,
        group=row.group,
        route=row.route,
        created_ns=now_ns,
        instead_of=row.id,
    )
