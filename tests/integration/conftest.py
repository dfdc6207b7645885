"""What every integration test needs: which input there is, and a place for figures."""

from collections.abc import Callable

import pytest

from tests.integration.inputs import SHARED

_NOTES: list[str] = []


@pytest.fixture(scope="session")
def note() -> Callable[[str], None]:
    """Return what takes a line for the end of the test run: figures that people want to see, and nothing rests on."""
    return _NOTES.append


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what the integration tests read."""
    what = f"recordings in {SHARED}" if SHARED else "no shared/data beside the checkout: simulated recordings"
    for line in (f"input: {what}", *_NOTES):
        terminalreporter.write_line(f"integration: {line}")
