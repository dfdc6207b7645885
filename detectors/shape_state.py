"""Records of the families that look at sample after sample: shape (detectors.shape) and sensor health (detectors.health).

Three records a sensor: `PULSE`, which every good reading touches; `SHAPE` and `HEALTH`, which one reading in `BLOCK` and
the suspicious ones touch. Apart from the kernels, so that a profile can be read before anything is compiled.
"""

import numpy as np

from detectors.findings import Method
from detectors.state import condition_of

BLOCK = 32
"""Samples of a block: what is learnt of changes, noise and spread is learnt block by block."""

C_STUCK, C_SPIKE, C_STEP, C_VARIANCE, C_OSCILLATION = (
    condition_of(m) for m in (Method.STUCK, Method.SPIKE, Method.STEP, Method.VARIANCE, Method.OSCILLATION)
)
C_NOISE, C_SATURATION, C_CLOCK, C_QUALITY = (
    condition_of(m) for m in (Method.NOISE, Method.SATURATION, Method.CLOCK, Method.QUALITY)
)

HEALTH_BITS = sum(
    1 << condition_of(m)
    for m in (
        Method.OUT_OF_RANGE, Method.DEAD, Method.STUCK, Method.NOISE, Method.SATURATION, Method.CLOCK, Method.QUALITY, Method.DRIFT,
        Method.UNCERTAIN,
    )
)  # fmt: skip
"""The bits of `busy` that stand for the sensor's own health: while one is set, nothing may be learnt from its values."""

PULSE_METHODS = (
    Method.STUCK, Method.NOISE, Method.SPIKE, Method.STEP, Method.VARIANCE, Method.OSCILLATION,
)  # fmt: skip
"""Methods that need what `PULSE` learns; where none of them is on, it is not kept."""

NO_PARTNER = -1
SUSPECT = 8
"""A rest of so many samples is looked at until more is known of the sensor, and always where a partner can tell."""

TAIL_SHARE, TAIL_EXCESS = 0.005, 0.25
"""The tail of the changes before any is known: heavier than a normal one's (0.0014 and 0.09 beyond four mean changes)."""

SHAPE_PARAMS = np.dtype(
    [
        ("spike_false_per_day", np.float64),  # NaN: off, as below
        ("step_false_per_day", np.float64),
        ("variance_false_per_day", np.float64),
        ("oscillation_false_per_day", np.float64),
        ("spike_gap_ns", np.int64),  # no second spike is told before
        ("step_hold_ns", np.int64),  # after that the new level is the level
        ("variance_times", np.float64),  # least change of the spread that counts, as a factor
        ("oscillation_min", np.float64),  # least mean swing that counts, in the sensor's unit
        ("jump_min", np.float64),  # least jump that counts, in the sensor's unit
        ("step_samples", np.int32),  # samples that a step must stay
        ("variance_blocks", np.int32),  # blocks in a row whose spread must have changed
        ("_spare", np.int32, 12),
    ],
    align=True,
)
"""Parameters of spike, step, variance and oscillation of one sensor."""

HEALTH_PARAMS = np.dtype(
    [
        ("stuck_false_per_day", np.float64),  # NaN: off, as below
        ("noise_false_per_day", np.float64),
        ("stuck_times", np.float64),  # by how much the longest known rest must be outlasted
        ("noise_times", np.float64),  # least rise of the noise that counts, as a factor
        ("stuck_min_ns", np.int64),
        ("saturation_lo", np.float64),  # at or below rests at the lower end; -inf: never
        ("saturation_hi", np.float64),
        ("saturation_ns", np.int64),
        ("clock_hold_ns", np.int64),  # how long a clock must have been wrong
        ("bad_ns", np.int64),
        (
            "rest_lo",
            np.float64,
        ),  # at or below, and at or above rest_hi, a rest is no wonder: the end of the range
        ("rest_hi", np.float64),
        ("partner", np.int32),  # the sensor that measures the same at the same place, or NO_PARTNER
        ("saturation_samples", np.int32),
        ("clock_samples", np.int32),
        ("bad_samples", np.int32),
        ("stuck_samples", np.int32),
        ("_pad", np.int32),
        ("uncertain_ns", np.int64),  # uncertain for so long is a finding; FOREVER: never
    ],
    align=True,
)
"""Parameters of the sensor-health methods of one sensor, but for the dead ones."""

PULSE = np.dtype(
    [
        ("prev", np.float64),  # the last good value
        ("prev_change", np.float64),  # the change that led to it
        ("gate", np.float64),  # a change beyond is looked at; infinite until the first block has ended
        ("gap_ns", np.int64),  # after a longer silence everything here begins anew
        ("resolution", np.float64),  # the smallest change seen
        ("sum_change", np.float64),  # of the block: |change|, clipped
        ("sum_bend", np.float64),  # |change of change|, clipped
        ("first", np.float64),  # its first value; the three below are of y = value - first
        ("sum_y", np.float64),
        ("sum_yy", np.float64),
        ("sum_ky", np.float64),  # k: number of the sample in the block
        ("centre", np.float64),  # what the value swings about
        ("swing", np.float64),  # sum of |value - centre| since it crossed the centre
        ("band", np.float64),  # so far beyond the centre it must be to have crossed
        ("count", np.int8),  # samples of the block
        ("zeros", np.int8),  # those that did not change
        ("side", np.int8),  # of the centre: 1, -1, 0 unknown
        ("rest", np.int32),  # samples for which the value has not changed
        ("known_rest", np.int32),  # the longest rest that is believed to be a habit
        ("suspect", np.int32),  # a rest of so many samples is looked at
    ],
    align=True,
)
"""What every good reading changes: 128 bytes, two cache lines."""

SHAPE = np.dtype(
    [
        ("began_ns", np.int64),  # when the block began
        ("pace_ns", np.float64),  # time between samples, 0 until known
        ("scale", np.float64),  # mean |change|
        ("tail_share", np.float64),  # share of the changes beyond the gate
        ("tail_excess", np.float64),  # by how much those are beyond it in the mean, in gates
        ("base", np.float64),  # the value before the jump that is being watched
        ("jump", np.float64),
        ("jump_ns", np.int64),
        ("next_spike_ns", np.int64),
        ("reach_spike", np.float64),  # what the jump had to be larger than to be a spike, or a step
        ("reach_step", np.float64),
        ("step_base", np.float64),  # of the step that is told
        ("step_jump", np.float64),
        ("spread", np.float64),  # mean of ln(variance about its own line) of a block, and its variance
        ("spread_var", np.float64),
        ("crossed_ns", np.int64),  # when the centre was last crossed
        ("half_ns", np.int64),  # the last half period
        ("half_swing", np.float64),  # mean |value - centre| over it
        ("away", np.int32),  # samples since the watched jump, 0: none
        ("regular", np.int32),  # half periods in a row that are alike
        ("blocks", np.int32),  # blocks of the means, counted until they are warm
        ("tails", np.int32),  # changes beyond the gate in this block
        ("_spare", np.int64, 4),
    ],
    align=True,
)
"""What is learnt of a sensor's changes, and the jump and the oscillation that are being watched: 192 bytes."""

HEALTH = np.dtype(
    [
        ("noise", np.float64),  # mean of ln(noise) of a block, and its variance
        ("noise_var", np.float64),
        ("repeats", np.float64),  # share of samples that repeat the one before
        ("rest_ns", np.int64),  # since when a suspicious rest lasts, NEVER: there is none
        ("partner_at", np.float64),  # the partner's value when the rest became suspicious; NaN: it is not
        ("late_now_ns", np.int64),  # clock, and the sensor's newest time, when readings began to be late
        ("late_last_ns", np.int64),
        ("late_t_ns", np.int64),  # event time of the first of those
        ("off_now_ns", np.int64),  # clock and event time when the offset began to be too large
        ("off_t_ns", np.int64),
        ("off_last_ns", np.int64),  # event time of the last such reading
        ("bad_t_ns", np.int64),  # event time of the first bad reading in a row
        ("late", np.int32),
        ("off", np.int32),
        ("sound", np.int32),  # good clocks in a row since the clock was told wrong
        ("bad", np.int32),  # bad readings in a row
        ("good", np.int32),  # good ones in a row since it was told bad
        ("limit", np.int32),  # samples that a rest must reach to be stuck; 0: not known yet
        ("moves", np.int32),  # changes of value, counted up to what warms up
        ("_spare", np.int32),
    ],
    align=True,
)
"""What is learnt of a sensor's rest and noise, and what its clock and quality did: 128 bytes."""
