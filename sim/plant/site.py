"""A simulated site: hazard sources with their vessels and sensors, laid out from what a scenario file says of each."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from registry.plant import Text
from sim.demo import Point
from sim.plant.air import Climate
from sim.plant.equipment import Reaction, Vessel
from sim.plant.kinds import KINDS, Kind
from sim.plant.liquids import Liquid
from sim.vessels import LevelTable, Shape

ATMOSPHERE_PA = 101_325.0
LIMITS = ("ll", "l", "h", "hh")
_COLUMNS = 4
_UNIT_PA = {"kPa": 1e3, "MPa": 1e6}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauging:
    """The sensors of one type at every vessel of a source, or around it: unit, range, limits, scan.

    Level limits are shares of the volume here and become metres in `Site.points`.
    """

    unit: str
    range_lo: float
    range_hi: float
    limits: Mapping[str, float]
    scan_s: int
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One hazard source: a number of equal vessels of one liquid, with what watches them.

    `gauging` is by sensor type: level, pressure and temperature at each vessel; gas around them, `count` of them;
    flow for what comes in and goes out together. `band` is where normal operation keeps the filling (shares of the
    volume). `design` is the design pressure with its unit, `relief_pa` the relief valve's set pressure.
    With `transfers` its vessels are joined in pairs, and now and then one is pumped over into the other.
    """

    id: str
    text: Text
    kind: str
    liquid: Liquid
    count: int
    shape: Shape
    flow_m3_h: float
    band: tuple[float, float]
    feed_c: float
    gauging: Mapping[str, Gauging]
    population: int
    spacing_m: float
    relief_pa: float = math.inf
    design: str = ""
    reaction: Reaction | None = None
    transfers: bool = False

    @property
    def volume_m3(self) -> float:
        """The volume of one vessel."""
        return float(self.shape.volume_m3(np.array([self.shape.height_m]))[0])

    @property
    def physics(self) -> Kind:
        """What its kind of vessel does."""
        return KINDS[self.kind]

    @property
    def gas_type(self) -> str:
        """The type of its gas detectors."""
        gas = self.gauging.get("gas")
        return "gas_toxic" if gas is not None and gas.unit == "mg/m3" else "gas_combustible"

    @property
    def gas_unit_mg_m3(self) -> float:
        """What one unit of its gas detectors is as a concentration."""
        return self.liquid.lfl_mg_m3 / 100 if self.gas_type == "gas_combustible" else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePoint:
    """A sensor and what it measures: `what` of vessel `vessel` or of the whole source `place` (None: of the site)."""

    point: Point
    what: str
    place: int | None
    vessel: int | None
    source: str = ""
    equipment: str = ""
    text: Text = field(default_factory=lambda: Text.same(""))
    z: float = 2.0


@dataclass(frozen=True, eq=False)
class Site:
    """Everything that stands at a site; vessels and points are numbered over all sources."""

    enterprise: str
    enterprise_text: Text
    area: tuple[tuple[str, Text], ...]
    climate: Climate
    sources: tuple[Source, ...]

    @cached_property
    def vessels(self) -> tuple[Vessel, ...]:
        """Every vessel, source by source."""
        return tuple(
            self._vessel(place, source, k)
            for place, source in enumerate(self.sources)
            for k in range(source.count)
        )

    @cached_property
    def row_s(self) -> int:
        """How often true values are written down: a divisor of every sensor's scan."""
        return math.gcd(*(p.point.scan_s for p in self.points))

    @cached_property
    def points(self) -> tuple[SitePoint, ...]:
        """Every sensor: those of the site, then source by source."""
        found = _Points(self)
        found.weather()
        vessel = 0
        for place, source in enumerate(self.sources):
            for k in range(source.count):
                found.at_vessel(place, source, k, vessel)
                vessel += 1
            found.around(place, source)
        return tuple(found.points)

    def points_of(self, vessel: int | None, place: int | None, what: str) -> list[int]:
        """Return the numbers of the points that measure `what` there."""
        return [
            i
            for i, p in enumerate(self.points)
            if p.what == what and p.vessel == vessel and (vessel is not None or p.place == place)
        ]

    def corner_m(self, place: int) -> tuple[float, float]:
        """Return where a source's first vessel stands; sources stand in two rows, far from each other."""
        column, row = divmod(place, 2)
        return column * 250.0, row * 200.0

    def _vessel(self, place: int, source: Source, k: int) -> Vessel:
        x, y = self.corner_m(place)
        column, row = k % _COLUMNS, k // _COLUMNS
        cold_c = _boiling_c(source) if source.physics.compressor_pa else self.climate.mean_c
        return Vessel(
            name=f"{source.id}-{k + 1:02d}",
            place=place,
            kind=source.physics,
            liquid=source.liquid,
            shape=source.shape,
            flow_m3_h=source.flow_m3_h,
            start=(source.band[0] + source.band[1]) / 2,
            start_c=source.reaction.set_c if source.reaction else cold_c,
            feed_c=source.feed_c,
            relief_pa=source.relief_pa,
            reaction=source.reaction,
            at_m=(x + column * source.spacing_m, y + row * source.spacing_m),
        )


def _boiling_c(source: Source) -> float:
    """Return the temperature at which the liquid boils between the compressor's start and stop."""
    go, stop = source.physics.compressor_pa or (0.0, 0.0)
    a, b, c = source.liquid.antoine
    return b / (a - math.log10(ATMOSPHERE_PA + (go + stop) / 2)) - c - 273.15


_NAMES = {
    "level": ("LT", Text(zh="液位", en="level")),
    "pressure": ("PT", Text(zh="压力", en="pressure")),
    "temperature": ("TT", Text(zh="温度", en="temperature")),
    "gas": ("GT", Text(zh="气体", en="gas")),
    "inflow": ("FI", Text(zh="总进料流量", en="total inflow")),
    "outflow": ("FO", Text(zh="总出料流量", en="total outflow")),
    "header": ("PH", Text(zh="出料总管压力", en="export header pressure")),
}


class _Points:
    """Collects the points of a site in their order."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.points: list[SitePoint] = []

    def weather(self) -> None:
        for sensor, type_, unit, high, what in (
            ("WS-001", "wind_speed", "m/s", 40.0, "wind_m_s"),
            ("WD-001", "wind_direction", "deg", 360.0, "from_deg"),
            ("TT-001", "temperature", "degC", 60.0, "air_c"),
        ):
            low = -40.0 if type_ == "temperature" else 0.0
            point = self._point(
                sensor, type_, Gauging(unit=unit, range_lo=low, range_hi=high, limits={}, scan_s=5), (0, 0)
            )
            text = Text(zh="气象站", en="weather station")
            self.points.append(SitePoint(point=point, what=what, place=None, vessel=None, text=text, z=10.0))

    def at_vessel(self, place: int, source: Source, k: int, vessel: int) -> None:
        at = self.site.vessels[vessel].at_m
        for what in ("level", "pressure", "temperature"):
            gauging = source.gauging.get(what)
            if gauging is None:
                continue
            if what == "level":
                gauging = _in_metres(gauging, source.shape)
            letters, word = _NAMES[what]
            point = self._point(f"{letters}-{place + 1:02d}{k + 1:02d}", what, gauging, at)
            self.points.append(
                SitePoint(
                    point=point,
                    what=what,
                    place=place,
                    vessel=vessel,
                    source=source.id,
                    equipment=self.site.vessels[vessel].name,
                    text=Text(
                        zh=f"{k + 1}号{source.physics.text.zh}{word.zh}",
                        en=f"{source.physics.text.en} {k + 1} {word.en}",
                    ),
                )
            )

    def around(self, place: int, source: Source) -> None:
        for what in ("gas", "inflow", "outflow", "header"):
            gauging = source.gauging.get(what)
            for k in range(gauging.count if gauging else 0):
                assert gauging is not None
                letters, word = _NAMES[what]
                type_ = {"gas": source.gas_type, "header": "pressure"}.get(what, "flow")
                at = _gas_place(self.site.corner_m(place), source.spacing_m, k)
                point = self._point(f"{letters}-{place + 1:02d}{k + 1:02d}", type_, gauging, at)
                text = Text(zh=f"{source.text.zh}{word.zh}{k + 1}", en=f"{source.text.en}, {word.en} {k + 1}")
                self.points.append(
                    SitePoint(
                        point=point, what=what, place=place, vessel=None, source=source.id, text=text, z=0.5
                    )
                )

    def _point(self, sensor: str, type_: str, gauging: Gauging, at: tuple[float, float]) -> Point:
        return Point(
            enterprise=self.site.enterprise,
            sensor=sensor,
            type=type_,
            unit=gauging.unit,
            range_lo=gauging.range_lo,
            range_hi=gauging.range_hi,
            limits=tuple((name, gauging.limits[name]) for name in LIMITS if name in gauging.limits),
            scan_s=gauging.scan_s,
            x=round(at[0], 1),
            y=round(at[1], 1),
        )


def _gas_place(corner_m: tuple[float, float], spacing_m: float, k: int) -> tuple[float, float]:
    """Return where a gas detector stands: between the vessels, row by row."""
    column, row = k % 3, k // 3
    return corner_m[0] + (column + 0.5) * spacing_m, corner_m[1] + (row + 0.25) * spacing_m


def _in_metres(gauging: Gauging, shape: Shape) -> Gauging:
    table = LevelTable([shape])
    metres = {
        name: round(float(table.level_m(np.array([share * table.capacity_m3[0]]))[0]), 2)
        for name, share in gauging.limits.items()
    }
    return Gauging(unit="m", range_lo=0.0, range_hi=shape.height_m, limits=metres, scan_s=gauging.scan_s)


def pascal(value: float, unit: str) -> float:
    """Return a pressure of a scenario file in Pa."""
    return value * _UNIT_PA[unit]


def per_unit_pa(unit: str) -> float:
    """Return how many Pa one unit is."""
    return _UNIT_PA[unit]
