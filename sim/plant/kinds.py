"""Kinds of vessels: what each does with heat, vapour and pressure, as one table of figures.

The figures are of the size that handbooks and data sheets show (heat transfer through a bare steel shell 5 to
10 W/m2K, through insulation 0.3; pressure-vacuum valves of atmospheric tanks at some hundred Pa to 2 kPa; refrigerated
tanks between 3 and 15 kPa). They are chosen, not measured at a plant.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from registry.plant import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What vessels of a kind have in common.

    Attributes:
        shell_w_m2_k: heat transfer between liquid and air through the shell.
        sun_k: what full sun adds to the shell's temperature.
        roof_share: how much the gas space follows the roof rather than the liquid's surface.
        evaporation_s: time in which the vapour space comes into balance with the surface at 30 % ullage; None where
            vapour is of no account (blanketed by nitrogen) or there is no gas space (floating roof).
        inert_pa: partial pressure of nitrogen beside the vapour.
        vent_pa: gauge pressure at which the pressure-vacuum valve begins to open, to the air and from it.
        blanket_pa: gauge pressure below which the blanketing regulator feeds nitrogen.
        compressor_pa: gauge pressures at which the boil-off compressor starts and stops.
        closed: whether there is a gas space with a pressure of its own.
        reacts: whether a reaction goes on in it, with a jacket that cools.
        vapour_return: the part of the vapour displaced by filling that goes back to where the liquid comes from.
        mixing_s: time in which the surface layer mixes with the bulk.
        surface_m: depth of the surface layer.
        surface_share: the part of the shell's heat that goes to the surface layer.
    """

    text: Text
    shell_w_m2_k: float
    sun_k: float
    roof_share: float = 0.0
    evaporation_s: float | None = None
    inert_pa: float = 0.0
    vent_pa: tuple[float, float] | None = None
    blanket_pa: float | None = None
    compressor_pa: tuple[float, float] | None = None
    closed: bool = True
    reacts: bool = False
    vapour_return: float = 0.0
    mixing_s: float = 1500.0
    surface_m: float = 0.15
    surface_share: float = 0.25


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "fixed_roof": Kind(
            text=Text(zh="固定顶储罐", en="fixed-roof tank"),
            shell_w_m2_k=6.0,
            sun_k=18.0,
            roof_share=0.5,
            vent_pa=(900.0, -250.0),
            blanket_pa=250.0,
        ),
        "floating_roof": Kind(
            text=Text(zh="浮顶储罐", en="floating-roof tank"), shell_w_m2_k=6.0, sun_k=14.0, closed=False
        ),
        "sphere": Kind(
            text=Text(zh="球罐", en="sphere"),
            shell_w_m2_k=5.0,
            sun_k=10.0,
            evaporation_s=240.0,
            vapour_return=0.9,
        ),
        "bullet": Kind(
            text=Text(zh="卧式压力储罐", en="bullet"),
            shell_w_m2_k=5.0,
            sun_k=10.0,
            evaporation_s=180.0,
            vapour_return=0.9,
        ),
        "refrigerated": Kind(
            text=Text(zh="低温储罐", en="refrigerated tank"),
            shell_w_m2_k=0.6,
            sun_k=8.0,
            evaporation_s=300.0,
            vapour_return=0.8,
            mixing_s=21_600.0,
            surface_m=0.05,
            surface_share=0.6,
            vent_pa=(12_000.0, -400.0),
            blanket_pa=2500.0,
            compressor_pa=(5500.0, 3500.0),
        ),
        "reactor": Kind(
            text=Text(zh="反应釜", en="reactor"),
            shell_w_m2_k=0.5,
            sun_k=0.0,
            evaporation_s=60.0,
            inert_pa=100_000.0,
            reacts=True,
            mixing_s=10.0,
        ),
    }
)
