"""The files that tables come in: encodings, delimiters, spreadsheets and their traps, damage."""

from datetime import date, datetime
from pathlib import Path

import pytest

from registry import sheets
from registry.sheets import decode_text, parse_sheet, read_sheet
from tests.registry.tables import load, words, xlsx

TEXT = "sensor,type,description\nLT-101,level,液氨储罐液位\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_are_found(encoding: str) -> None:
    (spec,), faults = load(TEXT.encode(encoding))
    assert faults == []
    assert (spec.sensor, spec.description) == ("LT-101", "液氨储罐液位")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_delimiters_and_line_ends(delimiter: str, ending: str) -> None:
    (spec,), faults = load(TEXT.replace(",", delimiter).replace("\n", ending))
    assert faults == []
    assert spec.description == "液氨储罐液位"


def test_quotes_and_lines_inside_cells_keep_the_line_numbers() -> None:
    text = 'sensor,type,description\nA,level,"one, ""two""\nthree"\n\nB,levle,x\n'
    specs, faults = load(text)
    assert specs[0].description == 'one, "two" three'
    assert [fault.where for fault in faults] == ["line 5, column type"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the table is empty"),
        (b"\n \n\n", "the table is empty"),
        (b"\xef\xbb\xbf", "the table is empty"),
        (b"sensor,type\n", "line 1: the table has a header and no sensors"),
        (bytes(range(256)) * 4, "this is not a text file"),
        (b"\xff\xfe\x00", "this is not a text file"),
        (b"\x81\xff\x81\xff", "this is not a text file"),
        (b"\xd0\xcf\x11\xe0abc", "this is an old or protected Excel file"),
        (b"PK\x03\x04nonsense", "this is not an XLSX file or it is damaged"),
    ],
)
def test_what_is_no_table(content: bytes, message: str) -> None:
    specs, faults = load(content)
    assert specs == []
    assert any(message in line for line in words(faults)), words(faults)


def test_a_cell_of_100_000_characters_is_quoted_short() -> None:
    _, faults = load(f"sensor,type,description\nA,level,{'x' * 100_000}\n{'y' * 100_000},level,\n")
    assert [fault.where for fault in faults] == ["line 2, column description", "line 3, column sensor"]
    assert all(len(str(fault)) < 300 for fault in faults)


def test_a_cell_beyond_all_bounds_is_a_fault() -> None:
    _, faults = load(f"sensor,type\n{'x' * (sheets.MAX_CELL_CHARS + 1)},level\n")
    assert "not valid CSV" in words(faults)[0]


def test_files_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "does not exist" in str(read_sheet(tmp_path / "no.csv").faults[0])
    assert "cannot be read" in str(read_sheet(tmp_path).faults[0])
    small = tmp_path / "a.csv"
    small.write_text(TEXT, encoding="utf-8")
    assert len(read_sheet(small).rows) == 2
    monkeypatch.setattr(sheets, "MAX_FILE_BYTES", 10)
    assert "at most 10 bytes" in str(read_sheet(small).faults[0])


def test_gb18030_is_not_tried_before_utf_8() -> None:
    assert decode_text("温度".encode()) == "温度"
    assert decode_text("温度".encode("gb18030")) == "温度"


# --- xlsx ---

HEADER = ["sensor", "type", "unit", "h", "hh", "description"]


def test_a_workbook_is_read_like_the_same_csv() -> None:
    book = xlsx([HEADER, ["LT-101", "level", "m", 1.5, "200 cm", "液位"], [102, "level", "m", 2, 3.0, None]])
    specs, faults = load(book, file="points.xlsx")
    assert faults == []
    assert [(s.sensor, s.h, s.hh, s.description) for s in specs] == [
        ("LT-101", 1.5, 2, "液位"),
        ("102", 2, 3, ""),
    ]


def test_a_fault_names_sheet_and_cell() -> None:
    book = xlsx([HEADER, ["LT-101", "level", "m", "high", 2, None]], title="表")
    _, faults = load(book, file="points.xlsx")
    assert words(faults)[0].startswith("points.xlsx: sheet 表, cell D2: h 'high' is not a number")


def test_empty_rows_keep_the_row_numbers() -> None:
    book = xlsx([[], HEADER, [], [], ["LT-101", "level", "kg"]])
    _, faults = load(book)
    assert [fault.where for fault in faults] == ["sheet Sheet1, cell C5"]


def test_dates_are_told_and_not_taken_for_numbers() -> None:
    book = xlsx([HEADER, [date(2024, 1, 2), "level", "m", datetime(2024, 3, 4), 2]])  # noqa: DTZ001 - a cell has no zone
    _, faults = load(book)
    assert [fault.where.removeprefix("sheet Sheet1, ") for fault in faults] == [
        "cell A2",
        "cell D2",
        "cell A2",
    ]
    assert "is a date or a time" in faults[0].message


def test_a_formula_without_a_stored_result_is_a_fault() -> None:
    book = xlsx([HEADER, ["LT-101", "level", "m", "=1+1", "=HH()", None]])
    _, faults = load(book)
    assert [fault.where for fault in faults] == ["sheet Sheet1, cell D2", "sheet Sheet1, cell E2"]
    assert "no stored result" in faults[0].message


def test_a_stored_result_is_used(tmp_path: Path) -> None:
    import zipfile  # noqa: PLC0415 - only this test takes a workbook apart

    plain = tmp_path / "a.xlsx"
    plain.write_bytes(xlsx([HEADER, ["LT-101", "level", "m", "=1+1", None, None]]))
    stored = tmp_path / "b.xlsx"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(stored, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                assert b"<f>1+1</f><v" in content
                content = content.replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>2</v>")
                content = content.replace(b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>")
            target.writestr(name, content)
    (spec,), faults = load(stored.read_bytes())
    assert faults == []
    assert spec.h == 2


def test_percent_cells_and_booleans_and_errors() -> None:
    book = xlsx(
        [HEADER, ["LT-101", "level", "%", 0.8, 0.9, None], ["B", "level", "m", True, "#N/A", None]],
        formats={"D2": "0%", "E2": "0.00%"},
    )
    (spec,), faults = load(book)
    assert (spec.h, spec.hh) == (80, 90)
    assert [fault.where.removeprefix("sheet Sheet1, ") for fault in faults] == ["cell E3", "cell D3"]


def test_the_sheet_called_points_is_taken() -> None:
    import io  # noqa: PLC0415 - only this test builds its own book

    import openpyxl  # noqa: PLC0415 - as above

    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["notes"])
    page = book.create_sheet("Points")
    page.append(["sensor", "type"])
    page.append(["A", "level"])
    out = io.BytesIO()
    book.save(out)
    specs, faults = load(out.getvalue())
    assert faults == []
    assert len(specs) == 1


def test_damaged_workbooks() -> None:
    whole = xlsx([HEADER, ["LT-101", "level", "m", 1, 2, None]])
    for cut in (4, 30, len(whole) // 2, len(whole) - 30):
        specs, faults = load(whole[:cut])
        assert specs == []
        assert "damaged" in words(faults)[0]
    middle = len(whole) // 3
    load(whole[:middle] + bytes(200) + whole[middle + 200 :])
    assert "not an XLSX" in str(parse_sheet(b"sensor,type\n", "points.xlsx").faults[0])
