"""From alert events to notifications: who is told of each, by which route and why, and who is not."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from alerting.events import AlertEvent, Event, Grade
from alerting.notify.settings import ReceiverSettings
from alerting.routing import Route, labels_of, match
from alerting.texts import both
from alerting.throttle import decide
from registry.plant import Text
from registry.sensors import SensorRegistry

_ID_BYTES = 12


@dataclass(frozen=True, slots=True)
class Routes:
    """The routing tree and the receivers that it names."""

    root: Route
    receivers: Mapping[str, ReceiverSettings]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One event for one receiver, as the outbox keeps it.

    `id` is derived from alert, `seq` and receiver, so that making it again after a crash changes nothing; `body` is
    the alert line.
    """

    id: str
    receiver: str
    alert: str
    seq: int
    time: str
    body: bytes
    reason: Text


class Dispatcher:
    """Decides for each event who is told; pure, and without state between events."""

    def __init__(self, routes: Routes, registry: SensorRegistry) -> None:
        self._root = routes.root
        self._registry = registry
        self._events_of = {name: settings.events for name, settings in routes.receivers.items()}

    def offer(self, events: Iterable[AlertEvent]) -> tuple[list[AlertEvent], list[Notification]]:
        """Return the events with ``told`` and ``held`` of their `why` filled, and the notifications, in order."""
        filled: list[AlertEvent] = []
        notifications: list[Notification] = []
        for event in events:
            told, held = self._decide(event)
            complete = msgspec.structs.replace(
                event, why={**event.why, "told": _rows(told), "held": _rows(held)}
            )
            filled.append(complete)
            if told:
                body = complete.line()
                notifications += [
                    _notification(event, receiver, body, reason) for receiver, _, reason in told if receiver
                ]
        return filled, notifications

    def _decide(self, event: AlertEvent) -> tuple[list["_Row"], list["_Row"]]:
        name, grade = Event(event.event), Grade[event.grade.upper()]
        told: list[_Row] = []
        held: list[_Row] = []
        by_path: dict[str, str] = {}
        for found in match(self._root, labels_of(event, self._registry)):
            decision = decide(name, grade, found, self._events_of, by_path)
            row = (found.receiver, found.path, decision.reason)
            if decision.send and found.receiver is not None:
                by_path[found.receiver] = found.path
                told.append(row)
            else:
                held.append(row)
        return told, held


_Row = tuple[str | None, str, Text]


def notification_id(alert: str, seq: int, receiver: str) -> str:
    """Return the id of the notification of one event to one receiver: the same whenever it is made."""
    return hashlib.blake2b(f"{alert}|{seq}|{receiver}".encode(), digest_size=_ID_BYTES).hexdigest()


def _notification(event: AlertEvent, receiver: str, body: bytes, reason: Text) -> Notification:
    return Notification(
        id=notification_id(event.id, event.seq, receiver),
        receiver=receiver,
        alert=event.id,
        seq=event.seq,
        time=event.time,
        body=body,
        reason=reason,
    )


def _rows(rows: list[_Row]) -> list[dict[str, object]]:
    return [{"receiver": name, "route": path, "reason": both(reason)} for name, path, reason in rows]
