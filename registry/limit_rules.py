"""What limits, ranges, delays and deadbands of one sensor must keep to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from registry.sensors import GAS_TYPES, LIMIT_NAMES, SensorSpec, SensorType

GAS_ON_DELAY_MOST_S = 3.0
"""A gas alarm must not be held back longer (GB/T 50493-2019 asks for prompt alarms; the bound is ours)."""

_SET_POINTS: dict[tuple[SensorType, str], dict[str, float]] = {
    (SensorType.GAS_COMBUSTIBLE, "%LEL"): {"h": 25.0, "hh": 50.0},
    (SensorType.GAS_TOXIC, "%OEL"): {"h": 100.0, "hh": 200.0},
}
"""The highest set points of first and second level that GB/T 50493-2019 allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What is wrong with one value of a sensor; `column` is the column of the points table to look at."""

    column: str
    message: str
    allowed: str = ""
    level: Literal["error", "warning"] = "error"


def complaints(spec: SensorSpec, from_type: frozenset[str] = frozenset()) -> list[Complaint]:
    """Return all that is wrong with the numbers of `spec`; `from_type` names those that are its type's defaults."""
    say = _Say(spec, from_type)
    return [
        *_range(spec, say),
        *_order(spec, say),
        *_delays(spec, say),
        *_deadband(spec, say),
        *_gas(spec, say),
    ]


class _Say:
    """Puts a value of the sensor into words."""

    def __init__(self, spec: SensorSpec, from_type: frozenset[str]) -> None:
        self.spec = spec
        self.from_type = from_type

    def __call__(self, name: str, unit: str | None = None) -> str:
        if name == "design":
            return f"the design limit {self.amount(self.spec.design)} of equipment {self.spec.equipment}"
        value = self.amount(getattr(self.spec, name), unit)
        origin = f" (the default of type {self.spec.type})" if name in self.from_type else ""
        return f"{name} {value}{origin}"

    def amount(self, value: float, unit: str | None = None) -> str:
        return f"{value:.12g} {self.spec.unit if unit is None else unit}".strip()


def _range(spec: SensorSpec, say: _Say) -> Iterator[Complaint]:
    if spec.range_lo >= spec.range_hi:
        message = f"{say('range_lo')} is not below {say('range_hi')}"
        yield Complaint(column="range_lo", message=message, allowed="range_lo < range_hi")
        return
    for name in LIMIT_NAMES[:4]:
        value = getattr(spec, name)
        if value < spec.range_lo or value > spec.range_hi:
            bound = "range_lo" if value < spec.range_lo else "range_hi"
            side = "below" if bound == "range_lo" else "above"
            yield Complaint(
                column=name, message=f"{say(name)} is {side} {say(bound)}", allowed="a limit inside the range"
            )


def _order(spec: SensorSpec, say: _Say) -> Iterator[Complaint]:
    present = [name for name in LIMIT_NAMES if not math.isnan(getattr(spec, name))]
    for below, above in pairwise(present):
        a, b = getattr(spec, below), getattr(spec, above)
        if a < b or (above == "design" and a == b):
            continue
        words = f"{say(above)} is not above {say(below)}"
        if above == "design":
            words = f"{say(below)} is above {say(above)}"
        yield Complaint(
            column=below if above == "design" else above,
            message=words,
            allowed="ll < l < h < hh <= design limit",
        )


def _delays(spec: SensorSpec, say: _Say) -> Iterator[Complaint]:
    for name in ("on_delay_s", "off_delay_s"):
        if getattr(spec, name) < 0:
            yield Complaint(column=name, message=f"{say(name, 's')} is negative", allowed="0 s or more")
    if spec.scan_s <= 0:
        yield Complaint(
            column="scan_s", message=f"{say('scan_s', 's')} is not above zero", allowed="above 0 s"
        )


def _deadband(spec: SensorSpec, say: _Say) -> Iterator[Complaint]:
    if spec.deadband < 0:
        yield Complaint(column="deadband", message=f"{say('deadband')} is negative", allowed="0 or more")
        return
    present = [name for name in LIMIT_NAMES[:4] if not math.isnan(getattr(spec, name))]
    for below, above in pairwise(present):
        space = getattr(spec, above) - getattr(spec, below)
        if 0 < space <= spec.deadband:
            # wider than the normal band there is no value at which both alarms are over
            yield Complaint(
                column="deadband",
                message=f"{say('deadband')} is as wide as the space of {say.amount(space)} between {below} and {above}",
                allowed=f"less than {say.amount(space)}",
                level="error"
                if (below, above) != ("h", "hh") and (below, above) != ("ll", "l")
                else "warning",
            )


def _gas(spec: SensorSpec, say: _Say) -> Iterator[Complaint]:
    if spec.type not in GAS_TYPES:
        return
    if spec.on_delay_s > GAS_ON_DELAY_MOST_S and not all(math.isnan(limit) for limit in spec.limits):
        yield Complaint(
            column="on_delay_s",
            message=f"{say('on_delay_s', 's')} holds back a gas alarm (GB/T 50493)",
            allowed=f"0 to {GAS_ON_DELAY_MOST_S:g} s for gas and oxygen",
        )
    for name, most in _SET_POINTS.get((spec.type, spec.unit), {}).items():
        if getattr(spec, name) > most:
            yield Complaint(
                column=name,
                message=f"{say(name)} is above what GB/T 50493-2019 allows",
                allowed=f"at most {say.amount(most)}",
                level="warning",
            )
