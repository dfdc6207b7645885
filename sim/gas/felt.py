"""What a gas detector feels of the gas around it, before its transmitter's noise (`sim/data/gas_detectors.yaml`).

In this order: a poisoned cell feels a share of what is there; above what its oxygen can burn a catalytic bead feels
less the more gas there is; diffusion through the guard lags; the range ends.

- Lag: first order, T90 = tau ln 10, solved exactly over a step during which the gas stays as it is.
- Poisoning: catalytic beads lose sensitivity to silicones, lead and sulphur. `loss_per_day` is the share lost in a day of
  what is left; the zero stays, so that nothing shows until gas comes.
- Over-range: a bead burns the gas with the air's oxygen. With n mol oxygen for one mol of gas and a fraction x of gas, it burns
  the smaller of x and 0.2095 (1 - x) / n: the reading rises to the stoichiometric mixture and falls above it, to nothing
  in pure gas. Detectors by IEC 60079-29-1 latch at the end of their range instead; old and portable ones do not.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from registry.marks import parse_marked
from sim.gas.substances import Substance
from sim.gas.units import MeaninglessError

Numbers = NDArray[np.float64]
Kind = Literal["catalytic", "infrared", "electrochemical", "electrochemical_slow", "photoionisation"]

_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorKind:
    """How detectors of one kind respond: a usual T90, the most that the standard allows, whether they burn the gas."""

    t90_s: float
    t90_most_s: float
    needs_oxygen: bool


@cache
def _data() -> Mapping[str, Any]:
    text = resources.files("sim").joinpath("data/gas_detectors.yaml").read_text("utf-8")
    marked = parse_marked(text, "gas_detectors.yaml")
    assert not marked.faults, marked.faults
    data: Mapping[str, Any] = marked.data
    return data


def detector_kind(kind: Kind) -> DetectorKind:
    """Return how detectors of a kind respond."""
    row = _data()["kinds"][kind]
    return DetectorKind(
        t90_s=float(row["t90_s"]), t90_most_s=float(row["t90_most_s"]), needs_oxygen=row["needs_oxygen"]
    )


def burnt_lel_percent(true_lel_percent: ArrayLike, of: Substance) -> Numbers:
    """Return what a catalytic bead feels of a concentration, both in %LEL.

    Raises `MeaninglessError` for what does not burn.
    """
    if of.lel_percent is None or of.oxygen_per_mol is None:
        raise MeaninglessError(f"{of.key} does not burn")
    oxygen = _data()["air_oxygen_percent"]["value"] / 100
    fraction = np.minimum(np.asarray(true_lel_percent, float) * of.lel_percent / 1e4, 1.0)
    burnt = np.minimum(fraction, oxygen * (1 - fraction) / of.oxygen_per_mol)
    return np.asarray(burnt * 1e4 / of.lel_percent)


class Felt:
    """Detectors with a lag, a range and a sensitivity; one number a detector or the same for all.

    `t90_s` and `range_hi` (in the detector's unit) are arrays of the number of detectors, or one of them is and the
    other a number. `folds_for` makes catalytic beads of all of them that read %LEL of that substance.

    Attributes:
        felt: what they show, in the detector's unit.
        sensitivity: share of the gas that they still feel, 1 for a new one.
    """

    def __init__(self, t90_s: ArrayLike, range_hi: ArrayLike, *, folds_for: Substance | None = None) -> None:
        t90, high = np.broadcast_arrays(np.atleast_1d(np.asarray(t90_s, float)), np.asarray(range_hi, float))
        self._rate_hz = math.log(10) / t90
        self._high = high.copy()
        self._folds_for = folds_for
        self._inside = np.zeros(len(t90))
        self.felt = np.zeros(len(t90))
        self.sensitivity = np.ones(len(t90))

    def step(self, dt_s: float, true: Numbers, loss_per_day: ArrayLike = 0.0) -> Numbers:
        """Let `dt_s` seconds pass with `true` around the detectors, in their unit, and return what they show.

        `loss_per_day`, 0 to below 1, is the share of the sensitivity that poison in the air takes away in a day.
        """
        self.sensitivity *= (1 - np.asarray(loss_per_day, float)) ** (dt_s / _DAY_S)
        reaches = true if self._folds_for is None else burnt_lel_percent(true, self._folds_for)
        self._inside += (self.sensitivity * reaches - self._inside) * -np.expm1(-dt_s * self._rate_hz)
        self.felt = np.minimum(self._inside, self._high)
        return self.felt

    def replace(self, which: NDArray[np.bool_]) -> None:
        """Give these detectors a new cell or bead."""
        self.sensitivity[which] = 1.0
