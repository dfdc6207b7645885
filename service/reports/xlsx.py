"""A document as a workbook: a sheet with head and remarks, and one for each table; figures are numbers with their unit."""

import io
import re
from collections.abc import Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from registry.plant import Text
from service.reports.cells import Cell, Table
from service.reports.document import Document
from service.reports.rendering import NOTHING_THERE, told
from service.reports.rules import Verdict

_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_NOT_IN_A_NAME = re.compile(r"[\[\]:*?/\\']")
_MAX_CELL, _MAX_NAME = 32_767, 31
_WIDEST, _NARROWEST = 60, 8
_WIDE_FROM = "\u1100"
"""From here on most characters are two columns wide."""
_BOLD, _TITLE = Font(bold=True), Font(bold=True, size=14)
_HEAD = PatternFill("solid", fgColor="E6E9EB")
_INKS = {
    Verdict.ACCEPTABLE: Font(color="1D6B3F"),
    Verdict.MANAGEABLE: Font(color="8A5A00"),
    Verdict.OVERLOADED: Font(color="B3261E", bold=True),
}
_SUMMARY = Text("概要", "summary")


def xlsx_of(document: Document, language: str) -> bytes:
    """Return the workbook in a language; nothing in it is a formula."""
    book = Workbook()
    first = book.active
    assert first is not None, "a new workbook has a sheet"
    _summary(first, document, language)
    names = {first.title.casefold()}
    for table in document.tables:
        sheet = book.create_sheet(_name(told(table.title, language), names))
        _table(sheet, table, language)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _summary(sheet: Any, document: Document, language: str) -> None:
    sheet.title = told(_SUMMARY, language)
    _put(sheet, 1, 1, told(document.kind.heading, language)).font = _TITLE
    rows = [(told(name, language), told(text, language)) for name, text in document.head]
    rows += [("!", told(text, language)) for text in document.warnings]
    rows += [("", told(text, language)) for text in document.notes]
    for number, (name, text) in enumerate(rows, 2):
        _put(sheet, number, 1, name).font = _BOLD
        _put(sheet, number, 2, text)
    _set_widths(sheet, rows)


def _table(sheet: Any, table: Table, language: str) -> None:
    _put(sheet, 1, 1, told(table.title, language)).font = _TITLE
    if not table.rows:
        _put(sheet, 2, 1, told(NOTHING_THERE, language))
        return
    head = [told(text, language) for text in table.head]
    for column, text in enumerate(head, 1):
        cell = _put(sheet, 2, column, text)
        cell.font, cell.fill = _BOLD, _HEAD
    for number, row in enumerate(table.rows, 3):
        for column, cell in enumerate(row, 1):
            _figure(sheet, number, column, cell, language)
    sheet.freeze_panes = "B3"
    sheet.print_title_rows = "1:2"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.page_setup.fitToHeight = 0
    _set_widths(sheet, [head, *([told(cell.text, language) for cell in row] for row in table.rows)])


def _figure(sheet: Any, row: int, column: int, given: Cell, language: str) -> None:
    if given.value is None:
        made = _put(sheet, row, column, told(given.text, language))
    else:
        made = sheet.cell(row, column, given.value)
        made.number_format = f'General" {given.unit}"' if given.unit else "General"
    if given.verdict is not None:
        made.font = _INKS[given.verdict]


def _put(sheet: Any, row: int, column: int, text: str) -> Any:
    """Write a text as a text: what looks like a formula stays what its author typed, also when the cell is edited."""
    cell = sheet.cell(row, column)
    cell.value = _NOT_XML.sub("\ufffd", text)[:_MAX_CELL]
    cell.data_type = "s"
    cell.quotePrefix = True
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def _set_widths(sheet: Any, rows: Sequence[Sequence[str]]) -> None:
    for column in range(max(map(len, rows))):
        widest = max(_columns(row[column]) for row in rows if column < len(row))
        letter = get_column_letter(column + 1)
        sheet.column_dimensions[letter].width = min(max(widest + 2, _NARROWEST), _WIDEST)


def _columns(text: str) -> int:
    return sum(2 if char >= _WIDE_FROM else 1 for char in text)


def _name(title: str, taken: set[str]) -> str:
    """Return a sheet's name that a workbook allows and that it has not yet."""
    base = _NOT_IN_A_NAME.sub(" ", title).strip()[:_MAX_NAME] or "-"
    name, again = base, 1
    while name.casefold() in taken:
        again += 1
        name = f"{base[: _MAX_NAME - 4]} {again}"
    taken.add(name.casefold())
    return name
