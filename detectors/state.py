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
C_CUSUM, C_EWMA, C_SEASON, C_NOVELTY = (
    _BEFORE + int(method) for method in (Method.CUSUM, Method.EWMA, Method.SEASON, Method.NOVELTY)
)
C_STUCK, C_BALANCE, C_DRIFT = (
    _BEFORE + int(method) for method in (Method.STUCK, Method.BALANCE, Method.DRIFT)
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
        ("rate_window_ns", np.int64),
        ("limit", np.float64, N_LIMITS),  # NaN: none
        ("deadband", np.float64),
        ("on_delay_ns", np.int64),
        ("off_delay_ns", np.int64),
        # good samples after which a limit no longer waits; 0: no such bound
        ("max_samples", np.int32, N_LIMITS),
        ("dead_after_ns", np.int64),  # silence that means dead; FOREVER: silence means nothing
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

LOCATION_PARAMS = np.dtype(
    [
        ("season_z", np.float64),  # deviation from the hour's usual that is a finding, in sigma
        ("rank", np.float64),  # novelty: remembered readings as far out that make one common
        ("memory_ns", np.float64),  # how long novelty remembers, at the least
        ("quiet_ns", np.float64),  # how long what was told is not told again, at the least
        ("off_ns", np.int64),  # how long novelty must be back before it recovers
        ("cusum_k", np.float64),  # reference value: half of the shift, in sigma, that is looked for
        ("cusum_h", np.float64),  # decision interval, in sigma
        ("ewma_weight", np.float64),  # of the newest residual
        ("ewma_width", np.float64),  # limit, in standard deviations of the average
        ("ewma_window_s", np.float64),  # what the average looks back on
        ("_spare", np.int64, 6),
    ],
    align=True,
)
"""Parameters of the methods of location that are not in the first line of `PARAMS`."""

CHART = np.dtype(
    [
        ("before", np.float64),  # the residual before this one, clipped
        ("power", np.float64),  # mean square of the residuals; 0: none yet
        ("product", np.float64),  # mean product of one residual with the next
        ("up", np.float64),  # the two sums of CUSUM
        ("down", np.float64),
        ("average", np.float64),
        ("up_ns", np.int64),  # event time at which a sum left zero
        ("down_ns", np.int64),
    ],
    align=True,
)
"""State of the charts: one cache line, touched only where one of them is on."""

DAY_HOURS = 48
"""The hours of a working day, then those of a week-end day."""
N_SCALES = 4
N_VIEWS, N_FAR = 3, 12
"""Novelty's views of a reading, and how many of the greatest statistics of each it remembers."""

CALENDAR = np.dtype(
    [
        ("last_ns", np.int64),  # event time of the latest reading that was followed
        ("count", np.int64),  # readings that were followed
        ("first_ns", np.int64),  # event time of the first
        ("scan_ns", np.float64),  # usual interval between readings, learnt
        ("level", np.float64),
        ("spread", np.float64),  # mean absolute deviation from the level
        ("compared", np.int64),  # readings whose hour was known
        ("plain_error", np.float64),  # mean absolute deviation of those from the level
        ("hour_error", np.float64),  # and from the hour's usual
        ("usual", np.float32, DAY_HOURS),  # deviation from the level that is usual in each hour
        ("visits", np.uint16, DAY_HOURS),  # readings in each hour, at most 65535
        (
            "z",
            np.float64,
        ),  # the latest reading's deviation from the hour's usual in its spread; NaN: not judged
        ("_spare", np.int64, 2),
    ],
    align=True,
)
"""A sensor's slow level and its hours: 384 bytes, touched only where season or novelty is on."""

NOVEL = np.dtype(
    [
        ("floor", np.float32, N_VIEWS),  # the least of each list; 0 while it is not full
        ("mean", np.float64, N_SCALES),
        ("var", np.float64, N_SCALES),
        ("stat", np.float64, N_VIEWS),  # the views of the latest reading
        ("as_far", np.float64, N_VIEWS),  # how common each is: remembered readings as far out; infinity: many
        ("told_stat", np.float64, N_VIEWS),  # what each view was when it was told; 0: not uncommon then
        ("rarity", np.float64),  # readings among which one is as far out as the latest told or weighed
        ("asked", np.float64),  # readings among which one must be before it is told
        ("told_rank", np.float64),  # how common the last told one was; 0: nothing told yet
        ("told_t_ns", np.int64),
        ("told_now", np.int64),  # 1: the latest reading is told
        ("far", np.float32, (N_VIEWS, N_FAR)),
        ("far_t_ns", np.int64, (N_VIEWS, N_FAR)),
        ("_spare", np.int64, 2),
    ],
    align=True,
)
"""What novelty remembers of a sensor: 640 bytes, touched only where it is on."""

CLOCK = np.dtype([("now_ns", np.int64)], align=True)
"""The pipeline's clock."""

FANOUT = 32
"""Sensors of a leaf, and children of a node, of the heap of deadlines (detectors.silence)."""


def at_cache_lines(count: int, kind: np.dtype[np.void]) -> NDArray[np.void]:
    """Return zeroed records whose first begins at a cache line."""
    raw = np.zeros(count * kind.itemsize + _LINE_BYTES, np.uint8)
    start = -raw.ctypes.data % _LINE_BYTES
    return raw[start : start + count * kind.itemsize].view(kind)
