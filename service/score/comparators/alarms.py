"""From a statistic to alarms, for many thresholds in one pass over the readings.

An alarm stands from the first reading at or above the threshold, after `on_delay_s` without a pause, until one below the
sensor's share of it. Alarms of one sensor that follow one another within the merging time are one, as for hazwatch.
A threshold that alarms more often than `MOST_A_DAY` on every sensor is given up: nobody would run it.
"""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from alerting.events import Kind
from service.score.comparators.bursts import Burst
from service.score.episodes import MERGE_S, Episode
from service.score.times import NS

MOST_A_DAY = 20.0
_MERGE_NS = round(MERGE_S * NS)
_DAY_NS = 86_400 * NS
_LEAST_CAP = 1000.0
"""On a short recording a rate says little: so many episodes are always borne."""


@dataclass(slots=True)
class _Row:
    """What one threshold has given: by sensor its spells as opened, ended, opened, …, and since when it is on, else None."""

    threshold: float
    on_ns: list[int | None]
    spells: "list[array[int]]"
    count: int = 0
    given_up: bool = False


class Alarms:
    """The alarms of one statistic at each threshold of its grid."""

    def __init__(
        self,
        grid: NDArray[np.float64],
        release: NDArray[np.float64],
        on_delay_s: NDArray[np.float64],
        most: float,
    ) -> None:
        sensors = len(release)
        self._release = release
        self._delay_ns = np.round(np.nan_to_num(on_delay_s) * NS).astype(np.int64)
        self._rows = [_Row(float(at), [None] * sensors, [array("q") for _ in range(sensors)]) for at in grid]
        self._most = most

    def take(self, burst: Burst, statistic: NDArray[np.float64]) -> None:
        """Take the statistic of a burst."""
        seen = np.isfinite(statistic) | np.isposinf(statistic)
        x, now_ns = (statistic, burst.now_ns) if seen.all() else (statistic[seen], burst.now_ns[seen])
        if not len(x):
            return
        highest, lowest, i = float(x.max()), float(x.min()), burst.sensor
        for row in self._rows:
            if row.given_up:
                continue
            if row.on_ns[i] is None:
                if highest < row.threshold:
                    break  # thresholds rise: no higher one is reached, and what stands at one stands at the lower ones
                self._move(row, i, x, now_ns)
            elif lowest < row.threshold * self._release[i]:
                self._move(row, i, x, now_ns)

    @property
    def thresholds(self) -> tuple[float, ...]:
        """The thresholds that were not given up."""
        return tuple(row.threshold for row in self._rows if not row.given_up)

    def episodes(self, threshold: float, ids: list[str], end_ns: int) -> list[Episode]:
        """Return the alarms of a threshold, of which those that stand end at `end_ns`."""
        row = next(row for row in self._rows if row.threshold == threshold)
        for i, began_ns in enumerate(row.on_ns):
            if began_ns is not None:
                self._note(row, i, began_ns, max(end_ns, began_ns))
                row.on_ns[i] = None
        return [
            Episode(sensor=ids[i], source=None, kind=Kind.ANOMALY, opened_ns=opened_ns, ended_ns=ended_ns)
            for i, spells in enumerate(row.spells)
            for opened_ns, ended_ns in zip(spells[::2], spells[1::2], strict=True)
        ]

    def _move(self, row: _Row, i: int, x: NDArray[np.float64], now_ns: NDArray[np.int64]) -> None:
        up = x >= row.threshold
        told = np.flatnonzero(up | (x < row.threshold * self._release[i]))
        on = up[told]
        changes = np.flatnonzero(on[1:] != on[:-1]) + 1
        if len(on) and bool(on[0]) is not (row.on_ns[i] is not None):
            changes = np.concatenate(([0], changes))
        for place in changes.tolist():
            t_ns = int(now_ns[told[place]])
            began_ns = row.on_ns[i]
            if began_ns is None:
                row.on_ns[i] = t_ns
            else:
                row.on_ns[i] = None
                self._note(row, i, began_ns, t_ns)

    def _note(self, row: _Row, i: int, began_ns: int, ended_ns: int) -> None:
        opened_ns = began_ns + int(self._delay_ns[i])
        if opened_ns > ended_ns:
            return
        spells = row.spells[i]
        if spells and opened_ns - spells[-1] <= _MERGE_NS:
            spells[-1] = ended_ns
            return
        spells.extend((opened_ns, ended_ns))
        row.count += 1
        row.given_up = row.count > self._most


def most_episodes(sensors: int, span_ns: int) -> float:
    """Return how many episodes are the most that a threshold may give over so many sensors and so long."""
    return max(_LEAST_CAP, MOST_A_DAY * sensors * span_ns / _DAY_NS)
