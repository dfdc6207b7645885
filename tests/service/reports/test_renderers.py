"""What is written is what was said: workbooks and PDFs are read back, in both languages, with hostile names."""

import csv
import io
import json
import re

import pytest
from openpyxl import load_workbook
from pypdf import PdfReader

from console.spreadsheet import harmless
from service.reports.document import Document, Kind
from service.reports.pdf import pdf_of, printable
from service.reports.rendering import document_csv, document_json
from service.reports.xlsx import xlsx_of
from tests.service.reports.cases import burst, raw
from tests.service.reports.documents import HOSTILE, document, rows, titled

HAN = re.compile(r"[\u4e00-\u9fff]+")
KINDS = pytest.mark.parametrize("kind", list(Kind))
LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def text_of(pdf: bytes) -> str:
    """The text of a PDF without spaces, and without the upper halves of glyph numbers that pypdf takes for characters."""
    return re.sub(r"[\s\0]", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def titles(of: Document, language: str) -> list[str]:
    return [getattr(table.title, language) for table in of.tables]


@KINDS
@LANGUAGES
def test_a_pdf_holds_every_table_in_its_language_with_the_font_in_it(kind: Kind, language: str) -> None:
    made = document(kind)
    pdf = pdf_of(made, language)
    text = text_of(pdf).casefold()
    for title in titles(made, language):
        assert re.sub(r"\s", "", title).casefold() in text
    fonts = [
        font.get_object()
        for page in PdfReader(io.BytesIO(pdf)).pages
        for font in page["/Resources"]["/Font"].get_object().values()  # type: ignore[index]
    ]
    assert fonts
    for font in fonts:
        inside = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert "/FontFile3" in inside, "a reader need not have the font"


def test_the_same_document_makes_the_same_pdf() -> None:
    made = document(Kind.HANDOVER)
    assert pdf_of(made, "zh") == pdf_of(made, "zh")


@LANGUAGES
def test_a_calm_shift_fits_on_one_page_and_a_busy_one_goes_over_several(language: str) -> None:
    calm = pdf_of(document(Kind.HANDOVER), language)
    assert len(PdfReader(io.BytesIO(calm)).pages) == 1
    busy = pdf_of(document(Kind.HANDOVER, [*rows(), *burst(range(1000, 1400))]), language)
    pages = PdfReader(io.BytesIO(busy)).pages
    assert len(pages) > 2
    assert f"{len(pages)}/{len(pages)}" in text_of(busy)


def test_what_a_font_cannot_show_is_a_box_and_what_has_no_shape_is_left_out() -> None:
    known = {ord(char) for char in "ab ×□[…]"}
    assert printable("a\u202eb\x00 ✗\n文", known) == "ab × □"
    assert printable("a" * 5000, known) == "a" * 600 + " […]"


@KINDS
@LANGUAGES
def test_a_workbook_holds_the_same_tables_and_no_formula(kind: Kind, language: str) -> None:
    made = document(kind)
    book = load_workbook(io.BytesIO(xlsx_of(made, language)))
    assert [sheet["A1"].value for sheet in book.worksheets[1:]] == titles(made, language)
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert all(cell.data_type != "f" for cell in cells)
    assert all(cell.quotePrefix for cell in cells if str(cell.value).startswith("="))
    if kind is Kind.HANDOVER:
        held = [str(cell.value) for cell in cells if str(cell.value).startswith("=HYPERLINK")]
        assert held == [HOSTILE.replace("\x00", "\ufffd")] * 3, "it stands there as it was typed"


def test_figures_of_a_workbook_are_numbers_with_their_unit() -> None:
    book = load_workbook(io.BytesIO(xlsx_of(document(Kind.DAILY), "en")))
    trends = {row[0].value: row[1] for row in book.worksheets[1].iter_rows(min_row=3)}
    assert trends["annunciated alarms"].value == 3
    share = trends["availability of sensors"]
    assert (f"{share.value:.5}", share.number_format) == ("90.104", 'General" %"')


def test_english_has_no_chinese_words_of_ours() -> None:
    for kind in Kind:
        made = document(kind)
        texts = [
            *(text for pair in made.head for text in pair),
            *made.warnings,
            *made.notes,
            *(head for table in made.tables for head in (table.title, *table.head)),
        ]
        spoken = " ".join(text.en for text in texts).replace("白班", "").replace("中班", "")
        assert HAN.findall(spoken) == []


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-x", "'-x"),
        ("@a", "'@a"),
        ("\t=1", "'\t=1"),
        ("\n=1", "'\n=1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20a", "'\uff20a"),
        ("a=1", "a=1"),
        ("−1", "−1"),
    ],
)
def test_a_text_that_looks_like_a_formula_is_made_harmless(text: str, safe: str) -> None:
    assert harmless(text) == safe


def test_csv_holds_the_tables_one_below_the_other() -> None:
    read = list(csv.reader(io.StringIO(document_csv(document(Kind.HANDOVER), "en"))))
    at = next(i for i, row in enumerate(read) if row and row[0].startswith("alerts shelved"))
    assert read[at + 2][2] == f"'{HOSTILE}"
    assert read[at + 2][6] == f"'{HOSTILE}"
    assert read[0] == ["Shift hand-over"]


def test_json_has_both_languages_and_the_figures() -> None:
    told = json.loads(document_json(document(Kind.DAILY)))
    trends = next(table for table in told["tables"] if table["name"] == "trends")
    assert trends["rows"][0] == [
        {"zh": "通告的报警", "en": "annunciated alarms"},
        {"zh": "3", "en": "3", "value": 3},
        {"zh": "0", "en": "0", "value": 0},
        {"zh": "+3", "en": "+3", "value": 3},
    ]
    assert {plot["name"] for plot in told["plots"]} >= {"alarms", "top", "priorities"}
    assert all("<script" not in plot["svg"] for plot in told["plots"])


def test_ten_thousand_characters_are_cut_on_a_page_and_kept_in_a_workbook() -> None:
    long = "长" * 10_000
    made = document(Kind.HANDOVER, [titled(raw(60, "opened"), long, long)])
    told = json.loads(document_json(made))
    (row,) = next(one for one in told["tables"] if one["name"] == "open_process")["rows"]
    assert row[1]["en"] == "长" * 600 + " […]"
    assert len(pdf_of(made, "zh")) > 0
    book = load_workbook(io.BytesIO(xlsx_of(made, "zh")))
    assert long in {cell.value for sheet in book.worksheets for row in sheet.iter_rows() for cell in row}
