"""The detectors' step, from a thousand sensors to a hundred thousand; each method alone; both cores."""

from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from detectors.profile_file import load_profile
from service.bench.methods import alone, with_windows
from service.bench.step import Shards, StepRun, forward

BLOCK = 100_000


def timed(
    benchmark: BenchmarkFixture, count: int, action: Callable[[], object], before: Callable[[], object]
) -> None:
    benchmark.extra_info["readings"] = count
    benchmark.pedantic(action, setup=before, rounds=10, warmup_rounds=2)  # type: ignore[no-untyped-call]  # it has none


@pytest.mark.parametrize("in_order", [True, False], ids=["in_order", "shuffled"])
@pytest.mark.parametrize("window_s", [60, 600, 3_600])
@pytest.mark.parametrize("sensors", [1_000, 10_000, 100_000])
def test_step(benchmark: BenchmarkFixture, sensors: int, window_s: int, in_order: bool) -> None:
    profile, _, _ = load_profile(None)
    run = StepRun(sensors, with_windows(profile, window_s))
    block = run.next_readings(BLOCK, in_order=in_order)
    timed(benchmark, len(block), lambda: run(block), lambda: forward(block))
    forward(block)
    assert np.isfinite(run(block)).all()
    assert run.findings == 0


@pytest.mark.parametrize("name", alone())
def test_a_method_alone(benchmark: BenchmarkFixture, name: str) -> None:
    run = StepRun(10_000, alone()[name])
    block = run.next_readings(BLOCK, in_order=True)
    timed(benchmark, len(block), lambda: run(block), lambda: forward(block))


def test_two_cores(benchmark: BenchmarkFixture) -> None:
    profile, _, _ = load_profile(None)
    shards = Shards(10_000, 2, profile)
    shards.take(BLOCK, in_order=True)
    timed(benchmark, len(shards), shards.judge, shards.forward)
