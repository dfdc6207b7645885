"""The way of one reading, from bytes to notifications: one object, synchronous, without clock, socket or file.

Its state is a fold over journal entries: the same entries give the same outcomes, live, after a crash and in replay.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from alerting.alarms import AlarmSettings
from alerting.alarms_file import default_alarms
from alerting.commands import Command, CommandRefused, decode_command
from alerting.desk import AlertDesk, Told
from alerting.events import AlertEvent, Event, Kind
from alerting.grading import GradeTable
from alerting.notification import Notification
from alerting.routes import Routes
from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import FindingBlock
from detectors.kernels import DUPLICATE, LATE
from detectors.profile import Profile
from ingest.mapped import MappedJson
from ingest.messages import Message, Reject
from ingest.wire import WireDecoder
from ledger.records import Entry, JournalEntry
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that decides what the pipeline makes of its input; loaded and checked once."""

    registry: SensorRegistry
    profile: Profile
    grades: GradeTable
    routes: Routes
    mapped: tuple[MappedJson, ...] = ()
    clock: Clock = Clock.WALL
    alarms: AlarmSettings = field(default_factory=default_alarms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """All that one entry gave; the shells journal, store, send and show it.

    `block`, `status` and `score` are of one length; see `detectors.bank.Judged`.
    """

    block: ReadingBlock = field(default_factory=ReadingBlock.empty)
    status: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))
    score: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    rejects: tuple[Reject, ...] = ()
    findings: FindingBlock = field(default_factory=FindingBlock.empty)
    events: tuple[AlertEvent, ...] = ()
    notifications: tuple[Notification, ...] = ()


@dataclass(slots=True)
class Counts:
    """What has passed since this pipeline was made; for health and metrics, not part of the state."""

    messages: int = 0
    readings: int = 0
    late: int = 0
    duplicates: int = 0
    findings: int = 0
    events: int = 0
    rejects: dict[str, int] = field(default_factory=dict)


class _Snapshot(msgspec.Struct, frozen=True):
    bank: bytes
    desk: bytes


class Pipeline:
    """Decode, judge, open, route: one direction, on the caller's thread."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.bank = DetectorBank(plan.registry, plan.profile, plan.clock)
        self.desk = AlertDesk(plan.registry, plan.grades, plan.routes, plan.alarms)
        self.counts = Counts()
        self._decoder = WireDecoder(plan.registry, plan.mapped, wall_clock=plan.clock is Clock.WALL)

    @property
    def now_ns(self) -> int:
        """The pipeline's clock; it only moves forward."""
        return self.bank.now_ns

    def messages(self, messages: Sequence[Message], now_ns: int) -> Outcome:
        """Take messages in the order in which they came; `now_ns` is the receive time."""
        decoded = self._decoder.decode(messages, now_ns)
        self.counts.messages += len(messages)
        for reject in decoded.rejects:
            self.counts.rejects[reject.reason] = self.counts.rejects.get(reject.reason, 0) + reject.count
        return self.block(decoded.block, now_ns, decoded.rejects)

    def block(self, block: ReadingBlock, now_ns: int, rejects: tuple[Reject, ...] = ()) -> Outcome:
        """Take readings that are decoded already."""
        judged = self.bank.step(block, now_ns)
        self.counts.readings += len(block)
        self.counts.late += int(np.count_nonzero(judged.status == LATE))
        self.counts.duplicates += int(np.count_nonzero(judged.status == DUPLICATE))
        events, notifications = self._told(
            self.desk.apply(judged.findings, self.now_ns), len(judged.findings)
        )
        return Outcome(
            block=block,
            status=judged.status,
            score=judged.score,
            rejects=rejects,
            findings=judged.findings,
            events=events,
            notifications=notifications,
        )

    def command(self, command: Command, now_ns: int) -> Outcome:
        """Take an operator's or hazwatch's own command; charts begin anew at an anomaly that was acknowledged.

        Raises:
            CommandRefused: it does not hold; nothing has changed.
        """
        told = self.desk.command(command, max(now_ns, self.now_ns))
        for event in told.events:
            if event.event == Event.ACKNOWLEDGED and event.kind == Kind.ANOMALY and event.sensor is not None:
                self.bank.accept(self.plan.registry.index[event.sensor])
        events, notifications = self._told(told, 0)
        return Outcome(events=events, notifications=notifications)

    def tick(self, now_ns: int) -> Outcome:
        """Fire every deadline up to `now_ns`, each at its own time; calling it late or often changes nothing."""
        findings = self.bank.tick(now_ns)
        events, notifications = self._told(self.desk.apply(findings, self.now_ns), len(findings))
        return Outcome(findings=findings, events=events, notifications=notifications)

    def next_deadline_ns(self) -> int | None:
        """Return a time before which `tick` has nothing to do."""
        waiting = (self.bank.next_deadline_ns(), self.desk.next_deadline_ns())
        return min((due_ns for due_ns in waiting if due_ns is not None), default=None)

    def entry(self, entry: Entry | JournalEntry) -> Outcome:
        """Take a journal entry as it was when it first happened.

        A command that does not hold any more, because the plan is another one now or the journal's beginning is gone,
        changes nothing.
        """
        match entry.kind:
            case "messages":
                return self.messages(unpack_messages(entry.body), entry.now_ns)
            case "command":
                fired = self.tick(entry.now_ns) if self.plan.clock is Clock.WALL else Outcome()
                try:
                    done = self.command(decode_command(entry.body), entry.now_ns)
                except CommandRefused:
                    return fired
                return Outcome(
                    findings=fired.findings,
                    events=fired.events + done.events,
                    notifications=fired.notifications + done.notifications,
                )
            case "tick":
                return self.tick(entry.now_ns)
            case "start":
                self.bank.resume(entry.now_ns)
                return Outcome()

    def snapshot(self) -> bytes:
        """Return the whole state."""
        return msgspec.msgpack.encode(_Snapshot(self.bank.snapshot(), self.desk.snapshot()))

    def restore(self, body: bytes) -> None:
        """Take over a state.

        Raises:
            detectors.bank.SnapshotError, alerting.book_state.SnapshotError, msgspec.MsgspecError: it cannot be
                continued from; fold the journal instead.
        """
        kept = msgspec.msgpack.decode(body, type=_Snapshot)
        self.bank.restore(kept.bank)
        self.desk.restore(kept.desk)

    def _told(self, told: Told, findings: int) -> tuple[tuple[AlertEvent, ...], tuple[Notification, ...]]:
        self.counts.findings += findings
        self.counts.events += len(told.events)
        return tuple(told.events), tuple(told.notifications)


_PACK = msgspec.msgpack.Encoder()
_UNPACK = msgspec.msgpack.Decoder(list[tuple[str, bytes]])


def pack_messages(messages: Sequence[Message]) -> bytes:
    """Return messages as the journal keeps them."""
    return _PACK.encode([(m.topic, m.payload) for m in messages])


def unpack_messages(body: bytes) -> list[Message]:
    """Return the messages of a journal entry."""
    return [Message(topic, payload) for topic, payload in _UNPACK.decode(body)]
