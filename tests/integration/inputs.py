"""Recordings for the integration tests, each with the points table and plant that were written for it.

The real ones lie beside the checkout, in shared/data. Their limits come from the fault-free run of the same plant.
What must be found in a store is read here with Python's own csv module, so that it does not rest on `sim.recording`.
"""

import csv
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from sim.demo import demo_text
from sim.scenarios import DEMO_START_NS, simulate
from sim.writing import write_readings

SHARED = next(
    (p / "shared" / "data" for p in Path(__file__).resolve().parents if (p / "shared" / "data").is_dir()),
    None,
)
NS = 1_000_000_000

Readings = Mapping[str, Mapping[int, float]]
"""By full id: event time in ns to value."""

PLANT = """\
areas: [{{code: "330211", name: {{zh: 镇海区, en: Zhenhai District}}}}]
enterprises: [{{id: {enterprise}, name: {{zh: 试验装置, en: Test plant}}, area: "330211"}}]
sources:
  - {{id: S1, enterprise: {enterprise}, name: {{zh: 反应单元, en: Reaction unit}}, population: 120, chemicals: [{{substance: 氨, quantity_t: 50}}]}}
equipment:
  - {{id: E1, source: S1, name: {{zh: 设备, en: Equipment}}, kind: vessel}}
"""
HEADER = "sensor,enterprise,source,equipment,type,unit,range_lo,range_hi,ll,l,h,hh,deadband,scan_s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A recording and the settings files for it; `others` columns are in the recording and in no points table."""

    name: str
    recording: Path
    files: Mapping[str, str]
    readings: Readings
    others: int
    speed: str

    def within(self, seconds: float) -> str:
        """Return the speed at which a publication takes so many seconds."""
        times = [t_ns for series in self.readings.values() for t_ns in (min(series), max(series))]
        return f"{(max(times) - min(times)) / NS / seconds:.6g}x"

    @property
    def count(self) -> int:
        """Return how many readings of known sensors there are."""
        return sum(len(series) for series in self.readings.values())

    @property
    def all(self) -> int:
        """Return how many readings the recording has, those of unknown sensors too."""
        rows = max(len(series) for series in self.readings.values())
        return self.count + self.others * rows


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a recording as a sensor; `range_lo`, `range_hi` are its transmitter's."""

    type: str
    unit: str
    range_lo: float
    range_hi: float


SKAB = {
    "Accelerometer1RMS": _Column("other", "", -1, 2),
    "Accelerometer2RMS": _Column("other", "", -1, 2),
    "Current": _Column("other", "A", -5, 10),
    "Pressure": _Column("pressure", "bar", -3, 5),
    "Temperature": _Column("temperature", "°C", 0, 150),
    "Thermocouple": _Column("temperature", "°C", 0, 100),
    "Voltage": _Column("other", "V", 0, 400),
    "Volume Flow RateRMS": _Column("flow", "L/min", 0, 150),
}
TEP = {
    "XMEAS_7": _Column("pressure", "kPa", 0, 3500),  # reactor pressure
    "XMEAS_8": _Column("level", "%", 0, 120),  # reactor level
    "XMEAS_9": _Column("temperature", "°C", 0, 180),  # reactor temperature
    "XMEAS_11": _Column("temperature", "°C", 0, 140),  # separator temperature
    "XMEAS_12": _Column("level", "%", 0, 120),  # separator level
    "XMEAS_13": _Column("pressure", "kPa", 0, 3500),  # separator pressure
    "XMEAS_14": _Column("flow", "m3/h", 0, 60),  # separator underflow
    "XMEAS_15": _Column("level", "%", 0, 120),  # stripper level
    "XMEAS_16": _Column("pressure", "kPa", 0, 4000),  # stripper pressure
    "XMEAS_17": _Column("flow", "m3/h", 0, 60),  # stripper underflow
    "XMEAS_18": _Column("temperature", "°C", 0, 140),  # stripper temperature
    **{f"XMEAS_{i}": _Column("other", "", -1e5, 1e5) for i in (*range(1, 7), 10, *range(19, 42))},
    **{f"XMV_{i}": _Column("valve", "%", -20, 120) for i in range(1, 12)},
}


def names() -> Sequence[str]:
    """Return the inputs that there are here."""
    return tuple(_REAL) if SHARED else ("simulated",)


def given(name: str, folder: Path) -> Given:
    """Return an input; a simulated one is written into `folder`."""
    return _REAL[name]() if name in _REAL else _simulated(folder)


def _skab() -> Given:
    assert SHARED is not None
    recording = SHARED / "skab/valve1/1.csv"
    columns = _read(recording, ";", "datetime", "%Y-%m-%d %H:%M:%S")
    # the run in anomaly-free/ is at four times the flow: what is normal here is told by this set-up's own labels
    before = _read(SHARED / "skab/valve1/0.csv", ";", "datetime", "%Y-%m-%d %H:%M:%S")
    fine = {t_ns for t_ns, label in before["anomaly"].items() if not label}
    normal = {name: {t: v for t, v in series.items() if t in fine} for name, series in before.items()}
    points = _points("bench", SKAB, normal, scan_s=1)
    return Given(
        name="skab-valve1", recording=recording, speed="100x", others=2,
        files={"plant.yaml": PLANT.format(enterprise="bench"), "points.csv": points},
        readings={f"bench/{name}": columns[name] for name in SKAB},
    )  # fmt: skip


def _tep() -> Given:
    assert SHARED is not None
    columns = _read(SHARED / "tep/d01_te.csv", ",", "time", "%Y-%m-%dT%H:%M:%SZ")
    points = _points("tep", TEP, _read(SHARED / "tep/d00.csv", ",", "time", "%Y-%m-%dT%H:%M:%SZ"), scan_s=180)
    return Given(
        name="tep-d01", recording=SHARED / "tep/d01_te.csv", speed="20000x", others=0,
        files={"plant.yaml": PLANT.format(enterprise="tep"), "points.csv": points},
        readings={f"tep/{name}": columns[name] for name in TEP},
    )  # fmt: skip


_REAL: Mapping[str, Callable[[], Given]] = {"skab-valve1": _skab, "tep-d01": _tep}


def _simulated(folder: Path) -> Given:
    recording = folder / "simulated.csv"
    folder.mkdir(parents=True, exist_ok=True)
    write_readings(simulate("demo-site", 7, 0.1, DEMO_START_NS), recording)
    readings: dict[str, dict[int, float]] = {}
    with recording.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            t_ns = round(datetime.fromisoformat(row["time"]).timestamp() * 1000) * (NS // 1000)
            readings.setdefault(row["sensor"], {})[t_ns] = float(row["value"])
    return Given(
        name="simulated", recording=recording, speed="40x", others=0,
        files={name: demo_text(name) for name in ("plant.yaml", "points.csv")},
        readings=readings,
    )  # fmt: skip


def _read(path: Path, delimiter: str, time: str, form: str) -> dict[str, dict[int, float]]:
    columns: dict[str, dict[int, float]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter=delimiter):
            t_ns = round(datetime.strptime(row.pop(time), form).replace(tzinfo=UTC).timestamp()) * NS
            for name, cell in row.items():
                columns.setdefault(name, {})[t_ns] = float(cell)
    return columns


def _points(
    enterprise: str, columns: Mapping[str, _Column], normal: Mapping[str, Mapping[int, float]], scan_s: int
) -> str:
    """Return a points table with limits at 3 and 4.5 sigma of the fault-free run, within the range."""
    rows = [HEADER]
    for name, column in columns.items():
        head = (
            f"{name},{enterprise},S1,E1,{column.type},{column.unit},{column.range_lo:g},{column.range_hi:g}"
        )
        if column.type in {"other", "valve"}:
            rows.append(f"{head},,,,,,{scan_s}")
            continue
        values = list(normal[name].values())
        mean, sigma = statistics.fmean(values), statistics.stdev(values)
        limits = np.clip([mean + k * sigma for k in (-4.5, -3, 3, 4.5)], column.range_lo, column.range_hi)
        cells = ["" if at in {column.range_lo, column.range_hi} else f"{at:.6g}" for at in limits.tolist()]
        rows.append(f"{head},{','.join(cells)},{sigma / 2:.6g},{scan_s}")
    return "\n".join([*rows, ""])
