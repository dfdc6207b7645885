"""Sensor faults and changes of shape, put into a recording at seeded places. Pure: the same seed, the same faults."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bench.truth.normal import Normal
from detectors.findings import Method
from registry.readings import Quality, ReadingBlock

LEARN_SHARE = 0.5
"""A fault begins after so much of a sensor's samples: what it is like must be known by then."""
SAMPLES, LEAST_S = 160, 1500.0
"""How long a fault lasts: so many samples of its sensor, and so many seconds."""
SPIKE_TIMES, STEP_TIMES, NOISE_TIMES, SWING_TIMES = 20.0, 20.0, 3.0, 6.0
"""Sizes, in robust sigma of the sample-to-sample change; of the noise as a factor."""
_TIMES_LONGER = 4
SWING_SAMPLES = 16
"""Samples of a full period of an injected oscillation."""
OFFSET_S = 600.0
NS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Injected:
    """A recording with one fault in one sensor, between two event times of the true clock; readings in arrival order."""

    block: ReadingBlock
    sensor: int
    from_ns: int
    to_ns: int


@dataclass(frozen=True, slots=True)
class Own:
    """What a sensor is like: robust sigma of its changes, sigma of its noise, and the upper end of its range (NaN: none)."""

    sigma: float
    noise: float
    top: float


Columns = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]
"""Event times, values and qualities of the faulty stretch."""


def sigma_of_changes(value: NDArray[np.float64]) -> float:
    """Return the robust sigma of the changes that are changes; 0 where the value never moves."""
    change = np.diff(value[np.isfinite(value)])
    change = np.abs(change[change != 0.0])
    return float(1.4826 * np.median(change)) if len(change) else 0.0


def _noise_of(value: NDArray[np.float64]) -> float:
    bend = np.diff(value[np.isfinite(value)], 2)
    return float(1.4826 * np.median(np.abs(bend)) / math.sqrt(6.0)) if len(bend) else 0.0


def _stuck(t: NDArray[np.int64], v: NDArray[np.float64], q: NDArray[np.uint8], *, own: Own, rng: np.random.Generator) -> Columns:  # fmt: skip
    del own, rng
    return t, np.full(len(v), v[0]), q


def _saturated(t: NDArray[np.int64], v: NDArray[np.float64], q: NDArray[np.uint8], *, own: Own, rng: np.random.Generator) -> Columns:  # fmt: skip
    del rng
    return t, np.full(len(v), own.top), q


def _spike(t: NDArray[np.int64], v: NDArray[np.float64], q: NDArray[np.uint8], *, own: Own, rng: np.random.Generator) -> Columns:  # fmt: skip
    v = v.copy()
    v[0] += rng.choice([-1, 1]) * SPIKE_TIMES * own.sigma
    return t, v, q


def _step(t: NDArray[np.int64], v: NDArray[np.float64], q: NDArray[np.uint8], *, own: Own, rng: np.random.Generator) -> Columns:  # fmt: skip
    return t, v + rng.choice([-1, 1]) * STEP_TIMES * own.sigma, q


def _noisy(t: NDArray[np.int64], v: NDArray[np.float64], q: NDArray[np.uint8], *, own: Own, rng: np.random.Generator) -> Columns:  # fmt: skip
    return t, v + math.sqrt(NOISE_TIMES**2 - 1.0) * own.noise * rng.normal(size=len(v)), q


def _swinging(t: NDArray[np.int64], v: NDArray[np.float64], q: NDArray[np.uint8], *, own: Own, rng: np.random.Generator) -> Columns:  # fmt: skip
    phase = rng.uniform(0, 2 * math.pi)
    wave = np.sin(2 * math.pi * np.arange(len(v)) / SWING_SAMPLES + phase)
    return t, v + SWING_TIMES * own.sigma * wave, q


def _clock(t: NDArray[np.int64], v: NDArray[np.float64], q: NDArray[np.uint8], *, own: Own, rng: np.random.Generator) -> Columns:  # fmt: skip
    """Put the clock back: by ten minutes, or by as many samples."""
    del own, rng
    return t - max(round(OFFSET_S * NS), 64 * int(np.median(np.diff(t)))), v, q


def _bad(t: NDArray[np.int64], v: NDArray[np.float64], q: NDArray[np.uint8], *, own: Own, rng: np.random.Generator) -> Columns:  # fmt: skip
    del own, rng
    return t, v, np.full(len(q), int(Quality.BAD), np.uint8)


FAULTS: Mapping[str, tuple[Callable[..., Columns], Method]] = MappingProxyType(
    {
        "spike": (_spike, Method.SPIKE),
        "step": (_step, Method.STEP),
        "livelier (swings)": (_swinging, Method.VARIANCE),
        "oscillation": (_swinging, Method.OSCILLATION),
        "stuck": (_stuck, Method.STUCK),
        "noise x 3": (_noisy, Method.NOISE),
        "saturated": (_saturated, Method.SATURATION),
        "clock put back": (_clock, Method.CLOCK),
        "bad quality": (_bad, Method.QUALITY),
    }
)
"""What each fault does to a stretch of one sensor, and the method that is to tell it."""


def inject(recording: Normal, sensor: int, fault: str, seed: int) -> Injected | None:
    """Put a fault into one sensor; None where its samples are too few, or never move."""
    block = recording.block
    rows = np.flatnonzero(block.sensor == sensor)
    rows = rows[np.isfinite(block.value[rows])]
    own = Own(
        sigma_of_changes(block.value[rows]),
        _noise_of(block.value[rows]),
        recording.registry.specs[sensor].range_hi,
    )
    pace_s = float(np.median(np.diff(block.t_ns[rows]))) / NS if len(rows) > 1 else math.inf
    samples = max(SAMPLES, math.ceil(LEAST_S / pace_s))
    if (
        len(rows) < _TIMES_LONGER * samples
        or own.sigma == 0.0
        or (fault == "saturated" and math.isnan(own.top))
    ):
        return None
    rng = np.random.Generator(np.random.PCG64([seed, sensor]))
    first = int(rng.integers(int(LEARN_SHARE * len(rows)), len(rows) - samples))
    where = rows[first : first + samples]
    t_ns, value, quality = block.t_ns.copy(), block.value.copy(), block.quality.copy()
    t_ns[where], value[where], quality[where] = FAULTS[fault][0](
        t_ns[where], value[where], quality[where], own=own, rng=rng
    )
    damaged = ReadingBlock(sensor=block.sensor, t_ns=t_ns, value=value, quality=quality)
    return Injected(damaged, sensor, int(block.t_ns[where[0]]), int(block.t_ns[where[-1]]))
