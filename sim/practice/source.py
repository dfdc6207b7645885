"""One hazard source of a running scenario: from the state of its vessels and its air to readings."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.faults.acting import released_kg_s
from sim.faults.plan import Event
from sim.faults.senses import Senses
from sim.plant.air import Air
from sim.plant.clouds import Clouds
from sim.plant.network import Network
from sim.plant.site import Site, SitePoint, per_unit_pa
from sim.plant.streams import BLOCK_S
from sim.sending.transmitters import Transmitters

Floats = NDArray[np.float64]

_SHUT_OFF_PA, _PUMP_DROP_PA, _STANDING_PA = 0.9e6, 0.35e6, 0.25e6
"""An export pump's pressure against a shut valve, what it loses at its full flow, and the line's without it."""
_PUMPED_AT_ONCE, _RUNNING = 2, 0.01
"""Vessels that the export pump is made for, and the share of its flow at which it is known to run."""


class Trace:
    """What the sensors need of the network, one row a scan."""

    def __init__(self, network: Network, rows: int) -> None:
        n = len(network.vessels)
        self.volume_m3, self.gauge_pa, self.temp_c, self.leak_kg_s = (np.zeros((rows, n)) for _ in range(4))
        self.level_m = np.zeros((rows, n))
        self.in_m3_h, self.out_m3_h = np.zeros((rows, n)), np.zeros((rows, n))

    def note(self, network: Network, row: int) -> None:
        """Write down the network as it stands."""
        n = len(network.vessels)
        density = network.figures.density_kg_m3
        self.volume_m3[row] = network.volume_m3()
        self.gauge_pa[row] = network.gauge_pa()
        self.temp_c[row] = network.temperature_c()
        self.leak_kg_s[row] = network.flux.leak_kg_s
        self.in_m3_h[row] = network.flux.pipe_kg_s[:n] / density * 3600
        self.out_m3_h[row] = network.flux.pipe_kg_s[n : 2 * n] / density * 3600


class SourceRun:
    """One source's gas, transmitters and what events do to its readings."""

    def __init__(self, site: Site, place: int, events: Sequence[Event], seed: int) -> None:
        self._site, self._place = site, place
        self._source = site.sources[place]
        self._own = [n for n, p in enumerate(site.points) if owner(p) == place]
        self._points = [site.points[n] for n in self._own]
        self._gas = [i for i, p in enumerate(self._points) if p.what == "gas"]
        self._clouds = Clouds(
            np.array([self._points[i].point.x for i in self._gas]),
            np.array([self._points[i].point.y for i in self._gas]),
            self._source.gas_type,
            max((self._points[i].point.range_hi for i in self._gas), default=0.0)
            * self._source.gas_unit_mg_m3,
        )
        self._events = [e for e in events if e.place == place and e.family.releases]
        self._transmitters = Transmitters([p.point for p in self._points], seed, 0, site.row_s)
        self._senses = Senses(site, self._own, events)

    def true(self, trace: Trace, vessels: Sequence[int], air: Air, row_s: int, second: int) -> Floats:
        """Return the true values, one row a scan, one column a point of this source."""
        rows = len(trace.volume_m3)
        local = {vessel: i for i, vessel in enumerate(vessels)}
        mine = [local[i] for i, v in enumerate(self._site.vessels) if v.place == self._place]
        felt = self._felt(trace, mine, air, row_s, second)
        last = slice(0, None, row_s)
        gas = dict(zip(self._gas, felt.T, strict=True))
        out_m3_h = trace.out_m3_h[:, mine].sum(axis=1)
        values: dict[str, Floats] = {
            "inflow": trace.in_m3_h[:, mine].sum(axis=1),
            "outflow": out_m3_h,
            "header": self._header_pa(out_m3_h),
            "wind_m_s": air.wind_m_s[last],
            "from_deg": air.from_deg[last],
            "air_c": air.air_c[last],
        }
        of_vessel = {"level": trace.level_m, "pressure": trace.gauge_pa, "temperature": trace.temp_c}
        true = np.empty((rows, len(self._points)))
        for i, p in enumerate(self._points):
            if p.vessel is not None:
                true[:, i] = of_vessel[p.what][:, local[p.vessel]]
            else:
                true[:, i] = gas[i] / self._source.gas_unit_mg_m3 if p.what == "gas" else values[p.what]
            if p.point.type == "pressure":
                true[:, i] /= per_unit_pa(p.point.unit)
        return true

    def _header_pa(self, out_m3_h: Floats) -> Floats:
        """Return the pressure behind the export pump: its curve falls with the square of the flow."""
        share = out_m3_h / (self._source.flow_m3_h * _PUMPED_AT_ONCE)
        pumping = _SHUT_OFF_PA - _PUMP_DROP_PA * np.minimum(share, 1.0) ** 2
        return np.where(share > _RUNNING, pumping, _STANDING_PA)

    def _felt(self, trace: Trace, mine: Sequence[int], air: Air, row_s: int, second: int) -> Floats:
        seconds = second + np.arange(BLOCK_S, dtype=np.float64)
        releases = []
        for event in self._events:
            if event.onset_s < seconds[-1] and event.end_s > seconds[0] and event.at_m is not None:
                full = released_kg_s(self._site, event)
                ramp = np.clip(
                    (seconds - event.onset_s) / (event.of(event.family.release_ramp_h) * 3600 + 1), 0, 1
                )
                releases.append((event.at_m, full * ramp * (seconds < event.end_s)))
        share = self._source.liquid.airborne_share
        for i, vessel in zip(mine, (v for v in self._site.vessels if v.place == self._place), strict=True):
            if trace.leak_kg_s[:, i].any():
                releases.append((vessel.at_m, share * np.repeat(trace.leak_kg_s[:, i], row_s)))
        return self._clouds.block(air, releases, row_s)

    def readings(
        self, t_s: Floats, true: Floats
    ) -> tuple[NDArray[np.int64], NDArray[np.int32], Floats, NDArray[np.uint8]]:
        """Return time in ms, point, value and quality of what is sent in these rows, which it may change."""
        mode, mark = self._senses.act(t_s, true)
        sent = self._transmitters.measure(true, mode)
        row, column = np.nonzero(sent.due)
        t_ms = np.rint(t_s * 1000).astype(np.int64)[row] + sent.after_ms[row, column]
        point = np.array(self._own, np.int32)[column]
        return t_ms, point, sent.value[row, column], np.maximum(sent.quality, mark)[row, column]


def owner(p: SitePoint) -> int:
    """Return the source whose run makes a point's readings; the weather's are made by the first."""
    return 0 if p.place is None else p.place
