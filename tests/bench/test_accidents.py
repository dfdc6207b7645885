"""What is read out of the alert lines of an accident, and that a replay of it says the same twice."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bench.accident_pages import page
from bench.accidents import GRADES, ROOT, Told, answer, cases, local, own_sensors
from service.main import build
from sim.accidents.catalogue import ACCIDENTS, accident
from sim.accidents.loader import accident_of
from sim.accidents.model import Basis, Tank
from sim.accidents.readings import readings
from sim.accidents.settings import settings_of
from sim.accidents.variation import AS_IT_WAS, varied
from sim.scenarios import DEMO_START_NS
from sim.writing import write_readings
from tests.sim.accidents.small import SMALL

WHOLE = accident_of(SMALL, "small.yaml")
WAS = varied(WHOLE, AS_IT_WAS)


def told(
    t_s: float, event: str, grade: str, *, sensor: str = "LT-1", method: str = "stuck", key: str = "a"
) -> Told:
    reasons = [{"method": method, "text": {"zh": "因", "en": f"because of {method}"}}]
    line: dict[str, Any] = {
        "id": key, "event": event, "grade": grade, "kind": "high", "sensor": f"works/{sensor}", "value": 3.0, "unit": "m",
        "why": {"reasons": reasons if event != "cleared" else []},
    }  # fmt: skip
    return Told(t_s=t_s, line=line)


def test_the_first_warning_of_a_grade_is_the_first_of_it_or_a_graver_one_within_the_event() -> None:
    lines = [
        told(7190, "opened", "red", key="early"),
        told(7195, "cleared", "red", key="early"),
        told(7800, "opened", "yellow"),
        told(9000, "escalated", "red", method="limit"),
        told(12_601, "escalated", "red", key="late"),
    ]
    first = answer(WAS, lines, 1)["first"]
    assert {grade: w["minutes"] for grade, w in first.items()} == {
        "blue": 80.0,
        "yellow": 80.0,
        "orange": 60.0,
        "red": 60.0,
    }
    assert (first["blue"]["grade"], first["blue"]["because"]) == ("yellow", "because of stuck")
    assert first["orange"]["methods"] == ["limit"]


def test_what_stood_before_is_standing_and_no_warning_and_neither_is_a_fall_or_an_end() -> None:
    lines = [
        told(100, "opened", "yellow", key="old"),
        told(200, "opened", "blue", key="over"),
        told(300, "cleared", "blue", key="over"),
        told(8000, "deescalated", "blue", key="old"),
        told(8100, "cleared", "blue", key="old"),
    ]
    found = answer(WAS, lines, 1)
    assert found["standing"] == ["LT-1 high (yellow)"]
    assert set(found["first"].values()) == {None}
    assert found["before"] == {"alerts": 2, "sensor_days": 0.2, "what": ["LT-1 stuck"]}


def test_what_is_told_after_people_acted_does_not_count() -> None:
    acted = replace(WAS, events=(replace(WAS.main, acted_s=8000.0),))
    lines = [told(7900, "opened", "blue"), told(8100, "escalated", "red")]
    assert [w and w["minutes"] for w in answer(acted, lines, 1)["first"].values()] == [78.3, None, None, None]


def test_other_equipment_does_not_count() -> None:
    assert [sensor.id for sensor in own_sensors(WAS)] == ["LT-1", "TT-1"]
    assert answer(WAS, [told(8000, "opened", "red", sensor="LT-9")], 1)["first"]["blue"] is None


def test_set_limits_are_those_that_the_readings_crossed_and_not_those_of_the_truth() -> None:
    assert answer(WAS, [], 1)["set_limits"] is None
    seen = varied(WHOLE, next(case for case in cases(WHOLE) if case.name == "seen").variation)
    assert answer(seen, [], 1)["set_limits"] == {"minutes": 60.0, "limit": "LT-1 h"}


def test_the_plants_clock_and_the_page() -> None:
    assert local(WAS, 7200.0) == "01-01 08:00:00"
    results = {"buncefield-2005": {"as it was": answer(WAS, [told(7800, "opened", "yellow")], 1)}}
    text = page(results, {"buncefield-2005": []}, local)
    assert "| buncefield-2005 | 80.0 | 80.0 | - | - |" in text


def _counts(name: str) -> list[str]:
    """Return how many rows of the timeline, and how many knots, are found, recalled and assumed."""
    whole = accident(name)
    knots = [knot for sensor in whole.sensors for fault in sensor.faults for knot in fault.knots]
    for signal in whole.signals.values():
        knots += [signal.anchor] if isinstance(signal, Tank) else signal.knots
    origins = ([row.origin for row in whole.timeline], [knot.origin for knot in knots])
    return [", ".join(str(sum(o.basis is basis for o in of)) for basis in Basis) for of in origins]


def test_the_page_of_the_docs_has_the_minutes_of_the_results() -> None:
    results = json.loads((ROOT / "bench/results/2026-11-accidents.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs/accidents.md").read_text(encoding="utf-8")
    assert list(results) == list(ACCIDENTS)
    rows = [line for line in text.splitlines() if re.match(r"\| [A-Z][^|]* \d{4} \| [\d.-]+ \|", line)]
    assert len(rows) == len(ACCIDENTS)
    for row, of_cases in zip(rows, results.values(), strict=True):
        first = of_cases["as it was"]["first"]
        minutes = ["-" if first[grade] is None else f"{first[grade]['minutes']:.1f}" for grade in GRADES]
        assert row.split(" | ")[1:5] == minutes
    counted = [
        line.split(" | ")[1:] for line in text.splitlines() if re.match(r"\| [A-Z][^|]* \d{4} \| \d+, ", line)
    ]
    assert [[cell.removesuffix(" |") for cell in row] for row in counted] == [
        _counts(name) for name in ACCIDENTS
    ]
    for name in ACCIDENTS:
        assert f"img/accidents/{name}.svg" in text
        assert (ROOT / "docs/img/accidents" / f"{name}.svg").is_file()


@pytest.mark.timeout(300)  # where nothing is compiled yet, the first replay compiles every method
def test_a_replay_of_an_accident_says_the_same_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.commands.replay.use_compile_cache", lambda _: None)
    for file, text in settings_of(WAS).items():
        (tmp_path / file).write_text(text, encoding="utf-8")
    lines = []
    for run in ("first", "second"):
        write_readings(readings(WAS, 1, DEMO_START_NS, WAS.length_s), tmp_path / f"{run}.csv")
        arguments = ["replay", str(tmp_path / f"{run}.csv"), "--config", str(tmp_path / "hazwatch.yaml")]
        result = CliRunner().invoke(
            build("replay"), [*arguments, "--alerts", str(tmp_path / f"{run}.ndjson")]
        )
        assert result.exit_code == 0, result.output
        lines.append((tmp_path / f"{run}.ndjson").read_bytes())
    assert lines[0] == lines[1]
    assert b'"method":"stuck"' in lines[0]
