"""The alarm desk: findings and commands in, alert events and notifications out, with every timer of the room.

Theory of operation. The desk is a fold over findings, commands and times. The book makes events; each event then passes
the stages in one order. Whatever waits for a time (a delay, a group, a deadline for an acknowledgement) is a timer of the
stage that owns it. Before anything of a time is taken, every timer up to that time has fired, the earliest first and each
at its own time, so that it does not matter in which pieces the input came or how late somebody asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from alerting.alarms import AlarmSettings
from alerting.book import AlertBook
from alerting.commands import Command, EndSilence, OverrideOnCall, Silence
from alerting.conditions import changes
from alerting.dispatch import Dispatcher
from alerting.escalation import Escalation
from alerting.escalation.chosen import chain_by_route
from alerting.events import AlertEvent
from alerting.grading import GradeTable
from alerting.notification import Notification
from alerting.routes import Routes
from alerting.routing import Router
from detectors.findings import FindingBlock
from registry.sensors import SensorRegistry


@dataclass(slots=True)
class Told:
    """What came of one call, in its order."""

    events: list[AlertEvent] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)


class _Snapshot(msgspec.Struct, frozen=True):
    book: bytes
    dispatcher: bytes
    escalation: bytes


class AlertDesk:
    """Everything between findings and notifications; `book`, `dispatcher` and `escalation` are public for those who look."""

    def __init__(
        self,
        registry: SensorRegistry,
        grades: GradeTable,
        routes: Routes,
        alarms: AlarmSettings | None = None,
    ) -> None:
        self.book = AlertBook(registry, grades, alarms)
        self.dispatcher = Dispatcher(routes, registry)
        self.escalation = Escalation(
            routes.escalation,
            registry.plant.areas,
            chain_by_route(Router(routes.root, registry)),
            self.dispatcher.why_held,
        )
        self._ids = [spec.id for spec in registry.specs]

    def apply(self, findings: FindingBlock, now_ns: int) -> Told:
        """Take findings in their order, `now_ns` being the pipeline's clock after them."""
        told = Told()
        for change in changes(findings, self._ids):
            self._fire(change.now_ns, told)
            self._pass_on(self.book.take(change), change.now_ns, told)
        self._fire(now_ns, told)
        return told

    def command(self, command: Command, now_ns: int) -> Told:
        """Carry out a command; raise `CommandRefused`, with nothing changed by it, where it does not hold."""
        told = Told()
        self._fire(now_ns, told)
        match command:
            case Silence() | EndSilence():
                told.notifications += self.dispatcher.command(command, now_ns)
            case OverrideOnCall():
                told.notifications += self.escalation.command(command, now_ns)
            case _:
                self._pass_on(self.book.command(command, now_ns), now_ns, told)
        return told

    def tick(self, now_ns: int) -> Told:
        """Fire every timer up to `now_ns`; calling it late or often changes nothing."""
        told = Told()
        self._fire(now_ns, told)
        return told

    def next_deadline_ns(self) -> int | None:
        """Return a time before which `tick` has nothing to do, None where nothing waits."""
        return min(self._deadlines(), default=None)

    def snapshot(self) -> bytes:
        """Return the whole state."""
        return msgspec.msgpack.encode(
            _Snapshot(self.book.snapshot(), self.dispatcher.snapshot(), self.escalation.snapshot())
        )

    def restore(self, body: bytes) -> None:
        """Take over a state.

        Raises:
            alerting.book_state.SnapshotError, msgspec.MsgspecError: it cannot be continued from.
        """
        kept = msgspec.msgpack.decode(body, type=_Snapshot)
        self.book.restore(kept.book)
        self.dispatcher.restore(kept.dispatcher)
        self.escalation.restore(kept.escalation)

    def _deadlines(self) -> Iterator[int]:
        for due in (stage.next_deadline_ns() for stage in (self.book, self.dispatcher, self.escalation)):
            if due is not None:
                yield due

    def _fire(self, now_ns: int, told: Told) -> None:
        """Fire the timers up to `now_ns`, the earliest first; those of a stage before those of the next."""
        while (due_ns := self.next_deadline_ns()) is not None and due_ns <= now_ns:
            if self.book.next_deadline_ns() == due_ns:
                self._pass_on(self.book.tick(due_ns), due_ns, told)
            elif self.dispatcher.next_deadline_ns() == due_ns:
                told.notifications += self.dispatcher.tick(due_ns)
            else:
                told.notifications += self.escalation.tick(due_ns)

    def _pass_on(self, events: list[AlertEvent], now_ns: int, told: Told) -> None:
        if not events:
            return
        filled, notifications = self.dispatcher.offer(events, now_ns)
        told.events += filled
        told.notifications += notifications
        told.notifications += self.escalation.offer(filled, now_ns)
