"""What a simulated plant is built of, and the channels through which something can go wrong with it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim.plant.kinds import Kind
from sim.plant.liquids import Liquid
from sim.vessels import Lying, Shape, Sphere, Upright

CHANNELS: Mapping[str, str] = MappingProxyType(
    {
        "leak_m2": "a hole 0.1 m above the bottom through which liquid is lost",
        "inlet_stuck": "the inlet valve closes no further than to this share of its stroke",
        "outlet_block": "share of the outlet's opening that is blocked",
        "gauge_stuck": "above 0: the control system sees the level that was when it began",
        "cooling_loss": "share of the jacket's or the compressor's cooling that is gone",
        "gas_in_mol_s": "nitrogen that passes a regulator into the gas space",
        "inert_pa": "partial pressure of gas that does not condense",
        "chatter": "the relief valve lifts this share below the vapour pressure, and reseats half as much lower",
        "shell_k": "added to the temperature that the shell and the roof feel: sun on bare steel, spray water",
    }
)
"""How a fault or a look-alike acts on one vessel; 0 everywhere is a plant in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reaction:
    """A first-order exothermic reaction A -> B in a stirred, jacketed vessel, A being fed.

    `rate_1_s` holds at `set_c` and follows Arrhenius with `activation_j_mol`; `heat_j_kg` is per kg of A. The jacket
    takes `jacket_w_k` times its opening times the difference to the coolant; the opening is `rest` at `set_c` and
    grows by `gain_1_k`.
    """

    share: float
    rate_1_s: float
    activation_j_mol: float
    heat_j_kg: float
    jacket_w_k: float
    coolant_c: float
    set_c: float
    rest: float
    gain_1_k: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Vessel:
    """A tank or reactor. `start` is its filling as a share of the volume; `relief_pa` infinite without such a valve.

    `place` tells which hazard source it stands in, by number; `at_m` where on the site.
    """

    name: str
    place: int
    kind: Kind
    liquid: Liquid
    shape: Shape
    flow_m3_h: float
    start: float
    start_c: float
    feed_c: float
    relief_pa: float = math.inf
    reaction: Reaction | None = None
    at_m: tuple[float, float] = (0.0, 0.0)

    @property
    def shell_m2(self) -> float:
        """The outer surface."""
        match self.shape:
            case Sphere(height_m=d):
                return math.pi * d**2
            case Upright(height_m=h, diameter_m=d):
                return math.pi * d * h + math.pi * d**2 / 4
            case Lying(height_m=d, length_m=length):
                return math.pi * d * length + math.pi * d**2 / 2
        raise AssertionError(self.shape)

    @property
    def surface_m2(self) -> float:
        """The liquid's surface at half height."""
        match self.shape:
            case Sphere(height_m=d) | Upright(diameter_m=d):
                return math.pi / 4 * d**2
            case Lying(height_m=d, length_m=length):
                return d * length
        raise AssertionError(self.shape)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A pipe with a pump from one vessel to another, both by number."""

    source: int
    target: int
    flow_m3_h: float
