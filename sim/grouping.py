"""Readings that go into one message together: those of one enterprise that were taken at about the same time; pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

import numpy as np

from sim.recorded import Recorded

MOST_PLANS = 10_000
"""Plans that are remembered: a bound for files whose rows are never alike."""
_MOST_READINGS = 5000
_NS = 1_000_000_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Share:
    """Which of a group of readings are one enterprise's: their places in the group, sensors, and connection."""

    enterprise: str
    places: tuple[int, ...]
    sensors: tuple[str, ...]
    lane: int


@dataclass(frozen=True, slots=True)
class Group:
    """Readings that go together: the share of each enterprise, with the shifted times, values and qualities of all."""

    shares: tuple[Share, ...]
    t_ns: list[int]
    value: list[float]
    quality: list[int] | None
    paced_ns: int


class Grouping:
    """Cuts chunks into groups of readings that were taken at the same time, or within the same `gather_s` seconds.

    Enterprises are dealt out to `lanes` connections in the order in which they first appear, so that all that comes
    from one sensor stays in order. With `single` each reading is a group of its own. With `first_at_ns` all times are shifted so that the first reading has that time.
    """

    def __init__(
        self,
        address_of: Callable[[str], tuple[str, str]],
        *,
        single: bool = False,
        lanes: int = 1,
        gather_s: float = 0.0,
        first_at_ns: int | None = None,
    ) -> None:
        self._address_of = address_of
        self._most = 1 if single else _MOST_READINGS
        self._lanes = lanes
        self._gather_ns = round(gather_s * _NS)
        self._first_at_ns = first_at_ns
        self._shift_ns = 0
        self._lane_of: dict[str, int] = {}
        self._shares: dict[bytes, tuple[Share, ...]] = {}
        self._names: tuple[str, ...] = ()

    def address(self, name: str) -> tuple[str, str, int]:
        """Return the enterprise, sensor and lane of a name."""
        enterprise, sensor = self._address_of(name)
        return enterprise, sensor, self._lane_of.setdefault(enterprise, len(self._lane_of) % self._lanes)

    def groups(self, chunk: Recorded) -> Iterator[Group]:
        """Yield the chunk's groups."""
        if chunk.names != self._names:
            self._names = chunk.names
            self._shares.clear()
        if self._first_at_ns is not None and len(chunk):
            self._shift_ns, self._first_at_ns = self._first_at_ns - int(chunk.t_ns[0]), None
        bucket = chunk.t_ns // self._gather_ns if self._gather_ns else chunk.t_ns
        starts = np.flatnonzero(np.diff(bucket, prepend=bucket[:1] - 1)).tolist()
        t_ns, values = (chunk.t_ns + self._shift_ns).tolist(), chunk.value.tolist()
        quality = None if chunk.quality is None or not chunk.quality.any() else chunk.quality.tolist()
        column = np.ascontiguousarray(chunk.column)
        for lo, hi in pairwise([*starts, len(chunk)]):
            for first in range(lo, hi, self._most):
                last = min(hi, first + self._most)
                yield Group(
                    self._shares_of(column[first:last].tobytes()),
                    t_ns[first:last],
                    values[first:last],
                    None if quality is None else quality[first:last],
                    t_ns[last - 1] - self._shift_ns,
                )

    def _shares_of(self, columns: bytes) -> tuple[Share, ...]:
        """Return how readings of these columns are shared out; the same columns come again and again."""
        shares = self._shares.get(columns)
        if shares is None:
            if len(self._shares) > MOST_PLANS:
                self._shares.clear()
            shares = self._shares[columns] = self._new_shares(np.frombuffer(columns, np.int32).tolist())
        return shares

    def _new_shares(self, columns: Sequence[int]) -> tuple[Share, ...]:
        places: dict[tuple[str, int], list[int]] = {}
        addresses = [self.address(self._names[column]) for column in columns]
        for place, (enterprise, _, lane) in enumerate(addresses):
            places.setdefault((enterprise, lane), []).append(place)
        return tuple(
            Share(enterprise, tuple(mine), tuple(addresses[place][1] for place in mine), lane)
            for (enterprise, lane), mine in places.items()
        )


def taken(column: list[T], share: Share) -> list[T]:
    """Return a share of a group's column."""
    return column if len(column) == len(share.places) else [column[place] for place in share.places]
