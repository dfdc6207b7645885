"""How much comes out of a hole or off a pool. Constants and their sources stand in `sim/data/release.yaml`.

Yellow Book is TNO, Methods for the calculation of physical effects, CPR 14E, 3rd ed. (2005). Pressures are absolute
unless a name says gauge. Nothing flows back in: without a pressure difference outwards the rate is zero.
"""

import math
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Literal

from registry.marks import parse_marked
from sim.gas.substances import Substance
from sim.gas.units import ATMOSPHERE_PA, GAS_J_MOL_K

GRAVITY_M_S2 = 9.806_65
Edge = Literal["sharp", "straight", "rounded"]
Ground = Literal["average", "dry_sand", "wet_sand", "concrete"]


class BoilingError(ValueError):
    """A pool at or above its boiling point is fed by heat, not carried off by the wind."""


@cache
def _constants() -> Mapping[str, Any]:
    text = resources.files("sim").joinpath("data/release.yaml").read_text("utf-8")
    marked = parse_marked(text, "release.yaml")
    assert not marked.faults, marked.faults
    data: Mapping[str, Any] = marked.data
    return data


def discharge_of(edge: Edge) -> float:
    """Return the discharge coefficient of a hole by its edge."""
    return float(_constants()["discharge"]["values"][edge])


def liquid_kg_s(
    hole_m2: float, density_kg_m3: float, head_m: float, gauge_pa: float, *, edge: Edge = "sharp"
) -> float:
    """Return the outflow of a liquid that stays liquid, `head_m` of it above the hole, `gauge_pa` on its surface.

    Torricelli with pressure: Cd A sqrt(2 rho (rho g h + p)), Yellow Book eq. 2.194.
    """
    driving_pa = density_kg_m3 * GRAVITY_M_S2 * head_m + gauge_pa
    return discharge_of(edge) * hole_m2 * math.sqrt(2 * density_kg_m3 * max(driving_pa, 0.0))


def critical_ratio(gamma: float) -> float:
    """Return the ratio of inner to outer pressure from which a gas leaves at the speed of sound.

    Yellow Book section 2.5.2: ((gamma + 1) / 2)^(gamma / (gamma - 1)); 1.89 for air.
    """
    return float(((gamma + 1) / 2) ** (gamma / (gamma - 1)))


def gas_kg_s(
    hole_m2: float,
    pressure_pa: float,
    temp_k: float,
    molar_kg: float,
    gamma: float,
    *,
    outside_pa: float = ATMOSPHERE_PA,
    edge: Edge = "sharp",
) -> float:
    """Return the outflow of an ideal gas from `pressure_pa` (absolute), choked or subsonic.

    Yellow Book eq. 2.22 and what follows: Cd A psi sqrt(rho p gamma (2 / (gamma + 1))^((gamma + 1) / (gamma - 1))), where psi
    is 1 for choked flow and joins it without a step at `critical_ratio`.
    """
    if pressure_pa <= outside_pa:
        return 0.0
    density_kg_m3 = pressure_pa * molar_kg / (GAS_J_MOL_K * temp_k)
    power = (gamma + 1) / (gamma - 1)
    choked = math.sqrt(density_kg_m3 * pressure_pa * gamma * (2 / (gamma + 1)) ** power)
    psi = 1.0
    if pressure_pa < critical_ratio(gamma) * outside_pa:
        inner = outside_pa / pressure_pa
        drop = inner ** (2 / gamma) * (1 - inner ** ((gamma - 1) / gamma))
        psi = math.sqrt(2 / (gamma - 1) * ((gamma + 1) / 2) ** power * drop)
    return discharge_of(edge) * hole_m2 * psi * choked


def flash_fraction(temp_k: float, of: Substance) -> float:
    """Return the share of a liquid that turns to vapour as it comes to atmospheric pressure, 0 to 1.

    Isenthalpic, liquid and vapour together down to the boiling point: 1 - exp(-cp (T - Tb) / L), which for a small
    superheat is cp (T - Tb) / L (Lees, Loss Prevention in the Process Industries, flash fraction). What the jet
    tears into fine drops stays in the air as well; a usual assumption is twice this share.
    """
    superheat_k = max(temp_k - of.boiling_k, 0.0)
    return -math.expm1(-of.liquid_j_kg_k * superheat_k / of.latent_j_kg)


def equilibrium_kg_m2_s(slope_pa_k: float, temp_k: float, liquid_j_kg_k: float) -> float:
    """Return the mass flux of a saturated liquid that flashes in equilibrium as it leaves.

    Equilibrium rate model of Fauske and Epstein (1988), G = L / v_fg / sqrt(T cp); with Clapeyron's
    L / v_fg = T dp/dT it is dp/dT sqrt(T / cp). `slope_pa_k` is dp/dT of the vapour pressure.
    """
    return slope_pa_k * math.sqrt(temp_k / liquid_j_kg_k)


def two_phase_kg_s(
    hole_m2: float,
    pressure_pa: float,
    temp_k: float,
    of: Substance,
    length_m: float,
    *,
    outside_pa: float = ATMOSPHERE_PA,
    edge: Edge = "sharp",
) -> float:
    """Return the outflow of a liquid above its boiling point through a hole or nozzle `length_m` long.

    Fauske and Epstein (1988), homogeneous with a relaxation length of 0.1 m: 1/G^2 = 1/G_orifice^2 +
    (length / 0.1 m) / G_equilibrium^2 for the part of the pressure up to the vapour pressure; what is above it drives
    liquid as through an orifice. A hole in a thin wall (length 0) so passes liquid; a liquid below its boiling point
    does too. Pipes longer than the relaxation length have friction besides, which is not in here.
    """
    density_kg_m3 = of.density_kg_m3(temp_k)
    discharge = discharge_of(edge)
    vapour_pa = min(of.antoine.pa(temp_k), pressure_pa)
    orifice_2 = 2 * density_kg_m3 * discharge**2
    if vapour_pa <= outside_pa:
        return hole_m2 * math.sqrt(orifice_2 * max(pressure_pa - outside_pa, 0.0))
    slope_pa_k = of.antoine.pa(temp_k) * math.log(10) * of.antoine.b / (temp_k + of.antoine.c) ** 2
    equilibrium = equilibrium_kg_m2_s(slope_pa_k, temp_k, of.liquid_j_kg_k)
    relaxed = min(length_m / _constants()["two_phase"]["relaxation_m"], 1.0)
    saturated_2 = 1 / (1 / (orifice_2 * (vapour_pa - outside_pa)) + relaxed / equilibrium**2)
    return hole_m2 * math.sqrt(saturated_2 + orifice_2 * (pressure_pa - vapour_pa))


def pool_kg_s(radius_m: float, temp_k: float, of: Substance, wind_m_s: float) -> float:
    """Return what the wind (at 10 m) carries off a round pool below its boiling point.

    Mass transfer by Mackay and Matsugu (1973), Yellow Book section 3.5, with Stefan's flow for volatile liquids:
    k A (P M / R T) ln(1 / (1 - pv / P)). Raises `BoilingError` at or above the boiling point.
    """
    ratio = of.antoine.pa(temp_k) / ATMOSPHERE_PA
    if ratio >= 1 or temp_k >= of.boiling_k:
        raise BoilingError(f"{of.key} boils at {temp_k:g} K (allowed: below {of.boiling_k:g} K)")
    law = _constants()["pool"]
    transfer_m_s = (
        law["factor"]
        * wind_m_s ** law["wind"]
        * (2 * radius_m) ** law["size"]
        * law["schmidt_number"] ** law["schmidt"]
    )
    air_kg_m3 = ATMOSPHERE_PA * of.molar_kg / (GAS_J_MOL_K * temp_k)
    return float(transfer_m_s * math.pi * radius_m**2 * air_kg_m3 * -math.log1p(-ratio))


def boiled_kg(
    area_m2: float, of: Substance, ground_k: float, since_s: float, ground: Ground = "average"
) -> float:
    """Return what has boiled off a pool of constant area within `since_s` after it was spilt.

    Heat out of semi-infinite ground in perfect contact, Yellow Book section 3.5: 2 lambda (Tg - Tb) sqrt(t / (pi a)) A / L;
    the rate over a step is the difference over it. Sun, air and frozen ground are not counted.
    """
    kind = _constants()["ground"]["kinds"][ground]
    warmer_k = max(ground_k - of.boiling_k, 0.0)
    heat_j_m2 = 2 * kind["w_m_k"] * warmer_k * math.sqrt(max(since_s, 0.0) / (math.pi * kind["m2_s"]))
    return float(area_m2 * heat_j_m2 / of.latent_j_kg)
