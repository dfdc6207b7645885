"""dead: silence beyond a deadline on the pipeline's clock, told at the deadline."""

import math

import numpy as np

from detectors.edges import DEAD, NS, RAISED, Records, emit
from detectors.findings import NO_LIMIT
from detectors.jit import allocating, inlined
from detectors.state import C_DEAD, FOREVER, NEVER

_RAISE_SCORE = 0.5


@allocating
def fire_dead(
    params: Records, state: Records, cond: Records, clock: Records, now_ns: int, out: Records, n: int
) -> int:
    """Raise every silence that is due at `now_ns`, each at its own deadline, in the order of the deadlines.

    Source: a timer per point, told when it is due and not when the device comes back.
    """
    due = np.empty(len(state), np.int64)
    who = np.empty(len(state), np.int64)
    count = 0
    next_ns = FOREVER
    for i in range(len(state)):
        after_ns = params[i].dead_after_ns
        if after_ns == FOREVER or cond[i, C_DEAD].active:
            continue
        deadline_ns = state[i].good_now_ns + after_ns
        if deadline_ns <= now_ns:
            due[count] = deadline_ns
            who[count] = i
            count += 1
        elif deadline_ns < next_ns:
            next_ns = deadline_ns
    for j in np.argsort(due[:count], kind="mergesort"):
        if n == len(out):
            next_ns = due[j]
            break
        i = who[j]
        silent_s = params[i].dead_after_ns * NS
        c = cond[i, C_DEAD]
        c.active = 1
        c.onset_ns = state[i].good_t_ns if state[i].good_t_ns != NEVER else state[i].good_now_ns
        state[i].busy |= 1 << C_DEAD
        n = emit(out, n, due[j], c.onset_ns, c.onset_ns, i, DEAD, RAISED, NO_LIMIT, math.nan, silent_s, silent_s,
                 math.nan, math.nan, _RAISE_SCORE)  # fmt: skip
    clock[0].next_dead_ns = next_ns
    return n


@inlined
def begin(params: Records, state: Records, clock: Records, now_ns: int) -> None:
    """Start the clock: silence counts from here."""
    clock[0].now_ns = now_ns
    next_ns = FOREVER
    for i in range(len(state)):
        state[i].good_now_ns = now_ns
        after_ns = params[i].dead_after_ns
        if after_ns != FOREVER and now_ns + after_ns < next_ns:
            next_ns = now_ns + after_ns
    clock[0].next_dead_ns = next_ns
