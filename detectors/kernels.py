"""The step: one pass over readings in arrival order, every method at once.

Plain functions over records (detectors.state); tests/detectors/oracle.py is the slow obvious version of the same.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detectors.findings import NO_LIMIT, Edge, Method
from detectors.jit import fetch_ahead, inlined, kernel
from detectors.state import (
    C_DEAD,
    C_RANGE,
    C_RATE,
    C_Z,
    DESIGN,
    FOREVER,
    LL,
    N_CONDITIONS,
    N_LIMITS,
    NEVER,
    RING,
    L,
)

Records = Any
"""An array of records, or one record of it: only the compiler knows their fields (detectors.state)."""

OK, LATE, DUPLICATE = 0, 1, 2
"""`status` of a reading: judged; older than its sensor's newest (stored only); the same sensor and time again."""

RAISED, RECOVERED = int(Edge.RAISED), int(Edge.RECOVERED)
LIMIT, OUT_OF_RANGE, RATE, ROBUST_Z, DEAD = (int(m) for m in Method)
NO_EDGE = -1
CLIP_SIGMA = 3.0
"""Where the baseline's residuals are clipped before they teach it (Huber 1964)."""
RAISE_SCORE = 0.5
MAX_MAGNITUDE = 1e30
"""A value beyond is a broken transmitter's, not a process's: it counts as no value, for its square would end a baseline."""
AHEAD = 8
"""How many readings before its turn a sensor's records are fetched into the cache; half as many for its ring."""
_BAD = 2
_BOUNDS = (1 << N_LIMITS) - 1 | 1 << C_RANGE
"""The bits of `busy` that stand for limits and range."""
_NS = 1e-9


@inlined
def _edge(state: Records, cond: Records, k: int, inside: bool, outside: bool, t_ns: int, on_ns: int, off_ns: int,
          min_samples: int, max_samples: int) -> int:  # fmt: skip
    """Move condition `k` by one good sample; return RAISED, RECOVERED or NO_EDGE.

    `inside` is the crossing, `outside` the return beyond the deadband; between the two nothing changes but that a
    pending return is forgotten. An edge is done when it has lasted its delay and its least number of samples, or
    `max_samples` good samples whatever the delay says.
    """
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
def _emit(out: Records, n: int, now_ns: int, t_ns: int, onset_ns: int, sensor: int, method: int, edge: int,
          limit: int, value: float, statistic: float, threshold: float, forecast_s: float, score: float) -> int:  # fmt: skip
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
    row.score = score
    return n + 1


@inlined
def _fire_dead(
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
        silent_s = params[i].dead_after_ns * _NS
        c = cond[i, C_DEAD]
        c.active = 1
        c.onset_ns = state[i].good_t_ns if state[i].good_t_ns != NEVER else state[i].good_now_ns
        state[i].busy |= 1 << C_DEAD
        n = _emit(out, n, due[j], c.onset_ns, c.onset_ns, i, DEAD, RAISED, NO_LIMIT, math.nan, silent_s, silent_s,
                  math.nan, RAISE_SCORE)  # fmt: skip
    clock[0].next_dead_ns = next_ns
    return n


@inlined
def _begin(params: Records, state: Records, clock: Records, now_ns: int) -> None:
    """Start the clock: silence counts from here."""
    clock[0].now_ns = now_ns
    next_ns = FOREVER
    for i in range(len(state)):
        state[i].good_now_ns = now_ns
        after_ns = params[i].dead_after_ns
        if after_ns != FOREVER and now_ns + after_ns < next_ns:
            next_ns = now_ns + after_ns
    clock[0].next_dead_ns = next_ns


@inlined
def _remember(p: Records, s: Records, ring: Records, i: int, t_ns: int, value: float) -> None:
    """Keep a sample of the rate window, unless the newest is closer than the ring's spacing."""
    if s.ring_count > 0 and t_ns - s.ring_t_ns < p.ring_every_ns:
        return
    s.ring_head = (s.ring_head + 1) & (RING - 1)
    s.ring_count = min(s.ring_count + 1, RING)
    s.ring_t_ns = t_ns
    sample = ring[i * RING + s.ring_head]
    sample.t_ns = t_ns
    sample.value = value


@inlined
def _rate(p: Records, s: Records, ring: Records, i: int, t_ns: int, value: float) -> float:
    """Return the change per second over the window ending here, NaN before half of the window is filled.

    Asked for only where something depends on it; samples that have left the window are dropped then.
    """
    while s.ring_count > 0:
        oldest = ring[i * RING + ((s.ring_head - s.ring_count + 1) & (RING - 1))]
        span_ns = t_ns - oldest.t_ns
        if span_ns <= p.rate_window_ns:
            if 2 * span_ns < p.rate_window_ns:
                return math.nan
            return (value - oldest.value) / (span_ns * _NS)  # type: ignore[no-any-return]  # of untyped records
        s.ring_count -= 1
    return math.nan


@inlined
def _forecast(p: Records, k: int, value: float, rate: float) -> float:
    """Return the seconds until the limit graver than `k` is reached at the present rate, NaN while that is noise."""
    if math.isnan(rate):
        return math.nan
    graver = k - 1 if k <= L else k + 1
    if graver < LL or graver > DESIGN:
        return math.nan
    gap = p.limit[graver] - value
    moved = abs(rate) * p.rate_window_ns * _NS
    if math.isnan(gap) or moved <= max(p.deadband, CLIP_SIGMA * p.sigma_min) or gap * rate <= 0.0:
        return math.nan
    left_s: float = gap / rate
    return left_s


@inlined
def _range(p: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, score: float,
           out: Records, n: int) -> int:  # fmt: skip
    """Judge the transmitter's range: two samples beyond it are a finding."""
    beyond = value < p.range_lo or value > p.range_hi
    if not beyond and not (s.busy >> C_RANGE) & 1:
        return n
    edge = _edge(s, cond[i], C_RANGE, beyond, not beyond, t_ns, 0, 0, 2, 0)
    if edge == NO_EDGE:
        return n
    bound = p.range_lo if value < p.range_lo or math.isnan(p.range_hi) else p.range_hi
    return _emit(out, n, now_ns, t_ns, cond[i, C_RANGE].onset_ns, i, OUT_OF_RANGE, edge, NO_LIMIT, value, value,
                 bound, math.nan, score)  # fmt: skip


@inlined
def _limits(p: Records, s: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float, rate: float, score: float,
            out: Records, n: int) -> int:  # fmt: skip
    """Judge the five limits, low ones from below and high ones from above (ISA-18.2 deadband, on- and off-delay)."""
    for k in range(N_LIMITS):
        limit = p.limit[k]
        if math.isnan(limit):
            continue
        if k <= L:
            inside, outside, back = value <= limit, value > limit + p.deadband, limit + p.deadband
        else:
            inside, outside, back = value >= limit, value < limit - p.deadband, limit - p.deadband
        if not inside and not (s.busy >> k) & 1:
            continue
        edge = _edge(s, cond[i], k, inside, outside, t_ns, p.on_delay_ns, p.off_delay_ns, 1, p.max_samples[k])
        if edge == RAISED:
            forecast_s = _forecast(p, k, value, rate)
            n = _emit(out, n, now_ns, t_ns, cond[i, k].onset_ns, i, LIMIT, RAISED, k, value, value, limit, forecast_s,
                      score)  # fmt: skip
        elif edge == RECOVERED:
            n = _emit(out, n, now_ns, t_ns, cond[i, k].onset_ns, i, LIMIT, RECOVERED, k, value, value, back, math.nan,
                      score)  # fmt: skip
    return n


@inlined
def _baseline(p: Records, s: Records, dt_ns: int, value: float) -> float:
    """Return the robust z of a value against the baseline so far, then let the value teach the baseline.

    Exponentially weighted mean and variance whose residuals are clipped at three sigma, so that one wild value moves
    neither, and a lasting shift is learnt within a few time constants (Huber 1964; Roberts 1959 for the weights).
    The weight dt / (tau + dt) makes it a filter in time, not in samples; while it warms up, which gives NaN, it is the
    plain mean of what came.
    """
    if s.z_count == 0:
        s.mean = value
        s.var = 0.0
        s.z_count = 1
        return math.nan
    warm = s.z_count >= p.z_warm_samples
    # Bounded by the samples too: one reading after a gap must not become the baseline.
    weight = min(dt_ns / (p.z_tau_ns + dt_ns), 1.0 / p.z_warm_samples) if warm else 1.0 / (s.z_count + 1.0)
    sigma = max(math.sqrt(s.var), p.sigma_min, 1e-9 * abs(s.mean), 1e-12)
    residual = value - s.mean
    z: float = residual / sigma
    if warm:
        residual = min(max(residual, -CLIP_SIGMA * sigma), CLIP_SIGMA * sigma)
    s.mean += weight * residual
    s.var = (1.0 - weight) * (s.var + weight * residual * residual)
    if not warm:
        s.z_count += 1
        return math.nan
    return z


@inlined
def _judge(p: Records, s: Records, cond: Records, ring: Records, i: int, now_ns: int, t_ns: int, value: float,
           out: Records, n: int, score: NDArray[np.float64], row: int) -> int:  # fmt: skip
    """Judge one good reading by every method; write its score and its findings."""
    calm = p.calm_lo < value < p.calm_hi
    abnormal = not calm or s.busy & _BOUNDS != 0
    watches_rate = not math.isnan(p.rate_limit)
    rate = _rate(p, s, ring, i, t_ns, value) if watches_rate or abnormal else math.nan
    _remember(p, s, ring, i, t_ns, value)

    excess = 0.0
    if watches_rate and not math.isnan(rate):
        excess = abs(rate) / p.rate_limit
    z = math.nan
    if not math.isnan(p.z_threshold):
        z = _baseline(p, s, t_ns - s.good_t_ns if s.good_t_ns != NEVER else 0, value)
        if not math.isnan(z):
            excess = max(excess, abs(z) / p.z_threshold)
    if not calm and not p.quiet_lo < value < p.quiet_hi:
        excess = max(excess, 1.0)
    points = excess / (1.0 + excess)
    score[row] = points

    if abnormal:
        n = _range(p, s, cond, i, now_ns, t_ns, value, points, out, n)
        n = _limits(p, s, cond, i, now_ns, t_ns, value, rate, points, out, n)
    if watches_rate and not math.isnan(rate):
        fast = abs(rate) >= p.rate_limit
        if fast or (s.busy >> C_RATE) & 1:
            edge = _edge(
                s, cond[i], C_RATE, fast, abs(rate) < 0.8 * p.rate_limit, t_ns, 0, p.off_delay_ns, 2, 0
            )
            if edge != NO_EDGE:
                n = _emit(out, n, now_ns, t_ns, cond[i, C_RATE].onset_ns, i, RATE, edge, NO_LIMIT, value, rate,
                          p.rate_limit, math.nan, points)  # fmt: skip
    if not math.isnan(z):
        far = abs(z) >= p.z_threshold
        if far or (s.busy >> C_Z) & 1:
            edge = _edge(
                s, cond[i], C_Z, far, abs(z) < 0.6 * p.z_threshold, t_ns, 0, p.z_off_ns, p.z_samples, 0
            )
            if edge != NO_EDGE:
                n = _emit(out, n, now_ns, t_ns, cond[i, C_Z].onset_ns, i, ROBUST_Z, edge, NO_LIMIT, value, z,
                          p.z_threshold, math.nan, points)  # fmt: skip
    return n


@kernel
def step(params: Records, state: Records, cond: Records, ring: Records, clock: Records, event_clock: bool, now_ns: int, first: int, sensor: NDArray[np.int32], t_ns: NDArray[np.int64],
         value: NDArray[np.float64], quality: NDArray[np.uint8], status: NDArray[np.uint8], score: NDArray[np.float64],
         out: Records) -> tuple[int, int]:  # fmt: skip
    """Judge readings `first`.. in order; return the row to go on from and the number of findings in `out`.

    It stops early only when `out` might not hold the findings of one more reading; the caller empties it and calls
    again. Under the event clock `now` is the newest event time seen; every silence that is due up to a reading's time
    is told before the reading counts. Under the wall clock `now` is `now_ns` for all of them.
    """
    n = 0
    if not event_clock:
        if clock[0].now_ns == NEVER:
            _begin(params, state, clock, now_ns)
        clock[0].now_ns = max(clock[0].now_ns, now_ns)
        if clock[0].now_ns >= clock[0].next_dead_ns:
            n = _fire_dead(params, state, cond, clock, clock[0].now_ns, out, n)
    for row in range(first, len(sensor)):
        if n + N_CONDITIONS > len(out):
            return row, n
        if row + AHEAD < len(sensor):
            ahead, soon = sensor[row + AHEAD], sensor[row + AHEAD // 2]
            fetch_ahead(state, ahead)
            fetch_ahead(params, ahead)
            fetch_ahead(ring, soon * RING + ((state[soon].ring_head + 1) & (RING - 1)))
        i = sensor[row]
        t = t_ns[row]
        if event_clock:
            if clock[0].now_ns == NEVER:
                _begin(params, state, clock, t)
            clock[0].now_ns = max(clock[0].now_ns, t)
            if clock[0].now_ns >= clock[0].next_dead_ns:
                n = _fire_dead(params, state, cond, clock, clock[0].now_ns, out, n)
                if n + N_CONDITIONS > len(out):
                    return row, n
        elif clock[0].next_dead_ns <= clock[0].now_ns:
            return row, n
        s = state[i]
        score[row] = math.nan
        if t <= s.last_t_ns:
            status[row] = DUPLICATE if t == s.last_t_ns else LATE
            continue
        status[row] = OK
        s.last_t_ns = t
        v = value[row]
        if quality[row] == _BAD or not abs(v) <= MAX_MAGNITUDE:
            continue
        now = clock[0].now_ns
        s.good_now_ns = now
        if (s.busy >> C_DEAD) & 1:
            c = cond[i, C_DEAD]
            c.active = 0
            s.busy &= ~(1 << C_DEAD)
            silent_s = (t - c.onset_ns) * _NS
            n = _emit(out, n, now, t, c.onset_ns, i, DEAD, RECOVERED, NO_LIMIT, v, silent_s,
                      params[i].dead_after_ns * _NS, math.nan, 0.0)  # fmt: skip
            clock[0].next_dead_ns = min(clock[0].next_dead_ns, now + params[i].dead_after_ns)
        n = _judge(params[i], s, cond, ring, i, now, t, v, out, n, score, row)
        s.good_t_ns = t
    return len(sensor), n


@kernel
def tick(params: Records, state: Records, cond: Records, clock: Records, now_ns: int, out: Records) -> int:
    """Move the clock to `now_ns` and raise every silence that is due; return the number of findings in `out`."""
    if clock[0].now_ns == NEVER:
        _begin(params, state, clock, now_ns)
    clock[0].now_ns = max(clock[0].now_ns, now_ns)
    if clock[0].now_ns < clock[0].next_dead_ns:
        return 0
    return _fire_dead(params, state, cond, clock, clock[0].now_ns, out, 0)
