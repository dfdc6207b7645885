"""What a transmitter's current tells about its reading: the limits of NAMUR NE 43, as an input card judges by them."""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from registry.readings import Quality

GAS_KINDS = frozenset({"gas_combustible", "gas_toxic", "oxygen"})


class Mode(IntEnum):
    """What a transmitter is doing at each row's time.

    HELD repeats what it sent last and says that all is well: it lies. CALIBRATING goes on sending what its cell sees,
    marked uncertain, because someone has declared it. NO_VALUE: the gateway says that it got none. SILENT: nothing at
    all is sent.
    """

    MEASURING = 0
    HELD = 1
    WARM_UP = 2
    CALIBRATING = 3
    FAILED_LOW = 4
    FAILED_HIGH = 5
    NO_VALUE = 6
    SILENT = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """The currents of a 4 to 20 mA loop, in mA; see transmitters.yaml."""

    zero: float
    full: float
    saturation_low: float
    saturation_high: float
    failure_low: float
    failure_high: float

    def current(self, share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the current for a share of the span; it saturates where measurement information ends."""
        asked = self.zero + (self.full - self.zero) * share
        return np.asarray(np.clip(asked, self.saturation_low, self.saturation_high))

    def share(self, current: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the share of the span that a current stands for; a failure current gives a number too."""
        return np.asarray((current - self.zero) / (self.full - self.zero))

    def quality(self, current: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return the quality of readings by their currents.

        Failure information is bad. At saturation and between it and failure the process is at least there, or the
        transmitter is not ready: uncertain.
        """
        bad = (current <= self.failure_low) | (current >= self.failure_high)
        uncertain = (current <= self.saturation_low) | (current >= self.saturation_high)
        return np.where(bad, Quality.BAD, np.where(uncertain, Quality.UNCERTAIN, Quality.GOOD)).astype(
            np.uint8
        )


@cache
def transmitter_data() -> dict[str, Any]:
    """Return sim/data/transmitters.yaml."""
    text = files("sim").joinpath("data", "transmitters.yaml").read_text(encoding="utf-8")
    data: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return data


@cache
def loop() -> Loop:
    """Return the loop of transmitters.yaml."""
    data = transmitter_data()["loop"]
    return Loop(**{name: float(data[name]) for name in Loop.__dataclass_fields__})


def state_currents(kind: str) -> dict[Mode, float]:
    """Return what a transmitter of this sensor type drives in the modes that have a current of their own, mA."""
    data = transmitter_data()["states"]["gas" if kind in GAS_KINDS else "process"]
    return {
        Mode.WARM_UP: data["warm_up"],
        Mode.FAILED_LOW: data["failed_low"],
        Mode.FAILED_HIGH: data["failed_high"],
    }
