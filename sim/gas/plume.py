"""A small release in the wind as the detectors around it feel it."""

import math

import numpy as np
from numpy.typing import NDArray

_LATERAL_SPREAD = 0.25
_VERTICAL_SPREAD = 0.16
_LEAST_SPREAD_M = 0.3
_DETECTOR_TAU_S = 8.0
"""A first-order detector with this time constant has T90 = 18 s."""


class Plume:
    """Concentration at fixed detectors from one leak near the ground: a Gaussian plume, felt with a lag.

    `east_m` and `north_m` are the detectors' places relative to the leak. The plume's spread grows in proportion
    to the distance, as near-field releases among equipment do. A detector outside the wind's half plane feels
    nothing.
    """

    def __init__(self, east_m: NDArray[np.float64], north_m: NDArray[np.float64]) -> None:
        self._east_m = east_m
        self._north_m = north_m
        self.felt_mg_m3 = np.zeros(len(east_m))

    def step(self, rate_g_s: float, speed_m_s: float, from_deg: float) -> None:
        """Move on by one second in a wind that comes from `from_deg`."""
        there = self.concentration_mg_m3(rate_g_s, speed_m_s, from_deg)
        self.felt_mg_m3 += (there - self.felt_mg_m3) * (1 - math.exp(-1 / _DETECTOR_TAU_S))

    def concentration_mg_m3(self, rate_g_s: float, speed_m_s: float, from_deg: float) -> NDArray[np.float64]:
        """Return the concentration at each detector once the plume has reached it."""
        to_rad = math.radians(from_deg + 180)
        down = self._east_m * math.sin(to_rad) + self._north_m * math.cos(to_rad)
        across = self._east_m * math.cos(to_rad) - self._north_m * math.sin(to_rad)
        lateral = _LATERAL_SPREAD * np.maximum(down, 0) + _LEAST_SPREAD_M
        vertical = _VERTICAL_SPREAD * np.maximum(down, 0) + _LEAST_SPREAD_M
        centre = 1000 * rate_g_s / (math.pi * max(speed_m_s, 0.3) * lateral * vertical)
        return np.where(down > 0, centre * np.exp(-0.5 * (across / lateral) ** 2), 0.0)
