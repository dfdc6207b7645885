"""Small plants and tables for the tests of this room."""

import io
from collections.abc import Mapping, Sequence

import openpyxl

from registry.defaults import TypeDefaults
from registry.faults import Fault
from registry.marks import parse_marked
from registry.plant import Plant
from registry.plant_file import plant_of
from registry.points import points_of
from registry.sensors import SensorSpec, SensorType
from registry.sheets import parse_sheet

PLANT_TEXT = """\
areas:
  - {code: 330200, name: {zh: 宁波市, en: Ningbo}}
enterprises:
  - {id: lpg, name: LPG, area: 330200}
  - {id: cold, name: Cold}
sources:
  - {id: S-1, enterprise: lpg, chemicals: [{substance: LPG, quantity_t: 400}], alpha: 1.2}
  - {id: S-2, enterprise: cold, chemicals: [{substance: 氨, quantity_t: 50}], population: 0}
equipment:
  - {id: T-1, source: S-1, kind: tank, design: {pressure: 1.77 MPa, level: 12 m}}
  - {id: T-2, source: S-2, kind: tank}
"""


def plant() -> Plant:
    found, faults = plant_of(parse_marked(PLANT_TEXT, "plant.yaml"))
    assert faults == []
    return found


def load(
    content: str | bytes,
    *,
    within: Plant | None = None,
    defaults: Mapping[SensorType, TypeDefaults] | None = None,
    file: str = "points.csv",
) -> tuple[list[SensorSpec], list[Fault]]:
    body = content.encode() if isinstance(content, str) else content
    return points_of(parse_sheet(body, file), within or Plant(), defaults or {})


def table(*rows: Mapping[str, object]) -> str:
    """Return CSV with just the columns that the rows have."""
    columns = list(dict.fromkeys(["sensor", "type", *(name for row in rows for name in row)]))
    lines = [",".join(columns)]
    lines += [",".join(str(row.get(name, "")) for name in columns) for row in rows]
    return "\n".join(lines) + "\n"


def xlsx(
    rows: Sequence[Sequence[object]], title: str = "Sheet1", formats: Mapping[str, str] | None = None
) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(list(row))
    for cell, number_format in (formats or {}).items():
        page[cell].number_format = number_format
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def words(faults: Sequence[Fault], level: str = "error") -> list[str]:
    return [str(fault) for fault in faults if fault.level == level]
