"""What every method shares: a condition that is moved by one sample, and the row of a finding."""

import math
from typing import Any

from detectors.findings import NO_PEER, Edge, Method
from detectors.jit import inlined, keep_apart
from detectors.state import NEVER

Records = Any
"""An array of records, or one record of it: only the compiler knows their fields (detectors.state)."""

RAISED, RECOVERED = int(Edge.RAISED), int(Edge.RECOVERED)
NO_EDGE = -1
LIMIT, OUT_OF_RANGE, RATE, ROBUST_Z, DEAD, FORECAST = (int(Method(m)) for m in range(6))
BALANCE, DRIFT = int(Method.BALANCE), int(Method.DRIFT)
NS = 1e-9
"""Seconds in a nanosecond."""
CLIP_SIGMA = 3.0
"""Where the baseline's residuals are clipped before they teach it (Huber 1964)."""


@inlined
def move_edge(state: Records, cond: Records, k: int, inside: bool, outside: bool, t_ns: int, on_ns: int, off_ns: int,
          min_samples: int, max_samples: int) -> int:  # fmt: skip
    """Move condition `k` by one good sample; return RAISED, RECOVERED or NO_EDGE.

    `inside` is the crossing, `outside` the return beyond the deadband; between the two nothing changes but that a
    pending return is forgotten. An edge is done when it has lasted its delay and its least number of samples, or
    `max_samples` good samples whatever the delay says.
    """
    keep_apart()
    c = cond[k]
    pending = outside if c.active else inside
    if not pending:
        c.since_ns = NEVER
        c.samples = 0
        if not c.active:
            state.busy &= ~(1 << k)
        return NO_EDGE
    if c.since_ns == NEVER:
        c.since_ns = t_ns
        c.samples = 0
        state.busy |= 1 << k
    c.samples += 1
    if c.active:
        if t_ns - c.since_ns < off_ns:
            return NO_EDGE
        c.active = 0
        c.since_ns = NEVER
        c.samples = 0
        state.busy &= ~(1 << k)
        return RECOVERED
    waited = t_ns - c.since_ns >= on_ns and c.samples >= min_samples
    if not waited and not (max_samples > 0 and c.samples >= max_samples):
        return NO_EDGE
    c.active = 1
    c.onset_ns = c.since_ns
    c.since_ns = NEVER
    c.samples = 0
    return RAISED


@inlined
def emit(out: Records, n: int, now_ns: int, t_ns: int, onset_ns: int, sensor: int, method: int, edge: int,
         limit: int, value: float, statistic: float, threshold: float, window_s: float, forecast_s: float,
         score: float) -> int:  # fmt: skip
    """Write finding `n`; return the number of findings (detectors.findings tells what each column means)."""
    keep_apart()
    row = out[n]
    row.now_ns = now_ns
    row.t_ns = t_ns
    row.onset_ns = onset_ns
    row.sensor = sensor
    row.method = method
    row.edge = edge
    row.limit = limit
    row.value = value
    row.statistic = statistic
    row.threshold = threshold
    row.forecast_s = forecast_s
    row.window_s = window_s
    row.score = score
    row.bound = math.nan
    row.quality = 0
    row.peer_1 = row.peer_2 = NO_PEER
    row.share = row.peer_1_share = row.peer_2_share = math.nan
    return n + 1


@inlined
def name_bound(out: Records, n: int, bound: float) -> int:
    """Tell of the finding just written, `n` being what `emit` returned, which limit it is about; return `n`."""
    out[n - 1].bound = bound
    return n


@inlined
def name_peer(out: Records, n: int, place: int, sensor: int, share: float) -> None:
    """Name another sensor of the finding just written, `n` being what `emit` returned; the finding has two places."""
    row = out[n - 1]
    if place == 0:
        row.peer_1 = sensor
        row.peer_1_share = share
    elif place == 1:
        row.peer_2 = sensor
        row.peer_2_share = share
