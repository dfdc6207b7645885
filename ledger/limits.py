"""The limits that each sensor had when settings were last loaded, and every change since: so that it can be told later.

Settings are files, and whoever writes them is not known here: what is kept is when they were loaded, the old and the
new limit, and which of the files was written last, and when.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from registry.sensors import LIMIT_NAMES, SensorSpec

CHANGES_KEPT = 200_000
"""The oldest go first."""
LIMIT_CHANGES = "sensor, name, old, old_unit, new, unit, at_ns, file, file_ns"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedFrom:
    """When settings were loaded, and which of their files was written last; `file_ns` is its time of change."""

    at_ns: int
    file: str
    file_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChange:
    """A limit that was another one when settings were loaded before; None where there was or is none.

    `old` is in `old_unit`, `new` in `unit`: the unit of a sensor may change with its limits.
    """

    sensor: str
    name: str
    old: float | None
    old_unit: str
    new: float | None
    unit: str
    loaded: LoadedFrom


def put_limits(db: sqlite3.Connection, specs: Iterable[SensorSpec], loaded: LoadedFrom) -> int:
    """Keep the limits of all sensors, and what changed of those that were known; return how many limits changed.

    Doing it again changes nothing. A sensor that is left out keeps its limits, should it come back.
    """
    known = dict(db.execute("SELECT sensor, limits FROM limits_known"))
    now = {spec.id: _text(spec) for spec in specs}
    fresh = {sensor: text for sensor, text in now.items() if known.get(sensor) != text}
    if not fresh:
        return 0
    changes = [
        row
        for sensor, text in fresh.items()
        if sensor in known
        for row in _changed(known[sensor], text, sensor)
    ]
    stamp = (loaded.at_ns, loaded.file, loaded.file_ns)
    db.executemany("INSERT OR REPLACE INTO limits_known VALUES (?,?)", fresh.items())
    db.executemany(
        f"INSERT INTO limit_changes({LIMIT_CHANGES}) VALUES (?,?,?,?,?,?,?,?,?)",  # noqa: S608 - fixed words and places only
        [(*row, *stamp) for row in changes],
    )
    db.execute("DELETE FROM limit_changes WHERE n <= (SELECT max(n) FROM limit_changes) - ?", (CHANGES_KEPT,))
    return len(changes)


def limit_change(row: Sequence[object]) -> LimitChange:
    """Return a row of `LIMIT_CHANGES` as what it says."""
    sensor, name, old, old_unit, new, unit, at_ns, file, file_ns = row
    return LimitChange(
        sensor=str(sensor), name=str(name), old=_number(old), old_unit=str(old_unit), new=_number(new), unit=str(unit),
        loaded=LoadedFrom(at_ns=int(str(at_ns)), file=str(file), file_ns=int(str(file_ns))),
    )  # fmt: skip


def _text(spec: SensorSpec) -> str:
    limits = [None if limit != limit else limit for limit in spec.limits]  # noqa: PLR0124 - NaN alone differs from itself
    return json.dumps([spec.unit, *limits], ensure_ascii=False)


def _changed(
    before: str, after: str, sensor: str
) -> list[tuple[str, str, float | None, str, float | None, str]]:
    old_unit, *old = json.loads(before)
    unit, *new = json.loads(after)
    return [
        (sensor, name, was, old_unit, becomes, unit)
        for name, was, becomes in zip(LIMIT_NAMES, old, new, strict=True)
        if was != becomes or (unit != old_unit and was is not None)
    ]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
