"""Which sensors belong together, from the points table alone: who is whose partner, and what explains what."""

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from registry.circles import same_reading
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from registry.units import convert, convertible

MOST = 4
"""Others that one sensor is compared with, or explained by, at the most."""


class Form(IntEnum):
    """What of a sensor is explained by the others."""

    NONE = 0
    COLUMN = 1  # a pressure at the bottom: by the level above it and the pressure on top of it
    MASS = 2  # the change of a level: by what flowed in and out meanwhile


class Shape(IntEnum):
    """How a tank's volume grows with its level, both as shares of the whole."""

    UNKNOWN = 0  # steps in motion are not judged, only those at rest
    UPRIGHT = 1
    SPHERE = 2
    LYING = 3


SHAPE_OF_KIND: Mapping[str, Shape] = MappingProxyType(
    {
        **dict.fromkeys(
            ("tank", "upright_tank", "fixed_roof_tank", "floating_roof_tank", "refrigerated_tank"),
            Shape.UPRIGHT,
        ),
        "sphere": Shape.SPHERE,
        "bullet": Shape.LYING,
        "horizontal_tank": Shape.LYING,
        "receiver": Shape.LYING,
    }
)
"""The shape by `Equipment.kind`; the level's range is taken for the tank's inner height."""

_KPA_PER_M = 9.81
_COLUMN_SHARE = (0.4, 4.0)
"""A transmitter that weighs a column is ranged for it: between these multiples of a column of water."""
_HEIGHTS_M = (2.0, 30.0)
"""Between these heights a tank stands whose level is known in percent only."""


@dataclass(frozen=True, slots=True)
class Relation:
    """What one sensor is compared with; indices of the registry, each tuple at most `MOST` long.

    Attributes:
        partners: sensors that should read the same, in the order of the points table.
        form: what `inputs` explain; `Form.NONE` has no inputs.
        inputs: the explaining sensors.
        shape: of the tank, where `form` is `Form.MASS`.
    """

    partners: tuple[int, ...] = ()
    form: Form = Form.NONE
    inputs: tuple[int, ...] = ()
    shape: Shape = Shape.UNKNOWN


def relations_of(registry: SensorRegistry) -> list[Relation]:
    """Return the relation of every sensor, by its index."""
    circles: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    tanks: defaultdict[tuple[str, str], dict[SensorType, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i, spec in enumerate(registry.specs):
        circle = same_reading(spec)
        if circle is not None:
            circles[circle].append(i)
        if spec.equipment:
            tanks[spec.enterprise, spec.equipment][spec.type].append(i)
    partners = {
        i: tuple(other for other in circle if other != i)[:MOST]
        for circle in circles.values()
        for i in circle
    }
    explained: dict[int, tuple[Form, tuple[int, ...], Shape]] = {}
    for tank in tanks.values():
        explained.update(_explained(registry, tank))
    return [
        Relation(partners.get(i, ()), *explained.get(i, (Form.NONE, (), Shape.UNKNOWN)))
        for i in range(len(registry))
    ]


def _explained(
    registry: SensorRegistry, tank: Mapping[SensorType, list[int]]
) -> dict[int, tuple[Form, tuple[int, ...], Shape]]:
    """Return what explains the levels and pressures of one tank."""
    levels, flows = tank.get(SensorType.LEVEL, []), tank.get(SensorType.FLOW, [])
    found: dict[int, tuple[Form, tuple[int, ...], Shape]] = {}
    if flows:
        for i in levels:
            equipment = registry.equipment_of(i)
            shape = SHAPE_OF_KIND.get(equipment.kind, Shape.UNKNOWN) if equipment else Shape.UNKNOWN
            found[i] = (Form.MASS, tuple(flows[:MOST]), shape)
    if levels:
        pressures = tank.get(SensorType.PRESSURE, [])
        level = registry.specs[levels[0]]
        weighing = [i for i in pressures if _weighs(registry.specs[i], level)]
        above = [i for i in pressures if i not in weighing]
        for i in weighing:
            found[i] = (Form.COLUMN, (levels[0], *above)[:MOST], Shape.UNKNOWN)
    return found


def _weighs(pressure: SensorSpec, level: SensorSpec) -> bool:
    """Tell whether a pressure transmitter's range is one for the column of liquid that the level measures.

    The vapour pressure of a sphere (0 to 2.5 MPa over 12 m) is not, and does not go with its level.
    """
    p_span, l_span = pressure.range_hi - pressure.range_lo, level.range_hi - level.range_lo
    if not (p_span > 0 and l_span > 0) or not convertible(pressure.unit, "kPa"):
        return False
    kpa = convert(p_span, pressure.unit, "kPa", span=True)
    if convertible(level.unit, "m"):
        height = convert(l_span, level.unit, "m", span=True)
        lowest = highest = height
    else:
        lowest, highest = _HEIGHTS_M
    least, most = _COLUMN_SHARE
    assert math.isfinite(kpa)
    return least * lowest * _KPA_PER_M <= kpa <= most * highest * _KPA_PER_M
