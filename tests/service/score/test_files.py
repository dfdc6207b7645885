"""Truth and alert files: what is broken in them is told with file and line, all at once."""

import json
from pathlib import Path
from typing import Any

import pytest

from alerting.events import Grade
from registry.faults import InputError
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from service.score.alert_lines import read_alerts
from service.score.scoring import read
from service.score.truth_file import load_truth
from sim.scenarios import truth_of
from sim.truth import rfc3339
from sim.writing import write_truth
from tests.service.score.cases import alert_json, event_json, ns, truth_json


def _truth(folder: Path, *events: dict[str, Any], **changes: Any) -> Path:
    path = folder / "truth.json"
    path.write_text(json.dumps({**truth_json(*events), **changes}, indent=1), encoding="utf-8")
    return path


def _faults(path: Path, known: set[str] | None = None) -> list[str]:
    with pytest.raises(InputError) as error:
        load_truth(path, known)
    return [f"{fault.where}: {fault.message}" for fault in error.value.faults]


def test_the_truth_of_a_simulation_is_read(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    write_truth(truth_of("demo-site", 1, 0.5), path)
    truth = load_truth(path)
    assert (truth.scenario, truth.seed) == ("demo-site", 1)
    assert {event.kind for event in truth.events} == {
        *("stuck_gauge", "dead_transmitter", "small_release", "planned_filling")
    }
    first = truth.events[0]
    assert first.grade is Grade.RED
    assert first.first_limit_ns == min(crossing.t_ns for crossing in first.limits)


def test_an_event_is_read(tmp_path: Path) -> None:
    (event,) = load_truth(_truth(tmp_path, event_json(point_of_no_return=rfc3339(ns(1000))))).events
    assert (event.onset_ns, event.end_ns, event.first_limit_ns) == (ns(600), ns(1200), ns(900))
    assert (event.severity, event.sensors) == ("2", ("e/LT-1",))


BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"onset": "yesterday"}, "line 12, events[0].onset: 'onset' cannot be 'yesterday'"),
    ({"onset": "2025-11-24T16:10:00"}, "line 12, events[0].onset: 'onset' cannot be '2025-11-24T16:10:00'"),
    ({"fault": "yes"}, "line 11, events[0].fault: 'fault' cannot be 'yes'"),
    ({"grade": "pink"}, "line 14, events[0].grade: 'grade' cannot be 'pink'"),
    ({"sensors": []}, "line 15, events[0].sensors: 'sensors' cannot be '[]'"),
    ({"severity": 1.5}, "line 10, events[0].severity: 'severity' cannot be 1.5"),
    ({"end": rfc3339(ns(1))}, "line 13, events[0].end: the event ends before its onset"),
    ({"end": rfc3339(ns(9999))}, "line 13, events[0].end: 'end' lies outside the truth's own range"),
    (
        {"limits": [{"sensor": "e/LT-1", "limit_name": "x", "time": rfc3339(ns(900))}]},
        "line 21, events[0].limits[0].limit_name: 'limit_name' cannot be 'x'",
    ),
    (
        {"limits": [{"sensor": "e/LT-1", "limit_name": "h", "time": rfc3339(ns(1))}]},
        "line 22, events[0].limits[0].time: the limit is crossed before the event's onset",
    ),
]


@pytest.mark.parametrize(("changes", "told"), BROKEN)
def test_a_broken_field_is_told_with_its_line(tmp_path: Path, changes: dict[str, Any], told: str) -> None:
    assert _faults(_truth(tmp_path, event_json(**changes))) == [told]


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    event = event_json()
    del event["onset"]
    assert _faults(_truth(tmp_path, event)) == ["line 7, events[0]: the key 'onset' is missing"]


def test_all_faults_come_together(tmp_path: Path) -> None:
    path = _truth(
        tmp_path, event_json(kind=3), event_json(fault=None), event_json(id="x"), event_json(id="x")
    )
    assert [told.split(": ")[0] for told in _faults(path)] == [
        "line 9, events[0].kind",
        "line 30, events[1].fault",
        "line 65, events[3].id",
    ]


def test_no_json_is_told_with_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "truth.json"
    path.write_text('{"start": 1,\n "end" 2}', encoding="utf-8")
    assert _faults(path) == ["line 2, column 8: not valid JSON: Expecting ':' delimiter"]


@pytest.mark.parametrize("text", ["[]", "3", '{"events": {}}', "{}"])
def test_another_shape_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(text, encoding="utf-8")
    assert _faults(path)


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    assert _faults(tmp_path / "none.json") == [": there is no such file"]


def test_an_unknown_sensor_of_the_truth_is_told(tmp_path: Path) -> None:
    told = _faults(_truth(tmp_path, event_json(sensors=["e/LT-1", "e/LT-9"])), {"e/LT-1"})
    assert told == ["line 17, events[0].sensors[1]: the sensor 'e/LT-9' is not in the points table"]


def _alerts(folder: Path, *lines: str) -> Path:
    path = folder / "alerts.ndjson"
    path.write_text("".join(lines), encoding="utf-8")
    return path


def _line_faults(path: Path, known: set[str] | None = None) -> list[str]:
    with pytest.raises(InputError) as error:
        list(read_alerts(path, known))
    return [f"{fault.where}: {fault.message}" for fault in error.value.faults]


def test_alert_lines_are_read(tmp_path: Path) -> None:
    lines = list(read_alerts(_alerts(tmp_path, alert_json(1), "\n", alert_json(2, "cleared"))))
    assert [(line.number, line.t_ns, line.event) for line in lines] == [
        (1, ns(1), "opened"),
        (3, ns(2), "cleared"),
    ]


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("{\n", "not valid JSON"),
        ('{"id": "a"}\n', "not an alert line: Object missing required field `time`"),
        ("[1]\n", "not an alert line: Expected `object`, got `array`"),
        (alert_json(2, time="noon"), "'time' cannot be 'noon'"),
        (alert_json(2, "openned"), "'event' cannot be 'openned'; did you mean 'opened' or"),
        (alert_json(2, grade="pink"), "'grade' cannot be 'pink'"),
        (alert_json(2, kind="hihg"), "'kind' cannot be 'hihg'; did you mean 'high'?"),
        (alert_json(0), "'time' is before that of the line above"),
    ],
)
def test_a_broken_line_is_told_with_its_number(tmp_path: Path, broken: str, told: str) -> None:
    (fault,) = _line_faults(_alerts(tmp_path, alert_json(1), broken, alert_json(3, "cleared")))
    assert fault.startswith(f"line 2: {told}")


def test_many_broken_lines_are_told_in_part_and_counted(tmp_path: Path) -> None:
    faults = _line_faults(_alerts(tmp_path, *["{\n"] * 50))
    assert len(faults) == 21
    assert faults[-1] == ": 30 more broken lines"


def test_an_unknown_sensor_of_an_alert_is_told(tmp_path: Path) -> None:
    path = _alerts(
        tmp_path, alert_json(1), alert_json(2, sensor="e/LT-9"), alert_json(3, sensor=None, kind="system")
    )
    assert _line_faults(path, {"e/LT-1"}) == ["line 2: the sensor 'e/LT-9' is not in the points table"]


def test_alerts_of_another_time_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 1: .* lies outside the truth's range"):
        read(_alerts(tmp_path, alert_json(90_000)), _truth(tmp_path, event_json()), None)


def test_some_lines_outside_the_range_are_told_and_left_out(tmp_path: Path) -> None:
    lines = (alert_json(700), alert_json(800, "cleared"), alert_json(4000, "reopened"))
    scored = read(_alerts(tmp_path, *lines), _truth(tmp_path, event_json()), None)
    assert any("1 alert lines lie outside" in note.en and "line 3" in note.en for note in scored.notes)


def test_without_a_points_table_the_sensors_are_those_that_are_named(tmp_path: Path) -> None:
    scored = read(_alerts(tmp_path, alert_json(700, sensor="e/LT-2")), _truth(tmp_path, event_json()), None)
    assert scored.sensors == {"e/LT-1", "e/LT-2"}
    assert scored.rules.source_of is None


def test_with_one_they_are_all_of_it_and_sources_are_known(tmp_path: Path) -> None:
    specs = tuple(
        SensorSpec(id=f"e/LT-{k}", sensor=f"LT-{k}", enterprise="e", type=SensorType.LEVEL, source="S")
        for k in range(5)
    )
    scored = read(_alerts(tmp_path, alert_json(700)), _truth(tmp_path, event_json()), SensorRegistry(specs))
    assert len(scored.sensors) == 5
    assert scored.rules.source_of == {f"e/LT-{k}": "S" for k in range(5)}


def test_files_that_name_no_sensor_are_refused_without_a_points_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing to score"):
        read(_alerts(tmp_path), _truth(tmp_path), None)


def test_an_empty_alert_file_is_a_detector_that_never_alarms(tmp_path: Path) -> None:
    assert read(_alerts(tmp_path), _truth(tmp_path, event_json()), None).episodes == ()
