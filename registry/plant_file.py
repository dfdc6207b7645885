"""plant.yaml to `Plant`: areas, enterprises, hazard sources with their grade, equipment; all faults together.

What is wrong with one thing does not hide the others: an entry whose id can be read is in the `Plant` even where
something else of it is at fault, so that references to it are not faults of their own. A `Plant` that comes with an
error is good for checking references and for nothing else.
"""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from registry.entries import Entry
from registry.faults import Fault
from registry.grounds import area_map, check_grounds, site_plan
from registry.hazard import (
    HazardError,
    alpha_of_population,
    chemical,
    folded,
    grade,
    near_substances,
    tables,
)
from registry.marks import Marked, load_marked
from registry.persons import persons_of
from registry.plant import Area, Chemical, Enterprise, Equipment, HazardSource, Plant, SourceGrade, Text
from registry.sensors import SensorType
from registry.suggest import did_you_mean, shown
from registry.units import canonical, split_quantity, units_of

MEASURE_KEYS = (
    "any", "high", "low", "rate", "anomaly",
    "out_of_range", "dead", "stuck", "noise", "saturation", "clock", "bad_quality", "drift",
)  # fmt: skip
"""Kinds of alert for which a source can say what to do; ``any`` holds where the kind has nothing of its own."""

_SECTIONS = ("areas", "enterprises", "sources", "equipment", "map")
_AREA_KEYS = ("code", "name", "parent")
_ENTERPRISE_KEYS = ("id", "name", "area", "industry", "plan")
_SOURCE_KEYS = (
    "id", "enterprise", "name", "chemicals", "alpha", "population", "measures", "lon", "lat", "persons",
)  # fmt: skip
_CHEMICAL_KEYS = ("substance", "quantity_t", "class")
_EQUIPMENT_KEYS = ("id", "source", "name", "kind", "design")
_MAX_CODE_DIGITS = 12
_MAX_PEOPLE = 10_000_000
_MAX_TONNES = 1e9

_T = TypeVar("_T")


def load_plant(path: Path) -> tuple[Plant, list[Fault]]:
    """Read plant.yaml; never raises for what is in it."""
    return plant_of(load_marked(path))


def plant_of(marked: Marked) -> tuple[Plant, list[Fault]]:
    """Return the plant that a file describes, and all that is wrong with it."""
    faults = list(marked.faults)
    if marked.data is None and faults:
        return Plant(), faults
    allowed = f"a mapping of {', '.join(_SECTIONS)}"
    if not isinstance(marked.data, dict):
        return Plant(), [*faults, marked.fault((), "the file is not a mapping", allowed)]
    root = Entry(marked, (), marked.data, faults)
    root.check_keys(_SECTIONS)
    areas = _collect(root, "areas", "code", _area)
    enterprises = _collect(root, "enterprises", "id", _enterprise)
    sources = _collect(root, "sources", "id", _source)
    equipment = _collect(root, "equipment", "id", _equipment)
    plant = Plant(
        areas=MappingProxyType({key: area for key, (area, _) in areas.items()}),
        enterprises=MappingProxyType({key: enterprise for key, (enterprise, _) in enterprises.items()}),
        sources=MappingProxyType({key: source for key, (source, _) in sources.items()}),
        equipment=MappingProxyType({key: item for key, (item, _) in equipment.items()}),
        map=area_map(root),
    )
    check_grounds(root, plant)
    for area, entry in areas.values():
        _refer(entry, "parent", area.parent, plant.areas, "area")
        _check_cycle(entry, area, plant.areas)
    for enterprise, entry in enterprises.values():
        _refer(entry, "area", enterprise.area, plant.areas, "area")
    for source, entry in sources.values():
        _refer(entry, "enterprise", source.enterprise, plant.enterprises, "enterprise")
    for item, entry in equipment.values():
        _refer(entry, "source", item.source, plant.sources, "source")
    return plant, sorted(faults, key=lambda fault: _line_of(fault.where))


def _line_of(where: str) -> int:
    digits = where.removeprefix("line ").split(",")[0]
    return int(digits) if digits.isdecimal() else 0


def _collect(
    root: Entry, section: str, id_key: str, build: Callable[[str, Entry], _T]
) -> dict[str, tuple[_T, Entry]]:
    """Return what a section lists, by id; a second entry with the same id is a fault."""
    found: dict[str, tuple[_T, Entry]] = {}
    for entry in root.entries(section, f"a list of mappings, each with its {id_key}"):
        key = entry.id(id_key)
        if key is None:
            build("", entry)  # for its other faults
        elif key in found:
            first = found[key][1]
            entry.fault(
                id_key,
                f"the {id_key} {shown(key)} of {section} stands twice; the first is on {first.marked.where(first.path)}",
            )
        else:
            found[key] = (build(key, entry), entry)
    return found


def _refer(entry: Entry, key: str, ref: str | None, known: Mapping[str, object], what: str) -> None:
    if ref and ref not in known:
        names = ", ".join(list(known)[:8]) + (", …" if len(known) > 8 else "")  # noqa: PLR2004 - what a line holds
        entry.fault(
            key,
            f"unknown {what} {shown(ref)}{did_you_mean(ref, known)}",
            names or f"none is named: add {what}",
        )


def _check_cycle(entry: Entry, area: Area, areas: Mapping[str, Area]) -> None:
    seen = {area.code}
    step = areas.get(area.parent or "")
    while step is not None:
        if step.code in seen:
            if step.code == area.code:
                entry.fault("parent", f"the area {shown(area.code)} lies in itself")
            return
        seen.add(step.code)
        step = areas.get(step.parent or "")


def _area(code: str, entry: Entry) -> Area:
    entry.check_keys(_AREA_KEYS)
    if code and not (code.isdecimal() and code.isascii() and 2 <= len(code) <= _MAX_CODE_DIGITS):  # noqa: PLR2004
        entry.fault("code", f"the code {shown(code)} is no GB/T 2260 code", "2 to 12 digits, as 330211")
    return Area(code=code, name=entry.text("name", code), parent=entry.raw("parent"))


def _enterprise(key: str, entry: Entry) -> Enterprise:
    entry.check_keys(_ENTERPRISE_KEYS)
    return Enterprise(
        id=key,
        name=entry.text("name", key),
        area=entry.raw("area"),
        industry=entry.word("industry"),
        plan=site_plan(entry),
    )


def _equipment(key: str, entry: Entry) -> Equipment:
    entry.check_keys(_EQUIPMENT_KEYS)
    return Equipment(
        id=key,
        source=entry.id("source") or "",
        name=entry.text("name", key),
        kind=entry.word("kind") or "",
        design=_design(entry.mapping("design", "a limit by sensor type, as {pressure: 1.77 MPa}")),
    )


def _design(entry: Entry) -> Mapping[str, str]:
    """Return the design limits as texts with their units in the printed spelling."""
    entry.check_keys(tuple(str(member) for member in SensorType))
    limits: dict[str, str] = {}
    for name in entry.data:
        if name not in set(SensorType):
            continue
        units = units_of(SensorType(name))
        text = entry.raw(name) or ""
        parts = split_quantity(text)
        unit = canonical(parts[1]) or parts[1] if parts else ""
        if (
            parts is None
            or not math.isfinite(parts[0])
            or not unit
            or (units is not None and unit not in units)
        ):
            example = units[0] if units else "a unit"
            entry.fault(
                name,
                f"the design limit {shown(text)} is not a number with a unit of type {name}",
                f"a number and one of {', '.join(units)}" if units else f"a number and {example}",
            )
            continue
        limits[name] = f"{parts[0]!r} {unit}"
    return MappingProxyType(limits)


def _source(key: str, entry: Entry) -> HazardSource:
    entry.check_keys(_SOURCE_KEYS)
    alpha = _alpha(entry)
    chemicals = _chemicals(entry)
    s = r = math.nan
    graded: SourceGrade | None = None
    if alpha is not None and chemicals is not None:
        grading = grade(chemicals, alpha)
        s, r, graded = grading.s, grading.r, grading.grade
        if graded is None:
            message = (
                f"S = {s:.4g} is below 1: not a major hazard source by GB 18218-2018, so without a grade"
            )
            entry.fault("chemicals", message, level="warning")
    lon = entry.number("lon", -180, 180, "degrees east, -180 to 180")
    lat = entry.number("lat", -90, 90, "degrees north, -90 to 90")
    if (lon is None) != (lat is None):
        entry.fault("lon" if lat is None else "lat", "a position needs both lon and lat")
    return HazardSource(
        id=key,
        enterprise=entry.id("enterprise") or "",
        name=entry.text("name", key),
        alpha=alpha if alpha is not None else math.nan,
        chemicals=chemicals or (),
        r=r,
        s=s,
        grade=graded,
        measures=_measures(entry.mapping("measures", f"a text by kind of alert: {', '.join(MEASURE_KEYS)}")),
        lon=lon,
        lat=lat,
        persons=persons_of(entry),
    )


def _measures(entry: Entry) -> Mapping[str, Text]:
    entry.check_keys(MEASURE_KEYS)
    return MappingProxyType(
        {kind: entry.text(kind, lines=True) for kind in MEASURE_KEYS if entry.data.get(kind) is not None}
    )


def _alpha(entry: Entry) -> float | None:
    """Return alpha as given or by the population; None, with a fault, where neither will do."""
    alphas = tables().alphas
    alpha = entry.number("alpha", 0, math.inf, f"one of {', '.join(f'{a:g}' for a in alphas)}")
    people = entry.number("population", 0, _MAX_PEOPLE, "the number of people inside the boundary plus 500 m")
    if (alpha is None) == (people is None):
        message = (
            "both alpha and population are given" if alpha is not None else "alpha or population is missing"
        )
        entry.fault(
            "population" if alpha is not None else None,
            message,
            "one of them: people living inside the boundary plus 500 m, or alpha by table 5 of GB 18218-2018",
        )
        return None
    if people is not None:
        if not people.is_integer():
            if not math.isnan(people):
                entry.fault(
                    "population", f"population {people:g} is not a whole number", "a number of people"
                )
            return None
        return alpha_of_population(int(people))
    if alpha not in alphas:
        if alpha is not None and not math.isnan(alpha):
            entry.fault(
                "alpha",
                f"alpha {alpha:g} is not in table 5 of GB 18218-2018",
                ", ".join(f"{a:g}" for a in alphas),
            )
        return None
    return alpha


def _chemicals(source: Entry) -> tuple[Chemical, ...] | None:
    """Return the chemicals of a source; None where any of them is at fault or there are none."""
    shape = "a list as [{substance: 氯, quantity_t: 100}]"
    if source.data.get("chemicals") in (None, []):
        source.fault("chemicals", "chemicals are missing", shape)
        return None
    before = len(source.faults)
    found = [item for entry in source.entries("chemicals", shape) if (item := _chemical(entry)) is not None]
    return tuple(found) if not any(f.level == "error" for f in source.faults[before:]) else None


def _chemical(entry: Entry) -> Chemical | None:
    entry.check_keys(_CHEMICAL_KEYS)
    substance = entry.word("substance")
    if not substance and entry.data.get("substance"):
        return None
    if not substance:
        entry.fault(
            "substance",
            "substance is missing",
            "a substance of table 1 of GB 18218-2018, or any with its class",
        )
        return None
    quantity_t = entry.number("quantity_t", 0, _MAX_TONNES, "the design maximum in tonnes, 0 or more")
    if quantity_t is None:
        entry.fault("quantity_t", "quantity_t is missing", "the design maximum in tonnes")
    try:
        item = chemical(
            substance, 0 if quantity_t is None or math.isnan(quantity_t) else quantity_t, _classes(entry)
        )
    except HazardError as exc:
        entry.fault(exc.about, str(exc), exc.allowed)
        return None
    row = tables().by_name.get(folded(substance))
    if row is None and (names := near_substances(substance)):
        message = f"{shown(substance)} is not in table 1 of GB 18218-2018 and is graded by its class; near names: {', '.join(names)}"
        entry.fault("substance", message, level="warning")
    elif row is not None and not row.verified:
        entry.fault(
            "substance",
            f"the figures for {shown(substance)} were not yet checked in the standard",
            level="warning",
        )
    return item


def _classes(entry: Entry) -> tuple[str, ...]:
    value = entry.data.get("class")
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    return tuple(str(item) for item in items)
