"""What the cases share: the compile cache stands where the command line has it; sizes where nothing is measured."""

from collections.abc import Callable

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from service.warm import use_compile_cache, user_cache

use_compile_cache(user_cache())

MOST_UNMEASURED = 10_000
"""A case that only shows that it runs, and what it asserts, does so on this many of a thing as on ten times more."""


@pytest.fixture
def sized(benchmark: BenchmarkFixture) -> Callable[[int], int]:
    """Return what makes of the size of a case the size to run it with: the same wherever it is measured."""
    measured = bool(benchmark.enabled)
    return lambda size: size if measured else min(size, MOST_UNMEASURED)
