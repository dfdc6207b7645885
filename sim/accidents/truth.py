"""What really happened in an accident, in the form of the truth file."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.accidents.model import LIMITS, Accident, Event, Sensor
from sim.accidents.readings import NS
from sim.accidents.signals import Floats, grid_s, true_values
from sim.truth import rfc3339

_LOW = frozenset({"ll", "l"})


def truth_of_accident(accident: Accident, seed: int, start_ns: int, seconds: int) -> dict[str, Any]:
    """Return the truth about the first `seconds`; an event that begins later is left out.

    The event of the accident itself carries `point_of_no_return`, where that lies within `seconds`.
    """
    last_s = min(seconds, accident.length_s)
    true = true_values(accident, seed)
    events = [
        _told(accident, event, true, start_ns, last_s) for event in accident.events if event.onset_s < last_s
    ]
    return {
        "scenario": accident.name,
        "seed": seed,
        "start": rfc3339(start_ns),
        "end": rfc3339(start_ns + last_s * NS),
        "events": sorted(events, key=lambda event: (str(event["onset"]), str(event["id"]))),
    }


def _told(
    accident: Accident, event: Event, true: Mapping[str, Floats], start_ns: int, last_s: int
) -> dict[str, Any]:
    def at(t_s: float) -> str:
        return rfc3339(start_ns + round(t_s * NS))

    t_s = grid_s(accident)
    crossings: list[tuple[float, str, str]] = []
    for sensor in accident.sensors:
        name = f"{accident.enterprise}/{sensor.id}"
        if sensor.id in event.sensors:
            crossings += [
                (when, name, limit)
                for limit in LIMITS
                if (when := _crossed(sensor, limit, true[sensor.reads], t_s, event)) is not None
                and when < last_s
            ]
    told: dict[str, Any] = {
        "id": event.id,
        "kind": event.kind,
        "severity": event.severity,
        "fault": event.fault,
        "onset": at(event.onset_s),
        "end": at(min(event.end_s, last_s)),
        "grade": event.grade,
        "sensors": [f"{accident.enterprise}/{name}" for name in event.sensors],
        "limits": [{"sensor": s, "limit_name": limit, "time": at(t)} for t, s, limit in sorted(crossings)],
    }
    if event.no_return_s is not None and event.no_return_s < last_s:
        told["point_of_no_return"] = at(event.no_return_s)
    return told


def _crossed(sensor: Sensor, limit: str, true: Floats, t_s: Floats, event: Event) -> float | None:
    """Return when the true value is first beyond a limit during the event, by the straight line; None where it never is."""
    if limit not in sensor.limits:
        return None
    beyond = true <= sensor.limits[limit] if limit in _LOW else true >= sensor.limits[limit]
    found = np.flatnonzero(beyond & (t_s >= event.onset_s) & (t_s <= event.end_s))
    if not len(found):
        return None
    i = int(found[0])
    if i == 0 or true[i] == true[i - 1]:
        return float(t_s[i])
    part = (sensor.limits[limit] - true[i - 1]) / (true[i] - true[i - 1])
    return float(t_s[i - 1] + np.clip(part, 0.0, 1.0) * (t_s[i] - t_s[i - 1]))
