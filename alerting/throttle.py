"""Whether a receiver that a route names is told of this event, and why."""

from collections.abc import Mapping

import msgspec

from alerting.events import Event, Grade
from alerting.routing import Match
from registry.plant import Text

DEFAULT_EVENTS = frozenset(
    {
        Event.OPENED,
        Event.ESCALATED,
        Event.DEESCALATED,
        Event.REOPENED,
        Event.ACKNOWLEDGED,
        Event.CLEARED,
    }
)
"""What a receiver is told of unless its settings say otherwise; a closing follows from what was told before it."""

_RED = Grade.RED.label
RISING = frozenset({Event.OPENED, Event.ESCALATED, Event.REOPENED})
"""Events that call for somebody; of a red alert they are never held."""


class Decision(msgspec.Struct, frozen=True, gc=False):
    """To send or not to send, with the reason as the alert line and the console show it."""

    send: bool
    reason: Text


def decide(
    event: str,
    grade: str,
    found: Match,
    events_of: Mapping[str, frozenset[Event]],
    told: Mapping[str, str],
) -> Decision:
    """Decide on one match of one event.

    `events_of` has the events that each receiver is told of; `told` has the receivers that already get this very
    event, with the path of the route that did it, so that two routes to one receiver do not tell it twice.
    """
    if found.receiver is None:
        return Decision(send=False, reason=Text("该路由未设接收方", "the route has no receiver"))
    before = told.get(found.receiver)
    if before is not None:
        return Decision(send=False, reason=Text(f"已由 {before} 通知", f"told already by way of {before}"))
    if event in events_of[found.receiver]:
        return Decision(send=True, reason=found.reason)
    if grade == _RED and event in RISING:
        return Decision(
            send=True,
            reason=Text(
                f"{found.reason.zh}；红色报警一律通知", f"{found.reason.en}; a red alert is never held"
            ),
        )
    return Decision(
        send=False,
        reason=Text(f"该接收方不接收 {event} 事件", f"the receiver is not told of {event} events"),
    )
