"""What the console asks of the rest of hazwatch, and the values that it gets."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from alerting.arrangements import Arrangement
from alerting.cap.making import CapMaker
from alerting.commands import Command
from alerting.escalation.schedule import OnDuty
from alerting.events import AlertEvent
from alerting.incidents.incident import IncidentView
from alerting.routes import Routes
from alerting.silences import EndedSilence, SilenceView
from console.alarms_backend import AlarmsBackend
from console.replay_backend import ReplaysBackend
from console.reports_backend import ReportsBackend
from console.rules_backend import RulesBackend
from console.scope import Place
from console.source_backend import SourceBackend
from console.system_backend import OwnBackend
from ledger.records import OutboxRow
from registry.plant import Plant, Text
from registry.readings import Quality
from store.series import Series

if TYPE_CHECKING:  # its values rest on those of this module
    from console.alert_backend import AlertBackend


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """An alert as it stands: its newest event with what the list shows beside it.

    `opened` and `acknowledged_at` are RFC 3339 UTC with milliseconds, as in the event. `safety_class` says that holding it
    back needs a second person; `sensor_type` is what its sensor measures, None where it is of no sensor;
    `assigned_to` is what the one is called who is to see to it.
    """

    event: AlertEvent
    opened: str | None = None
    acknowledged_by: str | None = None
    acknowledged_at: str | None = None
    safety_class: bool = False
    sensor_type: str | None = None
    assigned_to: Text | None = None

    @property
    def place(self) -> Place:
        """Where the alert belongs."""
        return place_of(self.event)


def place_of(event: AlertEvent) -> Place:
    """Return where an alert's event belongs."""
    return Place(enterprise=event.enterprise, area=event.area)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlerts:
    """All alerts that are not closed, and the number of the last event they rest on."""

    last_seq: int
    rows: Sequence[AlertRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The command was journalled and counts; the alert as it then stood."""

    row: AlertRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The command was journalled and counts; the events that it made, in their order."""

    events: Sequence[AlertEvent] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The command changed nothing; `code` is for programs, the text for people."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorFacts:
    """What a trend needs to know of its sensor; `limits` by limit name, only those that it has."""

    id: str
    place: Place
    type: str
    unit: str
    description: str = ""
    range_lo: float | None = None
    range_hi: float | None = None
    limits: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorNow:
    """A sensor with its newest reading, None where none has come since the start; `silent` while its silence is an alert."""

    id: str
    place: Place
    source: str | None
    equipment: str | None
    type: str
    unit: str
    description: str
    limits: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    range_lo: float | None = None
    range_hi: float | None = None
    x: float | None = None
    y: float | None = None
    t_ns: int | None = None
    value: float | None = None
    quality: Quality = Quality.GOOD
    silent: bool = False

    @property
    def alive(self) -> bool:
        """Whether it has spoken and is not known to be silent."""
        return self.t_ns is not None and not self.silent

    @property
    def out_of_range(self) -> bool:
        """Whether the newest value lies outside the transmitter's range."""
        value = self.value
        return value is not None and (
            (self.range_lo is not None and value < self.range_lo)
            or (self.range_hi is not None and value > self.range_hi)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorCount:
    """How many sensors a hazard source has, and how many are alive; without a `source` an enterprise's other sensors."""

    place: Place
    source: str | None
    sensors: int
    alive: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertCount:
    """What stands open at a hazard source, by grade; without a `source` at an enterprise's other places."""

    place: Place
    source: str | None
    open: Mapping[str, int]
    unacknowledged: int


@dataclass(frozen=True, slots=True)
class Activation:
    """An alert that opened, or opened again, at a place."""

    now_ns: int
    place: Place


class Health(StrEnum):
    """How a part of hazwatch is."""

    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """One part's state; `since_ns` is when it became so, None where that is not known."""

    state: Health
    detail: Text
    since_ns: int | None = None


class ConsoleBackend(Protocol):
    """The console's only way into the pipeline; called on the event loop, so nothing here may block it.

    `own` is hazwatch itself, `rules` what decides who is told, `replays` the past.
    """

    own: OwnBackend
    rules: RulesBackend
    replays: ReplaysBackend

    @property
    def alerts(self) -> "AlertBackend":
        """What the page of one alert asks for."""

    @property
    def alarms(self) -> AlarmsBackend:
        """What the alarms page asks beside the alerts."""

    @property
    def reports(self) -> ReportsBackend:
        """Reports and the notes of hand-overs."""

    def site(self) -> Text:
        """Return the name shown in the page's header."""

    def now_ns(self) -> int:
        """Return the pipeline's clock, ns since 1970 UTC; the page counts forecasts down against it."""

    def newest_reading_age_s(self) -> float | None:
        """Return how long ago the newest reading arrived, None before the first."""

    def open_alerts(self) -> OpenAlerts:
        """Return all open alerts with the last event's number, both of one moment."""

    def alert(self, alert_id: str) -> AlertRow | None:
        """Return an open alert, None where there is no such alert or it is closed."""

    async def recent_events(self, limit: int, before_seq: int | None = None) -> Sequence[AlertEvent]:
        """Return at most `limit` events, newest first, those before `before_seq` where it is given."""

    async def alert_lines(self, after_seq: int, limit: int) -> Sequence[AlertEvent]:
        """Return at most `limit` events with `seq` above `after_seq`, oldest first; empty at the end."""

    async def acknowledge(
        self, alert_id: str, seq: int | None, by: str, comment: str | None
    ) -> Accepted | Refused:
        """Acknowledge an alert as it stood at event `seq`; refused when it has changed since.

        The outcome is told only after it is durable. An unknown alert is refused with code ``unknown_alert``.
        """

    async def command(self, command: Command) -> Done | Refused:
        """Carry out a person's command; the outcome is told only after it is durable."""

    def arrangements(self) -> Sequence[Arrangement]:
        """Return all that holds alerts back now: shelvings, suppressions, places out of service; oldest first."""

    def causes(self) -> Mapping[str, Text]:
        """Return the causes that a confirmation may name, by their codes."""

    def routes(self) -> Routes:
        """Return by which routes people are told."""

    def silences(self) -> Sequence[SilenceView]:
        """Return the silences in force, oldest first."""

    def silences_ended(self) -> Sequence[EndedSilence]:
        """Return the last silences that ended, in the order in which they ended."""

    def incidents(self) -> Sequence[IncidentView]:
        """Return the open incidents."""

    def incident(self, incident_id: str) -> IncidentView | None:
        """Return an incident, open or ended lately, by its id or by that of one that was merged into it."""

    def on_duty(self) -> Mapping[str, OnDuty]:
        """Return who is on duty now, by schedule."""

    def name_of(self, person: str) -> Text:
        """Return what a person of the settings is called."""

    def deliveries(self, alert_id: str) -> Sequence[OutboxRow]:
        """Return who was told of an alert, or is to be, and what came of it."""

    def sensor(self, sensor: str) -> SensorFacts | None:
        """Return the facts of a full sensor id, None where there is no such sensor."""

    async def trend(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return readings in [start, end) in at most `max_points` buckets; raises `StoreError`."""

    def cap(self) -> CapMaker | None:
        """Return what makes CAP messages, None where CAP is not set up."""

    def alert_history(self, alert_id: str, until_seq: int) -> Sequence[AlertEvent]:
        """Return an alert's events up to a number, oldest first: at most some thousand, the first and the newest; of a closed one too."""

    def health(self) -> Mapping[str, Component]:
        """Return the state of each part by its name."""

    def plant(self) -> Plant:
        """Return what the plant file names."""

    def find_sensors(
        self, words: Sequence[str], sees: Callable[[Place], bool], after: int, limit: int
    ) -> Sequence[SensorNow]:
        """Return sensors with their newest readings, in the order of the points table.

        Those at places that `sees` allows which have all the casefolded words in id, description or equipment; the first
        `after` of them are passed over, and at most `limit` are returned.
        """

    def sensor_counts(self) -> Sequence[SensorCount]:
        """Return how many sensors there are and are alive; costs as much as there are sources, not sensors."""

    def alert_counts(self) -> Sequence[AlertCount]:
        """Return what stands open; costs as much as there are places with open alerts."""

    @property
    def source(self) -> SourceBackend:
        """What the page of a hazard source asks."""

    def activations(self) -> Sequence[Activation]:
        """Return the alerts that opened or opened again within the last hour at least, oldest first."""
