"""The points table: CSV or XLSX to `SensorSpec`s, every fault with its line and column or its cell."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from registry.defaults import TypeDefaults
from registry.faults import Fault
from registry.ids import topic_problem
from registry.limit_rules import complaints
from registry.plant import Plant
from registry.point_row import IN_UNIT, PointRow
from registry.sensors import SensorSpec, SensorType, full_id
from registry.sheets import Row, Sheet, read_sheet
from registry.suggest import did_you_mean, shown
from registry.texts import one_line
from registry.units import canonical, convert, convertible, split_quantity

COLUMNS = (
    *(
        "sensor",
        "enterprise",
        "source",
        "equipment",
        "type",
        "unit",
        "range_lo",
        "range_hi",
        "ll",
        "l",
        "h",
        "hh",
    ),
    *("deadband", "on_delay_s", "off_delay_s", "scan_s", "group", "x", "y", "z", "description", "topic"),
)
REQUIRED = ("sensor", "type")

_SECONDS = ("on_delay_s", "off_delay_s", "scan_s")
_WITHOUT_SOURCE = frozenset(
    {SensorType.WIND_SPEED, SensorType.WIND_DIRECTION, SensorType.VALVE, SensorType.OTHER}
)
"""Types that may well stand outside any hazard source; all others measure a process or a gas."""


def load_points(
    path: Path, plant: Plant, defaults: Mapping[SensorType, TypeDefaults]
) -> tuple[list[SensorSpec], list[Fault]]:
    """Read the points table at `path`; never raises for what is in it.

    Enterprises, sources and equipment are checked where `plant` names any. A sensor with a fault of its own is left
    out of the list, so that it is complete only where no fault is an error.
    """
    return points_of(read_sheet(path), plant, defaults)


def points_of(
    sheet: Sheet, plant: Plant, defaults: Mapping[SensorType, TypeDefaults]
) -> tuple[list[SensorSpec], list[Fault]]:
    """Return the sensors of a table that was read, and all that is wrong with it."""
    faults = list(sheet.faults)
    if not sheet.rows:
        if not faults:
            allowed = f"a header line with {' and '.join(REQUIRED)}, then one line a sensor"
            faults.append(Fault(file=sheet.file, where="", message="the table is empty", allowed=allowed))
        return [], faults
    columns = _header(sheet, faults)
    if any(name not in columns for name in REQUIRED):
        return [], faults
    table = _Table(sheet, columns, plant, defaults, faults)
    specs = [spec for row in sheet.rows[1:] if any(row.cells) and (spec := table.spec(row)) is not None]
    if len(sheet.rows) == 1:
        message = "the table has a header and no sensors"
        faults.append(
            Fault(file=sheet.file, where=table.sheet.place(sheet.rows[0].number, None, ""), message=message)
        )
    faults += table.tally.faults()
    return specs, faults


def _header(sheet: Sheet, faults: list[Fault]) -> dict[str, int]:
    """Return the position of each known column; unknown, double and missing ones are faults."""
    row = sheet.rows[0]
    found: dict[str, int] = {}

    def fault(column: int | None, name: str, message: str) -> None:
        where = sheet.place(row.number, column, name[:40])
        faults.append(Fault(file=sheet.file, where=where, message=message, allowed=", ".join(COLUMNS)))

    for column, cell in enumerate(row.cells):
        name = cell.casefold()
        if name in found:
            fault(column, name, f"the column {shown(cell)} stands twice")
        elif name in COLUMNS:
            found[name] = column
        elif name:
            fault(
                column,
                "" if not name.isprintable() else name,
                f"unknown column {shown(cell)}{did_you_mean(cell, COLUMNS)}",
            )
    for name in REQUIRED:
        if name not in found:
            fault(None, "", f"the column {name!r} is missing")
    return found


class _Tally:
    """Warnings that many rows share: told once, at the first row, with their number."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[Fault, int]] = {}

    def add(self, key: str, fault: Fault) -> None:
        first, rows = self._first.get(key, (fault, 0))
        self._first[key] = (first, rows + 1)

    def faults(self) -> list[Fault]:
        return [
            first if rows == 1 else replace(first, message=f"{first.message} (and {rows - 1} more such rows)")
            for first, rows in self._first.values()
        ]


@dataclass(frozen=True, slots=True)
class _Place:
    enterprise: str
    source: str | None
    equipment: str | None


class _Table:
    """Turns rows into sensors, one at a time; what it remembers between rows are ids and topics that are taken."""

    def __init__(
        self,
        sheet: Sheet,
        columns: Mapping[str, int],
        plant: Plant,
        defaults: Mapping[SensorType, TypeDefaults],
        faults: list[Fault],
    ) -> None:
        self.sheet = sheet
        self.columns = columns
        self.plant = plant
        self.checks_places = bool(plant.enterprises or plant.sources or plant.equipment)
        self.defaults = defaults
        self.faults = faults
        self.tally = _Tally()
        self.ids: dict[str, str] = {}
        self.topics: dict[str, str] = {}

    def spec(self, row: Row) -> SensorSpec | None:
        """Return the sensor of one row, or None where the row has an error."""
        line = PointRow(self.sheet, self.columns, row, self.faults)
        line.check_width()
        sensor = line.id("sensor")
        place = self._place(line)
        sensor_type = line.type()
        default = self.defaults.get(sensor_type, TypeDefaults()) if sensor_type else TypeDefaults()
        unit = line.unit(sensor_type, canonical(default.unit) or default.unit)
        names = (*IN_UNIT, *_SECONDS, "x", "y", "z")
        numbers = {name: line.number(name, unit, span=name == "deadband") for name in names}
        self._unique(line, sensor, place.enterprise)
        if sensor_type is None:
            return None
        from_type = self._fill(line, numbers, default, sensor_type, unit)
        spec = SensorSpec(
            id=full_id(place.enterprise, sensor),
            sensor=sensor,
            enterprise=place.enterprise,
            type=sensor_type,
            unit=unit,
            source=place.source,
            equipment=place.equipment,
            design=self._design(line, place.equipment, sensor_type, unit),
            group=one_line(line.text("group")) or None,
            topic=line.text("topic") or None,
            description=one_line(line.text("description")),
            **{name: _value(numbers[name], 0.0 if name in _ZERO_IF_NONE else math.nan) for name in numbers},
        )
        for complaint in complaints(spec, from_type):
            line.fault(complaint.column, complaint.message, complaint.allowed, complaint.level)
        if place.source is None and self.plant.sources and sensor_type not in _WITHOUT_SOURCE:
            message = (
                f"a sensor of type {sensor_type} has no hazard source: its alerts are graded without one"
            )
            self.tally.add("source", line.make("source", message, level="warning"))
        return None if line.failed else spec

    def _unique(self, line: PointRow, sensor: str, enterprise: str) -> None:
        if sensor:
            name = full_id(enterprise, sensor)
            first = self.ids.setdefault(name, line.where("sensor"))
            if first != line.where("sensor"):
                line.fault("sensor", f"the sensor {shown(name)} stands twice; the first is at {first}")
        if topic := line.text("topic"):
            if problem := topic_problem(topic):
                line.fault("topic", f"the topic {shown(topic)} {problem}", "one topic without + and #")
            first = self.topics.setdefault(topic, line.where("topic"))
            if first != line.where("topic"):
                line.fault("topic", f"the topic {shown(topic)} is mapped twice; the first is at {first}")

    def _place(self, line: PointRow) -> _Place:
        """Return where the sensor belongs; what a row leaves out follows from the equipment or the source."""
        enterprise, source, equipment = (
            line.id(name, needed=False) for name in ("enterprise", "source", "equipment")
        )
        if self.checks_places:
            plant = self.plant
            if equipment and line.known("equipment", equipment, plant.equipment):
                its_source = plant.equipment[equipment].source
                if source and source != its_source:
                    line.fault(
                        "equipment", f"the equipment {shown(equipment)} belongs to source {shown(its_source)}"
                    )
                source = source or its_source
            if source and line.known("source", source, plant.sources):
                owner = plant.sources[source].enterprise
                if enterprise and enterprise != owner:
                    line.fault("source", f"the source {shown(source)} belongs to enterprise {shown(owner)}")
                enterprise = enterprise or owner
            if enterprise:
                line.known("enterprise", enterprise, plant.enterprises)
            elif len(plant.enterprises) == 1:
                (enterprise,) = plant.enterprises
        return _Place(enterprise, source or None, equipment or None)

    def _fill(
        self,
        line: PointRow,
        numbers: dict[str, float | None],
        default: TypeDefaults,
        sensor_type: SensorType,
        unit: str,
    ) -> frozenset[str]:
        """Put the type's defaults where the row says nothing; return the names of those that it filled."""
        missing = [name for name, value in numbers.items() if value is None]
        usable: dict[str, float] = {name: getattr(default, name) for name in missing if name in _SECONDS}
        in_unit = [
            name
            for name in missing
            if name in (*IN_UNIT, "deadband") and not math.isnan(getattr(default, name))
        ]
        default_unit = canonical(default.unit) or default.unit
        if not default_unit or not in_unit or convertible(default_unit, unit):
            for name in in_unit:
                value = getattr(default, name)
                span = name == "deadband"
                usable[name] = convert(value, default_unit, unit, span=span) if default_unit else value
        elif not line.failed:
            message = (
                f"the default {', '.join(in_unit)} of type {sensor_type} in {default_unit} cannot be converted to "
                f"{unit or 'no unit'} and is left out"
            )
            self.tally.add(f"{sensor_type} {unit} {in_unit}", line.make("unit", message, level="warning"))
        filled = {name for name, value in usable.items() if not math.isnan(value)}
        numbers.update({name: usable[name] for name in filled})
        if numbers["deadband"] is None and not math.isnan(default.deadband_pct):
            width = _value(numbers["range_hi"], math.nan) - _value(numbers["range_lo"], math.nan)
            if width > 0:
                numbers["deadband"] = float(f"{width * default.deadband_pct / 100:.12g}")
                filled.add("deadband")
        return frozenset(filled)

    def _design(self, line: PointRow, equipment: str | None, sensor_type: SensorType, unit: str) -> float:
        known = self.plant.equipment.get(equipment) if equipment else None
        text = known.design.get(sensor_type) if known else None
        if text is None:
            return math.nan
        value = _design_value(text, unit)
        if math.isnan(value):
            message = (
                f"the design limit {shown(text)} of equipment {shown(equipment)} cannot be said in "
                f"{unit or 'no unit'} and is not watched by this sensor"
            )
            self.tally.add(
                f"design {equipment} {sensor_type} {unit}", line.make("unit", message, level="warning")
            )
        return value


_ZERO_IF_NONE = frozenset({"deadband", "on_delay_s", "off_delay_s"})


def _value(number: float | None, otherwise: float) -> float:
    return otherwise if number is None or math.isnan(number) else number


@lru_cache(maxsize=4096)
def _design_value(text: str, unit: str) -> float:
    """Return a design limit such as ``1.77 MPa`` in `unit`; NaN where that means nothing."""
    parts = split_quantity(text)
    its_unit = canonical(parts[1]) if parts and parts[1] else ""
    if parts is None or its_unit is None or not (its_unit == "" or convertible(its_unit, unit)):
        return math.nan
    return convert(parts[0], its_unit, unit) if its_unit else parts[0]
