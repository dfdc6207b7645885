"""Recordings of normal operation, with the sensors as a plant would have entered them."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.truth.recordings import Table, table
from detectors.profile_file import load_profile
from registry.plant import Plant
from registry.points import load_points
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from sim.recorded import Recorded
from sim.scenarios import simulate, truth_of

_NS = 1_000_000_000
_BEFORE_S, _AFTER_S = 60.0, 300.0
"""A finding so long before an event's onset or after its end is still of the event."""


@dataclass(frozen=True, slots=True)
class Normal:
    """One recording: its sensors, its readings in arrival order, and the times at which sensors were not normal."""

    name: str
    registry: SensorRegistry
    block: ReadingBlock
    excused: tuple[tuple[int, int, int], ...] = ()  # sensor, from ns, to ns

    def days(self) -> NDArray[np.float64]:
        """Return the days that each sensor was heard."""
        first = np.full(len(self.registry), np.iinfo(np.int64).max)
        last = np.zeros(len(self.registry), np.int64)
        np.minimum.at(first, self.block.sensor, self.block.t_ns)
        np.maximum.at(last, self.block.sensor, self.block.t_ns)
        return np.asarray(np.maximum((last - first) / _NS / 86_400.0, 0.0), np.float64)

    def is_excused(self, sensor: int, t_ns: int) -> bool:
        """Return whether the sensor was not normal then."""
        return any(i == sensor and a <= t_ns <= b for i, a, b in self.excused)


def normal_recordings(data: Path, *, seeds: int, hours: float) -> Iterator[Normal]:
    """Yield the demo site of several seeds, SKAB's anomaly-free hours, TEP's normal runs, and the street's year."""
    for seed in range(1, seeds + 1):
        yield demo(seed, hours)
    yield typed("skab", table(data / "skab/anomaly-free/anomaly-free.csv", ";"), _skab_type, 1.0)
    for run in ("d00", "d00_te"):
        yield typed(f"tep {run}", table(data / f"tep/{run}.csv", ","), _tep_type, 180.0)
    yield typed("airquality", airquality(data / "airquality/AirQuality.csv"), _street_type, 3600.0)


def demo(seed: int, hours: float) -> Normal:
    """Return the demo site; what its story does to a sensor is excused."""
    _, defaults, _ = load_profile(None)
    with as_file(files("sim") / "data" / "demo" / "points.csv") as path:
        specs, _ = load_points(path, Plant(), defaults)
    registry = SensorRegistry(tuple(specs))
    whole = Recorded.concat(list(simulate("demo-site", seed, hours)))
    index = np.array([registry.index[name] for name in whole.names], np.int32)
    block = ReadingBlock(
        sensor=index[whole.column],
        t_ns=whole.t_ns,
        value=whole.value,
        quality=np.zeros(len(whole.t_ns), np.uint8),
    )
    excused = tuple(
        (registry.index[sensor], _ns(event["onset"]) - round(_BEFORE_S * _NS), _ns(event["end"]) + round(_AFTER_S * _NS))
        for event in truth_of("demo-site", seed, hours)["events"]
        for sensor in event["sensors"]
        if event["fault"]
    )  # fmt: skip
    return Normal(f"demo {seed}", registry, block, excused)


def typed(name: str, recording: Table, type_of: Callable[[str], SensorType], scan_s: float) -> Normal:
    """Return a recording whose columns are sensors of types; a missing value is a reading without one."""
    registry = SensorRegistry(
        tuple(
            SensorSpec(id=column, sensor=column, enterprise="", type=type_of(column), scan_s=scan_s)
            for column in recording.names
        )
    )
    n, channels = recording.values.shape
    block = ReadingBlock(
        sensor=np.tile(np.arange(channels, dtype=np.int32), n),
        t_ns=np.repeat(recording.t_ns, channels),
        value=recording.values.ravel(),
        quality=np.zeros(n * channels, np.uint8),
    )
    return Normal(name, registry, block)


def airquality(path: Path) -> Table:
    """Read the street's year; -200 is no value."""
    with path.open(newline="") as file:
        rows = [row for row in csv.reader(file, delimiter=";") if row and row[0]]
    names = tuple(name for name in rows[0][2:] if name)
    t_ns = [
        round(datetime.strptime(f"{r[0]} {r[1]}", "%d/%m/%Y %H.%M.%S").replace(tzinfo=UTC).timestamp()) * _NS
        for r in rows[1:]
    ]
    values = np.array([[float(cell.replace(",", ".")) for cell in r[2 : 2 + len(names)]] for r in rows[1:]])
    return Table("airquality", np.array(t_ns), np.where(values == -200.0, np.nan, values), names)


def _skab_type(column: str) -> SensorType:
    kinds = {
        "Pressure": SensorType.PRESSURE,
        "Temperature": SensorType.TEMPERATURE,
        "Thermocouple": SensorType.TEMPERATURE,
        "Volume Flow RateRMS": SensorType.FLOW,
    }
    return kinds.get(column, SensorType.OTHER)


_TEP = {
    SensorType.PRESSURE: (7, 13, 16),
    SensorType.LEVEL: (8, 12, 15),
    SensorType.TEMPERATURE: (9, 11, 18, 21, 22),
    SensorType.FLOW: (1, 2, 3, 4, 5, 6, 10, 14, 17, 19),
}


def _tep_type(column: str) -> SensorType:
    family, _, number = column.partition("_")
    if family == "XMV":
        return SensorType.VALVE
    return next((kind for kind, numbers in _TEP.items() if int(number) in numbers), SensorType.OTHER)


def _street_type(column: str) -> SensorType:
    if column == "T":
        return SensorType.TEMPERATURE
    return SensorType.GAS_TOXIC if "(" in column else SensorType.OTHER


def _ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000) * 1_000_000
