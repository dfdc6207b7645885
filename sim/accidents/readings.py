"""What the sensors of an accident sent: true values through transmitters that stick, fall silent or lie."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from sim.accidents.model import Accident, FaultKind, Sensor
from sim.accidents.signals import Floats, grid_s, knots_at, remembered, stream, true_values
from sim.recorded import Recorded

NS = 1_000_000_000
_CHUNK_S = 6 * 3600
_DRIFT_TAU_S = 600.0
_NOISE = 3
"""Purpose of a sensor's random stream, behind those of the signals."""


def names_of(accident: Accident) -> tuple[str, ...]:
    """Return the full ids of the accident's sensors, in the file's order."""
    return tuple(f"{accident.enterprise}/{sensor.id}" for sensor in accident.sensors)


def shown_values(accident: Accident, seed: int) -> Mapping[str, Floats]:
    """Return what each sensor shows on the grid; NaN where it sends nothing."""
    true = true_values(accident, seed)
    t_s = grid_s(accident)
    return {
        sensor.id: _shown(sensor, true[sensor.reads], t_s, stream(seed, i, _NOISE))
        for i, sensor in enumerate(accident.sensors)
    }


def readings(accident: Accident, seed: int, start_ns: int, seconds: int) -> Iterator[Recorded]:
    """Yield the accident's readings in time order, its file's start at `start_ns`; it ends with its own length.

    A shorter run is the beginning of a longer one.
    """
    shown = shown_values(accident, seed)
    t_s = grid_s(accident).astype(np.int64)
    names = names_of(accident)
    values = np.column_stack([shown[sensor.id] for sensor in accident.sensors])
    due = np.column_stack([t_s % sensor.scan_s == 0 for sensor in accident.sensors]) & ~np.isnan(values)
    last_s = min(seconds, accident.length_s)
    for from_s in range(0, last_s, _CHUNK_S):
        rows = slice(*np.searchsorted(t_s, (from_s, min(from_s + _CHUNK_S, last_s))))
        row, column = np.nonzero(due[rows])
        yield Recorded(
            names=names,
            column=column.astype(np.int32),
            t_ns=start_ns + t_s[rows][row] * NS,
            value=values[rows][row, column],
        )


def _shown(sensor: Sensor, true: Floats, t_s: Floats, draws: np.random.Generator) -> Floats:
    """Return what the sensor sends for true values.

    What comes before the transmitter (`shows`, `held`) has its noise like any other value; what comes after it
    (`stuck`, `silent`) has none.
    """
    value = true.copy()
    for fault in sensor.faults:
        during = _during(t_s, fault.from_s, fault.to_s)
        if fault.kind is FaultKind.SHOWS:
            value[during] = knots_at(fault.knots, t_s[during])
        elif fault.kind is FaultKind.HELD and during.any():
            value[during] = true[int(np.argmax(during))]
    white, slow = draws.standard_normal((2, len(t_s)))
    value = value + white * sensor.noise + _drifted(slow * sensor.drift, float(t_s[1] - t_s[0]))
    value = np.clip(value, *sensor.range)
    sent = np.rint(value / sensor.resolution) * sensor.resolution
    sent = np.round(sent, max(0, 1 - math.floor(math.log10(sensor.resolution)))) + 0.0
    for fault in sensor.faults:
        during = _during(t_s, fault.from_s, fault.to_s)
        if fault.kind is FaultKind.STUCK and during.any():
            sent[during] = sent[int(np.argmax(during))]
        elif fault.kind is FaultKind.SILENT:
            sent[during] = math.nan
    return np.asarray(sent)


def _drifted(pushes: Floats, step_s: float) -> Floats:
    keep = math.exp(-step_s / _DRIFT_TAU_S)
    return remembered(pushes * math.sqrt(1 - keep**2), keep)


def _during(t_s: Floats, from_s: float, to_s: float) -> NDArray[np.bool_]:
    return np.asarray((t_s >= from_s) & (t_s < to_s))
