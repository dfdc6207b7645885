"""Why an incident cannot be merged or split as asked, in words for the person who asked."""

from alerting.commands import CommandRefused
from registry.plant import Text


def no_incident(incident: str) -> CommandRefused:
    """Refuse a command on an incident that is not open."""
    return CommandRefused(
        "no_incident", Text(f"没有未结束的事件 {incident}", f"there is no open incident {incident}")
    )


def same_incident(incident: str) -> CommandRefused:
    """Refuse to merge an incident with itself, or with one that it was merged with before."""
    return CommandRefused(
        "same_incident",
        Text(f"{incident} 已是同一事件", f"{incident} is that incident already"),
    )


def other_enterprise(incident: str, theirs: str, ours: str) -> CommandRefused:
    """Refuse to merge incidents of two enterprises: each has its own people and its own eyes."""
    return CommandRefused(
        "other_enterprise",
        Text(
            f"事件 {incident} 属于 {theirs}，不能并入 {ours} 的事件",
            f"incident {incident} is of {theirs}; it cannot become part of one of {ours}",
        ),
    )


def not_a_member(alert: str, incident: str) -> CommandRefused:
    """Refuse to split off an alert that is none of the incident's, or was closed so long ago that it is forgotten."""
    return CommandRefused(
        "not_a_member",
        Text(f"报警 {alert} 不在事件 {incident} 中", f"alert {alert} is not part of incident {incident}"),
    )


def nothing_left(incident: str) -> CommandRefused:
    """Refuse to split off every alert: that would only give the incident another name."""
    return CommandRefused(
        "nothing_left",
        Text(
            f"不能从事件 {incident} 拆出全部报警，至少保留一条",
            f"not every alert can be split off incident {incident}: at least one must stay",
        ),
    )
