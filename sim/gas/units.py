"""Concentrations in the units of detectors, by molar mass and temperature.

Inside the models a concentration is kg/m3 of air; a volume fraction is what it is of the air's volume at its
temperature and pressure, both ideal: fraction = c R T / (M P). 1 mg/m3 of M g/mol at 20 °C is 24.06 / M ppm.
All functions take arrays and floats alike.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from sim.gas.substances import Substance

GAS_J_MOL_K = 8.314_462_618
"""Molar gas constant, CODATA 2018 (exact by definition)."""
ATMOSPHERE_PA = 101_325.0
ROOM_K = 293.15

Numbers = NDArray[np.float64]


class MeaninglessError(ValueError):
    """A unit means nothing for a substance, such as %LEL of what does not burn."""


def fraction_of(
    kg_m3: Numbers | float, molar_kg: float, temp_k: float = ROOM_K, pressure_pa: float = ATMOSPHERE_PA
) -> Numbers:
    """Return the volume fraction, 0..1, of a concentration."""
    return np.asarray(kg_m3) * (GAS_J_MOL_K * temp_k / (molar_kg * pressure_pa))


def kg_m3_of(
    fraction: Numbers | float, molar_kg: float, temp_k: float = ROOM_K, pressure_pa: float = ATMOSPHERE_PA
) -> Numbers:
    """Return the concentration of a volume fraction."""
    return np.asarray(fraction) * (molar_kg * pressure_pa / (GAS_J_MOL_K * temp_k))


def reading_of(
    kg_m3: Numbers | float,
    unit: str,
    of: Substance,
    temp_k: float = ROOM_K,
    pressure_pa: float = ATMOSPHERE_PA,
) -> Numbers:
    """Return a concentration as a detector of that unit says it.

    `unit` is a gas unit of registry/data/units.yaml: ppm, %VOL, %LEL, mg/m3 or %OEL. Raises `MeaninglessError` for
    any other, and where the substance has no such limit.
    """
    per_kg_m3 = _factor(unit, of, temp_k, pressure_pa)
    return np.asarray(kg_m3) * per_kg_m3


def concentration_of(
    reading: Numbers | float,
    unit: str,
    of: Substance,
    temp_k: float = ROOM_K,
    pressure_pa: float = ATMOSPHERE_PA,
) -> Numbers:
    """Return the concentration in kg/m3 at which a detector of that unit says `reading`; see `reading_of`."""
    return np.asarray(reading) / _factor(unit, of, temp_k, pressure_pa)


def _factor(unit: str, of: Substance, temp_k: float, pressure_pa: float) -> float:
    if unit not in _PER:
        raise MeaninglessError(f"{unit} is no unit of gas (allowed: {', '.join(_PER)})")
    full_scale = _PER[unit](of)
    if full_scale is None:
        raise MeaninglessError(f"{of.key} has no {unit}")
    per_mass = unit in _BY_MASS
    return full_scale * (1.0 if per_mass else GAS_J_MOL_K * temp_k / (of.molar_kg * pressure_pa))


def _percent_of(limit: float | None, whole: float) -> float | None:
    return None if limit is None else 100.0 * whole / limit


_PER: Mapping[str, Callable[[Substance], float | None]] = {
    "ppm": lambda _: 1e6,
    "%VOL": lambda _: 100.0,
    "%LEL": lambda of: _percent_of(of.lel_percent, 100.0),
    "mg/m3": lambda _: 1e6,
    "%OEL": lambda of: _percent_of(of.oel_mg_m3, 1e6),
}
"""The reading at a volume fraction of 1, or at 1 kg/m3 for the units by mass."""
_BY_MASS = ("mg/m3", "%OEL")
