"""A scenario of a simulated plant as it is run: the site, its weather, and what happens there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from registry.plant import Text
from sim.faults.plan import Campaign, Event, day_events, release_at
from sim.plant.air import DAY_S, Swing, Weather
from sim.plant.site import Site

_SWING_PA = (500.0, 900.0, 1400.0)


@dataclass(frozen=True, eq=False)
class Practice:
    """A named scenario: a site, events that its file tells, and a campaign that fills every day with more."""

    name: str
    text: Text
    site: Site
    told: tuple[Event, ...] = ()
    campaign: Campaign | None = None

    def events(self, seed: int, start_ns: int, seconds: int) -> Sequence[Event]:
        """Return every event of the days that so many seconds touch, in order of onset; some may begin later."""
        return _events(self, seed, start_ns, -(-seconds // DAY_S))

    def weather(self, seed: int, start_ns: int, seconds: int) -> Weather:
        """Return the weather, with the swings of the barometer that are among the events."""
        return Weather(seed, start_ns, self.site.climate, _swings(self.events(seed, start_ns, seconds)))

    @property
    def names(self) -> tuple[str, ...]:
        """The full ids of the sensors."""
        return tuple(p.point.id for p in self.site.points)


@lru_cache(maxsize=4)
def _events(practice: Practice, seed: int, start_ns: int, days: int) -> tuple[Event, ...]:
    weather = Weather(seed, start_ns, practice.site.climate)
    found = [_upwind(practice.site, weather, event) for event in practice.told]
    if practice.campaign is not None:
        for day in range(days):
            found += day_events(
                practice.site, seed, day, weather=weather, campaign=practice.campaign, fixed=practice.told
            )
    return tuple(sorted(found, key=lambda event: (event.onset_s, event.id)))


def _upwind(site: Site, weather: Weather, event: Event) -> Event:
    """Return the event with the place of its release, where it has one: that depends on the wind, so on the seed."""
    if not event.family.releases:
        return event
    return replace(event, at_m=release_at(site, weather, event.point, event.onset_s, event.luck))


def _swings(events: Sequence[Event]) -> tuple[Swing, ...]:
    return tuple(
        Swing(start_s=event.onset_s, end_s=event.end_s, by_pa=event.of(_SWING_PA) * event.sign)
        for event in events
        if event.family.kind == "barometric_swing"
    )
