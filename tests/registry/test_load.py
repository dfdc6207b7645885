"""Both files together."""

from pathlib import Path

import pytest

from registry.load import load_registry
from tests.registry.tables import PLANT_TEXT, words


@pytest.fixture
def plant_path(tmp_path: Path) -> Path:
    path = tmp_path / "plant.yaml"
    path.write_text(PLANT_TEXT, encoding="utf-8")
    return path


def test_a_registry(tmp_path: Path, plant_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text(
        "sensor,type,unit,equipment,hh\nPT-1,pressure,MPa,T-1,1.5\nX,other,,,\n", encoding="utf-8"
    )
    registry, faults = load_registry(plant_path, points, {})
    assert faults == []
    assert registry is not None
    assert dict(registry.index) == {"lpg/PT-1": 0, "X": 1}
    source = registry.source_of(0)
    assert source is not None
    assert (source.id, source.r) == ("S-1", 14.4)
    assert registry.limits[0, 4] == 1.77


def test_without_a_plant(tmp_path: Path) -> None:
    points = tmp_path / "points.csv"
    points.write_text("sensor,type\nA,other\n", encoding="utf-8")
    registry, faults = load_registry(None, points, {})
    assert faults == []
    assert registry is not None
    assert len(registry) == 1


def test_faults_of_both_files_come_together(tmp_path: Path, plant_path: Path) -> None:
    plant_path.write_text(PLANT_TEXT.replace("400", "-4"), encoding="utf-8")
    points = tmp_path / "points.csv"
    points.write_text("sensor,type,source\nA,levle,S-1\nB,level,S-1\n", encoding="utf-8")
    registry, faults = load_registry(plant_path, points, {})
    assert registry is None
    assert [line.split(": ", 2)[1] for line in words(faults)] == ["line 7", "line 2, column type"]


def test_missing_files(tmp_path: Path) -> None:
    registry, faults = load_registry(tmp_path / "plant.yaml", tmp_path / "points.csv", {})
    assert registry is None
    assert len(faults) == 2
