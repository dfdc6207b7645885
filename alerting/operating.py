"""What people say of one alert: seen, seen to, reset, a comment; and what the book says again by itself."""

from typing import Any, assert_never

from alerting.alert import Acknowledged, Alert, Assigned, Confirmed
from alerting.commands import Acknowledge, Assign, Check, Comment, Confirm, OfAlert, Reset
from alerting.events import AlertEvent, Event, State
from alerting.lifecycle import Trigger
from alerting.occurrences import Occurrences
from alerting.refusals import (
    already_acknowledged,
    already_assigned,
    already_closed,
    already_confirmed,
    held,
    moved_on,
    not_latched,
    not_open,
    still_active,
    unknown_cause,
)
from alerting.texts import both, duration, rfc3339
from registry.plant import Text


def carry_out(book: Occurrences, command: OfAlert, now_ns: int) -> list[AlertEvent]:
    """Carry out a command on an alert; raise `CommandRefused`, with nothing changed, where it does not hold."""
    match command:
        case Acknowledge():
            return _acknowledge(book, command, now_ns)
        case Confirm():
            return _confirm(book, command, now_ns)
        case Assign():
            return _assign(book, command, now_ns)
        case Reset():
            return _reset(book, command, now_ns)
        case Comment():
            alert = _open_or_closed(book, command.alert)
            return book.say(alert, Event.COMMENTED, now_ns, person(command.by, now_ns, command.comment))
        case Check():
            alert = _open_or_closed(book, command.alert)
            return book.say(alert, Event.COMMENTED, now_ns, _checked(command, now_ns))
    assert_never(command)


def realarm(book: Occurrences, alert: Alert, now_ns: int) -> list[AlertEvent]:
    """Tell an acknowledged alert again that still stands, as nobody has seen it."""
    assert alert.acknowledged is not None, "ACKED is reached by a person only"
    after = duration((now_ns - alert.acknowledged.now_ns) / 1e9)
    by = alert.acknowledged.by
    because = Text(f"{by} 确认后 {after.zh}仍未恢复", f"still standing {after.en} after {by} acknowledged it")
    return book.follow(
        alert, Trigger.REALARM, now_ns, book.by_person(alert, now_ns), {"because": both(because)}
    )


def person(by: str, now_ns: int, words: str, second: str = "") -> dict[str, Any]:
    """Return the note of who caused a line, and in which words."""
    return {"person": {"by": by, "second": second or None, "time": rfc3339(now_ns), "words": words}}


def _checked(command: Check, now_ns: int) -> dict[str, Any]:
    """Return the note of a measure that was carried out: in words for all readers, and apart for a checklist."""
    mark = "\u2713" if command.done else "\u2717"
    notes = person(command.by, now_ns, f"{mark} {command.step.zh} / {command.step.en}")
    notes["person"]["check"] = {"step": both(command.step), "done": command.done}
    return notes


def _acknowledge(book: Occurrences, command: Acknowledge, now_ns: int) -> list[AlertEvent]:
    alert = _open(book, command.alert)
    assert alert.last is not None, "an open alert has been told of"
    if alert.held:
        raise held(alert.state)
    if alert.state in {State.ACKED, State.LACKD}:
        assert alert.acknowledged is not None, "these are reached by an acknowledgement only"
        raise already_acknowledged(alert.acknowledged)
    if command.seq is not None and command.seq != alert.last.seq:
        raise moved_on(command.seq, alert.last.seq)
    alert.acknowledged = Acknowledged(command.by, now_ns, command.comment)
    return book.follow(alert, Trigger.ACK, now_ns, book.by_person(alert, now_ns), {})


def _confirm(book: Occurrences, command: Confirm, now_ns: int) -> list[AlertEvent]:
    alert = _open_or_closed(book, command.alert)
    if command.cause not in book.settings.causes:
        raise unknown_cause(command.cause, ", ".join(book.settings.causes))
    if alert.confirmed is not None:
        raise already_confirmed(alert.confirmed)
    alert.confirmed = Confirmed(command.by, now_ns, command.cause, command.action)
    return book.say(alert, Event.CONFIRMED, now_ns, person(command.by, now_ns, command.action))


def _assign(book: Occurrences, command: Assign, now_ns: int) -> list[AlertEvent]:
    """Give an open alert to somebody; told as a comment, since it changes nothing of the alert's state."""
    alert = _open(book, command.alert)
    if alert.assigned is not None and alert.assigned.to == command.to:
        raise already_assigned(alert.assigned)
    alert.assigned = Assigned(command.to, command.by, now_ns)
    return book.say(alert, Event.COMMENTED, now_ns, person(command.by, now_ns, command.comment))


def _reset(book: Occurrences, command: Reset, now_ns: int) -> list[AlertEvent]:
    alert = _open(book, command.alert)
    if alert.active:
        raise still_active(alert.id)
    if alert.state is State.RTNUN:
        raise not_latched(alert.id)
    alert.latching = False
    notes = person(command.by, now_ns, command.comment)
    return book.follow(alert, Trigger.RESET, now_ns, book.by_person(alert, now_ns), notes)


def _open(book: Occurrences, name: str) -> Alert:
    alert = book.alerts.find(name)
    if alert is None:
        before = book.alerts.closed.get(name)
        raise already_closed(before) if before else not_open(name)
    return alert


def _open_or_closed(book: Occurrences, name: str) -> Alert:
    alert = book.alerts.find(name) or book.alerts.closed.get(name)
    if alert is None:
        raise not_open(name)
    return alert
