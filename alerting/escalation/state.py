"""What the stage remembers: the alerts that somebody was or may be called for, and the chains that run for them."""

import msgspec

from alerting.escalation.schedule import Override
from alerting.events import GRADE_OF, AlertEvent, Grade

FORMAT = 1


class Case(msgspec.Struct, kw_only=True):
    """One open alert that a chain runs or ran for.

    `event` is the newest line of it and `since_ns` since when nobody has acknowledged it. `call` is the key of the chain
    that it is on, None once it is answered. `held`: its state says that people are not called for it. `asked` is who was
    told of this very alert: receiver and person, in the order of the first time.
    """

    event: AlertEvent
    since_ns: int
    call: str | None = None
    held: bool = False
    asked: list[tuple[str, str]] = []

    @property
    def grade(self) -> Grade:
        """The alert's grade now."""
        return GRADE_OF[self.event.grade]


class Call(msgspec.Struct, kw_only=True):
    """A chain that runs for one alert, or for several of one incident, until nobody is left to be answered.

    `level` is the step that is next; `due_ns` when it is due, None where it waits for an alert that is not held
    (`parked`) or has come to its end. `round` tells one start of a chain from the next. `asked` are the people called in
    this round, by id.
    """

    key: str
    chain: str
    grade: Grade
    round: int
    level: int = 0
    due_ns: int | None = None
    parked: bool = False
    members: dict[str, None] = {}
    asked: dict[str, None] = {}

    @property
    def ended(self) -> bool:
        """Whether its last resort was called."""
        return self.due_ns is None and not self.parked


class Counts(msgspec.Struct, kw_only=True):
    """What happened so far: calls made, chains that ended unanswered, steps at which nobody was on duty or responsible."""

    calls: int = 0
    unanswered: int = 0
    unmanned: int = 0


class EscalationState(msgspec.Struct, kw_only=True):
    """The whole state of the stage."""

    format: int = FORMAT
    round: int = 0
    cases: dict[str, Case] = {}
    calls: list[Call] = []
    overrides: dict[str, list[Override]] = {}
    counts: Counts = msgspec.field(default_factory=Counts)
