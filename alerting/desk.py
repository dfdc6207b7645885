"""The alarm desk: findings and commands in, alert events and notifications out, with every timer of the room.

Theory of operation. The desk is a fold over findings, commands and times. The book makes events; each event then passes
the stages in one order. Whatever waits for a time (a delay, a group, a deadline for an acknowledgement) is a timer of the
stage that owns it. Before anything of a time is taken, every timer up to that time has fired, the earliest first and each
at its own time, so that it does not matter in which pieces the input came or how late somebody asked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from alerting.book import AlertBook
from alerting.commands import Command, EndSilence, MergeIncidents, Silence, SplitIncident
from alerting.conditions import changes
from alerting.dispatch import Dispatcher
from alerting.events import AlertEvent
from alerting.grading import GradeTable
from alerting.incidents.flood import FloodWatch
from alerting.incidents.gathering import Incidents
from alerting.incidents.settings import IncidentSettings
from alerting.notification import Notification
from alerting.routes import Routes
from detectors.findings import FindingBlock
from registry.sensors import SensorRegistry


@dataclass(slots=True)
class Told:
    """What came of one call, in its order."""

    events: list[AlertEvent] = field(default_factory=list)
    notifications: list[Notification] = field(default_factory=list)


class _Snapshot(msgspec.Struct, frozen=True):
    book: bytes
    incidents: bytes
    floods: bytes
    dispatcher: bytes


class AlertDesk:
    """Everything between findings and notifications; its stages are public for those who look."""

    def __init__(
        self,
        registry: SensorRegistry,
        grades: GradeTable,
        routes: Routes,
        incidents: IncidentSettings | None = None,
    ) -> None:
        settings = incidents or IncidentSettings()
        self.book = AlertBook(registry, grades)
        self.incidents = Incidents(settings)
        self.floods = FloodWatch(settings, registry.plant)
        self.dispatcher = Dispatcher(routes, registry)
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
            case MergeIncidents() | SplitIncident():
                self.incidents.command(command, now_ns)
            case Silence() | EndSilence():
                told.notifications += self.dispatcher.command(command, now_ns)
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
            _Snapshot(
                self.book.snapshot(),
                self.incidents.snapshot(),
                self.floods.snapshot(),
                self.dispatcher.snapshot(),
            )
        )

    def restore(self, body: bytes) -> None:
        """Take over a state.

        Raises:
            alerting.book_state.SnapshotError, msgspec.MsgspecError: it cannot be continued from.
        """
        kept = msgspec.msgpack.decode(body, type=_Snapshot)
        self.book.restore(kept.book)
        self.incidents.restore(kept.incidents)
        self.floods.restore(kept.floods)
        self.dispatcher.restore(kept.dispatcher)

    def _deadlines(self) -> Iterator[int]:
        for stage in (self.book, self.incidents, self.floods, self.dispatcher):
            due = stage.next_deadline_ns()
            if due is not None:
                yield due

    def _fire(self, now_ns: int, told: Told) -> None:
        """Fire the timers up to `now_ns`, the earliest first; at one time in the order that events take."""
        while (due_ns := self.next_deadline_ns()) is not None and due_ns <= now_ns:
            if self.book.next_deadline_ns() == due_ns:
                self._pass_on(self.book.tick(due_ns), due_ns, told)
            elif self.incidents.next_deadline_ns() == due_ns:
                self.incidents.tick(due_ns)
            elif self.floods.next_deadline_ns() == due_ns:
                self.floods.tick(due_ns)
            else:
                told.notifications += self.dispatcher.tick(due_ns)

    def _pass_on(self, events: list[AlertEvent], now_ns: int, told: Told) -> None:
        if not events:
            return
        events = self.floods.offer(self.incidents.offer(events, now_ns), now_ns)
        filled, notifications = self.dispatcher.offer(events, now_ns)
        told.events += filled
        told.notifications += notifications
