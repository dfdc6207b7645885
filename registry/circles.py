"""Which sensors belong together, by the points table alone: one rule for all who ask.

Two questions, each answered by a key that the sensors of a circle share, None for a sensor that stands alone:

- Do they watch the same thing, so that what one says the others confirm? Alerts confirm each other by that (alerting.peers), and
  those of one type and group vote (detectors.groups.members).
- Should they read the same, so that a difference is a fault of one of them? drift compares by that
  (detectors.relations.pairs), and one that moves is the witness against one that rests (detectors.health_rows).

The second circle lies within the first: whoever reads the same watches the same thing.
"""

import math

from registry.sensors import SensorSpec, SensorType

Circle = tuple[str, ...]


def same_thing(spec: SensorSpec) -> Circle | None:
    """Return what sensors have in common that watch the same thing.

    Sensors of one group do, whatever their types, for the plant says so. Without a group, those of a type on one equipment.
    """
    if spec.group:
        return ("group", spec.enterprise, spec.group)
    if spec.equipment:
        return ("equipment", spec.enterprise, spec.equipment, spec.type)
    return None


def same_reading(spec: SensorSpec) -> Circle | None:
    """Return what sensors have in common that should read the same.

    In a group, type and unit. Without one, flows of a tank are its inlet and outlet, and temperatures its bottom and top;
    levels should agree if they are ranged alike and have the same set-points, and pressures if there are set-points at all
    (suction and discharge differ in them).
    """
    circle = same_thing(spec)
    if circle is None:
        return None
    if spec.group:
        return (*circle, spec.type, spec.unit)
    known = not all(map(math.isnan, spec.limits))
    if spec.type is SensorType.LEVEL or (spec.type is SensorType.PRESSURE and known):
        return (*circle, spec.unit, *(str(x) for x in (spec.range_lo, spec.range_hi, *spec.limits)))
    return None
