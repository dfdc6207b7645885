"""A wind that wanders, second by second, from a stream of random numbers.

The direction and the logarithm of the speed are Ornstein-Uhlenbeck processes about means that the caller gives (the
weather of the hour is theirs). The direction wanders by as much as makes Briggs's ten-minute width out of the
cloud's own: with a the slope of Briggs's curve near the source and s the share of it that is left over the shortest
averaging time, sd = a sqrt(1 - s^2) radians. Puffs in this wind so have, averaged over ten minutes, the width that
Briggs's curves say, as long as they travel for less than the direction's time constant; see docs/gas.md.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import lfilter

from sim.gas.spread import Stability, Terrain, across, dispersion, shortest_s, width_share

Numbers = NDArray[np.float64]


def direction_sd_deg(stability: Stability, terrain: Terrain = "open") -> float:
    """Return by how much the direction wanders; 3.9° in neutral air over open ground."""
    own = width_share(shortest_s())
    return math.degrees(across(stability, terrain).a * math.sqrt(1 - own**2))


def towards(speed_m_s: ArrayLike, from_deg: ArrayLike) -> Numbers:
    """Return wind vectors, east and north in the last axis, of a wind that comes from a direction as people say it."""
    to_rad = np.radians(np.asarray(from_deg, float) + 180.0)
    speed = np.asarray(speed_m_s, float)
    return np.stack((speed * np.sin(to_rad), speed * np.cos(to_rad)), -1)


class Meander:
    """One wind, moved on in steps of one second; what came before is its state.

    The same stream gives the same wind however the seconds are cut into blocks: every second draws two numbers.
    """

    def __init__(self, rng: np.random.Generator, terrain: Terrain = "open") -> None:
        self._rng = rng
        self._terrain = terrain
        law = dispersion()["wander"]
        self._speed_sd = float(law["speed_sd"])
        self._keep = np.exp(-1.0 / np.array([law["direction_tau_s"], law["speed_tau_s"]], float))
        self._state = rng.standard_normal(2) * self._keep

    def block(
        self, mean_speed_m_s: ArrayLike, mean_from_deg: ArrayLike, stability: Stability, seconds: int
    ) -> tuple[Numbers, Numbers]:
        """Return speed (m/s) and direction (degrees it comes from) of the next seconds about the means given.

        Means are single numbers or one a second. The mean of the speed is the one given; gusts are log-normal.
        """
        push = self._rng.standard_normal((seconds, 2)) * np.sqrt(1 - self._keep**2)
        unit = np.empty((seconds, 2))
        for i in (0, 1):
            unit[:, i], left = lfilter([1.0], [1.0, -self._keep[i]], push[:, i], zi=self._state[i : i + 1])
            self._state[i] = left[0]
        gust = np.exp(self._speed_sd * unit[:, 1] - self._speed_sd**2 / 2)
        veer = direction_sd_deg(stability, self._terrain) * unit[:, 0]
        return np.asarray(mean_speed_m_s) * gust, (np.asarray(mean_from_deg) + veer) % 360.0
