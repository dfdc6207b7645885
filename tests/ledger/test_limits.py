"""How the limits of sensors changed when settings were loaded."""

from dataclasses import replace
from pathlib import Path

import pytest

import ledger.limits as limits_module
from ledger.ledger import Ledger
from ledger.limits import LoadedFrom
from registry.sensors import SensorSpec, SensorType

LT = SensorSpec(
    id="e/LT", sensor="LT", enterprise="e", type=SensorType.LEVEL, unit="m", l=1, h=9, hh=10, design=12
)
PT = SensorSpec(id="e/PT", sensor="PT", enterprise="e", type=SensorType.PRESSURE, unit="MPa", h=1.2)


def loaded(at_ns: int) -> LoadedFrom:
    return LoadedFrom(at_ns=at_ns, file="points.csv", file_ns=at_ns - 1)


def test_a_change_is_told_with_old_and_new_and_when_it_was_loaded(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        assert ledger.note_limits([LT, PT], loaded(1)) == 0, "what is seen for the first time is no change"
        assert ledger.note_limits([LT, PT], loaded(2)) == 0
        higher = replace(LT, h=9.5, ll=0.5, design=float("nan"))
        assert ledger.note_limits([higher, PT], loaded(3)) == 3
    with Ledger.open(tmp_path) as ledger:
        assert ledger.note_limits([higher, PT], loaded(4)) == 0, "doing it again changes nothing"
        found = ledger.limit_changes(["e/LT", "e/PT"], 10)
        assert {(one.name, one.old, one.new) for one in found} == {
            ("ll", None, 0.5),
            ("h", 9.0, 9.5),
            ("design", 12.0, None),
        }
        assert {one.loaded for one in found} == {loaded(3)}
        assert ledger.limit_changes(["e/PT"], 10) == []
        assert ledger.limit_changes([], 10) == []


def test_a_limit_in_another_unit_is_another_limit(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.note_limits([PT], loaded(1))
        assert ledger.note_limits([replace(PT, unit="kPa")], loaded(2)) == 1
        [one] = ledger.limit_changes(["e/PT"], 10)
        assert (one.old, one.old_unit, one.new, one.unit) == (1.2, "MPa", 1.2, "kPa")


def test_a_sensor_that_comes_back_is_held_against_what_it_had(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        ledger.note_limits([LT, PT], loaded(1))
        assert ledger.note_limits([LT], loaded(2)) == 0
        assert ledger.note_limits([LT, replace(PT, h=1.3)], loaded(3)) == 1


def test_the_newest_changes_come_first_and_the_oldest_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits_module, "CHANGES_KEPT", 3)
    with Ledger.open(tmp_path) as ledger:
        for i in range(6):
            ledger.note_limits([replace(PT, h=float(i))], loaded(i))
        assert [one.new for one in ledger.limit_changes(["e/PT"], 10)] == [5, 4, 3]
        assert [one.new for one in ledger.limit_changes(["e/PT"], 2)] == [5, 4]
