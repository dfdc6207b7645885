"""The demo site's transmitters: noise, drift, zero offset, range and resolution, all points from one random stream.

The order of its draws is part of what a seed of the demo site means; other plants take `sim.sending.transmitters`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.demo import Point

_DRIFT_TAU_S = 120.0


@dataclass(frozen=True, slots=True)
class Character:
    """How transmitters of a kind behave, in the sensor's unit.

    White noise and slow drift by their standard deviations, a share of the reading as further white noise, the
    spread of the zero offset (uniform), and decimals sent.
    """

    noise: float
    drift: float
    share: float
    offset: tuple[float, float]
    decimals: int


_CHARACTERS = {
    ("level", "m"): Character(0.0015, 0.0005, 0.0, (-0.003, 0.003), 3),
    ("pressure", "MPa"): Character(0.0008, 0.0004, 0.0, (-0.002, 0.002), 4),
    ("pressure", "kPa"): Character(0.04, 0.02, 0.0, (-0.05, 0.05), 2),
    ("temperature", "degC"): Character(0.06, 0.04, 0.0, (-0.2, 0.2), 1),
    ("flow", "m3/h"): Character(0.15, 0.05, 0.004, (0.5, 0.9), 1),
    ("gas_combustible", "%LEL"): Character(0.35, 0.25, 0.02, (1.2, 2.6), 1),
    ("gas_toxic", "mg/m3"): Character(0.3, 0.25, 0.02, (1.0, 2.2), 1),
    ("wind_speed", "m/s"): Character(0.15, 0.0, 0.05, (0.0, 0.0), 1),
    ("wind_direction", "deg"): Character(1.5, 0.0, 0.0, (-2.0, 2.0), 0),
    ("valve", "%"): Character(0.08, 0.05, 0.0, (0.3, 0.8), 1),
}


class DemoTransmitters:
    """The transmitters of all points, with a random stream of their own; what they did before is their state."""

    def __init__(self, points: Sequence[Point], rng: np.random.Generator) -> None:
        character = [_CHARACTERS[point.type, point.unit] for point in points]
        self._rng = rng
        self._noise = np.array([c.noise for c in character])
        self._drift_sd = np.array([c.drift for c in character])
        self._share = np.array([c.share for c in character])
        low, high = np.array([c.offset for c in character]).T
        self._offset = rng.uniform(low, high)
        self._scale = 10.0 ** np.array([c.decimals for c in character])
        self._low = np.array([point.range_lo for point in points])
        self._high = np.array([point.range_hi for point in points])
        self._turns = np.array([point.type == "wind_direction" for point in points])
        self._drift = np.zeros(len(points))

    def measure(self, true: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what is sent for true values, one row a second, one column a point."""
        white = self._rng.standard_normal(true.shape) * (self._noise + self._share * np.abs(true))
        value = true + self._offset + white + self._drifted(len(true))
        value[:, self._turns] %= 360.0
        value = np.clip(value, self._low, self._high)
        sent = np.rint(value * self._scale) / self._scale
        return np.asarray(sent + 0.0)

    def _drifted(self, seconds: int) -> NDArray[np.float64]:
        keep = math.exp(-1 / _DRIFT_TAU_S)
        pushes = (
            self._rng.standard_normal((seconds, len(self._drift))) * self._drift_sd * math.sqrt(1 - keep**2)
        )
        rows = np.empty(pushes.shape)
        for i, push in enumerate(pushes):
            self._drift *= keep
            self._drift += push
            rows[i] = self._drift
        return rows
