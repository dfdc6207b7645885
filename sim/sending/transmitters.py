"""From true values to what transmitters send: lag, offset, drift, noise, saturation, resolution, and their diagnostics.

Each point has random streams of its own by its id, one for each quantity, drawn row by row. So any split of the
rows into calls gives the same readings, and a point that is added, or simulated elsewhere, changes no other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from registry.readings import Quality
from sim.recorded import Recorded
from sim.sending.diagnostics import Mode, loop, state_currents, transmitter_data

NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_STREAMS = 41
"""First of the numbers that tell this module's random streams from others of the same seed."""
_PHASE_MS = 900
"""A point's turn lies within this of the second; with the widest jitter it stays within the second."""


class Sensed(Protocol):
    """What must be known of a point: its type and range in its own unit, and how often it is scanned."""

    @property
    def id(self) -> str:
        """The id that is unique over all enterprises."""

    @property
    def type(self) -> str:
        """The sensor type, as in the points table."""

    @property
    def range_lo(self) -> float:
        """The value at 4 mA."""

    @property
    def range_hi(self) -> float:
        """The value at 20 mA."""

    @property
    def scan_s(self) -> int:
        """Seconds from one reading to the next."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is sent at each row's time, one column a point.

    Attributes:
        value: NaN where there is none.
        quality: uint8, as `registry.readings`.
        due: where the point is scanned and says something.
        after_ms: how much later than the row's time that is, below a second, int64.
    """

    value: NDArray[np.float64]
    quality: NDArray[np.uint8]
    due: NDArray[np.bool_]
    after_ms: NDArray[np.int64]


class Transmitters:
    """The transmitters of some points, seen every `row_s` seconds; what they did before is their state.

    A point is scanned at rows whose second is a multiple of its `scan_s`, shifted by a turn of its own; so `row_s` divides
    each `scan_s`. A sensor type without an entry in transmitters.yaml behaves as `other`.
    """

    def __init__(self, points: Sequence[Sensed], seed: int, start_ns: int, row_s: int = 1) -> None:
        kinds = transmitter_data()["kinds"]
        character = [kinds.get(point.type, kinds["other"]) for point in points]
        self.names = tuple(point.id for point in points)
        self._start_ns = start_ns
        self._second = 0
        self._row_s = row_s
        self._low = np.array([point.range_lo for point in points], np.float64)
        self._span = np.array([point.range_hi for point in points], np.float64) - self._low
        assert (self._span > 0).all()
        self._noise = self._of(character, "noise") * self._span
        self._reading = self._of(character, "reading")
        self._drift_sd = self._of(character, "drift") * self._span
        self._scale = 10.0 ** _decimals(self._span / self._of(character, "counts"))
        self._turns = np.array([point.type == "wind_direction" for point in points], np.bool_)
        self._currents = [state_currents(point.type) for point in points]
        self._lag = _Filter(np.array([_keep(row_s, c["lag_s"]) for c in character]))
        self._wander = _Filter(np.array([_keep(row_s, c["drift_h"] * 3600) for c in character]))
        self._streams = [[_stream(seed, kind, name) for name in self.names] for kind in range(4)]
        spread = self._of(character, "offset") * self._span
        constants = np.array([stream.random(2) for stream in self._streams[0]]).reshape(-1, 2)
        self._offset = (2 * constants[:, 0] - 1) * spread + self._of(character, "zero") * self._span
        self._phase_ms = np.floor(constants[:, 1] * _PHASE_MS)
        self._jitter_ms = self._of(character, "jitter_ms")
        self._scan = np.array([point.scan_s for point in points], np.int64)
        assert (self._scan % row_s == 0).all()
        turns = np.array([_number(name) for name in self.names], np.int64)
        self._turn = turns % (self._scan // row_s) * row_s
        self._last = np.full(len(points), math.nan)

    @staticmethod
    def _of(character: Sequence[dict[str, float]], name: str) -> NDArray[np.float64]:
        return np.array([c[name] for c in character], np.float64)

    def measure(self, true: NDArray[np.float64], mode: NDArray[np.uint8] | None = None) -> Measured:
        """Return what is sent for true values in the points' units, one row for each of the next times.

        `true` is finite; what a transmitter does otherwise than measuring stands in `mode`, a `Mode` for each value.
        """
        assert np.isfinite(true).all()
        seen = self._lag.through(true)
        white = self._draws(1, len(true)) * (self._noise + self._reading * np.abs(seen))
        pushes = self._draws(2, len(true)) * self._drift_sd * np.sqrt(1 - self._wander.keep**2)
        value = (
            seen + self._offset + self._wander.through(pushes / (1 - self._wander.keep), start=0.0) + white
        )
        if self._turns.any():
            value[:, self._turns] %= 360.0
        current = loop().current((value - self._low) / self._span)
        if mode is not None:
            self._drive(current, mode)
        sent = self._low + loop().share(current) * self._span
        sent = np.rint(sent * self._scale) / self._scale + 0.0
        quality = loop().quality(current)
        self._tell(sent, quality, mode)
        return Measured(sent, quality, *self._scanned(len(true), mode))

    def step(self, true: NDArray[np.float64], mode: NDArray[np.uint8] | None = None) -> Recorded:
        """Return the readings that fall due in the next rows, in the order of their times."""
        first_ns = self._start_ns + self._second * NS
        measured = self.measure(true, mode)
        row, column = np.nonzero(measured.due)
        t_ns = first_ns + row * (self._row_s * NS) + measured.after_ms[row, column] * _NS_PER_MS
        order = np.argsort(t_ns, kind="stable")
        row, column = row[order], column[order]
        return Recorded(
            names=self.names,
            column=column.astype(np.int32),
            t_ns=t_ns[order],
            value=measured.value[row, column],
            quality=measured.quality[row, column],
        )

    def _scanned(
        self, rows: int, mode: NDArray[np.uint8] | None
    ) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
        """Return which points are scanned in the next rows, and how many ms after the row's time."""
        seconds = self._second + np.arange(rows, dtype=np.int64) * self._row_s
        self._second += rows * self._row_s
        due = (seconds[:, None] - self._turn) % self._scan == 0
        if mode is not None:
            due &= mode != Mode.SILENT
        late = np.stack([stream.random(rows) for stream in self._streams[3]], axis=1)
        return due, np.floor(self._phase_ms + late * self._jitter_ms).astype(np.int64)

    def _draws(self, kind: int, rows: int) -> NDArray[np.float64]:
        return np.stack([stream.standard_normal(rows) for stream in self._streams[kind]], axis=1)

    def _drive(self, current: NDArray[np.float64], mode: NDArray[np.uint8]) -> None:
        """Put the currents of modes that have their own in place."""
        for column in np.flatnonzero((mode != Mode.MEASURING).any(axis=0)).tolist():
            for state, own in self._currents[column].items():
                current[mode[:, column] == state, column] = own

    def _tell(
        self, sent: NDArray[np.float64], quality: NDArray[np.uint8], mode: NDArray[np.uint8] | None
    ) -> None:
        """Apply what is said rather than driven, in place: held values, none at all, a declared calibration."""
        if mode is not None:
            quality[mode == Mode.CALIBRATING] = Quality.UNCERTAIN
            nothing = (mode == Mode.NO_VALUE) | (mode == Mode.SILENT)
            sent[nothing], quality[nothing] = math.nan, Quality.BAD
            for column in np.flatnonzero((mode == Mode.HELD).any(axis=0)).tolist():
                held = mode[:, column] == Mode.HELD
                sent[:, column] = _forward(sent[:, column], held, self._last[column])
                quality[held, column] = Quality.GOOD
        if len(sent):
            self._last = np.where(np.isnan(sent[-1]), self._last, sent[-1])


class _Filter:
    """First-order low-pass filters side by side, ``y += (1 - keep) (x - y)`` each row, with what they hold."""

    def __init__(self, keep: NDArray[np.float64]) -> None:
        self.keep = keep
        self._state: NDArray[np.float64] | None = None

    def through(self, rows: NDArray[np.float64], start: float | None = None) -> NDArray[np.float64]:
        """Return the filtered rows; they begin settled at `start`, or at the first row."""
        out = np.array(rows, np.float64)
        if not len(out):
            return out
        if self._state is None:
            begin = out[0] if start is None else np.full(out.shape[1], start)
            self._state = self.keep * begin
        for keep in np.unique(self.keep[self.keep > 0]).tolist():
            mine = self.keep == keep
            rows_out, state = lfilter(
                [1 - keep], [1.0, -keep], out[:, mine], axis=0, zi=self._state[None, mine]
            )
            out[:, mine], self._state[mine] = rows_out, state[0]
        return out


def _keep(row_s: int, tau_s: float) -> float:
    """Return the share of a first-order system's state that is left from one row to the next."""
    return math.exp(-row_s / tau_s) if tau_s > 0 else 0.0


def _decimals(step: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many decimals are needed to resolve a step, at least none."""
    return np.maximum(0, np.ceil(-np.log10(step) - 1e-9))


def _forward(value: NDArray[np.float64], held: NDArray[np.bool_], last: float) -> NDArray[np.float64]:
    """Return the values where `held` ones repeat the newest number that was sent before them."""
    first = value[0] if math.isnan(last) else last
    padded = np.concatenate(([first], value))
    sent = np.concatenate(([True], ~held & ~np.isnan(value)))
    newest = np.maximum.accumulate(np.where(sent, np.arange(len(padded)), 0))[1:]
    return np.where(held, padded[newest], value)


def _number(name: str) -> int:
    """Return a number that belongs to a name, below 2**62."""
    return int.from_bytes(sha256(name.encode()).digest()[:8]) >> 2


def _stream(seed: int, kind: int, name: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, _STREAMS + kind, _number(name)]))
