"""A document in one language for other programs: CSV with its tables one below the other, and JSON for the page."""

import csv
import io
from typing import Any

import msgspec

from alerting.texts import both
from console.spreadsheet import harmless
from registry.plant import Text
from service.reports.cells import Cell, Table
from service.reports.document import Document

LANGUAGES = ("zh", "en")
_MAX_WORDS = 600
"""Characters of one cell of a page or a sheet; a workbook and a CSV have all of them."""
NOTHING_THERE = Text("无", "none")


def told(text: Text, language: str) -> str:
    """Return a text in a language."""
    return text.en if language == "en" else text.zh


def document_csv(document: Document, language: str) -> str:
    """Return the document as CSV: each table has its title, its head and its rows, and an empty line behind it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([told(document.kind.heading, language)])
    writer.writerows([told(name, language), harmless(told(text, language))] for name, text in document.head)
    for text in document.warnings:
        writer.writerow(["!", harmless(told(text, language))])
    for table in document.tables:
        writer.writerow([])
        writer.writerow([told(table.title, language)])
        if not table.rows:
            writer.writerow([told(NOTHING_THERE, language)])
            continue
        writer.writerow([told(head, language) for head in table.head])
        writer.writerows([_plain(cell, language) for cell in row] for row in table.rows)
    return out.getvalue()


def _plain(cell: Cell, language: str) -> str:
    if cell.value is not None and not cell.unit:
        return f"{cell.value:.6g}"
    return harmless(told(cell.text, language))


def document_json(document: Document) -> bytes:
    """Return the document in both languages, as the page shows it."""
    period = document.period
    body = {
        "kind": str(document.kind),
        "title": both(document.kind.heading),
        "from_ms": period.start_ns // 1_000_000,
        "to_ms": period.end_ns // 1_000_000,
        "zone": str(period.zone),
        "head": [[both(name), both(text)] for name, text in document.head],
        "tables": [_table(table) for table in document.tables],
        "plots": [{"name": name, "svg": svg} for name, svg in document.plots],
        "warnings": [both(text) for text in document.warnings],
        "notes": [both(text) for text in document.notes],
    }
    return msgspec.json.encode(body)


def _table(table: Table) -> dict[str, Any]:
    return {
        "name": table.name,
        "title": both(table.title),
        "head": [both(head) for head in table.head],
        "rows": [[_cell(cell) for cell in row] for row in table.rows],
    }


def bounded(text: str) -> str:
    """Return a text as far as a page has room for it; what is longer is cut, and says so."""
    return text if len(text) <= _MAX_WORDS else f"{text[:_MAX_WORDS]} […]"


def _cell(cell: Cell) -> dict[str, Any]:
    told_more = {"value": cell.value, "unit": cell.unit, "verdict": cell.verdict}
    words = Text(bounded(cell.text.zh), bounded(cell.text.en))
    return {**both(words), **{key: value for key, value in told_more.items() if value not in {None, ""}}}
