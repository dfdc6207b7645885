"""The simulated demo site: readings in time order from a seed, and the truth about them."""

import numpy as np
from numpy.typing import NDArray

from sim.demo import Point, demo_points
from sim.gas import Plume
from sim.process import LINES, MACHINE, TANKS, Process
from sim.recorded import Recorded
from sim.sending.demo_transmitters import DemoTransmitters
from sim.story import Cycle, Story
from sim.weather import Weather

BLOCK_S = 20
"""Seconds simulated in one go. Random numbers are drawn by block, so it is part of what a seed means."""

NS = 1_000_000_000
START_NS = 1_748_743_200 * NS
"""2025-06-01T02:00:00Z, ten in the morning at the site: where a simulation starts unless told."""
_GATEWAY_LAG_NS = {"haigang": 0, "beicang": 200_000_000}
"""The second enterprise's gateway polls a little later; ascending, so that a second's readings are in time order."""

STUCK = "haigang/LT-101B"
GOOD = "haigang/LT-101A"
DEAD = "haigang/PT-201"
PLANNED = "haigang/LT-102A"
LEAKING = ("beicang/GT-501", "beicang/GT-502")
_LEAK_AT_M = (43.0, -2.0)
_PLUME_POINTS = ("beicang/GT-501", "beicang/GT-502", "beicang/GT-503")


class Plant:
    """The true state of the site, second by second: weather, process, gas; knows nothing of transmitters."""

    def __init__(self, seed: int, start_ns: int) -> None:
        self.story = Story(seed)
        self._draws = _stream(seed, 1)
        self._weather = Weather(start_ns, self.story)
        self._process = Process(self.story, self._weather, _stream(seed, 2))
        where = {point.id: point for point in demo_points()}
        self._plume = Plume(
            np.array([where[name].x - _LEAK_AT_M[0] for name in _PLUME_POINTS]),
            np.array([where[name].y - _LEAK_AT_M[1] for name in _PLUME_POINTS]),
        )
        self._weights, self._bias = _wiring(demo_points())
        self._second = 0

    def advance(self, seconds: int) -> NDArray[np.float64]:
        """Return the true value of every point over the next seconds: one row a second, one column a point."""
        rows = np.empty((seconds, len(_CHANNEL)))
        draws = self._draws.standard_normal((seconds, 5))
        for i in range(seconds):
            t_s = float(self._second)
            self._weather.step(t_s, draws[i])
            if self._second:
                self._process.step(t_s)
            self._plume.step(
                self.story.leak_g_s(t_s), float(self._weather.speed_m_s[1]), float(self._weather.from_deg[1])
            )
            rows[i] = self._channels()
            self._second += 1
        return np.asarray(rows @ self._weights.T + self._bias)

    def _channels(self) -> NDArray[np.float64]:
        process, weather = self._process, self._weather
        return np.concatenate(
            (
                process.level_m,
                process.gauge,
                process.temp_c,
                process.flow_m3_h,
                process.opening * 100,
                process.machine,
                self._plume.felt_mg_m3,
                weather.speed_m_s,
                weather.from_deg,
            )
        )


class SiteSim:
    """Readings of the demo site from a seed; the same seed and start give the same readings, however they are cut."""

    def __init__(self, seed: int, start_ns: int) -> None:
        points = demo_points()
        self.names = tuple(point.id for point in points)
        self._start_ns = start_ns
        self._plant = Plant(seed, start_ns)
        self._transmitters = DemoTransmitters(points, _stream(seed, 3))
        scan = np.array([point.scan_s for point in points])
        self._scan, self._phase = scan, np.arange(len(points)) % scan
        self._lag_ns = np.array([_GATEWAY_LAG_NS[point.enterprise] for point in points], np.int64)
        self._second = 0
        self._held: dict[int, float] = {}
        self._ready = Recorded.empty(self.names)

    def step(self, until_ns: int) -> Recorded:
        """Return the readings that were not yet returned and are older than `until_ns`, in time order."""
        parts = [self._ready]
        while self._start_ns + self._second * NS < until_ns:
            parts.append(self._block())
        ready = Recorded.concat(parts)
        cut = int(np.searchsorted(ready.t_ns, until_ns))
        self._ready = ready[cut:]
        return ready[:cut]

    def _block(self) -> Recorded:
        sent = self._transmitters.measure(self._plant.advance(BLOCK_S))
        seconds = np.arange(self._second, self._second + BLOCK_S)
        due = (seconds[:, None] - self._phase) % self._scan == 0
        for number in sorted({self._plant.story.at(float(s)).number for s in (seconds[0], seconds[-1])}):
            self._break(self._plant.story.cycle(number), seconds, sent, due)
        row, column = np.nonzero(due)
        self._second += BLOCK_S
        return Recorded(
            names=self.names,
            column=column.astype(np.int32),
            t_ns=self._start_ns + seconds[row] * NS + self._lag_ns[column],
            value=sent[row, column],
        )

    def _break(
        self, cycle: Cycle, seconds: NDArray[np.int64], sent: NDArray[np.float64], due: NDArray[np.bool_]
    ) -> None:
        """Let the one gauge stick and the one transmitter fall silent, in place."""
        stuck = (seconds >= cycle.stuck_s) & (seconds < cycle.freed_s)
        if stuck.any():
            column = self.names.index(STUCK)
            first = int(np.argmax(stuck))
            sent[stuck, column] = self._held.setdefault(cycle.number, float(sent[first, column]))
        silent = (seconds >= cycle.dead_s) & (seconds < cycle.alive_s)
        due[silent, self.names.index(DEAD)] = False


def _stream(seed: int, number: int) -> np.random.Generator:
    """Return a random stream of its own; PCG64 by name, because the default may change with numpy."""
    return np.random.Generator(np.random.PCG64([seed, number]))


_CHANNEL: dict[tuple[str, str], int] = {
    key: i
    for i, key in enumerate(
        [(kind, tank) for kind in ("level", "gauge", "temp") for tank in TANKS]
        + [(kind, line.name) for kind in ("flow", "opening") for line in LINES]
        + [("machine", name) for name in MACHINE]
        + [("gas", name) for name in _PLUME_POINTS]
        + [(kind, site) for kind in ("speed", "from") for site in ("1", "2")]
    )
}

_SPECIAL: dict[str, tuple[tuple[str, str], ...]] = {
    "XV-101": (("opening", "ship-101"),),
    "XV-102": (("opening", "ship-102"),),
    "XV-501": (("opening", "liquid-501"),),
    "FT-100": (("flow", "ship-101"), ("flow", "ship-102")),
    "FT-110": (("flow", "send-101"), ("flow", "send-102")),
    "FT-201": (("flow", "propane-in"),),
    "FT-301": (("flow", "truck-1"),),
    "FT-302": (("flow", "truck-2"),),
    "FT-401": (("flow", "ammonia-in"),),
    "PT-301": (("machine", "pump_pressure"),),
    "TT-301": (("machine", "bearing_temp"),),
    "PT-601": (("machine", "suction"),),
    "PT-602": (("machine", "discharge"),),
    "TT-601": (("machine", "discharge_temp"),),
    "TT-602": (("machine", "oil_temp"),),
    "TT-402": (("temp", "T-401"),),
}
"""Points that are not simply the level, pressure or temperature of the tank with their number."""

_BIAS = {"TT-402": 1.1}


def _wiring(points: tuple[Point, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the point-by-channel matrix that makes every point's true value, and what is added to it.

    A row holds ones only, at most two of them, so that the product is exact on every machine.
    """
    weights = np.zeros((len(points), len(_CHANNEL)))
    for i, point in enumerate(points):
        for key in _channels_of(point):
            weights[i, _CHANNEL[key]] = 1.0
    return weights, np.array([_BIAS.get(point.sensor, 0.0) for point in points])


_CHANNEL_OF_TYPE = {
    "level": "level",
    "pressure": "gauge",
    "temperature": "temp",
    "wind_speed": "speed",
    "wind_direction": "from",
}


def _channels_of(point: Point) -> tuple[tuple[str, str], ...]:
    if point.sensor in _SPECIAL:
        return _SPECIAL[point.sensor]
    if point.type not in _CHANNEL_OF_TYPE:
        return (("gas", point.id),) if point.id in _PLUME_POINTS else ()
    number = point.sensor.split("-")[1][:3]
    place = next((name for name in TANKS if name.endswith("-" + number)), number)
    return ((_CHANNEL_OF_TYPE[point.type], place),)
