"""Reading the values of the alarms file: each looked at once, every fault noted where it stands."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from registry.marks import KeyPath, Marked
from registry.sensors import SensorRegistry
from registry.suggest import did_you_mean, shown

PLACES = ("sensor", "equipment", "source")
_Known = TypeVar("_Known")


class Values:
    """Takes values out of a marked file; what is wrong goes to `faults`, and something harmless is returned."""

    def __init__(self, marked: Marked, registry: SensorRegistry | None) -> None:
        self.marked = marked
        self.registry = registry
        self.faults = list(marked.faults)

    def place(self, row: Mapping[str, Any], at: KeyPath) -> tuple[str, str]:
        """Return the kind and the id of the one place that a row names."""
        kinds = [kind for kind in PLACES if kind in row]
        if len(kinds) != 1:
            self.fault(at, "it is at one place", " or ".join(PLACES))
            return "", ""
        place = self.text(row, at, kinds[0])
        self.check_place(kinds[0], place, (*at, kinds[0]))
        return kinds[0], place

    def fault(self, at: KeyPath, message: str, allowed: str) -> None:
        """Note a fault."""
        self.faults.append(self.marked.fault(at, message, allowed))

    def list(self, rows: Any, at: KeyPath) -> list[Any]:
        """Return the rows of a list; nothing counts as an empty one."""
        if isinstance(rows, list):
            return rows
        if rows is not None:
            self.fault(at, f"not a list: {shown(rows)}", "a list, [] for none")
        return []

    def mapping(self, row: Any, at: KeyPath, keys: tuple[str, ...]) -> bool:
        """Return whether a row is a mapping, and note its unknown keys."""
        if not isinstance(row, dict):
            self.fault(at, f"a mapping of keys is wanted here, not {shown(row)}", ", ".join(keys))
            return False
        self.faults += self.marked.unknown_keys(at, row, keys)
        return True

    def section(self, name: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
        """Return a section of plain values, empty where it is not there."""
        row = self.marked.data.get(name, {})
        return row if self.mapping(row, (name,), keys) else {}

    def number(
        self,
        row: Mapping[str, Any],
        key: str,
        base: float,
        *,
        at: KeyPath = ("shelving",),
        most: float = math.inf,
        zero: bool = False,
    ) -> float:
        """Return a finite number above 0, or from 0 with `zero`, and at most `most`; `base` where there is none."""
        value = row.get(key, base)
        sound = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if key not in row or (sound and (value >= 0 if zero else value > 0) and value <= most):
            return float(value)
        bound = f" and at most {most:g}" if math.isfinite(most) else ""
        self.fault(
            (*at, key), f"{key} cannot be {shown(value)}", f"a number {'from' if zero else 'above'} 0{bound}"
        )
        return base

    def count(self, row: Mapping[str, Any], key: str, base: int, at: KeyPath) -> int:
        """Return a whole number from 2; `base` where there is none."""
        value = row.get(key, base)
        least = 2
        if key not in row or (isinstance(value, int) and not isinstance(value, bool) and value >= least):
            return int(value)
        self.fault((*at, key), f"{key} cannot be {shown(value)}", f"a whole number from {least}")
        return base

    def text(self, row: Mapping[str, Any], at: KeyPath, key: str) -> str:
        """Return a text that must be there, numbers as they were written."""
        value = row.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self.marked.raw((*at, key)) or str(value)
        self.fault((*at, key), f"{key} is missing or empty", "a text")
        return ""

    def time(self, row: Mapping[str, Any], at: KeyPath, key: str) -> int:
        """Return an instant (ns) that has a zone."""
        form = "a time with its zone, as 2026-11-20T08:00:00+08:00"
        try:
            moment = datetime.fromisoformat(str(row.get(key)))
        except ValueError:
            self.fault((*at, key), f"{key} is no time: {shown(row.get(key))}", form)
            return 0
        if moment.tzinfo is None:
            self.fault((*at, key), f"{key} has no zone: {shown(row.get(key))}", form)
            return 0
        return round(moment.timestamp()) * 1_000_000_000

    def names(self, row: Mapping[str, Any], at: KeyPath, key: str) -> frozenset[str]:
        """Return one name or several."""
        value = row.get(key, [])
        names = value if isinstance(value, list) else [value]
        if key in row and not (names and all(isinstance(name, str) and name for name in names)):
            self.fault((*at, key), f"{key} cannot be {shown(value)}", "a name or a list of names")
            return frozenset()
        return frozenset(names)

    def known(
        self, row: Mapping[str, Any], at: KeyPath, key: str, known: Mapping[str, _Known]
    ) -> frozenset[_Known]:
        """Return what the names mean."""
        names = sorted(self.names(row, at, key))
        for name in names:
            if name not in known:
                self.fault(
                    (*at, key), f"{key} cannot be {shown(name)}{did_you_mean(name, known)}", ", ".join(known)
                )
        return frozenset(known[name] for name in names if name in known)

    def check_sensors(self, names: frozenset[str], at: KeyPath) -> None:
        """Note the sensors that the points table does not have."""
        for name in sorted(names):
            self.check_place("sensor", name, at)

    def check_place(self, kind: str, name: str, at: KeyPath) -> None:
        """Note a place that no sensor belongs to."""
        if self.registry is None or not name:
            return
        of: Callable[[Any], Any] = {
            "sensor": lambda spec: spec.id,
            "equipment": lambda spec: spec.equipment,
            "source": lambda spec: spec.source,
        }[kind]
        there = {of(spec) for spec in self.registry.specs} - {None, ""}
        if name not in there:
            near = did_you_mean(name, there)
            self.fault(
                at, f"no sensor belongs to the {kind} {shown(name)}{near}", f"a {kind} of the points table"
            )
