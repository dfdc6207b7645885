"""Which sensors belong together: one rule, and the narrower circle lies within the wider one."""

import math
from dataclasses import replace
from itertools import product

from registry.circles import same_reading, same_thing
from registry.sensors import SensorSpec, SensorType

LEVEL = SensorSpec(
    id="e/A", sensor="A", enterprise="e", type=SensorType.LEVEL, unit="m", equipment="T-1", range_lo=0.0, range_hi=10.0, h=9.0
)  # fmt: skip


def test_a_group_watches_one_thing_whatever_the_types() -> None:
    grouped = replace(LEVEL, group="g", equipment=None)
    assert same_thing(grouped) == same_thing(replace(grouped, type=SensorType.PRESSURE, unit="kPa"))
    assert same_reading(grouped) != same_reading(replace(grouped, type=SensorType.PRESSURE))
    assert same_reading(grouped) != same_reading(replace(grouped, unit="%"))
    assert same_thing(grouped) != same_thing(replace(grouped, enterprise="f"))


def test_without_a_group_the_equipment_and_the_type_tell() -> None:
    assert same_thing(LEVEL) == same_thing(replace(LEVEL, unit="%", h=8.0))
    assert same_thing(LEVEL) != same_thing(replace(LEVEL, equipment="T-2"))
    assert same_reading(LEVEL) != same_reading(replace(LEVEL, h=8.0)), (
        "other set-points: not the same liquid's gauge"
    )
    assert same_reading(replace(LEVEL, type=SensorType.FLOW)) is None, "one is the inlet"
    bare = replace(LEVEL, type=SensorType.PRESSURE, h=math.nan)
    assert same_reading(bare) is None
    assert same_reading(replace(bare, h=5.0)) is not None
    assert same_thing(replace(LEVEL, equipment=None)) is None


def test_whoever_reads_the_same_watches_the_same_thing() -> None:
    specs = [
        replace(LEVEL, type=kind, unit=unit, equipment=equipment, group=group, h=h)
        for kind, unit, equipment, group, h in product(
            SensorType, ("m", "%"), ("T-1", "T-2", None), ("g", None), (9.0, math.nan)
        )
    ]
    for a, b in product(specs, specs):
        if same_reading(a) is not None and same_reading(a) == same_reading(b):
            assert same_thing(a) == same_thing(b)
