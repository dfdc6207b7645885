"""Units of sensors and conversion between them, at load time only (`data/units.yaml`).

pint is imported at the first real conversion, which most files never need: it takes half a second.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from registry.marks import parse_marked
from registry.sensors import SensorType


class UnitError(ValueError):
    """Two units do not measure the same, or a unit is not known."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: how it is printed, what it measures, what it is called by pint."""

    name: str
    dimension: str
    pint: str


@dataclass(frozen=True, slots=True)
class _Units:
    by_spelling: Mapping[str, Unit]
    of_type: Mapping[SensorType, tuple[str, ...]]


_QUANTITY = re.compile(r"([+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(.*)", re.DOTALL)


@cache
def _units() -> _Units:
    text = resources.files("registry").joinpath("data/units.yaml").read_text("utf-8")
    marked = parse_marked(text, "units.yaml")
    assert not marked.faults, marked.faults
    by_spelling: dict[str, Unit] = {}
    for name, row in marked.data["units"].items():
        unit = Unit(name, row["dimension"], row["pint"])
        for spelling in (name, *row.get("also", ())):
            assert spelling not in by_spelling, spelling
            by_spelling[spelling] = unit
    of_type = {SensorType(name): tuple(units) for name, units in marked.data["types"].items()}
    return _Units(by_spelling, of_type)


def units_of(sensor_type: SensorType) -> tuple[str, ...] | None:
    """Return the units that a sensor of this type may have, the usual one first; None where any text will do."""
    return _units().of_type.get(sensor_type)


def canonical(spelling: str) -> str | None:
    """Return the unit as it is stored and printed, or None for a text that is no known unit."""
    unit = _units().by_spelling.get(spelling.strip())
    return None if unit is None else unit.name


def convertible(from_unit: str, to_unit: str) -> bool:
    """Tell whether values of one unit can be said in the other."""
    known = _units().by_spelling
    a, b = known.get(from_unit), known.get(to_unit)
    return from_unit == to_unit or (a is not None and b is not None and a.dimension == b.dimension)


def convert(value: float, from_unit: str, to_unit: str, *, span: bool = False) -> float:
    """Return `value` in `to_unit`, to 12 significant digits; raises `UnitError` where that means nothing.

    A `span` is a difference, such as a deadband: 2 K are 2 °C, not -271.15 °C.
    """
    if from_unit == to_unit:
        return value
    if not convertible(from_unit, to_unit):
        raise UnitError(f"{from_unit or 'no unit'} cannot be converted to {to_unit or 'no unit'}")
    known = _units().by_spelling
    scale, offset = _line(known[from_unit].pint, known[to_unit].pint)
    return float(f"{value * scale + (0.0 if span else offset):.12g}")


@lru_cache(maxsize=4096)  # a plant's table says the same numbers again and again
def split_quantity(text: str) -> tuple[float, str] | None:
    """Split ``1.2 MPa`` into number and unit text (empty where there is none); None where no number stands first."""
    found = _QUANTITY.fullmatch(text.strip())
    return None if found is None else (float(found[1]), found[2])


@cache
def _line(from_pint: str, to_pint: str) -> tuple[float, float]:
    """Return scale and offset of the conversion; every conversion between the units of the data is a line."""
    import pint  # noqa: PLC0415 - half a second that only a real conversion pays

    quantity = pint.get_application_registry().Quantity
    zero, hundred = (float(quantity(x, from_pint).to(to_pint).magnitude) for x in (0.0, 100.0))
    return (hundred - zero) / 100.0, zero
