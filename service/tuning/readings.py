"""A recording as one table of readings, read once: what every pass of the calibration runs over."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import FINDING, FindingBlock
from detectors.kernels import OK
from detectors.profile import Profile
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry

_AT_ONCE = 500_000

Progress = Callable[[str, int], None]
"""Told what is being done and how many more readings of it are done."""


def no_progress(_what: str, _readings: int) -> None:
    """Show nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a profile makes of the readings.

    Attributes:
        score: of each reading; NaN where it was not judged (late, doubled, bad or without a value).
        fresh: neither late nor doubled.
        findings: in the order in which they happened.
    """

    score: NDArray[np.float64]
    fresh: NDArray[np.bool_]
    findings: FindingBlock


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """All readings of a recording in the order in which they came."""

    block: ReadingBlock

    def __len__(self) -> int:
        return len(self.block)

    @classmethod
    def of(cls, blocks: Iterable[ReadingBlock]) -> Self:
        """Return the readings of all blocks."""
        return cls(block=ReadingBlock.concat(block for block in blocks if len(block)))

    def run(
        self, registry: SensorRegistry, profile: Profile, progress: Progress = no_progress, what: str = ""
    ) -> Run:
        """Run a bank over the readings, on the clock of their event times."""
        bank = DetectorBank(registry, profile, Clock.EVENT)
        scores, fresh, findings = [], [], []
        for part in self._parts():
            judged = bank.step(part, 0)
            scores.append(judged.score)
            fresh.append(judged.status == OK)
            if len(judged.findings):
                findings.append(judged.findings.rows)
            progress(what, len(part))
        return Run(
            score=np.concatenate(scores) if scores else np.empty(0),
            fresh=np.concatenate(fresh) if fresh else np.empty(0, np.bool_),
            findings=FindingBlock(np.concatenate(findings) if findings else np.empty(0, FINDING)),
        )

    def rows_of(self, sensors: int) -> list[NDArray[np.intp]]:
        """Return each sensor's rows in the order in which they came."""
        order = np.argsort(self.block.sensor, kind="stable")
        bounds = np.searchsorted(self.block.sensor[order], np.arange(1, sensors))
        return np.split(order, bounds) if sensors else []

    def _parts(self) -> Iterator[ReadingBlock]:
        for start in range(0, len(self.block), _AT_ONCE):
            yield self.block[start : start + _AT_ONCE]
