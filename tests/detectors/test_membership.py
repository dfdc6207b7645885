"""Who is judged together with whom."""

from dataclasses import replace

import pytest

from detectors.groups.members import MOST_MEMBERS, membership
from detectors.profile import Methods, Profile
from detectors.profile_file import load_profile
from registry.sensors import SensorRegistry, SensorSpec, SensorType

LEVEL = SensorSpec(id="e/0", sensor="0", enterprise="e", type=SensorType.LEVEL, source="A")
PROFILE = Profile({SensorType.LEVEL: Methods(group=1, group_every_s=2.0)})


def groups_of(*specs: SensorSpec, profile: Profile = PROFILE) -> list[tuple[int, ...]]:
    named = tuple(replace(spec, id=f"e/{i}", sensor=f"{i}") for i, spec in enumerate(specs))
    return [group.sensors for group in membership(SensorRegistry(named), profile).groups]


def test_a_source_is_a_group_and_two_sensors_are_none() -> None:
    b = replace(LEVEL, source="B")
    assert groups_of(LEVEL, b, LEVEL, b, LEVEL) == [(0, 2, 4)]


def test_types_that_are_off_and_sensors_without_a_source_are_in_none() -> None:
    gas, bare = replace(LEVEL, type=SensorType.GAS_TOXIC), replace(LEVEL, source=None)
    assert groups_of(LEVEL, gas, LEVEL, bare, LEVEL, bare) == [(0, 2, 4)]


def test_a_recording_without_sources_is_one_group() -> None:
    assert groups_of(*[replace(LEVEL, source=None)] * 4) == [(0, 1, 2, 3)]


def test_a_large_source_is_split_between_equipment() -> None:
    specs = [replace(LEVEL, equipment=f"T{i // 25}") for i in range(100)]
    assert [len(g) for g in groups_of(*specs)] == [50, 50]
    assert [len(g) for g in groups_of(*[LEVEL] * 100)] == [MOST_MEMBERS, 100 - MOST_MEMBERS]


def test_a_group_has_the_slowest_and_strictest_settings_of_its_members() -> None:
    profile = Profile(
        PROFILE.types, {"e/1": {"group_every_s": 30.0, "group_rounds": 9}, "e/2": {"group_false_rate": 1e-6}}
    )
    named = tuple(replace(LEVEL, id=f"e/{i}", sensor=f"{i}") for i in range(3))
    (group,) = membership(SensorRegistry(named), profile).groups
    assert (group.every_s, group.rounds, group.false_rate) == (30.0, 9, 1e-6)


@pytest.mark.parametrize(
    ("kind", "on"),
    [
        (SensorType.LEVEL, 1), (SensorType.PRESSURE, 1), (SensorType.TEMPERATURE, 1), (SensorType.FLOW, 1),
        (SensorType.OTHER, 1), (SensorType.GAS_COMBUSTIBLE, 0), (SensorType.GAS_TOXIC, 0), (SensorType.OXYGEN, 0),
        (SensorType.WIND_SPEED, 0), (SensorType.WIND_DIRECTION, 0), (SensorType.VALVE, 0),
    ],
)  # fmt: skip
def test_by_default_what_the_process_ties_together_is_in_a_group(kind: SensorType, on: int) -> None:
    profile, _, _ = load_profile(None)
    assert profile.types[kind].group == on
