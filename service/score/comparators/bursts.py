"""Readings by sensor, as a comparator takes them: good values in the order in which they came."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.readings import Quality, ReadingBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Some readings of one sensor. `now_ns` is what the clock stood at when each came: the newest event time of all sensors."""

    sensor: int
    now_ns: NDArray[np.int64]
    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]


class Splitter:
    """Cuts blocks into bursts. Late, doubled, bad and empty readings are left out, as hazwatch does not judge them either."""

    def __init__(self, sensors: int) -> None:
        self._now_ns = np.int64(np.iinfo(np.int64).min)
        self._newest = np.full(sensors, np.iinfo(np.int64).min, np.int64)

    def bursts(self, block: ReadingBlock) -> Iterator[Burst]:
        """Yield the bursts of a block by sensor."""
        if not len(block):
            return
        now_ns = np.maximum(np.maximum.accumulate(block.t_ns), self._now_ns)
        self._now_ns = now_ns[-1]
        good = np.isfinite(block.value) & (block.quality < Quality.BAD)
        rows = np.flatnonzero(good)
        rows = rows[np.argsort(block.sensor[rows], kind="stable")]
        sensors = block.sensor[rows]
        cuts = np.flatnonzero(np.diff(sensors)) + 1
        for part in np.split(rows, cuts):
            if len(part):
                burst = self._fresh(int(block.sensor[part[0]]), part, block, now_ns)
                if len(burst.value):
                    yield burst

    def _fresh(
        self, sensor: int, rows: NDArray[np.intp], block: ReadingBlock, now_ns: NDArray[np.int64]
    ) -> Burst:
        t_ns = block.t_ns[rows]
        before = np.maximum.accumulate(np.concatenate([self._newest[sensor : sensor + 1], t_ns]))
        self._newest[sensor] = before[-1]
        fresh = t_ns > before[:-1]
        rows = rows[fresh]
        return Burst(sensor=sensor, now_ns=now_ns[rows], t_ns=t_ns[fresh], value=block.value[rows])
