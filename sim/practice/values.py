"""Values of a scenario file, read one by one: each reading returns something usable and notes what is wrong."""

import math
from collections.abc import Mapping

from registry.entries import Entry
from registry.suggest import did_you_mean, shown


def known(entry: Entry, key: str, known: Mapping[str, int]) -> int | None:
    """Return the number of the thing that an entry names; None where it names none or, with a fault, none there is."""
    text = entry.raw(key)
    if text is None:
        return None
    if text not in known:
        entry.fault(
            key, f"there is no {key} {shown(text)}{did_you_mean(text, known)}", f"a {key} of this site"
        )
        return None
    return known[text]


def choice(entry: Entry, key: str, allowed: tuple[str, ...]) -> str | None:
    """Return one of the words that are allowed; None, with a fault, where it is missing or another."""
    text = entry.raw(key)
    if text is None and entry.data.get(key) is None:
        entry.fault(key, f"{key} is missing", ", ".join(allowed))
    elif text is not None and text not in allowed:
        entry.fault(key, f"{key} {shown(text)} is not known{did_you_mean(text, allowed)}", ", ".join(allowed))
        return None
    return text


def flag(entry: Entry, key: str, *, usual: bool) -> bool:
    """Return true or false."""
    value = entry.data.get(key, usual)
    if not isinstance(value, bool):
        entry.fault(key, f"{key} {shown(value)} does not fit", "true or false")
    return bool(value)


def number(entry: Entry, key: str, low: float, high: float, usual: float) -> float:
    """Return a number, `usual` where there is none or, with a fault, where it does not fit."""
    value = entry.number(key, low, high, f"a number from {low:g} to {high:g}")
    return usual if value is None or math.isnan(value) else value


def whole(entry: Entry, key: str, low: int, high: int, usual: int) -> int:
    """Return a whole number, `usual` where there is none or, with a fault, where it does not fit."""
    value = number(entry, key, low, high, usual)
    if value != int(value):
        entry.fault(key, f"{key} {value:g} does not fit", f"a whole number from {low} to {high}")
    return int(value)


def needed(entry: Entry, key: str, low: float, high: float) -> float:
    """Return a number; NaN, with a fault, where it is missing or does not fit."""
    if entry.data.get(key) is None:
        entry.fault(
            key, f"{key} is missing", "a number above 0" if low > 0 else f"a number from {low:g} to {high:g}"
        )
        return math.nan
    value = entry.number(key, low, high, f"a number from {low:g} to {high:g}")
    return math.nan if value is None else value
