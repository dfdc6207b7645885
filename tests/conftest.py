"""For all tests: none of them reaches beyond this machine."""

from collections.abc import Iterator

import pytest

from tests.guard import guard


@pytest.fixture(autouse=True)
def _stay_on_this_machine() -> Iterator[None]:
    """Fail the test that reached out, also where the code under test swallowed the refusal."""
    guard.reached.clear()
    yield
    if guard.reached:
        pytest.fail(f"reached out of this machine: {', '.join(guard.reached)}", pytrace=False)
