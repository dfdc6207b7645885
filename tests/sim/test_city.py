"""The city: the same however long, evenly spread, alive and within its limits but for what the truth tells."""

import csv
import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from registry.defaults import TypeDefaults
from registry.plant_file import load_plant
from registry.points import load_points
from registry.sensors import SensorType
from sim.city import _R_PER_TONNE, CITY_SENSORS, City, city_readings, city_settings, city_truth
from sim.city_layout import GROUPS, SENSORS, CityLayout
from sim.recorded import Recorded
from sim.scenarios import list_scenarios

NS = 1_000_000_000
T0 = 1_748_743_200 * NS
FEW = 20


def _run(seconds: int, seed: int = 1) -> Recorded:
    return Recorded.concat(city_readings(seed, T0, seconds, FEW))


def _second(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() - T0 / NS


def _limits() -> dict[str, dict[str, float]]:
    rows = csv.DictReader(city_settings(FEW)["points.csv"].splitlines())
    return {
        f"{row['enterprise']}/{row['sensor']}": {
            name: float(row[name]) for name in ("ll", "l", "h", "hh") if row[name]
        }
        for row in rows
    }


def test_it_has_two_thousand_enterprises_and_a_hundred_thousand_sensors() -> None:
    layout = CityLayout(2000)
    assert len(layout.ids) == 2000
    assert len(set(layout.names)) == 100_000 == CITY_SENSORS
    assert sum(group.count for group in GROUPS) == SENSORS
    (listed,) = (scenario for scenario in list_scenarios() if scenario.name == "city")
    assert listed.sensors == CITY_SENSORS
    assert listed.text.zh
    assert len(next(listed.readings(1, T0, 1))) == CITY_SENSORS


def test_a_longer_run_begins_with_the_same_bytes() -> None:
    long, short = _run(65), _run(23)
    n = len(short)
    assert n == 23 * FEW * SENSORS
    assert long[:n].value.tobytes() == short.value.tobytes()
    assert long[:n].t_ns.tobytes() == short.t_ns.tobytes()
    assert not np.array_equal(_run(23, seed=2).value, short.value)


def test_the_bytes_of_a_seed_are_these() -> None:
    run = _run(30)
    told = hashlib.sha256(run.column.tobytes() + run.t_ns.tobytes() + run.value.tobytes()).hexdigest()
    assert told == "ef9e800a0d0ede001bf323b2c7b49abf8e21ba20b936992d9cc38f67712a1da1"


def test_every_sensor_speaks_every_second_and_enterprises_one_after_the_other() -> None:
    run = _run(30)
    assert (np.diff(run.t_ns) >= 0).all()
    assert (run.t_ns % 1_000_000 == 0).all()
    assert (np.bincount(run.column) == 30).all()
    own = {int(t) for t in run.t_ns[run.column < SENSORS]}
    others = {int(t) for t in run.t_ns[run.column >= SENSORS]}
    assert own.isdisjoint(others)


def test_it_is_alive() -> None:
    run = _run(300)
    table = run.value.reshape(300, -1)
    # clean air may rest at zero for long; everything else shows its noise
    lively = np.array([len(np.unique(table[:, j])) for j in range(table.shape[1])])
    kinds = np.tile(np.repeat([group.type for group in GROUPS], [group.count for group in GROUPS]), FEW)
    assert lively[kinds == "level"].min() > 5
    assert lively[kinds == "pressure"].min() > 10
    assert lively[(kinds == "gas_combustible") | (kinds == "gas_toxic")].min() > 5
    assert (lively[kinds == "flow"] > 5).any()
    assert (table >= np.tile(np.repeat([g.range_lo for g in GROUPS], [g.count for g in GROUPS]), FEW)).all()


def test_true_values_stay_within_the_limits_but_for_what_the_truth_tells() -> None:
    truth = city_truth(1, T0, 7200, FEW)
    layout, limits = CityLayout(FEW), _limits()
    true = City(layout, 1, T0).true(np.arange(0, 7200, 20.0)).reshape(360, -1)
    told = {sensor for event in truth["events"] for sensor in event["sensors"]}
    for column, name in enumerate(layout.names):
        own = true[:, column]
        beyond = own.max() >= limits[name]["h"] or own.min() <= limits[name].get("l", -1e9)
        assert beyond == (name in told), name


def test_the_truth_is_that_of_the_true_values() -> None:
    truth = city_truth(1, T0, 7200, FEW)
    city = City(CityLayout(FEW), 1, T0)
    assert [event["kind"] for event in truth["events"]] == ["overfill"] * 2
    limits = _limits()
    for event in truth["events"]:
        (sensor,) = event["sensors"]
        onset, end = _second(event["onset"]), _second(event["end"])
        assert {row["limit_name"] for row in event["limits"]} == {"h", "hh"}
        for row in event["limits"]:
            at = _second(row["time"])
            assert onset < at < end
            before, after = _level(city, sensor, at - 1), _level(city, sensor, at + 1)
            assert before < limits[sensor][row["limit_name"]] < after
        assert _level(city, sensor, end + 1) < limits[sensor]["h"]
        assert _level(city, sensor, end - 2) > limits[sensor]["h"]


def _level(city: City, sensor: str, second: float) -> float:
    true: Any = city.true(np.array([second, second]))
    return float(true[0].reshape(-1)[city.layout.names.index(sensor)])


def test_what_is_not_yet_begun_or_reached_is_not_told() -> None:
    whole = city_truth(1, T0, 3600, FEW)["events"][0]
    onset = int(_second(whole["onset"]))
    assert city_truth(1, T0, onset, FEW)["events"] == []
    early = city_truth(1, T0, onset + 60, FEW)["events"][0]
    assert early["limits"] == []
    assert _second(early["end"]) == onset + 60


def test_its_settings_are_taken_without_a_fault(tmp_path: Path) -> None:
    for name, text in city_settings(FEW).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    plant, faults = load_plant(tmp_path / "plant.yaml")
    specs, more = load_points(tmp_path / "points.csv", plant, {kind: TypeDefaults() for kind in SensorType})
    assert not [*faults, *more]
    assert tuple(spec.id for spec in specs) == CityLayout(FEW).names
    grades = {source.grade for source in plant.sources.values()}
    assert len(grades) == 4
    layout = CityLayout(FEW)
    for i, name in enumerate(layout.ids):
        # what the truth takes its expected grade from
        assert abs(plant.sources[f"{name}-T"].r - _R_PER_TONNE * layout.quantity_t(i)) < 1e-9
