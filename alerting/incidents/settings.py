"""The settings of incidents and floods, and their reader."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any

from registry.faults import Fault
from registry.marks import Marked
from registry.suggest import shown

SECTION = "incidents"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentSettings:
    """When alerts belong together, and from when there are too many of them for one person.

    `join_s`: an alert joins the incident of its hazard source that was active (opened, reopened or escalated) at most so
    long ago. `quiet_s`: an incident ends when all its alerts have been closed and nothing happened for so long.
    `longest_s`: no alert joins an incident that is older, so that a restless source is not one incident for ever.
    The three are ours: the ten minutes of the flood measure, and the longest common shift, 12 h.

    `flood_window_s`, `flood_above`, `flood_below`: a flood begins with more than `flood_above` activations in the window and
    ends with fewer than `flood_below`: more than 10, fewer than 5, in 10 min (ANSI/ISA-18.2-2016, 16.4).
    """

    join_s: float = 600.0
    quiet_s: float = 600.0
    longest_s: float = 43_200.0
    flood_window_s: float = 600.0
    flood_above: int = 10
    flood_below: int = 5


_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "join_s": (1, 86_400),
        "quiet_s": (0, 86_400),
        "longest_s": (60, 604_800),
        "flood_window_s": (60, 86_400),
        "flood_above": (1, 10_000),
        "flood_below": (1, 10_000),
    }
)


def read_incidents(marked: Marked, faults: list[Fault]) -> IncidentSettings:
    """Read the section ``incidents`` of the alarms file; without it, or where a value is at fault, the default holds."""
    section = marked.data.get(SECTION) if isinstance(marked.data, dict) else None
    if section is None:
        return IncidentSettings()
    if not isinstance(section, dict):
        faults.append(marked.fault((SECTION,), f"{SECTION} is {shown(section)}", ", ".join(_RANGES)))
        return IncidentSettings()
    faults += marked.unknown_keys((SECTION,), section, tuple(_RANGES))
    whole = {field.name for field in fields(IncidentSettings) if field.type is int}
    given: dict[str, Any] = {}
    for name, (least, most) in _RANGES.items():
        if name not in section:
            continue
        value = section[name]
        kinds = (int,) if name in whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not least <= value <= most:
            allowed = f"a {'whole number' if name in whole else 'number'} from {least:g} to {most:g}"
            faults.append(marked.fault((SECTION, name), f"{name} is {shown(value)}", allowed))
            continue
        given[name] = value
    made = IncidentSettings(**given)
    if made.flood_below > made.flood_above + 1:
        at = "flood_below" if "flood_below" in section else "flood_above"
        message = f"a flood would end as it begins: above {made.flood_above}, below {made.flood_below}"
        faults.append(marked.fault((SECTION, at), message, f"flood_below up to {made.flood_above + 1}"))
        return IncidentSettings()
    return made


def as_ns(seconds: float) -> int:
    """Return a span of the settings in nanoseconds."""
    assert math.isfinite(seconds), "the reader has checked"
    return round(seconds * 1e9)
