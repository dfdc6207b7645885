"""dead: silence beyond a deadline on the pipeline's clock, told at the deadline.

Source: a timer per point, told when it is due and not when the device comes back. A bad reading that `quality` has told of
is a sign of life: it moves the deadline as a good one does, but ends no silence that was told.

Which sensor is due next is kept as a heap of lower bounds (`Memory.due`): a leaf for every `FANOUT` sensors, a parent
for every `FANOUT` nodes, the root at 0. A reading only moves its sensor's deadline away, so it leaves the heap alone
and a bound that has come is looked into and lifted; whatever falls due costs a few leaves instead of all sensors.
"""

import math

import numpy as np
from numpy.typing import NDArray

from detectors.edges import DEAD, NS, RAISED, RECOVERED, Records, emit
from detectors.findings import NO_LIMIT
from detectors.jit import inlined, keep_apart
from detectors.shape_state import C_QUALITY
from detectors.state import C_DEAD, FANOUT, FOREVER, NEVER

_RAISE_SCORE = 0.5


@inlined
def fire_dead(params: Records, state: Records, cond: Records, due: NDArray[np.int64], now_ns: int, out: Records,
              n: int) -> int:  # fmt: skip
    """Raise every silence that is due at `now_ns`, each at its own deadline, in the order of the deadlines.

    Sensors of one deadline come in their own order. It stops when `out` is full; the root then says that more is due.
    """
    keep_apart()
    first_leaf = len(due) - (len(state) + FANOUT - 1) // FANOUT
    while due[0] <= now_ns and n < len(out):
        node = 0
        while FANOUT * node + 1 < len(due):
            node = soonest_child(due, node)
        i, deadline_ns = soonest_sensor(
            params, state, (node - first_leaf) * FANOUT if node >= first_leaf else len(state)
        )
        if deadline_ns > due[node]:
            set_bound(due, node, deadline_ns)
            continue
        # of all sensors none is earlier, for no bound is below this one
        silent_s = params[i].dead_after_ns * NS
        c = cond[i, C_DEAD]
        c.active = 1
        c.onset_ns = last_heard(state[i], cond[i, C_QUALITY])
        state[i].busy |= 1 << C_DEAD
        n = emit(out, n, deadline_ns, c.onset_ns, c.onset_ns, i, DEAD, RAISED, NO_LIMIT, math.nan, silent_s, silent_s,
                 math.nan, math.nan, _RAISE_SCORE)  # fmt: skip
    return n


@inlined
def last_heard(s: Records, quality: Records) -> int:
    """Return the event time of the last sign of life: a good reading, or a bad one while that is told as such."""
    if quality.active:
        return s.last_t_ns  # type: ignore[no-any-return]  # of untyped records
    return s.good_t_ns if s.good_t_ns != NEVER else s.heard_now_ns  # type: ignore[no-any-return]  # as above


@inlined
def soonest_child(due: NDArray[np.int64], node: int) -> int:
    """Return the child with the smallest bound, the first of equals."""
    best = FANOUT * node + 1
    for child in range(best + 1, min(best + FANOUT, len(due))):
        if due[child] < due[best]:
            best = child
    return best


@inlined
def soonest_sensor(params: Records, state: Records, first: int) -> tuple[int, int]:
    """Return the sensor of a leaf that is due first, and its deadline, FOREVER where none is ever due."""
    who, soonest_ns = first, FOREVER
    for i in range(first, min(first + FANOUT, len(state))):
        after_ns = params[i].dead_after_ns
        if after_ns == FOREVER or (state[i].busy >> C_DEAD) & 1:
            continue
        deadline_ns = state[i].heard_now_ns + after_ns
        if deadline_ns < soonest_ns:
            who, soonest_ns = i, deadline_ns
    return who, soonest_ns


@inlined
def set_bound(due: NDArray[np.int64], node: int, bound_ns: int) -> None:
    """Lift a node's bound, and those of its parents to the least of their children's."""
    due[node] = bound_ns
    while node > 0:
        node = (node - 1) // FANOUT
        least_ns = due[soonest_child(due, node)]
        if due[node] == least_ns:
            return
        due[node] = least_ns


@inlined
def expect(state: Records, due: NDArray[np.int64], i: int, deadline_ns: int) -> None:
    """Lower the bounds above a sensor that is heard again."""
    keep_apart()
    node = len(due) - (len(state) + FANOUT - 1) // FANOUT + i // FANOUT
    while due[node] > deadline_ns:
        due[node] = deadline_ns
        node = (node - 1) // FANOUT if node > 0 else 0


@inlined
def begin(state: Records, due: NDArray[np.int64], clock: Records, now_ns: int) -> None:
    """Start the clock: silence counts from here, and no bound is known yet."""
    clock[0].now_ns = now_ns
    for i in range(len(state)):
        state[i].heard_now_ns = now_ns
    for node in range(len(due)):
        due[node] = NEVER


@inlined
def revive(
    after_ns: int, s: Records, c: Records, i: int, now_ns: int, t_ns: int, value: float, out: Records, n: int
) -> int:
    """End the silence of a sensor by its first good reading."""
    keep_apart()
    c.active = 0
    s.busy &= ~(1 << C_DEAD)
    return emit(out, n, now_ns, t_ns, c.onset_ns, i, DEAD, RECOVERED, NO_LIMIT, value, (t_ns - c.onset_ns) * NS,
                after_ns * NS, math.nan, math.nan, 0.0)  # fmt: skip
