"""What maps and plans are drawn on, as plant.yaml names it: the area's map, and each site's plan."""

import math
from pathlib import Path

from registry.drawing import MAX_METRES, Bounds, Drawing, load_drawing
from registry.entries import Entry
from registry.picture import Picture, load_picture
from registry.plant import Plant, SitePlan

MAX_GROUND_BYTES = 64 * 1024 * 1024
"""All of them together: they are held in memory, so that what was checked is what is shown."""

_PLAN_KEYS = ("file", "x", "y", "north_deg")
_DRAWN = (".geojson", ".json")
_EXTENT = "[from, to] in metres, as x and y of the points table"


def area_map(root: Entry) -> Drawing | None:
    """Return the drawing that `map` names, in degrees."""
    path = _file(root, "map")
    if path is None:
        return None
    drawing, faults = load_drawing(path, degrees=True)
    root.faults += faults
    return drawing


def site_plan(enterprise: Entry) -> SitePlan | None:
    """Return an enterprise's plan; None where there is none, or where something of it is at fault."""
    if enterprise.data.get("plan") is None:
        return None
    entry = enterprise.mapping("plan", "{file: site.geojson}, or {file: site.png, x: [0, 300], y: [0, 200]}")
    entry.check_keys(_PLAN_KEYS)
    path = _file(entry, "file")
    north_deg = entry.number("north_deg", -360, 360, "degrees clockwise from the plan's up to true north")
    if path is None:
        if entry.data and entry.data.get("file") is None:
            entry.fault("file", "file is missing", "a GeoJSON file, or a PNG or JPEG picture")
        return None
    ground = _drawn(entry, path) if path.suffix.casefold() in _DRAWN else _pictured(entry, path)
    return None if ground is None else SitePlan(ground=ground, north_deg=north_deg or 0.0)


def check_grounds(root: Entry, plant: Plant) -> None:
    """Refuse more than is to be held in memory."""
    plans = [one.plan.ground for one in plant.enterprises.values() if one.plan is not None]
    held = sum(len(one.geojson if isinstance(one, Drawing) else one.body) for one in plans)
    if held > MAX_GROUND_BYTES:
        message = f"the plans of all enterprises have {held} bytes"
        root.fault("enterprises", message, f"at most {MAX_GROUND_BYTES} bytes together")


def _drawn(entry: Entry, path: Path) -> Drawing | None:
    for key in ("x", "y"):
        if entry.data.get(key) is not None:
            entry.fault(key, f"{key} is for pictures: a drawing says itself where it lies", "no x and y")
    drawing, faults = load_drawing(path, degrees=False)
    entry.faults += faults
    return drawing


def _pictured(entry: Entry, path: Path) -> Picture | None:
    x, y = (_extent(entry, key) for key in ("x", "y"))
    bounds: Bounds = (0, 0, 1, 1) if x is None or y is None else (x[0], y[0], x[1], y[1])
    picture, faults = load_picture(path, bounds)
    entry.faults += faults
    return None if x is None or y is None else picture


def _extent(entry: Entry, key: str) -> tuple[float, float] | None:
    """Return from where to where a picture reaches; None, with a fault, where it does not say."""
    match entry.data.get(key):
        case [int() | float() as low, int() | float() as high] if (
            -MAX_METRES <= low < high <= MAX_METRES and math.isfinite(low) and math.isfinite(high)
        ):
            return float(low), float(high)
        case None:
            entry.fault(key, f"{key} is missing: a picture does not say what it covers", _EXTENT)
        case _:
            entry.fault(key, f"{key} does not fit", _EXTENT)
    return None


def _file(entry: Entry, key: str) -> Path | None:
    """Return the file that a key names, relative to the plant file."""
    name = entry.raw(key)
    return Path(entry.marked.file).parent / name if name else None
