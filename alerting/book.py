"""The book of open alerts: findings and commands in, alert events out.

Theory of operation. The book is a fold: its state and what it tells depend only on the sequence of findings and
commands with their times, never on a clock or on how the sequence was cut. An alert is known by its key, the sensor
(or the name of a trouble of hazwatch's own) and the `Kind`; all limits of one side are one alert. Each change first
updates the conditions that hold, then judges the alert anew, and what the judgement means is looked up in
`alerting.lifecycle`. A finding that changes no severity is noted and not told. A closed alert leaves the book.
"""

from collections.abc import Callable

import msgspec

from alerting.alert import Acknowledged, Alert, AlertView, view_of
from alerting.book_state import BookState, RecentlyClosed, decode_state, encode_state
from alerting.commands import Acknowledge, Command, SystemCondition
from alerting.conditions import Change, Condition, changes
from alerting.events import AlertEvent, Event, Grade, Kind, State
from alerting.grading import GradeTable, Judgement, Severity, judge
from alerting.lifecycle import Trigger, advance
from alerting.lines import LineWriter, Occasion, alert_id, grade_why
from alerting.peers import Peers
from alerting.refusals import already_acknowledged, already_closed, moved_on, not_open
from detectors.findings import FindingBlock, Method
from registry.plant import Text
from registry.sensors import SensorRegistry

Key = tuple[str, Kind]
_ACTIVE = frozenset({State.UNACK, State.ACKED})
_UNACKNOWLEDGES = frozenset({Trigger.ABNORMAL, Trigger.RISE})


class AlertBook:
    """All open alerts of one plant."""

    def __init__(self, registry: SensorRegistry, grades: GradeTable) -> None:
        self._registry = registry
        self._grades = grades
        self._limits: list[list[float]] = registry.limits.tolist()
        self._writer = LineWriter(registry)
        self._peers = Peers(registry)
        self._open: dict[Key, Alert] = {}
        self._key_of_id: dict[str, Key] = {}
        self._closed = RecentlyClosed()
        self._seq = 0

    def apply(self, findings: FindingBlock) -> list[AlertEvent]:
        """Take findings in their order; return what is to be told of them, `seq` rising by one."""
        events: list[AlertEvent] = []
        for change in changes(findings, self._limits):
            events += self._take(change)
        return events

    def command(self, command: Command, now_ns: int) -> list[AlertEvent]:
        """Carry out a command; raise `CommandRefused`, with nothing changed, where it does not hold."""
        match command:
            case Acknowledge():
                return self._acknowledge(command, now_ns)
            case SystemCondition():
                return self._system(command, now_ns)

    def open_alerts(self) -> list[AlertView]:
        """Return every open alert, oldest opening first."""
        return [view_of(alert) for alert in self._open.values()]

    def find(self, alert: str) -> AlertView | None:
        """Return an open alert by its id, None where there is none."""
        key = self._key_of_id.get(alert)
        return None if key is None else view_of(self._open[key])

    @property
    def last_seq(self) -> int:
        """The seq of the newest event told."""
        return self._seq

    def continue_after(self, seq: int) -> None:
        """Never tell an event with a seq up to `seq` again: other events were told under those by an earlier run."""
        self._seq = max(self._seq, seq)

    def snapshot(self) -> bytes:
        """Return the whole state; `restore` of it continues as if nothing had been between."""
        return encode_state(BookState(self._seq, list(self._open.values()), self._closed.entries()))

    def restore(self, body: bytes) -> None:
        """Take over a snapshot of a book of the same sensors; raise `SnapshotError`, with nothing changed, else."""
        state = decode_state(body, self._registry)
        self._seq = state.seq
        self._open = {(alert.subject, alert.kind): alert for alert in state.alerts}
        self._key_of_id = {alert.id: key for key, alert in self._open.items()}
        self._closed = RecentlyClosed(state.closed)
        self._peers = Peers(self._registry)
        for alert in state.alerts:
            if alert.kind is not Kind.SYSTEM:
                self._peers.set_rank(self._registry.index[alert.subject], alert.kind, _rank(alert))

    def _take(self, change: Change) -> list[AlertEvent]:
        """Note that a condition of a sensor began or ended, and tell what follows for it and for its peers."""
        condition, kind = change.condition, change.condition.kind
        key = (self._registry.specs[change.sensor].id, kind)
        alert = self._open.get(key)
        ended: Condition | None = None
        if change.raised:
            alert = alert or self._mint(key, change.now_ns)
            alert.conditions[condition.key] = condition
        elif alert is None or (ended := alert.conditions.pop(condition.key, None)) is None:
            return []
        concerned: list[int] = []
        if condition.method == Method.LIMIT:
            concerned = self._peers.set_rank(change.sensor, kind, _rank(alert))
        events = self._settle(alert, change, ended)
        for other in concerned:
            events += self._settle_peer(other, kind, change)
        return events

    def _settle(self, alert: Alert, change: Change, ended: Condition | None) -> list[AlertEvent]:
        """Judge an alert anew after a finding of its own; `ended` is the condition that the finding ended."""
        judged, confirmed_by = self._judge(alert, change.sensor)
        facts = change.condition
        occasion = Occasion(
            sensor=change.sensor,
            now_ns=change.now_ns,
            facts=facts,
            ended=ended,
            # what still holds is told with the value of now
            gravest=facts if judged is None else msgspec.structs.replace(judged.gravest, value=facts.value),
            confirmed_by=confirmed_by,
        )
        return self._move(alert, judged, occasion)

    def _settle_peer(self, sensor: int, kind: Kind, change: Change) -> list[AlertEvent]:
        """Judge anew the alert of a sensor that `change` of another one confirms, or confirms no longer."""
        alert = self._open[self._registry.specs[sensor].id, kind]
        judged, confirmed_by = self._judge(alert, sensor)
        assert judged is not None, "a peer that is concerned is beyond a limit"
        name = self._writer.name(change.sensor)
        note = (
            Text(f"{name.zh} 印证", f"confirmed by {name.en}")
            if confirmed_by
            else Text(f"{name.zh} 不再印证", f"no longer confirmed by {name.en}")
        )
        occasion = Occasion(
            sensor=sensor,
            now_ns=change.now_ns,
            facts=judged.gravest,
            gravest=judged.gravest,
            confirmed_by=confirmed_by,
            note=note,
        )
        return self._move(alert, judged, occasion)

    def _judge(self, alert: Alert, sensor: int) -> tuple[Judgement | None, Text | None]:
        if not alert.conditions:
            return None, None
        other = self._peers.confirming(sensor, alert.kind) if alert.kind in {Kind.HIGH, Kind.LOW} else None
        confirmed_by = None if other is None or not _rank(alert) else self._writer.name(other)
        return judge(alert.conditions.values(), confirmed_by), confirmed_by

    def _move(self, alert: Alert, judged: Judgement | None, occasion: Occasion) -> list[AlertEvent]:
        """Move a sensor's alert to what it was judged to be; return the events, none where nothing is to be told."""
        trigger = _trigger(alert, judged.severity if judged else None)
        if trigger is None:
            return []
        if judged is None:
            assert alert.last is not None, "only an alert that was told of can return to normal"
            grade = alert.last.why["grade"]
        else:
            source = self._registry.source_of(occasion.sensor)
            cell = self._grades.look_up(judged.severity.urgency, source)
            grade = grade_why(judged, cell)
            _set_severity(alert, judged.severity, cell.grade)
            alert.gravest = judged.gravest
        return self._follow(
            alert,
            trigger,
            lambda seq, event: self._writer.of_sensor(alert, seq, event, occasion, grade),
        )

    def _acknowledge(self, command: Acknowledge, now_ns: int) -> list[AlertEvent]:
        key = self._key_of_id.get(command.alert)
        if key is None:
            before = self._closed.get(command.alert)
            raise already_closed(before) if before else not_open(command.alert)
        alert = self._open[key]
        assert alert.last is not None, "an open alert has been told of"
        if alert.state is State.ACKED:
            assert alert.acknowledged is not None, "ACKED is reached by an acknowledgement only"
            raise already_acknowledged(alert.acknowledged)
        if command.seq is not None and command.seq != alert.last.seq:
            raise moved_on(command.seq, alert.last.seq)
        alert.acknowledged = Acknowledged(command.by, now_ns, command.comment)
        return self._follow(
            alert, Trigger.ACK, lambda seq, event: self._writer.of_person(alert, seq, event, now_ns)
        )

    def _system(self, command: SystemCondition, now_ns: int) -> list[AlertEvent]:
        key = (command.name, Kind.SYSTEM)
        alert = self._open.get(key)
        if alert is None:
            if not command.active:
                return []
            alert = self._mint(key, now_ns)
        severity = Severity(0, command.grade) if command.active else None
        trigger = _trigger(alert, severity)
        if trigger is None:
            return []
        if severity is not None:
            _set_severity(alert, severity, command.grade)
        return self._follow(
            alert,
            trigger,
            lambda seq, event: self._writer.of_system(alert, seq, event, command, now_ns),
        )

    def _mint(self, key: Key, now_ns: int) -> Alert:
        """Put a new occurrence into the book; its opening is told by the move that follows in the same call."""
        subject, kind = key
        again = 0
        while (fresh := alert_id(subject, kind, now_ns, again)) in self._closed:
            again += 1
        alert = Alert(id=fresh, subject=subject, kind=kind, opened_ns=now_ns)
        self._open[key] = alert
        self._key_of_id[fresh] = key
        return alert

    def _follow(
        self, alert: Alert, trigger: Trigger, write: Callable[[int, Event], AlertEvent]
    ) -> list[AlertEvent]:
        """Advance the alert through the lifecycle's table, write its events, take it out where it is closed."""
        step = advance(alert.state if alert.last else None, trigger)
        alert.state = step.state
        if trigger in _UNACKNOWLEDGES:
            alert.acknowledged = None
        events = []
        for event in step.events:
            self._seq += 1
            alert.last = write(self._seq, event)
            events.append(alert.last)
        if step.state is State.CLOSED:
            assert alert.acknowledged is not None, "nothing closes without an acknowledgement"
            del self._open[alert.subject, alert.kind]
            del self._key_of_id[alert.id]
            self._closed.add(alert.id, alert.acknowledged)
        return events


def _trigger(alert: Alert, severity: Severity | None) -> Trigger | None:
    """Return what a new judgement of an alert means; `severity` is None where nothing is wrong any more."""
    if severity is None:
        return Trigger.NORMAL if alert.state in _ACTIVE else None
    if alert.last is None or alert.state not in _ACTIVE:
        return Trigger.ABNORMAL
    before = Severity(alert.urgency, alert.rank)
    if severity == before:
        return None
    return Trigger.RISE if severity > before else Trigger.FALL


def _set_severity(alert: Alert, severity: Severity, grade: Grade) -> None:
    alert.urgency, alert.rank, alert.grade = severity.urgency, severity.rank, grade


def _rank(alert: Alert) -> int:
    return max((condition.rank for condition in alert.conditions.values()), default=0)
