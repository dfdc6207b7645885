"""The pages say what the code does."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detectors.findings import Method
from detectors.profile_file import load_profile
from registry.marks import parse_marked
from service import detectors_doc, settings_doc
from service.health import GRADES, NAMES, PATIENCE_S
from service.main import build
from service.metrics import PipelineCollector
from service.runtime import Gauges
from service.settings import Settings
from service.settings_parts import PARTS
from tests.service.site import pipeline

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
pytestmark = pytest.mark.skipif(not DOCS.is_dir(), reason="the pages lie in the repository, not in the wheel")


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def test_the_settings_reference_is_up_to_date() -> None:
    assert page("settings.md") == settings_doc.page(), "python -m service.settings_doc > docs/settings.md"


def test_every_key_is_described() -> None:
    assert set(PARTS) < set(Settings.model_fields)
    for part, fields in {"": Settings.model_fields, **{n: m.model_fields for n, m in PARTS.items()}}.items():
        undescribed = [name for name, field in fields.items() if not field.description and name not in PARTS]
        assert undescribed == [], part


def test_the_tables_of_detectors_are_up_to_date() -> None:
    written = detectors_doc.written_into(page("detectors.md"), detectors_doc.tables())
    assert page("detectors.md") == written, "python -m service.detectors_doc docs/detectors.md"


def test_writing_the_tables_touches_nothing_else(tmp_path: Path) -> None:
    copy = tmp_path / "detectors.md"
    copy.write_text(page("detectors.md").replace("| `scan_s` |", "| `other` |"), encoding="utf-8")
    detectors_doc.main([str(copy)])
    assert copy.read_text("utf-8") == page("detectors.md")


def test_every_method_has_its_section() -> None:
    sections = {
        name: section
        for section in page("detectors.md").split("\n## ")[1:]
        for name in section.partition("\n")[0].split(", ")
    }
    assert {method.label for method in Method} <= set(sections)
    for method in Method:
        section = sections[method.label]
        for part in ("```", "- Catches", "- Misses", f"(img/detectors/{method.label}.svg)"):
            assert part in section, f"{method.label} has no {part}"
        origin = r"hazwatch's own|(19|20)\d\d\)|ISA-\d|IEC \d|NAMUR|OPC UA|Sparkplug|[A-Z]\w+ (19|20)\d\d"
        assert re.search(origin, section), f"{method.label} does not say where it comes from"
        assert (ROOT / f"docs/img/detectors/{method.label}.svg").is_file()


def test_the_example_of_a_plants_own_profile_holds(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", page("detectors.md"), re.DOTALL)
    assert parse_marked(example, "example").faults == ()
    (tmp_path / "d.yaml").write_text(example, encoding="utf-8")
    assert load_profile(tmp_path / "d.yaml")[2] == []


def test_every_metric_is_described_and_no_other() -> None:
    metrics = list(PipelineCollector(pipeline(), Gauges(), {}).collect())
    known = {f"{m.name}_total" if m.type == "counter" else m.name for m in metrics}
    named = set(
        re.findall(r"`(hazwatch_\w+)(?:\{[\w,]+\})?`", page("operations.md").split("Counters begin")[0])
    )
    assert named == known


def test_every_trouble_of_its_own_is_described() -> None:
    text = page("operations.md")
    assert set(GRADES) == set(NAMES) == set(PATIENCE_S)
    for name, grade in GRADES.items():
        after = f"{PATIENCE_S[name]:g} s" if PATIENCE_S[name] else "at once"
        assert f"| `{name}` | {grade.label} | {after} |" in text


def test_the_read_me_names_every_page() -> None:
    for name in ("README.md", "README.zh.md"):
        text = (ROOT / name).read_text("utf-8")
        missing = [p.name for p in sorted(DOCS.glob("*.md")) if f"(docs/{p.name})" not in text]
        assert missing == [], name


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_the_read_mes_commands_are_there_with_their_options(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    rows = re.findall(r"^\| `hazwatch ([^`]+)` \|", text, re.MULTILINE)
    assert {row.split()[0] for row in rows} == {
        "demo", "run", "check-config", "replay", "tune", "backtest", "score", "sim", "alerts", "report", "routes", "bench", "user", "audit",
    }  # fmt: skip
    for row in rows:
        words = row.split()
        command = words[:2] if words[0] in {"user", "report", "routes", "audit"} else words[:1]
        shown = CliRunner().invoke(build(), [*command, "--help"], env={"COLUMNS": "200"}).output
        for option in re.findall(r"--[\w-]+", row):
            assert option in shown, f"{name}: {row}"


def test_the_state_folder_is_described() -> None:
    """What a run leaves there; `readings.duckdb` with the store of that name only."""
    from console.accounts import database_path  # noqa: PLC0415 - only here
    from ledger.reader import FILE_NAME  # noqa: PLC0415 - as above

    text = page("operations.md")
    for part in (
        FILE_NAME,
        database_path(Path()).name,
        "console.key",
        "audit.db",
        "snapshots/",
        "spool/",
        "cache/",
        "lock",
        "readings.duckdb",
    ):
        assert f"`{part}`" in text, part
