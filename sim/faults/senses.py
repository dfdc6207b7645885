"""Events acting on what is measured: at the sensing element, in the transmitter, in its quality."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.demo import Point
from sim.faults.families import Sense
from sim.faults.plan import Event
from sim.plant.site import Site

Floats = NDArray[np.float64]

_HOUR_S = 3600
_CELL_S = 8.0
_ZERO_GAS_SHARE = 0.25


@dataclass(slots=True)
class Rows:
    """A stretch of readings, one row a time, one column a point; a law changes it in place.

    `felt` is what reaches the sensing elements, before the transmitters; `sent`, `quality` and `due` are after them.
    """

    t_s: Floats
    felt: Floats
    sent: Floats
    quality: NDArray[np.uint8]
    due: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Hit:
    """One event on one column: its sense, the column's point, the rows that lie in it."""

    event: Event
    sense: Sense
    point: Point
    column: int

    @property
    def width(self) -> float:
        """The point's range."""
        return self.point.range_hi - self.point.range_lo

    @property
    def law(self) -> str:
        """The law that holds for the event's severity."""
        return self.sense.law[self.event.severity - 1]

    @property
    def size(self) -> float:
        """The sense's size in the point's unit."""
        return self.event.of(self.sense.size) * self.width


class Senses:
    """What events do to the readings of some points; `points` are the site's numbers of the columns."""

    def __init__(self, site: Site, points: Sequence[int], events: Sequence[Event]) -> None:
        column = {point: i for i, point in enumerate(points)}
        self._hits = [
            Hit(event, sense, site.points[point].point, column[point])
            for event in events
            for sense in event.family.senses
            for point in named(site, event, sense.on)
            if point in column
        ]
        self._held: dict[tuple[str, int], float] = {}
        self._last: Floats | None = None

    def before(self, rows: Rows) -> None:
        """Change what the sensing elements feel."""
        for hit, inside in self._inside(rows):
            law = _FELT.get(hit.law)
            if law is not None:
                rows.felt[inside, hit.column] = law(hit, rows.t_s[inside], rows.felt[inside, hit.column])

    def after(self, rows: Rows) -> None:
        """Change what the transmitters send."""
        for hit, inside in self._inside(rows):
            key = (hit.event.id, hit.column)
            if key not in self._held:
                first = int(np.flatnonzero(inside)[0])
                before = rows.sent[first - 1] if first else self._last
                self._held[key] = float((rows.sent[first] if before is None else before)[hit.column])
            law = _SENT.get(hit.law)
            if law is not None:
                law(hit, rows, inside, self._held[key])
            if hit.event.marked:
                rows.quality[inside, hit.column] = hit.sense.quality[hit.event.severity - 1]
        self._last = rows.sent[-1].copy()
        self._hits = [hit for hit in self._hits if hit.event.end_s > rows.t_s[-1]]

    def _inside(self, rows: Rows) -> list[tuple[Hit, NDArray[np.bool_]]]:
        near = [h for h in self._hits if h.event.onset_s <= rows.t_s[-1] and h.event.end_s > rows.t_s[0]]
        found = [(h, (rows.t_s >= h.event.onset_s) & (rows.t_s < h.event.end_s)) for h in near]
        return [(hit, inside) for hit, inside in found if inside.any()]


def named(site: Site, event: Event, role: str) -> list[int]:
    """Return the points of an event that play a role: its target, all that it touches, or those that measure it."""
    if role == "all":
        return list(event.points)
    if role == "target":
        return [] if event.point is None else [event.point]
    return [point for point in event.points if site.points[point].what == role]


def _drift(hit: Hit, t_s: Floats, felt: Floats) -> Floats:
    return felt + hit.event.sign * hit.size * (t_s - hit.event.onset_s) / _HOUR_S


def _span_gas(hit: Hit, t_s: Floats, felt: Floats) -> Floats:
    """Zero gas for a quarter of the time, then span gas; the cell follows within seconds."""
    span_s = hit.event.onset_s + _ZERO_GAS_SHARE * (hit.event.end_s - hit.event.onset_s)
    zero = felt * np.exp(-(t_s - hit.event.onset_s) / _CELL_S)
    spanned = hit.size * -np.expm1(-np.maximum(t_s - span_s, 0.0) / _CELL_S)
    return np.asarray(np.where(t_s < span_s, zero, spanned))


def _wet(hit: Hit, t_s: Floats, felt: Floats) -> Floats:
    share = (t_s - hit.event.onset_s) / (hit.event.end_s - hit.event.onset_s)
    return np.asarray(felt + hit.size * np.sin(math.pi * share) ** 2)


_FELT: Mapping[str, Callable[[Hit, Floats, Floats], Floats]] = {
    "drift": _drift,
    "span_gas": _span_gas,
    "wet": _wet,
}


def _frozen(hit: Hit, rows: Rows, inside: NDArray[np.bool_], held: float) -> None:
    rows.sent[inside, hit.column] = held


def _silent(hit: Hit, rows: Rows, inside: NDArray[np.bool_], _: float) -> None:
    rows.due[inside, hit.column] = False


def _floor(hit: Hit, rows: Rows, inside: NDArray[np.bool_], _: float) -> None:
    rows.sent[inside, hit.column] = hit.point.range_lo


def _maintained(hit: Hit, rows: Rows, inside: NDArray[np.bool_], held: float) -> None:
    """Off, on the bench at half range, off again."""
    share = (rows.t_s[inside] - hit.event.onset_s) / (hit.event.end_s - hit.event.onset_s)
    bench = (share > 0.4) & (share < 0.7)  # noqa: PLR2004 - the middle of the work
    half = hit.point.range_lo + hit.width / 2
    rows.sent[inside, hit.column] = np.where(share < 0.1, held, np.where(bench, half, hit.point.range_lo))  # noqa: PLR2004 - it is taken off


_SENT: Mapping[str, Callable[[Hit, Rows, NDArray[np.bool_], float], None]] = {
    "frozen": _frozen,
    "silent": _silent,
    "floor": _floor,
    "maintained": _maintained,
}

LAWS = frozenset(_FELT) | frozenset(_SENT)
"""Every law that a `Sense` may name."""
