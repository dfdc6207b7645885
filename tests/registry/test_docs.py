"""docs/plant.md says what the code does."""

import re
from pathlib import Path

import pytest

from registry.marks import parse_marked
from registry.plant_file import plant_of
from registry.points import COLUMNS
from registry.sensors import SensorType
from registry.units import units_of

PAGE = Path(__file__).parents[2] / "docs" / "plant.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the pages lie in the repository, not in the wheel")


def test_the_example_is_a_plant() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    plant, faults = plant_of(parse_marked(example, "plant.yaml"))
    assert faults == []
    assert plant.sources["NW-PETROL"].r == 38.4


def test_every_column_and_unit_is_named() -> None:
    text = PAGE.read_text("utf-8")
    for column in COLUMNS:
        assert f"`{column}`" in text
    for sensor_type in SensorType:
        units = units_of(sensor_type)
        assert units is None or f"| {sensor_type} | {', '.join(units)} |" in text
