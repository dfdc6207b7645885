"""What a site is called, where one name stands for all of it."""

from registry.plant import Plant, Text


def site_name(plant: Plant) -> Text:
    """Return the name of the only enterprise, else of the widest area, else the program's."""
    if len(plant.enterprises) == 1:
        return next(iter(plant.enterprises.values())).name
    roots = [area for area in plant.areas.values() if area.parent is None]
    return roots[0].name if roots else Text("重大危险源监测预警", "Major hazard monitoring")
