"""The tables of docs/detectors.md, written from the packaged profile: ``python -m service.detectors_doc``."""

import math
import sys
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

from detectors.profile import Methods
from detectors.profile_file import load_profile
from registry.defaults import TypeDefaults
from registry.sensors import SensorType

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
    )


def _table(model: type[TypeDefaults | Methods], rows: dict[SensorType, TypeDefaults | Methods]) -> str:
    names = [field.name for field in fields(model)]
    lines = [["type", *(f"`{name}`" for name in names)], ["---"] * (len(names) + 1)]
    lines += [[kind.value, *(_cell(getattr(row, name)) for name in names)] for kind, row in rows.items()]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


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
