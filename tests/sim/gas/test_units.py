"""Units of gas against values known by heart, and there and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.gas.substances import substances
from sim.gas.units import MeaninglessError, concentration_of, fraction_of, kg_m3_of, reading_of

CHLORINE, PROPANE, AMMONIA = (substances()[key] for key in ("chlorine", "propane", "ammonia"))


def test_a_milligram_of_chlorine_is_a_third_of_a_ppm() -> None:
    assert reading_of(1e-6, "ppm", CHLORINE) == pytest.approx(24.055 / 70.906, rel=1e-4)
    assert reading_of(1e-6, "mg/m3", CHLORINE) == pytest.approx(1.0)
    assert reading_of(1e-6, "%OEL", CHLORINE) == pytest.approx(100.0)


def test_a_mole_fills_24_465_litres_at_25_degrees() -> None:
    assert fraction_of(0.017031 / 0.024465, 0.017031, 298.15) == pytest.approx(1.0, rel=1e-4)


def test_the_lower_limit_of_propane_is_100_percent_of_it() -> None:
    at_limit = kg_m3_of(0.017, PROPANE.molar_kg)
    assert reading_of(at_limit, "%LEL", PROPANE) == pytest.approx(100.0)
    assert reading_of(at_limit, "%VOL", PROPANE) == pytest.approx(1.7)


@pytest.mark.parametrize("unit", ["ppm", "%VOL", "%LEL", "mg/m3", "%OEL"])
@given(reading=st.floats(0, 1e6), temp_k=st.floats(230, 330))
def test_there_and_back(unit: str, reading: float, temp_k: float) -> None:
    there = concentration_of(reading, unit, AMMONIA, temp_k)
    assert reading_of(there, unit, AMMONIA, temp_k) == pytest.approx(reading)


def test_arrays_come_out_as_they_went_in() -> None:
    assert reading_of(np.array([0.0, 1e-6]), "mg/m3", AMMONIA).tolist() == pytest.approx([0.0, 1.0])


@pytest.mark.parametrize(
    ("unit", "of", "message"),
    [
        ("%LEL", CHLORINE, "chlorine has no %LEL"),
        ("%OEL", PROPANE, "propane has no %OEL"),
        ("K", AMMONIA, "ppm, %VOL, %LEL, mg/m3, %OEL"),
    ],
)
def test_units_that_mean_nothing_are_refused(unit: str, of: object, message: str) -> None:
    with pytest.raises(MeaninglessError, match=message):
        reading_of(1.0, unit, of)  # type: ignore[arg-type]  # one of the substances above
