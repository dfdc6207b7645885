"""What the step is given: the parameters and the memory of all sensors, a record array for each family of methods.

A family with parameters or state of its own adds a field here; snapshots and reloads carry every field by its name.
"""

from collections.abc import Mapping
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from detectors.relations.pairs import MOST
from detectors.relations.records import BALANCE, HELD, PARTNER, RELATION
from detectors.shape_state import (
    HEALTH,
    HEALTH_PARAMS,
    PULSE,
    SHAPE,
    SHAPE_PARAMS,
    SUSPECT,
    TAIL_EXCESS,
    TAIL_SHARE,
)
from detectors.state import (
    AHEAD,
    CALENDAR,
    CHART,
    CLOCK,
    CONDITION,
    COURSE,
    FANOUT,
    FOREVER,
    LOCATION_PARAMS,
    MODE,
    N_CONDITIONS,
    NEVER,
    NOVEL,
    PARAMS,
    RING,
    SAMPLE,
    SCALES,
    SETPOINTS,
    SLOTS,
    STATE,
    TANKS,
    WINDOW,
    side_by_side,
)

_PARAMS = (PARAMS, AHEAD, TANKS, SETPOINTS, LOCATION_PARAMS, RELATION, SHAPE_PARAMS, HEALTH_PARAMS)


class Params(NamedTuple):
    """Parameters, from the points table and the profile: a row a sensor in each array but the last.

    The step writes none of them but the working limits of sensors whose set-points follow their equipment's mode
    (`setpoints`, detectors.mode); those are as the mode says, so a snapshot needs no parameters.
    """

    base: NDArray[np.void]
    ahead: NDArray[np.void]
    tanks: NDArray[np.void]
    setpoints: NDArray[np.void]
    location: NDArray[np.void]
    relation: NDArray[np.void]
    shape: NDArray[np.void]
    health: NDArray[np.void]

    @classmethod
    def zeroed(cls, sensors: int) -> Self:
        """Return records for so many sensors, every number of them 0."""
        return cls(*side_by_side([(sensors, kind) for kind in _PARAMS]))


_NEVER_YET = {"last_t_ns": NEVER, "good_t_ns": NEVER, "heard_now_ns": NEVER, "season_ns": NEVER}
_NO_PULSE = {
    "prev": np.nan,
    "gate": np.inf,
    "resolution": np.inf,
    "gap_ns": -1,
    "suspect": SUSPECT,
}
_NO_SHAPE = {"next_spike_ns": NEVER, "tail_share": TAIL_SHARE, "tail_excess": TAIL_EXCESS}
_PARTS: Mapping[str, tuple[np.dtype[np.void], int, Mapping[str, float]]] = {
    "state": (STATE, 1, _NEVER_YET),
    "pulse": (PULSE, 1, _NO_PULSE),
    "course": (COURSE, 1, {"target": -1, "step": np.inf}),
    "blocks": (SAMPLE, SCALES * SLOTS, {}),
    "calendar": (CALENDAR, 1, {}),
    "shape": (SHAPE, 1, _NO_SHAPE),
    "health": (HEALTH, 1, {"partner_at": np.nan, "rest_ns": NEVER}),
    "cond": (CONDITION, N_CONDITIONS, {"since_ns": NEVER}),
    "mode": (MODE, 1, {"wanted_ns": NEVER, "changed_ns": NEVER}),
    "window": (WINDOW, 1, {"t_ns": NEVER}),
    "ring": (SAMPLE, RING, {}),
    "chart": (CHART, 1, {}),
    "novel": (NOVEL, 1, {}),
    "held": (HELD, 1, {}),
    "partner": (PARTNER, MOST, {}),
    "balance": (BALANCE, 1, {}),
}
"""Of each part of a sensor's memory: its records, how many a sensor has, and what is not 0 before anything has happened.

In the order in which they lie in memory: first what every reading needs.
"""


class Memory(NamedTuple):
    """State between readings: a row a sensor, or a fixed number of rows a sensor one after another; and one clock.

    `due` is no state of its own but an index over it: times before which nobody's silence is due (detectors.silence).
    """

    state: NDArray[np.void]
    cond: NDArray[np.void]
    window: NDArray[np.void]
    ring: NDArray[np.void]
    course: NDArray[np.void]
    blocks: NDArray[np.void]
    mode: NDArray[np.void]
    chart: NDArray[np.void]
    calendar: NDArray[np.void]
    novel: NDArray[np.void]
    held: NDArray[np.void]
    partner: NDArray[np.void]
    balance: NDArray[np.void]
    pulse: NDArray[np.void]
    shape: NDArray[np.void]
    health: NDArray[np.void]
    clock: NDArray[np.void]
    due: NDArray[np.int64]

    @classmethod
    def fresh(cls, sensors: int) -> Self:
        """Return the state before anything has happened."""
        parts = side_by_side([(sensors * rows, kind) for kind, rows, _ in _PARTS.values()])
        for part, (_, _, first) in zip(parts, _PARTS.values(), strict=True):
            for name, value in first.items():
                part[name] = value
        memory = dict(zip(_PARTS, parts, strict=True))
        memory["cond"] = memory["cond"].reshape(sensors, N_CONDITIONS)
        clock = np.zeros(1, CLOCK)
        clock["now_ns"] = NEVER
        return cls(**memory, clock=clock, due=np.full(_nodes(sensors), FOREVER, np.int64))

    def by_name(self) -> Mapping[str, NDArray[np.void]]:
        """Return what a snapshot keeps, which is all but the index."""
        return {name: part for name, part in self._asdict().items() if name != "due"}


def _nodes(sensors: int) -> int:
    """Return how many nodes a heap over so many sensors has: its last row, the leaves, is filled from the left."""
    leaves, before, row = max(1, -(-sensors // FANOUT)), 0, 1
    while row < leaves:
        before, row = FANOUT * before + 1, FANOUT * row
    return before + leaves


def layout(memory: Memory) -> str:
    """Return what must be the same for one state to be read as another: the fields, and what lies in a row."""
    return ";".join(f"{name}:{part.dtype.descr}{part.shape[1:]}" for name, part in memory.by_name().items())


def carry_over(
    new: Memory, old: dict[str, bytes], old_sensors: int, here: NDArray[np.intp], there: NDArray[np.intp]
) -> None:
    """Copy rows `there` of an earlier memory of `old_sensors` sensors, as bytes, into rows `here` of `new`; not the clock."""
    sensors = len(new.state)
    for name, part in new.by_name().items():
        if name == "clock" or not sensors:
            continue
        flat = part.reshape(sensors, -1)
        flat[here] = np.frombuffer(old[name], part.dtype).reshape(old_sensors, flat.shape[1])[there]
