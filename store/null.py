"""A store that keeps nothing, for running without one."""

from collections.abc import Sequence

import numpy as np

from store.series import Encoded, Rejection, Series, StoreBatch


class NullStore:
    """Takes everything, gives nothing back."""

    encoding = "none"

    def encode(self, batch: StoreBatch) -> bytes:  # noqa: ARG002 - the protocol's shape
        """Return nothing."""
        return b""

    def send(self, records: Sequence[Encoded]) -> list[Rejection]:  # noqa: ARG002 - the protocol's shape
        """Take the records."""
        return []

    def write(self, batches: Sequence[StoreBatch]) -> None:
        """Take the batches."""

    def read(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:  # noqa: ARG002 - as above
        """Return a series of no points."""
        return Series.raw(np.empty(0, np.int64), np.empty(0))

    def watermark(self) -> int | None:
        """Return None: nothing is ever in this store."""
        return None

    def close(self) -> None:
        """Do nothing."""
