"""Parts that every section of an accident's file is made of: times, origins, knots."""

import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from registry.entries import Entry
from registry.suggest import did_you_mean, shown
from sim.accidents.model import Basis, Knot, Origin

ORIGIN_KEYS = ("source", "verified", "assumed")
ALLOWED_ORIGIN = "source: KEY with verified: true (read there) or false (only recalled), or assumed: true"
ALLOWED_TIME = "a time of the plant's clock, as 2005-12-11 03:00 or 2005-12-11 05:37:30"
NOWHERE = Origin(source=None, basis=Basis.ASSUMED)

_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?")
_BIG = 1e9


@dataclass(frozen=True, slots=True)
class Frame:
    """What the parts of a file refer to: when it starts, how long it is, and the keys of its sources."""

    start: datetime
    length_s: float
    sources: Collection[str]

    def origin(self, entry: Entry) -> Origin:
        """Return where the figures of an entry come from; anything but exactly one answer is a fault."""
        source, verified, assumed = (entry.data.get(key) for key in ORIGIN_KEYS)
        if assumed is True and source is None and verified is None:
            return NOWHERE
        if assumed is not None or not isinstance(verified, bool) or source is None:
            entry.fault(None, "it is not told where this comes from", ALLOWED_ORIGIN)
            return NOWHERE
        key = str(source)
        if key not in self.sources:
            names = ", ".join(self.sources)
            entry.fault("source", f"unknown source {shown(key)}{did_you_mean(key, self.sources)}", names)
        return Origin(source=key, basis=Basis.FOUND if verified else Basis.RECALLED)

    def time(self, entry: Entry, key: str, *, needed: bool = True) -> float:
        """Return a time in seconds since the start; 0 with a fault where it is missing, no time or outside."""
        text = entry.raw(key)
        if text is None:
            if needed and entry.data.get(key) is None:
                entry.fault(key, f"{key} is missing", ALLOWED_TIME)
            return 0.0
        moment = moment_of(text)
        if moment is None:
            entry.fault(key, f"{shown(text)} is no time", ALLOWED_TIME)
            return 0.0
        seconds = (moment - self.start).total_seconds()
        if not 0 <= seconds <= self.length_s:
            entry.fault(key, f"{shown(text)} lies outside the accident's start and length")
        return seconds

    def knots(self, entry: Entry, key: str = "knots") -> tuple[Knot, ...]:
        """Return the knots listed at `key`, which must stand in the order of their times."""
        found = [self._knot(item) for item in entry.entries(key, "a list of {at:, value:, …}")]
        for item, before, knot in zip(list(entry.entries(key, ""))[1:], found, found[1:], strict=False):
            if knot.t_s <= before.t_s:
                item.fault("at", "a knot is not later than the one before it", "knots in the order of time")
        return tuple(found)

    def knot(self, entry: Entry) -> Knot:
        """Return the one knot that an entry is."""
        return self._knot(entry)

    def _knot(self, entry: Entry) -> Knot:
        entry.check_keys(("at", "value", "step", *ORIGIN_KEYS))
        return Knot(
            t_s=self.time(entry, "at"),
            value=needed(entry, "value"),
            step=flag(entry, "step"),
            origin=self.origin(entry),
        )


def moment_of(text: str) -> datetime | None:
    """Return the moment that a text names on the plant's clock; None where it names none."""
    if not _TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)  # the plant's clock has no zone here, and needs none
    except ValueError:
        return None


def needed(
    entry: Entry, key: str, low: float = -_BIG, high: float = _BIG, allowed: str = "a number"
) -> float:
    """Return a number that must be there; `low` with a fault where it is missing or none."""
    if entry.data.get(key) is None:
        entry.fault(key, f"{key} is missing", allowed)
        return low
    found = entry.number(key, low, high, allowed)
    return low if found is None or math.isnan(found) else found


def optional(entry: Entry, key: str, otherwise: float, low: float = 0.0, high: float = _BIG) -> float:
    """Return a number, or `otherwise` where there is none."""
    found = entry.number(key, low, high, f"a number from {low:g} to {high:g}")
    return otherwise if found is None or math.isnan(found) else found


def flag(entry: Entry, key: str, *, otherwise: bool = False) -> bool:
    """Return a yes or no; anything else is a fault."""
    value = entry.data.get(key, otherwise)
    if not isinstance(value, bool):
        entry.fault(key, f"{key} is neither true nor false", "true or false")
        return otherwise
    return value


def words(entry: Entry, key: str) -> tuple[str, ...]:
    """Return a list of texts."""
    value = entry.data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        entry.fault(key, f"{key} is not a list of names", "[NAME, …]")
        return ()
    return tuple(value)
