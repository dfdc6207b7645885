"""The lifecycle's table, and the page that shows it."""

from itertools import product
from pathlib import Path

import pytest

from alerting.events import Event, Grade, Kind, State
from alerting.grades_file import default_grades
from alerting.grading import URGENCIES
from alerting.lifecycle import TRANSITIONS, IllegalTransition, Trigger, advance, mermaid
from alerting.methods import ABOUT
from registry.plant import SourceGrade

PAGE = Path(__file__).parents[2] / "docs" / "alerts.md"


@pytest.mark.parametrize(("state", "trigger"), list(product([None, *State], Trigger)))
def test_every_move_is_in_the_table_or_illegal(state: State | None, trigger: Trigger) -> None:
    if (state, trigger) in TRANSITIONS:
        assert advance(state, trigger) is TRANSITIONS[state, trigger]
    else:
        with pytest.raises(IllegalTransition, match=f"{trigger} is not possible in state {state or 'none'}"):
            advance(state, trigger)


def test_nothing_leaves_closed_and_everything_can_get_there() -> None:
    assert not any(state is State.CLOSED for state, _ in TRANSITIONS)
    reaching = {State.CLOSED}
    for _ in State:
        reaching |= {state for (state, _), step in TRANSITIONS.items() if state and step.state in reaching}
    assert reaching == set(State)


def test_only_a_closing_move_tells_of_a_closing_and_each_does() -> None:
    for step in TRANSITIONS.values():
        assert (step.events[-1] is Event.CLOSED) == (step.state is State.CLOSED)


@pytest.mark.skipif(not PAGE.exists(), reason="the pages are not part of an installed package")
def test_the_page_shows_the_table_as_it_is() -> None:
    assert f"```mermaid\n{mermaid()}\n```" in PAGE.read_text("utf-8")


@pytest.mark.skipif(not PAGE.exists(), reason="the pages are not part of an installed package")
def test_the_page_names_every_kind_and_every_method_of_an_anomaly() -> None:
    page = PAGE.read_text("utf-8")
    assert all(f"`{kind}`" in page for kind in Kind)
    anomalies = [method.label for method, about in ABOUT.items() if about.kind is Kind.ANOMALY]
    assert f"| `anomaly` | {', '.join(anomalies)} |" in page, (
        "in the order in which they go before each other"
    )


@pytest.mark.skipif(not PAGE.exists(), reason="the pages are not part of an installed package")
def test_the_page_shows_the_grades_as_they_are() -> None:
    cells = default_grades().cells
    page = PAGE.read_text("utf-8")
    for urgency in URGENCIES:
        row = " | ".join(Grade(cells[urgency, column]).label for column in SourceGrade)
        assert f"| {urgency} | {row} |" in page
