"""Tables of a report as bilingual cells: a terminal, a page, a spreadsheet and a printed sheet show the same ones."""

from dataclasses import dataclass

from alerting.events import Grade
from registry.plant import Text
from service.reports.measures import GRADE_WORDS, Measure
from service.reports.rules import Verdict
from service.reports.words import figure, number

LISTED = 20
"""Rows of a list that are shown; how many there are is told in its title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in one place of a table; `verdict` marks it, `value` with its `unit` is the figure behind it where it is one."""

    text: Text
    verdict: Verdict | None = None
    value: float | None = None
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table: the first column names the row. `name` is for links and files."""

    name: str
    title: Text
    head: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]


def row(*given: Cell | Text | str | int) -> tuple[Cell, ...]:
    """Return cells of texts, of words that are the same in both languages, and of counts."""
    return tuple(_cell(one) for one in given)


def _cell(one: Cell | Text | str | int) -> Cell:
    match one:
        case Cell():
            return one
        case int():
            return Cell(text=Text.same(str(one)), value=one)
        case str():
            return Cell(text=Text.same(one))
    return Cell(text=one)


def quantity(value: float | None, unit: str) -> Cell:
    """Return a figure with its unit."""
    return Cell(text=figure(value, unit), value=value, unit=unit)


GRADE_SIGNS = {Grade.RED: "■", Grade.ORANGE: "▲", Grade.YELLOW: "▼", Grade.BLUE: "●"}
"""A grade's shape, so that it is told apart without colour; the console draws the same ones."""


def graded(grade: Grade) -> Text:
    """Return a grade with its shape."""
    sign, word = GRADE_SIGNS[grade], GRADE_WORDS[grade]
    return Text(f"{sign} {word.zh}", f"{sign} {word.en}")


def measured(measure: Measure) -> Cell:
    """Return a measure's figure."""
    return quantity(measure.value, measure.unit)


def has_figures(table: Table, column: int) -> bool:
    """Return whether a column has figures, which stand to the right."""
    return any(row[column].value is not None for row in table.rows)


def counted(title: Text, count: int, listed: int = LISTED) -> Text:
    """Return a title with how many rows there are, and how many of them are shown."""
    shown = f"（{count}，列出 {listed}）" if count > listed else f"（{count}）"
    shown_en = f" ({count}, {listed} shown)" if count > listed else f" ({number(count)})"
    return Text(f"{title.zh}{shown}", f"{title.en}{shown_en}")
