"""Which bytes of parameters and state a reading touches, counted in the very code that is measured.

The step runs once more in a process of its own, uncompiled (NUMBA_DISABLE_JIT), over records that write down each cache
line of theirs that is read or written. So it holds for every method and every branch, without anybody counting by hand.
"""

import os
import pickle
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.findings import FINDING
from detectors.groups.state import Groups
from detectors.memory import Memory, Params
from detectors.profile import Profile
from service.bench.step import StepRun, step_over
from service.bench.workload import readings

LINE_BYTES = 64
COLUMN_BYTES = {"read": 4 + 8 + 8 + 1, "written": 1 + 8}
"""Of a reading itself: sensor, time, value and quality; status and score."""
_SENSORS, _ROUNDS = 200, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Cache lines of each part of parameters and memory that one reading touches, on average."""

    read: dict[str, float]
    written: dict[str, float]

    @property
    def bytes_touched(self) -> float:
        """Bytes that a reading needs near the processor: whole lines, and its own columns."""
        return LINE_BYTES * sum(self.read.values()) + sum(COLUMN_BYTES.values())

    @property
    def bytes_moved(self) -> float:
        """Bytes between memory and processor where nothing stays in a cache: what was written goes back as well."""
        return self.bytes_touched + LINE_BYTES * sum(self.written.values()) + COLUMN_BYTES["written"]


def touched(profile: Profile) -> Touched:
    """Count over a small plant in quiet operation."""
    run = StepRun(_SENSORS, profile)
    sent = pickle.dumps((tuple(run.params), dict(run.memory._asdict()), tuple(run.groups)))
    done = subprocess.run(
        [sys.executable, "-m", "service.bench.touched"],
        input=sent, stdout=subprocess.PIPE, check=True, env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
    )  # fmt: skip
    read, written = pickle.loads(done.stdout)  # noqa: S301 - from our own child
    return Touched(read=read, written=written)


@dataclass(slots=True)
class Lines:
    """The cache lines of one part that were touched since the last count."""

    read: set[int] = field(default_factory=set)
    written: set[int] = field(default_factory=set)


class Records:
    """An array, of records or of numbers, that writes down which of its lines are touched."""

    def __init__(self, array: NDArray[Any], lines: Lines, first_byte: int = 0) -> None:
        self._array, self._lines, self._first = array, lines, first_byte

    def __len__(self) -> int:
        return len(self._array)

    @property
    def shape(self) -> tuple[int, ...]:
        """As an array's."""
        return self._array.shape

    def place(self, key: Any) -> tuple[tuple[int, ...], int]:
        """Return a key as indices from 0, and the byte at which that element begins."""
        indices = tuple(int(i) % n for i, n in zip(np.atleast_1d(key).tolist(), self.shape, strict=False))
        return indices, self._first + sum(
            i * step for i, step in zip(indices, self._array.strides, strict=False)
        )

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):  # numbers that are taken as a whole: all of them are read
            stretch = self._array[key]
            at = self._first + stretch.ctypes.data - self._array.ctypes.data
            self._lines.read.update(spanned(at, max(1, stretch.nbytes)))
            return stretch
        indices, at = self.place(key)
        part = self._array[indices]
        if len(indices) < self._array.ndim:
            return Records(part, self._lines, at)
        if self._array.dtype.names:
            one: Any = (*indices[:-1], slice(indices[-1], indices[-1] + 1))
            return Record(self._array[one], self._lines, at)
        self._lines.read.update(spanned(at, self._array.itemsize))
        return _number(part)

    def __setitem__(self, key: Any, value: Any) -> None:
        indices, at = self.place(key)
        self._array[indices] = value
        for kind in (self._lines.read, self._lines.written):
            kind.update(spanned(at, self._array.itemsize))


class Record:
    """One record of such an array."""

    def __init__(self, one: NDArray[np.void], lines: Lines, first_byte: int) -> None:
        object.__setattr__(self, "_all", (one, lines, first_byte))

    def __getattr__(self, name: str) -> Any:
        one, lines, first = self._all
        kind, offset = one.dtype.fields[name][:2]
        if kind.shape:
            return Records(one[name][0], lines, first + offset)
        if kind.names:
            return Record(one[name], lines, first + offset)
        lines.read.update(spanned(first + offset, kind.itemsize))
        return _number(one[name][0])

    def __setattr__(self, name: str, value: Any) -> None:
        one, lines, first = self._all
        kind, offset = one.dtype.fields[name][:2]
        one[name] = value
        lines.read.update(spanned(first + offset, kind.itemsize))
        lines.written.update(spanned(first + offset, kind.itemsize))


def spanned(first_byte: int, size: int) -> range:
    """Return the numbers of the lines that so many bytes lie in."""
    return range(first_byte // LINE_BYTES, (first_byte + size - 1) // LINE_BYTES + 1)


def _number(value: Any) -> Any:
    """Return a number that reckons as the compiled one does: whole ones do not wrap here, others divide by zero."""
    return int(value) if isinstance(value, np.integer) else value


def _fetched(records: Records, row: int, offset: int = 0) -> None:
    """Count a line that is asked for ahead as read."""
    _, at = records.place(row)
    records._lines.read.update(spanned(at + offset, 1))  # noqa: SLF001 - of this module


def _fetched_second(records: Records, row: int) -> None:
    _fetched(records, row, LINE_BYTES)


def _nothing() -> None:
    """Stand for what only tells the compiler something."""


def _count(
    params: tuple[NDArray[Any], ...], memory: dict[str, NDArray[Any]], groups: tuple[NDArray[Any], ...]
) -> Any:
    """Return lines read and written by part and reading; runs uncompiled."""
    for name, module in list(sys.modules.items()):
        for only_compiled, here in (
            ("fetch_ahead", _fetched),
            ("fetch_second_line", _fetched_second),
            ("keep_apart", _nothing),
        ):
            if name.startswith("detectors.") and hasattr(module, only_compiled):
                vars(module)[only_compiled] = here
    np.seterr(all="ignore")
    # they stand in for arrays
    known: list[Any] = [Records(part, Lines()) for part in params]
    state: list[Any] = [Records(memory[name], Lines()) for name in Memory._fields]
    together: list[Any] = [Records(part, Lines()) for part in groups]
    names = [
        f"{whole}.{name}"
        for whole, kind in (("params", Params), ("memory", Memory), ("groups", Groups))
        for name in kind._fields
    ]
    everything = dict(zip(names, [*known, *state, *together], strict=True))
    block = readings(_SENSORS, _SENSORS * _ROUNDS, in_order=True)
    n = len(block)
    status, score = np.zeros(n, np.uint8), np.zeros(n)
    out: Any = np.zeros(64, FINDING).view(np.recarray)
    read, written = dict.fromkeys(everything, 0.0), dict.fromkeys(everything, 0.0)
    for first in range(0, n, _SENSORS):
        rows = slice(first, first + _SENSORS)
        step_over(
            Params(*known),
            Memory(*state),
            Groups(*together),
            block[rows],
            into=(status[rows], score[rows]),
            out=out,
        )
        for name, records in everything.items():
            lines = records._lines  # noqa: SLF001 - of this module
            read[name] += len(lines.read) / n
            written[name] += len(lines.written) / n
            lines.read.clear()
            lines.written.clear()
    return read, written


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(_count(*pickle.loads(sys.stdin.buffer.read()))))  # noqa: S301 - from our own parent
