"""A scenario as a person writes it: YAML to `Practice`, every fault with its line, all together (docs/sim.md)."""

import math
from collections.abc import Mapping
from pathlib import Path

from registry.entries import Entry
from registry.faults import InputError, errors_in
from registry.marks import Marked, load_marked
from registry.plant import Text
from registry.suggest import shown
from sim.faults.plan import Campaign
from sim.plant.air import Climate
from sim.plant.equipment import Reaction
from sim.plant.kinds import KINDS
from sim.plant.liquids import Liquid, liquids
from sim.plant.site import LIMITS, Gauging, Site, Source, pascal
from sim.practice.scenario import Practice
from sim.practice.told import events_told
from sim.practice.values import choice, flag, needed, number, whole
from sim.vessels import Lying, Shape, Sphere, Upright

_KEYS = ("scenario", "text", "site", "sources", "campaign", "events")
_SITE_KEYS = ("enterprise", "name", "areas", "climate")
_CLIMATE_KEYS = ("mean_c", "swing_c", "wind_m_s", "from_deg", "zone_h")
_SOURCE_KEYS = (
    "id", "name", "kind", "liquid", "vessels", "diameter_m", "height_m", "length_m", "flow_m3_h", "band", "feed_c",
    "population", "spacing_m", "design", "relief", "reaction", "transfers", "sensors",
)  # fmt: skip
_REACTION_KEYS = (
    "share", "rate_1_s", "activation_j_mol", "heat_j_kg", "jacket_w_k", "coolant_c", "set_c", "rest", "gain_1_k",
)  # fmt: skip
_SENSOR_KEYS = ("unit", "range_lo", "range_hi", "ll", "l", "h", "hh", "scan_s", "count")
_SENSORS = ("level", "pressure", "temperature", "gas", "inflow", "outflow", "header")
_UNITS: Mapping[str, tuple[str, ...]] = {
    "level": ("m",),
    "pressure": ("kPa", "MPa"),
    "temperature": ("degC",),
    "gas": ("%LEL", "mg/m3"),
    "inflow": ("m3/h",),
    "outflow": ("m3/h",),
    "header": ("kPa", "MPa"),
}
_ANY = 1e6
_NEEDED = {"pressure": "hh", "gas": "h"}
"""The limit by which the sizes of faults are measured."""
_SHAPES: Mapping[str, tuple[str, ...]] = {
    "fixed_roof": ("diameter_m", "height_m"),
    "floating_roof": ("diameter_m", "height_m"),
    "refrigerated": ("diameter_m", "height_m"),
    "reactor": ("diameter_m", "height_m"),
    "sphere": ("diameter_m",),
    "bullet": ("diameter_m", "length_m"),
}


def load_scenario(path: Path) -> Practice:
    """Read a scenario file; raise `InputError` with every fault in it."""
    return scenario_of(load_marked(path))


def scenario_of(marked: Marked) -> Practice:
    """Return the scenario that a file tells; raise `InputError` with every fault in it."""
    faults = list(marked.faults)
    if faults:
        raise InputError(faults)
    if not isinstance(marked.data, dict):
        allowed = f"a mapping of {', '.join(_KEYS)}"
        raise InputError([marked.fault((), "the file is not a scenario", allowed)])
    root = Entry(marked, (), marked.data, faults)
    root.check_keys(_KEYS)
    name = root.id("scenario") or "?"
    site = _site(
        root, [source for entry in root.entries("sources", "a list of sources") if (source := _source(entry))]
    )
    if not site.sources and not errors_in(faults):
        root.fault("sources", "there is no source", "at least one hazard source with vessels")
    told = [] if errors_in(faults) else events_told(root, site)
    campaign = _campaign(root)
    if errors_in(faults):
        raise InputError(faults)
    return Practice(name, root.text("text", name), site, tuple(told), campaign)


def _site(root: Entry, sources: list[Source]) -> Site:
    entry = root.mapping("site", f"a mapping of {', '.join(_SITE_KEYS)}")
    entry.check_keys(_SITE_KEYS)
    climate = entry.mapping("climate", f"a mapping of {', '.join(_CLIMATE_KEYS)}")
    climate.check_keys(_CLIMATE_KEYS)
    usual = Climate()
    seen: set[str] = set()
    for i, source in enumerate(sources):
        if source.id in seen:
            root.faults.append(
                root.marked.fault(("sources", i, "id"), f"the source {shown(source.id)} stands twice")
            )
        seen.add(source.id)
    return Site(
        enterprise=entry.id("enterprise") or "?",
        enterprise_text=entry.text("name", "site"),
        area=tuple(_areas(entry)),
        climate=Climate(
            mean_c=number(climate, "mean_c", -50, 60, usual.mean_c),
            swing_c=number(climate, "swing_c", 0, 30, usual.swing_c),
            wind_m_s=number(climate, "wind_m_s", 0.3, 40, usual.wind_m_s),
            from_deg=number(climate, "from_deg", 0, 360, usual.from_deg),
            zone_h=number(climate, "zone_h", -12, 14, usual.zone_h),
        ),
        sources=tuple(sources),
    )


def _areas(entry: Entry) -> list[tuple[str, Text]]:
    found = []
    for area in entry.entries("areas", "a list of {code, name}, the widest first"):
        area.check_keys(("code", "name"))
        found.append((area.raw("code") or "?", area.text("name", "?")))
    return found


def _source(entry: Entry) -> Source | None:
    """Return a source, or None where it has a fault that leaves nothing to work with."""
    before = len(entry.faults)
    entry.check_keys(_SOURCE_KEYS)
    kind = choice(entry, "kind", tuple(KINDS))
    liquid = liquids().get(choice(entry, "liquid", tuple(liquids())) or "")
    shape = _shape(entry, kind) if kind else None
    identity, band = entry.id("id"), _band(entry)
    gauging = _sensors(entry)
    _check_gas(entry, liquid, gauging.get("gas"))
    relief_pa = _relief_pa(entry, gauging.get("pressure"))
    flow = needed(entry, "flow_m3_h", 1e-3, 1e5)
    feed_c, spacing = number(entry, "feed_c", -200, 400, 20.0), number(entry, "spacing_m", 1, 1000, 25.0)
    count, population = whole(entry, "vessels", 1, 1000, 1), whole(entry, "population", 0, 10_000_000, 0)
    reaction, transfers = _reaction(entry, kind), flag(entry, "transfers", usual=False)
    if not (kind and liquid and shape and identity) or errors_in(entry.faults[before:]):
        return None
    return Source(
        id=identity,
        text=entry.text("name", identity),
        kind=kind,
        liquid=liquid,
        count=count,
        shape=shape,
        flow_m3_h=flow,
        feed_c=feed_c,
        spacing_m=spacing,
        population=population,
        band=band,
        gauging=gauging,
        relief_pa=relief_pa,
        design=entry.raw("design") or "",
        reaction=reaction,
        transfers=transfers,
    )


def _check_gas(entry: Entry, liquid: Liquid | None, gas: Gauging | None) -> None:
    if gas is not None and gas.unit == "%LEL" and liquid is not None and liquid.lfl_share is None:
        entry.fault(
            "liquid", f"{liquid.name} does not burn, so that its gas has no %LEL", "gas: {unit: mg/m3}"
        )


def _relief_pa(entry: Entry, pressure: Gauging | None) -> float:
    """Return the relief valve's set pressure, which the file has in the unit of the pressure sensors."""
    relief = number(entry, "relief", 1e-9, 1e6, math.inf)
    if relief == math.inf:
        return relief
    if pressure is None:
        message = "a relief pressure needs sensors.pressure, in whose unit it is"
        entry.fault("relief", message, "sensors: {pressure: …}")
        return math.inf
    return pascal(relief, pressure.unit)


def _shape(entry: Entry, kind: str) -> Shape | None:
    wanted = _SHAPES[kind]
    for key in {"diameter_m", "height_m", "length_m"} - set(wanted):
        if entry.data.get(key) is not None:
            entry.fault(key, f"a {kind} has no {key}", ", ".join(wanted))
    size = {key: needed(entry, key, 0.1, 200) for key in wanted}
    if any(math.isnan(value) for value in size.values()):
        return None
    match kind:
        case "sphere":
            return Sphere(size["diameter_m"])
        case "bullet":
            return Lying(height_m=size["diameter_m"], length_m=size["length_m"])
    return Upright(height_m=size["height_m"], diameter_m=size["diameter_m"])


def _band(entry: Entry) -> tuple[float, float]:
    value = entry.data.get("band", [0.25, 0.82])
    allowed = "two shares of the volume, such as [0.25, 0.82]"
    if (
        not isinstance(value, list)
        or len(value) != 2  # noqa: PLR2004 - a band has two ends
        or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)
        or not 0 < value[0] < value[1] < 1
    ):
        entry.fault("band", f"band {shown(value)} does not fit", allowed)
        return 0.25, 0.82
    return float(value[0]), float(value[1])


def _reaction(entry: Entry, kind: str | None) -> Reaction | None:
    if entry.data.get("reaction") is None:
        if kind == "reactor":
            entry.fault(
                "kind", "a reactor needs a reaction", f"reaction: a mapping of {', '.join(_REACTION_KEYS)}"
            )
        return None
    sub = entry.mapping("reaction", f"a mapping of {', '.join(_REACTION_KEYS)}")
    sub.check_keys(_REACTION_KEYS)
    return Reaction(**{key: needed(sub, key, -100, 1e9) for key in _REACTION_KEYS})


def _sensors(entry: Entry) -> dict[str, Gauging]:
    sensors = entry.mapping("sensors", f"a mapping of {', '.join(_SENSORS)}")
    sensors.check_keys(_SENSORS)
    found = {}
    for what in _SENSORS:
        if sensors.data.get(what) is None:
            continue
        sub = sensors.mapping(what, f"a mapping of {', '.join(_SENSOR_KEYS)}")
        sub.check_keys(_SENSOR_KEYS)
        unit = choice(sub, "unit", _UNITS[what]) if what != "level" else "m"
        low, high = number(sub, "range_lo", -_ANY, _ANY, 0.0), number(sub, "range_hi", -_ANY, _ANY, 1.0)
        if low >= high:
            sub.fault("range_hi", f"range_hi {high:g} is not above range_lo {low:g}")
            low, high = -_ANY, _ANY
        scan_s = whole(sub, "scan_s", 1, 60, 5)
        if 60 % scan_s:
            sub.fault("scan_s", f"scan_s {scan_s} does not divide a minute", "1, 2, 3, 5, 10, 15, 20, 30, 60")
        usual = 0 if what in {"level", "pressure", "temperature"} else 1
        found[what] = Gauging(
            unit=unit or "m",
            range_lo=low,
            range_hi=high,
            limits=_limits(sub, what, (0.0, 1.0) if what == "level" else (low, high)),
            scan_s=scan_s,
            count=whole(sub, "count", 1, 100, usual),
        )
    if not found:
        entry.fault("sensors" if sensors.data else None, "the source has no sensor", ", ".join(_SENSORS))
    return found


def _limits(sub: Entry, what: str, within: tuple[float, float]) -> dict[str, float]:
    """Return the limits of a type of sensor: rising, within its range (a level's: shares of the volume)."""
    found: dict[str, float] = {}
    for name in LIMITS:
        value = sub.number(name, *within, f"a number from {within[0]:g} to {within[1]:g}")
        if value is None or math.isnan(value):
            if name == _NEEDED.get(what) and sub.data.get(name) is None:
                sub.fault(None, f"{what} has no {name}, which faults are measured by", f"{name}: a number")
            continue
        if found and value <= max(found.values()):
            sub.fault(name, f"{name} {value:g} is not above {max(found.values()):g}", "ll < l < h < hh")
        found[name] = value
    return found


def _campaign(root: Entry) -> Campaign | None:
    if root.data.get("campaign") is None:
        return None
    entry = root.mapping("campaign", "a mapping of faults_a_day, look_alikes")
    entry.check_keys(("faults_a_day", "look_alikes"))
    return Campaign(
        faults=whole(entry, "faults_a_day", 0, 5, 1),
        look_alikes=flag(entry, "look_alikes", usual=True),
    )
