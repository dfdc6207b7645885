"""What the step is given: the parameters and the memory of all sensors, a record array for each family of methods.

A family with parameters or state of its own adds a field here; snapshots and reloads carry every field by its name.
"""

from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from detectors.state import (
    CLOCK,
    CONDITION,
    COURSE,
    FOREVER,
    MODE,
    N_CONDITIONS,
    NEVER,
    RING,
    SAMPLE,
    SCALES,
    SLOTS,
    STATE,
    at_cache_lines,
)


class Params(NamedTuple):
    """Parameters, from the points table and the profile: a row a sensor in each array but the last.

    The step writes none of them but the working limits of sensors whose set-points follow their equipment's mode
    (`setpoints`, detectors.mode); those are as the mode says, so a snapshot needs no parameters.
    """

    base: NDArray[np.void]
    ahead: NDArray[np.void]
    tanks: NDArray[np.void]
    setpoints: NDArray[np.void]


class Memory(NamedTuple):
    """State between readings: a row a sensor, or a fixed number of rows a sensor one after another; and one clock."""

    state: NDArray[np.void]
    cond: NDArray[np.void]
    ring: NDArray[np.void]
    course: NDArray[np.void]
    blocks: NDArray[np.void]
    mode: NDArray[np.void]
    clock: NDArray[np.void]

    @classmethod
    def fresh(cls, sensors: int) -> Self:
        """Return the state before anything has happened."""
        state = at_cache_lines(sensors, STATE)
        state["last_t_ns"] = state["good_t_ns"] = state["good_now_ns"] = state["ring_t_ns"] = NEVER
        cond = at_cache_lines(sensors * N_CONDITIONS, CONDITION).reshape(sensors, N_CONDITIONS)
        cond["since_ns"] = NEVER
        ring = at_cache_lines(sensors * RING, SAMPLE)
        course = at_cache_lines(sensors, COURSE)
        course["target"], course["step"] = -1, np.inf
        blocks = at_cache_lines(sensors * SCALES * SLOTS, SAMPLE)
        mode = at_cache_lines(sensors, MODE)
        mode["wanted_ns"] = mode["changed_ns"] = NEVER
        clock = np.zeros(1, CLOCK)
        clock["now_ns"], clock["next_dead_ns"] = NEVER, FOREVER
        return cls(state, cond, ring, course, blocks, mode, clock)


def layout(memory: Memory) -> str:
    """Return what must be the same for one state to be read as another: the fields, and what lies in a row."""
    return ";".join(
        f"{name}:{np.asarray(part).dtype.descr}{part.shape[1:]}" for name, part in memory._asdict().items()
    )


def carry_over(
    new: Memory, old: dict[str, bytes], old_sensors: int, here: NDArray[np.intp], there: NDArray[np.intp]
) -> None:
    """Copy rows `there` of an earlier memory of `old_sensors` sensors, as bytes, into rows `here` of `new`; not the clock."""
    sensors = len(new.state)
    for name, part in new._asdict().items():
        if name == "clock" or not sensors:
            continue
        flat = part.reshape(sensors, -1)
        flat[here] = np.frombuffer(old[name], part.dtype).reshape(old_sensors, flat.shape[1])[there]
