"""What really happened in a simulation: every fault and look-alike with the times at which limits were crossed."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.demo import Point, demo_points
from sim.site import BLOCK_S, DEAD, GOOD, LEAKING, NS, PLANNED, STUCK, Plant
from sim.story import Cycle, Story

_LOW = frozenset({"ll", "l"})


def rfc3339(t_ns: int) -> str:
    """Return a time in UTC with milliseconds, as every line of hazwatch has it."""
    whole, rest = divmod(t_ns, NS)
    moment = datetime.fromtimestamp(whole, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest // 1_000_000:03d}Z"


def truth_of_site(seed: int, start_ns: int, seconds: int) -> dict[str, Any]:
    """Return the truth about the first `seconds` of the demo site, in the form of the truth file."""
    plant = Plant(seed, start_ns)
    points = demo_points()
    blocks = [plant.advance(BLOCK_S) for _ in range(-(-seconds // BLOCK_S))]
    true = np.concatenate(blocks)[:seconds] if blocks else np.empty((0, len(points)))
    events = [_timed(event, true, points, start_ns) for event in _events(plant.story, seconds)]
    return {
        "scenario": "demo-site",
        "seed": seed,
        "start": rfc3339(start_ns),
        "end": rfc3339(start_ns + seconds * NS),
        "events": sorted(events, key=lambda event: (str(event["onset"]), str(event["id"]))),
    }


def _events(story: Story, seconds: int) -> Iterator[dict[str, Any]]:
    """Yield the events of all cycles with times still in seconds; those that begin after the end are left out."""
    number = 0
    while True:
        of_cycle = [event for event in _of_cycle(story.cycle(number)) if event["onset"] < seconds]
        if not of_cycle:
            return
        yield from of_cycle
        number += 1


def _of_cycle(cycle: Cycle) -> list[dict[str, Any]]:
    def event(
        kind: str, times: tuple[float, float], sensors: tuple[str, ...], grade: str | None, severity: int
    ) -> dict[str, Any]:
        return {
            "id": f"{kind}-{cycle.number + 1}",
            "kind": kind,
            "severity": severity,
            "fault": grade is not None,
            "onset": times[0],
            "end": times[1],
            "grade": grade,
            "sensors": list(sensors),
            "limits": [],
        }

    return [
        event("stuck_gauge", (cycle.stuck_s, cycle.freed_s), (GOOD, STUCK), "red", 3),
        event("small_release", (cycle.leak_s, cycle.isolated_s), LEAKING, "red", 2),
        event("dead_transmitter", (cycle.dead_s, cycle.alive_s), (DEAD,), "blue", 1),
        event("planned_filling", (cycle.plan_s, cycle.plan_end_s), (PLANNED,), None, 1),
    ]


def _timed(
    event: dict[str, Any], true: NDArray[np.float64], points: tuple[Point, ...], start_ns: int
) -> dict[str, Any]:
    """Fill in when each limit of the event's sensors is crossed, and let the event end when all are within again."""
    onset, end = event["onset"], event["end"]
    crossings = []
    for i, point in enumerate(points):
        if point.id not in event["sensors"]:
            continue
        for name, limit in point.limits:
            beyond = true[:, i] <= limit if name in _LOW else true[:, i] >= limit
            spell = _spell(beyond, onset, end)
            if spell is None:
                continue
            first, last = spell
            crossings.append((_between(true[:, i], first, limit), point.id, name))
            end = max(end, last + 1.0)
    event["limits"] = [
        {"sensor": sensor, "limit_name": name, "time": rfc3339(start_ns + round(t_s * NS))}
        for t_s, sensor, name in sorted(crossings)
    ]
    event["onset"] = rfc3339(start_ns + round(onset * NS))
    event["end"] = rfc3339(start_ns + round(min(end, float(len(true))) * NS))
    return event


def _spell(beyond: NDArray[np.bool_], onset_s: float, end_s: float) -> tuple[int, int] | None:
    """Return the first second beyond the limit between onset and end, and the last before it is within again."""
    first = int(np.ceil(onset_s))
    inside = np.flatnonzero(beyond[first : int(end_s) + 1])
    if not len(inside):
        return None
    within = np.flatnonzero(~beyond[first + int(inside[-1]) :])
    last = first + int(inside[-1]) + (int(within[0]) - 1 if len(within) else len(beyond))
    return first + int(inside[0]), last


def _between(value: NDArray[np.float64], second: int, limit: float) -> float:
    """Return when the limit was passed on the straight line from the second before."""
    if second == 0 or value[second] == value[second - 1]:
        return float(second)
    part = (limit - value[second - 1]) / (value[second] - value[second - 1])
    return second - 1 + float(np.clip(part, 0.0, 1.0))
