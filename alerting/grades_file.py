"""The grade table from a settings file, or the packaged one; every fault at once, with its line."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from itertools import pairwise
from pathlib import Path
from typing import Any

from alerting.events import Grade
from alerting.grading import URGENCIES, GradeTable, table_of
from registry.faults import Fault, InputError, errors_in
from registry.marks import Marked, load_marked
from registry.plant import SourceGrade
from registry.suggest import shown

_TOP_KEYS = ("grades", "unknown_source")
_COLUMNS: Mapping[str, SourceGrade] = {
    **{grade.name: grade for grade in SourceGrade},
    **{grade.roman: grade for grade in SourceGrade},
}
_COLUMN_NAMES = "IV, III, II, I"
_GRADES: Mapping[str, Grade] = {grade.label: grade for grade in Grade}
_ROWS: Mapping[str, int] = {str(urgency): urgency for urgency in URGENCIES}

Cells = dict[int, dict[SourceGrade, Grade]]


def load_grades(path: Path) -> tuple[GradeTable | None, list[Fault]]:
    """Read a grade table; None when it cannot be used."""
    marked = load_marked(path)
    faults = list(marked.faults)
    if not isinstance(marked.data, dict):
        if not faults:
            faults.append(marked.fault((), "no grade table", allowed=" and ".join(_TOP_KEYS)))
        return None, faults
    faults += marked.unknown_keys((), marked.data, _TOP_KEYS)
    cells = _cells(marked, faults)
    unknown = _COLUMNS.get(str(marked.data.get("unknown_source", SourceGrade.III.name)))
    if unknown is None:
        given = shown(marked.data["unknown_source"])
        faults.append(
            marked.fault(("unknown_source",), f"no such source grade {given}", allowed=_COLUMN_NAMES)
        )
    faults += _falling(marked, cells)
    if unknown is None or errors_in(faults):
        return None, faults
    return table_of(cells, unknown), faults


@cache
def default_grades() -> GradeTable:
    """Return the packaged table; docs/alerts.md says why it looks so."""
    with as_file(files("alerting").joinpath("data/grades.yaml")) as path:
        table, faults = load_grades(path)
    if table is None:
        raise InputError(faults)
    return table


def _cells(marked: Marked, faults: list[Fault]) -> Cells:
    """Return the cells that are sound, and note what is wrong with the others."""
    rows = marked.data.get("grades")
    if not isinstance(rows, dict):
        faults.append(
            marked.fault(("grades",), "'grades' must have a row for each urgency", allowed="1, 2, 3, 4")
        )
        return {}
    faults += marked.unknown_keys(("grades",), rows, tuple(_ROWS))
    cells: Cells = {}
    for name, urgency in _ROWS.items():
        row = rows.get(name)
        if isinstance(row, dict):
            cells[urgency] = _row(marked, name, row, faults)
        else:
            message = f"the row of urgency {name} is missing"
            faults.append(
                marked.fault(("grades", name), message, allowed=f"a grade for each of {_COLUMN_NAMES}")
            )
    return cells


def _row(marked: Marked, name: str, row: Mapping[str, Any], faults: list[Fault]) -> dict[SourceGrade, Grade]:
    faults += marked.unknown_keys(("grades", name), row, tuple(_COLUMNS))
    found: dict[SourceGrade, Grade] = {}
    for column, value in row.items():
        source_grade, grade = _COLUMNS.get(column), _GRADES.get(str(value))
        if source_grade is None:
            continue
        if grade is None:
            message = f"urgency {name}, source grade {column}: no such grade {shown(value)}"
            faults.append(marked.fault(("grades", name, column), message, allowed=", ".join(_GRADES)))
        else:
            found[source_grade] = grade
    absent = [grade.name for grade in SourceGrade if not {grade.name, grade.roman} & row.keys()]
    if absent:
        message = f"urgency {name}: no grade for source grade {', '.join(absent)}"
        faults.append(marked.fault(("grades", name), message, allowed=f"a grade for each of {_COLUMN_NAMES}"))
    return found


def _falling(marked: Marked, cells: Cells) -> list[Fault]:
    """Return a fault for each pair of neighbours where more urgency or a graver source gives a lower grade."""
    faults = []
    for urgency, row in cells.items():
        for milder, graver in pairwise(SourceGrade):
            if milder in row and graver in row and row[graver] < row[milder]:
                message = (
                    f"urgency {urgency}: {row[graver].label} for source grade {graver.name} "
                    f"is below {row[milder].label} for {milder.name}"
                )
                faults.append(_not_falling(marked, urgency, message))
        for column, grade in row.items():
            below = cells.get(urgency - 1, {}).get(column)
            if below is not None and grade < below:
                message = (
                    f"source grade {column.name}: {grade.label} for urgency {urgency} "
                    f"is below {below.label} for urgency {urgency - 1}"
                )
                faults.append(_not_falling(marked, urgency, message))
    return faults


def _not_falling(marked: Marked, urgency: int, message: str) -> Fault:
    allowed = "grades that do not fall with rising urgency or a graver source"
    return marked.fault(("grades", str(urgency)), message, allowed=allowed)
