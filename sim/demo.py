"""The demo site's files, as they lie in the installed package."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

DEMO_FILES = (
    "hazwatch.yaml",
    "plant.yaml",
    "points.csv",
    "routes.yaml",
    "map.geojson",
    "haigang.geojson",
    "beicang.geojson",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What the simulator needs of one row of points.csv; limits by name, only those that the row has."""

    enterprise: str
    sensor: str
    type: str
    unit: str
    range_lo: float
    range_hi: float
    limits: tuple[tuple[str, float], ...]
    scan_s: int
    x: float
    y: float

    @property
    def id(self) -> str:
        """The id that is unique over all enterprises."""
        return f"{self.enterprise}/{self.sensor}"


def demo_text(name: str) -> str:
    """Return one of `DEMO_FILES`; works from a wheel that was never unpacked by hand."""
    return files("sim").joinpath("data", "demo", name).read_text(encoding="utf-8")


def write_demo(folder: Path) -> Path:
    """Write the demo site's files into a folder, over what stands there; return the path of its hazwatch.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in DEMO_FILES:
        folder.joinpath(name).write_text(demo_text(name), encoding="utf-8")
    return folder / "hazwatch.yaml"


@cache
def demo_points() -> tuple[Point, ...]:
    """Return the demo site's sensors in the order of points.csv."""
    return tuple(_point(row) for row in csv.DictReader(demo_text("points.csv").splitlines()))


def _point(row: dict[str, str]) -> Point:
    return Point(
        enterprise=row["enterprise"],
        sensor=row["sensor"],
        type=row["type"],
        unit=row["unit"],
        range_lo=float(row["range_lo"]),
        range_hi=float(row["range_hi"]),
        limits=tuple((name, float(row[name])) for name in ("ll", "l", "h", "hh") if row[name]),
        scan_s=int(row["scan_s"]),
        x=float(row["x"]),
        y=float(row["y"]),
    )
