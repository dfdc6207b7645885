"""balance: a level that flows do not explain, a pressure that the column above it does not explain.

Readings are taken together to steps of a minute or so, both sides sampled at the instants of the explained sensor's
readings. For a mass balance the step's mean level less that of the step before is explained by the same of the
integrals of the flows, so that noise does not add up; which flow fills and which one drains is learnt. What the model
leaves, in its own spread, goes to a two-sided CUSUM.
"""

import math

from detectors.edges import BALANCE, NO_EDGE, NS, Records, emit, move_edge, name_peer
from detectors.findings import NO_LIMIT
from detectors.jit import inlined, keep_apart
from detectors.relations.held import sum_at, value_at
from detectors.relations.pairs import Form, Shape
from detectors.relations.records import BINS
from detectors.relations.solve import factorise, learn, solve
from detectors.state import C_BALANCE, C_DRIFT, C_STUCK, C_UNCERTAIN

MASS = int(Form.MASS)
UNKNOWN, SPHERE = int(Shape.UNKNOWN), int(Shape.SPHERE)
WARM_STEPS = 60
"""Steps learnt from before anything is said."""
UNEXPLAINED = 0.1
"""A model that leaves more of the variance than this has nothing to say: too little has moved, or it does not hold."""
KNOWN = 1.0
"""Leverage below which a step is one of a kind that the model has seen."""
CLIP_Z = 6.0
"""A residual counts no more than this many of its spreads: one step alone is never a finding."""
FIRST_SHARE = 0.15
SHARE_STEPS = 10.0
"""What a model is first thought to be wrong by, as a share, and how many steps that weighs as much as."""
TAUGHT_STEPS = 1000.0
"""Steps after which spread and share forget."""
CUT_OFF = 0.005
"""Below this share of its range a flow is none: meters are off at zero (low-flow cut-off)."""
SETTLED = 0.1
"""Leverage below which what a step leaves is the table's, not the coefficients'."""
TABLED = 5.0
"""Steps after which a part of the tank's table is believed; before, nothing is said there of a step in motion."""
GAIN_STEPS = 50.0
"""Steps over which a part of the table is learnt."""
TROUBLE = 1 << C_STUCK | 1 << C_DRIFT | 1 << C_UNCERTAIN
"""Conditions of any sensor of the relation during which nothing is learnt."""


@inlined
def gather(r: Records, b: Records, held: Records, state: Records, i: int, t_ns: int, value: float) -> bool:
    """Add a reading to its step; return whether it ended a step, which was then judged and learnt from."""
    keep_apart()
    if b.key != r.inputs_key:
        _forget(r, b)
        b.key = r.inputs_key
        b.chained = 0
        b.n = 0
    breaks = held[i].breaks
    whole = True
    for j in range(r.inputs):
        h = held[r.input[j]]
        breaks += h.breaks
        whole = whole and not math.isnan(value_at(h, t_ns, r.hold_ns))
    if not whole or breaks != b.breaks:
        b.breaks = breaks
        b.chained = 0
        b.n = 0
    if not whole:
        return False
    ended = b.n > 0 and t_ns - b.begun_ns >= r.balance_step_ns
    judged = False
    if ended:
        judged = _close(r, b, state, i, value)
    if b.n == 0:
        b.begun_ns = t_ns
        if not b.chained:
            b.base_ns = t_ns
            for j in range(r.inputs):
                b.base_u[j] = sum_at(held[r.input[j]], t_ns, r.hold_ns) if r.form == MASS else 0.0
        b.sum_t = b.sum_y = 0.0
        for j in range(r.inputs):
            b.sum_u[j] = 0.0
    b.n += 1
    b.sum_t += (t_ns - b.base_ns) * NS
    b.sum_y += _filled(r, value)
    for j in range(r.inputs):
        h = held[r.input[j]]
        u = sum_at(h, t_ns, r.hold_ns) if r.form == MASS else value_at(h, t_ns, r.hold_ns) - r.u_lo[j]
        b.sum_u[j] += u - b.base_u[j]
    return judged


@inlined
def _filled(r: Records, value: float) -> float:
    """Return the value as a share of its range; for a mass balance, the volume below it as a share of the tank's."""
    share: float = (value - r.y_lo) / r.y_span
    if r.form != MASS or r.shape < SPHERE:
        return share
    share = min(max(share, 0.0), 1.0)
    if r.shape == SPHERE:
        return share * share * (3.0 - 2.0 * share)
    middle = 1.0 - 2.0 * share
    return (math.acos(middle) - middle * math.sqrt(1.0 - middle * middle)) / math.pi


@inlined
def _close(r: Records, b: Records, state: Records, i: int, value: float) -> bool:
    """End the step under way: judge it against the model if the step before is known, and begin no new one.

    A tank's cross-section changes with its level, and its shape is known at best roughly: what a flow does is scaled
    by the part of the range that the level (`value`) lies in.
    """
    keep_apart()
    step_s = r.balance_step_ns * NS
    y = b.sum_y / b.n
    target = y - b.base_y if r.form == MASS else y
    passed_s = b.sum_t / b.n
    b.feature[0] = passed_s / step_s if r.form == MASS else 1.0
    place = min(max((value - r.y_lo) / r.y_span * BINS - 0.5, 0.0), BINS - 1.0)
    part = min(int(place), BINS - 2)
    upper = place - part
    gain = (1.0 - upper) * b.gain[part] + upper * b.gain[part + 1]
    for j in range(r.inputs):
        u = b.sum_u[j] / b.n
        if r.form == MASS:
            flow = u / (r.u_span[j] * passed_s) if passed_s > 0.0 else 0.0
            b.feature[j + 1] = flow * gain * passed_s / step_s if abs(flow) > CUT_OFF else 0.0
            if b.feature[j + 1] != 0.0:  # what seeps in and out unmeasured is learnt at rest only
                b.feature[0] = 0.0
            b.base_u[j] += u
        else:
            b.feature[j + 1] = u / r.u_span[j]
    known = b.chained != 0
    b.base_y = y
    b.base_ns += int(passed_s / NS)
    b.chained = 1
    b.n = 0
    if not known:
        return False
    _judge_step(r, b, state, i, target, passed_s, part, upper)
    return True


@inlined
def _judge_step(
    r: Records, b: Records, state: Records, i: int, target: float, passed_s: float, part: int, upper: float
) -> None:
    """Chart what the model leaves of a step, then learn from it unless anything is in doubt."""
    keep_apart()
    size = r.inputs + 1
    factorise(b.gram, size, b.factor)
    solve(b.factor, size, b.right, b.coef)
    solve(b.factor, size, b.feature, b.solved)
    told = leverage = said = 0.0
    flowed = -b.coef[0] * b.feature[0]
    for k in range(size):
        told += b.coef[k] * b.feature[k]
        leverage += b.solved[k] * b.feature[k]
        if k > 0:
            said += abs(b.coef[k] * b.feature[k])
    residual = target - told
    flowed += told
    sigma = math.sqrt(max(b.sigma2, r.balance_sigma_min * r.balance_sigma_min))
    share = math.sqrt(b.share2)
    moving = share * said > sigma
    known = leverage < KNOWN
    tabled = r.form != MASS or not moving or (r.shape != UNKNOWN and _tabled(b, part, upper))
    allowed = max(r.balance_share, 2.0 * share) * said if tabled else math.inf
    beyond = max(0.0, abs(residual) - allowed)
    z = min(beyond / (sigma * math.sqrt(1.0 + leverage)), CLIP_Z)
    if residual < 0.0:
        z = -z
    proven = b.steps >= WARM_STEPS and b.var_e <= UNEXPLAINED * b.var_y
    _chart(r, b, z if known else 0.0, proven)

    at_ns = b.base_ns
    doubtful = 2.0 * max(b.high, b.low) >= r.balance_h
    if not doubtful:
        b.doubt_ns = 0
    elif b.doubt_ns == 0:
        b.doubt_ns = at_ns
    elif at_ns - b.doubt_ns > r.balance_relearn_ns:
        _forget(r, b)
        return
    troubled = state[i].busy & TROUBLE
    for j in range(r.inputs):
        troubled |= state[r.input[j]].busy & TROUBLE
    if not doubtful and not troubled:
        keep = r.balance_tau_ns * NS / (r.balance_tau_ns * NS + passed_s)
        if known:
            if moving and r.form == MASS and leverage < SETTLED and flowed != 0.0:
                _teach_table(b, part, upper, residual / flowed)
            _teach_spread(b, residual, leverage, said, moving, tabled)
            _teach_variance(b, residual, target, 1.0 - keep)
        learn(b.gram, b.right, size, b.feature, target, keep)


@inlined
def _chart(r: Records, b: Records, z: float, proven: bool) -> None:
    """Two-sided CUSUM (Page 1954), bounded at twice its threshold so that it comes back in bounded time."""
    if not proven:
        b.high = b.low = 0.0
        return
    high = min(2.0 * r.balance_h, max(0.0, b.high + z - r.balance_k))
    low = min(2.0 * r.balance_h, max(0.0, b.low - z - r.balance_k))
    if b.high == 0.0:
        b.high_ns = b.base_ns
    if b.low == 0.0:
        b.low_ns = b.base_ns
    b.high, b.low = high, low


@inlined
def _tabled(b: Records, part: int, upper: float) -> bool:
    """Tell whether the tank's table is known at a level between two of its parts."""
    near: float = (1.0 - upper) * b.gained[part] + upper * b.gained[part + 1]
    return near >= TABLED


@inlined
def _teach_table(b: Records, part: int, upper: float, off: float) -> None:
    """Learn what the flows do at this level: `off` is by what share they did more than the table says."""
    off = min(max(off, -0.5), 1.0)
    for k in range(2):
        near = upper if k == 1 else 1.0 - upper
        b.gain[part + k] *= 1.0 + off * near / min(b.gained[part + k] + 1.0, GAIN_STEPS)
        b.gained[part + k] += near


@inlined
def _teach_spread(
    b: Records, residual: float, leverage: float, said: float, moving: bool, tabled: bool
) -> None:
    """Learn what is left: at rest as it is, in motion as a share of what the inputs say."""
    squared = residual * residual
    if not moving:
        b.sigma2 += (squared / (1.0 + leverage) - b.sigma2) / min(b.steps + 1.0, TAUGHT_STEPS)
    elif tabled:
        error2 = min(squared / (said * said), 1.0)
        b.share2 += (error2 - b.share2) / min(b.moves + SHARE_STEPS, TAUGHT_STEPS)
        b.moves += 1


@inlined
def _teach_variance(b: Records, residual: float, target: float, forgets: float) -> None:
    """Learn how much there is to explain, and how much is left."""
    weight = max(forgets, 1.0 / (b.steps + 1.0))
    away = target - b.mean_y
    b.mean_y += weight * away
    b.var_y = (1.0 - weight) * (b.var_y + weight * away * away)
    b.var_e += weight * (residual * residual - b.var_e)
    b.steps += 1


@inlined
def _forget(r: Records, b: Records) -> None:
    """Begin the model anew; the step under way goes on."""
    for k in range(len(b.gram)):
        b.gram[k] = 0.0
    for k in range(len(b.right)):
        b.right[k] = 0.0
    for k in range(BINS):
        b.gain[k] = 1.0
        b.gained[k] = 0.0
    b.steps = b.moves = b.doubt_ns = 0
    b.sigma2 = r.balance_sigma_min * r.balance_sigma_min
    b.share2 = FIRST_SHARE * FIRST_SHARE
    b.mean_y = b.var_y = b.var_e = b.high = b.low = 0.0


@inlined
def tell_balance(r: Records, b: Records, state: Records, cond: Records, i: int, now_ns: int, t_ns: int, value: float,
                 score: float, out: Records, n: int) -> int:  # fmt: skip
    """Move the condition by a judged step; the onset is where the chart last left zero (Page's estimate)."""
    keep_apart()
    largest = max(b.high, b.low)
    edge = move_edge(
        state[i], cond[i], C_BALANCE, largest >= r.balance_h, 2.0 * largest < r.balance_h, t_ns, 0, 0, 1, 0
    )
    if edge == NO_EDGE:
        return n
    if cond[i, C_BALANCE].active:
        cond[i, C_BALANCE].onset_ns = b.high_ns if b.high >= b.low else b.low_ns
    statistic = b.high if b.high >= b.low else -b.low
    n = emit(out, n, now_ns, t_ns, cond[i, C_BALANCE].onset_ns, i, BALANCE, edge, NO_LIMIT, value, statistic, r.balance_h,
             r.balance_step_ns * NS, math.nan, score)  # fmt: skip
    said = 0.0
    for j in range(r.inputs):
        said += abs(b.coef[j + 1] * b.feature[j + 1])
    for j in range(r.inputs):
        mine = abs(b.coef[j + 1] * b.feature[j + 1])
        place = 0
        for k in range(r.inputs):
            its = abs(b.coef[k + 1] * b.feature[k + 1])
            if its > mine or (its == mine and k < j):
                place += 1
        name_peer(out, n, place, r.input[j], mine / said if said > 0.0 else math.nan)
    return n
