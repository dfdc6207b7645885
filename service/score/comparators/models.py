"""Comparators that are installed rather than built: river's HalfSpaceTrees and the random cut forest of rcf3.

Each sensor has a model of its own that sees its readings one by one and learns from every one. Both are slow, and run on
a sample. What they need is imported only when they are asked for.
"""

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.plant import Text
from registry.sensors import SensorRegistry
from service.score.comparators.bursts import Burst
from service.score.comparators.normal import Normal

SEED = 20261125
WARM = 500
"""Readings of a sensor before its model is asked: two windows of river's own default."""


class HalfSpaceTrees:
    """river's HalfSpaceTrees with its own settings behind its own streaming scaler (Tan, Ting and Liu 2011)."""

    name = "river"
    text = Text.same("river HalfSpaceTrees")
    needs = "river"

    def __init__(self, registry: SensorRegistry, normal: Normal) -> None:
        del normal
        self._models: dict[int, Any] = {}
        self._seen = np.zeros(len(registry), np.int64)
        self.grid = 1.0 - np.geomspace(0.7, 1e-4, 40)
        self.release = np.full(len(registry), 0.9)

    def of(self, burst: Burst) -> NDArray[np.float64]:
        """Return the anomaly score, 0..1."""
        from river import anomaly, preprocessing  # noqa: PLC0415 - the only part that needs river

        model = self._models.get(burst.sensor)
        if model is None:
            model = preprocessing.MinMaxScaler() | anomaly.HalfSpaceTrees(seed=SEED)
            self._models[burst.sensor] = model
        score = np.zeros(len(burst.value))
        for row, value in enumerate(burst.value.tolist()):
            if self._seen[burst.sensor] >= WARM:
                score[row] = model.score_one({0: value})
            model.learn_one({0: value})
            self._seen[burst.sensor] += 1
        return score


class Forest:
    """The random cut forest of rcf3 with its own settings (Guha and others 2016)."""

    name = "rcf3"
    text = Text.same("rcf3")
    needs = "rcf3"

    def __init__(self, registry: SensorRegistry, normal: Normal) -> None:
        del normal
        self._models: dict[int, Any] = {}
        self._seen = np.zeros(len(registry), np.int64)
        self.grid = np.geomspace(0.5, 50.0, 40)
        self.release = np.full(len(registry), 0.9)

    def of(self, burst: Burst) -> NDArray[np.float64]:
        """Return the forest's score, about 1 for what is usual."""
        from rcf3 import Forest as Model  # noqa: PLC0415 - the only part that needs rcf3

        model = self._models.get(burst.sensor)
        if model is None:
            model = self._models[burst.sensor] = Model(1, seed=SEED)
        score = np.array([model.update_and_score([value]) for value in burst.value.tolist()], np.float64)
        before = int(self._seen[burst.sensor])
        self._seen[burst.sensor] += len(score)
        score[: max(0, WARM - before)] = 0.0
        return score


SLOW = (HalfSpaceTrees, Forest)


def missing(needs: str) -> bool:
    """Return whether a module is not installed."""
    return find_spec(needs) is None
