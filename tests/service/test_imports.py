"""A warm start has two seconds: what is slow to import and not needed by every run is imported where it is used."""

import subprocess
import sys

import pytest

SLOW = (
    "scipy.special",
    "scipy.linalg",
    "scipy.stats",
    "scipy.optimize",
    "matplotlib",
    "pandas",
    "river",
    "rcf3",
    "openpyxl",
    "httpx",
    "slabx",
)
"""scipy.stats alone takes as long as numba."""


@pytest.mark.parametrize("command", ["run", "demo", "replay", "check-config"])
def test_a_run_imports_nothing_slow_that_it_may_not_need(command: str) -> None:
    code = (
        f"import sys; from service.main import build; build({command!r}); import service.app, detectors.bank;"
        f"print([name for name in {SLOW} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
