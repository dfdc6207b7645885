"""For all tests: none of them reaches beyond this machine, and the detectors are compiled once for all of them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.warm import use_compile_cache
from tests.guard import REPORT, guard
from tests.servers.hazwatch import ROOT, environment

CACHE = ROOT / ".cache"
"""Stands for a user's cache folder; kept between runs, numba knows when what is compiled in it is old."""
_COMPILE = "from service.warm import *; use_compile_cache(user_cache()); warm_up()"


def pytest_configure() -> None:
    """Let the tests themselves use what is compiled for the programs that they start."""
    folder = CACHE / "hazwatch" / "numba"
    if os.environ.get("NUMBA_CACHE_DIR") != str(folder):  # as it is where a test runs pytest
        use_compile_cache(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files whose tests take longest, so that no worker of xdist is left with one at the end."""
    items.sort(key=lambda item: "integration" not in item.path.parts)


@pytest.fixture(scope="session")
def cache() -> Path:
    """Return a cache folder in which the detectors are compiled."""
    subprocess.run([sys.executable, "-c", _COMPILE], env=environment(CACHE), check=True, timeout=220)
    return CACHE


@pytest.fixture(scope="session")
def _report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the file to which guards write what they refused, here and in programs that tests start."""
    path = tmp_path_factory.mktemp("guard") / "reached"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(REPORT, str(path))
        yield path


@pytest.fixture(autouse=True)
def _stay_on_this_machine(_report: Path) -> Iterator[None]:
    """Fail the test that reached out, also where the code under test swallowed the refusal."""
    guard.reached.clear()
    _report.unlink(missing_ok=True)
    yield
    reached = _report.read_text(encoding="utf-8").split("\n")[:-1] if _report.exists() else []
    if reached:
        pytest.fail(f"reached out of this machine: {', '.join(reached)}", pytrace=False)
