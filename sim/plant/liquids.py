"""The liquids of simulated plants: constants from `sim/data/liquids.yaml`, each with its source there."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.marks import parse_marked
from registry.plant import Text

GAS_J_MOL_K = 8.314462618
KELVIN = 273.15
_MOLAR_M3 = 0.02404
"""Volume of a mole of gas at 20 degC and one atmosphere, to which limits in mg/m3 refer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Liquid:
    """One liquid; density, expansion and latent heat at 20 degC.

    `antoine` gives log10(p / Pa) = a - b / (T / K + c). `airborne_share` is what of a spilt liquid becomes gas within
    minutes. `lfl_share` is the lower flammable limit as a share of volume; None where the gas does not burn.
    """

    name: str
    text: Text
    cas: str
    molar_kg: float
    antoine: tuple[float, float, float]
    density_kg_m3: float
    expansion_1_k: float
    latent_j_kg: float
    heat_j_kg_k: float
    airborne_share: float
    lfl_share: float | None = None

    def vapour_pa(self, celsius: float) -> float:
        """Return the vapour pressure, absolute."""
        a, b, c = self.antoine
        return float(vapour_pa(np.array(a), np.array(b), np.array(c), np.array(celsius)))

    @property
    def lfl_mg_m3(self) -> float:
        """The lower flammable limit as a concentration at 20 degC; infinite where the gas does not burn."""
        if self.lfl_share is None:
            return float("inf")
        return self.lfl_share * self.molar_kg / _MOLAR_M3 * 1e6


def vapour_pa(
    a: NDArray[np.float64], b: NDArray[np.float64], c: NDArray[np.float64], celsius: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return Antoine's vapour pressure, absolute, element by element."""
    return np.asarray(np.exp(np.log(10.0) * (a - b / (celsius + KELVIN + c))))


@cache
def liquids() -> Mapping[str, Liquid]:
    """Return every liquid by its name."""
    marked = parse_marked(
        files("sim").joinpath("data", "liquids.yaml").read_text(encoding="utf-8"), "liquids.yaml"
    )
    rows: dict[str, dict[str, Any]] = marked.data["liquids"]
    return MappingProxyType({name: _liquid(name, dict(row)) for name, row in rows.items()})


def _liquid(name: str, row: dict[str, Any]) -> Liquid:
    text = Text(zh=row.pop("zh"), en=name)
    a, b, c = row.pop("antoine")
    return Liquid(name=name, text=text, antoine=(a, b, c), **row)
