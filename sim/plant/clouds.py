"""Gas in the air around one source: every release of it as its detectors feel it, second by second.

The dispersion itself is `sim.gas`; this is the one place where the plant asks it.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.gas import Plume
from sim.plant.air import Air

Floats = NDArray[np.float64]
_GONE_MG_M3 = 1e-3


class Clouds:
    """What the detectors at `east_m`, `north_m` feel (mg/m3); state goes on from block to block."""

    def __init__(self, east_m: Floats, north_m: Floats) -> None:
        self._east_m, self._north_m = east_m, north_m
        self._plumes: dict[tuple[float, float], Plume] = {}

    def block(self, air: Air, releases: Sequence[tuple[tuple[float, float], Floats]]) -> Floats:
        """Return what each detector feels in each second of `air`, releases being (place, kg/s by the second)."""
        felt = np.zeros((len(air.air_c), len(self._east_m)))
        rates = {at: rate for at, rate in releases if rate.any()}
        for at in rates:
            if at not in self._plumes:
                self._plumes[at] = Plume(self._east_m - at[0], self._north_m - at[1])
        for at, plume in self._plumes.items():
            rate = rates.get(at)
            for i in range(len(felt)):
                g_s = 0.0 if rate is None else 1000 * float(rate[i])
                plume.step(g_s, float(air.wind_m_s[i]), float(air.from_deg[i]))
                felt[i] += plume.felt_mg_m3
        gone = [
            at
            for at, plume in self._plumes.items()
            if at not in rates and plume.felt_mg_m3.max() < _GONE_MG_M3
        ]
        for at in gone:
            del self._plumes[at]
        return felt
