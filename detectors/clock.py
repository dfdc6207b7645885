"""What the pipeline's clock is. Apart from the kernels, so that settings can be read before anything is compiled."""

from enum import StrEnum


class Clock(StrEnum):
    """What `now` is: the receive time, or the newest event time seen."""

    WALL = "wall"
    EVENT = "event"
