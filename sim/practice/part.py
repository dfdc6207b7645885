"""A scenario being run: plant, events, transmitters, block by block, for all of a site or for some of its sources.

Sources share no pipe and each has random streams of its own, so running some of them gives the very numbers that
running all of them gives. That is what several processes rest on (`sim.practice.workers`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.faults.acting import Acting
from sim.faults.crossings import Crossing, Watch
from sim.plant.air import Air
from sim.plant.network import Network
from sim.plant.operations import CONTROL_S, Control
from sim.plant.streams import BLOCK_S, stream
from sim.practice.programmes import hauls_of, pairs_of, programme
from sim.practice.scenario import Practice
from sim.practice.source import SourceRun, Trace, owner

Floats = NDArray[np.float64]
_WOBBLE = 700
_WOBBLE_TAU_S, _WOBBLE_SD = 600.0, 0.015


@dataclass(frozen=True, slots=True)
class Block:
    """What came of `BLOCK_S` seconds: readings in the order of their times, and the limits that were passed.

    `t_ms` counts from the start; `point` is the site's number of the sensor.
    """

    t_ms: NDArray[np.int64]
    point: NDArray[np.int32]
    value: Floats
    quality: NDArray[np.uint8]
    crossings: tuple[Crossing, ...]


class Part:
    """The sources numbered `places` of a site, run from the start; every call of `block` goes on."""

    def __init__(
        self, practice: Practice, seed: int, start_ns: int, seconds: int, places: Sequence[int]
    ) -> None:
        site, events = practice.site, practice.events(seed, start_ns, seconds)
        self._site = site
        self._weather = practice.weather(seed, start_ns, seconds)
        self._vessels = [i for i, v in enumerate(site.vessels) if v.place in places]
        pairs = pairs_of(site, self._vessels)
        self._network = Network([site.vessels[i] for i in self._vessels], pairs)
        self._control = Control(
            self._network,
            [programme(site, i, events, seed, seconds) for i in self._vessels],
            hauls_of(pairs, self._vessels, events, seed, seconds),
        )
        self._acting = Acting(site, self._network, self._vessels, events)
        self._wobble = [stream(seed, _WOBBLE, i) for i in self._vessels]
        self._second = 0
        own = [n for n, p in enumerate(site.points) if owner(p) in places]
        self._points = [site.points[n] for n in own]
        self._watch = Watch(self._points, own)
        self._row_s = site.row_s
        self._step_s = math.gcd(self._row_s, CONTROL_S)
        self._sources = [SourceRun(site, place, events, seed) for place in places]
        self._trace = Trace(self._network, BLOCK_S // self._row_s)

    def block(self) -> Block:
        """Return the next `BLOCK_S` seconds."""
        air = self._weather.block()
        self._push()
        self._step(air)
        self._trace.level_m = self._network.grid.level_m(self._trace.volume_m3)
        t_s = self._second + np.arange(0, BLOCK_S, self._row_s, dtype=np.float64)
        columns = [
            source.true(self._trace, self._vessels, air, self._row_s, self._second)
            for source in self._sources
        ]
        crossings = self._watch.block(t_s, np.hstack(columns))
        parts = [source.readings(t_s, true) for source, true in zip(self._sources, columns, strict=True)]
        self._second += BLOCK_S
        t_ms, point, value, quality = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.lexsort((point, t_ms))
        return Block(t_ms[order], point[order], value[order], quality[order], tuple(crossings))

    def _push(self) -> None:
        """Let every pipe's flow wander a little: pumps, viscosity, other users of the line."""
        keep = np.exp(-BLOCK_S / _WOBBLE_TAU_S)
        draws = np.array([rng.standard_normal(2) for rng in self._wobble])
        n = len(self._vessels)
        wobble = self._network.wobble
        pushes = np.concatenate((draws[:, 0], draws[:, 1])) * _WOBBLE_SD * np.sqrt(1 - keep * keep)
        wobble[: 2 * n] = 1 + (wobble[: 2 * n] - 1) * keep + pushes

    def _step(self, air: Air) -> None:
        network = self._network
        for i in range(0, BLOCK_S, self._step_s):
            if i % CONTROL_S == 0:
                t_s = float(self._second + i)
                self._acting.scan(t_s)
                self._control.scan(t_s)
            if i % self._row_s == 0:
                self._trace.note(network, i // self._row_s)
            network.step(float(self._step_s), float(air.air_c[i]), float(air.sun[i]), float(air.atm_pa[i]))
