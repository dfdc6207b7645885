"""Shapes and vapour pressures against what is known of them."""

import numpy as np
import pytest

from sim.vessels import (
    AMMONIA,
    BUTANE,
    PROPANE,
    Antoine,
    LevelTable,
    Lying,
    Shape,
    Sphere,
    Upright,
    lpg_gauge_mpa,
)

SHAPES: list[tuple[Shape, float]] = [
    (Sphere(12.4), np.pi * 12.4**3 / 6),
    (Upright(9.0, 10.0), np.pi * 25 * 9),
    (Lying(2.4, 12.0), np.pi * 1.44 * 12),
]


@pytest.mark.parametrize(("shape", "volume"), SHAPES)
def test_a_full_tank_holds_its_volume_and_half_of_it_at_half_height(shape: Shape, volume: float) -> None:
    table = LevelTable([shape])
    assert table.capacity_m3[0] == pytest.approx(volume)
    assert table.level_m(np.array([volume / 2]))[0] == pytest.approx(shape.height_m / 2)


@pytest.mark.parametrize(("shape", "volume"), SHAPES)
def test_level_and_volume_agree_to_a_tenth_of_a_millimetre(shape: Shape, volume: float) -> None:
    assert volume > 0
    table = LevelTable([shape])
    for level in np.linspace(0.05, shape.height_m - 0.05, 57):
        held = shape.volume_m3(np.array([level]))
        assert table.level_m(held)[0] == pytest.approx(level, abs=1e-4)


@pytest.mark.parametrize(
    ("substance", "boils_c"), [(PROPANE, -42.1), (BUTANE, -0.5), (AMMONIA, -33.4)], ids=["C3", "C4", "NH3"]
)
def test_a_substance_boils_at_its_boiling_point(substance: Antoine, boils_c: float) -> None:
    assert substance.gauge_mpa(np.array([boils_c]))[0] == pytest.approx(0, abs=0.005 * 0.1013)
    assert substance.boiling_celsius(0.0) == pytest.approx(boils_c, abs=0.15)


def test_a_mixture_lies_between_its_parts() -> None:
    at = np.array([20.0])
    assert BUTANE.gauge_mpa(at)[0] < lpg_gauge_mpa(at, 0.45)[0] < PROPANE.gauge_mpa(at)[0]
