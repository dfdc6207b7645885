"""Tables as plants keep them, CSV in any of their encodings or XLSX, as rows of text cells that know their place."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from registry.faults import Fault
from registry.files import read_bounded

MAX_FILE_BYTES = 256 * 1024 * 1024
MAX_CELL_CHARS = 1_000_000

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0"
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number in the file (a line, or a sheet's row) and its cells, stripped of spaces."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a table that are not empty, header first; what could not be read stands in `faults`."""

    file: str
    rows: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    place: Callable[[int, int | None, str], str] = lambda number, column, name: ""  # noqa: ARG005 - no rows, no places


def read_sheet(path: Path) -> Sheet:
    """Read a CSV or XLSX file, told apart by its content; never raises for what is in it or for its absence."""
    content = read_bounded(path, MAX_FILE_BYTES)
    if isinstance(content, Fault):
        return Sheet(str(path), faults=[content])
    return parse_sheet(content, str(path))


def parse_sheet(content: bytes, file: str) -> Sheet:
    """Read the content of a CSV or XLSX file; `file` is how faults name it."""
    if content.startswith(_OLE):
        return unreadable(file, "this is an old or protected Excel file", "save it as .xlsx or .csv")
    if content.startswith(_ZIP):
        from registry.xlsx import read_xlsx  # noqa: PLC0415 - openpyxl takes half a second that CSV does not pay

        return read_xlsx(content, file)
    if file.lower().endswith((".xlsx", ".xlsm")):
        return unreadable(file, "this is not an XLSX file or it is damaged", "save it again as .xlsx or .csv")
    return _read_csv(content, file)


def unreadable(file: str, message: str, allowed: str = "") -> Sheet:
    """Return a sheet without rows and the one reason why."""
    return Sheet(file, faults=[Fault(file=file, where="", message=message, allowed=allowed)])


def _csv_place(number: int, column: int | None, name: str) -> str:
    """Return ``line 12, column hh``."""
    if column is None:
        return f"line {number}"
    return f"line {number}, column {name or column + 1}"


def decode_text(content: bytes) -> str | None:
    """Return the text of a file in UTF-8, UTF-16 with its mark, or GB 18030; None where it is none of them."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif b"\x00" in content:
        return None
    else:
        encodings = ["utf-8-sig", "gb18030"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def _read_csv(content: bytes, file: str) -> Sheet:
    text = decode_text(content)
    if text is None:
        return unreadable(file, "this is not a text file", "CSV in UTF-8 or GB 18030, or XLSX")
    sheet = Sheet(file, place=_csv_place)
    header = next((line for line in io.StringIO(text) if line.strip()), "")
    delimiter = max(_DELIMITERS, key=header.count)
    csv.field_size_limit(MAX_CELL_CHARS)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    number = 1
    try:
        for cells in reader:
            if any(stripped := [cell.strip() for cell in cells]):
                sheet.rows.append(Row(number, stripped))
            number = reader.line_num + 1
    except csv.Error as exc:
        sheet.faults.append(Fault(file=file, where=f"line {number}", message=f"not valid CSV: {exc}"))
    return sheet
