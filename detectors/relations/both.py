"""What a new reading does to all relations of its sensor, before anything is told of it."""

from detectors.edges import BALANCE, DRIFT, Records
from detectors.jit import inlined
from detectors.memory import Memory, Params
from detectors.relations.balance import gather
from detectors.relations.held import hear
from detectors.relations.pairs import MOST
from detectors.relations.partners import compare, forget, ratio, vote
from detectors.state import C_DRIFT, C_UNCERTAIN


@inlined
def relate(params: Params, memory: Memory, i: int, t_ns: int, value: float) -> tuple[int, bool, float]:
    """Compare a good reading with its sensor's partners and with its model.

    Returns the partner that decides about drift (-1: nothing new), whether a step of the balance was judged, and the
    larger ratio of statistic and threshold of both.
    """
    r = params.relation[i]
    watch = params.base[i].watch
    if not hear(r, memory.held[i], t_ns, value):
        return -1, False, 0.0
    apart = 0.0
    decides = -1
    if (watch >> DRIFT) & 1:
        decides = _decided(r, memory, i, t_ns)
        if decides >= 0:
            apart = ratio(memory.partner[i * MOST + decides])
    judged = False
    if (watch >> BALANCE) & 1:
        b = memory.balance[i]
        judged = gather(r, b, memory.held, memory.state, i, t_ns, value)
        apart = max(apart, max(b.high, b.low) / r.balance_h)
    return decides, judged, apart


@inlined
def _decided(r: Records, memory: Memory, i: int, t_ns: int) -> int:
    """Return the partner that decides, if any comparison was new."""
    cond, own, new = memory.cond, memory.held[i], False
    if own.partners_key != r.partners_key:
        own.partners_key = r.partners_key
        for j in range(MOST):
            forget(memory.partner[i * MOST + j])
    for j in range(r.partners):
        other = r.partner[j]
        uncertain = (memory.state[i].busy | memory.state[other].busy) & (1 << C_UNCERTAIN)
        learns = not cond[i, C_DRIFT].active and not cond[other, C_DRIFT].active and not uncertain
        pair = memory.partner[i * MOST + j]
        if compare(r, pair, own, memory.held[other], learns):
            new = True
    return vote(r, memory.partner, cond, i, t_ns) if new else -1
