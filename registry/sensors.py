"""Sensors and the table that gives each a dense index and its limits as columns."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from registry.plant import Enterprise, Equipment, HazardSource, Plant

LIMIT_NAMES = ("ll", "l", "h", "hh", "design")
"""The limits of a sensor in the order of the columns of `SensorRegistry.limits`.

ll and l are low limits; h, hh and design are high ones. `design` is the equipment's design limit (plant.yaml).
"""


class SensorType(StrEnum):
    """What a sensor measures; the type decides its units, its defaults and its name in titles."""

    LEVEL = "level"
    PRESSURE = "pressure"
    GAS_COMBUSTIBLE = "gas_combustible"
    GAS_TOXIC = "gas_toxic"
    OXYGEN = "oxygen"
    TEMPERATURE = "temperature"
    FLOW = "flow"
    WIND_SPEED = "wind_speed"
    WIND_DIRECTION = "wind_direction"
    VALVE = "valve"
    OTHER = "other"


GAS_TYPES = frozenset({SensorType.GAS_COMBUSTIBLE, SensorType.GAS_TOXIC, SensorType.OXYGEN})
"""Types whose limits must never wait: GB/T 50493-2019."""

_NAN = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSpec:
    """One sensor as the points table has it, defaults filled in, limits in the sensor's own unit.

    NaN stands for a limit, range or delay that the sensor does not have. `scan_s` is the interval at which a
    reading is expected; NaN means that its silence means nothing. `group` names sensors that watch the same thing
    and so confirm each other. `topic` maps bare numbers of that MQTT topic to this sensor.
    """

    id: str
    sensor: str
    enterprise: str
    type: SensorType
    unit: str = ""
    source: str | None = None
    equipment: str | None = None
    range_lo: float = _NAN
    range_hi: float = _NAN
    ll: float = _NAN
    l: float = _NAN  # noqa: E741 - the field's own name
    h: float = _NAN
    hh: float = _NAN
    design: float = _NAN
    deadband: float = 0.0
    on_delay_s: float = 0.0
    off_delay_s: float = 0.0
    scan_s: float = _NAN
    group: str | None = None
    topic: str | None = None
    x: float = _NAN
    y: float = _NAN
    z: float = _NAN
    description: str = ""

    @property
    def limits(self) -> tuple[float, float, float, float, float]:
        """The limits in the order of `LIMIT_NAMES`, NaN where there is none."""
        return (self.ll, self.l, self.h, self.hh, self.design)


@dataclass(frozen=True, slots=True)
class SensorRegistry:
    """All sensors, each with a dense index 0..n-1 that every other room speaks in.

    Columns are read-only arrays over that index: `limits` is (n, 5) in the order of `LIMIT_NAMES`. The full id is
    ``enterprise/sensor`` (`index` maps it); a sensor without an enterprise has its bare name as full id.
    """

    specs: tuple[SensorSpec, ...]
    plant: Plant = field(default_factory=Plant)
    index: Mapping[str, int] = field(init=False)
    topics: Mapping[str, int] = field(init=False)
    limits: NDArray[np.float64] = field(init=False)
    range_lo: NDArray[np.float64] = field(init=False)
    range_hi: NDArray[np.float64] = field(init=False)
    deadband: NDArray[np.float64] = field(init=False)
    on_delay_s: NDArray[np.float64] = field(init=False)
    off_delay_s: NDArray[np.float64] = field(init=False)
    scan_s: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        specs = self.specs

        def put(name: str, value: object) -> None:
            object.__setattr__(self, name, value)

        put("index", {spec.id: i for i, spec in enumerate(specs)})
        put("topics", {spec.topic: i for i, spec in enumerate(specs) if spec.topic})
        assert len(self.index) == len(specs), "ids are unique: the loader has checked"
        put(
            "limits",
            _frozen(np.array([s.limits for s in specs], np.float64).reshape(len(specs), len(LIMIT_NAMES))),
        )
        for name in ("range_lo", "range_hi", "deadband", "on_delay_s", "off_delay_s", "scan_s"):
            put(name, _frozen(np.fromiter((getattr(s, name) for s in specs), np.float64, len(specs))))

    def __len__(self) -> int:
        return len(self.specs)

    def source_of(self, i: int) -> HazardSource | None:
        """Return the hazard source of sensor `i`, if it belongs to one."""
        source = self.specs[i].source
        return self.plant.sources.get(source) if source else None

    def enterprise_of(self, i: int) -> Enterprise | None:
        """Return the enterprise of sensor `i`, if the plant file names it."""
        return self.plant.enterprises.get(self.specs[i].enterprise)

    def equipment_of(self, i: int) -> Equipment | None:
        """Return the equipment that sensor `i` is mounted on, if the plant file names it."""
        equipment = self.specs[i].equipment
        return self.plant.equipment.get(equipment) if equipment else None


def full_id(enterprise: str, sensor: str) -> str:
    """Return the id that is unique over all enterprises."""
    return f"{enterprise}/{sensor}" if enterprise else sensor


def registry_of_columns(names: Iterable[str]) -> SensorRegistry:
    """Return a registry for a recording without a points table: every column is a sensor of type other."""
    return SensorRegistry(
        tuple(SensorSpec(id=name, sensor=name, enterprise="", type=SensorType.OTHER) for name in names)
    )


def _frozen(column: NDArray[np.float64]) -> NDArray[np.float64]:
    column.setflags(write=False)
    return column
