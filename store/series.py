"""What every time-series store can do, and what it is given."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from alerting.events import AlertEvent
from registry.readings import ReadingBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreBatch:
    """What one journal entry gives to the store: readings with their scores, and alert events.

    `seq` is the journal's number of the entry; a store that has `seq` has everything before it. Doubled readings
    are already left out. `score` has one value a reading, NaN where the reading was stored but not detected on.
    """

    seq: int
    block: ReadingBlock
    score: NDArray[np.float64]
    alerts: tuple[AlertEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """Readings of one sensor over a range, downsampled: one row a bucket, in time order.

    Attributes:
        t_ns: start of each bucket, or the reading's own time where nothing was merged.
        mean, low, high: of the bucket, in the sensor's unit.
    """

    t_ns: NDArray[np.int64]
    mean: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


class StoreError(Exception):
    """The store could not do it; `retry` says whether the same call may succeed later."""

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry


class SeriesStore(Protocol):
    """A time-series store; called from one thread at a time."""

    def write(self, batches: list[StoreBatch]) -> None:
        """Write all batches durably, or raise `StoreError`; writing a batch again changes nothing."""

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return readings of the full sensor id in [start, end), at most `max_points` buckets."""

    def watermark(self) -> int | None:
        """Return the `seq` up to which everything is known to be in the store, None where it cannot tell."""

    def close(self) -> None:
        """Finish what is under way and let go of the store."""
