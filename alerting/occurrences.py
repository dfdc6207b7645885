"""The occurrences of a book and the one way to move them: by the lifecycle's table, each move told and its timers set."""

from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from alerting.alarms import AlarmSettings
from alerting.alert import Alert
from alerting.arrangements import Arrangement, Arrangements
from alerting.chatter import Histories, chattering_why, fleeting_why
from alerting.conditions import Condition, limit_gravity
from alerting.events import UNACKNOWLEDGED_STATES, AlertEvent, Event, Grade, Kind, State
from alerting.grading import judge
from alerting.lifecycle import Trigger, advance
from alerting.lines import NOTHING_PRESENT, LineWriter
from alerting.peers import Peers
from alerting.register import Register
from alerting.texts import both, rfc3339
from alerting.timers import Timers
from registry.plant import Text
from registry.sensors import GAS_TYPES, SensorRegistry

NS_PER_S = 1_000_000_000
SIDES = (Kind.HIGH, Kind.LOW)
_ACTIVATES = frozenset(
    {
        Trigger.ABNORMAL,
        Trigger.OPENS_SHELVED,
        Trigger.OPENS_SUPPRESSED,
        Trigger.OPENS_OUT_OF_SERVICE,
        Trigger.ESCAPE_AGAIN,
    }
)
_RETURNS = frozenset({Trigger.NORMAL, Trigger.NORMAL_AGAIN, Trigger.NORMAL_ONCE, Trigger.NORMAL_LATCHED})


class Due(IntEnum):
    """What a timer of the book is of; at one time the smaller fires first."""

    ARRANGEMENT = 1
    PLAN = 2
    ANNOUNCED = 3
    REALARM = 4
    RETURN = 5
    SETTLE = 6


class Occurrences:
    """Every open alert, what was told of them, and their timers."""

    def __init__(self, registry: SensorRegistry, settings: AlarmSettings, silent: Mapping[str, int]) -> None:
        self._silent = silent
        self.registry = registry
        self.settings = settings
        self.writer = LineWriter(registry)
        self.peers = Peers(registry)
        self.alerts = Register(silent)
        self.arrangements = Arrangements(registry)
        self.histories = Histories(settings.nuisance)
        self.timers = Timers()
        self.untold: dict[str, None] = {}
        self.seq = 0

    def take_over(self, alerts: list[Alert], closed: list[Alert]) -> None:
        """Go on with these."""
        self.alerts = Register(self._silent, alerts, closed)
        self.untold = {}
        self.peers = Peers(self.registry)
        self.timers = Timers()
        for alert in alerts:
            self.set_timer(Due.REALARM, alert.id, alert.realarm_ns)
            self.set_timer(Due.SETTLE, alert.id, alert.settle_ns)
            i = self.registry.index.get(alert.subject)
            if i is not None:
                for side in SIDES:
                    beyond = limit_gravity(alert.conditions.values(), side)
                    if beyond:
                        self.peers.set_beyond(i, side, beyond)

    def set_timer(self, due: Due, name: str, due_ns: int | None) -> None:
        """Let a timer fire at `due_ns`, whatever it was set to before; None: not at all."""
        if due_ns is None:
            self.timers.drop((due, name))
        else:
            self.timers.set((due, name), due_ns)

    def follow(
        self,
        alert: Alert,
        trigger: Trigger,
        now_ns: int,
        write: Callable[[int, Event], AlertEvent],
        notes: Mapping[str, Any],
    ) -> list[AlertEvent]:
        """Advance the alert through the lifecycle's table, write its events, take it out where it is closed.

        `notes` are what the lines have in their `why` beside what the writer gives.
        """
        step = advance(alert.state if alert.last else None, trigger)
        more = dict(notes)
        if trigger in _ACTIVATES:
            alert.active_since_ns = now_ns
            alert.confirmed = None
            self.histories.activated(alert.key, now_ns)
        elif trigger in _RETURNS:
            more |= self._returned(alert, now_ns)
        alert.state = step.state
        if step.state in UNACKNOWLEDGED_STATES:
            alert.acknowledged = None
        if not alert.held:
            alert.waits = None
        self._set_realarm(alert, now_ns)
        more |= self._mark(alert, now_ns)
        events = [self._tell(alert, event, write, more) for event in step.events]
        if step.state is State.CLOSED:
            self.set_timer(Due.SETTLE, alert.id, None)
            self.alerts.close(alert)
        return events

    def say(self, alert: Alert, event: Event, now_ns: int, notes: Mapping[str, Any]) -> list[AlertEvent]:
        """Tell of an alert, open or closed, what moves it nowhere."""
        return [
            self._tell(alert, event, self.by_person(alert, now_ns), {**notes, **self._mark(alert, now_ns)})
        ]

    def by_person(self, alert: Alert, now_ns: int) -> Callable[[int, Event], AlertEvent]:
        """Return the writer of lines that no finding caused."""
        present = self.present(alert)
        return lambda seq, event: self.writer.of_person(alert, seq, event, now_ns, present)

    def settles(self, alert: Alert, ended: Condition, back: Condition, now_ns: int) -> bool:
        """Hold the return of an alert that chatters until it has lasted; return whether it is held.

        Of a red alert that is told, each return and each activation is told.
        """
        red = alert.grade is Grade.RED and not alert.held
        if red or not self.histories.chattering(alert.key, now_ns):
            return False
        alert.ended, alert.back = ended, back
        alert.settle_ns = now_ns + round(self.settings.nuisance.settle_s * NS_PER_S)
        self.set_timer(Due.SETTLE, alert.id, alert.settle_ns)
        self.untold[alert.id] = None
        return True

    def unsettle(self, alert: Alert, now_ns: int) -> None:
        """Let an alert whose return is held be abnormal again."""
        if alert.settle_ns is not None:
            alert.hidden += 1
            self.histories.activated(alert.key, now_ns)
            self.settled(alert)

    def settled(self, alert: Alert) -> None:
        """Let no return be held any more."""
        alert.settle_ns = None
        self.set_timer(Due.SETTLE, alert.id, None)

    def confirmed_by(self, alert: Alert, sensor: int) -> dict[Kind, Text]:
        """Return, for each side on which the sensor's crossing is confirmed, by whom."""
        confirmed: dict[Kind, Text] = {}
        if not self.peers.has(sensor):
            return confirmed
        for side in SIDES:
            if limit_gravity(alert.conditions.values(), side):
                other = self.peers.confirming(sensor, side)
                if other is not None:
                    confirmed[side] = self.writer.name(other)
        return confirmed

    def present(self, alert: Alert) -> Mapping[str, Any]:
        """Return the reasons of an alert as they are now, and whether it can be seen."""
        if alert.kind is Kind.SYSTEM:
            return NOTHING_PRESENT
        i = self.registry.index[alert.subject]
        standing: tuple[Condition, ...] = ()
        if alert.conditions:
            standing = judge(alert.conditions.values(), self.confirmed_by(alert, i)).standing
        return self.writer.present(i, standing, self.alerts.silent_since_ns(alert))

    def is_safety(self, alert: Alert) -> bool:
        """Return whether an alert is of the safety class."""
        i = self.registry.index.get(alert.subject)
        return self.settings.safety.includes(alert, None if i is None else self.registry.specs[i])

    def covering(self, alert: Alert) -> list[Arrangement]:
        """Return the arrangements that hold an alert as grave as it is, the strongest first."""
        found = self.arrangements.over(*alert.key)
        if found and self.is_safety(alert):
            return [one for one in found if one.second]
        return found

    def _tell(
        self,
        alert: Alert,
        event: Event,
        write: Callable[[int, Event], AlertEvent],
        more: Mapping[str, Any],
    ) -> AlertEvent:
        self.seq += 1
        line = write(self.seq, event)
        line.why.update(more)
        alert.last = line
        self.untold.pop(alert.id, None)
        return line

    def _returned(self, alert: Alert, now_ns: int) -> dict[str, Any]:
        """Take note that an alert returned to normal; return the mark where nobody could attend to it."""
        rules = self.settings.nuisance
        assert alert.active_since_ns is not None, "only what is active returns"
        stood_s = (now_ns - alert.active_since_ns) / NS_PER_S
        alert.active_since_ns = None
        if stood_s > rules.fleeting_s or alert.acknowledged is not None:
            return {}
        self.histories.fleeting(alert.key, now_ns)
        return {"fleeting": fleeting_why(stood_s, rules)}

    def _mark(self, alert: Alert, now_ns: int) -> dict[str, Any]:
        """Return what every line of an alert as it stands has beside what its event says."""
        more: dict[str, Any] = {}
        if alert.held:
            more["arrangements"] = [one.why() for one in self.covering(alert)]
        if alert.hidden or self.histories.chattering(alert.key, now_ns):
            i = self.registry.index.get(alert.subject)
            gas = i is not None and self.registry.specs[i].type in GAS_TYPES
            held = alert.grade is not Grade.RED or alert.held
            count = self.settings.nuisance.activations + alert.hidden
            more["chattering"] = chattering_why(count, self.settings.nuisance, held=held, gas=gas)
        given = alert.assigned
        if given is not None:
            more["assigned"] = {"to": given.to, "by": given.by, "time": rfc3339(given.now_ns)}
        said = alert.confirmed
        if said is not None:
            cause = self.settings.causes.get(said.cause)
            more["confirmed"] = {
                "by": said.by,
                "time": rfc3339(said.now_ns),
                "cause": said.cause,
                "cause_name": both(cause.name if cause else Text.same(said.cause)),
                "false_alarm": cause.false_alarm if cause else False,
                "action": said.action,
            }
        return more

    def _set_realarm(self, alert: Alert, now_ns: int) -> None:
        acked = alert.state is State.ACKED
        if acked == (alert.realarm_ns is not None):
            return
        after_s = self.settings.realarm_s.get(alert.grade) if acked else None
        alert.realarm_ns = None if after_s is None else now_ns + round(after_s * NS_PER_S)
        self.set_timer(Due.REALARM, alert.id, alert.realarm_ns)
