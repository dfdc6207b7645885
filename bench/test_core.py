"""The detectors' step, from a thousand sensors to a hundred thousand."""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from detectors.profile_file import load_profile
from service.bench.step import StepRun
from service.bench.workload import later, readings


@pytest.mark.parametrize("in_order", [True, False], ids=["in_order", "shuffled"])
@pytest.mark.parametrize("sensors", [1_000, 10_000, 100_000])
def test_step(benchmark: BenchmarkFixture, sensors: int, in_order: bool) -> None:
    profile, _, _ = load_profile(None)
    step = StepRun(sensors, profile)
    block = readings(sensors, sensors, in_order=in_order)

    def next_block() -> tuple[tuple[object], dict[str, object]]:
        nonlocal block
        block = later(block)
        return (block,), {}

    benchmark.extra_info["readings"] = len(block)
    score = benchmark.pedantic(step, setup=next_block, rounds=20, warmup_rounds=2)  # type: ignore[no-untyped-call]  # it has none
    assert np.isfinite(score).all()
