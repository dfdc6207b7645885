"""Reading a grade table: the packaged one, and what is said of bad ones."""

from pathlib import Path

import pytest

from alerting.events import Grade
from alerting.grades_file import default_grades, load_grades
from registry.plant import SourceGrade

GOOD = """grades:
  1: {IV: blue, III: blue, II: blue, I: yellow}
  2: {Ⅳ: blue, Ⅲ: yellow, Ⅱ: yellow, Ⅰ: orange}
  3: {IV: yellow, III: orange, II: orange, I: red}
  4: {IV: orange, III: red, II: red, I: red}
unknown_source: II
"""


def load(tmp_path: Path, text: str) -> tuple[object, list[str]]:
    path = tmp_path / "grades.yaml"
    path.write_text(text, "utf-8")
    table, faults = load_grades(path)
    return table, [f"{f.where}: {f.message} ({f.allowed})" for f in faults]


def test_the_packaged_table() -> None:
    table = default_grades()
    assert table.unknown_source is SourceGrade.III
    rows = [[table.cells[u, c].label for c in SourceGrade] for u in (1, 2, 3, 4)]
    assert rows == [
        ["blue", "blue", "blue", "yellow"],
        ["blue", "yellow", "yellow", "orange"],
        ["yellow", "orange", "orange", "red"],
        ["orange", "red", "red", "red"],
    ]


def test_a_settings_file_takes_its_place(tmp_path: Path) -> None:
    path = tmp_path / "g.yaml"
    path.write_text(GOOD, "utf-8")
    table, faults = load_grades(path)
    assert faults == []
    assert table is not None
    assert table.look_up(2, None).grade is Grade.YELLOW
    assert table.look_up(2, None).column is SourceGrade.II


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("I: yellow", "I: pink", "line 2: urgency 1, source grade I: no such grade 'pink' (blue, yellow, orange, red)"),
        ("I: yellow", "V: yellow", "line 2: urgency 1: no grade for source grade I (a grade for each of IV, III, II, I)"),
        ("  4:", "  5:", "line 5: unknown key '5'"),
        ("  4:", "  5:", "line 1: the row of urgency 4 is missing (a grade for each of IV, III, II, I)"),
        ("unknown_source: II", "unknown_source: V", "line 6: no such source grade 'V' (IV, III, II, I)"),
        ("unknown_source", "unkown_source", "line 6: unknown key 'unkown_source'; did you mean 'unknown_source'?"),
        ("{IV: yellow,", "{IV: red,", "line 4: urgency 3: orange for source grade III is below red for IV"),
        ("4: {IV: orange", "4: {IV: blue", "line 5: source grade IV: blue for urgency 4 is below yellow for urgency 3"),
    ],
)  # fmt: skip
def test_faults_name_the_line_and_what_is_allowed(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in GOOD
    table, faults = load(tmp_path, GOOD.replace(old, new))
    assert table is None
    assert any(fault.startswith(said) for fault in faults), faults


@pytest.mark.parametrize(
    "text", ["", "- 1\n", "grades: 3\n", "grades: {1: 3}\n", "{", "grades: {1: {IV: [red]}}"]
)
def test_any_nonsense_is_a_fault(tmp_path: Path, text: str) -> None:
    table, faults = load(tmp_path, text)
    assert table is None
    assert faults
