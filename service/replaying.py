"""What a replay needs: which sensor each column is, what is written out, and what is counted."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import numpy as np
from numpy.typing import NDArray

from detectors.kernels import DUPLICATE, LATE
from detectors.lines import finding_lines
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry
from service.pipeline import Outcome
from sim.recorded import Recorded
from sim.writing import time_texts

UNKNOWN = -1


class Columns:
    """Which sensor each name of a recording is: by its full id, or by its name where only one sensor has it."""

    def __init__(self, registry: SensorRegistry) -> None:
        by_name: dict[str, int] = {}
        for i, spec in enumerate(registry.specs):
            by_name[spec.sensor] = UNKNOWN if spec.sensor in by_name else i
        self._of: Mapping[str, int] = {**by_name, **registry.index}
        self._names: tuple[str, ...] = ()
        self._index = np.empty(0, np.int32)

    def unknown(self, names: Iterable[str]) -> list[str]:
        """Return the names that are no sensor."""
        return [name for name in names if self._of.get(name, UNKNOWN) == UNKNOWN]

    def block(self, chunk: Recorded) -> ReadingBlock:
        """Return the readings of known sensors, in the chunk's order."""
        if chunk.names != self._names:
            self._names = chunk.names
            self._index = np.array([self._of.get(name, UNKNOWN) for name in chunk.names], np.int32)
        sensor = self._index[chunk.column]
        known = sensor != UNKNOWN
        t_ns, value, quality = chunk.t_ns, chunk.value, chunk.qualities()
        if not known.all():
            sensor, t_ns, value, quality = sensor[known], t_ns[known], value[known], quality[known]
        return ReadingBlock(sensor=sensor, t_ns=t_ns, value=value, quality=quality)


@dataclass(slots=True)
class Tally:
    """What a replay saw; times are event times. `first_late` and `first_duplicate` are a sensor's index and a time."""

    readings: int = 0
    late: int = 0
    duplicates: int = 0
    findings: int = 0
    events: Counter[str] = field(default_factory=Counter)
    opened: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_ns: int | None = None
    last_ns: int | None = None
    seconds: float = 0.0
    first_late: tuple[int, int] | None = None
    first_duplicate: tuple[int, int] | None = None

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        if len(outcome.block):
            first, last = int(outcome.block.t_ns.min()), int(outcome.block.t_ns.max())
            self.first_ns = first if self.first_ns is None else min(self.first_ns, first)
            self.last_ns = last if self.last_ns is None else max(self.last_ns, last)
        self.readings += len(outcome.block)
        late, doubled = outcome.status == LATE, outcome.status == DUPLICATE
        self.late += int(np.count_nonzero(late))
        self.duplicates += int(np.count_nonzero(doubled))
        self.first_late = self.first_late or _first(outcome, late)
        self.first_duplicate = self.first_duplicate or _first(outcome, doubled)
        self.findings += len(outcome.findings)
        for event in outcome.events:
            self.events[event.event] += 1
            if event.event == "opened":
                self.opened[event.kind, event.grade] += 1


def _first(outcome: Outcome, wanted: NDArray[np.bool_]) -> tuple[int, int] | None:
    at = int(wanted.argmax()) if len(wanted) else 0
    return (int(outcome.block.sensor[at]), int(outcome.block.t_ns[at])) if wanted[at : at + 1].any() else None


Mark = tuple[int | None, ...]


class Outputs:
    """Files that a replay writes as it goes; each only where its path is given."""

    def __init__(
        self,
        registry: SensorRegistry,
        alerts: Path | None = None,
        findings: Path | None = None,
        scores: Path | None = None,
    ) -> None:
        self._registry = registry
        self._ids = [_cell(spec.id) for spec in registry.specs]
        self._stack = ExitStack()
        self._alerts, self._findings, self._scores = (
            self._stack.enter_context(path.open("wb")) if path is not None else None
            for path in (alerts, findings, scores)
        )
        if self._scores is not None:
            self._scores.write(b"time,sensor,score\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def mark(self) -> "Mark":
        """Return how far each file is written, None for one that has no way back (a pipe)."""
        return tuple(out.tell() if out is not None and out.seekable() else None for out in self._files)

    def back_to(self, mark: "Mark") -> None:
        """Forget what was written since; what a pipe has taken is told again."""
        for out, at in zip(self._files, mark, strict=True):
            if out is not None and at is not None:
                out.seek(at)
                out.truncate()

    @property
    def _files(self) -> tuple[IO[bytes] | None, ...]:
        return self._alerts, self._findings, self._scores

    def write(self, outcome: Outcome) -> None:
        """Write one outcome."""
        if self._alerts is not None and outcome.events:
            self._alerts.write(b"".join(event.line() + b"\n" for event in outcome.events))
        if self._findings is not None and len(outcome.findings):
            lines = finding_lines(outcome.findings, self._registry)
            self._findings.write(b"".join(line + b"\n" for line in lines))
        if self._scores is not None and len(outcome.block):
            self._write_scores(self._scores, outcome)

    def _write_scores(self, out: IO[bytes], outcome: Outcome) -> None:
        block = outcome.block
        times = time_texts(block.t_ns.tolist())
        rows = zip(times, block.sensor.tolist(), outcome.score.tolist(), strict=True)
        out.write("".join(f"{t},{self._ids[i]},{'' if s != s else s}\n" for t, i, s in rows).encode())  # noqa: PLR0124 - NaN


def _cell(text: str) -> str:
    """Return a text as a cell of CSV."""
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text
