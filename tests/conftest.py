"""For all tests: none of them reaches beyond this machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guard import REPORT, guard


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
