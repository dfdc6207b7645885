"""The demo site's tanks, lines and machines, stepped once a second with an exact mass balance.

Theory of operation: every line carries a flow from one place to another; its controller (a hysteresis on a tank's
level, a loading rhythm, or the story) opens or shuts it, and the flow follows as the valve strokes. A tank's volume
changes by exactly what its lines bring and take. Temperatures follow mixing and the air, pressures the vapour
pressure of the surface.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.story import Story
from sim.vessels import AMMONIA, PROPANE, LevelTable, Lying, Shape, Sphere, Upright, lpg_gauge_mpa
from sim.weather import Weather

_SPHERE = Sphere(12.4)
SHAPES: dict[str, Shape] = {
    "V-101": _SPHERE,
    "V-102": _SPHERE,
    "V-103": _SPHERE,
    "V-104": _SPHERE,
    "V-201": _SPHERE,
    "V-202": _SPHERE,
    "T-401": Upright(height_m=9.0, diameter_m=10.0),
    "V-501": Lying(height_m=2.4, length_m=12.0),
    "V-502": Lying(height_m=2.4, length_m=12.0),
}
TANKS = tuple(SHAPES)
_PROPANE_SHARE = 0.45

OVERFILLED = "V-101"
HIGH_M = 9.1
_REST_M = 8.85
"""Where the overfilled sphere rests between two tellings of the story."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A pipe with its valve: where from, where to (None: outside), its full flow and the valve's stroke time."""

    name: str
    source: str | None
    target: str | None
    full_m3_h: float
    stroke_s: float = 8.0


LINES = (
    Line(name="ship-101", source=None, target="V-101", full_m3_h=900),
    Line(name="ship-102", source=None, target="V-102", full_m3_h=300),
    Line(name="send-101", source="V-101", target=None, full_m3_h=900),
    Line(name="send-102", source="V-102", target=None, full_m3_h=180),
    Line(name="truck-1", source="V-103", target=None, full_m3_h=60),
    Line(name="truck-2", source="V-104", target=None, full_m3_h=55),
    Line(name="refill-103", source=None, target="V-103", full_m3_h=120),
    Line(name="refill-104", source=None, target="V-104", full_m3_h=120),
    Line(name="propane-in", source=None, target="V-201", full_m3_h=150),
    Line(name="propane-over", source="V-201", target="V-202", full_m3_h=110),
    Line(name="propane-out", source="V-202", target=None, full_m3_h=95),
    Line(name="ammonia-in", source=None, target="T-401", full_m3_h=40),
    Line(name="ammonia-out", source="T-401", target=None, full_m3_h=9),
    Line(name="condense-501", source=None, target="V-501", full_m3_h=6.0),
    Line(name="condense-502", source=None, target="V-502", full_m3_h=6.0),
    Line(name="liquid-501", source="V-501", target=None, full_m3_h=9.0),
    Line(name="liquid-502", source="V-502", target=None, full_m3_h=9.0),
)
_LINE = {line.name: i for i, line in enumerate(LINES)}

_HYSTERESIS = (
    # line, tank, opens when the level has passed the first number, shuts when it has passed the second
    ("send-102", "V-102", 6.3, 5.9),
    ("refill-103", "V-103", 4.2, 4.7),
    ("refill-104", "V-104", 5.0, 5.5),
    ("propane-in", "V-201", 6.0, 6.15),
    ("propane-over", "V-202", 4.4, 4.55),
    ("ammonia-in", "T-401", 4.3, 5.2),
    ("liquid-501", "V-501", 1.22, 1.12),
    ("liquid-502", "V-502", 1.18, 1.08),
)
_ALWAYS_OPEN = ("propane-out", "ammonia-out", "condense-501", "condense-502")
_RHYTHM_S = (("truck-1", 420.0, 260.0), ("truck-2", 510.0, 300.0))
"""A truck is loaded for the second number of seconds out of every first."""

_START_M = (0.0, 5.7, 4.45, 5.25, 6.08, 4.48, 4.8, 1.17, 1.13)
_START_SPREAD_M = (0.0, 0.1, 0.2, 0.2, 0.05, 0.04, 0.3, 0.03, 0.03)


class Process:
    """State of tanks, lines and machines; `step` moves it on by one second.

    Attributes, in the order of `TANKS` or `LINES`: `volume_m3`, `level_m`, `flow_m3_h`, `temp_c`, `gauge` (MPa, but
    kPa for the refrigerated tank). `machine` holds the compressor and pump readings in the order of `MACHINE`.
    """

    def __init__(self, story: Story, weather: Weather, rng: np.random.Generator) -> None:
        self._story = story
        self._weather = weather
        self._table = LevelTable(tuple(SHAPES.values()))
        self._into, self._from = _incidence()
        self._full = np.array([line.full_m3_h for line in LINES])
        self._stroke = np.array([1 / line.stroke_s for line in LINES])
        self._open = np.zeros(len(LINES))
        self._phase_s = rng.uniform(0, 400, len(_RHYTHM_S))
        level = np.array(_START_M) + np.array(_START_SPREAD_M) * rng.uniform(-1, 1, len(TANKS))
        self.volume_m3 = np.array(
            [
                float(shape.volume_m3(np.array([at]))[0])
                for shape, at in zip(SHAPES.values(), level, strict=True)
            ]
        )
        self._high_m3 = float(_SPHERE.volume_m3(np.array([HIGH_M]))[0])
        self._rest_m3 = float(_SPHERE.volume_m3(np.array([_REST_M]))[0])
        rate = LINES[0].full_m3_h / 3600
        self.volume_m3[0] = self._high_m3 - rate * story.cycle(0).high_s
        self.opening = np.zeros(len(LINES))
        self.opening[0] = 1.0
        for name in _ALWAYS_OPEN:
            self.opening[_LINE[name]] = self._open[_LINE[name]] = 1.0
        self.flow_m3_h = self.opening * self._full
        self.level_m = self._table.level_m(self.volume_m3)
        self.temp_c = np.array([21.0, 20.6, 20.9, 20.4, 19.8, 20.1, -33.1, 29.0, 28.6])
        outside = weather.air_c + _ABOVE_AIR_C + weather.sun_c
        self._skin_c = self.temp_c + _SKIN_SHARE * (outside - self.temp_c)
        self._squeeze_mpa = _SQUEEZE_MPA * (self._into @ self.flow_m3_h / 3600)
        self._cold = _Cold(rng.uniform(4.5, 6.5))
        self._bearing_c = 46.0
        self.gauge = np.zeros(len(TANKS))
        self.machine = np.zeros(len(MACHINE))
        self._pressures()

    def step(self, t_s: float) -> None:
        """Move on to `t_s` seconds after the start, one second after the step before."""
        self._control(t_s)
        self.opening += np.clip(self._open - self.opening, -self._stroke, self._stroke)
        self.flow_m3_h = self.opening * self._full
        arriving = self._into @ self.flow_m3_h / 3600
        self.volume_m3 += arriving - self._from @ self.flow_m3_h / 3600
        self.level_m = self._table.level_m(self.volume_m3)
        self._temperatures(arriving)
        self._cold.step(self._weather.air_c + self._weather.sun_c)
        self._pressures()

    def _control(self, t_s: float) -> None:
        for name, tank, opens, shuts in _HYSTERESIS:
            level, line = self.level_m[TANKS.index(tank)], _LINE[name]
            fills = shuts > opens
            if (level < opens) if fills else (level > opens):
                self._open[line] = 1.0
            elif (level > shuts) if fills else (level < shuts):
                self._open[line] = 0.0
        for (name, period_s, loading_s), phase_s in zip(_RHYTHM_S, self._phase_s, strict=True):
            self._open[_LINE[name]] = float((t_s + phase_s) % period_s < loading_s)
        cycle = self._story.at(t_s)
        self._open[_LINE["ship-102"]] = float(cycle.plan_s <= t_s < cycle.plan_end_s)
        self._overfill(t_s)

    def _overfill(self, t_s: float) -> None:
        """Fill so that the level passes h at the planned time, stop when the operators do, drain to rest."""
        cycle, rate = self._story.at(t_s), LINES[0].full_m3_h / 3600
        stroke_m3 = rate * LINES[0].stroke_s / 2
        starts_s = cycle.high_s - (self._high_m3 - self.volume_m3[0] + stroke_m3) / rate
        if t_s >= cycle.stop_s:
            self._open[_LINE["ship-101"]] = 0.0
        elif t_s >= starts_s:
            self._open[_LINE["ship-101"]] = 1.0
        draining = t_s >= cycle.stop_s + 10 and self.volume_m3[0] > self._rest_m3 + stroke_m3
        self._open[_LINE["send-101"]] = float(draining)

    def _temperatures(self, arriving_m3_s: NDArray[np.float64]) -> None:
        air = self._weather.air_c
        self.temp_c += arriving_m3_s / np.maximum(self.volume_m3, 1.0) * (_ARRIVES_C - self.temp_c)
        self.temp_c += (air + _ABOVE_AIR_C - self.temp_c) / _BODY_TAU_S
        outside = air + _ABOVE_AIR_C + self._weather.sun_c
        self._skin_c += (self.temp_c + _SKIN_SHARE * (outside - self.temp_c) - self._skin_c) / _SKIN_TAU_S
        self._squeeze_mpa += (_SQUEEZE_MPA * arriving_m3_s - self._squeeze_mpa) / 60.0
        running = float(self.flow_m3_h[_LINE["truck-1"]] + self.flow_m3_h[_LINE["truck-2"]] > 1)
        self._bearing_c += (air + 8 + 22 * running - self._bearing_c) / 900.0

    def _pressures(self) -> None:
        self.gauge[:4] = lpg_gauge_mpa(self._skin_c[:4], _PROPANE_SHARE)
        self.gauge[4:6] = PROPANE.gauge_mpa(self._skin_c[4:6])
        self.gauge[7:] = AMMONIA.gauge_mpa(self._skin_c[7:] + self._cold.warming_c)
        self.gauge += self._squeeze_mpa
        self.gauge[6] = self._cold.tank_kpa
        trucks = self.flow_m3_h[_LINE["truck-1"]] + self.flow_m3_h[_LINE["truck-2"]]
        loading_mpa = self.gauge[2] + 0.55 * min(trucks / 55.0, 1.0)
        self.machine[:] = (
            self._cold.tank_kpa - 1.8 * self._cold.load,
            self.gauge[7] + 0.035 * self._cold.load,
            self._cold.discharge_c,
            self._cold.oil_c,
            loading_mpa,
            self._bearing_c,
        )


MACHINE = ("suction", "discharge", "discharge_temp", "oil_temp", "pump_pressure", "bearing_temp")

_ARRIVES_C = np.array([19.0, 19.0, 19.0, 19.0, 18.0, 18.0, -33.4, 29.5, 29.5])
_ABOVE_AIR_C = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -55.0, 7.0, 7.0])
_BODY_TAU_S = np.array([1.5e5, 1.5e5, 1.5e5, 1.5e5, 1.5e5, 1.5e5, 1e9, 6e3, 6e3])
_SKIN_SHARE = np.array([0.4, 0.4, 0.4, 0.4, 0.4, 0.4, 0.0, 0.5, 0.5])
_SKIN_TAU_S = 120.0
_SQUEEZE_MPA = 0.12
"""How much a filling of 1 m3/s compresses the vapour above the liquid."""


class _Cold:
    """The refrigerated tank's vapour space and the compressor that keeps its pressure between two set points."""

    _START_KPA, _STOP_KPA = 7.0, 4.0

    def __init__(self, tank_kpa: float) -> None:
        self.tank_kpa = tank_kpa
        self.running = False
        self.load = 0.0
        self.discharge_c = 72.0
        self.oil_c = 44.0
        self.warming_c = 0.0

    def step(self, outside_c: float) -> None:
        """Boil-off raises the pressure, the compressor lowers it; all else follows its load."""
        if self.tank_kpa > self._START_KPA:
            self.running = True
        elif self.tank_kpa < self._STOP_KPA:
            self.running = False
        self.load += float(np.clip(self.running - self.load, -1 / 12, 1 / 12))
        self.tank_kpa += 0.012 * (1 + (outside_c - 22) / 60) - 0.034 * self.load
        self.discharge_c += (58 + 34 * self.load - self.discharge_c) / 150
        self.oil_c += (40 + 9 * self.load - self.oil_c) / 240
        self.warming_c += (1.2 * self.load - self.warming_c) / 90


def _incidence() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return tank-by-line matrices of what arrives and what leaves."""
    into = np.zeros((len(TANKS), len(LINES)))
    away = np.zeros((len(TANKS), len(LINES)))
    for i, line in enumerate(LINES):
        if line.target is not None:
            into[TANKS.index(line.target), i] = 1.0
        if line.source is not None:
            away[TANKS.index(line.source), i] = 1.0
    return into, away
