"""Events acting on the plant: each drives the channels that its family names, on its vessel, while it lasts."""

import math
from collections.abc import Callable, Mapping, Sequence

from sim.faults.families import Effect, Scale
from sim.faults.plan import Event
from sim.plant.clouds import downwind_mg_m3
from sim.plant.equipment import Vessel
from sim.plant.network import DISCHARGE, GRAVITY_M_S2, Network
from sim.plant.site import ATMOSPHERE_PA, Site, per_unit_pa
from sim.plant.tables import Figures

_HOUR_S = 3600
_NEAR_M = 10.0


class Acting:
    """Sets the network's troubles at every scan of the control system; `vessels` are the site's numbers of its own."""

    def __init__(self, site: Site, network: Network, vessels: Sequence[int], events: Sequence[Event]) -> None:
        local = {vessel: i for i, vessel in enumerate(vessels)}
        self._network = network
        self._waiting = [e for e in events if e.vessel in local and e.family.effects]
        self._waiting.sort(key=lambda event: event.onset_s, reverse=True)
        self._active: list[Event] = []
        self._local = local
        self._site = site

    def scan(self, t_s: float) -> None:
        """Let what is due begin, go on or end."""
        while self._waiting and self._waiting[-1].onset_s <= t_s:
            self._active.append(self._waiting.pop())
        ended = [event for event in self._active if event.end_s <= t_s]
        for event in ended:
            self._active.remove(event)
            self._drive(event, -1.0)
        for event in self._active:
            self._drive(event, t_s - event.onset_s)

    def _drive(self, event: Event, elapsed_s: float) -> None:
        """Set the event's channels for so long after its onset; before it (negative) they are at rest."""
        assert event.vessel is not None
        vessel = self._site.vessels[event.vessel]
        kind = self._site.sources[vessel.place].kind
        for effect in event.family.effects:
            if not effect.kinds or kind in effect.kinds:
                full = event.of(effect.size) * scale_of(self._site, event.vessel, effect.scale)
                self._network.trouble[effect.channel][self._local[event.vessel]] = full * _ramp(
                    effect, event.severity, elapsed_s
                )


def _ramp(effect: Effect, severity: int, elapsed_s: float) -> float:
    if elapsed_s < 0:
        return 0.0
    ramp_s = effect.ramp_h[severity - 1] * _HOUR_S
    return min(elapsed_s / ramp_s, 1.0) if ramp_s else 1.0


def scale_of(site: Site, number: int, scale: Scale) -> float:
    """Return what 1 of an effect's size is for a vessel, in the channel's own unit."""
    return _SCALES[scale](site, site.vessels[number])


def _hole_m2(site: Site, vessel: Vessel) -> float:
    """Return the hole that empties the full vessel in an hour if the flow stayed as it is at half height."""
    source = site.sources[vessel.place]
    gauge = max(rest_pa(vessel), 0.0)
    speed = math.sqrt(2 * (GRAVITY_M_S2 * vessel.shape.height_m / 2 + gauge / vessel.liquid.density_kg_m3))
    return source.volume_m3 / _HOUR_S / DISCHARGE / speed


def _creep_pa(site: Site, vessel: Vessel) -> float:
    """Return the way from the usual pressure to the second high limit."""
    return _second_limit_pa(site, vessel) - rest_pa(vessel)


def _creep_mol_s(site: Site, vessel: Vessel) -> float:
    """Return the nitrogen that the pressure-vacuum valve just passes at the second high limit."""
    figures = Figures.of([vessel])
    return float(figures.vent_mol_s_pa[0] * (_second_limit_pa(site, vessel) - figures.vent_pa[0]))


def rest_pa(vessel: Vessel) -> float:
    """Return the usual gauge pressure of a vessel."""
    kind = vessel.kind
    if kind.evaporation_s is None:
        return kind.blanket_pa or 0.0
    warm_c = vessel.start_c + (2.0 if kind.sun_k and kind.compressor_pa is None else 0.0)
    return vessel.liquid.vapour_pa(warm_c) + kind.inert_pa - ATMOSPHERE_PA


def _second_limit_pa(site: Site, vessel: Vessel) -> float:
    gauging = site.sources[vessel.place].gauging["pressure"]
    return gauging.limits["hh"] * per_unit_pa(gauging.unit)


_SCALES: Mapping[Scale, Callable[[Site, Vessel], float]] = {
    "share": lambda _, __: 1.0,
    "kelvin": lambda _, __: 1.0,
    "volume_per_h": _hole_m2,
    "creep_pa": _creep_pa,
    "creep_mol_s": _creep_mol_s,
}


def released_kg_s(site: Site, event: Event) -> float:
    """Return the rate of a release: multiples of what brings a detector 10 m downwind to its first limit."""
    assert event.family.releases is not None
    assert event.place is not None
    source = site.sources[event.place]
    limit = source.gauging["gas"].limits["h"] * source.gas_unit_mg_m3
    return event.of(event.family.releases) * limit / downwind_mg_m3(site.climate.wind_m_s, _NEAR_M) / 1000
