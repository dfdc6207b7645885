"""Findings: what a detector saw begin or end on one sensor, as columns and as lines."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Method(IntEnum):
    """Which detector speaks."""

    LIMIT = 0  # a set-point of the points table is crossed
    OUT_OF_RANGE = 1  # the transmitter cannot measure there
    RATE = 2  # changes faster than allowed
    ROBUST_Z = 3  # far from its own recent past
    DEAD = 4  # silent
    FORECAST = 5  # a limit will be reached soon at the present slope
    STUCK = 6  # rests longer than it ever did
    CUSUM = 7  # a small lasting shift, by cumulative sums
    EWMA = 8  # a small lasting shift, by a weighted average
    SEASON = 9  # far from what this time of day is like
    SPIKE = 10  # one sample away and back
    STEP = 11  # away at once, and stays
    VARIANCE = 12  # the process is livelier, or calmer, than it was
    OSCILLATION = 13  # swings regularly
    NOISE = 14  # the transmitter is noisier than it was
    SATURATION = 15  # rests at the end of its range
    CLOCK = 16  # its time stamps are wrong
    QUALITY = 17  # says of itself that it is bad
    T2 = 18  # its group's sensors are together where they never were
    Q = 19  # its group's sensors no longer go together
    VOTE = 20  # M of N sensors of a group agree
    BALANCE = 21  # level, flows and pressure of its tank do not agree
    DRIFT = 22  # leaves its redundant partner
    NOVELTY = 23  # its latest samples are unlike any before
    UNCERTAIN = 24  # says of itself for long that it is not sure

    @property
    def label(self) -> str:
        """The name in a finding line."""
        return self.name.lower()


class Edge(IntEnum):
    """Findings are crossings and recoveries only, never levels."""

    RAISED = 0
    RECOVERED = 1

    @property
    def label(self) -> str:
        """The name in a finding line."""
        return self.name.lower()


NO_LIMIT = -1
"""`limit` of a finding that is not about one of the limits of `registry.sensors.LIMIT_NAMES`."""

NO_PEER = -1
"""`peer_1`, `peer_2` of a finding that names no other sensors."""
ALONE = (NO_PEER, NO_PEER, math.nan, math.nan, math.nan)
"""The last five columns of a finding that names no other sensors."""

FINDING = np.dtype(
    [
        ("now_ns", np.int64),  # the pipeline's clock at the crossing; findings of a block are in this order
        (
            "t_ns",
            np.int64,
        ),  # event time of the reading that crossed; for DEAD the time of the last good reading
        ("onset_ns", np.int64),  # since when the condition holds, event time
        ("sensor", np.int32),
        ("method", np.uint8),
        ("edge", np.uint8),
        ("limit", np.int8),  # index into LIMIT_NAMES, or NO_LIMIT
        ("value", np.float64),  # the sensor's unit; NaN where there is none
        ("statistic", np.float64),  # what was compared: value, rate per second, z, seconds of silence
        ("threshold", np.float64),  # with what
        (
            "forecast_s",
            np.float64,
        ),  # until the next graver limit is reached at the present rate; NaN: no forecast
        ("window_s", np.float64),  # what the statistic looks back on: window or time constant; NaN: none
        ("score", np.float64),  # 0..1, 0.5 is where the profile raises a finding
        # the limit that `limit` names as it was then, which the equipment's mode may have set; NaN where there is none
        ("bound", np.float64),
        (
            "quality",
            np.uint8,
        ),  # `registry.readings.Quality` of the reading that it was found on: good or uncertain
        # T2, Q: share of the statistic that this sensor accounts for, then the two next and theirs; VOTE: two others
        # that agree; DRIFT: the partners that it differs from most; BALANCE: what explains most of it, and how much.
        # NO_PEER and NaN where there is none
        ("peer_1", np.int32),
        ("peer_2", np.int32),
        ("share", np.float32),
        ("peer_1_share", np.float32),
        ("peer_2_share", np.float32),
    ]
)
"""One finding."""


@dataclass(frozen=True, slots=True)
class FindingBlock:
    """Findings in the order in which they happened (`now_ns` never falls); rows of dtype `FINDING`."""

    rows: NDArray[np.void]

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[np.void]:
        return iter(self.rows)

    @classmethod
    def empty(cls) -> Self:
        """Return a block of no findings."""
        return cls(np.empty(0, FINDING))
