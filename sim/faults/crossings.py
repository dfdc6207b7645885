"""When true values pass their limits: every passing of every limit, found block by block."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.plant.site import SitePoint

Floats = NDArray[np.float64]

LOW = frozenset({"ll", "l"})
FELT = "felt"
"""Not a limit: a gas detector really feels something, this share of its range."""
_FELT_SHARE = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A true value went beyond a limit, or came back; by a straight line between two rows. `point` by number."""

    t_s: float
    point: int
    limit: str
    beyond: bool


class Watch:
    """Watches the limits of some points; `numbers` are the site's numbers of the columns."""

    def __init__(self, points: Sequence[SitePoint], numbers: Sequence[int]) -> None:
        rows = [
            (column, name, limit)
            for column, p in enumerate(points)
            for name, limit in (*p.point.limits, *_felt(p))
        ]
        self._numbers = tuple(numbers)
        self._column = np.array([column for column, _, _ in rows], np.intp)
        self._name = tuple(name for _, name, _ in rows)
        self._limit = np.array([limit for _, _, limit in rows])
        self._sign = np.array([-1.0 if name in LOW else 1.0 for name in self._name])
        self._last: tuple[float, Floats] | None = None

    def block(self, t_s: Floats, true: Floats) -> list[Crossing]:
        """Return the passings in these rows and since the last of the block before, in order of rows."""
        over = (true[:, self._column] - self._limit) * self._sign
        if self._last is None:
            times, all_over = np.concatenate((t_s[:1], t_s)), np.vstack((np.full(over.shape[1], -1.0), over))
        else:
            times, all_over = np.concatenate(([self._last[0]], t_s)), np.vstack((self._last[1], over))
        self._last = (float(t_s[-1]), over[-1])
        beyond = all_over >= 0
        row, which = np.nonzero(beyond[1:] != beyond[:-1])
        found = []
        for r, w in zip(row.tolist(), which.tolist(), strict=True):
            a, b = float(all_over[r, w]), float(all_over[r + 1, w])
            part = min(max(a / (a - b), 0.0), 1.0)
            t = float(times[r] + part * (times[r + 1] - times[r]))
            found.append(
                Crossing(
                    t_s=t,
                    point=self._numbers[int(self._column[w])],
                    limit=self._name[w],
                    beyond=bool(beyond[r + 1, w]),
                )
            )
        return found


def _felt(p: SitePoint) -> tuple[tuple[str, float], ...]:
    if p.what != "gas":
        return ()
    return ((FELT, p.point.range_lo + _FELT_SHARE * (p.point.range_hi - p.point.range_lo)),)
