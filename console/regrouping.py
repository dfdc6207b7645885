"""What people made of the incidents of an alert: merges and splits, as the history of its incident has them. Pure.

An alert's own events are those of its lifecycle (docs/alerts.md); that its incident was merged or split changes nothing of it.
"""

from collections.abc import Callable
from typing import Any

from alerting.events import AlertEvent
from alerting.incidents.incident import IncidentView
from alerting.texts import rfc3339

REGROUPED = ("merged", "split")


def incident_of(last: AlertEvent, find: Callable[[str], IncidentView | None]) -> IncidentView | None:
    """Return the incident that an alert is in now, by its newest event; None where it has none, or none is known any more.

    The event names the incident of its time; if the alert was split off since, that one's history leads to where it is.
    """
    named = last.why.get("incident")
    ahead, seen = [named["id"]] if named else [], set[str]()
    while ahead:
        found = find(ahead.pop(0))
        if found is None or found.id in seen:
            continue
        if last.id in found.open_alerts or last.id in found.closed_alerts:
            return found
        seen.add(found.id)
        ahead += [name for entry in found.timeline if entry.what == "split" for name in entry.others]
    return None


def regroupings(incident: IncidentView, opened: str) -> list[dict[str, Any]]:
    """Return the merges and splits of an incident since an alert of it opened (RFC 3339), oldest first, ready for JSON.

    Both parts of a split have it in their history; where they were merged again it is told once.
    """
    told: dict[tuple[int, str], dict[str, Any]] = {}
    for entry in incident.timeline:
        time = rfc3339(entry.now_ns)
        if entry.what in REGROUPED and time >= opened:
            line = {"time": time, "what": entry.what, "incident": incident.id, "others": entry.others}
            told.setdefault((entry.now_ns, entry.what), {**line, "by": entry.by, "reason": entry.text})
    return list(told.values())
