"""What the step knows of each sensor: its parameters, and its state between readings.

One record a sensor rather than one array a field: a reading touches one sensor, so its fields lie side by side and
cost three or four cache lines instead of twenty (bench/results/ has both layouts measured). For the same reason records
begin at cache lines, and what every reading needs stands first in them. Everything here is plain memory: a snapshot is
these bytes, and restores to the same bits.
"""

from collections.abc import Sequence

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


C_RANGE, C_RATE, C_Z, C_DEAD, C_FORECAST = map(
    condition_of, (Method.OUT_OF_RANGE, Method.RATE, Method.ROBUST_Z, Method.DEAD, Method.FORECAST)
)
C_CUSUM, C_EWMA, C_SEASON, C_NOVELTY = (
    _BEFORE + int(method) for method in (Method.CUSUM, Method.EWMA, Method.SEASON, Method.NOVELTY)
)
C_STUCK, C_BALANCE, C_DRIFT = (
    _BEFORE + int(method) for method in (Method.STUCK, Method.BALANCE, Method.DRIFT)
)
C_UNCERTAIN = _BEFORE + int(Method.UNCERTAIN)
N_CONDITIONS = _BEFORE + len(Method)
"""Conditions of a sensor: one for each limit, then one for each other method in the order of their numbers."""

RING = 32
"""Samples kept of the rate window; a faster sensor's are thinned evenly, so the window stays whole in time."""

SCALES = 3
"""Scales of a course: a block of one is the mean of `MERGED` blocks of the one before."""
MERGED = 4
BLOCKS = 12
"""Blocks of each scale that a slope is seen in, so that the windows are 6, 12, 24, 48, 96 and 192 of the shortest blocks."""
SLOTS = 16
"""Room for them: a power of two finds a place without a division."""

DOUBTED = 1 << 30
"""The bit of `busy` that says that a limit or forecast was told on an uncertain reading and no good one has borne it out yet."""

TANK = 1 << 29
"""The bit of `watch` of a level sensor that tells its equipment's mode; no method has this number."""
MODES = ("unknown", "fill", "hold", "drain", "idle")
UNKNOWN, FILL, HOLD, DRAIN, IDLE = range(len(MODES))

WITHHELD = 2
"""`active` of a forecast that is followed and not told, because such an approach always turned back (detectors.forecast)."""

_LINE_BYTES = 64
_HUGE_BYTES = 1 << 21

NEVER = np.iinfo(np.int64).min
"""A time that has not been yet."""

FOREVER = np.iinfo(np.int64).max
"""A deadline that never comes."""

PARAMS = np.dtype(
    [
        # what every reading needs, together in the first 64 bytes
        ("calm_lo", np.float64),  # above this and below calm_hi no limit is crossed and no range left
        ("calm_hi", np.float64),
        ("z_threshold", np.float64),
        ("z_tau_ns", np.int64),  # time constant of the baseline
        ("sigma_min", np.float64),  # the least spread believed: the transmitter's own resolution
        ("z_warm_samples", np.int32),
        ("z_samples", np.int32),  # consecutive good samples beyond the threshold before it is a finding
        ("watch", np.int32),  # bit m: method m is on, of those that can be switched off
        ("clock_max_s", np.int32),  # event time so far from the clock is wrong; the largest number: never
        ("course_every_ms", np.int32),  # a block of the course is at least this long; 0: no course is kept
        ("_hot_spare", np.int32),
        # what only an abnormal one needs
        ("quiet_lo", np.float64),  # above this and below quiet_hi no limit is crossed
        ("quiet_hi", np.float64),
        ("range_lo", np.float64),
        ("range_hi", np.float64),
        ("rate_limit", np.float64),  # unit per second, either way
        ("rate_window_ns", np.int64),
        ("ring_every_ns", np.int64),  # samples of the rate window lie at least this far apart
        ("limit", np.float64, N_LIMITS),  # NaN: none
        ("deadband", np.float64),
        ("on_delay_ns", np.int64),
        ("off_delay_ns", np.int64),
        # good samples after which a limit no longer waits; 0: no such bound
        ("max_samples", np.int32, N_LIMITS),
        ("dead_after_ns", np.int64),  # silence that means dead; FOREVER: silence means nothing
        ("z_off_ns", np.int64),
        ("_spare", np.int64, 4),  # to whole cache lines
    ],
    align=True,
)
"""Parameters of one sensor that limits, range, rate, robust z and silence need; never written by the step."""

STATE = np.dtype(
    [
        ("last_t_ns", np.int64),  # newest event time, NEVER before the first reading
        ("good_t_ns", np.int64),  # event time of the last good reading
        (
            "heard_now_ns",
            np.int64,
        ),  # the pipeline's clock at the last good reading, or bad one that QUALITY tells of (or at the start)
        ("mean", np.float64),
        ("var", np.float64),
        ("season_ns", np.int64),  # event time before which the season need not be followed
        ("z_count", np.int32),  # samples of the baseline, counted until it is warm
        ("busy", np.int32),  # bit k: condition k is active or on its way in or out
        ("_spare", np.int64),
    ],
    align=True,
)
"""State of one sensor: 64 bytes, one cache line."""

AHEAD = np.dtype(
    [
        ("stale_ns", np.int64),  # a longer gap between readings breaks the course off
        ("step", np.float64),  # the resolution, where no smaller change has been seen
        ("ahead_lo", np.float64),  # at or below it the next lower limit is forecast; -inf: never
        ("ahead_hi", np.float64),  # at or above it the next higher one; inf: never
        ("forecast_s", np.float64),  # a limit that is this near is a finding
        ("urgent_s", np.float64),  # and once more when it is this near
        ("sigmas", np.float64),  # standard errors that a slope has before it is believed
        ("samples", np.int32),  # forecasts in a row before it is a finding
        ("_spare", np.int32),
    ],
    align=True,
)
"""Parameters of one sensor's forecast; the step writes the two bounds where set-points follow a mode."""

TANKS = np.dtype(
    [
        (
            "first",
            np.int32,
        ),  # row of the first level sensor of its equipment, whose record has its mode; -1: none
        ("next", np.int32),  # of a level sensor: the next one of the same equipment, -1: none
        ("moving", np.float64),  # unit per second: slower is at rest
        ("least_ns", np.int64),  # how long a level must have done otherwise before the mode is another
        ("idle_ns", np.int64),  # at rest for longer is idle
        ("settle_ns", np.int64),  # how long charts wait after a change
        ("_spare", np.int64, 3),
    ],
    align=True,
)
"""What one sensor has to do with the mode of its equipment."""

SETPOINTS = np.dtype(
    [
        ("sensor", np.int32),
        ("first", np.int32),  # as in `TANKS`
        ("mode", np.int32),
        ("limit", np.float64, N_LIMITS),
        ("calm_lo", np.float64),
        ("calm_hi", np.float64),
        ("quiet_lo", np.float64),
        ("quiet_hi", np.float64),
        ("ahead_lo", np.float64),
        ("ahead_hi", np.float64),
    ],
    align=True,
)
"""The working limits of one sensor in one mode, and all that follows from them; only sensors that have several."""

WINDOW = np.dtype(
    [
        ("t_ns", np.int64),  # event time of the ring's newest sample, NEVER while it is empty
        ("head", np.int32),  # where that lies
        ("count", np.int32),
    ],
    align=True,
)
"""What is in a sensor's ring of the rate window."""

SAMPLE = np.dtype([("t_ns", np.int64), ("value", np.float64)], align=True)
"""One sample of a rate window's ring, or one block of a course: the means of its times and of its values."""

COURSE = np.dtype(
    [
        # what every reading moves, together in the first 64 bytes
        ("last_t_ns", np.int64),  # time of the newest reading
        ("last", np.float64),  # its value
        ("before", np.float64),  # the value before it
        ("closed_ns", np.int64),  # time of the last reading of the newest whole block
        ("sum", np.float64),  # values of the block that is open
        ("first_ns", np.int64),  # time of the first of them
        ("count", np.int32),  # how many they are
        ("seen", np.int32),  # readings since the course began, counted to 2
        ("nearness", np.float64),  # horizon of the forecast over seconds left, 0 where no limit is forecast
        # what every block moves
        # variance of a block beside its neighbours, at each scale and at the one that would come next
        ("noise_var", np.float64, SCALES + 1),
        ("noise_count", np.int16, SCALES + 1),  # how much it rests on, counted until it is warm
        ("pushed", np.int32, SCALES),  # blocks since the course began
        ("target", np.int32),  # the limit ahead, -1 where none is
        ("step", np.float64),  # the smallest change seen between two readings: the resolution, if it has one
        # what only an approach moves
        ("left_s", np.float64),  # seconds until that limit, infinite where it is not reached
        ("span_s", np.float64),  # the window that says so
        ("slope", np.float64),  # how fast it is approached, unit per second
        ("extreme", np.float64),  # the value nearest to it in this approach
        ("told", np.int32),  # the limit of this approach
        ("urgent", np.int32),  # whether it was told as urgent
        ("turns", np.int32),  # forecasts in a row that say otherwise of that
        ("known", np.int32),  # whether there is any slope to speak of
        # approaches to l and to h that turned back since the last that did not, and the utmost of them
        ("turned", np.int32, 2),
        ("_pad", np.int64),
        ("turned_at", np.float64, 2),
        ("steepest", np.float64, 2),
        ("_spare", np.int64, 4),
    ],
    align=True,
)
"""The recent course of one sensor, beside its blocks: four cache lines."""

MODE = np.dtype(
    [
        ("mode", np.int32),  # what the sensor's own level does
        ("wanted", np.int32),  # what it seems to do now
        ("since_ns", np.int64),  # since when it is in its mode
        ("wanted_ns", np.int64),  # since when it seems to do otherwise, NEVER while it does not
        ("ruling", np.int32),  # of an equipment's first level sensor: the equipment's mode
        ("_pad", np.int32),
        ("changed_ns", np.int64),  # when the equipment's mode last changed, NEVER before it did
        ("_spare", np.int64, 3),
    ],
    align=True,
)
"""The mode of one level sensor, and on the first of an equipment that of the equipment: one cache line."""

CONDITION = np.dtype(
    [
        ("since_ns", np.int64),  # event time at which the pending edge began, NEVER when none is pending
        ("onset_ns", np.int64),  # since when the active condition holds
        ("samples", np.int32),  # good samples of the pending edge
        ("active", np.int32),  # 0 off, 1 on; of a forecast also WITHHELD
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
    return side_by_side([(count, kind)])[0]


def side_by_side(parts: Sequence[tuple[int, np.dtype[np.void]]]) -> list[NDArray[np.void]]:
    """Return zeroed arrays of records, each beginning at a cache line, in one stretch of memory.

    numpy asks for huge pages where an array is large enough; ten smaller ones would each get small pages, and a reading that
    touches ten places would look up ten of them.
    """
    sizes = [-(-count * kind.itemsize // _LINE_BYTES) * _LINE_BYTES for count, kind in parts]
    page = _HUGE_BYTES if sum(sizes) >= _HUGE_BYTES else _LINE_BYTES
    raw = np.zeros(sum(sizes) + page, np.uint8)
    start = -raw.ctypes.data % page
    arrays = []
    for (count, kind), size in zip(parts, sizes, strict=True):
        arrays.append(raw[start : start + count * kind.itemsize].view(kind))
        start += size
    return arrays
