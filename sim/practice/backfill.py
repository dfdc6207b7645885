"""Gateways that lose their connection: what they gathered meanwhile arrives when it is back, all at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.recorded import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Readings of these columns with times in [start, end) arrive at its end."""

    start_ns: int
    end_ns: int
    columns: tuple[int, ...]


class Backfill:
    """Brings blocks of readings from the order of their times into the order of their arrival."""

    def __init__(self, outages: Sequence[Outage]) -> None:
        self._outages = sorted(outages, key=lambda outage: outage.start_ns)
        self._late = Recorded.empty()
        self._late_ns = np.empty(0, np.int64)

    def deliver(self, block: Recorded, until_ns: int) -> Recorded:
        """Return what arrives before `until_ns`, of `block` (whose times are before that) and of what was held back."""
        arrives = block.t_ns.copy()
        for outage in self._outages:
            if outage.start_ns >= until_ns:
                break
            held = (block.t_ns >= outage.start_ns) & (block.t_ns < outage.end_ns)
            if held.any():
                arrives[held & np.isin(block.column, outage.columns)] = outage.end_ns
        self._outages = [outage for outage in self._outages if outage.end_ns > until_ns]
        if not len(self._late) and (arrives == block.t_ns).all():
            return block
        both = Recorded.concat([self._late, block])
        arrives = np.concatenate((self._late_ns, arrives))
        order = np.lexsort((both.column, both.t_ns, arrives))
        now = order[arrives[order] < until_ns]
        later = order[arrives[order] >= until_ns]
        self._late, self._late_ns = _taken(both, later), arrives[later]
        return _taken(both, now)

    def rest(self) -> Recorded:
        """Return what is still held back when the simulation ends: its outages end with it."""
        late, self._late = self._late, Recorded.empty()
        return late


def _taken(readings: Recorded, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Recorded:
    return Recorded(
        names=readings.names,
        column=readings.column[rows],
        t_ns=readings.t_ns[rows],
        value=readings.value[rows],
        quality=readings.qualities()[rows],
    )
