"""What the step knows of each sensor: its parameters, and its state between readings.

One record a sensor rather than one array a field: a reading touches one sensor, so its fields lie side by side and
cost three or four cache lines instead of twenty (bench/results/ has both layouts measured). For the same reason records
begin at cache lines, and what every reading needs stands first in them. Everything here is plain memory: a snapshot is
these bytes, and restores to the same bits.
"""

import numpy as np
from numpy.typing import NDArray

from detectors.findings import Method
from registry.sensors import LIMIT_NAMES

N_LIMITS = len(LIMIT_NAMES)
LL, L, H, HH, DESIGN = range(N_LIMITS)

_BEFORE = N_LIMITS - 1


def condition_of(method: Method) -> int:
    """Return the number of a method's condition; those of `LIMIT` stand before all others."""
    return _BEFORE + int(method)


C_RANGE, C_RATE, C_Z, C_DEAD = map(
    condition_of, (Method.OUT_OF_RANGE, Method.RATE, Method.ROBUST_Z, Method.DEAD)
)
N_CONDITIONS = _BEFORE + len(Method)
"""Conditions of a sensor: one for each limit, then one for each other method in the order of their numbers."""

RING = 32
"""Samples kept of the rate window; a faster sensor's are thinned evenly, so the window stays whole in time."""

_LINE_BYTES = 64

NEVER = np.iinfo(np.int64).min
"""A time that has not been yet."""

FOREVER = np.iinfo(np.int64).max
"""A deadline that never comes."""

PARAMS = np.dtype(
    [
        # what every reading needs, together in the first 64 bytes
        ("calm_lo", np.float64),  # above this and below calm_hi no limit is crossed and no range left
        ("calm_hi", np.float64),
        ("ring_every_ns", np.int64),  # samples of the rate window lie at least this far apart
        ("z_threshold", np.float64),
        ("z_tau_ns", np.int64),  # time constant of the baseline
        ("sigma_min", np.float64),  # the least spread believed: the transmitter's own resolution
        ("z_warm_samples", np.int32),
        ("z_samples", np.int32),  # consecutive good samples beyond the threshold before it is a finding
        ("watch", np.int32),  # bit m: method m is on, of those that can be switched off
        ("clock_max_s", np.int32),  # event time so far from the clock is wrong; the largest number: never
        # what only an abnormal one needs
        ("quiet_lo", np.float64),  # above this and below quiet_hi no limit is crossed
        ("quiet_hi", np.float64),
        ("range_lo", np.float64),
        ("range_hi", np.float64),
        ("rate_limit", np.float64),  # unit per second, either way
        ("limit", np.float64, N_LIMITS),  # NaN: none
        ("deadband", np.float64),
        ("on_delay_ns", np.int64),
        ("off_delay_ns", np.int64),
        # good samples after which a limit no longer waits; 0: no such bound
        ("max_samples", np.int32, N_LIMITS),
        ("dead_after_ns", np.int64),  # silence that means dead; FOREVER: silence means nothing
        ("rate_window_ns", np.int64),
        ("z_off_ns", np.int64),
        ("_spare", np.int64, 5),  # to whole cache lines
    ],
    align=True,
)
"""Parameters of one sensor that limits, range, rate, robust z and silence need; never written by the step."""

STATE = np.dtype(
    [
        ("last_t_ns", np.int64),  # newest event time, NEVER before the first reading
        ("good_t_ns", np.int64),  # event time of the last good reading
        ("good_now_ns", np.int64),  # the pipeline's clock at the last good reading (or at the start)
        ("mean", np.float64),
        ("var", np.float64),
        ("ring_t_ns", np.int64),  # event time of the ring's newest sample, NEVER while it is empty
        ("z_count", np.int32),  # samples of the baseline, counted until it is warm
        ("ring_head", np.int32),  # where the newest sample lies
        ("ring_count", np.int32),
        ("busy", np.int32),  # bit k: condition k is active or on its way in or out
    ],
    align=True,
)
"""State of one sensor: 64 bytes, one cache line."""

SAMPLE = np.dtype([("t_ns", np.int64), ("value", np.float64)], align=True)
"""One sample of a rate window's ring."""

CONDITION = np.dtype(
    [
        ("since_ns", np.int64),  # event time at which the pending edge began, NEVER when none is pending
        ("onset_ns", np.int64),  # since when the active condition holds
        ("samples", np.int32),  # good samples of the pending edge
        ("active", np.int32),
    ],
    align=True,
)
"""One condition of one sensor: off, pending, on, or pending back."""

CLOCK = np.dtype([("now_ns", np.int64)], align=True)
"""The pipeline's clock."""

FANOUT = 32
"""Sensors of a leaf, and children of a node, of the heap of deadlines (detectors.silence)."""


def at_cache_lines(count: int, kind: np.dtype[np.void]) -> NDArray[np.void]:
    """Return zeroed records whose first begins at a cache line."""
    raw = np.zeros(count * kind.itemsize + _LINE_BYTES, np.uint8)
    start = -raw.ctypes.data % _LINE_BYTES
    return raw[start : start + count * kind.itemsize].view(kind)
