"""Which alert the findings of each method belong to, and how grave they are by themselves.

Process findings and findings about the sensor's own health never meet in one alert: a gauge that is stuck says nothing
of the tank, and a tank that runs over is no trouble of the gauge.
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from alerting.events import Family, Kind
from detectors.findings import Method

_PROCESS, _HEALTH = Family.PROCESS, Family.HEALTH


class About(NamedTuple):
    """What a method's findings are about; `kind` None: the side of normal on which the limit that they name lies."""

    family: Family
    kind: Kind | None


ABOUT: Mapping[Method, About] = MappingProxyType(
    {
        Method.LIMIT: About(_PROCESS, None),
        Method.FORECAST: About(_PROCESS, None),
        Method.RATE: About(_PROCESS, Kind.RATE),
        # what several sensors say together goes before what one says alone, a lasting change before a passing one
        Method.VOTE: About(_PROCESS, Kind.ANOMALY),
        Method.BALANCE: About(_PROCESS, Kind.ANOMALY),
        Method.T2: About(_PROCESS, Kind.ANOMALY),
        Method.Q: About(_PROCESS, Kind.ANOMALY),
        Method.STEP: About(_PROCESS, Kind.ANOMALY),
        Method.CUSUM: About(_PROCESS, Kind.ANOMALY),
        Method.EWMA: About(_PROCESS, Kind.ANOMALY),
        Method.ROBUST_Z: About(_PROCESS, Kind.ANOMALY),
        Method.SEASON: About(_PROCESS, Kind.ANOMALY),
        Method.VARIANCE: About(_PROCESS, Kind.ANOMALY),
        Method.OSCILLATION: About(_PROCESS, Kind.ANOMALY),
        Method.NOVELTY: About(_PROCESS, Kind.ANOMALY),
        Method.SPIKE: About(_PROCESS, Kind.ANOMALY),
        Method.DEAD: About(_HEALTH, Kind.DEAD),
        Method.OUT_OF_RANGE: About(_HEALTH, Kind.OUT_OF_RANGE),
        Method.SATURATION: About(_HEALTH, Kind.SATURATION),
        Method.STUCK: About(_HEALTH, Kind.STUCK),
        Method.DRIFT: About(_HEALTH, Kind.DRIFT),
        Method.NOISE: About(_HEALTH, Kind.NOISE),
        Method.QUALITY: About(_HEALTH, Kind.BAD_QUALITY),
        Method.UNCERTAIN: About(_HEALTH, Kind.BAD_QUALITY),
        Method.CLOCK: About(_HEALTH, Kind.CLOCK),
    }
)
"""Family and kind of every method; of methods that weigh the same, the one that stands first here is told first."""

KIND: Mapping[int, Kind | None] = MappingProxyType({method: about.kind for method, about in ABOUT.items()})
"""The kind in `ABOUT`, by the method's number."""

PRECEDENCE: Mapping[int, int] = MappingProxyType({method: place for place, method in enumerate(ABOUT)})
"""The place in `ABOUT`, by the method's number."""

SIDE_OF_LIMIT: Mapping[str, Kind] = MappingProxyType(
    {"ll": Kind.LOW, "l": Kind.LOW, "h": Kind.HIGH, "hh": Kind.HIGH, "design": Kind.HIGH}
)
"""On which side of normal a limit lies."""


class Gravity(IntEnum):
    """How grave a condition is by itself; the gravest one names the alert. A larger number is graver."""

    ABNORMAL = 0
    FAST = 1
    AHEAD = 2
    FIRST_LIMIT = 3
    SECOND_LIMIT = 4
    DESIGN_LIMIT = 5


GRAVITY_OF_LIMIT: Mapping[str, Gravity] = MappingProxyType(
    {
        "ll": Gravity.SECOND_LIMIT,
        "l": Gravity.FIRST_LIMIT,
        "h": Gravity.FIRST_LIMIT,
        "hh": Gravity.SECOND_LIMIT,
        "design": Gravity.DESIGN_LIMIT,
    }
)
"""How grave it is that a limit is crossed."""
