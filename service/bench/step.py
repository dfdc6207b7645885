"""The detectors' step over plants of any size, without a registry of a million objects behind it."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from detectors import kernels
from detectors.findings import FINDING
from detectors.groups.members import Membership, membership
from detectors.groups.pca import refit
from detectors.groups.reading import judge_together, watch_together
from detectors.groups.state import NOBODY, Groups
from detectors.memory import Memory, Params, carry_over
from detectors.profile import Profile
from detectors.state import NEVER, RING, at_cache_lines
from registry.readings import ReadingBlock
from service.bench.workload import QUIET, ROUND_NS, T0_NS, plant, readings

_FINDINGS_AT_ONCE = 4096
PATTERN = 1000
"""Sensors whose parameters and memory are repeated for larger plants."""
_DAYS, _ROUNDS_A_DAY = 4, 100
_DAY_NS = 86_400_000_000_000


class StepRun:
    """What `DetectorBank` does for a block, with the parameters of a plant of `sensors`.

    The plant has a past: some days of it, and a full rate window. Where each sensor stands in its window differs, so
    that every round has its share of everything that is done now and then.
    """

    def __init__(self, sensors: int, profile: Profile) -> None:
        few = min(sensors, PATTERN)
        self.sensors = sensors
        self.params = profile.params(plant(few))
        self.memory = Memory.fresh(few)
        self.groups = Groups.fresh(membership(plant(few), profile), few)
        watch_together(self.params, self.groups)
        self._out = np.empty(_FINDINGS_AT_ONCE, FINDING)
        self.findings = 0
        for block in _past(few, int(np.median(self.params.base["rate_window_ns"]))):
            self(block)
        self.findings = 0
        if few < sensors:
            self._grow(few, membership(plant(few), profile))

    def _grow(self, few: int, found: Membership) -> None:
        """Repeat the plant, with its groups, until it has all its sensors."""
        rows = np.arange(self.sensors)
        memory = Memory.fresh(self.sensors)
        parts = {name: part.tobytes() for name, part in self.memory.by_name().items()}
        carry_over(memory, parts, few, rows, rows % few)
        memory.clock[:] = self.memory.clock
        memory.due[:] = NEVER
        self.memory = memory
        self.groups = _more_groups(self.groups, found, few, self.sensors)
        self.params = Params(*(_repeated(part, self.sensors) if len(part) else part for part in self.params))

    def next_readings(self, count: int, *, in_order: bool) -> ReadingBlock:
        """Return about `count` readings in whole rounds, after those that were judged."""
        block = readings(self.sensors, count, in_order=in_order)
        since_ns = max(0, int(self.memory.clock["now_ns"][0]) + ROUND_NS - int(block.t_ns[0]))
        np.add(block.t_ns, since_ns, out=block.t_ns)
        return block

    def __call__(self, block: ReadingBlock) -> NDArray[np.float64]:
        """Judge a block under the wall clock; return the scores."""
        status, score = np.empty(len(block), np.uint8), np.empty(len(block))
        self.findings += step_over(
            self.params, self.memory, self.groups, block, into=(status, score), out=self._out
        )
        return score


def step_over(
    params: Params,
    memory: Memory,
    groups: Groups,
    block: ReadingBlock,
    *,
    into: tuple[NDArray[np.uint8], NDArray[np.float64]],
    out: NDArray[np.void],
) -> int:
    """Judge a block as if it came at its last reading's time, into status and score; return how many findings that gave."""
    status, score = into
    row, found, findings = 0, -1, 0
    while row < len(block) or found:
        row, found, due = kernels.step(
            params, memory, groups, False, int(block.t_ns[-1]), row,
            block.sensor, block.t_ns, block.value, block.quality, status, score, out,
        )  # fmt: skip
        findings += found
        if due != NOBODY:
            refit(groups, due)
            judge_together(params, groups)
            found = -1  # go on, though it may have been the last reading
    return findings


def _past(sensors: int, window_ns: int) -> Iterator[ReadingBlock]:
    """Yield what a plant saw before `T0_NS`: some days in wide steps, then a window in the steps that it keeps."""
    rng = np.random.default_rng(2)
    fine_ns = max(1, window_ns // (RING - 1))
    fine_rounds = 2 * RING
    coarse_ns = _DAY_NS // _ROUNDS_A_DAY
    began_ns = T0_NS - _DAYS * _DAY_NS - fine_rounds * fine_ns
    phase_ns = rng.integers(0, fine_ns, sensors)
    coarse = began_ns + np.arange(_DAYS * _ROUNDS_A_DAY) * coarse_ns
    fine = T0_NS - (fine_rounds - np.arange(fine_rounds)) * fine_ns
    for rounds in (coarse, fine):
        n = len(rounds) * sensors
        yield ReadingBlock(
            sensor=np.tile(np.arange(sensors, dtype=np.int32), len(rounds)),
            t_ns=(rounds[:, None] + phase_ns).ravel(),
            value=QUIET + rng.normal(0.0, 0.5, n),
            quality=np.zeros(n, np.uint8),
        )


_PLACE = {"group": ("first", "axes_at", "kept_at"), "member": ("sensor",)}
"""What a record of a repeated plant does not share with the one that it repeats: where it is."""


def _more_groups(few_groups: Groups, found: Membership, few: int, sensors: int) -> Groups:
    """Repeat the groups with what they have learnt, as if each thousand sensors stood at a plant of their own."""
    more = tuple(
        replace(group, sensors=tuple(i + first for i in group.sensors))
        for first in range(0, sensors, few)
        for group in found.groups
        if max(group.sensors) + first < sensors
    )
    groups = Groups.fresh(Membership(more), sensors)
    for name in ("edge", "axes", "drift", "zero", "kept", "kept_t_ns"):
        part, pattern = getattr(groups, name), getattr(few_groups, name)
        if len(part):
            part[...] = np.resize(pattern, part.shape)
    for name, place in _PLACE.items():
        part, pattern = getattr(groups, name), getattr(few_groups, name)
        for column in part.dtype.names if len(part) else ():
            if column not in place:
                part[column] = np.resize(pattern[column], part[column].shape)
    return groups


def _repeated(pattern: NDArray[np.void], sensors: int) -> NDArray[np.void]:
    part = at_cache_lines(sensors, pattern.dtype)
    part[:] = np.resize(pattern, sensors)
    return part


class Shards:
    """A plant cut by sensors into one part for each core: parameters, memory and thread of its own, nothing shared."""

    def __init__(self, sensors: int, cores: int, profile: Profile) -> None:
        self._runs = [StepRun(sensors // cores, profile) for _ in range(cores)]
        self._blocks: list[ReadingBlock] = []

    def take(self, count: int, *, in_order: bool) -> None:
        """Make ready readings of about `count` in all, after those that were judged."""
        self._blocks = [run.next_readings(count // len(self._runs), in_order=in_order) for run in self._runs]

    def __len__(self) -> int:
        return sum(map(len, self._blocks))

    def forward(self) -> None:
        """Let the same readings come as many rounds later as a block is long."""
        for block in self._blocks:
            forward(block)

    def judge(self) -> None:
        """Judge every part's readings, all parts at once."""
        pairs = list(zip(self._runs, self._blocks, strict=True))
        threads = [threading.Thread(target=run, args=(block,)) for run, block in pairs[1:]]
        for thread in threads:
            thread.start()
        run, block = pairs[0]
        run(block)
        for thread in threads:
            thread.join()


def forward(block: ReadingBlock) -> None:
    """Let the same readings come as many rounds later as the block is long, in place."""
    span_ns = int(block.t_ns[-1] - block.t_ns[0]) + ROUND_NS
    np.add(block.t_ns, span_ns, out=block.t_ns)
