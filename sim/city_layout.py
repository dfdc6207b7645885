"""The city: how many enterprises there are, what each of them measures, and the settings files that say so.

All of it follows from the number of enterprises; nothing is stored. Every enterprise has the same fifty sensors, on
tanks of its own heights.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_LAYOUT_STREAM = 70
_HEIGHTS_M = (8.0, 10.0, 12.0, 14.0)
TANKS = 15
DISTRICTS = 10
SENSORS = 50
"""Sensors of an enterprise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The sensors of one type at an enterprise; limits in the order ll, l, h, hh.

    Range and limits are in `unit`, for levels in shares of the tank's height.
    """

    letters: str
    type: str
    unit: str
    count: int
    range_lo: float
    range_hi: float
    limits: tuple[float | None, float | None, float, float]
    decimals: int
    zh: str
    en: str


GROUPS = (
    Group(letters="LT", type="level", unit="m", count=15, range_lo=0, range_hi=1, limits=(0.05, 0.1, 0.85, 0.92), decimals=3, zh="液位", en="level"),
    Group(letters="PT", type="pressure", unit="MPa", count=10, range_lo=0, range_hi=2.5, limits=(0.1, 0.2, 1.6, 1.8), decimals=4, zh="压力", en="pressure"),
    Group(letters="TT", type="temperature", unit="degC", count=10, range_lo=-40, range_hi=80, limits=(-30, -20, 45, 50), decimals=1, zh="温度", en="temperature"),
    Group(letters="FT", type="flow", unit="m3/h", count=3, range_lo=0, range_hi=600, limits=(None, None, 520, 570), decimals=1, zh="进料流量", en="inflow"),
    Group(letters="GT", type="gas_combustible", unit="%LEL", count=8, range_lo=0, range_hi=100, limits=(None, None, 25, 50), decimals=1, zh="可燃气体", en="combustible gas"),
    Group(letters="XT", type="gas_toxic", unit="mg/m3", count=4, range_lo=0, range_hi=100, limits=(None, None, 20, 30), decimals=1, zh="氨气", en="ammonia"),
)  # fmt: skip


@dataclass(frozen=True)
class CityLayout:
    """A city of so many enterprises; the columns of its readings go by enterprise, then as `GROUPS` have them."""

    enterprises: int

    @cached_property
    def ids(self) -> tuple[str, ...]:
        """The enterprises' ids."""
        return tuple(f"e{i + 1:04}" for i in range(self.enterprises))

    @cached_property
    def sensors(self) -> tuple[str, ...]:
        """The sensors' names within each enterprise."""
        return tuple(f"{group.letters}-{i + 1:02}" for group in GROUPS for i in range(group.count))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The full ids of all sensors."""
        return tuple(f"{enterprise}/{sensor}" for enterprise in self.ids for sensor in self.sensors)

    @cached_property
    def heights_m(self) -> NDArray[np.float64]:
        """The height of each tank, one row an enterprise."""
        rng = np.random.Generator(np.random.PCG64([_LAYOUT_STREAM]))
        return np.asarray(np.array(_HEIGHTS_M)[rng.integers(0, len(_HEIGHTS_M), (self.enterprises, TANKS))])

    def quantity_t(self, enterprise: int) -> int:
        """Return the tonnes of LPG at an enterprise."""
        return 200 + 200 * (enterprise % 20)

    def settings(self) -> Mapping[str, str]:
        """Return the settings files by their names."""
        return {
            "hazwatch.yaml": _HAZWATCH,
            "plant.yaml": self._plant(),
            "points.csv": self._points(),
            "routes.yaml": _ROUTES,
        }

    def _plant(self) -> str:
        lines = ["# The city: invented districts and enterprises, for load.", "areas:"]
        lines.append('  - {code: "990100", name: {zh: 示例市, en: Example City}}')
        lines += [
            f'  - {{code: "9901{d + 1:02}", name: {{zh: 第{d + 1}区, en: District {d + 1}}}, parent: "990100"}}'
            for d in range(DISTRICTS)
        ]
        lines.append("enterprises:")
        lines += [
            f"  - {{id: {name}, name: {{zh: 示例企业 {name}, en: Enterprise {name}}}, "
            f'area: "9901{i * DISTRICTS // self.enterprises + 1:02}"}}'
            for i, name in enumerate(self.ids)
        ]
        lines.append("sources:")
        # R = 1.5 x 1.5 x q / 50 for q = 200 to 4000 t of LPG: 9 to 180, all four grades (see also `grade`)
        lines += [
            f"  - {{id: {name}-T, enterprise: {name}, name: {{zh: {name} 罐区, en: {name} tank farm}}, "
            f"chemicals: [{{substance: 液化石油气, quantity_t: {self.quantity_t(i)}}}], alpha: 1.5, "
            f"lon: {121 + i % 50 / 100:.2f}, lat: {29 + i // 50 / 100:.2f}}}"
            for i, name in enumerate(self.ids)
        ]
        return "\n".join(lines) + "\n"

    def _points(self) -> str:
        lines = [
            "sensor,enterprise,source,equipment,type,unit,range_lo,range_hi,ll,l,h,hh,scan_s,description\n"
        ]
        for name, heights in zip(self.ids, self.heights_m.tolist(), strict=True):
            for group in GROUPS:
                for i in range(group.count):
                    scale = heights[i] if group.type == "level" else 1.0
                    cells = (group.range_lo, group.range_hi, *group.limits)
                    numbers = ",".join("" if c is None else f"{c * scale:g}" for c in cells)
                    lines.append(
                        f"{group.letters}-{i + 1:02},{name},{name}-T,,{group.type},{group.unit},{numbers},1,"
                        f"{i + 1}号{group.zh} / {group.en} {i + 1}\n"
                    )
        return "".join(lines)


_HAZWATCH = """\
# The city's settings; every path is relative to this file.
plant: plant.yaml
points: points.csv
routes: routes.yaml
mqtt: {url: "mqtt://127.0.0.1:1883", topics: ["hazwatch/v1/#"]}
store: {kind: duckdb}
state_dir: state
clock: wall
console: {listen: "127.0.0.1:8080"}
"""

_ROUTES = """\
receivers:
  duty-log: {kind: log}
route: {receiver: duty-log}
"""
