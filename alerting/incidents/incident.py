"""One incident: the alerts of a hazard source that belong together, and the frozen view of it that others get."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from alerting.events import GRADE_OF, AlertEvent, Family, Grade, Kind
from alerting.texts import rfc3339

KEPT_MEMBERS = 1000
"""So many closed alerts of an incident are remembered one by one; `size` and the spread count all."""
KEPT_ENTRIES = 1000
"""So many entries of the timeline are kept besides its first."""
_ID_BYTES = 8
_SOON = 2
"""The urgency from which an alert of the process speaks of a limit (docs/alerts.md, Grades)."""
_CONFIRMED = 4
"""The urgency of a crossing that a second sensor has confirmed already, which is not counted twice."""


def incident_id(source: str, opened_ns: int, again: int = 0) -> str:
    """Return the id of an incident: the same in a replay. `again` counts those of one source in one nanosecond."""
    name = f"incident|{source}|{opened_ns}" + (f"|{again}" if again else "")
    return hashlib.blake2b(name.encode(), digest_size=_ID_BYTES).hexdigest()


class Member(msgspec.Struct, array_like=True, gc=False):
    """An alert of an incident: its sensor, whether it is of the process, gravest grade and urgency so far, title of its opening."""

    alert: str
    sensor: str
    process: bool
    opened_ns: int
    grade: Grade
    urgency: int
    title: dict[str, str]

    @property
    def bears_out(self) -> bool:
        """Whether it speaks of a limit of the process and nobody has confirmed that yet."""
        return self.process and _SOON <= self.urgency < _CONFIRMED

    @property
    def first_out(self) -> "FirstOut":
        """What is remembered of it where it is the first."""
        return FirstOut(self.alert, self.sensor, self.process, self.opened_ns, self.title)


class FirstOut(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The alert that was first: of the process, or of a transmitter as long as the process has none."""

    alert: str
    sensor: str
    process: bool
    opened_ns: int
    title: dict[str, str]

    def before(self, other: "FirstOut | None") -> bool:
        """Return whether this one is first of the two; at one time the one that is known already stays."""
        if other is None or self.process != other.process:
            return other is None or self.process
        return self.opened_ns < other.opened_ns


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A line of the timeline: an event of an alert, or what a person did.

    Of a person's deed `by` and `text` say who and why, `others` which incidents took part.
    """

    now_ns: int
    what: str
    alert: str | None = None
    sensor: str | None = None
    grade: Grade | None = None
    title: dict[str, str] | None = None
    by: str | None = None
    text: str | None = None
    others: tuple[str, ...] = ()


class Incident(msgspec.Struct, kw_only=True):
    """An open or ended incident; owned and changed by `alerting.incidents.gathering` alone, part of its snapshot.

    `members` are its open alerts, `over` the newest closed ones, oldest first; `size` counts all that ever were.
    `sensors` counts the alerts of each sensor, in the order in which they came in. `witness` is the first sensor of which
    an alert speaks of a limit, `confirmed` whether a second one does. `former` are ids of incidents merged into it.
    `active_ns` is the newest activation, `settled_ns` when the last alert was closed. `ended_ns` is None while it is open.
    """

    id: str
    source: str
    enterprise: str
    opened_ns: int
    active_ns: int
    settled_ns: int
    members: dict[str, Member] = {}
    over: dict[str, Member] = {}
    sensors: dict[str, int] = {}
    size: int = 0
    grade: Grade = Grade.BLUE
    witness: str | None = None
    confirmed: bool = False
    first_out: FirstOut | None = None
    timeline: list[Entry] = []
    left_out: int = 0
    former: list[str] = []
    ended_ns: int | None = None

    def add(self, member: Member, *, closed: bool = False) -> None:
        """Take in an alert."""
        (self.over if closed else self.members)[member.alert] = member
        self.sensors[member.sensor] = self.sensors.get(member.sensor, 0) + 1
        self.size += 1
        if member.first_out.before(self.first_out):
            self.first_out = member.first_out
        self.judge(member)

    def judge(self, member: Member) -> None:
        """Let a member's grade count: the highest so far, and one more from when a second sensor bears it out.

        Borne out is what an alert of the process says about a limit by such an alert of another sensor; a crossing that
        the table of grades counts as confirmed already is not raised again. The grade of an incident never falls.
        """
        self.grade = max(self.grade, member.grade)
        if self.confirmed or not member.bears_out:
            return
        if self.witness is None:
            self.witness = member.sensor
        elif self.witness != member.sensor:
            self.confirmed = True
            self.grade = Grade(min(Grade.RED, self.grade + 1))

    def note(self, entry: Entry) -> None:
        """Put a line into the timeline; beyond the bound the oldest after the first is left out."""
        self.timeline.append(entry)
        if len(self.timeline) > KEPT_ENTRIES + 1:
            del self.timeline[1]
            self.left_out += 1

    def close(self, alert: str) -> None:
        """Note that an alert is over; the oldest that are over are forgotten beyond the bound."""
        self.over[alert] = self.members.pop(alert)
        if len(self.over) > KEPT_MEMBERS:
            del self.over[next(iter(self.over))]

    def why(self) -> dict[str, Any]:
        """Return ``why.incident`` as it is now."""
        return {
            "id": self.id,
            "size": self.size,
            "grade": self.grade.label,
            "first_out": self.first_out_why(),
            "sensors": len(self.sensors),
        }

    def first_out_why(self) -> dict[str, Any]:
        """Return the first-out alarm for people and programs."""
        first = self.first_out
        assert first is not None, "an incident has had an alert"
        return {
            "alert": first.alert,
            "sensor": first.sensor,
            "time": rfc3339(first.opened_ns),
            "title": first.title,
        }


def member_of(event: AlertEvent, now_ns: int) -> Member:
    """Return the alert of an event as a member."""
    return Member(
        alert=event.id,
        sensor=event.sensor or "",
        process=Kind(event.kind).family is Family.PROCESS,
        opened_ns=now_ns,
        grade=GRADE_OF[event.grade],
        urgency=event.why["grade"]["urgency"] or 0,
        title=event.title,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentView:
    """An incident as it stands.

    `sensors` are in the order in which they joined, `open_alerts` and `closed_alerts` (the newest) are ids in that order.
    `timeline` is oldest first; `left_out` entries after its first are kept no more. `former` are ids of incidents that were
    merged into it and that it is found by as well. `ended_ns` is None while it is open.
    """

    id: str
    source: str
    enterprise: str
    opened_ns: int
    ended_ns: int | None
    grade: Grade
    confirmed: bool
    size: int
    first_out: Mapping[str, Any]
    sensors: tuple[str, ...]
    open_alerts: tuple[str, ...]
    closed_alerts: tuple[str, ...]
    timeline: tuple[Entry, ...]
    left_out: int
    former: tuple[str, ...]


def view_of(incident: Incident) -> IncidentView:
    """Return what others may see of an incident."""
    return IncidentView(
        id=incident.id,
        source=incident.source,
        enterprise=incident.enterprise,
        opened_ns=incident.opened_ns,
        ended_ns=incident.ended_ns,
        grade=incident.grade,
        confirmed=incident.confirmed,
        size=incident.size,
        first_out=incident.first_out_why(),
        sensors=tuple(incident.sensors),
        open_alerts=tuple(incident.members),
        closed_alerts=tuple(incident.over),
        timeline=tuple(incident.timeline),
        left_out=incident.left_out,
        former=tuple(incident.former),
    )
