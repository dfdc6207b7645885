"""The lifecycle of an alert: one table of transitions, and the drawing made from it.

Theory of operation. An occurrence begins where there was none (``None``) and ends in `State.CLOSED`, from which
nothing leads away: the next trouble of the same sensor is a new occurrence with a new id. Every event of one
transition carries the state in which the transition ends. States are those of ISA-18.2 (IEC 62682): UNACK, ACKED,
RTNUN (returned to normal, unacknowledged). A rise of an acknowledged alert is unacknowledged again, because an
acknowledgement covers only what its author saw. Everything that moves an alert stands in `TRANSITIONS`; issue 6
adds rows (shelved, latched, out of service) and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from alerting.events import Event, State


class Trigger(StrEnum):
    """What may move an alert."""

    ABNORMAL = "abnormal"
    RISE = "rise"
    FALL = "fall"
    NORMAL = "normal"
    ACK = "ack"


@dataclass(frozen=True, slots=True)
class Transition:
    """Where a trigger leads, and what is told of it, in this order."""

    state: State
    events: tuple[Event, ...]


class IllegalTransition(Exception):  # noqa: N818 - it names the fact, not a failure of the program
    """The trigger means nothing in this state; nothing was changed."""

    def __init__(self, state: State | None, trigger: Trigger) -> None:
        self.state = state
        self.trigger = trigger
        super().__init__(f"{trigger} is not possible in state {state or 'none'}")


_S, _T, _E = State, Trigger, Event

TRANSITIONS: Mapping[tuple[State | None, Trigger], Transition] = MappingProxyType(
    {
        (None, _T.ABNORMAL): Transition(_S.UNACK, (_E.OPENED,)),
        (_S.UNACK, _T.RISE): Transition(_S.UNACK, (_E.ESCALATED,)),
        (_S.UNACK, _T.FALL): Transition(_S.UNACK, (_E.DEESCALATED,)),
        (_S.UNACK, _T.NORMAL): Transition(_S.RTNUN, (_E.CLEARED,)),
        (_S.UNACK, _T.ACK): Transition(_S.ACKED, (_E.ACKNOWLEDGED,)),
        (_S.ACKED, _T.RISE): Transition(_S.UNACK, (_E.ESCALATED,)),
        (_S.ACKED, _T.FALL): Transition(_S.ACKED, (_E.DEESCALATED,)),
        (_S.ACKED, _T.NORMAL): Transition(_S.CLOSED, (_E.CLEARED, _E.CLOSED)),
        (_S.RTNUN, _T.ABNORMAL): Transition(_S.UNACK, (_E.REOPENED,)),
        (_S.RTNUN, _T.ACK): Transition(_S.CLOSED, (_E.ACKNOWLEDGED, _E.CLOSED)),
    }
)
"""Every legal move; what is not here is illegal."""


def advance(state: State | None, trigger: Trigger) -> Transition:
    """Return where `trigger` leads from `state`; raise `IllegalTransition` where it leads nowhere."""
    found = TRANSITIONS.get((state, trigger))
    if found is None:
        raise IllegalTransition(state, trigger)
    return found


def mermaid() -> str:
    """Return the table as a mermaid state diagram, for docs/alerts.md (a test holds the page against it)."""
    lines = ["stateDiagram-v2"]
    for (state, trigger), step in TRANSITIONS.items():
        told = ", ".join(step.events)
        lines.append(f"    {state or '[*]'} --> {step.state}: {trigger} / {told}")
    lines.append(f"    {State.CLOSED} --> [*]")
    return "\n".join(lines)
