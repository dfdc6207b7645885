"""Vessels to test with."""

from sim.plant.equipment import Reaction, Vessel
from sim.plant.kinds import KINDS
from sim.plant.liquids import liquids
from sim.vessels import Lying, Shape, Sphere, Upright

REACTION = Reaction(
    share=0.3,
    rate_1_s=2.0e-4,
    activation_j_mol=90_000,
    heat_j_kg=1.0e6,
    jacket_w_k=8000,
    coolant_c=25,
    set_c=70,
    rest=0.35,
    gain_1_k=0.1,
)

_OF_KIND: dict[str, tuple[Shape, str, float, float]] = {
    "fixed_roof": (Upright(height_m=11, diameter_m=11.5), "methanol", 220, 22),
    "floating_roof": (Upright(height_m=14, diameter_m=14), "toluene", 420, 22),
    "sphere": (Sphere(12.3), "propane", 190, 22),
    "bullet": (Lying(height_m=3.2, length_m=15), "ammonia", 26, 22),
    "refrigerated": (Upright(height_m=11, diameter_m=11), "ammonia", 190, -32.5),
    "reactor": (Upright(height_m=2.8, diameter_m=2.2), "methanol", 8, 70),
}


def vessel(kind: str, start: float = 0.5, name: str = "V") -> Vessel:
    """Return a vessel of a kind, filled to `start`."""
    shape, liquid, flow, start_c = _OF_KIND[kind]
    return Vessel(
        name=name,
        place=0,
        kind=KINDS[kind],
        liquid=liquids()[liquid],
        shape=shape,
        flow_m3_h=flow,
        start=start,
        start_c=start_c,
        feed_c=-33.0 if kind == "refrigerated" else 25.0,
        reaction=REACTION if kind == "reactor" else None,
    )
