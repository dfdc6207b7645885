"""The models that are installed rather than built: one for each sensor, asked only once it is warm, in order.

The modules themselves need not be installed: what stands for them here answers with what it has seen.
"""

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from registry.sensors import registry_of_columns
from service.score.comparators.bursts import Burst
from service.score.comparators.models import WARM, Forest, HalfSpaceTrees, missing
from service.score.comparators.normal import Normal

REGISTRY = registry_of_columns(["a", "b"])
NORMAL = Normal(mean=np.zeros(2), sigma=np.ones(2))


class _Forest:
    """Answers with how many values it has seen."""

    def __init__(self, dimensions: int, seed: int) -> None:
        assert (dimensions, seed) == (1, 20261125)
        self.seen: list[float] = []

    def update_and_score(self, point: list[float]) -> float:
        self.seen += point
        return float(len(self.seen))


class _Trees:
    """Answers with how many values it has learnt, and can stand behind a scaler."""

    def __init__(self, seed: int = 0) -> None:
        self.learnt: list[float] = []
        del seed

    def __ror__(self, scaler: Any) -> "_Trees":
        assert scaler == "scaler"
        return self

    def score_one(self, x: dict[int, float]) -> float:
        assert list(x) == [0]
        return float(len(self.learnt))

    def learn_one(self, x: dict[int, float]) -> None:
        self.learnt += x.values()


@pytest.fixture(autouse=True)
def _stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rcf3", SimpleNamespace(Forest=_Forest))
    river = SimpleNamespace(
        anomaly=SimpleNamespace(HalfSpaceTrees=_Trees),
        preprocessing=SimpleNamespace(MinMaxScaler=lambda: "scaler"),
    )
    monkeypatch.setitem(sys.modules, "river", river)


def _burst(sensor: int, count: int) -> Burst:
    t_ns = np.arange(count, dtype=np.int64)
    return Burst(sensor=sensor, now_ns=t_ns, t_ns=t_ns, value=np.arange(count, dtype=np.float64))


@pytest.mark.parametrize(("make", "first"), [(HalfSpaceTrees, WARM), (Forest, WARM + 1)])
def test_a_model_is_asked_when_it_is_warm_and_each_sensor_has_its_own(make: Any, first: int) -> None:
    model = make(REGISTRY, NORMAL)
    told = np.concatenate(
        [model.of(_burst(0, 300)), model.of(_burst(1, 10)), model.of(_burst(0, WARM - 298))]
    )
    assert np.count_nonzero(told) == 2
    assert told[-2:].tolist() == [first, first + 1]


def test_what_is_not_installed_is_missing() -> None:
    assert missing("no_such_module_anywhere")
    assert not missing("json")
