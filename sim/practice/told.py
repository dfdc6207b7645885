"""The events that a scenario file tells one by one."""

import math
from collections.abc import Sequence

from registry.entries import Entry
from sim.faults.families import BY_KIND, Family
from sim.faults.plan import Calendar, Event, Target, targets
from sim.plant.site import Site
from sim.practice.values import choice, known, needed, number, whole

_KEYS = ("what", "severity", "at_h", "for_h", "vessel", "sensor")
_HOUR_S = 3600


def events_told(root: Entry, site: Site) -> list[Event]:
    """Return the events of the list `events`; notes every fault of every event."""
    calendar = Calendar()
    found = []
    for count, entry in enumerate(root.entries("events", "a list of events")):
        event = _event(entry, site, count + 1)
        if event is None:
            continue
        if not calendar.take(event):
            entry.fault(
                "at_h",
                f"{event.family.kind} meets another event on the same vessel or sensor",
                "another time",
            )
        found.append(event)
    return found


def _event(entry: Entry, site: Site, count: int) -> Event | None:
    entry.check_keys(_KEYS)
    what = choice(entry, "what", tuple(BY_KIND))
    vessel = known(entry, "vessel", {vessel.name: i for i, vessel in enumerate(site.vessels)})
    sensor = known(entry, "sensor", {p.point.sensor: i for i, p in enumerate(site.points)})
    severity = whole(entry, "severity", 1, 3, 2)
    at_h = needed(entry, "at_h", 0, 1e5)
    if what is None or math.isnan(at_h):
        return None
    family = BY_KIND[what]
    for_h = number(entry, "for_h", 1e-3, 1e4, family.hours[severity - 1])
    fitting = _fitting(targets(site, family), vessel, sensor)
    if not fitting:
        place = entry.raw("sensor") or entry.raw("vessel") or "this site"
        entry.fault("what", f"{what} cannot happen at {place}", _allowed(family))
        return None
    lead_h = max((hours for hours, _ in family.lead), default=0.0)
    if at_h < lead_h:
        entry.fault("at_h", f"{what} at {at_h:g} h leaves no time to lead there", f"at least {lead_h:g} h")
    of_vessel, point, place_number, touched = fitting[0]
    return Event(
        id=f"{what}-told-{count}",
        family=family,
        severity=severity,
        onset_s=at_h * _HOUR_S,
        end_s=(at_h + for_h) * _HOUR_S,
        points=touched,
        place=place_number,
        vessel=of_vessel,
        point=point,
        luck=0.25,
    )


def _fitting(all_: Sequence[Target], vessel: int | None, sensor: int | None) -> list[Target]:
    """Return the targets at the vessel and with the sensor that an entry names, if it names any."""
    return [
        target
        for target in all_
        if (vessel is None or target[0] == vessel) and (sensor is None or sensor in (target[1], *target[3]))
    ]


def _allowed(family: Family) -> str:
    return f"a {family.target} of {', '.join(family.kinds) or 'any kind'}"
