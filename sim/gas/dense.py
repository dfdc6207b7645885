"""A cloud heavier than air over flat ground, by SLAB: chlorine, LPG, ammonia with its aerosol.

slabx (MIT), a reimplementation of SLAB (Ermak, User's manual for SLAB, UCRL-MA-105607, 1990), integrates the cloud once for
a constant source in a steady wind, 0.1 to 0.3 s a run. `dense_cloud` keeps what comes out as a table, and
`DenseCloud.at_kg_m3` reads the concentration anywhere at any time off it by the manual's profiles:

- while the source runs, the steady plume (eq. 13) from the time at which the gas set free so far fills it to there;
- as far as the cloud's middle is when the source ends, the same for as long as the source ran;
- further out, from the end of the source on, a cloud that drifts and grows (eq. 28).

Volume fractions become kg/m3 at the air's temperature, as in what a detector draws in. All of it is a function of its
arguments alone. Where a light gas will do, `density_matters` says.
"""

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erf
from slabx.core.plume import run_dispersion
from slabx.core.source import EvaporatingPool, HorizontalJet
from slabx.core.trajectory import Trajectory
from slabx.post.concentration import meander_width
from slabx.submodels.atmosphere import Atmosphere
from slabx.thermo.base import LegacyThermo, water_backend
from slabx.thermo.base import Substance as SlabSubstance

from sim.gas.release import GRAVITY_M_S2
from sim.gas.spread import Stability
from sim.gas.substances import Substance
from sim.gas.units import kg_m3_of

Numbers = NDArray[np.float64]

_AIR_KG_MOL = 0.028_964
_FIELD_STEPS, _PUFF_STEPS = 80, 60
_RICHARDSON = 0.15
_THIN_M = 1e-9


class DenseGasError(ValueError):
    """SLAB has no answer for this source in this air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Air:
    """The air over the site: wind at `measured_at_m`, Pasquill's class, temperature, humidity, roughness of the ground.

    SLAB was compared with trials from 0.5 to 12 m/s and up to 0.1 m of roughness (`DenseCloud.notes` tells when not).
    """

    wind_m_s: float
    stability: Stability
    temp_k: float = 293.15
    humidity_percent: float = 60.0
    roughness_m: float = 0.03
    measured_at_m: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseSource:
    """What leaks at a constant rate for `duration_s` (may be infinite).

    A ``pool`` boils off `area_m2` of ground; a ``jet`` blows downwind from `height_m`, `area_m2` its section where it has
    come to atmospheric pressure (`flashed_area_m2`), with `liquid_fraction` of it drops that stay in the air.
    """

    of: Substance
    kind: Literal["pool", "jet"]
    rate_kg_s: float
    duration_s: float
    area_m2: float
    height_m: float = 0.0
    liquid_fraction: float = 0.0


def flashed_area_m2(rate_kg_s: float, speed_m_s: float, of: Substance, liquid_fraction: float) -> float:
    """Return the section of a jet of vapour and drops at the boiling point that leaves with this speed.

    The speed of a liquid from a hole is about sqrt(2 dp / rho); flashing after a hole in a thin wall leaves the
    momentum as it is.
    """
    vapour_kg_m3 = float(kg_m3_of(1.0, of.molar_kg, of.boiling_k))
    volume_m3_kg = (1 - liquid_fraction) / vapour_kg_m3 + liquid_fraction / of.liquid_kg_m3
    return rate_kg_s * volume_m3_kg / speed_m_s


def density_matters(source: DenseSource, air: Air) -> bool:
    """Tell whether a continuous release spreads by its weight, or could as well be a light gas.

    Britter and McQuaid, Workbook on the dispersion of dense gases, HSE 17/1988: (g' q / D)^(1/3) / u >= 0.15, with
    q the volume rate of the vapour and drops as they start and D = sqrt(q / u).
    """
    of, share = source.of, source.liquid_fraction
    vapour_kg_m3 = float(kg_m3_of(1.0, of.molar_kg, of.boiling_k))
    volume_m3_kg = (1 - share) / vapour_kg_m3 + share / of.liquid_kg_m3
    air_kg_m3 = float(kg_m3_of(1.0, _AIR_KG_MOL, air.temp_k))
    reduced = GRAVITY_M_S2 * (1 / volume_m3_kg / air_kg_m3 - 1)
    if reduced <= 0:
        return False
    volume_m3_s = source.rate_kg_s * volume_m3_kg
    size_m = math.sqrt(volume_m3_s / air.wind_m_s)
    return bool((reduced * volume_m3_s / size_m) ** (1 / 3) / air.wind_m_s >= _RICHARDSON)


def downwind_m(receptors_m: ArrayLike, at_m: ArrayLike, from_deg: float) -> Numbers:
    """Return receptors (x east, y north, z up in columns) as down the wind and across it from a source, and up."""
    receptors = np.asarray(receptors_m, float).reshape(-1, 3)
    east, north = (receptors[:, :2] - np.asarray(at_m, float)[:2]).T
    to_rad = math.radians(from_deg + 180.0)
    down = east * math.sin(to_rad) + north * math.cos(to_rad)
    aside = east * math.cos(to_rad) - north * math.sin(to_rad)
    return np.stack((down, aside, receptors[:, 2]), 1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Track:
    """The cloud along its way, one row a place (plume) or a time (puff); lengths in m, `fraction` by volume."""

    key: Numbers
    fraction: Numbers
    half_width: Numbers
    flat_width: Numbers
    edge_width: Numbers
    half_length: Numbers
    flat_length: Numbers
    edge_length: Numbers
    thick: Numbers
    centre: Numbers
    edge_height: Numbers
    middle: Numbers

    def read(self, key: Numbers | float) -> dict[str, Numbers]:
        """Return every column by straight lines at these keys; nothing of the gas outside the table."""
        found = {
            name: np.interp(key, self.key, getattr(self, name)) for name in self.__slots__ if name != "key"
        }
        inside = (np.asarray(key) >= self.key[0]) & (np.asarray(key) <= self.key[-1])
        found["fraction"] = np.where(inside, found["fraction"], 0.0)
        return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DenseCloud:
    """The tables of one run.

    Attributes:
        notes: where the run left what SLAB was compared with.
        hands_over_m: how far down the wind the middle of the cloud is when the source ends.
    """

    source: DenseSource
    air: Air
    notes: tuple[str, ...]
    hands_over_m: float
    _plume: _Track
    _puff: _Track | None
    _arrival_s: Numbers

    def at_kg_m3(self, places_m: ArrayLike, t_s: float) -> Numbers:
        """Return the concentration at places (down the wind, across, up; see `downwind_m`), `t_s` after the start."""
        down, aside, up = np.asarray(places_m, float).reshape(-1, 3).T
        of_plume = self._of_plume(down, aside, up)
        since = t_s - np.interp(down, self._plume.key, self._arrival_s)
        lasts_s = self.source.duration_s
        near = down <= self.hands_over_m
        seen = np.where(near, (since >= 0) & (since <= lasts_s), (since >= 0) & (t_s <= lasts_s))
        fraction = np.where(seen, of_plume, 0.0)
        if self._puff is not None and t_s > lasts_s:
            fraction = np.where(near, fraction, self._of_puff(self._puff, down, aside, up, t_s))
        return kg_m3_of(np.clip(fraction, 0.0, 1.0), self.source.of.molar_kg, self.air.temp_k)

    def _of_plume(self, down: Numbers, aside: Numbers, up: Numbers) -> Numbers:
        row = self._plume.read(down)
        whole = 2 * row["half_width"] * row["thick"] * row["fraction"]
        return whole * _flat(aside, row["flat_width"], row["edge_width"]) * _layer(up, row)

    def _of_puff(self, puff: _Track, down: Numbers, aside: Numbers, up: Numbers, t_s: float) -> Numbers:
        row = puff.read(t_s)
        whole = 4 * row["half_length"] * row["half_width"] * row["thick"] * row["fraction"]
        along = _flat(down - row["middle"], row["flat_length"], row["edge_length"])
        return whole * along * _flat(aside, row["flat_width"], row["edge_width"]) * _layer(up, row)


def _flat(y: Numbers, flat: Numbers, edge: Numbers) -> Numbers:
    """A flat top of half-width `flat` with edges of deviation `edge` (eq. 13); its integral is 1."""
    flat, edge = np.maximum(flat, _THIN_M), math.sqrt(2) * np.maximum(edge, _THIN_M)
    return np.asarray((erf((y + flat) / edge) - erf((y - flat) / edge)) / (4 * flat))


def _layer(z: Numbers, row: dict[str, Numbers]) -> Numbers:
    """The Gaussian in height with the ground's reflection (eq. 13); its integral above ground is 1."""
    edge, centre = np.maximum(row["edge_height"], _THIN_M), row["centre"]
    both = np.exp(-0.5 * ((z - centre) / edge) ** 2) + np.exp(-0.5 * ((z + centre) / edge) ** 2)
    return np.asarray(both / (math.sqrt(2 * math.pi) * edge))


@lru_cache(maxsize=256)
def dense_cloud(
    source: DenseSource, air: Air, reach_m: float = 2000.0, averaging_s: float = 20.0
) -> DenseCloud:
    """Return the cloud of a source up to `reach_m` down the wind; raises `DenseGasError` where SLAB has no answer.

    `averaging_s` is over how long concentrations are averages: the longer, the more the wind's wandering widens them.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            atmosphere = _atmosphere(air)
            steady = _run(source, math.inf, atmosphere, reach_m)
            whole = _run(source, source.duration_s, atmosphere, reach_m)
            plume = _track(steady, atmosphere, averaging_s, source.duration_s, drifting=False)
            puff = (
                _track(whole, atmosphere, averaging_s, source.duration_s, drifting=True)
                if whole.is_puff.any()
                else None
            )
        except (ValueError, ArithmeticError, RuntimeError) as exc:
            raise DenseGasError(f"SLAB has no answer: {exc}") from exc
    return DenseCloud(
        source=source,
        air=air,
        notes=tuple(dict.fromkeys(str(warning.message) for warning in caught)),
        hands_over_m=float(whole.meta.get("transition_x", math.inf)),
        _plume=plume,
        _puff=puff,
        _arrival_s=np.maximum.accumulate(steady.mass_in_cloud[steady.is_plume]) / source.rate_kg_s,
    )


def _atmosphere(air: Air) -> Any:
    return Atmosphere(
        u_ref=air.wind_m_s,
        z_ref=air.measured_at_m,
        T=air.temp_k,
        rh=air.humidity_percent,
        z0=air.roughness_m,
        stability=air.stability,
    )


def _run(source: DenseSource, lasts_s: float, atmosphere: Any, reach_m: float) -> Trajectory:
    of = source.of
    slab = SlabSubstance(
        name=of.key,
        mw=of.molar_kg,
        cp_vapour=of.vapour_j_kg_k,
        cp_liquid=of.liquid_j_kg_k,
        dh_vap=of.latent_j_kg,
        T_boil=of.boiling_k,
        rho_liquid=of.liquid_kg_m3,
        sat_B=of.antoine.b * math.log(10),
        sat_C=of.antoine.c,
    )
    common = {
        "substance": slab,
        "rate": source.rate_kg_s,
        "area": source.area_m2,
        "duration": lasts_s,
    }
    model = (
        EvaporatingPool(**common)
        if source.kind == "pool"
        else HorizontalJet(**common, height=source.height_m, liquid_fraction=source.liquid_fraction)
    )
    found, _ = run_dispersion(
        model,
        atmosphere,
        LegacyThermo(slab),
        water_backend(),
        x_max=reach_m,
        n_field_steps=_FIELD_STEPS,
        n_puff_steps=_PUFF_STEPS,
    )
    if not np.isfinite(found.vol_frac).all():
        raise DenseGasError("SLAB lost the cloud (a concentration that is no number)")
    return found


def _track(run: Trajectory, atmosphere: Any, averaging_s: float, lasts_s: float, *, drifting: bool) -> _Track:
    finite_s = min(lasts_s, max(float(run.t[-1]), averaging_s))
    _, edge = meander_width(run, atmosphere, t_avg=averaging_s, t_release=finite_s)
    rows, key = (run.is_puff, run.t) if drifting else (run.is_plume, run.x)
    return _Track(
        key=key[rows],
        fraction=run.vol_frac[rows],
        half_width=run.b_half[rows],
        flat_width=run.b_shape[rows],
        edge_width=edge[rows],
        half_length=run.b_half_x[rows],
        flat_length=run.b_shape_x[rows],
        edge_length=run.beta_x[rows],
        thick=run.h[rows],
        centre=run.z_c[rows],
        edge_height=run.sigma_z[rows],
        middle=run.x[rows],
    )
