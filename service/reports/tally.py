"""What is counted of one slice of the alerts, be it all or those of one source; made by the fold, read by the measures."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from alerting.events import Grade
from service.reports.bins import Gauge, Spans
from service.reports.lines import Held
from service.reports.period import Period
from service.reports.rules import Rules

Alarm = tuple[str, str]
"""Sensor (or the name of a trouble of hazwatch's own) and kind."""


@dataclass(slots=True)
class Activation:
    """One activation of an alarm and what became of it, until it is settled."""

    t_ns: int
    grade: Grade
    alarm: Alarm
    held: Held | None
    acknowledged_ns: int | None = None
    acknowledged_by: str = ""
    returned_ns: int | None = None
    confirmed_ns: int | None = None
    acted: bool = False
    """Whether anybody did anything before it returned."""


@dataclass(slots=True)
class Person:
    """What one person did: acknowledgements, and those that look like a rubber stamp."""

    acknowledged: int = 0
    hasty: int = 0
    stamped: int = 0
    """Hasty ones, and those of a burst, each counted once."""


@dataclass(slots=True)
class Bad:
    """How an alarm is a bad actor: activations in chatter and the runs of them, or those that were fleeting."""

    times: int = 0
    runs: int = 0
    first_ns: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """An alarm that stood too long: since when, and until when, None where it still stands."""

    alarm: Alarm
    since_ns: int
    until_ns: int | None


KEPT_STALE = 50
"""So many stale alarms are listed, those that stood longest."""


class Tally:
    """The counts of one slice."""

    def __init__(self, period: Period, rules: Rules) -> None:
        self._period, self._rules = period, rules
        self.minutes: Counter[int] = Counter()
        self.days: Counter[int] = Counter()
        self.grades: Counter[Grade] = Counter()
        self.alarms: Counter[Alarm] = Counter()
        self.kinds: Counter[tuple[str, Grade]] = Counter()
        self.held: Counter[Held] = Counter()
        self.to_acknowledge: dict[Grade, Spans] = {grade: Spans() for grade in Grade}
        self.to_confirm: dict[Grade, Spans] = {grade: Spans() for grade in Grade}
        self.in_time: Counter[Grade] = Counter()
        self.late: Counter[Grade] = Counter()
        """Acknowledged within the time of the grade; and later, or not at all though that time is over."""
        self.returned_unacknowledged = 0
        self.returned_in_time = self.not_returned = 0
        self.chattering: dict[Alarm, Bad] = {}
        self.fleeting: dict[Alarm, Bad] = {}
        self.standing, self.shelved = Gauge(period), Gauge(period)
        self.suppressed, self.out_of_service = Gauge(period), Gauge(period)
        self.stale_steps: Counter[int] = Counter()
        self.stale: list[Stale] = []
        self.stale_count = 0
        self.confirmed: Counter[str] = Counter()
        self.false_alarms = 0
        self.people: dict[str, Person] = {}
        self.holds: Counter[tuple[str, str]] = Counter()
        """By event (shelved, suppressed, out of service) and person."""

    @property
    def annunciated(self) -> int:
        """How many activations somebody was told of."""
        return self.minutes.total()

    def activated(self, activation: Activation) -> None:
        """Count an activation inside the period."""
        if activation.held is not None:
            self.held[activation.held] += 1
            return
        self.minutes[self._period.minute(activation.t_ns)] += 1
        self.days[self._period.day(activation.t_ns)] += 1
        self.grades[activation.grade] += 1
        self.alarms[activation.alarm] += 1
        self.kinds[activation.alarm[1], activation.grade] += 1

    def settled(self, activation: Activation, now_ns: int) -> None:
        """Count what became of an activation inside the period that was annunciated, as it is known now."""
        seen_ns, returned_ns = activation.acknowledged_ns, activation.returned_ns
        if seen_ns is not None:
            self.to_acknowledge[activation.grade].add(seen_ns - activation.t_ns)
            until_ns = seen_ns + self._rules.no_return_ns
            if returned_ns is not None and returned_ns <= until_ns:
                self.returned_in_time += 1
            elif until_ns <= now_ns:
                self.not_returned += 1
        due_ns = activation.t_ns + self._rules.in_time_ns(activation.grade)
        if seen_ns is not None and seen_ns <= due_ns:
            self.in_time[activation.grade] += 1
        elif seen_ns is not None or due_ns <= now_ns:
            self.late[activation.grade] += 1
        if activation.confirmed_ns is not None:
            self.to_confirm[activation.grade].add(activation.confirmed_ns - activation.t_ns)
        if returned_ns is not None and (seen_ns is None or returned_ns < seen_ns):
            self.returned_unacknowledged += 1

    def was_fleeting(self, activation: Activation) -> None:
        """Count an activation that returned by itself at once."""
        bad = self.fleeting.setdefault(activation.alarm, Bad(first_ns=activation.t_ns))
        bad.times += 1

    def chattered(self, alarm: Alarm, t_ns: int, times: int, *, new_run: bool) -> None:
        """Count activations that came one upon the other."""
        bad = self.chattering.setdefault(alarm, Bad(first_ns=t_ns))
        bad.times += times
        bad.runs += new_run

    def stood(self, stale: Stale, first_day: int, last_day: int) -> None:
        """Count a stretch in which an alarm was stale, on all days that it touches."""
        self.stale_steps[first_day] += 1
        self.stale_steps[last_day + 1] -= 1
        self.stale.append(stale)
        if len(self.stale) > 2 * KEPT_STALE:
            self.stale = longest(self.stale, self._period.end_ns)

    def person(self, name: str) -> Person:
        """Return the counts of a person."""
        return self.people.setdefault(name, Person())


def longest(stale: list[Stale], end_ns: int) -> list[Stale]:
    """Return those that are listed, the longest first."""

    def order(one: Stale) -> tuple[int, int, Alarm]:
        return one.since_ns - (one.until_ns or end_ns), one.since_ns, one.alarm

    return sorted(stale, key=order)[:KEPT_STALE]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Everything that was counted of a period: of all alerts, and by slice.

    `first_ns` and `last_ns` are the times of the first and the last line that there was, up to the period's end, None
    without any; `events` are the lines inside, by event; `unopened` alerts were told of without their opening.
    """

    period: Period
    whole: Tally
    slices: dict[str, dict[str, Tally]] = field(default_factory=dict)
    first_ns: int | None
    last_ns: int | None
    events: Mapping[str, int]
    unopened: int
