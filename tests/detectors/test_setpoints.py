"""Set-points by mode in detectors.yaml: what they replace, and every one that cannot be."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from detectors.profile import Profile
from detectors.profile_file import load_profile
from detectors.setpoints import setpoint_faults
from registry.faults import Fault
from registry.sensors import SensorRegistry, SensorSpec, SensorType

LT = SensorSpec(
    id="e/LT", sensor="LT", enterprise="e", equipment="V", type=SensorType.LEVEL, range_lo=0, range_hi=100, ll=5, l=10,
    h=90, hh=95, design=98, deadband=1,
)  # fmt: skip
GT = replace(LT, id="e/GT", sensor="GT", type=SensorType.GAS_TOXIC)
FREE = replace(LT, id="e/FREE", sensor="FREE", equipment=None)
REGISTRY = SensorRegistry((LT, GT, FREE))


def load(tmp_path: Path, text: str) -> tuple[Profile, list[Fault]]:
    path = tmp_path / "detectors.yaml"
    path.write_text(text, encoding="utf-8")
    profile, _, faults = load_profile(path)
    return profile, faults + setpoint_faults(path, profile, REGISTRY)


def test_a_mode_replaces_what_it_names_and_a_sensor_goes_before_its_type(tmp_path: Path) -> None:
    text = "types:\n  level: {modes: {fill: {h: 92}, drain: {l: 8}}}\nsensors:\n  e/LT: {modes: {fill: {h: 91, l: null}}}\n"
    profile, faults = load(tmp_path, text)
    assert faults == []
    limits = profile.mode_limits(LT)
    assert limits["fill"]["h"] == 91
    assert math.isnan(limits["fill"]["l"])
    assert limits["drain"] == {"l": 8}
    rows = profile.params(REGISTRY).setpoints
    assert len(rows) == 5, "one for each mode of the one sensor whose mode is known"
    assert rows["limit"][1].tolist()[2:] == [91, 95, 98]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("sensors:\n  e/LT:\n    modes: {filling: {h: 91}}\n", 3, "unknown key 'filling'"),
        ("sensors:\n  e/LT:\n    modes: {fill: {design: 91}}\n", 3, "unknown key 'design'"),
        ("sensors:\n  e/LT:\n    modes: {fill: 3}\n", 3, "a mapping of keys is wanted here"),
        ("sensors:\n  e/LT:\n    modes: {fill: {h: high}}\n", 3, "h is 'high'"),
        ("sensors:\n  e/LT:\n    modes: {fill: {h: true}}\n", 3, "h is True"),
        ("sensors:\n  e/LT:\n    modes:\n      fill:\n        h: 96\n", 5, "hh 95 is not above h 96"),
        ("sensors:\n  e/LT:\n    modes: {fill: {h: 4}}\n", 3, "h 4 is not above l 10"),
        ("sensors:\n  e/LT:\n    modes: {fill: {l: -1, ll: null}}\n", 3, "looser than 5"),
        ("sensors:\n  e/LT:\n    modes: {fill: {hh: 97}}\n", 3, "hh 97 is looser than 95"),
        ("sensors:\n  e/LT:\n    modes: {fill: {hh: null}}\n", 3, "hh none is looser than 95"),
        ("sensors:\n  e/GT:\n    modes: {fill: {h: 50}}\n", 3, "do not follow a mode"),
        ("types:\n  gas_toxic: {modes: {fill: {h: 50}}}\n", 2, "do not follow a mode"),
        ("types:\n  level: {modes: {fill: {h: 101}}}\n", 2, "e/LT in mode fill: h 101 is above range_hi 100"),
        ("sensors:\n  e/FREE:\n    modes: {fill: {h: 91}}\n", 3, "the mode of its equipment is not known"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_its_line(tmp_path: Path, text: str, line: int, words: str) -> None:
    _, faults = load(tmp_path, text)
    assert faults
    assert {fault.where for fault in faults} == {f"line {line}"}
    assert any(words in str(fault) for fault in faults), [str(fault) for fault in faults]


def test_what_is_left_empty_changes_nothing(tmp_path: Path) -> None:
    for text in ("types: {level: {modes: }}\n", "sensors: {e/LT: {modes: {fill: }}}\n"):
        profile, faults = load(tmp_path, text)
        assert faults == []
        assert not any(profile.mode_limits(LT).values())
