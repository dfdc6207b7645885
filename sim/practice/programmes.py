"""What the vessels of a scenario do: their usual work, transfers between them, and what events make of it."""

from collections.abc import Sequence

from sim.faults.plan import Event, segments_of
from sim.plant.air import DAY_S
from sim.plant.equipment import Transfer
from sim.plant.operations import Haul, Segment, hauls, normal, overridden, through
from sim.plant.site import Site
from sim.plant.streams import stream

_OPERATIONS, _HAULS = 500, 600


def pairs_of(site: Site, vessels: Sequence[int]) -> list[Transfer]:
    """Return the pipes between neighbours, first with second, third with fourth; numbers count within `vessels`."""
    found = []
    for place, source in enumerate(site.sources):
        mine = (
            [k for k, i in enumerate(vessels) if site.vessels[i].place == place] if source.transfers else []
        )
        found += [
            Transfer(source=a, target=b, flow_m3_h=source.flow_m3_h)
            for a, b in zip(mine[::2], mine[1::2], strict=False)
        ]
    return found


def hauls_of(
    pairs: Sequence[Transfer], vessels: Sequence[int], events: Sequence[Event], seed: int, seconds: int
) -> list[Haul]:
    """Return the transfers of each pair: those within a day that meet no event that needs either vessel's operations.

    Within a day, because the events of the next day may not be known.
    """
    found = []
    for pipe, pair in enumerate(pairs):
        ends = {vessels[pair.source], vessels[pair.target]}
        taken = [(e.onset_s - e.lead_s, e.quiet_s) for e in events if e.vessel in ends]
        draws = stream(seed, _HAULS, vessels[pair.source])
        found += [
            Haul(pipe=pipe, source=pair.source, target=pair.target, start_s=start, end_s=end, m3_h=rate)
            for start, end, rate in hauls(draws, pair.flow_m3_h, seconds)
            if start // DAY_S == end // DAY_S and all(end < a or b < start for a, b in taken)
        ]
    return found


def programme(site: Site, number: int, events: Sequence[Event], seed: int, seconds: int) -> list[Segment]:
    """Return what a vessel does: its usual work, and what events make of it."""
    vessel = site.vessels[number]
    source = site.sources[vessel.place]
    draws = stream(seed, _OPERATIONS, number)
    if vessel.reaction is not None:
        return through(draws, vessel.flow_m3_h, vessel.start, seconds)
    programme = normal(draws, vessel.flow_m3_h, source.volume_m3, source.band, seconds)
    for event in events:
        if event.vessel == number and (segments := segments_of(site, event)):
            programme = overridden(programme, event.onset_s - event.lead_s, segments)
    return programme
