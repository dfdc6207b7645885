"""Levels from volumes, and constants of liquids."""

import numpy as np
import pytest

from sim.plant.liquids import liquids
from sim.plant.tables import LevelGrid
from sim.vessels import Lying, Shape, Sphere, Upright

SHAPES: tuple[Shape, ...] = (
    Sphere(12.3),
    Upright(height_m=14, diameter_m=14),
    Lying(height_m=3.2, length_m=15),
)
BOILING_C = {
    "methanol": 64.5, "toluene": 110.6, "hexane": 68.7, "benzene": 80.1, "acetone": 56.1,
    "propane": -42.1, "butane": -0.5, "ammonia": -33.3, "chlorine": -34.0,
}  # fmt: skip


def test_the_level_is_that_of_the_shape() -> None:
    level = np.array([[share * shape.height_m for shape in SHAPES] for share in np.linspace(0.05, 0.95, 91)])
    volume = np.column_stack([shape.volume_m3(level[:, i]) for i, shape in enumerate(SHAPES)])
    assert LevelGrid(SHAPES).level_m(volume) == pytest.approx(level, abs=1e-3)


def test_an_empty_and_an_overfull_vessel_have_a_level() -> None:
    grid = LevelGrid(SHAPES)
    assert grid.level_m(np.full(3, -1.0)).tolist() == [0.0, 0.0, 0.0]
    assert grid.level_m(np.full(3, 1e9)) == pytest.approx([shape.height_m for shape in SHAPES])


@pytest.mark.parametrize(("name", "celsius"), BOILING_C.items())
def test_a_liquid_boils_at_its_boiling_point(name: str, celsius: float) -> None:
    assert liquids()[name].vapour_pa(celsius) == pytest.approx(101_325, rel=0.01)


def test_every_liquid_is_checked() -> None:
    assert set(BOILING_C) == set(liquids())


def test_the_lower_flammable_limit_as_a_concentration() -> None:
    assert liquids()["propane"].lfl_mg_m3 == pytest.approx(31_200, rel=0.01)
    assert liquids()["chlorine"].lfl_mg_m3 == float("inf")
