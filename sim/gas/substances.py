"""What release, spreading and detectors need to know of a substance (`sim/data/substances.yaml`)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

from registry.faults import Fault, InputError
from registry.marks import KeyPath, Marked, parse_marked
from registry.plant import Text
from registry.suggest import did_you_mean, shown

WARM_K = 293.15
"""The temperature of `Substance.liquid_20c_kg_m3`."""
_ATMOSPHERE_PA = 101_325.0
_BOILS_WITHIN = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a figure comes from; `verified` is false where it was not read there."""

    text: str
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Antoine:
    """Vapour pressure, log10(p / Pa) = a - b / (T + c), fitted from `low_k` to `high_k`."""

    a: float
    b: float
    c: float
    low_k: float
    high_k: float

    def pa(self, temp_k: float) -> float:
        """Return the vapour pressure; outside the fit it is the same curve drawn on."""
        return float(10 ** (self.a - self.b / (temp_k + self.c)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Substance:
    """One substance; the units are in the names, the meaning of each figure stands at the head of the data file.

    What does not exist is None: explosive limits of what does not burn, a liquid at 20 °C of a permanent gas,
    exposure limits that no list has. `sources` has every figure's source by the field's name.
    """

    key: str
    name: Text
    cas: str
    molar_kg: float
    boiling_k: float
    critical_k: float
    gamma: float
    liquid_kg_m3: float
    liquid_20c_kg_m3: float | None
    latent_j_kg: float
    liquid_j_kg_k: float
    vapour_j_kg_k: float
    lel_percent: float | None
    uel_percent: float | None
    oxygen_per_mol: float | None
    oel_mg_m3: float | None
    idlh_ppm: float | None
    antoine: Antoine
    sources: Mapping[str, Source] = field(hash=False, repr=False)

    def density_kg_m3(self, temp_k: float) -> float:
        """Return the liquid's density, a line through the boiling point and 20 °C.

        Within 1.6 % of the equation of state up to 40 °C for the substances of the package that have one.
        """
        if self.liquid_20c_kg_m3 is None:
            return self.liquid_kg_m3
        slope = (self.liquid_20c_kg_m3 - self.liquid_kg_m3) / (WARM_K - self.boiling_k)
        return self.liquid_kg_m3 + slope * (temp_k - self.boiling_k)


_POSITIVE = (0.0, math.inf)
_NEEDED: Mapping[str, tuple[float, float]] = {
    "molar_kg": (0.001, 1.0),
    "boiling_k": (1.0, 1000.0),
    "critical_k": (1.0, 2000.0),
    "gamma": (1.0, 2.0),
    "liquid_kg_m3": (1.0, 20_000.0),
    "latent_j_kg": _POSITIVE,
    "liquid_j_kg_k": _POSITIVE,
    "vapour_j_kg_k": _POSITIVE,
}
_OPTIONAL: Mapping[str, tuple[float, float]] = {
    "liquid_20c_kg_m3": (1.0, 20_000.0),
    "lel_percent": (0.0, 100.0),
    "uel_percent": (0.0, 100.0),
    "oxygen_per_mol": _POSITIVE,
    "oel_mg_m3": _POSITIVE,
    "idlh_ppm": _POSITIVE,
}
_FIGURES = {**_NEEDED, **_OPTIONAL}
_TEXTS = ("zh", "en", "cas")
_ANTOINE = ("a", "b", "c", "low_k", "high_k")


@cache
def substances() -> Mapping[str, Substance]:
    """Return the substances of the package by key."""
    text = resources.files("sim").joinpath("data/substances.yaml").read_text("utf-8")
    return load_substances(parse_marked(text, "substances.yaml"))


def load_substances(marked: Marked) -> Mapping[str, Substance]:
    """Return the substances of a file by key; raises `InputError` with every fault of the file."""
    reader = _Reader(marked)
    found = reader.read()
    if reader.faults:
        raise InputError(reader.faults)
    return found


class _Reader:
    """One walk over the file that goes on after a fault, so that all are told together."""

    def __init__(self, marked: Marked) -> None:
        self._marked = marked
        self.faults: list[Fault] = list(marked.faults)
        self._sources: dict[str, Source] = {}

    def read(self) -> dict[str, Substance]:
        top = self._mapping((), self._marked.data, ("sources", "substances"))
        for key, row in self._mapping(("sources",), top.get("sources")).items():
            self._source(key, row)
        found = {}
        for key, row in self._mapping(("substances",), top.get("substances")).items():
            substance = self._substance(key, row)
            if substance is not None:
                found[key] = substance
        return found

    def _source(self, key: str, row: Any) -> None:
        path = ("sources", key)
        data = self._mapping(path, row, ("text", "verified"))
        text, verified = data.get("text"), data.get("verified")
        if not isinstance(text, str) or not isinstance(verified, bool):
            self._fault(path, "a source needs text and verified", "text: a text, verified: true or false")
        else:
            self._sources[key] = Source(text=text, verified=verified)

    def _substance(self, key: str, row: Any) -> Substance | None:
        path: KeyPath = ("substances", key)
        before = len(self.faults)
        data = self._mapping(path, row, (*_TEXTS, *_FIGURES, "antoine"))
        for name in _TEXTS:
            if not isinstance(data.get(name), str):
                self._fault((*path, name), f"{key} needs {name}", "a text")
        values = {name: self._figure((*path, name), data.get(name), name) for name in _FIGURES}
        antoine = self._antoine((*path, "antoine"), data.get("antoine"))
        if len(self.faults) > before or antoine is None:
            return None
        sources = {
            name: self._sources[data[name]["source"]] for name in (*_FIGURES, "antoine") if name in data
        }
        substance = Substance(
            key=key,
            name=Text(zh=data["zh"], en=data["en"]),
            cas=data["cas"],
            antoine=antoine,
            sources=sources,
            **values,  # type: ignore[arg-type]  # the needed ones are numbers, or there were faults
        )
        self._consistent(path, substance)
        return substance

    def _figure(self, path: KeyPath, row: Any, name: str) -> float | None:
        if row is None:
            if name in _NEEDED:
                self._fault(path, f"{path[1]} needs {name}", "value and source")
            return None
        data = self._mapping(path, row, ("value", "source"))
        self._known_source(path, data.get("source"))
        low, high = _FIGURES[name]
        return self._number((*path, "value"), data.get("value"), low, high)

    def _antoine(self, path: KeyPath, row: Any) -> Antoine | None:
        data = self._mapping(path, row, (*_ANTOINE, "source"))
        self._known_source(path, data.get("source"))
        numbers = [self._number((*path, name), data.get(name), -math.inf, math.inf) for name in _ANTOINE]
        a, b, c, low_k, high_k = numbers
        if a is None or b is None or c is None or low_k is None or high_k is None:
            return None
        return Antoine(a=a, b=b, c=c, low_k=low_k, high_k=high_k)

    def _consistent(self, path: KeyPath, it: Substance) -> None:
        """Check what one figure says about another."""
        lel, uel = it.lel_percent, it.uel_percent
        if (lel is None) != (uel is None) or (lel is not None and uel is not None and lel >= uel):
            self._fault(
                (*path, "lel_percent"), "lel_percent and uel_percent do not fit", "both, lel below uel"
            )
        if (lel is None) != (it.oxygen_per_mol is None):
            self._fault(
                (*path, "oxygen_per_mol"), "what burns needs oxygen_per_mol and explosive limits", "both"
            )
        if it.boiling_k >= it.critical_k:
            self._fault((*path, "critical_k"), "critical_k is not above boiling_k", f"above {it.boiling_k:g}")
        boils_pa = it.antoine.pa(it.boiling_k)
        if abs(boils_pa / _ATMOSPHERE_PA - 1) > _BOILS_WITHIN:
            self._fault(
                (*path, "antoine"),
                f"the vapour pressure at boiling_k is {boils_pa:.0f} Pa",
                f"{_ATMOSPHERE_PA:.0f} Pa within {_BOILS_WITHIN:.0%}",
            )

    def _known_source(self, path: KeyPath, key: Any) -> None:
        if not isinstance(key, str) or key not in self._sources:
            hint = did_you_mean(key, self._sources) if isinstance(key, str) else ""
            self._fault(
                (*path, "source"), f"unknown source {shown(str(key))}{hint}", ", ".join(self._sources)
            )

    def _number(self, path: KeyPath, value: Any, low: float, high: float) -> float | None:
        good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if good and low < value <= high:
            return float(value)
        self._fault(path, f"{path[-1]} is {shown(str(value))}", _span(low, high))
        return None

    def _mapping(self, path: KeyPath, value: Any, known: tuple[str, ...] = ()) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            self._fault(path, f"{path[-1] if path else 'the file'} is no mapping", "keys with values")
            return {}
        if known:
            self.faults += self._marked.unknown_keys(path, value, known)
        return value

    def _fault(self, path: KeyPath, message: str, allowed: str) -> None:
        self.faults.append(self._marked.fault(path, message, allowed))


def _span(low: float, high: float) -> str:
    if math.isinf(low):
        return "a number"
    return f"a number above {low:g}" + ("" if math.isinf(high) else f", at most {high:g}")
