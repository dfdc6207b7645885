"""What an operator's merging and splitting makes of incidents; pure changes of the incidents themselves."""

from collections.abc import Container

from alerting.events import Grade
from alerting.incidents.incident import KEPT_ENTRIES, Incident, Member


def absorb(into: Incident, other: Incident) -> None:
    """Make `into` have all that `other` has: alerts, timeline, the earlier opening, the graver grade and what both confirm."""
    forgotten = _forgotten(into) + _forgotten(other)
    grade, confirmed = max(into.grade, other.grade), into.confirmed or other.confirmed
    _gather(
        into, [*into.members.values(), *other.members.values()], [*into.over.values(), *other.over.values()]
    )
    into.size += forgotten
    # what one of them was raised by already is not counted a second time
    into.grade = grade if confirmed else max(grade, into.grade)
    into.confirmed = confirmed or into.confirmed
    if other.first_out is not None and other.first_out.before(into.first_out):
        into.first_out = other.first_out
    into.opened_ns = min(into.opened_ns, other.opened_ns)
    into.active_ns = max(into.active_ns, other.active_ns)
    entries = sorted([*into.timeline, *other.timeline], key=lambda entry: entry.now_ns)
    gone = max(len(entries) - KEPT_ENTRIES - 1, 0)
    into.timeline = [*entries[:1], *entries[1 + gone :]]
    into.left_out += other.left_out + gone
    into.former += [other.id, *other.former]


def part_off(whole: Incident, part: Incident, leaving: Container[str]) -> None:
    """Move the alerts `leaving`, with their lines of the timeline, to the new incident `part`, and judge both anew."""
    forgotten = _forgotten(whole)
    members, over = list(whole.members.values()), list(whole.over.values())
    _gather(part, [m for m in members if m.alert in leaving], [m for m in over if m.alert in leaving])
    _gather(
        whole, [m for m in members if m.alert not in leaving], [m for m in over if m.alert not in leaving]
    )
    whole.size += forgotten
    assert part.first_out is not None, "at least one alert leaves"
    part.opened_ns = min(m.opened_ns for m in (*part.members.values(), *part.over.values()))
    part.active_ns = whole.active_ns
    part.timeline = [entry for entry in whole.timeline if entry.alert is not None and entry.alert in leaving]
    whole.timeline = [entry for entry in whole.timeline if entry.alert is None or entry.alert not in leaving]


def _gather(incident: Incident, members: list[Member], over: list[Member]) -> None:
    """Let an incident have these alerts and no others, in the order in which they opened.

    An alert that came back late was left behind as over in one incident and is open in another: here it is one, and open.
    """
    of_name = {member.alert: member for member in (*over, *members)}
    still_open = {member.alert for member in members}
    incident.members, incident.over, incident.sensors = {}, {}, {}
    incident.size, incident.grade = 0, Grade.BLUE
    incident.witness, incident.confirmed, incident.first_out = None, False, None
    for member in sorted(of_name.values(), key=lambda member: member.opened_ns):
        incident.add(member, closed=member.alert not in still_open)


def _forgotten(incident: Incident) -> int:
    return incident.size - len(incident.members) - len(incident.over)
