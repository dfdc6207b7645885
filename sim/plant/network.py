"""The vessels of a plant and the pipes between them, stepped together: mass, energy, gas space.

Theory of operation: everything of one quantity is one array over all vessels, so that a second costs the same few
dozen numpy calls for one tank or for hundreds. Every operation is element by element (sums run over one vessel's own
pipes only), so a plant may be cut into groups that share no pipe and give the same numbers bit by bit.

Pipes are numbered: an inlet from outside for every vessel, then an outlet to outside for every vessel, then the
transfers. A vessel's mass changes by exactly what its pipes, its leak and its evaporation carry. The bulk's enthalpy
and the surface layer's heat change by what the pipes carry, what passes the shell, what evaporation takes and a
reaction gives. The gas space is an ideal gas of `gas_mol` in what the liquid leaves free; gas
that does not condense adds its partial pressure where a vessel's vapour is its own liquid's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.plant.equipment import CHANNELS, Transfer, Vessel
from sim.plant.liquids import GAS_J_MOL_K, KELVIN, vapour_pa
from sim.plant.tables import Figures, LevelGrid

Floats = NDArray[np.float64]

GRAVITY_M_S2 = 9.80665
DISCHARGE = 0.62
"""Discharge coefficient of a sharp-edged hole."""
STROKE_S = 15.0
"""Time in which a valve opens or shuts."""
LEAST_ULLAGE = 0.05
"""Share of the volume below which the gas space is not taken smaller, so that its pressure stays computable."""
_HOLE_M = 0.1
WETTED_SHARE = 0.05
"""Filled less than this, a vessel exchanges heat and vapour in proportion to what is left in it."""
_DRY_SHARE = 0.01
"""A pump draws air and loses its flow over the last percent."""


@dataclass(frozen=True, slots=True)
class Flux:
    """What moved during one step, for every vessel (kg/s, W, mol/s), or for every pipe."""

    pipe_kg_s: Floats
    leak_kg_s: Floats
    evaporated_mol_s: Floats
    gas_net_mol_s: Floats
    heat_w: Floats


class Network:
    """State of all vessels.

    Attributes, in the order of the vessels: `mass_kg` of liquid, `heat_j` its enthalpy above 0 degC without the
    surface layer's, `surface_c`, `gas_mol`, `gas_c`, `reactant_kg`. `opening` is that of each pipe. `wanted_m3_h` is
    the flow that the control system asks of each pipe, `trouble` one array for each of `CHANNELS`; whoever steps the
    network sets both.
    """

    def __init__(self, vessels: Sequence[Vessel], transfers: Sequence[Transfer] = ()) -> None:
        self.vessels = tuple(vessels)
        n = len(self.vessels)
        assert all(self.vessels[t.source].liquid is self.vessels[t.target].liquid for t in transfers)
        self.figures = f = Figures.of(self.vessels)
        self.grid = LevelGrid([vessel.shape for vessel in self.vessels])
        outside = np.full(n, n)
        self.pipe_source = np.concatenate((outside, np.arange(n), [t.source for t in transfers])).astype(
            np.intp
        )
        self.pipe_target = np.concatenate((np.arange(n), outside, [t.target for t in transfers])).astype(
            np.intp
        )
        full = [*f.flow_m3_h, *f.flow_m3_h, *(t.flow_m3_h for t in transfers)]
        self.pipe_m3_s = np.array(full) / 3600
        self.opening = np.zeros(len(self.pipe_m3_s))
        self.wanted_m3_h = np.zeros(len(self.pipe_m3_s))
        self.wobble = np.ones(len(self.pipe_m3_s))
        self.trouble = {name: np.zeros(n) for name in CHANNELS}
        start_c = np.array([vessel.start_c for vessel in self.vessels], float)
        start = np.array([vessel.start for vessel in self.vessels])
        self.mass_kg = start * f.volume_m3 * f.density(start_c)
        self.heat_j = self.mass_kg * f.heat_j_kg_k * start_c
        self.surface_c = start_c.copy()
        self.gas_c = start_c.copy()
        self.reactant_kg = f.start_reactant_kg(self.mass_kg)
        self.compressing = np.zeros(n, bool)
        self.relieving = np.zeros(n, bool)
        self.atm_pa = 101_325.0
        self.gas_mol = self._rest_mol()
        none = np.zeros(n)
        self.flux = Flux(np.zeros(len(self.pipe_m3_s)), none, none, none, none)

    def temperature_c(self) -> Floats:
        """Return the temperature of each vessel's bulk."""
        return np.asarray(self.heat_j / (self.mass_kg * self.figures.heat_j_kg_k))

    def volume_m3(self) -> Floats:
        """Return the volume of each vessel's liquid, warmth included."""
        return np.asarray(self.mass_kg / self.figures.density(self.temperature_c()))

    def gauge_pa(self) -> Floats:
        """Return the pressure of each gas space above the air's."""
        inert_pa = self.figures.inert_pa + self.trouble["inert_pa"]
        return np.asarray(self.gas_mol * self._pa_per_mol(self.volume_m3()) + inert_pa - self.atm_pa)

    def step(self, dt_s: float, air_c: float, sun: float, atm_pa: float) -> None:
        """Move on by `dt_s` (1 to 5 s) in air of this temperature and pressure; `sun` is 0 at night, 1 at clear noon.

        Evaporation and valves follow the pressure at the end of the step (linearly implicit), since small gas spaces
        answer within seconds; all else is explicit.
        """
        f, self.atm_pa = self.figures, atm_pa
        temp_c = self.temperature_c()
        density = f.density(temp_c)
        volume = self.mass_kg / density
        pa_per_mol = self._pa_per_mol(volume)
        vapour = self.gas_mol * pa_per_mol
        pressure = vapour + f.inert_pa + self.trouble["inert_pa"]
        gauge = pressure - atm_pa
        soft = 1 / (1 + dt_s * pa_per_mol * f.answer_mol_s_pa)
        balance = self._balance_pa()
        pipe = self._pipes(dt_s, volume, density)
        leak = self._leak(dt_s, volume, density, gauge)
        wet = np.clip(volume / f.volume_m3 / WETTED_SHARE, 0.0, 1.0)
        evaporated = f.evaporation_mol_s_pa * (balance - vapour) * soft * wet
        vented = self._vented(gauge, pressure, balance, soft)
        bulk_w, surface_w = self._shell(air_c, sun, temp_c, wet)
        bulk_w += self._react(dt_s, pipe, leak, temp_c, wet)
        self._carry(dt_s, pipe, leak + evaporated * f.molar_kg, temp_c, bulk_w)
        surface_w += f.mixing_w_k * wet * (temp_c - self.surface_c) - evaporated * f.latent_j_mol
        self.surface_c += surface_w * dt_s / f.surface_j_k
        net = (
            evaporated
            - vented
            - self._returned(pipe, density, self.gas_mol, volume)
            + self.trouble["gas_in_mol_s"]
        )
        self.gas_mol = np.where(f.closed, self.gas_mol + net * dt_s, atm_pa / pa_per_mol)
        roof_c = air_c + f.sun_k * sun + self.trouble["shell_k"]
        self.gas_c += (
            (f.roof_share * roof_c + (1 - f.roof_share) * self.surface_c - self.gas_c) * dt_s / f.gas_s
        )
        self.flux = Flux(pipe, leak, evaporated, net, bulk_w + surface_w)

    def _pa_per_mol(self, volume_m3: Floats) -> Floats:
        """Return the pressure of a mole in each gas space."""
        whole = self.figures.volume_m3
        ullage = np.maximum(whole - volume_m3, LEAST_ULLAGE * whole)
        return np.asarray(GAS_J_MOL_K * (self.gas_c + KELVIN) / ullage)

    def _rest_mol(self) -> Floats:
        """Return the gas that is there at rest: in balance with the surface, or at the blanket's pressure."""
        f = self.figures
        blanketed = self.atm_pa + np.maximum(f.blanket_pa, 0.0)
        pa = np.where(f.evaporation_mol_s_pa > 0, self._balance_pa(), blanketed)
        return np.asarray(pa / self._pa_per_mol(self.volume_m3()))

    def _balance_pa(self) -> Floats:
        """Return the vapour pressure of each surface."""
        f = self.figures
        return vapour_pa(f.antoine_a, f.antoine_b, f.antoine_c, self.surface_c)

    def _pipes(self, dt_s: float, volume: Floats, density: Floats) -> Floats:
        """Let the valves stroke, and return the mass flow of each pipe."""
        n, f = len(self.vessels), self.figures
        target = np.minimum(self.wanted_m3_h / 3600 / self.pipe_m3_s, 1.0)
        most = dt_s / STROKE_S
        self.opening += np.clip(target - self.opening, -most, most)
        opening = self.opening.copy()
        opening[:n] = np.maximum(opening[:n], self.trouble["inlet_stuck"])
        opening[n : 2 * n] = np.minimum(opening[n : 2 * n], 1 - self.trouble["outlet_block"])
        wet = np.clip(volume / f.volume_m3 / _DRY_SHARE, 0.0, 1.0)
        given = np.append(density * wet, 0.0)[self.pipe_source]
        given[:n] = f.density_kg_m3
        return np.asarray(opening * self.pipe_m3_s * self.wobble * given)

    def _leak(self, dt_s: float, volume: Floats, density: Floats, gauge: Floats) -> Floats:
        """Return what is lost through holes (Bernoulli), and what runs over."""
        over = np.maximum(volume - self.figures.volume_m3, 0.0) * density / dt_s
        if not self.trouble["leak_m2"].any():
            return np.asarray(over)
        head_m = np.maximum(self.grid.level_m(volume) - _HOLE_M, 0.0)
        speed = np.sqrt(2 * (GRAVITY_M_S2 * head_m + np.maximum(gauge, 0.0) / density))
        return np.asarray(over + DISCHARGE * self.trouble["leak_m2"] * density * speed * (head_m > 0))

    def _vented(self, gauge: Floats, pressure: Floats, balance: Floats, soft: Floats) -> Floats:
        """Return what leaves the gas space by valves and compressor, less what the blanket feeds."""
        f, loss = self.figures, self.trouble["cooling_loss"]
        breathing = np.maximum(gauge - f.vent_pa, 0.0) - np.maximum(f.vacuum_pa - gauge, 0.0)
        feeding = np.maximum(f.blanket_pa - gauge, 0.0)
        self.compressing = np.where(self.compressing, gauge > f.stop_pa, gauge > f.go_pa)
        drawn = np.where(self.compressing, f.compressor_mol_s * (1 - loss), 0.0)
        blowdown = self.trouble["chatter"]
        ill = blowdown > 0
        opens = np.where(ill, (balance - self.atm_pa) * (1 - blowdown), f.relief_pa)
        shuts = np.where(ill, opens * (1 - blowdown / 2), 0.9 * f.relief_pa)
        self.relieving = np.where(self.relieving, gauge > shuts, gauge > opens)
        relieved = np.where(self.relieving, f.relief_mol_s_pa * pressure, 0.0)
        return np.asarray(f.vent_mol_s_pa * (breathing - feeding) * soft + drawn + relieved)

    def _returned(self, pipe: Floats, density: Floats, gas_mol: Floats, volume: Floats) -> Floats:
        """Return the vapour that goes back along the balance line while a vessel is filled, or comes along it."""
        f, n = self.figures, len(self.vessels)
        net_m3_s = (pipe[:n] - pipe[n : 2 * n]) / density
        ullage = np.maximum(f.volume_m3 - volume, LEAST_ULLAGE * f.volume_m3)
        return np.asarray(f.vapour_return * net_m3_s * gas_mol / ullage)

    def _shell(self, air_c: float, sun: float, temp_c: Floats, wet: Floats) -> tuple[Floats, Floats]:
        """Return the heat through the shell into the bulk and into the surface layer, and mix the two."""
        f = self.figures
        felt_c = air_c + f.sun_k * sun + self.trouble["shell_k"]
        bulk = f.shell_w_k * (1 - f.surface_share) * wet * (felt_c - temp_c)
        surface = f.shell_w_k * f.surface_share * (felt_c - self.surface_c)
        bulk -= f.mixing_w_k * wet * (temp_c - self.surface_c)
        return np.asarray(bulk), np.asarray(surface)

    def _react(self, dt_s: float, pipe: Floats, leak: Floats, temp_c: Floats, wet: Floats) -> Floats:
        """Use up reactant, and return the heat that the reaction gives less what the jacket takes."""
        f, n = self.figures, len(self.vessels)
        if not f.reacts.any():
            return np.zeros(n)
        faster = np.exp(f.activation_k * (1 / (f.set_c + KELVIN) - 1 / (temp_c + KELVIN)))
        used = np.minimum(f.rate_1_s * faster, 1 / dt_s) * self.reactant_kg
        gone = (pipe[n : 2 * n] + leak) / self.mass_kg * self.reactant_kg
        self.reactant_kg += (pipe[:n] * f.reactant_share - gone - used) * dt_s
        opening = np.clip(f.rest_opening + f.gain_1_k * (temp_c - f.set_c), 0.0, 1.0)
        jacket_w = f.jacket_w_k * wet * opening * (1 - self.trouble["cooling_loss"]) * (temp_c - f.coolant_c)
        return np.asarray(used * f.reaction_j_kg - jacket_w)

    def _carry(self, dt_s: float, pipe: Floats, lost: Floats, temp_c: Floats, bulk_w: Floats) -> None:
        """Move mass and its enthalpy along the pipes, and out by leak and evaporation."""
        f, n = self.figures, len(self.vessels)
        pipe_c = np.append(temp_c, 0.0)[self.pipe_source]
        pipe_c[:n] = f.feed_c
        pipe_w = pipe * pipe_c * f.heat_j_kg_k[np.minimum(self.pipe_source, self.pipe_target)]
        for sign, ends in ((1.0, self.pipe_target), (-1.0, self.pipe_source)):
            self.mass_kg += sign * dt_s * np.bincount(ends, pipe, n + 1)[:n]
            self.heat_j += sign * dt_s * np.bincount(ends, pipe_w, n + 1)[:n]
        self.mass_kg -= lost * dt_s
        self.heat_j += (bulk_w - lost * f.heat_j_kg_k * temp_c) * dt_s
