"""The facts of a re-enacted accident, as its file tells them; times are seconds since the file's `start`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from registry.plant import Text

LIMITS = ("ll", "l", "h", "hh")


class Basis(StrEnum):
    """What a figure rests on."""

    FOUND = "found"
    """Read in the text of the source that is named."""
    RECALLED = "recalled"
    """Remembered to stand in the source that is named; not found in a text here."""
    ASSUMED = "assumed"
    """Ours: plausible, from no source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a figure comes from: a key of the accident's sources, or None where it is assumed."""

    source: str | None
    basis: Basis


@dataclass(frozen=True, slots=True, kw_only=True)
class Knot:
    """A value at a time; `step` holds the value before it up to it, else the line runs straight."""

    t_s: float
    value: float
    step: bool
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """One knot of a repeated piece of normal operation, counted from the piece's beginning."""

    after_s: float
    value: float
    step: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """Normal operation: the same piece `times` times, each shifted by up to `jitter_s` either way. All assumed."""

    first_s: float
    every_s: float
    times: int
    jitter_s: float
    beats: tuple[Beat, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wander:
    """Slow noise of the process itself (Ornstein-Uhlenbeck); `share` counts it as a share of the value."""

    sd: float
    tau_s: float
    share: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Daily:
    """A sine of the day, in the signal's unit, with its peak at an hour of the plant's clock."""

    amplitude: float
    peak_h: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Induction:
    """Self-heating of constant activation energy in its exponential approximation (Frank-Kamenetskii 1939).

    value(t) = base - theta ln(1 - (t - from) / (blow_up - from)), at most `most`, from `from_s` on.
    `theta` is R T0^2 / E: what the temperature rises by while the rate grows e-fold.
    """

    from_s: float
    blow_up_s: float
    base: float
    theta: float
    most: float
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A signal by knots and repeats, with what wanders about it, and a model that takes over at its end."""

    knots: tuple[Knot, ...]
    repeats: tuple[Repeat, ...] = ()
    wander: Wander | None = None
    daily: Daily | None = None
    model: Induction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tank:
    """A level in m by what flows in and out (m3/h) over its area; `anchor` is where it is known. Full, it overflows."""

    area_m2: float
    inflows: tuple[str, ...]
    outflows: tuple[str, ...]
    anchor: Knot
    full_m: float
    origin: Origin


Signal = Course | Tank


class FaultKind(StrEnum):
    """How a sensor shows something else than what is."""

    STUCK = "stuck"
    """Repeats its last number to the digit."""
    HELD = "held"
    """What it measures is jammed: the last value, with the transmitter's own noise."""
    SILENT = "silent"
    SHOWS = "shows"
    """Shows knots of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorFault:
    """From when to when a sensor lies; `knots` are what it shows instead, only for `shows`."""

    kind: FaultKind
    from_s: float
    to_s: float
    knots: tuple[Knot, ...]
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensor:
    """One sensor of the plant of that day.

    `existed` is False for one that the plant did not have, or that nobody who could act could see. `alarm` is what
    the plant's own alarm of it did. Noise, drift and resolution are assumed throughout, in the sensor's unit.
    """

    id: str
    type: str
    unit: str
    range: tuple[float, float]
    limits: Mapping[str, float]
    limits_origin: Origin
    scan_s: int
    noise: float
    drift: float
    resolution: float
    reads: str
    existed: bool
    equipment: str
    group: str
    text: Text
    alarm: Text
    faults: tuple[SensorFault, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the timeline."""

    t_s: float
    text: Text
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What really happened, for the truth; `no_return_s` and its reason stand for the accident itself alone.

    `acted_s` is when people acted on what their plant showed, where they did: what comes after it is their doing.
    """

    id: str
    kind: str
    severity: int
    fault: bool
    onset_s: float
    end_s: float
    grade: str | None
    sensors: tuple[str, ...]
    no_return_s: float | None
    no_return_why: Text | None
    acted_s: float | None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A public text: what it is and where it was read; no address where it is only remembered."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The same day with some sensors otherwise: the assumption that may decide the answer, turned round."""

    name: str
    text: Text
    sensors: Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accident:
    """All of one accident's file."""

    name: str
    title: Text
    text: Text
    start: str
    length_s: int
    step_s: int
    sources: Mapping[str, Source]
    timeline: tuple[Row, ...]
    signals: Mapping[str, Signal]
    sensors: tuple[Sensor, ...]
    events: tuple[Event, ...]
    alternatives: tuple[Alternative, ...]
    enterprise: str
    source: str
    plant: str

    @property
    def told_by_s(self) -> float:
        """Until when a warning counts: the point of no return, or when people acted by themselves."""
        main = self.main
        assert main.no_return_s is not None, "the main event has a point of no return"
        return main.no_return_s if main.acted_s is None else min(main.acted_s, main.no_return_s)

    @property
    def main(self) -> Event:
        """The event that has the point of no return."""
        return next(event for event in self.events if event.no_return_s is not None)
