"""A small seeded tank: what its gauges send while it is filled, drained and left alone, and what may go wrong with it.

Exact mass balance in steps of a second; a level by the tank's shape, the pressure of the column at its bottom, two
level gauges with noise, slow wander, resolution and a zero offset each, two flow meters that are a little wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from registry.plant import Equipment, Plant, Text
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType

S = 1_000_000_000
T0 = 1_764_000_000 * S
Floats = NDArray[np.float64]

HEIGHT_M, FULL_M3_H = 12.0, 400.0
LEVEL_A, LEVEL_B, BOTTOM, INFLOW, OUTFLOW = range(5)


def tank_registry(kind: str = "tank", *, grouped: bool = True) -> SensorRegistry:
    """Return the tank's five sensors, in the order of the indices above."""
    level = SensorSpec(
        id="e/LT-A", sensor="LT-A", enterprise="e", equipment="T-1", type=SensorType.LEVEL, unit="m", range_lo=0,
        range_hi=HEIGHT_M, scan_s=10, group="T-1-level" if grouped else None,
    )  # fmt: skip
    specs = (
        level,
        replace(level, id="e/LT-B", sensor="LT-B"),
        replace(
            level, id="e/PT", sensor="PT", type=SensorType.PRESSURE, unit="kPa", range_hi=160, group=None
        ),
        replace(
            level,
            id="e/FT-I",
            sensor="FT-I",
            type=SensorType.FLOW,
            unit="m3/h",
            range_hi=FULL_M3_H,
            group=None,
        ),
        replace(
            level,
            id="e/FT-O",
            sensor="FT-O",
            type=SensorType.FLOW,
            unit="m3/h",
            range_hi=FULL_M3_H,
            group=None,
        ),
    )
    equipment = Equipment(id="T-1", source="S", name=Text.same("T-1"), kind=kind)
    return SensorRegistry(specs, Plant(equipment=MappingProxyType({"T-1": equipment})))


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong, from `at_s` after the start.

    Attributes:
        leak_m3_h: leaves the tank unmeasured.
        stuck: LT-A goes on sending its last value.
        drift_m_h: LT-A leaves by so much an hour.
        density: the product's density becomes so many times what it was.
    """

    at_s: float = np.inf
    leak_m3_h: float = 0.0
    stuck: bool = False
    drift_m_h: float = 0.0
    density: float = 1.0


SOUND = Faults()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Five columns, one row a second, before they are sampled; and the true flows in m3/h."""

    value: Floats
    inflow: Floats
    outflow: Floats

    def block(self, scan_s: tuple[int, ...] = (10, 10, 10, 5, 5)) -> ReadingBlock:
        """Return the readings in time order, each sensor at its own interval and phase."""
        second = np.arange(len(self.value))
        due = [(second - 3 * k) % scan == 0 for k, scan in enumerate(scan_s)]
        row, column = np.nonzero(np.column_stack(due))
        return ReadingBlock(
            sensor=column.astype(np.int32),
            t_ns=T0 + second[row] * S + column * 10_000_000,
            value=self.value[row, column],
            quality=np.zeros(len(row), np.uint8),
        )


def transfers(rng: np.random.Generator, seconds: int) -> tuple[Floats, Floats]:
    """Return valve openings in and out, 0..1: fill, rest, drain, rest, some hours each, rates of their own."""
    opening = np.zeros((2, seconds))
    at, side = 0, 0
    while at < seconds:
        lasts = int(rng.uniform(2.5, 4.5) * 3600)
        opening[side, at : at + lasts] = rng.uniform(0.5, 0.95)
        at += lasts + int(rng.uniform(1, 6) * 3600)
        side = 1 - side
    stroke = np.ones(30) / 30
    return tuple(np.convolve(row, stroke)[:seconds] for row in opening)  # type: ignore[return-value]  # two rows


def _wander(rng: np.random.Generator, seconds: int, tau_s: float, sigma: float) -> Floats:
    keep = np.exp(-1 / tau_s)
    pushes = rng.normal(0, sigma * np.sqrt(1 - keep**2), seconds)
    out = np.empty(seconds)
    last = 0.0
    for i, push in enumerate(pushes):
        last = keep * last + push
        out[i] = last
    return out


def _upright(share: Floats) -> Floats:
    return share


def _sphere(share: Floats) -> Floats:
    return 3 * share**2 - 2 * share**3


def _lying(share: Floats) -> Floats:
    middle = 1 - 2 * share
    return np.asarray((np.arccos(middle) - middle * np.sqrt(1 - middle**2)) / np.pi)


VOLUME: dict[str, Callable[[Floats], Floats]] = {
    "tank": _upright,
    "sphere": _sphere,
    "horizontal_tank": _lying,
}


def record(
    seed: int, hours: float, faults: Faults = SOUND, *, shape: str = "tank", capacity_m3: float = 1200.0
) -> Recording:
    """Return what the tank's sensors would send every second."""
    rng = np.random.default_rng(seed)
    n = int(hours * 3600)
    second = np.arange(n)
    broken = second >= faults.at_s
    into, away = (FULL_M3_H * row for row in transfers(rng, n))
    hold = capacity_m3 * np.array([0.1, 0.9])
    volume, inflow, outflow = np.empty(n), np.empty(n), np.empty(n)
    now = capacity_m3 * 0.25
    for i in range(n):
        inflow[i] = into[i] if now < hold[1] else 0.0
        outflow[i] = away[i] if now > hold[0] else 0.0
        now += (inflow[i] - outflow[i] - (faults.leak_m3_h if broken[i] else 0.0)) / 3600
        volume[i] = now
    shares = np.linspace(0, 1, 4001)
    share = np.interp(volume / capacity_m3, VOLUME[shape](shares), shares)
    level = HEIGHT_M * share
    density = np.where(broken, faults.density, 1.0) * 0.85
    value = np.column_stack((level, level, 9.81 * density * level, inflow, outflow))
    value[:, LEVEL_A] += faults.drift_m_h / 3600 * np.maximum(second - faults.at_s, 0) if broken.any() else 0
    sigma = np.array([0.0015, 0.0015, 0.05, 0.3, 0.3])
    meter = 1 + np.array([0.0, 0.0, 0.001, 0.004, 0.004]) * rng.standard_normal(5)
    value = value * meter + rng.uniform(-2, 2, 5) * sigma + rng.standard_normal(value.shape) * sigma
    for k in range(5):
        value[:, k] += _wander(rng, n, 1200, sigma[k] / 2)
    value[:, INFLOW:] *= 1 + 0.003 * rng.standard_normal((n, 2))
    value = np.round(value / (resolution := np.array([0.001, 0.001, 0.01, 0.1, 0.1]))) * resolution
    if faults.stuck:
        value[broken, LEVEL_A] = value[int(faults.at_s), LEVEL_A]
    return Recording(value=value, inflow=inflow, outflow=outflow)
