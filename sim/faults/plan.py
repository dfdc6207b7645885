"""What happens at a site and when: the events of every day, drawn from the seed, none overlapping on one sensor.

A day's events are a pure function of site, seed and day, so that any day can be told without those before it.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import cycle, islice

import numpy as np

from sim.faults.families import FAULTS, LOOK_ALIKES, Family
from sim.plant.air import DAY_S, Weather
from sim.plant.operations import Segment
from sim.plant.site import Site
from sim.plant.streams import stream

_HOUR_S = 3600
_TRIES = 600
_ASIDE_DEG = 12.0
"""A release lies within half of this beside the line upwind of its detector."""
_BEFORE_S = 900
"""Quiet that a sensor is given before an event on it."""
_DAY_STREAM = 10_000
_SEVERITIES = (1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fault or look-alike with its place; times in seconds since the start.

    `points` are the sensors that it touches (by number); the truth names some or all of them. `point` is the one that
    it is about, if any. `at_m` is where gas escapes. `luck` is uniform in 0..1 and decides what is left open.
    """

    id: str
    family: Family
    severity: int
    onset_s: float
    end_s: float
    points: tuple[int, ...]
    place: int | None = None
    vessel: int | None = None
    point: int | None = None
    at_m: tuple[float, float] | None = None
    luck: float = 0.5

    @property
    def marked(self) -> bool:
        """Whether the transmitter tells by its quality what is done to it."""
        return any(self.luck < sense.marked for sense in self.family.senses)

    @property
    def sign(self) -> float:
        """Up or down, where that is left open."""
        return math.copysign(1.0, 0.5 - self.luck)

    def of(self, three: tuple[float, float, float]) -> float:
        """Return the figure that belongs to this event's severity."""
        return three[self.severity - 1]

    @property
    def lead_s(self) -> float:
        """How long before the onset the operations turn towards it."""
        return max((hours for hours, _ in self.family.lead), default=0.0) * _HOUR_S

    @property
    def quiet_s(self) -> float:
        """When vessel and sensors are free again."""
        return self.end_s + self.family.settle_h * _HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Every family at every severity `faults` times a day, and as many look-alikes in all when `look_alikes`."""

    faults: int = 1
    look_alikes: bool = True


class Calendar:
    """Who uses which vessel's operations and which sensor, and when."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)

    def take(self, event: Event) -> bool:
        """Take what the event needs, or nothing and return False where any of it is taken."""
        wants = list(_wants(event))
        if any(a < end and start < b for key, start, end in wants for a, b in self._taken[key]):
            return False
        for key, start, end in wants:
            self._taken[key].append((start, end))
        return True


def _wants(event: Event) -> Iterator[tuple[tuple[str, int], float, float]]:
    if event.vessel is not None:
        yield ("operations", event.vessel), event.onset_s - event.lead_s, event.quiet_s
    for point in event.points:
        yield ("sensor", point), event.onset_s - _BEFORE_S, event.quiet_s


def day_events(
    site: Site, seed: int, day: int, *, weather: Weather, campaign: Campaign, fixed: Sequence[Event] = ()
) -> list[Event]:
    """Return what happens on a day beside `fixed`, in order of onset; what finds no room is left out."""
    draws = stream(seed, _DAY_STREAM, day)
    calendar = Calendar()
    for event in fixed:
        calendar.take(event)
    placer = _Placer(site, draws, weather, day)
    events: list[Event] = []
    for family, severity in _order(campaign):
        for _ in range(_TRIES):
            drawn = placer.draw(family, severity, len(events))
            if drawn is not None and calendar.take(drawn):
                events.append(drawn)
                break
    return sorted(events, key=lambda event: (event.onset_s, event.id))


def _order(campaign: Campaign) -> list[tuple[Family, int]]:
    """Return what a day must hold: what touches most first, then what lasts longest, while there is room."""
    wanted = [(family, severity) for family in FAULTS for severity in _SEVERITIES] * campaign.faults
    if campaign.look_alikes:
        shares = sum(family.daily for family in LOOK_ALIKES)
        count = len(wanted)
        each = [
            (family, severity)
            for family in LOOK_ALIKES
            for severity in islice(cycle(_SEVERITIES), math.ceil(family.daily * count / shares))
        ]
        wanted += each[:count]
    first = {"site": 0}

    def key(item: tuple[Family, int]) -> tuple[int, float]:
        family, severity = item
        lead = max((hours for hours, _ in family.lead), default=0.0)
        return first.get(family.target, 1), -(lead + family.hours[severity - 1] + family.settle_h)

    return sorted(wanted, key=key)


class _Placer:
    """Draws time and place of one event after the other."""

    def __init__(self, site: Site, draws: np.random.Generator, weather: Weather, day: int) -> None:
        self._site = site
        self._draws = draws
        self._weather = weather
        self._day = day
        self._vessels = [v.place for v in site.vessels]

    def draw(self, family: Family, severity: int, number: int) -> Event | None:
        """Return an event of the family somewhere in the day, or None where site or hour has no place for it."""
        length = family.hours[severity - 1] * _HOUR_S
        lead = max((hours for hours, _ in family.lead), default=0.0) * _HOUR_S
        first = max(lead, _BEFORE_S) + 60
        last = DAY_S - length - family.settle_h * _HOUR_S - 60
        onset = round(self._day * DAY_S + float(self._draws.uniform(first, max(first, last))), 3)
        luck = float(self._draws.uniform())
        found = targets(self._site, family)
        low_h, high_h = family.between_h or (0.0, 24.0)
        if not found or not low_h <= self._weather.local_h(onset) <= high_h:
            return None
        vessel, point, place, points = found[int(self._draws.integers(len(found)))]
        return Event(
            id=f"{family.kind}-{self._day + 1}-{number + 1}",
            family=family,
            severity=severity,
            onset_s=onset,
            end_s=onset + length,
            points=points,
            place=place,
            vessel=vessel,
            point=point,
            at_m=release_at(self._site, self._weather, point, onset, luck) if family.releases else None,
            luck=luck,
        )


Target = tuple[int | None, int | None, int | None, tuple[int, ...]]
"""Vessel, point, place and the points touched."""


@lru_cache(maxsize=256)
def targets(site: Site, family: Family) -> list[Target]:
    """Return everything at the site that the family can fall on."""
    return _TARGETS[family.target](site, family)


def _vessel_targets(site: Site, family: Family) -> list[Target]:
    found: list[Target] = []
    for i, vessel in enumerate(site.vessels):
        source = site.sources[vessel.place]
        own = [
            n for what in ("level", "pressure", "temperature") for n in site.points_of(i, vessel.place, what)
        ]
        has = {site.points[n].what for n in own}
        if source.kind in family.kinds and has & set(family.names):
            gas = site.points_of(None, vessel.place, "gas") if "gas" in family.names else []
            found.append((i, None, vessel.place, (*own, *gas)))
    return found


def _gas_targets(site: Site, family: Family) -> list[Target]:
    return [
        (None, n, p.place, tuple(site.points_of(None, p.place, "gas")) if family.releases else (n,))
        for n, p in enumerate(site.points)
        if p.what == "gas"
    ]


def _sensor_targets(site: Site, _: Family) -> list[Target]:
    return [
        (p.vessel, n, p.place, (n,))
        for n, p in enumerate(site.points)
        if p.what in {"level", "pressure", "gas"}
    ]


def _gateway_targets(site: Site, _: Family) -> list[Target]:
    return [(None, None, site.points[points[0]].place, points) for points in gateways(site)]


def _site_targets(site: Site, _: Family) -> list[Target]:
    points = tuple(
        n
        for n, p in enumerate(site.points)
        if p.what == "pressure" and p.place is not None and site.sources[p.place].kind == "fixed_roof"
    )
    return [(None, None, None, points)] if points else []


_TARGETS = {
    "vessel": _vessel_targets,
    "gas": _gas_targets,
    "sensor": _sensor_targets,
    "gateway": _gateway_targets,
    "site": _site_targets,
}


def gateways(site: Site) -> list[tuple[int, ...]]:
    """Return the points behind each gateway: a source's detectors and flows, and its vessels by fours."""
    behind: dict[tuple[int, int], list[int]] = defaultdict(list)
    seen: dict[int, int] = defaultdict(int)
    rank: dict[int, int] = {}
    for i, vessel in enumerate(site.vessels):
        rank[i] = seen[vessel.place]
        seen[vessel.place] += 1
    for n, p in enumerate(site.points):
        if p.place is not None:
            behind[p.place, -1 if p.vessel is None else rank[p.vessel] // 4].append(n)
    return [tuple(behind[key]) for key in sorted(behind)]


def release_at(
    site: Site, weather: Weather, point: int | None, onset_s: float, luck: float
) -> tuple[float, float]:
    """Return a place upwind of a detector, 5 to 14 m away and a little to the side, as the wind mostly blows."""
    assert point is not None, "a release falls on a detector"
    target = site.points[point].point
    toward = math.radians(weather.mean_from_deg(onset_s) + (luck - 0.5) * _ASIDE_DEG)
    distance = 5 + 9 * ((luck * 7919) % 1)
    return (
        round(target.x + distance * math.sin(toward), 2),
        round(target.y + distance * math.cos(toward), 2),
    )


def segments_of(site: Site, event: Event) -> list[Segment]:
    """Return what the operations do for an event with a lead or flows of its own; empty where they go on as ever."""
    family = event.family
    if event.vessel is None or not (family.lead or family.flows):
        return []
    flow = site.vessels[event.vessel].flow_m3_h
    lead = [
        Segment(until_s=event.onset_s - after * _HOUR_S, goal=goal)
        for (_, goal), after in zip(family.lead, [hours for hours, _ in family.lead[1:]] + [0.0], strict=True)
    ]
    share_in, share_out = family.flows[event.severity - 1] if family.flows else (0.0, 0.0)
    goal = family.lead[-1][1] if family.flows and share_out else family.aim
    during = Segment(until_s=event.end_s, goal=goal, in_m3_h=share_in * flow, out_m3_h=share_out * flow)
    return [*lead, during, Segment(until_s=event.quiet_s, goal=0.55)]
