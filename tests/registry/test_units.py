"""Units: what converts into what, and that pint waits until it is needed."""

import subprocess
import sys

import pytest

from registry.sensors import SensorType
from registry.units import UnitError, _units, canonical, convert, convertible, split_quantity, units_of


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "expected"),
    [
        (1.2, "MPa", "kPa", 1200.0),
        (0.1, "MPa", "bar", 1.0),
        (25, "°C", "K", 298.15),
        (300.15, "K", "°C", 27.0),
        (212, "°F", "°C", 100.0),
        (150, "cm", "m", 1.5),
        (0.5, "%VOL", "ppm", 5000.0),
        (36, "km/h", "m/s", 10.0),
        (3.6, "t/h", "kg/s", 1.0),
        (60, "L/min", "m3/h", 3.6),
        (7, "%LEL", "%LEL", 7),
    ],
)
def test_conversion(value: float, from_unit: str, to_unit: str, expected: float) -> None:
    assert convert(value, from_unit, to_unit) == expected


def test_a_span_has_no_offset() -> None:
    assert convert(2, "K", "°C", span=True) == 2
    assert convert(9, "°F", "K", span=True) == 5


@pytest.mark.parametrize(
    ("from_unit", "to_unit"),
    [
        ("ppm", "%OEL"),
        ("mg/m3", "ppm"),
        ("%LEL", "%VOL"),
        ("%", "m"),
        ("m3/h", "kg/s"),
        ("m3/h", "Nm3/h"),
        ("", "m"),
    ],
)
def test_what_needs_more_than_a_factor_is_refused(from_unit: str, to_unit: str) -> None:
    assert not convertible(from_unit, to_unit)
    with pytest.raises(UnitError):
        convert(1.0, from_unit, to_unit)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("℃", "°C"),
        ("degC", "°C"),
        ("kpa", "kPa"),
        ("%lel", "%LEL"),
        ("m³/h", "m3/h"),
        (" MPa ", "MPa"),
        ("deg", "°"),
    ],
)
def test_spellings(spelling: str, name: str) -> None:
    assert canonical(spelling) == name


def test_unknown_spelling() -> None:
    assert canonical("furlong") is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1.2 MPa", (1.2, "MPa")),
        ("-5", (-5.0, "")),
        ("+.5e1%LEL", (5.0, "%LEL")),
        ("1e3", (1000.0, "")),
        ("nan", None),
        ("inf", None),
        ("1_000", (1.0, "_000")),
        ("１２", None),
        ("", None),
    ],
)
def test_split_quantity(text: str, parts: tuple[float, str] | None) -> None:
    assert split_quantity(text) == parts


def test_every_type_has_known_units_and_other_takes_any() -> None:
    for sensor_type in SensorType:
        units = units_of(sensor_type)
        if sensor_type is SensorType.OTHER:
            assert units is None
        else:
            assert units is not None
            assert all(canonical(unit) == unit for unit in units)


def test_every_unit_is_one_that_pint_knows_and_printable() -> None:
    for spelling, unit in _units().by_spelling.items():
        assert spelling.isprintable()
        same = [other for other in _units().by_spelling.values() if other.dimension == unit.dimension]
        for other in same:
            assert convert(convert(3.0, unit.name, other.name), other.name, unit.name) == pytest.approx(3.0)


def test_pint_is_imported_only_for_a_real_conversion() -> None:
    program = (
        "import sys; from registry.units import convert; import registry.load;"
        "convert(1, 'm', 'm'); print('pint' in sys.modules, 'openpyxl' in sys.modules);"
        "convert(1, 'm', 'cm'); print('pint' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "True"]
