"""A document as PDF, A4: its font lies in it, so that it looks the same everywhere; tables go over pages, pictures are vectors."""

import re
import unicodedata
from collections.abc import Container
from datetime import UTC, datetime
from importlib.resources import files

from fpdf import FPDF, FontFace
from fpdf.enums import Align, TableBordersLayout, WrapMode, XPos, YPos
from fpdf.fonts import TTFFont

from registry.plant import Text
from service.reports.cells import Table, has_figures
from service.reports.document import Document
from service.reports.drawing import draw
from service.reports.plot import HEIGHT, WIDTH
from service.reports.rendering import NOTHING_THERE, bounded, told
from service.reports.rules import Verdict

_FONT = "NotoSansSC"
_MARGIN_MM, _FOOT_MM = 12.0, 12.0
_TITLE_PT, _HEADING_PT, _TEXT_PT, _SMALL_PT = 15.0, 9.5, 8.0, 7.0
_MANY_COLUMNS = 8
_PICTURE_MM, _LEAST_PICTURE_MM, _UNDER_MM = 150.0, 75.0, 10.0
_INK, _QUIET, _LINE, _SHADE = (27, 34, 40), (87, 96, 106), (179, 185, 190), (230, 233, 235)
_INKS = {
    Verdict.ACCEPTABLE: (29, 107, 63),
    Verdict.MANAGEABLE: (138, 90, 0),
    Verdict.OVERLOADED: (179, 38, 30),
}
_INSTEAD = {"✗": "×", "\u00a0": " ", "\t": " ", "\n": " "}
_UNKNOWN = "□"
_BREAKS = re.compile(r"\s+")


def pdf_of(document: Document, language: str) -> bytes:
    """Return the PDF in a language; the same document gives the same bytes."""
    pdf = _Sheet(document, language)
    pdf.add_page()
    pdf.head()
    for table in document.tables:
        pdf.table_of(table)
    for _, svg in document.plots:
        pdf.picture(svg)
    pdf.remarks()
    return bytes(pdf.output())


class _Sheet(FPDF):
    """The pages of one document."""

    def __init__(self, document: Document, language: str) -> None:
        super().__init__(format="A4", unit="mm")
        self._document, self._language = document, language
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(auto=True, margin=_MARGIN_MM + _FOOT_MM / 2)
        self.add_font(_FONT, fname=str(files("pylopdf_fonts_zh_cn").joinpath("NotoSansSC-Regular.otf")))
        self.set_font(_FONT)
        assert isinstance(self.current_font, TTFFont), "a font from a file"
        self._known: Container[int] = self.current_font.cmap.keys()
        self.set_title(self._say(document.kind.heading))
        self.set_creator("hazwatch")
        self.set_lang("en" if language == "en" else "zh-CN")
        self.set_creation_date(datetime.fromtimestamp(document.period.end_ns // 1_000_000_000, UTC))
        self.set_text_color(*_INK)
        self.set_draw_color(*_LINE)

    def footer(self) -> None:
        """Say on each page of what it is and which page it is."""
        self.set_y(-_FOOT_MM)
        self._ink(_SMALL_PT, _QUIET)
        half = self.epw / 2
        heading = self._say(self._document.kind.heading)
        self.cell(half, 4, f"hazwatch · {heading}")
        self.cell(half, 4, f"{self.page_no()} / {{nb}}", align="R")

    def head(self) -> None:
        """Write the title, and the lines that say of what it is."""
        self._ink(_TITLE_PT, _INK)
        self._line(self._say(self._document.kind.heading), 8)
        self._ink(_TEXT_PT, _INK)
        words = [
            part
            for name, text in self._document.head
            for part in (_capital(self._say(name)), self._say(text))
        ]
        with self.table(
            borders_layout=TableBordersLayout.NONE,
            col_widths=(24, 69, 24, 69),
            line_height=4.2,
            text_align="LEFT",
            first_row_as_headings=False,
            wrapmode=WrapMode.CHAR,
        ) as shown:
            for first in range(0, len(words), 4):
                line = shown.row()
                for column, text in enumerate(words[first : first + 4]):
                    line.cell(text, style=FontFace(color=_INK if column % 2 else _QUIET))
        for warning in self._document.warnings:
            self._ink(_TEXT_PT, _INKS[Verdict.MANAGEABLE])
            self._line(f"! {self._say(warning)}", 4.2)
        self.ln(1)

    def table_of(self, table: Table) -> None:
        """Write a table; of one without rows a line that says so."""
        if not table.rows:
            self._ink(_TEXT_PT, _INK)
            self._line(f"{_capital(self._say(table.title))}: {self._say(NOTHING_THERE)}", 4.6)
            return
        size = _SMALL_PT - 1 if len(table.head) > _MANY_COLUMNS else _SMALL_PT
        if self.will_page_break(18):
            self.add_page()
        self._ink(_HEADING_PT, _INK)
        self._line(_capital(self._say(table.title)), 5.2)
        self._ink(size, _INK)
        rows = [[self._say(cell.text) for cell in row] for row in table.rows]
        heads = [_capital(self._say(head)) for head in table.head]
        aligned = [Align.R if has_figures(table, k) else Align.L for k in range(len(heads))]
        self.set_draw_color(*_LINE)
        self.set_line_width(0.15)
        with self.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            col_widths=tuple(self._widths([heads, *rows])),
            line_height=size * 0.45,
            padding=(0.35, 1),
            text_align=aligned,
            headings_style=FontFace(color=_INK, fill_color=_SHADE),
            wrapmode=WrapMode.WORD if self._language == "en" else WrapMode.CHAR,
            first_row_as_headings=True,
        ) as shown:
            shown.row(heads)
            for cells, words in zip(table.rows, rows, strict=True):
                line = shown.row()
                for cell, text in zip(cells, words, strict=True):
                    face = None if cell.verdict is None else FontFace(color=_INKS[cell.verdict])
                    line.cell(text, style=face)
        self.ln(1)

    def picture(self, svg: str) -> None:
        """Draw a picture, smaller where it then fits on the page."""
        width = min(_PICTURE_MM, (self.page_break_trigger - self.get_y() - _UNDER_MM) * WIDTH / HEIGHT)
        if width < _LEAST_PICTURE_MM:
            self.add_page()
            width = _PICTURE_MM
        height = draw(self, svg, x=self.l_margin, y=self.get_y(), width=width, language=self._language)
        self.set_y(self.get_y() + height + 2)

    def remarks(self) -> None:
        """Write what must be known of the figures."""
        self._ink(_SMALL_PT, _QUIET)
        for note in self._document.notes:
            self._line(f"· {self._say(note)}", 3.8)

    def _say(self, text: Text) -> str:
        return printable(told(text, self._language), self._known)

    def _ink(self, size_pt: float, colour: tuple[int, int, int]) -> None:
        self.set_font(_FONT, size=size_pt)
        self.set_text_color(*colour)

    def _line(self, text: str, height_mm: float) -> None:
        self.multi_cell(0, height_mm, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _widths(self, rows: list[list[str]]) -> list[float]:
        """Share the page's width among the columns: each has what its longest words need, as far as there is room."""
        wanted = [
            max(self.get_string_width(row[column]) for row in rows) + 2.5 for column in range(len(rows[0]))
        ]
        fair = self.epw / len(wanted)
        spare = self.epw - sum(min(width, fair) for width in wanted)
        hungry = sum(max(0.0, width - fair) for width in wanted)
        if hungry <= spare:
            return [width * self.epw / sum(wanted) for width in wanted]
        return [min(width, fair) + max(0.0, width - fair) * spare / hungry for width in wanted]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def printable(text: str, known: Container[int]) -> str:
    """Return a text in the characters (code points) that a font has; another one is a box, and one without a shape left out."""
    shown = []
    for char in text:
        one = _INSTEAD.get(char, char)
        if ord(one) in known:
            shown.append(one)
        elif unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Mn"}:
            shown.append(_UNKNOWN)
    return bounded(_BREAKS.sub(" ", "".join(shown)))
