"""Who is called next for an alert, if nobody acknowledges it before."""

from dataclasses import dataclass

from alerting.escalation.roster import Roster
from alerting.escalation.settings import Chain, Ladder
from alerting.escalation.state import Call, Case
from registry.plant import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Next:
    """A person who would be called, by which receivers, and why this one."""

    person: str
    name: Text
    receivers: tuple[str, ...]
    reason: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Upcoming:
    """The step of a running chain that comes next: `level` of `of`, counted from 1.

    `due_ns` is None where the chain waits for what holds the alert (`held`), or its last resort was called already. `people`
    are those of that step as the schedules have it at its time; where nobody is on duty, the step behind it comes at once.
    """

    chain: str
    level: int
    of: int
    due_ns: int | None
    held: bool
    people: tuple[Next, ...]


def upcoming(roster: Roster, chain: Chain, ladder: Ladder, call: Call, case: Case) -> Upcoming:
    """Return the next step of a call for one of its alerts."""
    of = len(ladder.steps) + 1
    people: dict[str, Text] = {}
    level = call.level
    if call.due_ns is not None:
        while not (people := roster.people(chain, ladder, level, case.event, call.due_ns)) and level < of - 1:
            level += 1
    return Upcoming(
        chain=chain.name,
        level=min(level + 1, of),
        of=of,
        due_ns=call.due_ns,
        held=call.parked or case.held,
        people=tuple(
            Next(person=one, name=roster.name(one), receivers=roster.receivers(one), reason=why)
            for one, why in people.items()
        ),
    )
