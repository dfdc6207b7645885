"""The tables of docs/detectors.md, written from the packaged profile: ``python -m service.detectors_doc``."""

import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import fields
from pathlib import Path

from detectors.memory import Memory
from detectors.profile import Methods, Profile
from detectors.profile_file import load_profile
from registry.defaults import TypeDefaults
from registry.sensors import SensorRegistry, SensorSpec, SensorType

MANY = 10_000
"""Sensors of the plant that the design speaks of."""
BEGIN, END = "<!-- written by service.detectors_doc -->\n", "<!-- end -->\n"


def tables() -> str:
    """Return the defaults of each sensor type: what the points table leaves empty, and the methods."""
    profile, defaults, faults = load_profile(None)
    assert not faults, "the packaged profile has no faults"
    return (
        "What an empty cell of the points table becomes:\n\n"
        + _table(TypeDefaults, {kind: defaults[kind] for kind in SensorType})
        + "\nHow closely the methods look:\n\n"
        + _table(Methods, {kind: profile.types[kind] for kind in SensorType})
        + f"\nWhat a sensor costs in memory, whichever methods watch it; and {MANY:,} of them:\n\n"
        + memory_table(profile)
    )


def memory_table(profile: Profile) -> str:
    """Return the bytes of each part of parameters and state, by sensor and for a plant of `MANY`."""
    one = SensorSpec(id="", sensor="", enterprise="", type=SensorType.OTHER)
    parts = [
        (f"parameters: {name}", float(part.nbytes))
        for name, part in profile.params(SensorRegistry((one,)))._asdict().items()
    ]
    parts += [
        (f"state: {name}", part.nbytes / MANY)
        for name, part in Memory.fresh(MANY)._asdict().items()
        if len(part) > 1  # the clock is one for all
    ]
    parts.append(("in all", sum(size for _, size in parts)))
    lines = [["part", "bytes a sensor", f"{MANY:,} sensors"], ["---", "---:", "---:"]]
    lines += [
        [name, f"{size:.0f}" if size >= 1 else f"{size:.2f}", f"{size * MANY / 1e6:.2f} MB"]
        for name, size in parts
    ]
    return _lines(lines)


def _table(model: type[TypeDefaults | Methods], of_types: dict[SensorType, TypeDefaults | Methods]) -> str:
    """Return a row a setting and a column a type: the settings are many, the types few."""
    lines = [["setting", *(kind.value for kind in of_types)], ["---"] * (len(of_types) + 1)]
    lines += [
        [f"`{field.name}`", *(_cell(getattr(own, field.name)) for own in of_types.values())]
        for field in fields(model)
    ]
    return _lines(lines)


def _lines(cells: Iterable[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _cell(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return "" if math.isnan(value) else f"{value:g}"


def written_into(page: str, block: str) -> str:
    """Return the page with the block between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{block}{END}{after}"


def main(paths: Iterable[str]) -> None:
    """Write the tables into the pages."""
    for path in map(Path, paths):
        path.write_text(written_into(path.read_text("utf-8"), tables()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
