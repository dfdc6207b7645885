"""Comparators: each statistic beside an obvious loop, alarms beside one, and neither minds how readings are cut."""

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from service.score.comparators.alarms import Alarms
from service.score.comparators.bursts import Burst, Splitter
from service.score.comparators.normal import Normal, NormalFold
from service.score.comparators.statistics import (
    CUSUM_SLACK,
    EWMA_WEIGHT,
    Cusum,
    Ewma,
    Limits,
    LimitsAsSet,
    Statistic,
)
from service.score.comparators.trial import Stretch, Trial, quiet_from, run
from service.score.matching import Rules
from tests.service.score.cases import T0, event, ns, truth


def _spec(name: str, **changes: float) -> SensorSpec:
    return SensorSpec(id=f"e/{name}", sensor=name, enterprise="e", type=SensorType.LEVEL, **changes)  # type: ignore[arg-type]  # numbers only


REGISTRY = SensorRegistry((_spec("LT-1", l=2.0, h=8.0, deadband=0.5), _spec("LT-2", h=20.0)))
NORMAL = Normal(mean=np.array([4.0, 0.0]), sigma=np.array([0.5, 2.0]))


def _burst(values: list[float], sensor: int = 0, from_s: float = 0) -> Burst:
    t_ns = np.array([ns(from_s + k) for k in range(len(values))], np.int64)
    return Burst(sensor=sensor, now_ns=t_ns, t_ns=t_ns, value=np.array(values))


def test_a_limit_as_set_is_reached_at_one_on_either_side() -> None:
    limits = LimitsAsSet(REGISTRY, NORMAL)
    assert (limits.of(_burst([7.99, 8.0, 5.0, 2.0, 2.01])) >= 1.0).tolist() == [
        False,
        True,
        False,
        True,
        False,
    ]
    assert (limits.of(_burst([19.99, 20.0], 1)) >= 1.0).tolist() == [False, True]


def test_the_deadband_holds_an_alarm_until_the_value_is_well_back() -> None:
    limits = LimitsAsSet(REGISTRY, NORMAL)
    back = limits.of(_burst([7.51, 7.49])) < limits.release[0]
    assert back.tolist() == [False, True]


def test_a_limit_moved_inward_is_reached_on_the_way_from_the_mean() -> None:
    assert Limits(REGISTRY, NORMAL).of(_burst([6.0, 8.0, 3.0, 4.0])).tolist() == [0.5, 1.0, 0.5, 0.0]


_VALUES = st.lists(st.floats(-50, 50), min_size=1, max_size=60)


def _naive_ewma(values: list[float]) -> list[float]:
    told, state = [], 0.0
    for value in values:
        state = EWMA_WEIGHT * (value - 4.0) / 0.5 + (1 - EWMA_WEIGHT) * state
        told.append(abs(state) / math.sqrt(EWMA_WEIGHT / (2 - EWMA_WEIGHT)))
    return told


class _ShortCusum(Cusum):
    window = 8


def _naive_cusum(values: list[float]) -> list[float]:
    z = [(value - 4.0) / 0.5 for value in values]
    told = []
    for t in range(len(z)):
        last = [z[max(0, t + 1 - k) : t + 1] for k in range(_ShortCusum.window + 1)]
        sides = [sum(sign * v - CUSUM_SLACK for v in some) for some in last for sign in (1, -1)]
        told.append(max(sides))
    return told


@given(_VALUES, st.integers(0, 60))
def test_ewma_and_cusum_are_their_definitions_however_the_readings_are_cut(
    values: list[float], cut: int
) -> None:
    for make, naive in ((Ewma, _naive_ewma), (_ShortCusum, _naive_cusum)):
        statistic: Statistic = make(REGISTRY, NORMAL)
        parts = [part for part in (values[:cut], values[cut:]) if part]
        told = np.concatenate([statistic.of(_burst(part)) for part in parts])
        np.testing.assert_allclose(told, naive(values), rtol=1e-9, atol=1e-7)


def _naive_alarms(
    values: list[float], threshold: float, release: float, delay_s: float
) -> list[tuple[int, int]]:
    """Return [opened, ended) in seconds: on, off, then what is too short left out, then what is close joined."""
    spells, since = [], None
    for k, value in enumerate(values):
        if since is None and value >= threshold:
            since = k
        elif since is not None and value < threshold * release:
            spells.append((since + delay_s, k))
            since = None
    if since is not None:
        spells.append((since + delay_s, 1000))
    joined: list[tuple[int, int]] = []
    for opened, ended in spells:
        if opened > ended:
            continue
        if joined and opened - joined[-1][1] <= 60:
            joined[-1] = (joined[-1][0], ended)
        else:
            joined.append((int(opened), ended))
    return joined


@given(
    st.lists(st.tuples(st.sampled_from([0.0, 0.85, 0.95, 1.0, 1.5, 3.0]), st.integers(1, 80)), max_size=12),
    st.integers(0, 5),
    st.sampled_from([0.0, 3.0]),
)
def test_alarms_are_those_of_the_plain_loop_for_every_threshold(
    steps: list[tuple[float, int]], cuts: int, delay_s: float
) -> None:
    values = [value for value, long in steps for _ in range(long)]
    grid = np.array([0.9, 1.0, 2.0])
    alarms = Alarms(grid, np.array([0.9]), np.array([delay_s]), 1000.0)
    edges = np.linspace(0, len(values), cuts + 2).astype(int).tolist()
    for lo, hi in pairwise(edges):
        if hi > lo:
            burst = _burst(values[lo:hi], from_s=lo)
            alarms.take(burst, burst.value)
    assert alarms.thresholds == (0.9, 1.0, 2.0)
    for threshold in alarms.thresholds:
        found = alarms.episodes(threshold, ["e/LT-1"], ns(1000))
        spans = [((e.opened_ns - T0) // 10**9, (e.ended_ns - T0) // 10**9) for e in found]
        assert spans == _naive_alarms(values, threshold, 0.9, delay_s)


def test_a_threshold_that_alarms_without_end_is_given_up() -> None:
    alarms = Alarms(np.array([0.5, 5.0]), np.array([0.9]), np.zeros(1), 3.0)
    for k in range(10):
        burst = _burst([1.0, 0.0], from_s=k * 100)
        alarms.take(burst, burst.value)
    assert alarms.thresholds == (5.0,)


def _block(rows: Sequence[tuple[int, float, float, int]]) -> ReadingBlock:
    sensor, t_s, value, quality = zip(*rows, strict=True)
    return ReadingBlock.of(sensor, [ns(t) for t in t_s], value, quality)


def test_late_doubled_bad_and_empty_readings_are_left_out_and_alarms_come_when_a_reading_came() -> None:
    rows = [
        (0, 1, 10.0, 0),
        (1, 5, 1.0, 0),
        (0, 2, 11.0, 0),
        (0, 2, 99.0, 0),
        (0, 1, 99.0, 0),
        (0, 6, 99.0, 2),
    ]
    rows += [(0, 7, math.nan, 0), (0, 8, 12.0, 1)]
    bursts = list(Splitter(2).bursts(_block(rows)))
    assert [(b.sensor, b.value.tolist()) for b in bursts] == [(0, [10.0, 11.0, 12.0]), (1, [1.0])]
    assert bursts[0].now_ns.tolist() == [ns(1), ns(5), ns(8)]
    assert bursts[0].t_ns.tolist() == [ns(1), ns(2), ns(8)]


def test_what_is_normal_is_learnt_outside_the_events() -> None:
    values = [5.0 + (k % 2) for k in range(400)]
    values[200:300] = [1000.0] * 100
    fold = NormalFold(["e/LT-1", "e/LT-2"], truth(event(onset_s=200, end_s=239)))
    for lo in range(0, 400, 37):
        fold.take(_burst(values[lo : lo + 37], from_s=lo))
    normal = fold.normal()
    assert normal.mean[0] == pytest.approx(5.5, abs=0.01)
    assert normal.sigma[0] == pytest.approx(0.5, abs=0.01)
    assert math.isnan(normal.mean[1])


def _readings(seed: int, faults: list[int]) -> NDArray[np.float64]:
    noise = np.random.Generator(np.random.PCG64([seed, 7])).normal(0.0, 0.1, 20_000)
    value = 4.0 + noise
    for at in faults:
        value[at : at + 600] += np.linspace(0.0, 6.0, 600)
    return value


def _stretch(seed: int, faults: list[int]) -> Stretch:
    value = _readings(seed, faults)
    t_ns = T0 + np.arange(len(value), dtype=np.int64) * 10**9
    block = ReadingBlock(
        sensor=np.zeros(len(value), np.int32), t_ns=t_ns, value=value, quality=np.zeros(len(value), np.uint8)
    )
    events = [event(str(at), at, at + 600, limits_s=[at + 400]) for at in faults]
    true = truth(*events, end_s=20_000)
    return Stretch(readings=lambda: (block[k : k + 777] for k in range(0, len(block), 777)), truth=true)


def _run(
    calibration: Stretch, scored: Stretch, most_rate: float
) -> dict[str, tuple[float | None, float | None]]:
    trial = Trial(
        registry=REGISTRY, calibration=calibration, scored=scored, rules=Rules(), most_rate=most_rate
    )
    rivals = run(trial, [LimitsAsSet, Limits, Ewma, Cusum])
    return {
        rival.name: (rival.threshold, rival.panel.overall.lead.median if rival.panel else None)
        for rival in rivals
    }


def test_thresholds_come_from_the_calibration_stretch_alone() -> None:
    quiet, loud = _stretch(1, [9000]), _stretch(2, [3000, 12_000])
    frozen = _run(quiet, loud, 0.0)
    again = _run(quiet, _stretch(3, [15_000]), 0.0)
    assert {name: at for name, (at, _) in frozen.items()} == {name: at for name, (at, _) in again.items()}


def test_quick_statistics_earn_time_over_limits_as_set_where_nothing_but_noise_moves() -> None:
    frozen = _run(_stretch(1, [9000]), _stretch(2, [3000, 12_000]), 0.0)
    as_set = frozen["limits_as_set"]
    assert as_set[0] == 1.0
    assert as_set[1] is not None
    assert abs(as_set[1]) < 10
    for name in ("limits", "ewma", "cusum"):
        lead = frozen[name][1]
        assert lead is not None
        assert lead > 200


@pytest.mark.parametrize(
    ("rates", "expected"),
    [
        ([(1, 9.0), (2, 0.5), (3, 2.0), (4, 1.0), (5, 0.0)], (4, 1.0)),
        ([(1, 1.0), (2, 0.0)], (1, 1.0)),
        ([(1, 9.0), (2, 1.1)], None),
        ([], None),
    ],
)
def test_a_threshold_is_quiet_enough_where_every_higher_one_is_too(
    rates: list[tuple[float, float]], expected: tuple[float, float] | None
) -> None:
    assert quiet_from(rates, 1.0) == expected


def test_a_truth_can_be_cut_without_losing_an_event() -> None:
    whole = _stretch(1, [3000, 9000, 15_000]).truth
    parts = whole.part(whole.start_ns, ns(8000)), whole.part(ns(8000), whole.end_ns)
    assert [len(part.events) for part in parts] == [1, 2]
    assert [event.id for event in parts[1].others] == ["3000"]
