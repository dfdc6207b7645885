"""What every time-series store can do, and what it is given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

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
class Encoded:
    """A batch in the store's own form, which names sensors by id: it outlives a change of the points table.

    `rows` counts the readings and alert events in it.
    """

    seq: int
    rows: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Rejection:
    """`rows` lines that the server refused for good, with its reason; `excerpt` is the first of them, cut."""

    rows: int
    reason: str
    excerpt: bytes


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

    def __len__(self) -> int:
        return len(self.t_ns)

    @classmethod
    def raw(cls, t_ns: NDArray[np.int64], value: NDArray[np.float64]) -> Self:
        """Return readings as they are, nothing merged."""
        return cls(t_ns, value, value, value)


def bucket_ns(start_ns: int, end_ns: int, max_points: int) -> int:
    """Return the length of a bucket with which [start, end) has at most `max_points`, the first one at start."""
    return max(1, -(-(end_ns - start_ns) // max_points))


def downsample(t_ns: NDArray[np.int64], value: NDArray[np.float64], start_ns: int, step_ns: int) -> Series:
    """Merge readings, in time order and none NaN, into buckets of `step_ns` from `start_ns`; empty ones are left out."""
    bucket, first = np.unique((t_ns - start_ns) // step_ns, return_index=True)
    if not len(bucket):
        return Series.raw(t_ns, value)
    count = np.diff(np.append(first, len(value)))
    return Series(
        t_ns=(start_ns + bucket * step_ns).astype(np.int64),
        mean=np.add.reduceat(value, first) / count,
        low=np.minimum.reduceat(value, first),
        high=np.maximum.reduceat(value, first),
    )


class StoreError(Exception):
    """The store could not do it; `retry` says whether the same call may succeed later.

    `retry_after_s` is the server's own wish for how long to wait, None where it has none.
    """

    def __init__(self, message: str, *, retry: bool, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry = retry
        self.retry_after_s = retry_after_s


class TooMuchError(StoreError):
    """The store did not answer in time, or refuses to look at so much at once; it may answer for less."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry=False)


class SeriesReader(Protocol):
    """What series are read from, by any thread."""

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return readings of the full sensor id in [start, end), at most `max_points` buckets; raises `StoreError`."""


class SeriesStore(Protocol):
    """A time-series store. One thread at a time writes; reading from other threads meanwhile is allowed."""

    @property
    def encoding(self) -> str:
        """The name of the form that `encode` gives; what is spooled in one form is never sent in another."""

    def encode(self, batch: StoreBatch) -> bytes:
        """Return the batch in the store's own form; needs no connection."""

    def send(self, records: Sequence[Encoded]) -> list[Rejection]:
        """Write all records durably and return what the server refused for good, or raise `StoreError`.

        Writing a record again changes nothing.
        """

    def write(self, batches: Sequence[StoreBatch]) -> None:
        """Encode and send; raise `StoreError` also where only some lines were refused (the others are stored)."""

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return readings of the full sensor id in [start, end), at most `max_points` buckets."""

    def watermark(self) -> int | None:
        """Return the `seq` up to which everything is known to be in the store, None where it cannot tell."""

    def close(self) -> None:
        """Finish what is under way and let go of the store."""


def encoded(store: SeriesStore, batches: Sequence[StoreBatch]) -> list[Encoded]:
    """Return the batches in the store's own form."""
    return [Encoded(b.seq, len(b.block) + len(b.alerts), store.encode(b)) for b in batches]


def raise_rejections(rejections: Sequence[Rejection]) -> None:
    """Raise what was refused as an error, for callers that have nowhere else to put it."""
    if rejections:
        rows = sum(r.rows for r in rejections)
        raise StoreError(f"{rows} lines were refused, the first: {rejections[0].reason}", retry=False)
