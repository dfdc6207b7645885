"""The vessels' figures as columns, and the level from the volume for all of them at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sim.plant.equipment import Reaction, Vessel
from sim.plant.liquids import GAS_J_MOL_K, KELVIN
from sim.vessels import Shape

Floats = NDArray[np.float64]

_CELLS = 1024
_REFERENCE_C = 20.0
_NEVER_PA = 1e12
_OVERPRESSURE_PA = 300.0
"""A pressure-vacuum valve passes what the vessel's pumps displace this far above its set pressure."""
_RELIEF_S = 600.0
"""An open relief valve would empty the gas space at half ullage in this time."""
_COMPRESSOR_S = 900.0
_SWITCHES = frozenset({"closed", "reacts"})
_ROOF_GAS_S, _STILL_GAS_S = 1200.0, 60.0


class LevelGrid:
    """Level from volume by interpolation on an even grid of volumes, one row a vessel.

    1024 cells keep the error below 1 mm for vessels up to 14 m, except in the last 5 % of the height at either end.
    """

    def __init__(self, shapes: Sequence[Shape]) -> None:
        rows, volumes = [], []
        for shape in shapes:
            level = np.linspace(0.0, shape.height_m, 8 * _CELLS + 1)
            volume = shape.volume_m3(level)
            rows.append(np.interp(np.linspace(0.0, volume[-1], _CELLS + 1), volume, level))
            volumes.append(volume[-1])
        self._levels = np.array(rows).reshape(len(shapes), _CELLS + 1)
        self._per_cell = np.array(volumes) / _CELLS
        self._row = np.arange(len(shapes))

    def level_m(self, volume_m3: Floats) -> Floats:
        """Return the level of each vessel; the last axis of `volume_m3` runs over the vessels."""
        place = np.clip(volume_m3 / self._per_cell, 0.0, _CELLS - 1e-9)
        cell = place.astype(np.intp)
        low, high = self._levels[self._row, cell], self._levels[self._row, cell + 1]
        return np.asarray(low + (high - low) * (place - cell))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One column a figure, one row a vessel. Where a vessel lacks a part, its figure makes that part do nothing."""

    volume_m3: Floats
    flow_m3_h: Floats
    density_kg_m3: Floats
    expansion_1_k: Floats
    heat_j_kg_k: Floats
    molar_kg: Floats
    latent_j_mol: Floats
    antoine_a: Floats
    antoine_b: Floats
    antoine_c: Floats
    feed_c: Floats
    shell_w_k: Floats
    sun_k: Floats
    surface_share: Floats
    surface_j_k: Floats
    mixing_w_k: Floats
    roof_share: Floats
    gas_s: Floats
    closed: NDArray[np.bool_]
    inert_pa: Floats
    evaporation_mol_s_pa: Floats
    vent_pa: Floats
    vacuum_pa: Floats
    blanket_pa: Floats
    vent_mol_s_pa: Floats
    answer_mol_s_pa: Floats
    go_pa: Floats
    stop_pa: Floats
    compressor_mol_s: Floats
    vapour_return: Floats
    relief_pa: Floats
    relief_mol_s_pa: Floats
    reacts: NDArray[np.bool_]
    reactant_share: Floats
    rate_1_s: Floats
    activation_k: Floats
    reaction_j_kg: Floats
    jacket_w_k: Floats
    coolant_c: Floats
    set_c: Floats
    rest_opening: Floats
    gain_1_k: Floats

    @classmethod
    def of(cls, vessels: Sequence[Vessel]) -> Self:
        """Return the columns for these vessels, of which there is at least one."""
        rows = [_row(vessel) for vessel in vessels]
        return cls(
            **{
                name: np.array([row[name] for row in rows], bool if name in _SWITCHES else float)
                for name in rows[0]
            }
        )

    def density(self, celsius: Floats) -> Floats:
        """Return the density of each vessel's liquid."""
        return np.asarray(self.density_kg_m3 * (1 - self.expansion_1_k * (celsius - _REFERENCE_C)))

    def start_reactant_kg(self, mass_kg: Floats) -> Floats:
        """Return what has gathered in a reactor at rest, fed with a quarter of its full flow."""
        feed_kg_s = self.flow_m3_h / 3600 / 4 * self.density_kg_m3
        spent = self.rate_1_s + feed_kg_s / mass_kg
        return np.asarray(np.where(self.reacts, feed_kg_s * self.reactant_share / spent, 0.0))


def _row(vessel: Vessel) -> dict[str, float | bool]:
    kind, liquid, reaction = vessel.kind, vessel.liquid, vessel.reaction
    volume = float(vessel.shape.volume_m3(np.array([vessel.shape.height_m]))[0])
    mol_m3_pa = 1 / (GAS_J_MOL_K * (vessel.start_c + KELVIN))
    surface_j_k = liquid.heat_j_kg_k * liquid.density_kg_m3 * vessel.surface_m2 * kind.surface_m
    evaporation = 0.3 * volume * mol_m3_pa / kind.evaporation_s if kind.evaporation_s else 0.0
    vent, vacuum = kind.vent_pa or (_NEVER_PA, -_NEVER_PA)
    go, stop = kind.compressor_pa or (_NEVER_PA, -_NEVER_PA)
    vent_mol_s_pa = vessel.flow_m3_h / 3600 * 101_325 * mol_m3_pa / _OVERPRESSURE_PA if kind.vent_pa else 0.0
    shell_w_k = kind.shell_w_m2_k * vessel.shell_m2
    return {
        "volume_m3": volume,
        "flow_m3_h": vessel.flow_m3_h,
        "density_kg_m3": liquid.density_kg_m3,
        "expansion_1_k": liquid.expansion_1_k,
        "heat_j_kg_k": liquid.heat_j_kg_k,
        "molar_kg": liquid.molar_kg,
        "latent_j_mol": liquid.latent_j_kg * liquid.molar_kg,
        **dict(zip(("antoine_a", "antoine_b", "antoine_c"), liquid.antoine, strict=True)),
        "feed_c": vessel.feed_c,
        "shell_w_k": shell_w_k,
        "sun_k": kind.sun_k,
        "surface_share": kind.surface_share,
        "surface_j_k": surface_j_k,
        "mixing_w_k": surface_j_k / kind.mixing_s,
        "roof_share": kind.roof_share,
        "gas_s": _ROOF_GAS_S if kind.roof_share else _STILL_GAS_S,
        "closed": kind.closed,
        "inert_pa": kind.inert_pa,
        "evaporation_mol_s_pa": evaporation,
        "vent_pa": vent,
        "vacuum_pa": vacuum,
        "blanket_pa": -_NEVER_PA if kind.blanket_pa is None else kind.blanket_pa,
        "vent_mol_s_pa": vent_mol_s_pa,
        "answer_mol_s_pa": evaporation + vent_mol_s_pa,
        "go_pa": go,
        "stop_pa": stop,
        "compressor_mol_s": 101_325 * mol_m3_pa * volume / 2 / _COMPRESSOR_S / 10
        if kind.compressor_pa
        else 0.0,
        "vapour_return": kind.vapour_return,
        "relief_pa": min(vessel.relief_pa, _NEVER_PA),
        "relief_mol_s_pa": volume / 2 * mol_m3_pa / _RELIEF_S,
        **_reaction_row(reaction),
    }


def _reaction_row(r: Reaction | None) -> dict[str, float | bool]:
    return {
        "reacts": r is not None,
        "reactant_share": r.share if r else 0.0,
        "rate_1_s": r.rate_1_s if r else 0.0,
        "activation_k": r.activation_j_mol / GAS_J_MOL_K if r else 0.0,
        "reaction_j_kg": r.heat_j_kg if r else 0.0,
        "jacket_w_k": r.jacket_w_k if r else 0.0,
        "coolant_c": r.coolant_c if r else 0.0,
        "set_c": r.set_c if r else _REFERENCE_C,
        "rest_opening": r.rest if r else 0.0,
        "gain_1_k": r.gain_1_k if r else 0.0,
    }
