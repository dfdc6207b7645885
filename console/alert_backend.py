"""What the page of one alert asks of the pipeline beyond the alert itself, and the values that it gets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from alerting.escalation.upcoming import Upcoming
from alerting.events import AlertEvent
from alerting.grading import GradeTable
from console.backend import SensorFacts
from detectors.outlook import Outlook
from ledger.records import OutboxRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is kept of an alert.

    `events` are its own, oldest first: at most some hundred, the first and the newest, `left_out` between them. `deliveries`
    are the newest ones, oldest first. `similar` are the events of earlier alerts that opened with the same kind, each
    alert's own together and oldest first: those of the same sensor, then others of the same hazard source, newest first.
    """

    events: Sequence[AlertEvent]
    left_out: int = 0
    deliveries: Sequence[OutboxRow] = ()
    similar: Sequence[Sequence[AlertEvent]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A sensor with its newest reading, None where none has come since the start."""

    facts: SensorFacts
    t_ns: int | None = None
    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A sensor beside another one: by which of ``equipment``, ``group``, ``source`` it is one, the closest first."""

    reading: Reading
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What stands around a sensor: neighbours, the closest first, and the wind sensors of its source, else of its enterprise.

    Speed and direction come from sensors of the same place where that has both.
    """

    neighbours: Sequence[Neighbour] = ()
    wind_speed: Reading | None = None
    wind_direction: Reading | None = None


class AlertBackend(Protocol):
    """Called on the event loop; what reads from the disk does so in a thread."""

    async def record(self, alert: str) -> Record:
        """Return what is kept of an alert, open or closed; no events where there is no such alert."""

    def surroundings(self, sensor: str) -> Surroundings:
        """Return what stands around a sensor, nothing for one that is not in the points table."""

    def outlook(self, sensor: str) -> Outlook | None:
        """Return what the detectors know of a sensor now, None for one that is not in the points table."""

    def upcoming(self, alert: str) -> Upcoming | None:
        """Return who is called next for an open alert, None where no chain runs for it."""

    def grades(self) -> GradeTable:
        """Return the table that grades are looked up in."""
