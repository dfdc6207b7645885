"""The book of open alerts: findings and commands in, alert events out.

Theory of operation. The book is a fold: its state and what it tells depend only on the sequence of findings and
commands with their times, never on a clock or on how the sequence was cut. An alert is known by its key: the sensor
(or the name of a trouble of hazwatch's own) and the slot of its kind. All that is wrong with the process at one sensor
is one alert with several reasons, whose kind is that of the gravest; every trouble of the sensor itself is an alert of
its own. Each change first updates the conditions that hold, then judges the alert anew, and what the judgement means is
looked up in `alerting.lifecycle`. A finding that changes neither the severity nor what the alert is about is noted and
not told. While a sensor is silent nothing of its process is seen to end: such findings wait until it speaks again. A
closed alert leaves the book.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from alerting.alert import Acknowledged, Alert, AlertView, view_of
from alerting.book_state import BookState, decode_state, encode_state
from alerting.commands import Acknowledge, AlertCommand, SystemCondition
from alerting.conditions import Change, Condition, limit_gravity, with_raised
from alerting.events import AlertEvent, Event, Family, Grade, Kind, State, slot_of
from alerting.grading import GradeTable, Judgement, Severity, judge
from alerting.lifecycle import Trigger, advance
from alerting.lines import NOTHING_PRESENT, LineWriter, Occasion, grade_why
from alerting.peers import Peers
from alerting.refusals import already_acknowledged, already_closed, moved_on, not_open
from alerting.register import Register
from alerting.wording import stands_unseen
from detectors.findings import Method
from registry.plant import Text
from registry.sensors import SensorRegistry

_UNACKNOWLEDGES = frozenset({Trigger.ABNORMAL, Trigger.RISE})
_SIDES = (Kind.HIGH, Kind.LOW)


class AlertBook:
    """All open alerts of one plant."""

    def __init__(self, registry: SensorRegistry, grades: GradeTable) -> None:
        self._registry = registry
        self._grades = grades
        self._writer = LineWriter(registry)
        self._peers = Peers(registry)
        self._alerts = Register()
        self._untold: dict[str, None] = {}
        self._seq = 0

    def take(self, change: Change) -> list[AlertEvent]:
        """Take that a condition of a sensor began or ended; return what is to be told of it and of its peers.

        `seq` rises by one with every event.
        """
        condition, subject = change.condition, self._registry.specs[change.sensor].id
        alert = self._alerts.get((subject, slot_of(condition.kind)))
        ended: Condition | None = None
        if change.raised:
            alert = alert or self._alerts.mint(subject, condition.kind, change.now_ns)
            alert.conditions = with_raised(alert.conditions, condition)
            alert.withheld.pop(condition.key, None)
        elif alert is None or condition.key not in alert.conditions:
            return []
        elif self._alerts.silent_since_ns(alert) is not None:
            alert.withheld[condition.key] = condition
            return []
        else:
            ended = alert.conditions.pop(condition.key)
        concerned: list[int] = []
        if condition.is_limit:
            beyond = limit_gravity(alert.conditions.values(), condition.kind)
            concerned = self._peers.set_beyond(change.sensor, condition.kind, beyond)
        events = self._settle(alert, change, ended)
        for other in concerned:
            events += self._settle_peer(other, condition.kind, change)
        if condition.method == Method.DEAD:
            events += self._see_again(subject, change)
        return events

    def tick(self, now_ns: int) -> list[AlertEvent]:
        """Fire what is due up to `now_ns`."""
        del now_ns
        return []

    def next_deadline_ns(self) -> int | None:
        """Return when something is due, None where nothing waits."""
        return None

    def command(self, command: AlertCommand, now_ns: int) -> list[AlertEvent]:
        """Carry out a command; raise `CommandRefused`, with nothing changed, where it does not hold."""
        match command:
            case Acknowledge():
                return self._acknowledge(command, now_ns)
            case SystemCondition():
                return self._system(command, now_ns)

    def open_alerts(self) -> list[AlertView]:
        """Return every open alert, oldest opening first."""
        return [view_of(alert, self._present(alert)) for alert in self._alerts]

    def find(self, alert: str) -> AlertView | None:
        """Return an open alert by its id, None where there is none."""
        found = self._alerts.find(alert)
        return None if found is None else view_of(found, self._present(found))

    @property
    def open_count(self) -> int:
        """How many alerts are open."""
        return len(self._alerts)

    def take_untold(self) -> list[str]:
        """Return, once, the ids of the open alerts whose reasons changed since without anything being told."""
        untold, self._untold = list(self._untold), {}
        return untold

    @property
    def last_seq(self) -> int:
        """The seq of the newest event told."""
        return self._seq

    def continue_after(self, seq: int) -> None:
        """Never tell an event with a seq up to `seq` again: other events were told under those by an earlier run."""
        self._seq = max(self._seq, seq)

    def snapshot(self) -> bytes:
        """Return the whole state; `restore` of it continues as if nothing had been between."""
        return encode_state(BookState(self._seq, list(self._alerts), self._alerts.closed.entries()))

    def restore(self, body: bytes) -> None:
        """Take over a snapshot of a book of the same sensors; raise `SnapshotError`, with nothing changed, else."""
        state = decode_state(body, self._registry)
        self._seq = state.seq
        self._alerts = Register(state.alerts, state.closed)
        self._untold = {}
        self._peers = Peers(self._registry)
        for alert in state.alerts:
            if alert.kind.family is Family.PROCESS:
                for side in _SIDES:
                    beyond = limit_gravity(alert.conditions.values(), side)
                    self._peers.set_beyond(self._registry.index[alert.subject], side, beyond)

    def _see_again(self, subject: str, change: Change) -> list[AlertEvent]:
        """Note for the sensor's process alert that it fell silent, or let count now what waited while it was."""
        process = self._alerts.process_of(subject)
        if process is None:
            return []
        self._untold[process.id] = None
        if change.raised:
            return []
        events: list[AlertEvent] = []
        waiting, process.withheld = process.withheld, {}
        for condition in waiting.values():
            now = msgspec.structs.replace(condition, value=change.condition.value)
            events += self.take(Change(change.now_ns, change.sensor, raised=False, condition=now))
        return events

    def _settle(self, alert: Alert, change: Change, ended: Condition | None) -> list[AlertEvent]:
        """Judge an alert anew after a finding of its own; `ended` is the condition that the finding ended."""
        confirmed_by = self._confirmed_by(alert, change.sensor)
        judged = judge(alert.conditions.values(), confirmed_by) if alert.conditions else None
        facts = change.condition
        # what still holds is told with the value of now; of what is over nothing lies ahead
        about = judged.gravest.as_of(change.now_ns) if judged else ended or facts
        forecast_s = about.forecast_s if judged else None
        occasion = Occasion(
            sensor=change.sensor,
            now_ns=change.now_ns,
            facts=facts,
            ended=ended,
            gravest=msgspec.structs.replace(about, value=facts.value, forecast_s=forecast_s),
            standing=judged.standing if judged else (),
            silent_since_ns=self._alerts.silent_since_ns(alert),
            confirmed_by=confirmed_by.get(about.kind) if about.is_limit else None,
            note=self._note(change),
        )
        return self._move(alert, judged, occasion, raised=change.raised)

    def _note(self, change: Change) -> Text | None:
        """Return what falling silent means for the process alert of the sensor that stands."""
        if change.condition.method != Method.DEAD or not change.raised:
            return None
        spec = self._registry.specs[change.sensor]
        process = self._alerts.process_of(spec.id)
        if process is None or not process.active or process.gravest is None:
            return None
        return stands_unseen(process.gravest, spec.unit)

    def _settle_peer(self, sensor: int, side: Kind, change: Change) -> list[AlertEvent]:
        """Judge anew the alert of a sensor that `change` of another one confirms, or confirms no longer."""
        alert = self._alerts.process_of(self._registry.specs[sensor].id)
        assert alert is not None, "a peer that is concerned is beyond a limit"
        confirmed_by = self._confirmed_by(alert, sensor)
        judged = judge(alert.conditions.values(), confirmed_by)
        name = self._writer.name(change.sensor)
        note = (
            Text(f"{name.zh} 印证", f"confirmed by {name.en}")
            if side in confirmed_by
            else Text(f"{name.zh} 不再印证", f"no longer confirmed by {name.en}")
        )
        occasion = Occasion(
            sensor=sensor,
            now_ns=change.now_ns,
            facts=judged.gravest,
            gravest=judged.gravest.as_of(change.now_ns),
            standing=judged.standing,
            silent_since_ns=self._alerts.silent_since_ns(alert),
            confirmed_by=confirmed_by.get(judged.gravest.kind),
            note=note,
        )
        return self._move(alert, judged, occasion, raised=change.raised)

    def _confirmed_by(self, alert: Alert, sensor: int) -> dict[Kind, Text]:
        """Return, for each side on which the sensor's crossing is confirmed, by whom."""
        confirmed: dict[Kind, Text] = {}
        for side in _SIDES:
            if limit_gravity(alert.conditions.values(), side):
                other = self._peers.confirming(sensor, side)
                if other is not None:
                    confirmed[side] = self._writer.name(other)
        return confirmed

    def _present(self, alert: Alert) -> Mapping[str, Any]:
        """Return the reasons of an alert as they are now, and whether it can be seen."""
        if alert.kind is Kind.SYSTEM:
            return NOTHING_PRESENT
        i = self._registry.index[alert.subject]
        standing: tuple[Condition, ...] = ()
        if alert.conditions:
            standing = judge(alert.conditions.values(), self._confirmed_by(alert, i)).standing
        return self._writer.present(i, standing, self._alerts.silent_since_ns(alert))

    def _move(
        self, alert: Alert, judged: Judgement | None, occasion: Occasion, *, raised: bool
    ) -> list[AlertEvent]:
        """Move a sensor's alert to what it was judged to be; return the events, none where nothing is to be told."""
        trigger = _trigger(alert, judged.severity if judged else None)
        if trigger is None and judged is not None and _about(alert.gravest) != _about(judged.gravest):
            trigger = Trigger.RISE if raised else Trigger.FALL
        if trigger is None:
            self._untold[alert.id] = None
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
            alert.kind = judged.gravest.kind
        return self._follow(
            alert,
            trigger,
            lambda seq, event: self._writer.of_sensor(alert, seq, event, occasion, grade),
        )

    def _acknowledge(self, command: Acknowledge, now_ns: int) -> list[AlertEvent]:
        alert = self._alerts.find(command.alert)
        if alert is None:
            before = self._alerts.closed.get(command.alert)
            raise already_closed(before) if before else not_open(command.alert)
        assert alert.last is not None, "an open alert has been told of"
        if alert.state is State.ACKED:
            assert alert.acknowledged is not None, "ACKED is reached by an acknowledgement only"
            raise already_acknowledged(alert.acknowledged)
        if command.seq is not None and command.seq != alert.last.seq:
            raise moved_on(command.seq, alert.last.seq)
        alert.acknowledged = Acknowledged(command.by, now_ns, command.comment)
        present = self._present(alert)
        return self._follow(
            alert,
            Trigger.ACK,
            lambda seq, event: self._writer.of_person(alert, seq, event, now_ns, present),
        )

    def _system(self, command: SystemCondition, now_ns: int) -> list[AlertEvent]:
        alert = self._alerts.get((command.name, Kind.SYSTEM))
        if alert is None:
            if not command.active:
                return []
            alert = self._alerts.mint(command.name, Kind.SYSTEM, now_ns)
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
        self._untold.pop(alert.id, None)
        if step.state is State.CLOSED:
            self._alerts.close(alert)
        return events


def _trigger(alert: Alert, severity: Severity | None) -> Trigger | None:
    """Return what a new judgement of an alert means; `severity` is None where nothing is wrong any more."""
    if severity is None:
        return Trigger.NORMAL if alert.active else None
    if alert.last is None or not alert.active:
        return Trigger.ABNORMAL
    before = Severity(alert.urgency, alert.gravity)
    if severity == before:
        return None
    return Trigger.RISE if severity > before else Trigger.FALL


def _about(gravest: Condition | None) -> tuple[Kind, str | None] | None:
    """Return what people would call another matter at the same severity: the kind, and the limit it is about."""
    return None if gravest is None else (gravest.kind, gravest.limit_name)


def _set_severity(alert: Alert, severity: Severity, grade: Grade) -> None:
    alert.urgency, alert.gravity, alert.grade = severity.urgency, severity.gravity, grade
