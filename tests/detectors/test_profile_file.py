"""detectors.yaml: the packaged profile, a plant's own over it, and every value that cannot be."""

import math
from pathlib import Path

import numpy as np
import pytest

from detectors.profile import Profile
from detectors.profile_file import SWITCHES, Defaults, load_profile, unknown_sensors
from detectors.state import FOREVER
from registry.faults import Fault
from registry.sensors import SensorRegistry, SensorSpec, SensorType

LT = SensorSpec(
    id="e/LT",
    sensor="LT",
    enterprise="e",
    type=SensorType.LEVEL,
    range_lo=0,
    range_hi=200,
    h=90,
    hh=95,
    scan_s=10,
)
GT = SensorSpec(id="e/GT", sensor="GT", enterprise="e", type=SensorType.GAS_COMBUSTIBLE, h=25, hh=50)


def load(tmp_path: Path, text: str) -> tuple[Profile, Defaults, list[Fault]]:
    path = tmp_path / "detectors.yaml"
    path.write_text(text, encoding="utf-8")
    return load_profile(path)


def good(tmp_path: Path, text: str) -> tuple[Profile, Defaults]:
    profile, defaults, faults = load(tmp_path, text)
    assert faults == []
    return profile, defaults


def test_the_packaged_profile_knows_every_type() -> None:
    profile, defaults, faults = load_profile(None)
    assert faults == []
    assert set(profile.types) == set(defaults) == set(SensorType)
    assert (defaults[SensorType.GAS_COMBUSTIBLE].h, defaults[SensorType.GAS_COMBUSTIBLE].hh) == (25, 50)
    assert profile.types[SensorType.GAS_TOXIC].z_threshold == 8
    assert math.isnan(profile.types[SensorType.LEVEL].z_threshold)


def test_a_plants_own_file_overrides_key_by_key(tmp_path: Path) -> None:
    packaged, before, _ = load_profile(None)
    profile, defaults = good(
        tmp_path,
        "types:\n  level:\n    defaults: {unit: m, scan_s: 5}\n    methods: {rate_pct_per_min: 20, z_samples: 4}\n",
    )
    level, was = profile.types[SensorType.LEVEL], packaged.types[SensorType.LEVEL]
    assert (level.rate_pct_per_min, level.z_samples) == (20, 4)
    assert (level.dead_min_s, level.rate_window_s) == (was.dead_min_s, was.rate_window_s)
    assert (defaults[SensorType.LEVEL].unit, defaults[SensorType.LEVEL].scan_s) == ("m", 5)
    assert defaults[SensorType.LEVEL].deadband_pct == before[SensorType.LEVEL].deadband_pct
    assert profile.types[SensorType.FLOW] == packaged.types[SensorType.FLOW]


def test_a_sensor_goes_before_its_type(tmp_path: Path) -> None:
    profile, _ = good(
        tmp_path,
        "types: {level: {methods: {z_threshold: 6, z_tau_s: 60}}}\nsensors:\n  e/LT: {z_threshold: 4}\n",
    )
    assert (profile.methods(LT).z_threshold, profile.methods(LT).z_tau_s) == (4, 60)
    assert profile.types[SensorType.LEVEL].z_threshold == 6


@pytest.mark.parametrize(
    "text", ["", "types:\n", "sensors:\n", "types: {level: }\n", "types: {level: {methods: }}\n"]
)
def test_what_is_left_empty_changes_nothing(tmp_path: Path, text: str) -> None:
    packaged, before, _ = load_profile(None)
    profile, defaults = good(tmp_path, text)
    assert profile.types == packaged.types
    assert {kind: repr(d) for kind, d in defaults.items()} == {kind: repr(d) for kind, d in before.items()}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("foo: 1\n", 1, "unknown key 'foo' (allowed: types, sensors)"),
        ("types: {lvl: {}}\n", 1, "unknown key 'lvl'"),
        ("types: 5\n", 1, "a mapping of keys is wanted here (allowed: level, pressure"),
        ("sensors: [a]\n", 1, "a mapping of keys is wanted here (allowed: sensor ids)"),
        ("types:\n  level: {method: {}}\n", 2, "unknown key 'method'; did you mean 'methods'?"),
        ("types:\n  level:\n    methods: {z_thresh: 8}\n", 3, "did you mean 'z_threshold'"),
        ("types:\n  level:\n    methods: 7\n", 3, "a mapping of keys is wanted here (allowed: dead_scans"),
        ("types:\n  level:\n    defaults: {unit: 5}\n", 3, "a unit is a text"),
        ("types:\n  level:\n    defaults: {zz: 5}\n", 3, "unknown key 'zz'"),
        ("sensors:\n  e/LT: 3\n", 2, "a mapping of keys is wanted here"),
        ("sensors:\n  e/LT:\n    h: 3\n", 3, "unknown key 'h'"),
    ],
)  # fmt: skip
def test_a_wrong_shape_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    _, _, (fault,) = load(tmp_path, text)
    assert fault.where == f"line {line}"
    assert words in str(fault)


@pytest.mark.parametrize(
    "value", ["text", "true", ".nan", ".inf", "[1]", "{a: 1}", "'5'", "1e400", "9" * 400]
)
@pytest.mark.parametrize("key", ["z_threshold", "dead_min_s", "z_samples"])
def test_what_is_no_number_is_refused(tmp_path: Path, key: str, value: str) -> None:
    _, _, (fault,) = load(tmp_path, f"types: {{level: {{methods: {{{key}: {value}}}}}}}\n")
    assert fault.message.startswith(f"{key} is ")
    assert len(fault.message) < 100
    assert fault.allowed


@pytest.mark.parametrize(
    ("part", "key", "bad", "allowed"),
    [
        *(("methods", key, bad, "above 0") for key in ("dead_scans", "rate_pct_per_min", "z_threshold") for bad in (0, -1)),
        *(("methods", key, bad, "above 0, at most") for key in ("rate_window_s", "z_tau_s") for bad in (0, -1, 1e10)),
        *(("methods", key, bad, "from 0, at most") for key in ("dead_min_s", "z_off_s") for bad in (-1, 1e300)),
        ("methods", "sigma_min_pct", -0.1, "from 0"),
        *(("methods", "forecast_from_pct", bad, "at most 100") for bad in (-1, 101)),
        *(("methods", key, bad, "above 0") for key in ("forecast_s", "forecast_sigmas", "course_every_s", "mode_pct_per_h") for bad in (0, -1)),
        *(("methods", key, bad, "whole number from 1") for key in ("z_samples", "z_warm_samples") for bad in (0, -1, 1.5, 1e9)),
        *(("defaults", key, -1, "from 0") for key in ("on_delay_s", "off_delay_s", "deadband", "deadband_pct")),
        *(("defaults", "scan_s", bad, "above 0, at most") for bad in (0, -1, 1e300)),
    ],
)  # fmt: skip
def test_what_is_out_of_bounds_is_refused(
    tmp_path: Path, part: str, key: str, bad: float, allowed: str
) -> None:
    _, _, (fault,) = load(tmp_path, f"types: {{level: {{{part}: {{{key}: {bad}}}}}}}\n")
    assert fault.message == f"{key} is {bad!r}"
    assert allowed in fault.allowed


@pytest.mark.parametrize(
    "key", ["dead_min_s", "rate_window_s", "z_tau_s", "z_samples", "z_off_s", "sigma_min_pct"]
)
def test_null_is_refused_where_there_is_no_switch(tmp_path: Path, key: str) -> None:
    assert key not in SWITCHES
    _, _, (fault,) = load(tmp_path, f"sensors: {{e/LT: {{{key}: null}}}}\n")
    assert "null" not in fault.allowed


def test_all_faults_are_told_together_and_the_good_rest_is_taken(tmp_path: Path) -> None:
    profile, _, faults = load(
        tmp_path, "foo: 1\ntypes: {level: {methods: {z_threshold: -1, z_samples: 3}}, lvl: {}}\n"
    )
    assert len(faults) == 3
    assert profile.types[SensorType.LEVEL].z_samples == 3


def test_null_switches_a_method_off(tmp_path: Path) -> None:
    profile, defaults = good(
        tmp_path,
        "types:\n  gas_combustible: {methods: {z_threshold: null}, defaults: {h: null, scan_s: null}}\n"
        "sensors:\n  e/LT: {dead_scans: null, rate_pct_per_min: null}\n",
    )
    assert math.isnan(defaults[SensorType.GAS_COMBUSTIBLE].h)
    params = profile.params(SensorRegistry((LT, GT))).base
    assert params["dead_after_ns"].tolist() == [FOREVER, FOREVER]
    assert np.isnan(params["rate_limit"]).all()
    assert np.isnan(params["z_threshold"]).all()


def test_the_packaged_file_is_what_every_value_begins_with(tmp_path: Path) -> None:
    profile, _, _ = load(tmp_path, "types: {level: {methods: {z_threshold: 6}}}\n")
    params = profile.params(SensorRegistry((LT,))).base
    assert params["dead_after_ns"][0] == 30_000_000_000
    assert params["sigma_min"][0] == pytest.approx(0.2)
    assert params["rate_window_ns"][0] == 60_000_000_000


def test_unknown_sensors_are_named_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "detectors.yaml"
    path.write_text("sensors:\n  e/LT: {}\n  LT: {z_samples: 3}\n", encoding="utf-8")
    (fault,) = unknown_sensors(path, {"e/LT": 0})
    assert (
        str(fault)
        == f"{path}: line 3: sensor 'LT' is not in the points table (allowed: full ids, enterprise/sensor)"
    )


def test_a_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    _, _, (fault,) = load_profile(tmp_path / "none.yaml")
    assert fault.message == "the file does not exist"
