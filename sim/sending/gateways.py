"""From readings as they happen to readings as they arrive: polls, broken links, back-fill, wrong clocks, doubles.

Theory of operation: a gateway gathers its readings and sends them as a batch at the end of each poll, whose number k
follows from the time alone. When a batch arrives, and whether again, follows from k, the link's breaks and draws made
in the order of k; never from the readings. So a reading's fate is known when it happens, and any split of the same
readings into calls gives the same arrivals. A batch is whole: nothing comes between its readings.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.recorded import Recorded
from sim.sending.links import Gateway, Link, Outage


class _Held(NamedTuple):
    """Readings on their way: `keys` has four rows (arrival in ns, gateway, copy, number), by which they are ordered."""

    keys: NDArray[np.int64]
    column: NDArray[np.int32]
    t_ns: NDArray[np.int64]
    value: NDArray[np.float64]
    quality: NDArray[np.uint8]

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "_Held":
        """Return some of them, in the order of `rows`."""
        return _Held(
            self.keys[:, rows], self.column[rows], self.t_ns[rows], self.value[rows], self.quality[rows]
        )

    @classmethod
    def joined(cls, parts: Sequence["_Held"]) -> "_Held":
        """Return all of several."""
        return cls(
            np.concatenate([part.keys for part in parts], axis=1),
            np.concatenate([part.column for part in parts]),
            np.concatenate([part.t_ns for part in parts]),
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.quality for part in parts]),
        )


_EMPTY = _Held(
    np.empty((4, 0), np.int64),
    np.empty(0, np.int32),
    np.empty(0, np.int64),
    np.empty(0, np.float64),
    np.empty(0, np.uint8),
)


class Gateways:
    """All gateways of a plant between its transmitters and the broker; what is on its way is their state.

    `gateway_of` holds the index into `gateways` for each column of the readings. `outages` are breaks of links known
    beforehand, of which those of one gateway do not overlap; times are ns since 1970 UTC.
    """

    def __init__(
        self,
        gateways: Sequence[Gateway],
        gateway_of: Sequence[int],
        seed: int,
        start_ns: int,
        outages: Iterable[Outage] = (),
    ) -> None:
        breaks = sorted(outages, key=lambda outage: (outage.gateway, outage.from_ns))
        self._links = [
            Link(gateway, i, seed, start_ns, [o for o in breaks if o.gateway == i])
            for i, gateway in enumerate(gateways)
        ]
        self._gateway_of = np.array(gateway_of, np.int64)
        self._names: tuple[str, ...] = ()
        self._held = _EMPTY
        self._number = 0

    def deliver(self, readings: Recorded) -> Recorded:
        """Take the next readings in the order of their times; return what has arrived before the newest of them."""
        if not len(readings):
            return self._out(_EMPTY)
        assert (np.diff(readings.t_ns) >= 0).all()
        self._names = readings.names
        self._held = _Held.joined([self._held, *self._sent(readings)])
        now = self._held.keys[0] < readings.t_ns[-1]
        ready, self._held = self._held.take(now), self._held.take(~now)
        return self._out(ready)

    def rest(self) -> Recorded:
        """Return what is still on its way, at the end of everything."""
        ready, self._held = self._held, _EMPTY
        return self._out(ready)

    def _sent(self, readings: Recorded) -> Iterator[_Held]:
        numbers = np.arange(self._number, self._number + len(readings))
        self._number += len(readings)
        owner = self._gateway_of[readings.column]
        quality = readings.qualities()
        by_owner = np.argsort(owner, kind="stable")
        owners, starts = np.unique(owner[by_owner], return_index=True)
        for i, rows in zip(owners.tolist(), np.split(by_owner, starts[1:]), strict=True):
            link = self._links[i]
            t_ns = readings.t_ns[rows]
            stamped = link.stamped(t_ns)
            for copy, arrival in enumerate(link.arrivals(t_ns)):
                there = arrival >= 0
                mine = rows[there]
                keys = (arrival[there], np.full(len(mine), i), np.full(len(mine), copy), numbers[mine])
                yield _Held(
                    np.stack(keys),
                    readings.column[mine],
                    stamped[there],
                    readings.value[mine],
                    quality[mine],
                )

    def _out(self, ready: _Held) -> Recorded:
        ready = ready.take(np.lexsort(ready.keys[::-1]))
        return Recorded(
            names=self._names,
            column=ready.column,
            t_ns=ready.t_ns,
            value=ready.value,
            quality=ready.quality,
        )


def delivered(chunks: Iterable[Recorded], gateways: Gateways) -> Iterator[Recorded]:
    """Yield the readings of chunks in the order of their arrival, to the very last."""
    for chunk in chunks:
        arrived = gateways.deliver(chunk)
        if len(arrived):
            yield arrived
    arrived = gateways.rest()
    if len(arrived):
        yield arrived
