"""The stage that calls people: what an event costs while 10, 1 000 or 100 000 alerts are on a chain."""

import itertools
from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alerting.escalation import Escalation
from tests.alerting.escalation.works import PLANT, T0, S, event, settings

STANDING = (10, 1_000, 100_000)
ROUNDS = 500


def _stage(count: int, incident: str | None) -> Escalation:
    """Return a stage with so many alerts that nobody has acknowledged, opened a millisecond after one another."""
    stage = Escalation(settings(), PLANT.areas, lambda _: None, lambda _alert, _now: None)
    for i in range(count):
        stage.offer([event(f"s{i}", i, grade="yellow", incident=incident)], T0 + i * S // 1000)
    return stage


@pytest.mark.parametrize("incident", [None, "i1"], ids=["alone", "one-incident"])
@pytest.mark.parametrize("standing", STANDING)
def test_open_and_acknowledge(
    benchmark: BenchmarkFixture, sized: Callable[[int], int], standing: int, incident: str | None
) -> None:
    standing = sized(standing)
    stage = _stage(standing, incident)
    numbers = itertools.count(standing)
    now_ns = T0 + 200 * S

    def run() -> None:
        i = next(numbers)
        stage.offer([event(f"s{i}", i, grade="yellow", incident=incident)], now_ns)
        stage.offer([event(f"s{i}", i, "acknowledged", "acked", grade="yellow", incident=incident)], now_ns)
        stage.offer([event(f"s{i}", i, "closed", "closed", grade="yellow", incident=incident)], now_ns)
        assert stage.next_deadline_ns() is not None

    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=50)  # type: ignore[no-untyped-call]  # it has none


@pytest.mark.parametrize("standing", STANDING[1:])
def test_a_step_that_is_due(benchmark: BenchmarkFixture, sized: Callable[[int], int], standing: int) -> None:
    stage = _stage(sized(standing), None)

    def run() -> None:
        due_ns = stage.next_deadline_ns()
        assert due_ns is not None
        assert stage.tick(due_ns)

    benchmark.pedantic(run, rounds=ROUNDS, warmup_rounds=50)  # type: ignore[no-untyped-call]  # it has none
