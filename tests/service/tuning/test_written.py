"""What tune writes: an overlay that the loader takes, JSON, plots."""

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from detectors.profile import Profile
from detectors.profile_file import load_profile
from registry.sensors import SensorType, registry_of_columns
from service.tuning.calibrate import Calibration, calibrate, tuned_profile
from service.tuning.overlay import overlay, report
from service.tuning.plot import return_levels
from service.tuning.readings import Readings
from tests.service.tuning.synthetic import DAY_S, ar1, block, normal

ZONE = ZoneInfo("Asia/Shanghai")
NAMES = ('say "x": {罐}', "t#1", "bad")
REGISTRY = registry_of_columns(NAMES)


@pytest.fixture(scope="module")
def made() -> Calibration:
    rng = np.random.default_rng(4)
    columns = [normal(rng, DAY_S), 20.0 + ar1(rng, DAY_S), np.full(DAY_S, 3.0)]
    return calibrate(Readings.of([block(columns)]), REGISTRY, _with_z(), 0.01)


def _with_z() -> Profile:
    """Return the packaged profile with robust z on for type other, whatever the recording would say of it."""
    profile, _, _ = load_profile(None)
    other = replace(profile.types[SensorType.OTHER], z_threshold=8.0)
    return Profile({**profile.types, SensorType.OTHER: other}, profile.sensors)


def test_the_overlay_is_what_was_chosen_and_nothing_else(made: Calibration, tmp_path: Path) -> None:
    path = tmp_path / "detectors.tuned.yaml"
    path.write_text(overlay(made, "day.csv", ZONE), encoding="utf-8")
    profile, _, faults = load_profile(path)
    assert faults == []
    packaged, _, _ = load_profile(None)
    assert profile.sensors == tuned_profile(packaged, [j.evidence for j in made.judgements]).sensors
    assert set(profile.sensors) >= set(NAMES[:2])
    assert "bad" not in profile.sensors
    assert profile.types == packaged.types
    text = path.read_text("utf-8")
    assert "stuck" in text
    assert " +0800 to " in text, "a comment tells the times of the site"


def test_an_overlay_lies_over_what_a_sensor_has_already(made: Calibration, tmp_path: Path) -> None:
    own, over = tmp_path / "own.yaml", tmp_path / "over.yaml"
    own.write_text('sensors: {"t#1": {z_samples: 5, z_threshold: 9}}\n', encoding="utf-8")
    over.write_text(overlay(made, "day.csv", ZONE), encoding="utf-8")
    profile, _, _ = load_profile(own, over)
    assert profile.sensors["t#1"]["z_samples"] == 5
    assert profile.sensors["t#1"]["z_threshold"] != 9


def test_an_overlay_of_nothing_loads(tmp_path: Path) -> None:
    nothing = Calibration(per_day=0.01, readings=0, first_ns=None, last_ns=None, abnormal=(), judgements=())
    path = tmp_path / "o.yaml"
    path.write_text(overlay(nothing, "x", ZONE), encoding="utf-8")
    assert load_profile(path)[2] == []


def test_the_json_has_the_evidence(made: Calibration) -> None:
    told = json.loads(report(made, "day.csv", list(NAMES)))
    assert told["readings"] == 3 * DAY_S
    first = next(t for t in told["thresholds"] if t["sensor"] == "t#1" and t["key"] == "z_threshold")
    assert first["interval"][0] <= first["interval"][1]
    assert first["tail"]["episodes"] >= 30
    assert first["refused"] is None
    bad = next(t for t in told["thresholds"] if t["sensor"] == "bad")
    assert bad["refused"]["reason"] == "stuck"
    assert bad["chosen"] is None


def test_the_plot_is_svg_with_every_sensor_that_was_fitted(made: Calibration) -> None:
    shared = [j.evidence for j in made.judgements if j.evidence.tunable.key == "z_threshold"]
    drawn = return_levels(shared, 0.01)
    assert drawn is not None
    root = ET.fromstring(drawn)
    assert root.tag.endswith("svg")
    assert "2 of 3 sensors" in drawn
    assert "nan" not in drawn
    assert return_levels([shared[2]], 0.01) is None
    assert drawn == return_levels(shared, 0.01)
