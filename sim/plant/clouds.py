"""Gas in the air around one source: every release of it as its detectors feel it, row by row.

Spreading and the detectors' answer are those of `sim.gas`; this is the one place where the plant asks it.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim.gas.felt import Felt, Kind, detector_kind
from sim.gas.puffs import Puffs
from sim.gas.spread import Sky, Terrain, stability_of
from sim.gas.wind import towards
from sim.plant.air import Air

Floats = NDArray[np.float64]
Place = tuple[float, float]

_HEIGHT_M = 0.5
"""Of releases and detectors above the ground."""
_REACH_M = 120.0
"""Gas this far beyond the source's own ground is of no account for its detectors; sources stand further apart."""
_TERRAIN: Terrain = "urban"
"""Tanks, dikes and pipes stir the air as buildings do."""
_MG_KG = 1e6
_KINDS: dict[str, Kind] = {"gas_combustible": "catalytic", "gas_toxic": "electrochemical"}
_SKIES: tuple[tuple[float, Sky], ...] = (
    (0.0, "cloudy_night"),
    (0.3, "slight_sun"),
    (0.6, "moderate_sun"),
    (1.0, "strong_sun"),
)


class Clouds:
    """What the detectors at `east_m`, `north_m` show, in mg/m3 up to `high_mg_m3`; state goes on from block to block."""

    def __init__(self, east_m: Floats, north_m: Floats, gas_type: str, high_mg_m3: float) -> None:
        self._at_m = np.column_stack((east_m, north_m, np.full(len(east_m), _HEIGHT_M)))
        self._felt = Felt(np.full(len(east_m), detector_kind(_KINDS[gas_type]).t90_s), high_mg_m3)
        self._puffs: dict[Place, Puffs] = {}

    def block(self, air: Air, releases: Sequence[tuple[Place, Floats]], row_s: int) -> Floats:
        """Return what each detector shows every `row_s` seconds of `air`; a release is its place and kg/s by the second."""
        rows = range(0, len(air.air_c), row_s)
        if not len(self._at_m):
            return np.zeros((len(rows), 0))
        rates = {at: rate for at, rate in releases if rate.any()}
        for at in rates:
            if at not in self._puffs:
                self._puffs[at] = Puffs(self._at_m, terrain=_TERRAIN, reach_m=_REACH_M)
        shown = np.zeros((len(rows), len(self._at_m)))
        if not self._puffs and not self._felt.felt.any():
            return shown
        wind = towards(air.wind_m_s, air.from_deg)
        stability = stability_of(float(air.wind_m_s.mean()), _sky(float(air.sun.mean())))
        for k, i in enumerate(rows):
            shown[k] = self._felt.felt
            there = np.zeros(len(self._at_m))
            for at, puffs in self._puffs.items():
                rate = float(rates[at][i]) if at in rates else 0.0
                there += puffs.step(float(row_s), rate, (*at, _HEIGHT_M), wind[i], stability) * _MG_KG
            self._felt.step(float(row_s), there)
        self._puffs = {at: puffs for at, puffs in self._puffs.items() if at in rates or len(puffs)}
        return shown


def _sky(sun: float) -> Sky:
    return next(sky for most, sky in _SKIES if sun <= most)


@lru_cache(maxsize=64)
def downwind_mg_m3(wind_m_s: float, distance_m: float) -> float:
    """Return what a steady release of 1 g/s gives straight downwind in neutral air."""
    puffs = Puffs(np.array([[distance_m, 0.0, _HEIGHT_M]]), terrain=_TERRAIN, reach_m=_REACH_M)
    for _ in range(int(distance_m / wind_m_s) + 10):
        found = puffs.step(1.0, 1e-3, (0.0, 0.0, _HEIGHT_M), (wind_m_s, 0.0), "D")
    return float(found[0]) * _MG_KG
