"""docs/routing.md: its examples load without a fault."""

import re
from pathlib import Path

import pytest

import alerting
from alerting.routes_file import load_routes
from tests.alerting.plant import PLANT

PAGE = Path(alerting.__file__).parent.parent / "docs" / "routing.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8") if PAGE.exists() else "", re.DOTALL)
CALENDARS = [block for block in BLOCKS if "holidays" in block]
EXAMPLES = [block for block in BLOCKS if "receivers" in block]


@pytest.mark.skipif(not BLOCKS, reason="the docs are not here")
def test_the_examples_load(tmp_path: Path) -> None:
    [calendar] = CALENDARS
    (tmp_path / "calendar.yaml").write_text(calendar, "utf-8")
    assert len(EXAMPLES) == len(BLOCKS) - 1
    for example in EXAMPLES:
        path = tmp_path / "routes.yaml"
        path.write_text(example, "utf-8")
        routes, faults = load_routes(path, PLANT)
        assert [str(fault) for fault in faults] == []
        assert routes is not None
