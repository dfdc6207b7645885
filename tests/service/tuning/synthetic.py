"""Sensors whose tails are known."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from registry.readings import ReadingBlock

S = 1_000_000_000
T0 = 1_764_000_000 * S
DAY_S = 86_400


def normal(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.standard_normal(n)


def exponential(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.exponential(size=n) - 1.0


def student(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    return rng.standard_t(4, size=n)


def ar1(rng: np.random.Generator, n: int) -> NDArray[np.float64]:
    """Phi is 0.9, the spread one."""
    noise = rng.standard_normal(n + 200) * np.sqrt(1.0 - 0.9**2)
    return np.asarray(lfilter([1.0], [1.0, -0.9], noise)[200:])


TAILS = {"normal": normal, "exponential": exponential, "student": student, "ar1": ar1}


def block(columns: list[NDArray[np.float64]], step_s: float = 1.0) -> ReadingBlock:
    """Columns of one length, a sensor each, a row each `step_s`."""
    n, sensors = len(columns[0]), len(columns)
    t_ns = T0 + (np.arange(n) * step_s * S).astype(np.int64)
    return ReadingBlock(
        sensor=np.tile(np.arange(sensors, dtype=np.int32), n),
        t_ns=np.repeat(t_ns, sensors),
        value=np.stack(columns, axis=1).ravel(),
        quality=np.zeros(n * sensors, np.uint8),
    )
