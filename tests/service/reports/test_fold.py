"""What holds for any lines: counts add up, how they are cut changes nothing, and memory is bounded by what is open."""

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerting.lifecycle import TRANSITIONS, Trigger, advance
from service.reports.fold import AlarmFold
from service.reports.lines import Line
from service.reports.measures import panel_of
from service.reports.report import By
from service.reports.rules import packaged_rules
from tests.service.reports.cases import DAY_S, acknowledged, lines, period, raw, report

RULES = packaged_rules()


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Lines of alerts that move as the lifecycle's table lets them."""
    rows: list[dict[str, Any]] = []
    for k in range(draw(st.integers(0, 8))):
        state, t_s = None, float(draw(st.integers(-DAY_S, DAY_S)))
        name = draw(st.sampled_from("xyz"))
        more = {"id_": f"{k}", "sensor": f"e/{name}", "source": f"S-{name}"}
        told = draw(st.booleans())
        for _ in range(draw(st.integers(0, 12))):
            triggers = sorted(trigger for before, trigger in TRANSITIONS if before == state)
            if not triggers:
                break
            step = advance(state, Trigger(draw(st.sampled_from(triggers))))
            state = step.state
            for event in step.events:
                if event == "acknowledged":
                    rows.append(acknowledged(t_s, draw(st.sampled_from(["li", "wang"])), state, **more))
                else:
                    why: dict[str, Any] = {} if told else {"told": [], "held": [{"receiver": None}]}
                    rows.append(raw(t_s, event, state, **more, **why))
            t_s += draw(st.sampled_from([0, 1, 30, 600, 90_000]))
    return sorted(rows, key=lambda row: str(row["time"]))


@given(histories())
def test_counts_add_up(rows: list[dict[str, Any]]) -> None:
    found = report(rows, by=[By.SOURCE, By.ENTERPRISE, By.OPERATOR])
    panel = found.panel
    total = panel.measure("annunciated").value
    activations = sum(found.lines.get(event, 0) for event in ("opened", "reopened"))
    assert total is not None
    assert total + sum(panel.held.values()) == activations
    assert (
        sum(panel.by_minute.values()) == sum(panel.by_day) == sum(p.count for p in panel.priorities) == total
    )
    for slices in found.slices.values():
        assert sum(one.panel.measure("annunciated").value or 0 for one in slices) == total
        assert sum(
            sum(p.acknowledged for p in one.panel.people.values()) for one in slices
        ) == found.lines.get("acknowledged", 0)
    assert sum(actor.times for actor in panel.top) == total  # there are no more than ten alarms here
    for one in panel.acknowledged:
        assert one.answered <= one.asked
    for measure in panel.measures:
        if measure.unit == "%" and measure.value is not None:
            assert 0 <= measure.value <= 100


@given(histories(), st.data())
def test_how_the_lines_are_cut_changes_nothing(rows: list[dict[str, Any]], data: st.DataObject) -> None:
    read = lines(rows)
    cut = data.draw(st.integers(0, len(read)))
    whole, parts = fold([read]), fold([read[:cut], read[cut:]])
    assert panel_of(whole, period(), RULES) == panel_of(parts, period(), RULES)


@given(histories())
def test_two_halves_of_a_day_have_the_alarms_of_the_day(rows: list[dict[str, Any]]) -> None:
    def total(start_s: float, end_s: float) -> float:
        return report(rows, period(end_s, start_s)).panel.measure("annunciated").value or 0

    assert total(0, DAY_S) == total(0, DAY_S / 2) + total(DAY_S / 2, DAY_S)


def fold(parts: Sequence[Sequence[Line]]) -> Any:
    folding = AlarmFold(period(), RULES, {})
    for part in parts:
        folding.take_all(part)
    return folding.counted().whole


def kept(alerts: int) -> int:
    """Return how many things a fold holds after so many alerts of one sensor, each acknowledged and closed within a minute."""
    folding = AlarmFold(period(alerts * 60.0), RULES, {})
    rows = []
    for k in range(alerts):
        rows += [raw(k, "opened", id_=f"{k}"), acknowledged(k + 0.2, "li", id_=f"{k}")]
        rows += [raw(k + 0.3, "cleared", "closed", id_=f"{k}"), raw(k + 0.3, "closed", "closed", id_=f"{k}")]
    folding.take_all(lines(rows))
    whole = folding._whole
    return (
        len(folding._open)
        + len(whole.alarms)
        + len(whole.chattering)
        + len(whole.stale)
        + sum(len(spans._counts) for spans in whole.to_acknowledge.values())
    )


def test_what_is_kept_does_not_grow_with_the_lines() -> None:
    assert kept(50) == kept(500)


def test_a_confirmation_after_the_close_leaves_nothing_open() -> None:
    folding = AlarmFold(period(), RULES, {})
    rows = [raw(k, "confirmed", "closed", id_=f"{k}", confirmed={"by": "li", "cause": "x"}) for k in range(9)]
    folding.take_all(lines(rows))
    assert folding._open == {}
    assert folding.counted().unopened == 0
