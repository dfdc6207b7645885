"""Run lengths of charts against published values, and limits against run lengths."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.run_length import cusum_limit, cusum_run_length, ewma_limit, ewma_run_length


@pytest.mark.parametrize(
    ("shift", "published"), [(0.0, 168.0), (0.25, 74.2), (0.5, 26.6), (0.75, 13.3), (1.0, 8.38), (2.0, 3.34)]
)
def test_cusum_of_k_half_and_h_four(shift: float, published: float) -> None:
    # Montgomery, Introduction to Statistical Quality Control, the table of Page's exact values
    assert cusum_run_length(0.5, 4.0, shift) == pytest.approx(published, rel=0.04)


@pytest.mark.parametrize(
    ("weight", "width", "shift", "published"),
    [(0.1, 2.814, 0.0, 500.0), (0.1, 2.814, 1.0, 10.3), (0.25, 2.998, 0.0, 500.0), (0.4, 3.054, 0.5, 71.2)],
)
def test_ewma_against_lucas_and_saccucci(weight: float, width: float, shift: float, published: float) -> None:
    assert ewma_run_length(weight, width, shift) == pytest.approx(published, rel=0.02)


@settings(deadline=None, max_examples=25)
@given(st.floats(50, 1e7), st.floats(0.1, 1.0))
def test_a_limit_has_the_run_length_that_it_was_made_for(run_length: float, k: float) -> None:
    assert cusum_run_length(k, cusum_limit(run_length, k)) == pytest.approx(run_length, rel=1e-6)
    weight = k / 2.0
    assert ewma_run_length(weight, ewma_limit(run_length, weight)) == pytest.approx(run_length, rel=0.01)
