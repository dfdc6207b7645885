"""Novelty step by step, from the functions that the step of the bank calls: what each view and each rule gives."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray

from bench.truth import nab
from bench.truth.recordings import Table
from detectors.memory import Memory, Params
from detectors.novelty import novelty
from detectors.profile import Methods, Profile
from detectors.season import follow
from detectors.state import N_VIEWS
from registry.sensors import SensorRegistry, SensorSpec, SensorType

Score = NDArray[np.float64]
ALL_VIEWS = (True,) * N_VIEWS
DEFAULT = Methods(novelty_rank=7)
SPLITS = 10
SEED = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A name, the views that count, whether what was told is kept quiet, and settings of novelty."""

    name: str
    views: tuple[bool, ...] = ALL_VIEWS
    once: bool = True
    methods: Methods = DEFAULT

    def scores(self, table: Table) -> Score:
        """Return the score of each row of the first channel as the bank would give it."""
        spec = SensorSpec(id="x", sensor="x", enterprise="", type=SensorType.OTHER)
        profile = Profile({SensorType.OTHER: self.methods})
        score = np.zeros(len(table.t_ns))
        values = np.ascontiguousarray(table.values[:, 0])
        _run(
            profile.params(SensorRegistry((spec,))),
            Memory.fresh(1),
            table.t_ns,
            values,
            np.array(self.views),
            self.once,
            score,
        )
        return score


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]  # numba ships no types
def _run(  # noqa: PLR0917 - a kernel takes everything by position
    params: Params,
    memory: Memory,
    t_ns: NDArray[np.int64],
    values: Score,
    views: NDArray[np.bool_],
    once: bool,
    score: Score,
) -> None:
    own, calendar, novel = params.location[0], memory.calendar[0], memory.novel[0]
    for row in range(len(t_ns)):
        if math.isnan(values[row]) or (row > 0 and t_ns[row] <= calendar.last_ns):
            continue
        away, unusual = follow(calendar, t_ns[row], values[row])
        for view in range(len(views)):
            if not views[view]:  # nothing is as far out as this
                novel.far[view, :] = math.inf
                novel.far_t_ns[view, :] = t_ns[row]
                novel.floor[view] = math.inf
        if not once:
            novel.told_rank = 0.0
        excess = novelty(own, novel, calendar, t_ns[row], away, unusual)
        score[row] = excess / (1.0 + excess)


def halves(files: int) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Return ten splits of the files into halves, both ways."""
    rng = np.random.default_rng(SEED)
    found = []
    for _ in range(SPLITS):
        order = rng.permutation(files)
        a, b = order[: files // 2], order[files // 2 :]
        found += [(a, b), (b, a)]
    return found


def at(
    corpus: Sequence[nab.Labelled], scores: Sequence[Score], which: NDArray[np.intp], threshold: float
) -> float:
    """Return NAB's standard score of some of the files at a threshold."""
    standard = nab.APPLICATIONS["standard"]
    return nab.tally([corpus[k] for k in which], [scores[k] for k in which], standard, threshold).score


def from_other_half(corpus: Sequence[nab.Labelled], variants: Sequence[Sequence[Score]]) -> float:
    """Return the mean score of the halves, with variant and threshold chosen on the other half of the files."""
    standard = nab.APPLICATIONS["standard"]
    found = []
    for chosen, judged in halves(len(corpus)):
        best = (-math.inf, 0, math.inf)
        for k, scores in enumerate(variants):
            limit = nab.best_threshold([corpus[i] for i in chosen], [scores[i] for i in chosen], standard)
            best = max(best, (at(corpus, scores, chosen, limit), k, limit))
        found.append(at(corpus, variants[best[1]], judged, best[2]))
    return float(np.mean(found))
