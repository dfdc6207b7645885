"""The alarm desk: findings and commands in, alert events and notifications out, with every timer of the room.

Theory of operation. The desk is a fold over findings, commands and times. The book makes events; each event then passes
the stages in one order. Whatever waits for a time (a delay, a group, a deadline for an acknowledgement) is a timer of the
stage that owns it. Before anything of a time is taken, every timer up to that time has fired, the earliest first and each
at its own time, so that it does not matter in which pieces the input came or how late somebody asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from alerting.alarms import AlarmSettings
from alerting.alarms_file import default_alarms
from alerting.annunciator import Annunciator
from alerting.book import AlertBook
from alerting.book_state import SnapshotError
from alerting.commands import (
    Command,
    EndSilence,
    MergeIncidents,
    OverrideOnCall,
    Silence,
    SplitIncident,
)
from alerting.conditions import changes
from alerting.dispatch import Dispatcher
from alerting.escalation import Escalation
from alerting.escalation.chosen import chain_by_route
from alerting.events import AlertEvent
from alerting.grading import GradeTable
from alerting.incidents.flood import FloodWatch
from alerting.incidents.gathering import Incidents
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


class Stage(Protocol):
    """A part of the desk that has timers and a state."""

    def tick(self, now_ns: int) -> Sequence[Notification] | None:
        """Fire what is due up to `now_ns`, each at its own time; return whom it calls."""

    def next_deadline_ns(self) -> int | None:
        """Return a time before which `tick` has nothing to do, None where nothing waits."""

    def snapshot(self) -> bytes:
        """Return the whole state."""

    def restore(self, body: bytes) -> None:
        """Take over a state."""


class AlertDesk:
    """Everything between findings and notifications; what is public is for those who look.

    Without `alarms` the packaged settings of the lifecycle hold.
    """

    def __init__(
        self,
        registry: SensorRegistry,
        grades: GradeTable,
        routes: Routes,
        alarms: AlarmSettings | None = None,
    ) -> None:
        alarms = default_alarms() if alarms is None else alarms
        self.book = AlertBook(registry, grades, alarms)
        self.incidents = Incidents(alarms.incidents)
        self.floods = FloodWatch(alarms.incidents, registry.plant)
        self.dispatcher = Dispatcher(routes, registry)
        self.escalation = Escalation(
            routes.escalation,
            registry.plant.areas,
            chain_by_route(Router(routes.root, registry)),
            self.dispatcher.why_held,
        )
        self._annunciator = Annunciator(routes.receivers, registry)
        self._stages: dict[str, Stage] = {
            "incidents": self.incidents,
            "floods": self.floods,
            "dispatcher": self.dispatcher,
            "escalation": self.escalation,
            "annunciator": self._annunciator,
        }
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
        earliest_ns = self.book.next_deadline_ns()
        for stage in self._stages.values():
            due_ns = stage.next_deadline_ns()
            if due_ns is not None and (earliest_ns is None or due_ns < earliest_ns):
                earliest_ns = due_ns
        return earliest_ns

    def snapshot(self) -> bytes:
        """Return the whole state."""
        parts = {name: stage.snapshot() for name, stage in self._stages.items()}
        return msgspec.msgpack.encode({"book": self.book.snapshot(), **parts})

    def restore(self, body: bytes) -> None:
        """Take over a state.

        Raises:
            alerting.book_state.SnapshotError, msgspec.MsgspecError: it cannot be continued from.
        """
        kept = msgspec.msgpack.decode(body, type=dict[str, bytes])
        if kept.keys() != {"book", *self._stages}:
            raise SnapshotError(
                f"a snapshot of {', '.join(kept)}; the desk has book, {', '.join(self._stages)}"
            )
        self.book.restore(kept["book"])
        for name, stage in self._stages.items():
            stage.restore(kept[name])

    def _fire(self, now_ns: int, told: Told) -> None:
        """Fire the timers up to `now_ns`, the earliest first; at one time in the order that events take."""
        while (due_ns := self.next_deadline_ns()) is not None and due_ns <= now_ns:
            if self.book.next_deadline_ns() == due_ns:
                self._pass_on(self.book.tick(due_ns), due_ns, told)
                continue
            stage = next(one for one in self._stages.values() if one.next_deadline_ns() == due_ns)
            told.notifications += stage.tick(due_ns) or ()

    def _pass_on(self, events: list[AlertEvent], now_ns: int, told: Told) -> None:
        if not events:
            return
        self.incidents.offer(events, now_ns)
        self.floods.offer(events, now_ns)
        told.events += events
        told.notifications += self.dispatcher.offer(events, now_ns)[1]
        told.notifications += self.escalation.offer(events, now_ns)
        told.notifications += self._annunciator.offer(events, now_ns)
