"""Readings that were recorded or simulated, in the order in which their source has them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """Some readings in file order: row by row, and within a row in the order of the columns.

    Attributes:
        names: what the source calls its sensors; later chunks of one source keep the places of earlier names
            and may add new ones at the end.
        column: index into `names`, int32.
        t_ns: event time, ns since 1970 UTC, int64; in file order, so not always ascending.
        value: float64; NaN where the source says that the sensor sent no value.
        quality: uint8 (0 good, 1 uncertain, 2 bad, as `registry.readings`), or None where every reading is good.
    """

    names: tuple[str, ...]
    column: NDArray[np.int32]
    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8] | None = None

    def __post_init__(self) -> None:
        assert len(self.column) == len(self.t_ns) == len(self.value)
        assert self.quality is None or len(self.quality) == len(self.value)

    def qualities(self) -> NDArray[np.uint8]:
        """Return the quality of each reading."""
        return np.zeros(len(self), np.uint8) if self.quality is None else self.quality

    def __len__(self) -> int:
        return len(self.column)

    def __getitem__(self, rows: slice) -> Self:
        return type(self)(
            names=self.names,
            column=self.column[rows],
            t_ns=self.t_ns[rows],
            value=self.value[rows],
            quality=None if self.quality is None else self.quality[rows],
        )

    def where(self, kept: NDArray[np.bool_]) -> Self:
        """Return some of the readings, in their order."""
        return type(self)(
            names=self.names,
            column=self.column[kept],
            t_ns=self.t_ns[kept],
            value=self.value[kept],
            quality=None if self.quality is None else self.quality[kept],
        )

    @classmethod
    def empty(cls, names: tuple[str, ...] = ()) -> Self:
        """Return a chunk of no readings."""
        return cls(
            names=names,
            column=np.empty(0, np.int32),
            t_ns=np.empty(0, np.int64),
            value=np.empty(0, np.float64),
        )

    @classmethod
    def concat(cls, chunks: Iterable[Self]) -> Self:
        """Return all readings of chunks of one source, in their order."""
        parts = list(chunks)
        if not parts:
            return cls.empty()
        return cls(
            names=max((part.names for part in parts), key=len),
            column=np.concatenate([part.column for part in parts]),
            t_ns=np.concatenate([part.t_ns for part in parts]),
            value=np.concatenate([part.value for part in parts]),
            quality=None
            if all(part.quality is None for part in parts)
            else np.concatenate([part.qualities() for part in parts]),
        )
