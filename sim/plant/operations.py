"""What is done with the vessels when nothing is wrong: fill, hold, drain, load ships and trucks, clean, transfer.

A vessel's programme is a list of `Segment`s. The control system follows it by the level that its gauge shows: it asks
for the constant flow that reaches a segment's goal at its end. So a plan made of times is kept, whatever a fault did in
between, and the next segment brings the vessel back.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.plant.network import Network

Floats = NDArray[np.float64]

CONTROL_S = 5
"""The control system's scan."""
_NEAR = 0.0015
"""Within this share of its volume a vessel counts as being at its goal."""
_TRUCK_SHARE = 0.62
"""Share of the time between two trucks in which one is being loaded."""
_BY_TRUCK, _BY_SHIP, _CLEANED = 0.25, 0.25, 0.02
"""Shares of the drains that go into trucks, into a ship at nearly full flow, and down to the heel to clean the tank."""
_HEEL = 0.15
_FULL_ENOUGH, _EMPTY_ENOUGH = 0.4, 0.6
"""Fillings that a transfer needs in the tank it comes from, and allows in the one it goes to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """Up to `until_s`: bring the filling to `goal` (a share of the volume), or keep two flows where there is none.

    With `truck_s` the outlet works in bites: a truck every so many seconds, the valve shut while it is changed.
    """

    until_s: float
    goal: float = math.nan
    in_m3_h: float = 0.0
    out_m3_h: float = 0.0
    truck_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Haul:
    """A transfer along pipe `pipe` (counted among the transfers) from one vessel to another."""

    pipe: int
    source: int
    target: int
    start_s: float
    end_s: float
    m3_h: float


def hauls(draws: np.random.Generator, flow_m3_h: float, until_s: float) -> list[tuple[float, float, float]]:
    """Return when a pair of vessels may have a transfer, and how fast: (start, end, m3/h)."""
    found: list[tuple[float, float, float]] = []
    at_s = 0.0
    while True:
        at_s += float(draws.uniform(6, 20)) * 3600
        if at_s >= until_s:
            return found
        end_s = at_s + float(draws.uniform(0.6, 1.8)) * 3600
        found.append((at_s, end_s, float(draws.uniform(0.3, 0.7)) * flow_m3_h))
        at_s = end_s


def normal(
    draws: np.random.Generator, flow_m3_h: float, volume_m3: float, band: tuple[float, float], until_s: float
) -> list[Segment]:
    """Return the programme of a store: filled, held, drained, held, with rates, rests and goals that vary.

    A segment of no flow between two goals is a hold.
    """
    low, high = band
    at_s, filling = float(draws.uniform(0, 6 * 3600)), bool(draws.integers(2))
    level = (low + high) / 2
    segments = [Segment(until_s=at_s)]
    while at_s < until_s:
        goal = float(draws.uniform(high - 0.12, high) if filling else draws.uniform(low, low + 0.12))
        rate = float(draws.uniform(0.25, 0.8)) * flow_m3_h
        hold_s = float(draws.uniform(0.5, 8.0)) * 3600
        trucks, how = float(draws.uniform(1200, 2700)), 1.0 if filling else float(draws.uniform())
        trucks = trucks if how < _BY_TRUCK else 0.0
        rate = 0.95 * flow_m3_h if _BY_TRUCK <= how < _BY_TRUCK + _BY_SHIP else rate
        goal = _HEEL if _BY_TRUCK + _BY_SHIP <= how < _BY_TRUCK + _BY_SHIP + _CLEANED else goal
        at_s += abs(goal - level) * volume_m3 / rate * 3600 * (1 / _TRUCK_SHARE if trucks else 1)
        segments.append(Segment(until_s=at_s, goal=goal, truck_s=trucks))
        at_s += hold_s
        segments.append(Segment(until_s=at_s))
        level, filling = goal, not filling
    return segments


def through(draws: np.random.Generator, flow_m3_h: float, goal: float, until_s: float) -> list[Segment]:
    """Return the programme of a reactor: fed all the time at a rate that is changed every few hours."""
    at_s, segments = 0.0, []
    while at_s < until_s:
        at_s += float(draws.uniform(2, 6)) * 3600
        rate = float(draws.uniform(0.22, 0.28)) * flow_m3_h
        segments.append(Segment(until_s=at_s, goal=goal, in_m3_h=rate, out_m3_h=rate))
    return segments


def overridden(programme: Sequence[Segment], start_s: float, segments: Sequence[Segment]) -> list[Segment]:
    """Return the programme with other segments from `start_s` to the end of the last of them."""
    end_s = segments[-1].until_s
    before = programme[: bisect.bisect_right(programme, start_s, key=lambda s: s.until_s)]
    after = programme[bisect.bisect_right(programme, end_s, key=lambda s: s.until_s) :]
    cut = programme[len(before)] if len(before) < len(programme) else Segment(until_s=start_s)
    return [*before, replace(cut, until_s=start_s), *segments, *after]


class Control:
    """Follows the programmes: sets the network's wanted flows every `CONTROL_S` seconds."""

    def __init__(
        self, network: Network, programmes: Sequence[Sequence[Segment]], hauls: Sequence[Haul] = ()
    ) -> None:
        self._network = network
        self._programmes = [list(programme) for programme in programmes]
        n = len(network.vessels)
        self._hauls = sorted(hauls, key=lambda haul: (haul.start_s, haul.pipe), reverse=True)
        self._hauling: list[Haul] = []
        self._at = [-1] * n
        self._until_s = np.full(n, -1.0)
        self._goal = np.full(n, np.nan)
        self._in, self._out, self._truck_s = np.zeros(n), np.zeros(n), np.zeros(n)
        self._seen = np.zeros(n)

    def scan(self, t_s: float) -> None:
        """Read the gauges and set what is wanted of each pipe."""
        for i in np.flatnonzero(t_s >= self._until_s).tolist():
            self._next(i, t_s)
        network, figures = self._network, self._network.figures
        stuck = network.trouble["gauge_stuck"] > 0
        self._seen = np.where(stuck, self._seen, network.volume_m3() / figures.volume_m3)
        left_s = np.maximum(self._until_s - t_s, CONTROL_S)
        missing = np.where(np.isnan(self._goal), 0.0, self._goal - self._seen)
        through_flow = (self._in > 0) & (self._out > 0)
        asked = np.where(np.abs(missing) < _NEAR, 0.0, missing) * figures.volume_m3 / left_s * 3600
        gentle = np.clip(missing * 4, -0.2, 0.2) * figures.flow_m3_h
        asked = np.where(through_flow, gentle, asked)
        n = len(network.vessels)
        pause = (self._truck_s > 0) & (t_s % np.maximum(self._truck_s, 1.0) > _TRUCK_SHARE * self._truck_s)
        faster = np.where(self._truck_s > 0, 1 / _TRUCK_SHARE, 1.0)
        flow_in = np.clip(self._in + np.maximum(asked, 0.0), 0.0, figures.flow_m3_h)
        flow_out = np.clip(self._out + np.maximum(-asked, 0.0) * faster, 0.0, figures.flow_m3_h)
        network.wanted_m3_h[:n] = flow_in
        network.wanted_m3_h[n : 2 * n] = np.where(pause, 0.0, flow_out)
        self._haul(t_s)

    def _haul(self, t_s: float) -> None:
        """Begin and end transfers; their two vessels do nothing else meanwhile. One that does not fit is left out."""
        n, wanted, seen = len(self._network.vessels), self._network.wanted_m3_h, self._seen
        while self._hauls and self._hauls[-1].start_s <= t_s:
            haul = self._hauls.pop()
            if seen[haul.source] > _FULL_ENOUGH and seen[haul.target] < _EMPTY_ENOUGH:
                self._hauling.append(haul)
        for haul in self._hauling:
            wanted[[haul.source, haul.target, n + haul.source, n + haul.target]] = 0.0
            wanted[2 * n + haul.pipe] = haul.m3_h if t_s < haul.end_s else 0.0
        self._hauling = [haul for haul in self._hauling if t_s < haul.end_s]

    def _next(self, i: int, t_s: float) -> None:
        programme = self._programmes[i]
        while self._at[i] + 1 < len(programme) and programme[self._at[i] + 1].until_s <= t_s:
            self._at[i] += 1
        self._at[i] += 1
        segment = programme[self._at[i]] if self._at[i] < len(programme) else Segment(until_s=math.inf)
        self._until_s[i] = segment.until_s
        self._goal[i] = segment.goal
        self._in[i], self._out[i], self._truck_s[i] = segment.in_m3_h, segment.out_m3_h, segment.truck_s
