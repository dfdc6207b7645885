"""The air around a plant: warmth and sun over the day, cloud, barometer and a meandering wind, by blocks."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from sim.plant.streams import BLOCK_S, stream

Floats = NDArray[np.float64]

DAY_S = 86_400
STANDARD_PA = 101_325.0
_NOON_S, _WARMEST_S = 12 * 3600, 15 * 3600
_BAROMETER_PERIODS_S = (12 * 3600.0, 61 * 3600.0, 113 * 3600.0)
_BAROMETER_PA = (70.0, 350.0, 450.0)
"""The tide of the air twice a day, and passing weather."""
_WIND_PERIODS_S = (5.3 * 3600.0, 17.0 * 3600.0, 71.0 * 3600.0)
_WIND_DEG = (12.0, 25.0, 50.0)
_CLOUD = (900.0, 0.25)
_GUST = (20.0, 0.18)
_VEER = (30.0, 6.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """What the weather is like: mean of the air and half its daily range, mean wind, zone of the local time."""

    mean_c: float = 22.0
    swing_c: float = 5.0
    wind_m_s: float = 3.2
    from_deg: float = 120.0
    zone_h: float = 8.0


@dataclass(frozen=True, slots=True)
class Air:
    """Second by second: air temperature, sun (0 night, 1 clear noon), air pressure, wind and where it comes from."""

    air_c: Floats
    sun: Floats
    atm_pa: Floats
    wind_m_s: Floats
    from_deg: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Swing:
    """A passing front: the air pressure goes to `by_pa` and back between two times, as a smooth bump."""

    start_s: float
    end_s: float
    by_pa: float


class Weather:
    """The air of one place, block by block in order; a pure function of its arguments."""

    def __init__(self, seed: int, start_ns: int, climate: Climate, swings: tuple[Swing, ...] = ()) -> None:
        self._climate = climate
        self._swings = swings
        self._local_s = start_ns / 1e9 + climate.zone_h * 3600
        draws = stream(seed, 1)
        self._tide = draws.uniform(0, 2 * math.pi, 3)
        self._turn = draws.uniform(0, 2 * math.pi, 3)
        self._noise = stream(seed, 2)
        self._second = 0
        self._state = np.zeros(3)

    def local_h(self, t_s: float) -> float:
        """Return the hour of the day at the site."""
        return (self._local_s + t_s) % DAY_S / 3600

    def mean_from_deg(self, t_s: float) -> float:
        """Return where the wind comes from at a time, without its gusts."""
        turn = sum(
            amplitude * math.sin(2 * math.pi * t_s / period + phase)
            for amplitude, period, phase in zip(_WIND_DEG, _WIND_PERIODS_S, self._turn, strict=True)
        )
        return (self._climate.from_deg + float(turn)) % 360

    def block(self) -> Air:
        """Return the next `BLOCK_S` seconds."""
        t = self._second + np.arange(BLOCK_S, dtype=np.float64)
        self._second += BLOCK_S
        cloud, gust, veer = self._wander()
        clock = (self._local_s + t) % DAY_S
        height = np.maximum(np.cos(2 * math.pi * (clock - _NOON_S) / DAY_S), 0.0)
        sun = height * np.clip(0.75 + cloud, 0.1, 1.0)
        air = self._climate.mean_c + self._climate.swing_c * np.cos(
            2 * math.pi * (clock - _WARMEST_S) / DAY_S
        )
        turn = [self.mean_from_deg(float(t[0])), self.mean_from_deg(float(t[-1]))]
        bend = (turn[1] - turn[0] + 180) % 360 - 180
        return Air(
            air_c=air + cloud,
            sun=sun,
            atm_pa=self._barometer(t),
            wind_m_s=np.asarray(self._climate.wind_m_s * np.exp(gust)),
            from_deg=(turn[0] + bend * np.linspace(0, 1, BLOCK_S) + veer) % 360,
        )

    def _barometer(self, t: Floats) -> Floats:
        pa = np.full(len(t), STANDARD_PA)
        for amplitude, period, phase in zip(_BAROMETER_PA, _BAROMETER_PERIODS_S, self._tide, strict=True):
            pa += amplitude * np.sin(2 * math.pi * t / period + phase)
        for swing in self._swings:
            if swing.start_s < t[-1] and t[0] < swing.end_s:
                share = np.clip((t - swing.start_s) / (swing.end_s - swing.start_s), 0, 1)
                pa += swing.by_pa * np.sin(math.pi * share) ** 2
        return pa

    def _wander(self) -> list[Floats]:
        """Return cloud, gust and veer: Ornstein-Uhlenbeck processes that go on from block to block."""
        draws = self._noise.standard_normal((3, BLOCK_S))
        found = []
        for i, (tau_s, sd) in enumerate((_CLOUD, _GUST, _VEER)):
            keep = math.exp(-1 / tau_s)
            pushes = draws[i] * sd * math.sqrt(1 - keep * keep)
            rows, _ = lfilter([1.0], [1.0, -keep], pushes, zi=[keep * self._state[i]])
            self._state[i] = rows[-1]
            found.append(np.asarray(rows))
        return found
