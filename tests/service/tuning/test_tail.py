"""The tail: against scipy's distribution, known answers, and how often its intervals hold."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from service.tuning.tail import SHAPE_HI, SHAPE_LO, Tail, fit_tail, looks_pareto, survival


def sample(shape: float, n: int, seed: int, scale: float = 2.0) -> NDArray[np.float64]:
    return np.asarray(stats.genpareto.ppf(np.random.default_rng(seed).random(n), shape, scale=scale))


def tail(shape: float, n: int = 200, seed: int = 1, level: float = 5.0, days: float = 2.0) -> Tail:
    return fit_tail(level + sample(shape, n, seed), level, days)


shapes = st.floats(-0.5, 0.5).map(lambda shape: round(shape, 3))
"""scipy itself overflows at a shape such as 1e-309."""


@given(st.floats(0, 50), shapes, st.floats(0.1, 10))
def test_survival_is_that_of_the_generalised_pareto(excess: float, shape: float, scale: float) -> None:
    expected = stats.genpareto.sf(excess, shape, scale=scale)
    assert float(survival(excess, shape, scale)) == pytest.approx(expected, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.3])
def test_many_peaks_give_back_what_they_were_drawn_from(shape: float) -> None:
    made = tail(shape, 5_000)
    assert made.shape == pytest.approx(shape, abs=0.04)
    assert made.scale == pytest.approx(2.0, rel=0.06)
    assert made.goodness > 0.05


def test_the_rate_at_the_level_is_what_was_counted() -> None:
    made = tail(0.1)
    assert made.rate(made.level) == 100.0
    assert made.expected_rate(made.level) == pytest.approx(100.0)
    assert made.threshold(100.0) == pytest.approx(made.level)
    assert made.threshold(1000.0) == made.level


def test_the_chosen_threshold_has_the_wanted_expected_rate_inside_both_intervals() -> None:
    made = tail(0.1)
    threshold = made.threshold(0.01)
    assert made.expected_rate(threshold) == pytest.approx(0.01, rel=1e-6)
    within = made.rate_interval(threshold)
    assert within.lo < 0.01 < within.hi
    interval = made.threshold_interval(0.01)
    assert interval.lo < threshold < interval.hi
    assert made.rate(interval.lo) > 0.01 > made.rate(interval.hi)


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 10_000),
    st.integers(30, 120),
    shapes,
    st.lists(st.floats(1e-4, 50), min_size=2, max_size=5),
)
def test_a_higher_wanted_rate_never_gives_a_higher_threshold(
    seed: int, n: int, shape: float, rates: list[float]
) -> None:
    made = tail(shape, n, seed)
    thresholds = [made.threshold(rate) for rate in sorted(rates)]
    assert all(a >= b - 1e-9 for a, b in pairwise(thresholds))
    assert SHAPE_LO <= made.shape <= SHAPE_HI


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 100))
def test_the_unit_of_the_statistic_does_not_matter(seed: int, unit: float) -> None:
    excess = sample(0.1, 60, seed)
    one, other = fit_tail(3.0 + excess, 3.0, 1.0), fit_tail((3.0 + excess) * unit, 3.0 * unit, 1.0)
    assert other.shape == pytest.approx(one.shape, abs=1e-3)
    assert other.threshold(0.01) == pytest.approx(one.threshold(0.01) * unit, rel=1e-6)


def test_the_interval_of_a_threshold_holds_as_often_as_it_says() -> None:
    """Drawn from a tail of shape 0.1: the true threshold is inside 95 % of intervals, give or take."""
    level, days, rate = 5.0, 1.0, 0.01
    inside = 0
    rng = np.random.default_rng(7)
    for k in range(100):
        n = int(rng.poisson(150))
        interval = fit_tail(level + sample(0.1, n, 100 + k), level, days).threshold_interval(rate)
        true = level + 2.0 / 0.1 * ((150.0 / rate) ** 0.1 - 1.0)
        inside += interval.lo <= true <= interval.hi
    assert inside >= 92


def test_goodness_tells_a_tail_from_two_clumps() -> None:
    assert looks_pareto(sample(0.1, 200, 3)) > 0.1
    clumps = np.concatenate([sample(0.0, 150, 4, 0.1), 10.0 + sample(0.0, 50, 5, 0.1)])
    assert looks_pareto(clumps) < 0.05


def test_the_same_peaks_give_the_same_fit() -> None:
    assert tail(0.2).goodness == tail(0.2).goodness
    assert tail(0.2).threshold(0.01) == tail(0.2).threshold(0.01)
