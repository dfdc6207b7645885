"""Why a command does not hold, in words for the person who gave it."""

from alerting.alert import Acknowledged
from alerting.commands import CommandRefused
from alerting.texts import rfc3339
from registry.plant import Text


def not_open(alert: str) -> CommandRefused:
    """Refuse a command on an alert that is not in the book."""
    return CommandRefused("not_open", Text(f"没有未关闭的报警 {alert}", f"there is no open alert {alert}"))


def already_closed(seen: Acknowledged) -> CommandRefused:
    """Refuse a command on an alert that was closed not long ago, naming who had acknowledged it."""
    at = rfc3339(seen.now_ns)
    return CommandRefused(
        "already_closed",
        Text(
            f"报警已关闭，由 {seen.by} 于 {at} 确认",
            f"the alert is closed; {seen.by} acknowledged it at {at}",
        ),
    )


def already_acknowledged(seen: Acknowledged) -> CommandRefused:
    """Refuse a second acknowledgement, naming who gave the first."""
    at = rfc3339(seen.now_ns)
    return CommandRefused(
        "already_acknowledged",
        Text(f"{seen.by} 已于 {at} 确认", f"{seen.by} acknowledged it at {at}"),
    )


def moved_on(seen_seq: int, seq: int) -> CommandRefused:
    """Refuse a command given on a state that is not the newest."""
    return CommandRefused(
        "moved_on",
        Text(
            f"报警在您查看之后已有变化（所见 {seen_seq}，现为 {seq}），请查看后再确认",
            f"the alert has changed since you looked (seen {seen_seq}, now {seq}): look again, then acknowledge",
        ),
    )
