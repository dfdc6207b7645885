"""The fold over alert lines: each is taken once, and what is kept grows with open alerts, alarms and time, not with lines.

Theory of operation. An occurrence is followed by its id from its opening to its close. Each `opened` or `reopened` begins an
activation; what became of it (acknowledged, returned, confirmed) is noted there and counted when the next activation, the
close or the period's end settles it. Lines before the period only say what stands when it begins.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from alerting.events import ACTIVATIONS
from service.reports.lines import ACTIVE, Line
from service.reports.period import Period
from service.reports.rules import Rules
from service.reports.tally import Activation, Alarm, Counted, Stale, Tally

_HOLDS = frozenset({"shelved", "suppressed", "out_of_service"})
OPERATOR = "operator"
_UNCONFIRMED_KEPT = 10_000
"""So many closed alerts are remembered, the newest, for a confirmation that comes after the close."""

Keys = Callable[[Line], tuple[str, ...]]
"""Which slices a line belongs to."""


@dataclass(slots=True)
class _Open:
    """An open occurrence; `since_ns` is since when it is active, over re-alarms too, `standing_ns` since when it stands before an operator."""

    tallies: tuple[Tally, ...]
    alarm: Alarm
    state: str = ""
    activation: Activation | None = None
    announced_ns: int | None = None
    since_ns: int | None = None
    standing_ns: int | None = None
    stale_day: int = -1
    """The last day on which it was counted as stale."""


@dataclass(slots=True)
class _Stamp:
    """An acknowledgement that may yet turn out to be one of a burst."""

    t_ns: int
    by: str
    tallies: tuple[Tally, ...]
    marked: bool


@dataclass(slots=True)
class _Recent:
    """The last activations of an alarm; `chatters` while they come one upon the other."""

    times: deque[int]
    chatters: bool = False


class AlarmFold:
    """Takes lines in their order; gives what was counted. `by` names the slices and says which of them a line is in."""

    def __init__(
        self, period: Period, rules: Rules, by: Mapping[str, Keys], *, by_operator: bool = False
    ) -> None:
        self._period, self._rules, self._by = period, rules, by
        self._whole = Tally(period, rules)
        self._slices: dict[str, dict[str, Tally]] = {name: {} for name in by}
        self._operators: dict[str, Tally] | None = {} if by_operator else None
        self._open: dict[str, _Open] = {}
        self._unconfirmed: dict[str, Activation] = {}
        self._recent: dict[Alarm, _Recent] = {}
        self._stamps: dict[str, deque[_Stamp]] = {}
        self._first_ns: int | None = None
        self._last_ns: int | None = None
        self._events: Counter[str] = Counter()
        self._unopened = 0
        self._happened: Mapping[str, Callable[[_Open, Line], None]] = {
            "opened": self._activated,
            "reopened": self._activated,
            "escalated": self._announced,
            "acknowledged": self._acknowledged,
            "cleared": self._returned,
            "confirmed": self._confirmed,
            **dict.fromkeys(_HOLDS, self._held_back),
            "closed": self._closed,
        }
        """What each event means; the others only move the state."""

    def take_all(self, lines: Iterable[Line]) -> None:
        """Take lines; all of them are read, those after the period too, so that none that is broken stays unseen."""
        for line in lines:
            self.take(line)

    def take(self, line: Line) -> None:
        """Take the next line."""
        if line.t_ns >= self._period.end_ns:
            return
        if self._first_ns is None:
            self._first_ns = line.t_ns
        self._last_ns = line.t_ns
        inside = line.t_ns >= self._period.start_ns
        alert = self._open.get(line.id)
        if alert is None:
            alert = _Open(self._tallies(line), line.alarm)
            if line.state == "closed":
                self._after_close(alert, line, inside=inside)
                return
            self._open[line.id] = alert
            self._unopened += line.event not in ACTIVATIONS and inside
        if inside:
            self._events[line.event] += 1
        self._moved(alert, line)
        happened = self._happened.get(line.event)
        if happened is not None:
            happened(alert, line)

    def counted(self) -> Counted:
        """Return what was counted, when the last line was taken; it is asked once."""
        for alert in self._open.values():
            self._settle(alert, self._period.end_ns)
            self._stood(alert, self._period.end_ns, ended=False)
        slices = dict(self._slices)
        if self._operators is not None:
            slices[OPERATOR] = self._operators
        return Counted(
            period=self._period,
            whole=self._whole,
            slices=slices,
            first_ns=self._first_ns,
            last_ns=self._last_ns,
            events=dict(sorted(self._events.items())),
            unopened=self._unopened,
        )

    def _tallies(self, line: Line) -> tuple[Tally, ...]:
        found = [self._whole]
        for name, keys in self._by.items():
            found += [self._tally(self._slices[name], key) for key in keys(line)]
        return tuple(found)

    def _tally(self, slices: dict[str, Tally], key: str) -> Tally:
        found = slices.get(key)
        if found is None:
            found = slices[key] = Tally(self._period, self._rules)
        return found

    def _with_operator(self, tallies: tuple[Tally, ...], by: str) -> tuple[Tally, ...]:
        return tallies if self._operators is None else (*tallies, self._tally(self._operators, by))

    def _announced(self, alert: _Open, line: Line) -> None:
        alert.announced_ns = line.t_ns

    def _confirmed(self, alert: _Open, line: Line) -> None:
        activation = alert.activation
        if activation is not None:
            activation.acted = True
            activation.confirmed_ns = activation.confirmed_ns or line.t_ns
        if line.t_ns >= self._period.start_ns:
            for tally in self._with_operator(alert.tallies, line.by):
                tally.confirmed[line.cause] += 1
                tally.false_alarms += line.false_alarm

    def _held_back(self, alert: _Open, line: Line) -> None:
        if alert.activation is not None:
            alert.activation.acted = True
        if line.t_ns >= self._period.start_ns:
            for tally in self._with_operator(alert.tallies, line.by):
                tally.holds[line.event, line.by] += 1

    def _closed(self, alert: _Open, line: Line) -> None:
        activation = alert.activation
        self._settle(alert, line.t_ns)
        del self._open[line.id]
        if activation is not None and activation.confirmed_ns is None and self._counts(activation):
            self._unconfirmed[line.id] = activation
            if len(self._unconfirmed) > _UNCONFIRMED_KEPT:
                del self._unconfirmed[next(iter(self._unconfirmed))]

    def _after_close(self, alert: _Open, line: Line, *, inside: bool) -> None:
        """Take a line of an alert that is over, or that was never told of before its end."""
        if inside:
            self._events[line.event] += 1
        if line.event != "confirmed":
            return
        self._confirmed(alert, line)
        activation = self._unconfirmed.pop(line.id, None)
        if activation is None:
            return
        tallies = alert.tallies
        if self._operators is not None:
            tallies = (*tallies, self._tally(self._operators, activation.acknowledged_by))
        for tally in tallies:
            tally.to_confirm[activation.grade].add(line.t_ns - activation.t_ns)

    def _counts(self, activation: Activation) -> bool:
        return activation.held is None and activation.t_ns in self._period

    def _activated(self, alert: _Open, line: Line) -> None:
        self._settle(alert, line.t_ns)
        alert.announced_ns = line.t_ns
        alert.activation = activation = Activation(line.t_ns, line.grade, line.alarm, line.held)
        if line.t_ns >= self._period.start_ns:
            for tally in alert.tallies:
                tally.activated(activation)
        if line.held not in _HOLDS:
            self._chatter(alert, activation)

    def _acknowledged(self, alert: _Open, line: Line) -> None:
        activation = alert.activation
        if activation is not None and activation.acknowledged_ns is None:
            activation.acted = True
            activation.acknowledged_ns, activation.acknowledged_by = line.t_ns, line.by
        if line.t_ns < self._period.start_ns:
            return
        tallies = self._with_operator(alert.tallies, line.by)
        hasty = (
            alert.announced_ns is not None and line.t_ns - alert.announced_ns <= self._rules.rubber_stamp_ns
        )
        for tally in tallies:
            person = tally.person(line.by)
            person.acknowledged += 1
            person.hasty += hasty
            person.stamped += hasty
        self._burst(_Stamp(line.t_ns, line.by, tallies, hasty))

    def _burst(self, stamp: _Stamp) -> None:
        """Mark the acknowledgements of one person that came too many at once."""
        many = self._rules.rubber_stamp_count + 1
        recent = self._stamps.setdefault(stamp.by, deque(maxlen=many))
        recent.append(stamp)
        if len(recent) < many or stamp.t_ns - recent[0].t_ns > self._rules.rubber_stamp_burst_ns:
            return
        for one in recent:
            if not one.marked:
                one.marked = True
                for tally in one.tallies:
                    tally.person(one.by).stamped += 1

    def _returned(self, alert: _Open, line: Line) -> None:
        activation, t_ns = alert.activation, line.t_ns
        if activation is None or activation.returned_ns is not None:
            return
        activation.returned_ns = t_ns
        quick = t_ns - activation.t_ns <= self._rules.fleeting_ns and not activation.acted
        if quick and activation.held not in _HOLDS and activation.t_ns in self._period:
            for tally in alert.tallies:
                tally.was_fleeting(activation)

    def _settle(self, alert: _Open, now_ns: int) -> None:
        """Count what became of the newest activation, as it is known now."""
        activation, alert.activation = alert.activation, None
        if activation is None or not self._counts(activation):
            return
        for tally in alert.tallies:
            tally.settled(activation, now_ns)
        if self._operators is not None:
            tally = self._tally(self._operators, activation.acknowledged_by)
            tally.activated(activation)
            tally.settled(activation, now_ns)

    def _chatter(self, alert: _Open, activation: Activation) -> None:
        many, within_ns = self._rules.chattering_count, self._rules.chattering_ns
        recent = self._recent.get(activation.alarm)
        if recent is None:
            recent = self._recent[activation.alarm] = _Recent(deque(maxlen=many))
        recent.times.append(activation.t_ns)
        was, recent.chatters = (
            recent.chatters,
            len(recent.times) == many and activation.t_ns - recent.times[0] <= within_ns,
        )
        if recent.chatters and activation.t_ns >= self._period.start_ns:
            for tally in alert.tallies:
                tally.chattered(activation.alarm, recent.times[0], 1 if was else many, new_run=not was)

    def _moved(self, alert: _Open, line: Line) -> None:
        """Follow the state: what stands before an operator, and what is held back."""
        before, alert.state = alert.state, line.state
        t_ns = line.t_ns
        if line.event in ACTIVATIONS and before not in ACTIVE and before not in _HOLDS:
            alert.since_ns = t_ns
        if before == line.state:
            return
        stood, stands = before in ACTIVE, line.state in ACTIVE
        if stands and not stood:
            alert.standing_ns = t_ns
        elif stood and not stands:
            self._stood(alert, t_ns, ended=True)
            alert.standing_ns = None
        for tally in alert.tallies:
            if stood is not stands:
                tally.standing.change(t_ns, 1 if stands else -1)
            if before in _HOLDS:
                getattr(tally, before).change(t_ns, -1)
            if line.state in _HOLDS:
                getattr(tally, line.state).change(t_ns, 1)

    def _stood(self, alert: _Open, until_ns: int, *, ended: bool) -> None:
        """Count the days on which an alarm that stands until now was stale."""
        if alert.standing_ns is None or alert.since_ns is None:
            return
        stale_ns = alert.since_ns + self._rules.stale_ns
        from_ns = max(stale_ns, alert.standing_ns, self._period.start_ns)
        if until_ns <= from_ns:
            return
        first, last = self._period.day(from_ns), self._period.day(until_ns - 1)
        first = max(first, alert.stale_day + 1)
        for tally in alert.tallies:
            tally.stale_count += alert.stale_day < 0
        if first > last:
            return
        alert.stale_day = last
        stale = Stale(alarm=alert.alarm, since_ns=alert.since_ns, until_ns=until_ns if ended else None)
        for tally in alert.tallies:
            tally.stood(stale, first, last)
