"""What every integration test needs: compiled detectors, and which input there is."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.inputs import SHARED
from tests.servers.hazwatch import environment

_COMPILE = "from service.warm import *; use_compile_cache(user_cache()); warm_up()"


@pytest.fixture(scope="session")
def cache(request: pytest.FixtureRequest) -> Path:
    """Return a cache folder in which the detectors are compiled; kept between runs, numba knows when it is old."""
    assert request.config.cache is not None
    folder = Path(request.config.cache.mkdir("hazwatch"))
    subprocess.run([sys.executable, "-c", _COMPILE], env=environment(folder), check=True, timeout=110)
    return folder


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
