"""The detectors' step over plants of any size, without a registry of a million objects behind it."""

import numpy as np
from numpy.typing import NDArray

from detectors import kernels
from detectors.findings import FINDING
from detectors.memory import Memory, Params
from detectors.profile import Profile
from detectors.state import at_cache_lines
from registry.readings import ReadingBlock
from service.bench.workload import plant

_FINDINGS_AT_ONCE = 4096
_PATTERN = 1000
"""Sensors whose parameters are repeated for larger plants."""


class StepRun:
    """What `DetectorBank` does for a block, with the parameters of a plant of `sensors`."""

    def __init__(self, sensors: int, profile: Profile) -> None:
        self._params = _params(sensors, profile)
        self._memory = Memory.fresh(sensors)
        self._out = np.empty(_FINDINGS_AT_ONCE, FINDING)
        self.findings = 0

    def __call__(self, block: ReadingBlock) -> NDArray[np.float64]:
        """Judge a block under the wall clock; return the scores."""
        n = len(block)
        status, score = np.zeros(n, np.uint8), np.full(n, np.nan)
        row, found = 0, -1
        while row < n or found:
            row, found = kernels.step(
                self._params, self._memory, False, int(block.t_ns[-1]), row,
                block.sensor, block.t_ns, block.value, block.quality, status, score, self._out,
            )  # fmt: skip
            self.findings += found
            if not found and row >= n:
                break
        return score


def _params(sensors: int, profile: Profile) -> Params:
    pattern = profile.params(plant(min(sensors, _PATTERN)))
    return Params(*(_repeated(part, sensors) if len(part) else part for part in pattern))


def _repeated(pattern: NDArray[np.void], sensors: int) -> NDArray[np.void]:
    part = at_cache_lines(sensors, pattern.dtype)
    part[:] = np.tile(pattern, sensors // len(pattern))
    return part
