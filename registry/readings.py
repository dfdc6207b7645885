"""Readings as the pipeline carries them: columns, one row a reading, in the order they arrived."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray


class Quality(IntEnum):
    """What the transmitter says of its own reading."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingBlock:
    """Readings of any sensors in arrival order; all columns have one length.

    Attributes:
        sensor: dense index of the sensor in its `SensorRegistry`, int32.
        t_ns: event time, ns since 1970 UTC, int64; not ordered, not unique.
        value: in the sensor's own unit, float64; NaN where the sensor sent no value.
        quality: a `Quality`, uint8.
    """

    sensor: NDArray[np.int32]
    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def __post_init__(self) -> None:
        n = len(self.sensor)
        assert len(self.t_ns) == len(self.value) == len(self.quality) == n

    def __len__(self) -> int:
        return len(self.sensor)

    def __getitem__(self, rows: slice) -> Self:
        return type(self)(
            sensor=self.sensor[rows], t_ns=self.t_ns[rows], value=self.value[rows], quality=self.quality[rows]
        )

    @classmethod
    def empty(cls) -> Self:
        """Return a block of no readings."""
        return cls.of([], [], [])

    @classmethod
    def of(
        cls,
        sensor: Iterable[int],
        t_ns: Iterable[int],
        value: Iterable[float],
        quality: Iterable[int] | None = None,
    ) -> Self:
        """Build a block from plain sequences; quality is good where none is given."""
        index = np.fromiter(sensor, np.int32)
        flags = np.zeros(len(index), np.uint8) if quality is None else np.fromiter(quality, np.uint8)
        return cls(
            sensor=index,
            t_ns=np.fromiter(t_ns, np.int64),
            value=np.fromiter(value, np.float64),
            quality=flags,
        )

    @classmethod
    def concat(cls, blocks: Iterable[Self]) -> Self:
        """Return all readings of the blocks, in their order."""
        parts = list(blocks)
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        return cls(
            sensor=np.concatenate([b.sensor for b in parts]),
            t_ns=np.concatenate([b.t_ns for b in parts]),
            value=np.concatenate([b.value for b in parts]),
            quality=np.concatenate([b.quality for b in parts]),
        )
