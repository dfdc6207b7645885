"""From alert events to notifications: who is told of each, by which route and why, and who is not."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

import msgspec

from alerting.cap.settings import CapSettings
from alerting.events import AlertEvent, Event, Grade
from alerting.notification import Notification, notification_id
from alerting.notify.settings import ReceiverSettings
from alerting.routing import Route, labels_of, match
from alerting.texts import both
from alerting.throttle import decide
from registry.plant import Text
from registry.sensors import SensorRegistry


@dataclass(frozen=True, slots=True)
class Routes:
    """The routing tree, the receivers that it names, and who sends CAP messages (None: nobody)."""

    root: Route
    receivers: Mapping[str, ReceiverSettings]
    cap: CapSettings | None = None

    def rehearsed(self) -> Self:
        """Return the routes of the same pipeline on readings that are not of now: no CAP message is Actual."""
        return self if self.cap is None else replace(self, cap=self.cap.rehearsed())


class Dispatcher:
    """Decides for each event who is told; pure, and without state between events."""

    def __init__(self, routes: Routes, registry: SensorRegistry) -> None:
        self._root = routes.root
        self._registry = registry
        self._events_of = {name: settings.events for name, settings in routes.receivers.items()}

    def offer(self, events: Iterable[AlertEvent], now_ns: int) -> tuple[list[AlertEvent], list[Notification]]:
        """Return the events with ``told`` and ``held`` of their `why` filled, and the notifications, in order."""
        del now_ns
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
                    _notification(event, receiver, path, body, reason)
                    for receiver, path, reason in told
                    if receiver
                ]
        return filled, notifications

    def tick(self, now_ns: int) -> list[Notification]:
        """Fire what is due up to `now_ns`."""
        del now_ns
        return []

    def next_deadline_ns(self) -> int | None:
        """Return when something is due, None where nothing waits."""
        return None

    def snapshot(self) -> bytes:
        """Return the state."""
        return b""

    def restore(self, body: bytes) -> None:
        """Take over a state."""

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


def _notification(event: AlertEvent, receiver: str, path: str, body: bytes, reason: Text) -> Notification:
    return Notification(
        id=notification_id(event.id, event.seq, receiver),
        receiver=receiver,
        alert=event.id,
        seq=event.seq,
        time=event.time,
        body=body,
        reason=reason,
        route=path,
    )


def _rows(rows: list[_Row]) -> list[dict[str, object]]:
    return [{"receiver": name, "route": path, "reason": both(reason)} for name, path, reason in rows]
