"""Events acting on what is measured: what reaches the sensing element, and what the transmitter does besides measuring."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from registry.readings import Quality
from sim.demo import Point
from sim.faults.families import Sense
from sim.faults.plan import Event
from sim.plant.site import Site
from sim.sending.diagnostics import Mode

Floats = NDArray[np.float64]

_HOUR_S = 3600
_CELL_S = 8.0
_ZERO_GAS_SHARE = 0.25
_TAKEN_OFF_SHARE, _BENCH_SHARE = 0.1, (0.4, 0.7)


@dataclass(frozen=True, slots=True)
class Hit:
    """One event on one sensor, for some rows: a law changes `felt`, `mode` and `mark` in place."""

    event: Event
    sense: Sense
    point: Point
    t_s: Floats
    felt: Floats
    mode: NDArray[np.uint8]
    mark: NDArray[np.uint8]

    @property
    def size(self) -> float:
        """The sense's size in the point's unit."""
        return self.event.of(self.sense.size) * (self.point.range_hi - self.point.range_lo)

    @property
    def share(self) -> Floats:
        """How much of the event is over."""
        return (self.t_s - self.event.onset_s) / (self.event.end_s - self.event.onset_s)


class Senses:
    """What events do to the readings of some points; `points` are the site's numbers of the columns."""

    def __init__(self, site: Site, points: Sequence[int], events: Sequence[Event]) -> None:
        column = {point: i for i, point in enumerate(points)}
        self._hits = [
            (event, sense, site.points[point].point, column[point])
            for event in events
            for sense in event.family.senses
            for point in named(site, event, sense.on)
            if point in column
        ]

    def act(self, t_s: Floats, felt: Floats) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Change what the sensing elements feel in these rows, in place.

        Return what the transmitters do, and the least quality that someone has declared for what they send.
        """
        mode = np.full(felt.shape, Mode.MEASURING, np.uint8)
        mark = np.full(felt.shape, Quality.GOOD, np.uint8)
        for event, sense, point, column in self._hits:
            if event.onset_s > t_s[-1] or event.end_s <= t_s[0]:
                continue
            rows = slice(*np.searchsorted(t_s, (event.onset_s, event.end_s)).tolist())
            hit = Hit(
                event, sense, point, t_s[rows], felt[rows, column], mode[rows, column], mark[rows, column]
            )
            LAWS[sense.law[event.severity - 1]](hit)
        self._hits = [hit for hit in self._hits if hit[0].end_s > t_s[-1]]
        return mode, mark


def named(site: Site, event: Event, role: str) -> list[int]:
    """Return the points of an event that play a role: its target, all that it touches, or those that measure it."""
    if role == "all":
        return list(event.points)
    if role == "target":
        return [] if event.point is None else [event.point]
    return [point for point in event.points if site.points[point].what == role]


def _drift(hit: Hit) -> None:
    hit.felt[:] += hit.event.sign * hit.size * (hit.t_s - hit.event.onset_s) / _HOUR_S


def _wet(hit: Hit) -> None:
    hit.felt[:] += hit.size * np.sin(math.pi * hit.share) ** 2


def _span_gas(hit: Hit) -> None:
    """Zero gas for a quarter of the time, then span gas; the cell follows within seconds."""
    span_s = hit.event.onset_s + _ZERO_GAS_SHARE * (hit.event.end_s - hit.event.onset_s)
    zero = hit.felt * np.exp(-(hit.t_s - hit.event.onset_s) / _CELL_S)
    spanned = hit.size * -np.expm1(-np.maximum(hit.t_s - span_s, 0.0) / _CELL_S)
    hit.felt[:] = np.where(hit.t_s < span_s, zero, spanned)
    hit.mark[:] = _declared(hit.event)


def _maintained(hit: Hit) -> None:
    """Standing still, off, on the bench at half range, off again."""
    bench = (hit.share > _BENCH_SHARE[0]) & (hit.share < _BENCH_SHARE[1])
    still = hit.share < _TAKEN_OFF_SHARE
    hit.felt[:] = np.where(bench, (hit.point.range_lo + hit.point.range_hi) / 2, hit.point.range_lo)
    hit.mode[still] = Mode.HELD
    hit.mark[:] = _declared(hit.event)


def _declared(event: Event) -> Quality:
    """Return the quality with which a transmitter under work is marked: most are, some are forgotten."""
    return (Quality.UNCERTAIN, Quality.BAD, Quality.BAD)[event.severity - 1] if event.marked else Quality.GOOD


def _doing(mode: Mode) -> Callable[[Hit], None]:
    """Return a law by which the transmitter does this instead of measuring."""

    def law(hit: Hit) -> None:
        hit.mode[:] = mode

    return law


LAWS: Mapping[str, Callable[[Hit], None]] = {
    "drift": _drift,
    "wet": _wet,
    "span_gas": _span_gas,
    "maintained": _maintained,
    "frozen": _doing(Mode.HELD),
    "silent": _doing(Mode.SILENT),
    "broken": _doing(Mode.FAILED_LOW),
}
"""What a `Sense` may do to a sensor, by name."""
