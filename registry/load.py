"""From the files of a plant to the `SensorRegistry` that everything else speaks in."""

from collections.abc import Mapping
from pathlib import Path

from registry.defaults import TypeDefaults
from registry.faults import Fault, errors_in
from registry.plant import Plant
from registry.plant_file import load_plant
from registry.points import load_points
from registry.sensors import SensorRegistry, SensorType


def load_registry(
    plant_path: Path | None, points_path: Path, defaults: Mapping[SensorType, TypeDefaults]
) -> tuple[SensorRegistry | None, list[Fault]]:
    """Read both files; the registry is None where any fault of either is an error. All faults come together."""
    plant, faults = (Plant(), []) if plant_path is None else load_plant(plant_path)
    specs, points_faults = load_points(points_path, plant, defaults)
    faults = [*faults, *points_faults]
    return (None if errors_in(faults) else SensorRegistry(tuple(specs), plant)), faults
