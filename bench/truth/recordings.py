"""The labelled recordings as arrays. They lie beside the checkout and never inside it."""

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.truth.nab import Labelled

SKAB_LEARN = 400
TEP_ONSET = 160
TEP_FAULTS = range(1, 11)
_NS = 1_000_000_000
_MISSING = -200.0


@dataclass(frozen=True, slots=True)
class Table:
    """One recording: event times, and values as (rows, channels); NaN where a cell is empty."""

    name: str
    t_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    names: tuple[str, ...] = ()

    def then(self, other: "Table") -> "Table":
        """Return this recording with the other following it at once, as if they were one."""
        step = self.t_ns[-1] - self.t_ns[-2]
        t_ns = other.t_ns - other.t_ns[0] + self.t_ns[-1] + step
        return Table(
            other.name,
            np.concatenate([self.t_ns, t_ns]),
            np.concatenate([self.values, other.values]),
            self.names,
        )


def nab(folder: Path) -> list[tuple[Table, Labelled]]:
    """Read every series that `windows.json` names."""
    listed: dict[str, list[tuple[str, str]]] = json.loads((folder / "windows.json").read_text())
    found = []
    for name, limits in sorted(listed.items()):
        _, t_ns, values = _read(folder / name, ",")
        # a time may come twice where the clock was put back: a window begins and ends at its first
        windows = [
            (int(np.argmax(t_ns == _time(a))), int(np.argmax(t_ns == _time(b)))) for a, b in sorted(limits)
        ]
        days = float(t_ns[-1] - t_ns[0]) / _NS / 86_400
        found.append((Table(name, t_ns, values), Labelled(len(t_ns), tuple(windows), days)))
    return found


def skab(folder: Path) -> list[tuple[Table, NDArray[np.bool_]]]:
    """Read valve1: the eight channels, and which rows are anomalous."""
    found = []
    for path in sorted((folder / "valve1").glob("*.csv"), key=lambda p: int(p.stem)):
        names, t_ns, values = _read(path, ";")
        channels = [i for i, name in enumerate(names) if name not in {"anomaly", "changepoint"}]
        found.append((Table(path.stem, t_ns, values[:, channels]), values[:, names.index("anomaly")] > 0))
    return found


def skab_free(folder: Path) -> tuple[list[str], list[Table]]:
    """Read the names of the channels and the recording without anomalies."""
    names, t_ns, values = _read(folder / "anomaly-free" / "anomaly-free.csv", ";")
    return names, [Table("anomaly-free", t_ns, values)]


def air_quality(folder: Path) -> tuple[list[str], list[Table]]:
    """Read a year of hourly air: decimal commas, -200 where a value is missing, empty rows and columns at the end."""
    with (folder / "AirQuality.csv").open(newline="") as file:
        rows = [row for row in csv.reader(file, delimiter=";") if any(row)]
    names = [name for name in rows[0][2:] if name]
    moments = [datetime.strptime(f"{row[0]} {row[1]}", "%d/%m/%Y %H.%M.%S") for row in rows[1:]]  # noqa: DTZ007 - local time without a zone
    t_ns = np.array([round(moment.replace(tzinfo=UTC).timestamp()) * _NS for moment in moments], np.int64)
    values = np.array(
        [[float(cell.replace(",", ".")) for cell in row[2 : 2 + len(names)]] for row in rows[1:]]
    )
    values[values == _MISSING] = np.nan
    return names, [Table("a year", t_ns, values)]


def tep_names(folder: Path) -> list[str]:
    """Read the names of the channels."""
    with (folder / "d00.csv").open(newline="") as file:
        return next(csv.reader(file))[1:]


def tep(folder: Path, faults: Iterable[int] = TEP_FAULTS) -> tuple[Table, Table, dict[int, Table]]:
    """Read the normal training run, the normal test run, and the test run of each fault."""

    def run(name: str) -> Table:
        _, t_ns, values = _read(folder / name, ",")
        return Table(name, t_ns, values)

    return run("d00.csv"), run("d00_te.csv"), {k: run(f"d{k:02d}_te.csv") for k in faults}


def table(path: Path, delimiter: str) -> Table:
    """Read one file with all its channels, but for the labels."""
    names, t_ns, values = _read(path, delimiter)
    channels = [i for i, name in enumerate(names) if name not in {"anomaly", "changepoint"}]
    return Table(path.stem, t_ns, values[:, channels], tuple(names[i] for i in channels))


def _read(path: Path, delimiter: str) -> tuple[list[str], NDArray[np.int64], NDArray[np.float64]]:
    with path.open(newline="") as file:
        rows = csv.reader(file, delimiter=delimiter)
        names = next(rows)[1:]
        body = [row for row in rows if row]
    t_ns = np.array([_time(row[0]) for row in body], np.int64)
    values = np.array([[float(cell) if cell else np.nan for cell in row[1:]] for row in body], np.float64)
    return names, t_ns, values


def _time(text: str) -> int:
    moment = datetime.fromisoformat(text)
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()) * _NS
