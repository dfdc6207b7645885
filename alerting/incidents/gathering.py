"""Incidents: alerts of one hazard source close in time, gathered, merged and split.

Theory of operation. Each alert of a sensor with a hazard source belongs to one incident from its opening on. It joins the
newest incident of its source if that one was active not long ago, else it begins one; an incident that still has an open
alert but has long been quiet takes in nothing new. The alerts and their detection are as they would be without: an incident
only says what belongs together. It ends by timer, when all its alerts have been closed and it was quiet for a time.
"""

import heapq

import msgspec

from alerting.book_state import SnapshotError
from alerting.commands import MergeIncidents, OfIncident, SplitIncident
from alerting.events import GRADE_OF, AlertEvent, Event
from alerting.incidents.incident import (
    Entry,
    Incident,
    IncidentView,
    incident_id,
    member_of,
    view_of,
)
from alerting.incidents.refusals import (
    no_incident,
    not_a_member,
    nothing_left,
    other_enterprise,
    same_incident,
)
from alerting.incidents.regrouping import absorb, part_off
from alerting.incidents.settings import IncidentSettings, as_ns

KEPT_ENDED = 64
"""So many ended incidents can still be looked at."""
_FORMAT = 1
_ACTIVATIONS = frozenset({Event.OPENED, Event.REOPENED, Event.ESCALATED})


class _State(msgspec.Struct, array_like=True):
    """`newest` is the incident that takes in the alerts of a source, `apart` that of a sensor which a person split off."""

    format: int
    open: list[Incident]
    ended: list[Incident]
    newest: dict[str, str]
    apart: dict[str, str]


class Incidents:
    """Every open incident, and the newest ended ones; its cost of an event does not depend on how many there are."""

    def __init__(self, settings: IncidentSettings) -> None:
        self._join_ns = as_ns(settings.join_s)
        self._quiet_ns = as_ns(settings.quiet_s)
        self._longest_ns = as_ns(settings.longest_s)
        self._take_over(_State(_FORMAT, [], [], {}, {}))

    def offer(self, events: list[AlertEvent], now_ns: int) -> list[AlertEvent]:
        """Put into each event the incident of its alert, ``why.incident``, None where it has none; return them."""
        for event in events:
            incident = self._take(event, now_ns)
            event.why["incident"] = None if incident is None else incident.why()
        return events

    def command(self, command: OfIncident, now_ns: int) -> None:
        """Carry out a command; raise `CommandRefused`, with nothing changed, where it does not hold."""
        match command:
            case MergeIncidents():
                self._merge(command, now_ns)
            case SplitIncident():
                self._split(command, now_ns)

    def tick(self, now_ns: int) -> None:
        """End every incident that is due up to `now_ns`, each at its own time."""
        while self._due and self._due[0][0] <= now_ns:
            _, name = heapq.heappop(self._due)
            self._awaited.discard(name)
            incident = self._open.get(name)
            if incident is None or incident.members:
                continue
            if self._end_ns(incident) <= now_ns:
                self._end(incident)
            else:
                self._await_end(incident)

    def next_deadline_ns(self) -> int | None:
        """Return a time before which `tick` has nothing to do, None where nothing waits."""
        return self._due[0][0] if self._due else None

    def incident(self, name: str) -> IncidentView | None:
        """Return an incident by its id, or by that of one merged into it; None where it is not known (any more)."""
        found = self._find(name) or next(
            (one for one in reversed(self._ended.values()) if name in (one.id, *one.former)), None
        )
        return None if found is None else view_of(found)

    def open_incidents(self) -> list[IncidentView]:
        """Return every open incident, oldest opening first."""
        return [view_of(incident) for incident in self._open.values()]

    def of_alert(self, alert: str) -> str | None:
        """Return the id of the incident that an open alert belongs to, None where it has none."""
        return self._of_alert.get(alert)

    def snapshot(self) -> bytes:
        """Return the whole state."""
        state = _State(
            _FORMAT, list(self._open.values()), list(self._ended.values()), self._newest, self._apart
        )
        return msgspec.msgpack.encode(state)

    def restore(self, body: bytes) -> None:
        """Take over a state; raise `SnapshotError`, with nothing changed, where it cannot be continued from."""
        try:
            state = msgspec.msgpack.decode(body, type=_State)
        except msgspec.MsgspecError as exc:
            raise SnapshotError(f"not a snapshot of incidents: {exc}") from exc
        if state.format != _FORMAT:
            raise SnapshotError(f"snapshot format {state.format} of incidents; this version reads {_FORMAT}")
        self._take_over(state)

    def _take_over(self, state: _State) -> None:
        self._open = {incident.id: incident for incident in state.open}
        self._ended = {incident.id: incident for incident in state.ended}
        self._newest, self._apart = state.newest, state.apart
        self._former = {name: incident.id for incident in state.open for name in incident.former}
        self._of_alert = {alert: one.id for one in state.open for alert in one.members}
        self._due: list[tuple[int, str]] = []
        self._awaited: set[str] = set()
        for incident in state.open:
            if not incident.members:
                self._await_end(incident)

    def _take(self, event: AlertEvent, now_ns: int) -> Incident | None:
        if event.source is None or event.sensor is None:
            return None
        name = Event(event.event)
        held = self._of_alert.get(event.id)
        if held is not None and name is Event.REOPENED and not self._takes(self._open[held], now_ns):
            self._close(
                self._open[held], event.id, now_ns
            )  # what comes back so late is part of what happens now
            held = None
        if held is not None:
            incident = self._open[held]
            member = incident.members[event.id]
            member.grade = max(member.grade, GRADE_OF[event.grade])
            member.urgency = max(member.urgency, event.why["grade"]["urgency"] or 0)
            incident.judge(member)
        elif name is Event.CLOSED:
            return None
        else:
            member = member_of(event, now_ns)
            incident = self._joined(event.source, event.enterprise or "", event.sensor, now_ns)
            incident.add(member)
            self._of_alert[event.id] = incident.id
        if name in _ACTIVATIONS:
            incident.active_ns = now_ns
        incident.note(Entry(now_ns, name, event.id, event.sensor, GRADE_OF[event.grade], event.title))
        if name is Event.CLOSED:
            self._close(incident, event.id, now_ns)
        return incident

    def _joined(self, source: str, enterprise: str, sensor: str, now_ns: int) -> Incident:
        """Return the incident that a new alert belongs to, a new one where none is near enough in time."""
        for name in (self._apart.get(sensor), self._newest.get(_key(enterprise, source))):
            near = self._open.get(name) if name else None
            if near is not None and self._takes(near, now_ns):
                return near
        incident = self._begun(source, enterprise, now_ns)
        self._newest[_key(enterprise, source)] = incident.id
        self._apart.pop(sensor, None)
        return incident

    def _takes(self, incident: Incident, now_ns: int) -> bool:
        return (
            now_ns - incident.active_ns <= self._join_ns and now_ns - incident.opened_ns <= self._longest_ns
        )

    def _begun(self, source: str, enterprise: str, now_ns: int) -> Incident:
        again = 0
        known = (self._open, self._ended, self._former)
        while any(
            (fresh := incident_id(_key(enterprise, source), now_ns, again)) in names for names in known
        ):
            again += 1
        incident = Incident(
            id=fresh,
            source=source,
            enterprise=enterprise,
            opened_ns=now_ns,
            active_ns=now_ns,
            settled_ns=now_ns,
        )
        self._open[fresh] = incident
        return incident

    def _close(self, incident: Incident, alert: str, now_ns: int) -> None:
        incident.close(alert)
        incident.settled_ns = now_ns
        del self._of_alert[alert]
        if not incident.members:
            self._await_end(incident)

    def _end_ns(self, incident: Incident) -> int:
        return max(incident.active_ns, incident.settled_ns) + self._quiet_ns

    def _await_end(self, incident: Incident) -> None:
        """See to it that the timer asks for the incident; one that is asked for already will be asked for again then."""
        if incident.id not in self._awaited:
            self._awaited.add(incident.id)
            heapq.heappush(self._due, (self._end_ns(incident), incident.id))

    def _end(self, incident: Incident) -> None:
        incident.ended_ns = self._end_ns(incident)
        self._forget(incident)
        self._ended[incident.id] = incident
        if len(self._ended) > KEPT_ENDED:
            del self._ended[next(iter(self._ended))]

    def _forget(self, incident: Incident) -> None:
        """Take an incident out of those that are open."""
        del self._open[incident.id]
        for name in incident.former:
            self._former.pop(name, None)
        key = _key(incident.enterprise, incident.source)
        if self._newest.get(key) == incident.id:
            del self._newest[key]
        for sensor in incident.sensors:
            if self._apart.get(sensor) == incident.id:
                del self._apart[sensor]

    def _find(self, name: str) -> Incident | None:
        return self._open.get(self._former.get(name, name))

    def _merge(self, command: MergeIncidents, now_ns: int) -> None:
        into = self._find(command.into)
        if into is None:
            raise no_incident(command.into)
        others: dict[str, Incident] = {}
        for name in command.incidents:
            other = self._find(name)
            if other is None:
                raise no_incident(name)
            if other is into or other.id in others:
                raise same_incident(name)
            if other.enterprise != into.enterprise:
                raise other_enterprise(name, other.enterprise, into.enterprise)
            others[other.id] = other
        for other in others.values():
            self._forget(other)
            self._renamed(other, into)
            absorb(into, other)
        into.note(Entry(now_ns, "merged", by=command.by, text=command.reason, others=tuple(others)))
        self._settle(into, now_ns)

    def _renamed(self, other: Incident, into: Incident) -> None:
        """Let everything that led to an incident lead to the one that it becomes part of."""
        for alert in other.members:
            self._of_alert[alert] = into.id
        for name in (other.id, *other.former):
            self._former[name] = into.id
        self._newest[_key(other.enterprise, other.source)] = into.id
        for sensor in other.sensors:
            self._apart[sensor] = into.id

    def _split(self, command: SplitIncident, now_ns: int) -> None:
        whole = self._find(command.incident)
        if whole is None:
            raise no_incident(command.incident)
        leaving = dict.fromkeys(command.alerts)
        for alert in leaving:
            if alert not in whole.members and alert not in whole.over:
                raise not_a_member(alert, command.incident)
        if len(leaving) == whole.size:
            raise nothing_left(command.incident)
        part = self._begun(whole.source, whole.enterprise, now_ns)
        part_off(whole, part, leaving)
        for alert in part.members:
            self._of_alert[alert] = part.id
        for sensor in part.sensors:
            if sensor not in whole.sensors:
                self._apart[sensor] = part.id
        for one, other in ((whole, part), (part, whole)):
            one.note(Entry(now_ns, "split", by=command.by, text=command.reason, others=(other.id,)))
            self._settle(one, now_ns)

    def _settle(self, incident: Incident, now_ns: int) -> None:
        """Let an incident that a person has changed end no sooner than one whose last alert was closed now."""
        incident.settled_ns = now_ns
        if not incident.members:
            self._await_end(incident)


def _key(enterprise: str, source: str) -> str:
    return f"{enterprise}/{source}"
