"""The lifecycle of an alert: one table of transitions, and the drawing made from it.

Theory of operation. An occurrence begins where there was none (``None``, the normal state of ISA-18.2) and ends in
`State.CLOSED`, from which nothing leads away: the next trouble of the same sensor is a new occurrence with a new id.
Every event of one transition carries the state in which the transition ends. The other states are those of ISA-18.2
(IEC 62682): UNACK, ACKED, RTNUN (returned to normal, unacknowledged), LUNAK and LACKD (returned, but latched until
somebody resets it), and three in which an alert is held: SHELVED, SUPPRESSED (by design), OUT_OF_SERVICE. A rise of an
acknowledged alert is unacknowledged again, because an acknowledgement covers only what its author saw. A held alert
follows its process without being told; where it returns to normal it is over, unless it is latched. Of several
arrangements that hold one alert the strongest names its state: out of service before suppressed before shelved. A held
alert that becomes graver than the arrangement may hold leaves it by `ESCAPE`. Everything that moves an alert stands in
`TRANSITIONS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from alerting.events import Event, State


class Trigger(StrEnum):
    """What may move an alert.

    The opening triggers that are named after a held state open an occurrence at a place that is held already. Those
    that end in ``latched`` are of an alert that has returned to normal behind its latch.
    """

    ABNORMAL = "abnormal"
    OPENS_SHELVED = "abnormal while shelved"
    OPENS_SUPPRESSED = "abnormal while suppressed"
    OPENS_OUT_OF_SERVICE = "abnormal while out of service"
    RISE = "rise"
    FALL = "fall"
    ESCAPE = "too grave to hold"
    ESCAPE_AGAIN = "abnormal, too grave to hold"
    NORMAL = "normal"
    NORMAL_AGAIN = "normal while chattering"
    NORMAL_ONCE = "normal, one-shot"
    NORMAL_LATCHED = "normal, latched"
    ACK = "ack"
    REALARM = "re-alarm"
    RESET = "reset"
    SHELVE = "shelve"
    SUPPRESS = "suppress"
    REMOVE = "take out of service"
    UNSHELVE = "unshelve"
    SHELF_OVER = "shelving timed out"
    UNSUPPRESS = "suppression over"
    RETURN = "put in service"
    UNSHELVE_LATCHED = "unshelve, latched"
    SHELF_OVER_LATCHED = "shelving timed out, latched"
    UNSUPPRESS_LATCHED = "suppression over, latched"
    RETURN_LATCHED = "put in service, latched"
    LEFT_SHELVED = "over, still shelved"
    LEFT_SUPPRESSED = "over, still suppressed"


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
_Rows = dict[tuple[State | None, Trigger], Transition]

_SEEN: _Rows = {
    (None, _T.ABNORMAL): Transition(_S.UNACK, (_E.OPENED,)),
    (_S.UNACK, _T.RISE): Transition(_S.UNACK, (_E.ESCALATED,)),
    (_S.UNACK, _T.FALL): Transition(_S.UNACK, (_E.DEESCALATED,)),
    (_S.UNACK, _T.NORMAL): Transition(_S.RTNUN, (_E.CLEARED,)),
    (_S.UNACK, _T.NORMAL_LATCHED): Transition(_S.LUNAK, (_E.CLEARED,)),
    (_S.UNACK, _T.ACK): Transition(_S.ACKED, (_E.ACKNOWLEDGED,)),
    (_S.ACKED, _T.RISE): Transition(_S.UNACK, (_E.ESCALATED,)),
    (_S.ACKED, _T.FALL): Transition(_S.ACKED, (_E.DEESCALATED,)),
    (_S.ACKED, _T.NORMAL): Transition(_S.CLOSED, (_E.CLEARED, _E.CLOSED)),
    (_S.ACKED, _T.NORMAL_AGAIN): Transition(_S.RTNUN, (_E.CLEARED,)),
    (_S.ACKED, _T.NORMAL_LATCHED): Transition(_S.LACKD, (_E.CLEARED,)),
    (_S.ACKED, _T.REALARM): Transition(_S.UNACK, (_E.REOPENED,)),
    (_S.RTNUN, _T.ABNORMAL): Transition(_S.UNACK, (_E.REOPENED,)),
    (_S.RTNUN, _T.ACK): Transition(_S.CLOSED, (_E.ACKNOWLEDGED, _E.CLOSED)),
    (_S.LUNAK, _T.ABNORMAL): Transition(_S.UNACK, (_E.REOPENED,)),
    (_S.LUNAK, _T.ACK): Transition(_S.LACKD, (_E.ACKNOWLEDGED,)),
    (_S.LUNAK, _T.RESET): Transition(_S.RTNUN, (_E.RESET,)),
    (_S.LACKD, _T.ABNORMAL): Transition(_S.UNACK, (_E.REOPENED,)),
    (_S.LACKD, _T.RESET): Transition(_S.CLOSED, (_E.RESET, _E.CLOSED)),
}
"""The moves of an alert that nothing holds."""

_INTO: _Rows = {
    (state, trigger): Transition(held, (event,))
    for trigger, held, event in (
        (_T.SHELVE, _S.SHELVED, _E.SHELVED),
        (_T.SUPPRESS, _S.SUPPRESSED, _E.SUPPRESSED),
        (_T.REMOVE, _S.OUT_OF_SERVICE, _E.OUT_OF_SERVICE),
    )
    for state in (_S.UNACK, _S.ACKED, _S.LUNAK, _S.LACKD)
}
_INTO |= {
    (None, _T.OPENS_SHELVED): Transition(_S.SHELVED, (_E.OPENED,)),
    (None, _T.OPENS_SUPPRESSED): Transition(_S.SUPPRESSED, (_E.OPENED,)),
    (None, _T.OPENS_OUT_OF_SERVICE): Transition(_S.OUT_OF_SERVICE, (_E.OPENED,)),
    (_S.RTNUN, _T.SHELVE): Transition(_S.CLOSED, (_E.SHELVED, _E.CLOSED)),
    (_S.RTNUN, _T.SUPPRESS): Transition(_S.CLOSED, (_E.SUPPRESSED, _E.CLOSED)),
    (_S.RTNUN, _T.REMOVE): Transition(_S.CLOSED, (_E.OUT_OF_SERVICE, _E.CLOSED)),
    (_S.SHELVED, _T.SHELVE): Transition(_S.SHELVED, (_E.SHELVED,)),
    (_S.SHELVED, _T.SUPPRESS): Transition(_S.SUPPRESSED, (_E.SUPPRESSED,)),
    (_S.SHELVED, _T.REMOVE): Transition(_S.OUT_OF_SERVICE, (_E.OUT_OF_SERVICE,)),
    (_S.SUPPRESSED, _T.REMOVE): Transition(_S.OUT_OF_SERVICE, (_E.OUT_OF_SERVICE,)),
}
"""How an alert comes to be held. What had returned unlatched is over: ISA-18.2 knows nothing held that is normal."""

_WITHIN: _Rows = {
    (held, trigger): step
    for held in (_S.SHELVED, _S.SUPPRESSED, _S.OUT_OF_SERVICE)
    for trigger, step in (
        (_T.ABNORMAL, Transition(held, (_E.REOPENED,))),
        (_T.RISE, Transition(held, (_E.ESCALATED,))),
        (_T.FALL, Transition(held, (_E.DEESCALATED,))),
        (_T.ESCAPE, Transition(_S.UNACK, (_E.ESCALATED,))),
        (_T.ESCAPE_AGAIN, Transition(_S.UNACK, (_E.REOPENED,))),
        (_T.NORMAL, Transition(_S.CLOSED, (_E.CLEARED, _E.CLOSED))),
        (_T.NORMAL_LATCHED, Transition(held, (_E.CLEARED,))),
        (_T.RESET, Transition(_S.CLOSED, (_E.RESET, _E.CLOSED))),
    )
}
_WITHIN[_S.SHELVED, _T.NORMAL_ONCE] = Transition(_S.CLOSED, (_E.CLEARED, _E.UNSHELVED, _E.CLOSED))
"""What a held alert does while it is held, and how it breaks out."""

_OUT_OF: _Rows = {
    (_S.SHELVED, _T.UNSHELVE): Transition(_S.ACKED, (_E.UNSHELVED,)),
    (_S.SHELVED, _T.UNSHELVE_LATCHED): Transition(_S.LACKD, (_E.UNSHELVED,)),
    (_S.SHELVED, _T.SHELF_OVER): Transition(_S.UNACK, (_E.UNSHELVED,)),
    (_S.SHELVED, _T.SHELF_OVER_LATCHED): Transition(_S.LUNAK, (_E.UNSHELVED,)),
    (_S.SUPPRESSED, _T.UNSUPPRESS): Transition(_S.UNACK, (_E.UNSUPPRESSED,)),
    (_S.SUPPRESSED, _T.UNSUPPRESS_LATCHED): Transition(_S.LUNAK, (_E.UNSUPPRESSED,)),
    (_S.SUPPRESSED, _T.LEFT_SHELVED): Transition(_S.SHELVED, (_E.UNSUPPRESSED,)),
    (_S.OUT_OF_SERVICE, _T.RETURN): Transition(_S.UNACK, (_E.IN_SERVICE,)),
    (_S.OUT_OF_SERVICE, _T.RETURN_LATCHED): Transition(_S.LUNAK, (_E.IN_SERVICE,)),
    (_S.OUT_OF_SERVICE, _T.LEFT_SHELVED): Transition(_S.SHELVED, (_E.IN_SERVICE,)),
    (_S.OUT_OF_SERVICE, _T.LEFT_SUPPRESSED): Transition(_S.SUPPRESSED, (_E.IN_SERVICE,)),
}
"""How an alert comes out again (ISA-18.2, 11.7.3): by hand it was seen and is acknowledged, by time it was not."""

TRANSITIONS: Mapping[tuple[State | None, Trigger], Transition] = MappingProxyType(
    _SEEN | _INTO | _WITHIN | _OUT_OF
)
"""Every legal move; what is not here is illegal."""


def advance(state: State | None, trigger: Trigger) -> Transition:
    """Return where `trigger` leads from `state`; raise `IllegalTransition` where it leads nowhere."""
    found = TRANSITIONS.get((state, trigger))
    if found is None:
        raise IllegalTransition(state, trigger)
    return found


def mermaid() -> str:
    """Return the table as a mermaid state diagram, for docs/alerts.md (a test holds the page against it).

    Moves between the same two states that tell the same share an arrow.
    """
    arrows: dict[tuple[str, State, tuple[Event, ...]], list[Trigger]] = {}
    for (state, trigger), step in TRANSITIONS.items():
        arrows.setdefault((state or "[*]", step.state, step.events), []).append(trigger)
    lines = ["stateDiagram-v2"]
    for (start, end, events), triggers in arrows.items():
        lines.append(f"    {start} --> {end}: {' or '.join(triggers)} / {', '.join(events)}")
    lines.append(f"    {State.CLOSED} --> [*]")
    return "\n".join(lines)
