"""drift: a sensor leaves the partners that measure the same thing.

Two readings are never of the same instant: they are compared at the older one's time, where the other sensor lies on
a straight line between two of its own readings. What that may be wrong by, and what the two transmitters lag behind
each other, is allowed for: the faster one's rate times the time. Of two that part nobody knows which one is right, so
the one whose reading shows it is told and names the other. Of three and more, the one that differs from most is told.
"""

import math

from detectors.edges import DRIFT, NO_EDGE, NS, RAISED, Records, emit, move_edge, name_peer
from detectors.findings import NO_LIMIT
from detectors.jit import inlined, keep_apart
from detectors.relations.held import value_at
from detectors.relations.pairs import MOST
from detectors.state import C_DRIFT

WARM = 5
"""Comparisons before a usual difference is known; a difference too large by itself is told before."""
BACK = 0.7
"""Below this share of the threshold a sensor agrees again."""
TAUGHT_SIGMA = 4.0
"""Within so many of its spreads a departure teaches the usual difference."""
NOISE_COMPARISONS = 100.0
"""Comparisons over which the noise from one to the next is learnt."""
MOST_COUNT = 1_000_000


@inlined
def compare(r: Records, s: Records, a: Records, b: Records, learns: bool) -> bool:
    """Compare a sensor (`a`, its reading is new) with one partner (`b`); return whether there was something new.

    `s` is what is known of the pair. The usual difference is the mean of normal comparisons, at first of all of them,
    later forgetting with `drift_tau`. Its spread is the larger of two: from one comparison to the next (von Neumann
    1941), known at once and blind to a gauge that sticks in the first minutes; and about the usual over `drift_tau`.
    A departure that lasts for `drift_relearn` is the new usual.
    """
    keep_apart()
    at_ns = min(a.t_ns, b.t_ns)
    mine, its = value_at(a, at_ns, r.hold_ns), value_at(b, at_ns, r.hold_ns)
    if at_ns <= s.at_ns or math.isnan(mine) or math.isnan(its):
        return False
    passed_ns = at_ns - s.at_ns
    difference = mine - its
    if s.count == 0:
        s.offset = difference
    departure = difference - s.offset
    sigma = math.sqrt(max(s.var, s.noise2, (r.drift_least / r.drift_sigma) ** 2))
    allowed = _skew(r, a, b, at_ns, 2.0 * math.sqrt(s.noise2))
    noise = r.drift_sigma * sigma
    most = noise + allowed
    s.statistic = difference
    s.threshold = max(r.drift_share, r.drift_sigma * math.sqrt(s.noise2)) + allowed
    if s.count >= WARM and abs(departure) * s.threshold > abs(difference) * most:
        s.statistic, s.threshold = departure, most
    _note_departure(r, s, at_ns, s.count < WARM or abs(departure) < most)
    if learns and s.since_ns == 0:
        _learn(r, s, difference, departure, sigma, passed_ns)
    s.at_ns = at_ns
    s.difference = difference
    return True


@inlined
def forget(s: Records) -> None:
    """Know nothing of a pair: it was another one."""
    s.at_ns = s.since_ns = s.count = 0
    s.var = s.noise2 = 0.0


@inlined
def _note_departure(r: Records, s: Records, at_ns: int, usual: bool) -> None:
    if usual:
        s.since_ns = 0
    elif s.since_ns == 0:
        s.since_ns = at_ns
    elif at_ns - s.since_ns > r.drift_relearn_ns:
        s.since_ns = 0
        s.count = 0


@inlined
def _learn(r: Records, s: Records, difference: float, departure: float, sigma: float, passed_ns: int) -> None:
    """Let a comparison teach what is usual; one after a gap counts no more than any other."""
    weight = 1.0 / (s.count + 1.0)
    slow = min(passed_ns / (r.drift_tau_ns + passed_ns), 1.0 / NOISE_COMPARISONS)
    if s.count > 0:
        jump = min(abs(difference - s.difference), TAUGHT_SIGMA * sigma)
        s.noise2 += (0.5 * jump * jump - s.noise2) * max(weight, 1.0 / NOISE_COMPARISONS)
        s.var += slow * (departure * departure - s.var)
    if s.count < WARM or abs(departure) <= TAUGHT_SIGMA * sigma:
        s.offset += max(weight, slow) * departure
        s.count = min(s.count + 1, MOST_COUNT)


@inlined
def _skew(r: Records, a: Records, b: Records, at_ns: int, noise: float) -> float:
    """Return what two right sensors may differ by because they were not read at once: rate times time."""
    rate = age_s = 0.0
    for h in (a, b):
        gap_ns = h.t_ns - h.before_ns
        if h.seen == 2 and gap_ns <= r.hold_ns:  # noqa: PLR2004 - two make a rate
            rate = max(rate, (abs(h.value - h.before) - noise) / (gap_ns * NS))
        if h.t_ns != at_ns:
            age_s = max(age_s, min(h.t_ns - at_ns, at_ns - h.before_ns) * NS)
    skew: float = rate * (age_s + r.drift_skew_s)
    return skew


@inlined
def vote(r: Records, partner: Records, cond: Records, i: int, t_ns: int) -> int:
    """Return the partner whose comparison decides for sensor `i`, as a place in its list; -1 where none may vote.

    It is the one that a majority is at least as far away as: of two the nearer, of three or four the second or third
    of them in the order of their ratios, the farthest first. A partner that has itself left does not vote, nor one
    not compared with for `hold`.
    """
    keep_apart()
    rank_of_it = -1
    voters = 0
    for j in range(r.partners):
        if _votes(r, partner, cond, i, j, t_ns):
            voters += 1
    for j in range(r.partners):
        if not _votes(r, partner, cond, i, j, t_ns):
            continue
        farther = 0
        for k in range(r.partners):
            if k != j and _votes(r, partner, cond, i, k, t_ns):
                mine, its = ratio(partner[i * MOST + j]), ratio(partner[i * MOST + k])
                if its > mine or (its == mine and k < j):
                    farther += 1
        if farther == voters // 2:
            rank_of_it = j
    return rank_of_it


@inlined
def _votes(r: Records, partner: Records, cond: Records, i: int, j: int, t_ns: int) -> bool:
    s = partner[i * MOST + j]
    recent: bool = s.at_ns > 0 and t_ns - s.at_ns <= r.hold_ns and not cond[r.partner[j], C_DRIFT].active
    return recent


@inlined
def ratio(s: Records) -> float:
    """Return how far a pair is apart, as a share of what is a finding."""
    share: float = abs(s.statistic) / s.threshold
    return share


@inlined
def tell_drift(r: Records, state: Records, cond: Records, partner: Records, i: int, decides: int, now_ns: int, t_ns: int,
               value: float, score: float, out: Records, n: int) -> int:  # fmt: skip
    """Move the condition by a comparison; write the finding and name those whom it differs from, farthest first."""
    keep_apart()
    s = partner[i * MOST + decides]
    apart = ratio(s)
    edge = move_edge(
        state[i], cond[i], C_DRIFT, apart >= 1.0, apart < BACK, t_ns, 0, r.drift_off_ns, r.drift_samples, 0
    )
    if edge == NO_EDGE:
        return n
    n = emit(out, n, now_ns, t_ns, cond[i, C_DRIFT].onset_ns, i, DRIFT, edge, NO_LIMIT, value, s.statistic, s.threshold,
             r.drift_tau_ns * NS, math.nan, score)  # fmt: skip
    if edge == RAISED:
        _name_partners(r, partner, cond, i, t_ns, out, n)
    else:
        name_peer(out, n, 0, r.partner[decides], math.nan)
    return n


@inlined
def _name_partners(
    r: Records, partner: Records, cond: Records, i: int, t_ns: int, out: Records, n: int
) -> None:
    for j in range(r.partners):
        apart = ratio(partner[i * MOST + j])
        if apart < 1.0 or not _votes(r, partner, cond, i, j, t_ns):
            continue
        place = 0
        for k in range(r.partners):
            its = ratio(partner[i * MOST + k])
            if k != j and _votes(r, partner, cond, i, k, t_ns) and (its > apart or (its == apart and k < j)):
                place += 1
        name_peer(out, n, place, r.partner[j], math.nan)
