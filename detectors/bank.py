"""The bank: owns the state of all detectors and runs the step over blocks of readings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from detectors import kernels
from detectors.clock import Clock
from detectors.findings import FINDING, FindingBlock
from detectors.groups import carry
from detectors.groups.members import membership
from detectors.groups.pca import refit
from detectors.groups.reading import judge_together, watch_together
from detectors.groups.state import NOBODY, Groups
from detectors.memory import Memory, carry_over, layout
from detectors.mode import apply_setpoints
from detectors.outlook import Outlook, outlook
from detectors.profile import Profile
from detectors.state import C_DEAD, C_FORECAST, CHART, CLOCK, FOREVER, MODES, NEVER, UNKNOWN
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry

SNAPSHOT_VERSION = 3
_FINDINGS_AT_ONCE = 4096
_AS_COMPILED: Final[tuple[Literal["C"], Literal["W"]]] = ("C", "W")
"""A read-only or cut column is another type to numba: it would compile the step again, seconds into the first reading."""


class SnapshotError(Exception):
    """A snapshot was written by another layout of the state; replay the journal instead."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What a block gave.

    Attributes:
        findings: crossings and recoveries, in the order in which they happened.
        status: a reading's `kernels.OK`, `LATE` or `DUPLICATE`, uint8.
        score: combined anomaly score in 0..1, 0.5 where the profile raises; NaN where a reading was not judged.
        now_ns: the bank's clock after the block.
    """

    findings: FindingBlock
    status: NDArray[np.uint8]
    score: NDArray[np.float64]
    now_ns: int


class _Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    version: int
    layout: str
    ids: list[str]
    parts: dict[str, bytes]
    groups: dict[str, bytes]


class DetectorBank:
    """Every detector of every sensor of a registry; deterministic, no clock of its own."""

    def __init__(self, registry: SensorRegistry, profile: Profile, clock: Clock) -> None:
        self._ids = [spec.id for spec in registry.specs]
        self._event_clock = clock is Clock.EVENT
        self._params = profile.params(registry)
        self._memory = Memory.fresh(len(registry))
        self._groups = Groups.fresh(membership(registry, profile), len(registry))
        watch_together(self._params, self._groups)
        self._out = np.empty(_FINDINGS_AT_ONCE, FINDING)

    def step(self, block: ReadingBlock, now_ns: int) -> Judged:
        """Judge a block; `now_ns` counts only under the wall clock and is never older than the last."""
        n = len(block)
        status, score = np.empty(n, np.uint8), np.empty(n)  # the step writes every row of them
        parts: list[NDArray[np.void]] = []
        sensor = np.require(block.sensor, requirements=_AS_COMPILED)
        t_ns = np.require(block.t_ns, requirements=_AS_COMPILED)
        value = np.require(block.value, requirements=_AS_COMPILED)
        quality = np.require(block.quality, requirements=_AS_COMPILED)
        row, found = 0, -1
        while row < n or found:
            row, found, due = kernels.step(
                self._params, self._memory, self._groups, self._event_clock, now_ns, row,
                sensor, t_ns, value, quality, status, score, self._out,
            )  # fmt: skip
            if due != NOBODY:
                refit(self._groups, due)
                judge_together(self._params, self._groups)
            if found:
                parts.append(self._out[:found].copy())
            elif row >= n:
                break
        return Judged(_joined(parts), status, score, self.now_ns)

    def tick(self, now_ns: int) -> FindingBlock:
        """Raise every silence that is due at `now_ns`, each at its own deadline."""
        parts: list[NDArray[np.void]] = []
        while found := kernels.tick(self._params, self._memory, now_ns, self._out):
            parts.append(self._out[:found].copy())
        return _joined(parts)

    def resume(self, now_ns: int) -> None:
        """Count silence from `now_ns` on: while the program was down it could hear nobody (wall clock only)."""
        clock = self._memory.clock
        if self._event_clock or clock["now_ns"][0] == NEVER:
            return
        clock["now_ns"] = max(int(clock["now_ns"][0]), now_ns)
        alive = self._memory.cond["active"][:, C_DEAD] == 0
        self._memory.state["heard_now_ns"][alive] = clock["now_ns"][0]
        self._memory.due[:] = NEVER

    def accept(self, sensor: int) -> None:
        """Let a sensor's charts begin anew where it is now: an operator has said that he knows of its step.

        Limits, forecast and what is known of its health stay as they are; a standing finding of robust z or of the charts
        recovers once the new level is learnt.
        """
        self._memory.state["z_count"][sensor] = 0
        self._memory.chart[sensor] = np.zeros((), CHART)

    @property
    def now_ns(self) -> int:
        """The bank's clock; `NEVER` before the first reading or tick."""
        return int(self._memory.clock["now_ns"][0])

    def next_deadline_ns(self) -> int | None:
        """Return a time before which `tick` has nothing to say, None when it never will."""
        deadline = int(self._memory.due[0])
        return None if deadline == FOREVER else max(deadline, self.now_ns)

    def active_conditions(self) -> Mapping[str, int]:
        """Return how many sensors are dead, and how many have any condition active."""
        return {
            "dead": int(self._memory.cond["active"][:, C_DEAD].sum()),
            "abnormal": int((self._memory.cond["active"] == 1).any(axis=1).sum()),
        }

    def mode_of(self, sensor: int) -> str:
        """Return the mode of the equipment that a sensor is mounted on, unknown where no level tells it."""
        first = int(self._params.tanks["first"][sensor])
        return MODES[int(self._memory.mode["ruling"][first])] if first >= 0 else MODES[UNKNOWN]

    def ahead(self) -> list[tuple[int, int, float]]:
        """Return sensor, limit and seconds left of every forecast that stands and is borne out now."""
        course, raised = self._memory.course, self._memory.cond["active"][:, C_FORECAST] == 1
        borne_out = np.flatnonzero(
            raised & (course["target"] == course["told"]) & np.isfinite(course["left_s"])
        )
        return [(int(i), int(course["told"][i]), float(course["left_s"][i])) for i in borne_out]

    def outlook(self, sensor: int) -> Outlook:
        """Return what is known of one sensor at this moment: its usual values, and the forecast that stands."""
        return outlook(self._params, self._memory, sensor)

    def snapshot(self) -> bytes:
        """Return the whole state; `restore` brings back the same bits."""
        kept = _Snapshot(
            version=SNAPSHOT_VERSION,
            layout=self._layout(),
            ids=self._ids,
            parts={name: part.tobytes() for name, part in self._memory.by_name().items()},
            groups=carry.packed(self._groups),
        )
        return msgspec.msgpack.encode(kept)

    def restore(self, body: bytes) -> None:
        """Take over the state of every sensor that the snapshot knows; others stay as new.

        Raises:
            SnapshotError: the snapshot has another version or layout.
        """
        try:
            kept = msgspec.msgpack.decode(body, type=_Snapshot)
        except msgspec.MsgspecError as error:
            raise SnapshotError(f"not a snapshot of the detectors: {error}") from error
        if (kept.version, kept.layout) != (SNAPSHOT_VERSION, self._layout()):
            raise SnapshotError("the snapshot was written by another version")
        old = {sensor: row for row, sensor in enumerate(kept.ids)}
        pairs = [(row, old[sensor]) for row, sensor in enumerate(self._ids) if sensor in old]
        here = np.array([a for a, _ in pairs], np.intp)
        there = np.array([b for _, b in pairs], np.intp)
        clock = self._memory.clock
        clock[:] = np.frombuffer(kept.parts["clock"], CLOCK)
        self._memory.state["heard_now_ns"] = clock["now_ns"][0]
        carry_over(self._memory, kept.parts, len(kept.ids), here, there)
        self._memory.due[:] = FOREVER if clock["now_ns"][0] == NEVER else NEVER
        apply_setpoints(self._params, self._memory)
        carry.carry_over(self._groups, kept.groups, self._ids, kept.ids)
        judge_together(self._params, self._groups)

    def _layout(self) -> str:
        return f"{layout(self._memory)};{carry.layout(self._groups)}"


def warm_up() -> None:
    """Compile the step, or load it from the compile cache, on an empty state."""
    registry = SensorRegistry(())
    bank = DetectorBank(registry, Profile(), Clock.EVENT)
    bank.step(ReadingBlock.empty(), 0)
    bank.tick(0)
    bank.restore(bank.snapshot())


def _joined(parts: list[NDArray[np.void]]) -> FindingBlock:
    if not parts:
        return FindingBlock.empty()
    return FindingBlock(parts[0] if len(parts) == 1 else np.concatenate(parts))
