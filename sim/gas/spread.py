"""How wide a cloud is after how far, and how stable the air is. Tables and sources: `sim/data/dispersion.yaml`."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from registry.marks import parse_marked

Stability = Literal["A", "B", "C", "D", "E", "F"]
Terrain = Literal["open", "urban"]
Sky = Literal["strong_sun", "moderate_sun", "slight_sun", "overcast", "cloudy_night", "clear_night"]
Numbers = NDArray[np.float64]

_NEAREST_M, _FURTHEST_M, _POINTS = 1e-3, 1e6, 4000


@cache
def dispersion() -> Mapping[str, Any]:
    """Return the tables of `sim/data/dispersion.yaml`."""
    text = resources.files("sim").joinpath("data/dispersion.yaml").read_text("utf-8")
    marked = parse_marked(text, "dispersion.yaml")
    assert not marked.faults, marked.faults
    data: Mapping[str, Any] = marked.data
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Standard deviation against the distance travelled, sigma = a x (1 + b x)^p, all in metres."""

    a: float
    b: float
    p: float

    def sigma_m(self, travelled_m: Numbers) -> Numbers:
        """Return the standard deviation after a distance."""
        return np.asarray(self.a * travelled_m * (1 + self.b * travelled_m) ** self.p)

    def travelled_m(self, sigma_m: Numbers) -> Numbers:
        """Return after what distance a cloud is so wide, to 1e-4 of it; 0 for no width.

        A curve that levels off (E and F upwards) is never wider than at 1000 km; beyond, the distance is that.
        """
        distance, known = _table(self)
        found = np.exp(np.interp(np.log(np.maximum(sigma_m, known[0])), np.log(known), np.log(distance)))
        return np.where(sigma_m > known[0], found, 0.0)


@cache
def _table(curve: Curve) -> tuple[Numbers, Numbers]:
    distance = np.geomspace(_NEAREST_M, _FURTHEST_M, _POINTS)
    return distance, curve.sigma_m(distance)


@cache
def across(stability: Stability, terrain: Terrain = "open") -> Curve:
    """Return Briggs's curve for the width across the wind, averaged over ten minutes."""
    return _curve(dispersion()["briggs"][terrain]["across"][stability])


@cache
def up(stability: Stability, terrain: Terrain = "open") -> Curve:
    """Return Briggs's curve for the height."""
    return _curve(dispersion()["briggs"][terrain]["up"][stability])


def _curve(row: list[float]) -> Curve:
    a, b, p = row
    return Curve(a=a, b=b, p=p)


def width_share(averaging_s: float) -> float:
    """Return the width across the wind as seen over `averaging_s`, as a share of that over ten minutes."""
    law = dispersion()["averaging"]
    return float((max(averaging_s, law["shortest_s"]) / law["reference_s"]) ** law["power"])


def shortest_s() -> float:
    """Return the averaging time at which all wandering is the wind's, none the cloud's."""
    return float(dispersion()["averaging"]["shortest_s"])


def stability_of(speed_m_s: float, sky: Sky) -> Stability:
    """Return Pasquill's class of the air by the wind's speed at 10 m and the sky."""
    rows: list[tuple[float, Stability]] = dispersion()["pasquill"][sky]
    return next(stability for below_m_s, stability in rows if speed_m_s < below_m_s)
