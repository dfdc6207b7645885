"""What a sensor has where its row in the points table says nothing: one set for each sensor type."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeDefaults:
    """Defaults of one sensor type; NaN or an empty unit where the type has none.

    Range, limits and `deadband` are in `unit`; a sensor of another unit gets them converted, or not at all where
    they cannot be. `deadband_pct` is in percent of the sensor's own range and gives way to `deadband`.
    """

    unit: str = ""
    range_lo: float = math.nan
    range_hi: float = math.nan
    ll: float = math.nan
    l: float = math.nan  # noqa: E741 - the field's own name
    h: float = math.nan
    hh: float = math.nan
    deadband_pct: float = math.nan
    deadband: float = math.nan
    on_delay_s: float = math.nan
    off_delay_s: float = math.nan
    scan_s: float = math.nan
