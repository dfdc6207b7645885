"""What others do with the same readings: mean and spread over the last 600, on one core.

bottleneck and pandas work offline on whole recordings, numpy where every sensor reports at every tick; rcf3 and river
take reading by reading as the step does. All of them do less than it: no limits, no delays, no rates, no silence.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bench.figures import Peer
from service.bench.timing import best_s

WINDOW = 600
_SENSORS, _ROUNDS = 500, 2 * WINDOW
_ONE_BY_ONE = 2_000


def _bottleneck(module: Any, values: NDArray[np.float64], within_s: float) -> float:
    by_sensor = np.ascontiguousarray(values.T)

    def both() -> None:
        module.move_mean(by_sensor, WINDOW, min_count=1)
        module.move_std(by_sensor, WINDOW, min_count=1)

    return values.size / best_s(both, within_s)


def _pandas(module: Any, values: NDArray[np.float64], within_s: float) -> float:
    frame = module.DataFrame(values)

    def both() -> None:
        rolling = frame.rolling(WINDOW, min_periods=1)
        rolling.mean()
        rolling.std()

    return values.size / best_s(both, within_s)


def _numpy_window(_module: Any, values: NDArray[np.float64], within_s: float) -> float:
    """Mean and spread of the whole window at a tick at which every sensor reports."""

    def tick() -> None:
        values[:WINDOW].mean(axis=0)
        values[:WINDOW].std(axis=0)

    sensors = int(values.shape[1])
    return sensors / best_s(tick, within_s)


def _numpy_sums(_module: Any, values: NDArray[np.float64], within_s: float) -> float:
    """The same by sums that are carried on from tick to tick; they lose digits, and a gap ends them."""

    def ticks() -> None:
        total, squares = values[:WINDOW].sum(axis=0), (values[:WINDOW] ** 2).sum(axis=0)
        for new, old in zip(values[WINDOW:], values[: len(values) - WINDOW], strict=True):
            total += new - old
            squares += new * new - old * old
            mean = total / WINDOW
            np.sqrt(squares / WINDOW - mean * mean)

    judged = (len(values) - WINDOW) * int(values.shape[1])
    return judged / best_s(ticks, within_s)


def _rcf3(module: Any, values: NDArray[np.float64], within_s: float) -> float:
    sample = [[value] for value in values.ravel()[:_ONE_BY_ONE].tolist()]
    forest = module.Forest(1, seed=1)

    def one_by_one() -> None:
        for value in sample:
            forest.update_and_score(value)

    return len(sample) / best_s(one_by_one, within_s)


def _river_scorer(module: Any, values: NDArray[np.float64], within_s: float) -> float:
    sample = values.ravel()[:_ONE_BY_ONE].tolist()
    scorer = module.GaussianScorer(window_size=WINDOW)

    def one_by_one() -> None:
        for value in sample:
            scorer.score_one(None, value)
            scorer.learn_one(None, value)

    return len(sample) / best_s(one_by_one, within_s)


def _river_rolling(module: Any, values: NDArray[np.float64], within_s: float) -> float:
    sample = values.ravel()[:_ONE_BY_ONE].tolist()
    stats = import_module("river.stats")
    spread = module.Rolling(stats.Var(), window_size=WINDOW)

    def one_by_one() -> None:
        for value in sample:
            spread.update(value)
            spread.get()

    return len(sample) / best_s(one_by_one, within_s)


def _peer(
    name: str, module: str, run: Callable[[Any, NDArray[np.float64], float], float]
) -> Callable[[float], Peer]:
    def measured(within_s: float) -> Peer:
        try:
            found = import_module(module)
        except ImportError:
            return Peer(name=f"{name} (missing: pip install 'hazwatch[bench]')", value=None)
        values = np.random.default_rng(1).normal(50.0, 0.5, (_ROUNDS, _SENSORS))
        return Peer(name=name, value=run(found, values, within_s))

    return measured


PEERS: Mapping[str, Callable[[float], Peer]] = {
    name: _peer(name, module, run)
    for name, module, run in (
        ("numpy mean + std of the window at every tick", "numpy", _numpy_window),
        ("numpy running sums, every sensor at every tick", "numpy", _numpy_sums),
        ("bottleneck move_mean + move_std, offline", "bottleneck", _bottleneck),
        ("pandas rolling mean + std, offline", "pandas", _pandas),
        ("rcf3 Forest, reading by reading", "rcf3", _rcf3),
        ("river GaussianScorer, reading by reading", "river.anomaly", _river_scorer),
        ("river Rolling(Var), reading by reading", "river.utils", _river_rolling),
    )
}
"""Each measures for so many seconds; one that is not installed says so."""
