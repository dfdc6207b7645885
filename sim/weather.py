"""The air around a site: temperature over the day, sun and cloud, and a meandering wind."""

import math

import numpy as np
from numpy.typing import NDArray

from sim.story import Story

_DAY_S = 86_400
_LOCAL_OFFSET_S = 8 * 3600
_MEAN_C, _SWING_C = 22.0, 5.0
_WARMEST_S = 15 * 3600
_CLOUD_TAU_S, _CLOUD_SD_C = 300.0, 0.5
_GUST_TAU_S, _GUST_SD = 15.0, 0.16
_VEER_TAU_S, _VEER_SD_DEG = 25.0, 3.5
_HARBOUR_FROM_DEG = 120.0


class Weather:
    """Air temperature and the wind at both sites, stepped once a second.

    Attributes:
        air_c: air temperature.
        sun_c: what sun and cloud add to the temperature of a tank's surface.
        speed_m_s, from_deg: wind at the harbour and at the cold store; the direction it comes from.
    """

    def __init__(self, start_ns: int, story: Story) -> None:
        self._local_s = start_ns / 1e9 + _LOCAL_OFFSET_S
        self._story = story
        self._cloud = 0.0
        self._gust = np.zeros(2)
        self._veer = np.zeros(2)
        self.air_c = 0.0
        self.sun_c = 0.0
        self.speed_m_s = np.full(2, 3.0)
        self.from_deg = np.zeros(2)
        self.step(0.0, np.zeros(5))

    def step(self, t_s: float, draw: NDArray[np.float64]) -> None:
        """Move to `t_s` seconds after the start; `draw` holds five standard normal numbers."""
        phase = 2 * math.pi * (self._local_s + t_s - _WARMEST_S) / _DAY_S
        self._cloud = float(_ou(self._cloud, _CLOUD_TAU_S, _CLOUD_SD_C, draw[0]))
        self.air_c = _MEAN_C + _SWING_C * math.cos(phase)
        self.sun_c = self._cloud + 2.0 * max(math.cos(phase), 0.0)
        self._gust = np.asarray(_ou(self._gust, _GUST_TAU_S, _GUST_SD, draw[1:3]))
        self._veer = np.asarray(_ou(self._veer, _VEER_TAU_S, _VEER_SD_DEG, draw[3:5]))
        self.speed_m_s = 3.2 * np.exp(self._gust)
        harbour = _HARBOUR_FROM_DEG + 20 * math.sin(t_s / 700)
        self.from_deg = (np.array([harbour, self._story.wind_from_deg(t_s)]) + self._veer) % 360


def _ou(
    state: float | NDArray[np.float64], tau_s: float, sd: float, draw: float | NDArray[np.float64]
) -> float | NDArray[np.float64]:
    """One second of an Ornstein-Uhlenbeck process with stationary deviation `sd`."""
    keep = math.exp(-1 / tau_s)
    return state * keep + sd * math.sqrt(1 - keep * keep) * draw
