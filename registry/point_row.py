"""One row of the points table: its cells as ids, types, units and numbers, its faults with their places."""

import math
from collections.abc import Mapping
from typing import Literal

from registry.faults import Fault
from registry.ids import ALLOWED_ID, id_problem
from registry.sensors import SensorType
from registry.sheets import Row, Sheet
from registry.suggest import did_you_mean, shown
from registry.texts import ALLOWED_TEXT, one_line, text_problem
from registry.units import canonical, convert, convertible, split_quantity, units_of

NO_VALUE = frozenset({"-", "–", "—", "/", "none", "无"})
"""Cells that say: none, not even the type's default."""
IN_UNIT = ("range_lo", "range_hi", "ll", "l", "h", "hh", "deadband")
"""Columns whose numbers are in the sensor's unit."""
MAX_DESCRIPTION_CHARS = 500
MAX_GROUP_CHARS = 128
MAX_UNIT_CHARS = 32
SUGGEST_UNTIL_FAULTS = 200
"""Near names among thousands of ids are searched for until a file has this many faults: it takes milliseconds each."""


class PointRow:
    """One row of the points table; `faults` is the whole file's list, `failed` tells whether it got an error of ours."""

    def __init__(self, sheet: Sheet, columns: Mapping[str, int], row: Row, faults: list[Fault]) -> None:
        self.sheet = sheet
        self.columns = columns
        self.row = row
        self.faults = faults
        self.failed = False

    def text(self, name: str) -> str:
        """Return the cell of a column, empty where there is none."""
        column = self.columns.get(name)
        cells = self.row.cells
        return cells[column] if column is not None and column < len(cells) else ""

    def where(self, name: str) -> str:
        """Return the place of a column's cell."""
        return self.sheet.place(self.row.number, self.columns.get(name), name)

    def make(
        self, name: str, message: str, allowed: str = "", level: Literal["error", "warning"] = "error"
    ) -> Fault:
        """Return a fault at a column of this row."""
        return Fault(
            file=self.sheet.file, where=self.where(name), message=message, allowed=allowed, level=level
        )

    def fault(
        self, name: str, message: str, allowed: str = "", level: Literal["error", "warning"] = "error"
    ) -> None:
        """Note a fault at a column of this row."""
        self.failed = self.failed or level == "error"
        self.faults.append(self.make(name, message, allowed, level))

    def check_width(self) -> None:
        """Refuse cells beyond the header and texts that are too long to show."""
        width = len(self.sheet.rows[0].cells)
        if extra := [cell for cell in self.row.cells[width:] if cell]:
            self.fault(
                "", f"the row has {len(extra)} cells more than the header, the first is {shown(extra[0])}"
            )
        for name, most in (("description", MAX_DESCRIPTION_CHARS), ("group", MAX_GROUP_CHARS)):
            if (length := len(self.text(name))) > most:
                self.fault(name, f"the {name} has {length} characters", f"at most {most} characters")
            elif problem := text_problem(one_line(self.text(name))):
                self.fault(name, f"the {name} {problem}", ALLOWED_TEXT)

    def id(self, name: str, *, needed: bool = True) -> str:
        """Return a cell that is an id; unfit ones are faults, empty ones only where it is needed."""
        text = self.text(name)
        if (text or needed) and (problem := id_problem(text)):
            self.fault(name, f"the {name} {shown(text)} {problem}", ALLOWED_ID)
        return text

    def known(self, name: str, text: str, known: Mapping[str, object]) -> bool:
        """Tell whether the plant names what a cell refers to; it is a fault where it does not."""
        if text in known:
            return True
        allowed = ", ".join(list(known)[:8]) + (", …" if len(known) > 8 else "")  # noqa: PLR2004 - what a line holds
        hint = did_you_mean(text, known) if len(self.faults) < SUGGEST_UNTIL_FAULTS else ""
        self.fault(name, f"unknown {name} {shown(text)}{hint}", allowed)
        return False

    def type(self) -> SensorType | None:
        """Return the sensor type; None, with a fault, for a text that is none."""
        text = self.text("type")
        try:
            return SensorType(text.casefold())
        except ValueError:
            names = [str(member) for member in SensorType]
            self.fault("type", f"unknown type {shown(text)}{did_you_mean(text, names)}", ", ".join(names))
            return None

    def unit(self, sensor_type: SensorType | None, default: str) -> str:
        """Return the sensor's unit as it is printed; the type's default where the cell is empty."""
        text = self.text("unit")
        allowed = units_of(sensor_type) if sensor_type else None
        name = canonical(text) or text if text else default
        if text and allowed is not None and name not in allowed:
            message = (
                f"the unit {shown(text)} does not go with type {sensor_type}{did_you_mean(text, allowed)}"
            )
            self.fault("unit", message, ", ".join(allowed))
        elif text and (len(text) > MAX_UNIT_CHARS or not text.isprintable()):
            self.fault(
                "unit", f"the unit {shown(text)} cannot be shown", f"at most {MAX_UNIT_CHARS} characters"
            )
        return name

    def number(self, name: str, unit: str, *, span: bool = False) -> float | None:
        """Return a number cell in the sensor's unit: None where it is empty, NaN where it says none or is faulty."""
        text = self.text(name)
        if not text:
            return None
        if text.casefold() in NO_VALUE:
            return math.nan
        parts = split_quantity(text)
        if parts is None or not math.isfinite(parts[0]):
            self.fault(name, f"{name} {shown(text)} is not a number", "a number such as 12.5, or - for none")
            return math.nan
        value, own = parts
        return value if not own else self._converted(name, value, own, unit, span=span)

    def _converted(self, name: str, value: float, own: str, unit: str, *, span: bool) -> float:
        text = shown(self.text(name))
        if name not in IN_UNIT:
            self.fault(name, f"{name} {text} is not a number", "a number without a unit")
            return math.nan
        own_unit, named = canonical(own), unit or "no unit"
        if own_unit is None or not convertible(own_unit, unit):
            why = "is not a number with a known unit" if own_unit is None else f"cannot be said in {named}"
            self.fault(name, f"{name} {text} {why}", f"a number in {named}, or - for none")
            return math.nan
        return convert(value, own_unit, unit, span=span)
