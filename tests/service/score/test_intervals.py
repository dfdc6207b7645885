"""Intervals against published or independently computed values."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from service.score.intervals import median_interval, poisson, quantile, wilson


@pytest.mark.parametrize(("count", "lo", "hi"), [(0, 0.0, 3.689), (1, 0.0253, 5.572), (10, 4.795, 18.390)])
def test_poisson_is_garwoods(count: int, lo: float, hi: float) -> None:
    assert poisson(count).lo == pytest.approx(lo, abs=1e-3)
    assert poisson(count).hi == pytest.approx(hi, abs=1e-3)


@given(st.integers(0, 500), st.integers(1, 500))
def test_wilson_agrees_with_scipy(hits: int, of: int) -> None:
    hits = min(hits, of)
    expected = stats.binomtest(hits, of).proportion_ci(method="wilson")
    assert wilson(hits, of).lo == pytest.approx(expected.low, abs=1e-9)
    assert wilson(hits, of).hi == pytest.approx(expected.high, abs=1e-9)


def test_of_nothing_nothing_is_known() -> None:
    assert (wilson(0, 0).lo, wilson(0, 0).hi) == (0.0, 1.0)
    assert quantile([], 0.5) is None
    assert median_interval([]) is None


def test_a_quantile_is_a_value_that_was_seen() -> None:
    assert quantile([4.0, 1.0, math.inf, 2.0], 0.5) == 2.0
    assert quantile([4.0, 1.0, math.inf, 2.0], 0.9) == math.inf
    assert quantile(list(map(float, range(1, 11))), 0.9) == 9.0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60))
def test_the_median_lies_within_its_interval_in_any_order(values: list[float]) -> None:
    interval = median_interval(values)
    assert interval is not None
    middle = quantile(values, 0.5)
    assert middle is not None
    assert interval.lo <= middle <= interval.hi
    assert median_interval(values[::-1]) == interval


def test_the_interval_is_about_as_wide_as_the_order_statistics_say() -> None:
    interval = median_interval([float(k) for k in range(100)])
    assert interval is not None
    assert interval.lo == pytest.approx(40, abs=3)
    assert interval.hi == pytest.approx(59, abs=3)
