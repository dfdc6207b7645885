"""The book of open alerts: findings and commands in, alert events out.

Theory of operation. The book is a fold: its state and what it tells depend only on the sequence of findings and
commands with their times, never on a clock or on how the sequence was cut. An alert is known by its key: the sensor
(or the name of a trouble of hazwatch's own) and the slot of its kind. All that is wrong with the process at one sensor
is one alert with several reasons, whose kind is that of the gravest; every trouble of the sensor itself is an alert of
its own. Each change first updates the conditions that hold, then judges the alert anew, and what the judgement means is
looked up in `alerting.lifecycle`. A finding that changes neither the severity nor what the alert is about is noted and
not told. While a sensor is silent, or bad by its own word, nothing of its process is seen to end: such findings wait until
it can be read again. A closed alert leaves the book. How an alert is moved and told is `alerting.occurrences`, what people say of it
`alerting.operating`, what holds it back `alerting.holding`.
"""

from collections.abc import Callable, Mapping

import msgspec

from alerting.alarms import AlarmSettings, Cause, Design
from alerting.alarms_file import default_alarms
from alerting.alert import Alert, AlertView, view_of
from alerting.arrangements import Arrangement, of_design, of_plan
from alerting.book_state import BookState, decode_state, encode_state
from alerting.chatter import Histories, NuisancePlace
from alerting.commands import AlertCommand, OfAlert, SystemCondition
from alerting.conditions import Change, Condition, limit_gravity, with_raised
from alerting.events import AlertEvent, Event, Grade, Kind, State, slot_of
from alerting.grading import GradeTable, Judgement, Severity
from alerting.holding import Holding
from alerting.judging import of_own, of_peer, of_return
from alerting.lifecycle import Trigger
from alerting.lines import GradeWords, Occasion
from alerting.occurrences import NS_PER_S, Due, Occurrences
from alerting.operating import carry_out, realarm
from alerting.register import BLINDING
from alerting.rollup import RollUp, Silence
from detectors.findings import Method
from registry.sensors import SensorRegistry

_BY_PLACE = frozenset({State.SUPPRESSED, State.OUT_OF_SERVICE})


class AlertBook:
    """All open alerts of one plant; without `alarms` the packaged settings of the lifecycle hold."""

    def __init__(
        self, registry: SensorRegistry, grades: GradeTable, alarms: AlarmSettings | None = None
    ) -> None:
        self._registry = registry
        self._grades = grades
        self._graded = GradeWords(grades)
        self._settings = default_alarms() if alarms is None else alarms
        self._now_ns = 0
        self._restore(BookState(0, [], []))

    def take(self, change: Change) -> list[AlertEvent]:
        """Take that a condition of a sensor began or ended; return what is to be told of it and of its peers.

        `seq` rises by one with every event.
        """
        subject, method = self._registry.specs[change.sensor].id, change.condition.method
        meant = self._rollup.take(change) if method == Method.DEAD else [change]
        events = [event for one in meant for event in self._take(one)]
        if method in BLINDING:
            events += self._see_again(subject, change)
        for design in self._designs.get(subject, ()):
            events += self._follow_design(design, change.now_ns)
        return events

    def _take(self, change: Change) -> list[AlertEvent]:
        self._now_ns = max(self._now_ns, change.now_ns)
        condition, subject = change.condition, self._registry.specs[change.sensor].id
        alert = self._alerts.get((subject, slot_of(condition.kind)))
        ended: Condition | None = None
        if change.raised:
            alert = alert or self._alerts.mint(subject, condition.kind, change.now_ns)
            alert.conditions = with_raised(alert.conditions, condition)
            alert.withheld.pop(condition.key, None)
            self._book.unsettle(alert, change.now_ns)
        elif alert is None or condition.key not in alert.conditions:
            return []
        elif self._alerts.silent_since_ns(alert) is not None:
            alert.withheld[condition.key] = condition
            return []
        else:
            ended = alert.conditions.pop(condition.key)
            if condition.several:
                ended = condition
        concerned: list[tuple[int, Kind]] = []
        if condition.is_limit:
            beyond = limit_gravity(alert.conditions.values(), condition.kind)
            concerned = self._book.peers.set_beyond(change.sensor, condition.kind, beyond)
        events = self._settle(alert, change, ended)
        for other, side in concerned:
            events += self._settle_peer(other, side, change)
        return events

    def tick(self, now_ns: int) -> list[AlertEvent]:
        """Fire what is due up to `now_ns`, each at its own time; at one time what silences mean comes first."""
        events: list[AlertEvent] = []
        timers = self._book.timers
        while (due_ns := self.next_deadline_ns()) is not None and due_ns <= now_ns:
            self._now_ns = max(self._now_ns, due_ns)
            events += [event for change in self._rollup.tick(due_ns) for event in self._take(change)]
            while (fired := timers.pop(due_ns)) is not None:
                _, (due, name) = fired
                events += self._fire(Due(due), name, due_ns)
            events += self._holding.release(due_ns)
        return events

    def next_deadline_ns(self) -> int | None:
        """Return when something is due, None where nothing waits."""
        silence_ns, timer_ns = self._rollup.next_deadline_ns(), self._book.timers.next_ns()
        if silence_ns is None or timer_ns is None:
            return silence_ns if timer_ns is None else timer_ns
        return min(silence_ns, timer_ns)

    def command(self, command: AlertCommand, now_ns: int) -> list[AlertEvent]:
        """Carry out a command; raise `CommandRefused`, with nothing changed, where it does not hold."""
        if isinstance(command, SystemCondition):
            events = self._system(command, now_ns)
        elif isinstance(command, OfAlert):
            events = carry_out(self._book, command, now_ns)
        else:
            events = self._without_others(self._holding.carry_out(command, now_ns), now_ns)
        self._now_ns = max(self._now_ns, now_ns)
        return events

    def open_alerts(self) -> list[AlertView]:
        """Return every open alert, oldest opening first."""
        return [self._view(alert) for alert in self._alerts]

    def find(self, alert: str) -> AlertView | None:
        """Return an open alert by its id, None where there is none."""
        found = self._alerts.find(alert)
        return None if found is None else self._view(found)

    @property
    def causes(self) -> Mapping[str, Cause]:
        """The causes that a confirmation may name, by their codes."""
        return self._settings.causes

    def arrangements(self) -> list[Arrangement]:
        """Return all that holds alerts back now, also where none stands; oldest first."""
        return sorted(self._book.arrangements, key=lambda one: (one.since_ns, one.id))

    def works_ahead(self) -> list[Arrangement]:
        """Return the works that the alarms file or a person announced and that have not begun, what begins first first."""
        return self._holding.works.ahead(self._now_ns)

    def stale(self, now_ns: int) -> list[AlertView]:
        """Return the alerts that have stood for longer than anybody should let them, oldest opening first."""
        before_ns = now_ns - round(self._settings.nuisance.stale_s * NS_PER_S)
        old = (a for a in self._alerts if a.active_since_ns is not None and a.active_since_ns < before_ns)
        return [self._view(alert) for alert in old]

    def nuisances(self, now_ns: int) -> list[NuisancePlace]:
        """Return the places that alarm more than anybody can use, most activations first."""
        return self._book.histories.nuisances(now_ns)

    def silences(self) -> list[Silence]:
        """Return every silence that stands: its carrier, whose alert it is, and who takes part."""
        return self._rollup.silences()

    @property
    def open_count(self) -> int:
        """How many alerts are open."""
        return len(self._alerts)

    def take_untold(self) -> list[str]:
        """Return, once, the ids of the open alerts whose reasons changed since without anything being told."""
        untold, self._book.untold = list(self._book.untold), {}
        return untold

    @property
    def last_seq(self) -> int:
        """The seq of the newest event told."""
        return self._book.seq

    def continue_after(self, seq: int) -> None:
        """Never tell an event with a seq up to `seq` again: other events were told under those by an earlier run."""
        self._book.seq = max(self._book.seq, seq)

    def snapshot(self) -> bytes:
        """Return the whole state; `restore` of it continues as if nothing had been between."""
        return encode_state(
            BookState(
                self._book.seq,
                list(self._alerts),
                self._alerts.closed.entries(),
                now_ns=self._now_ns,
                arrangements=list(self._book.arrangements),
                ended_plans=self._holding.works.ended_plans,
                next_return_ns=self._holding.next_return_ns,
                histories=self._book.histories.entries(),
                silences=self._rollup.silences(),
                announced=self._holding.works.announced(),
            )
        )

    def restore(self, body: bytes) -> None:
        """Take over a snapshot of a book of the same sensors; raise `SnapshotError`, with nothing changed, else."""
        self._restore(decode_state(body, self._registry))

    def _restore(self, state: BookState) -> None:
        """Take over a state. What the settings held and have no more is over; what is new begins when it is due."""
        self._now_ns = state.now_ns
        self._rollup = RollUp(self._registry, self._grades, self._is_shown, state.silences)
        self._book = Occurrences(self._registry, self._settings, self._rollup.silent)
        self._book.seq = state.seq
        self._book.histories = Histories(self._settings.nuisance, state.histories)
        self._book.take_over(state.alerts, state.closed)
        self._alerts = self._book.alerts
        for one in state.arrangements:
            self._book.arrangements.add(one)
        self._holding = Holding(self._book)
        self._holding.take_over(state.next_return_ns)
        self._designs: dict[str, list[Design]] = {}
        for design in self._settings.designs:
            self._designs.setdefault(design.when, []).append(design)
        kept = {of_plan(planned).id for planned in self._settings.planned}
        kept |= {of_design(design, 0).id for design in self._settings.designs}
        for one in state.arrangements:
            if one.of_settings and one.id not in kept:
                self._book.set_timer(Due.ARRANGEMENT, one.id, state.now_ns)
        self._holding.works.take_over(state.announced, state.ended_plans, state.now_ns)

    def _view(self, alert: Alert) -> AlertView:
        return view_of(alert, self._book.present(alert), safety_class=self._book.is_safety(alert))

    def _fire(self, due: Due, name: str, now_ns: int) -> list[AlertEvent]:
        """Let one timer do what it was set for."""
        match due:
            case Due.ARRANGEMENT:
                return self._holding.time_out(name, now_ns)
            case Due.PLAN | Due.ANNOUNCED:
                begun = self._holding.works.begin(due, name)
                return self._without_others(self._holding.start(begun, now_ns), now_ns)
            case Due.RETURN:
                return []  # what waits is released after everything of its time
            case Due.REALARM | Due.SETTLE:
                alert = self._alerts.find(name)
                return [] if alert is None else self._fire_of(due, alert, now_ns)

    def _fire_of(self, due: Due, alert: Alert, now_ns: int) -> list[AlertEvent]:
        if due is Due.SETTLE:
            return self._return_at_last(alert, now_ns)
        if alert.settle_ns is None:
            return realarm(self._book, alert, now_ns)
        # its return is about to be told, unless it is abnormal again by then
        alert.realarm_ns = alert.settle_ns + 1
        self._book.set_timer(due, alert.id, alert.realarm_ns)
        return []

    def _follow_design(self, design: Design, now_ns: int) -> list[AlertEvent]:
        """Suppress a place while the sensor of its condition is seen beyond the limit; what is not seen suppresses nothing."""
        state = self._alerts.process_of(design.when)
        seen = state is not None and self._alerts.silent_since_ns(state) is None
        holds = seen and state is not None and design.limit in state.conditions
        suppression = of_design(design, now_ns)
        stands = self._book.arrangements.find(suppression.id) is not None
        if holds == stands:
            return []
        if holds:
            return self._without_others(self._holding.start(suppression, now_ns), now_ns)
        events = self._holding.time_out(suppression.id, now_ns)
        return events + self._holding.release(now_ns)

    def _return_at_last(self, alert: Alert, now_ns: int) -> list[AlertEvent]:
        """Tell the return of an alert that chattered, now that it has lasted."""
        occasion = of_return(self._book, alert, now_ns)
        self._book.settled(alert)
        return self._move(alert, None, occasion, raised=False)

    def _without_others(self, events: list[AlertEvent], now_ns: int) -> list[AlertEvent]:
        """Return the events of what began or ended to be held, and those of sensors that a held silence must not hide.

        Who takes one place out of service says nothing of others; who shelves the alert of several has seen whom it names.
        """
        freed: list[AlertEvent] = []
        for event in events:
            if event.kind == Kind.DEAD and event.sensor is not None and event.state in _BY_PLACE:
                for change in self._rollup.release(event.sensor, now_ns):
                    freed += self._take(change)
        return events + freed

    def _is_shown(self, sensor: str) -> bool:
        """Return whether the alert of a sensor's silence stands before people's eyes."""
        alert = self._alerts.get((sensor, Kind.DEAD))
        return alert is not None and alert.state in {State.UNACK, State.ACKED}

    def _see_again(self, subject: str, change: Change) -> list[AlertEvent]:
        """Note for the sensor's process alert that it can no longer be seen, or let count now what waited while it could not."""
        process = self._alerts.process_of(subject)
        if process is None:
            return []
        self._book.untold[process.id] = None
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
        judged, occasion = of_own(self._book, alert, change, ended)
        over = judged is None and ended is not None and alert.active
        if over and self._book.settles(alert, ended or change.condition, change.condition, change.now_ns):
            return []
        return self._move(alert, judged, occasion, raised=change.raised)

    def _settle_peer(self, sensor: int, side: Kind, change: Change) -> list[AlertEvent]:
        """Judge anew the alert of a sensor that `change` of another one confirms, or confirms no longer."""
        alert = self._alerts.process_of(self._registry.specs[sensor].id)
        assert alert is not None, "a peer that is concerned is beyond a limit"
        judged, occasion = of_peer(self._book, alert, side, change)
        return self._move(alert, judged, occasion, raised=change.raised)

    def _move(
        self, alert: Alert, judged: Judgement | None, occasion: Occasion, *, raised: bool
    ) -> list[AlertEvent]:
        """Move a sensor's alert to what it was judged to be; return the events, none where nothing is to be told."""
        trigger = _trigger(alert, judged.severity if judged else None)
        if trigger is None and judged is not None and _about(alert.gravest) != _about(judged.gravest):
            trigger = Trigger.RISE if raised and not _is_less(alert.gravest, judged.gravest) else Trigger.FALL
        if trigger is None:
            self._book.untold[alert.id] = None
            if judged is not None and judged.gravest.several:
                alert.gravest = judged.gravest  # whoever acknowledges it is told how many are silent then
            return []
        if judged is None:
            assert alert.last is not None, "only an alert that was told of can return to normal"
            grade = alert.last.why["grade"]
        else:
            cell, grade = self._graded.look_up(judged, self._registry.source_of(occasion.sensor))
            _set_severity(alert, judged.severity, cell.grade)
            alert.gravest = judged.gravest
            alert.kind = judged.gravest.kind
            spec = self._registry.specs[occasion.sensor]
            alert.latching = alert.latching or self._settings.latches(spec, alert)
        return self._follow(
            alert,
            trigger,
            occasion.now_ns,
            lambda seq, event: self._book.writer.of_sensor(alert, seq, event, occasion, grade),
        )

    def _follow(
        self, alert: Alert, trigger: Trigger, now_ns: int, write: Callable[[int, Event], AlertEvent]
    ) -> list[AlertEvent]:
        """Move an alert, as what holds its place and how it behaves have it."""
        trigger = self._holding.as_held(alert, trigger)
        seen = trigger is Trigger.NORMAL and alert.state is State.ACKED
        if seen and self._book.histories.chattering(alert.key, now_ns):
            trigger = Trigger.NORMAL_AGAIN
        events = self._book.follow(alert, trigger, now_ns, write, {})
        if trigger is Trigger.NORMAL_ONCE:
            self._holding.spend(alert)
        return events

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
            now_ns,
            lambda seq, event: self._book.writer.of_system(alert, seq, event, command, now_ns),
        )


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


def _about(gravest: Condition | None) -> tuple[Kind, str | None, bool] | None:
    """Return what people would call another matter at the same severity: kind, limit, one sensor's silence or of several."""
    return None if gravest is None else (gravest.kind, gravest.limit_name, gravest.several is not None)


def _is_less(before: Condition | None, after: Condition) -> bool:
    """Return whether a silence of several sensors has become that of one."""
    return before is not None and before.several is not None and after.several is None


def _set_severity(alert: Alert, severity: Severity, grade: Grade) -> None:
    alert.urgency, alert.gravity, alert.grade = severity.urgency, severity.gravity, grade
