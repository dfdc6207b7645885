"""What is told: the notifications of one step, and those of a recovery."""

from collections.abc import Mapping

import msgspec

from alerting.escalation import words
from alerting.escalation.roster import Roster
from alerting.escalation.state import Call, Case
from alerting.events import GRADE_OF, AlertEvent
from alerting.notification import Notification, notification_id
from alerting.texts import both, rfc3339
from registry.plant import Text


def step_told(
    roster: Roster, call: Call, case: Case, people: Mapping[str, Text], *, of: int, now_ns: int
) -> list[Notification]:
    """Return what the people of the step that was just reached are told; `of` counts the last resort too.

    The body is the newest line of the alert with ``why.escalation``.
    """
    before = tuple(call.asked)
    event = msgspec.structs.replace(
        case.event, why={**case.event.why, "escalation": _facts(roster, call, case, of)}
    )
    body = event.line()
    say = words.last_called if call.level == of else words.called
    return [
        _notification(
            event,
            receiver=receiver,
            person=person,
            step=f"{call.round}.{call.level}.{person}",
            body=body,
            reason=say(
                words.Standing(
                    chain=call.chain,
                    grade=call.grade,
                    step=call.level,
                    of=of,
                    since_ns=case.since_ns,
                    asked=tuple(roster.name(one) for one in before),
                ),
                why,
            ),
            now_ns=now_ns,
        )
        for person, why in people.items()
        for receiver in roster.receivers(person)
    ]


def recovery_told(roster: Roster, case: Case, now_ns: int) -> list[Notification]:
    """Return what everybody who was called for an alert is told when it is back to normal.

    Whoever is not reached by that receiver any more, after other settings were read, is left out.
    """
    body = case.event.line()
    return [
        _notification(
            case.event,
            receiver=receiver,
            person=person,
            step=f"recovered.{person}",
            body=body,
            reason=words.recovered(roster.name(person)),
            now_ns=now_ns,
        )
        for receiver, person in case.asked
        if receiver in roster.receivers(person)
    ]


def _facts(roster: Roster, call: Call, case: Case, of: int) -> dict[str, object]:
    return {
        "chain": call.chain,
        "grade": call.grade.label,
        "step": call.level,
        "of": of,
        "since": rfc3339(case.since_ns),
        "asked_before": [{"person": one, "name": both(roster.name(one))} for one in call.asked],
        "next_at": None if call.due_ns is None else rfc3339(call.due_ns),
        "last_resort": call.level == of,
    }


def _notification(
    event: AlertEvent, *, receiver: str, person: str, step: str, body: bytes, reason: Text, now_ns: int
) -> Notification:
    return Notification(
        id=notification_id(event.id, event.seq, receiver, f"escalation.{step}"),
        receiver=receiver,
        alert=event.id,
        seq=event.seq,
        time=rfc3339(now_ns),
        body=body,
        reason=reason,
        person=person,
        grade=GRADE_OF[event.grade],
    )
