"""XLSX files as rows of text cells, the way a person sees them: formulas as their stored results."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any

import openpyxl
from openpyxl.utils import get_column_letter

from registry.faults import Fault
from registry.sheets import Row, Sheet, unreadable

MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
MAX_ROWS = 1_000_000
MAX_COLUMNS = 200


def read_xlsx(content: bytes, file: str) -> Sheet:
    """Read the content of an XLSX file; damage of any kind is a fault."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(item.file_size for item in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            return unreadable(file, f"the file unpacks to {unpacked} bytes", f"at most {MAX_UNPACKED_BYTES}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles and extensions that do not matter here
            return _XlsxReader(content, file).read()
    except Exception as exc:  # noqa: BLE001 - openpyxl raises whatever a damaged file makes it meet
        return unreadable(
            file, f"this is not an XLSX file or it is damaged: {exc}"[:200], "save it again as .xlsx or .csv"
        )


class _XlsxReader:
    """Reads the sheet called points, else the first one, as a person sees it: formulas as their stored results."""

    def __init__(self, content: bytes, file: str) -> None:
        self.content = content
        self.file = file
        self.title = ""
        self.formulas: list[tuple[int, int, Row]] = []

    def read(self) -> Sheet:
        sheet = Sheet(self.file, place=self._place)
        for number, cells in enumerate(self._rows(results=False), start=1):
            if number > MAX_ROWS:
                sheet.faults.append(
                    self._fault(number, 0, "the sheet has too many rows", f"at most {MAX_ROWS}")
                )
                break
            row = Row(number, [])
            for column, cell in enumerate(cells[:MAX_COLUMNS]):
                text = self._text(cell, number, column, sheet)
                if text is None:
                    self.formulas.append((number, column, row))
                    text = "="
                row.cells.append(text)
            if any(row.cells):
                sheet.rows.append(row)
        if self.formulas:
            self._fill_formulas(sheet)
        return sheet

    def _rows(self, *, results: bool) -> Iterator[tuple[object, ...]]:
        book = openpyxl.load_workbook(io.BytesIO(self.content), read_only=True, data_only=results)
        try:
            named = [name for name in book.sheetnames if name.strip().lower() == "points"]
            page = book[named[0] if named else book.sheetnames[0]]
            self.title = page.title
            page.reset_dimensions()  # what some programs write there is wrong
            yield from page.iter_rows()
        finally:
            book.close()

    def _fill_formulas(self, sheet: Sheet) -> None:
        """Put the stored results in the place of formulas, by a second reading."""
        waiting: dict[int, list[tuple[int, Row]]] = {}
        for number, column, row in self.formulas:
            waiting.setdefault(number, []).append((column, row))
        for number, cells in enumerate(self._rows(results=True), start=1):
            for column, row in waiting.pop(number, ()):
                before = len(sheet.faults)
                text = self._text(cells[column], number, column, sheet) if column < len(cells) else ""
                if not text and len(sheet.faults) == before:
                    message = "the formula has no stored result"
                    allowed = "a value, or open and save the file in a spreadsheet program"
                    sheet.faults.append(self._fault(number, column, message, allowed))
                row.cells[column] = text or ""
            if not waiting:
                break

    def _text(  # noqa: PLR0911 - one return for each kind of cell
        self, cell: Any, number: int, column: int, sheet: Sheet
    ) -> str | None:
        """Return a cell as text; None for a formula. What cannot be meant is a fault and reads as empty."""
        match cell.value:
            case None:
                return ""
            case str() as text if cell.data_type == "f":
                return None
            case str() as text if cell.data_type == "e":
                sheet.faults.append(
                    self._fault(number, column, f"the cell holds the error {text}", "a value")
                )
                return ""
            case str() as text:
                return text.strip()
            case bool() as flag:
                return "TRUE" if flag else "FALSE"
            case int() | float() as figure:
                return _number(figure, cell.number_format)
            case date() | time() | timedelta() as moment:
                message = f"the cell is a date or a time ({moment}); the spreadsheet may have made it one"
                sheet.faults.append(self._fault(number, column, message, "a cell in text or number format"))
                return ""
        return None  # array and table formulas

    def _place(self, number: int, column: int | None, _name: str) -> str:
        """Return ``sheet points, cell F12``."""
        if column is None:
            return f"sheet {self.title}, row {number}"
        return f"sheet {self.title}, cell {get_column_letter(column + 1)}{number}"

    def _fault(self, number: int, column: int, message: str, allowed: str) -> Fault:
        return Fault(file=self.file, where=self._place(number, column, ""), message=message, allowed=allowed)


def _number(value: float, style: str) -> str:
    """Return a number as text; 0.25 in a cell that shows 25% is ``25.0 %``."""
    if "%" in style:
        return f"{float(f'{value * 100:.12g}')!r} %"
    return repr(int(value)) if isinstance(value, float) and value.is_integer() else repr(value)
