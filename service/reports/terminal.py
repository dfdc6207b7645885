"""A report at a terminal."""

from rich.box import SIMPLE
from rich.table import Table as RichTable
from rich.text import Text as RichText

from registry.plant import Text
from service.reports.cells import Cell, Table, has_figures
from service.reports.document import Document
from service.reports.rendering import NOTHING_THERE
from service.reports.rules import Verdict
from service.reports.words import moment
from service.terminal import terminal

_STYLES = {Verdict.ACCEPTABLE: "green", Verdict.MANAGEABLE: "yellow", Verdict.OVERLOADED: "bold red"}


def print_document(document: Document, language: str) -> None:
    """Print a report in ``zh``, ``en`` or ``both``; its warnings are told elsewhere."""
    console = terminal()
    period = document.period
    span = f"{moment(period.start_ns, period).en} … {moment(period.end_ns, period).en} {period.zone}"
    console.print(f"{_told(document.kind.heading, language)}: {span}", highlight=False)
    for table in document.tables:
        if table.rows:
            console.print(_rich(table, language))
        else:
            none = f"{_told(table.title, language)}: {_told(NOTHING_THERE, language)}"
            console.print(none, highlight=False)
    for note in document.notes:
        console.print(f"· {_told(note, language, chr(10) + '  ')}", highlight=False)


def _rich(table: Table, language: str) -> RichTable:
    shown = RichTable(
        title=RichText(_told(table.title, language)),
        title_justify="left",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for k, head in enumerate(table.head):
        shown.add_column(
            _told(head, language, "\n"), justify="right" if has_figures(table, k) else "left", overflow="fold"
        )
    for row in table.rows:
        shown.add_row(*(_cell(cell, language) for cell in row))
    return shown


def _cell(cell: Cell, language: str) -> RichText:
    return RichText(_told(cell.text, language, "\n"), style=_STYLES[cell.verdict] if cell.verdict else "")


def _told(text: Text, language: str, between: str = " / ") -> str:
    if language == "both" and text.zh != text.en:
        return f"{text.zh}{between}{text.en}"
    return text.en if language == "en" else text.zh
