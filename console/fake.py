"""A backend in memory, for tests and for work on the page without a pipeline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from alerting.arrangements import Arrangement
from alerting.cap.making import CapMaker
from alerting.commands import Acknowledge, Command
from alerting.escalation.schedule import OnDuty
from alerting.escalation.upcoming import Upcoming
from alerting.events import UNACKNOWLEDGED_STATES, AlertEvent, Event, State
from alerting.grades_file import default_grades
from alerting.grading import GradeTable
from alerting.incidents.flood import Flood
from alerting.incidents.incident import IncidentView
from alerting.routes import Routes
from alerting.silences import EndedSilence, SilenceView
from console.alarms_backend import Assignee
from console.alert_backend import Record, Surroundings
from console.backend import (
    Accepted,
    Activation,
    AlertCount,
    AlertRow,
    Component,
    Done,
    OpenAlerts,
    Refused,
    SensorCount,
    SensorFacts,
    SensorNow,
)
from console.fake_replays import FakeReplays
from console.fake_reports import FakeReports
from console.fake_rules import FakeRules
from console.fake_source import FakeSource
from console.feed import Feed
from console.scope import Place
from console.system_backend import Letter, OwnBackend, Tried
from detectors.outlook import Outlook
from ledger.records import OutboxRow
from registry.plant import Plant, Text
from store.series import Series

if TYPE_CHECKING:
    from console.replay_backend import ReplaysBackend
    from console.rules_backend import RulesBackend
    from console.source_backend import Wind
    from ledger.limits import LimitChange

_EMPTY = np.empty(0, np.float64)


class FakeOwn:
    """hazwatch itself as it is told to be; every receiver of `tries` answers with what stands there."""

    def __init__(self) -> None:
        self.numbers: dict[str, Any] = {}
        self.kept: list[Letter] = []
        self.tries: dict[str, Tried] = {}
        self.tried: list[tuple[str, str]] = []

    def figures(self) -> Mapping[str, Any]:
        """Return the figures kept."""
        return self.numbers

    def letters(self, limit: int, before: int | None, reason: str | None) -> Sequence[Letter]:
        """Return what was kept, newest first."""
        fitting = [
            one
            for one in reversed(self.kept)
            if (before is None or one.number < before) and reason in {None, one.reason}
        ]
        return fitting[:limit]

    def letter(self, number: int) -> Letter | None:
        """Return one of those kept."""
        return next((one for one in self.kept if one.number == number), None)

    async def try_receiver(self, name: str, by: str) -> Tried | None:
        """Remember who was tried by whom."""
        self.tried.append((name, by))
        return self.tries.get(name)


class FakeAlarms:
    """The people and the floods that it is given."""

    def __init__(self) -> None:
        self.staff: list[Assignee] = []
        self.lasting: list[Flood] = []

    def people(self, event: AlertEvent) -> Sequence[Assignee]:
        """Return the people kept, whatever the alert."""
        del event
        return self.staff

    def floods(self) -> Sequence[Flood]:
        """Return the floods kept."""
        return self.lasting


class FakeBackend:
    """Keeps what it is given; acknowledging works as in the lifecycle's table and is published to the feed."""

    def __init__(self, feed: Feed, *, now_ns: Callable[[], int], site: Text) -> None:
        self.feed = feed
        self.alarms = FakeAlarms()
        self.rows: dict[str, AlertRow] = {}
        self.events: list[AlertEvent] = []
        self.sensors: dict[str, SensorFacts] = {}
        self.series: dict[str, Callable[[int, int], Series]] = {}
        self.components: dict[str, Component] = {}
        self.newest_age_s: float | None = 0.0
        self.cap_maker: CapMaker | None = None
        self.commands: list[Command] = []
        self.answer: Done | Refused = Done()
        self.arranged: list[Arrangement] = []
        self.silenced: list[SilenceView] = []
        self.unsilenced: list[EndedSilence] = []
        self.gathered: dict[str, IncidentView] = {}
        self.delivered: list[OutboxRow] = []
        self.duties: dict[str, OnDuty] = {}
        self.plant_now = Plant()
        self.sensors_list: list[SensorNow] = []
        self.activated: list[Activation] = []
        self.alerts = FakeAlerts(self)
        self.reports = FakeReports()
        self.replays: ReplaysBackend = FakeReplays()
        self.winds: dict[str, Wind] = {}
        self.limits_changed: list[LimitChange] = []
        self.owned = FakeOwn()
        self.own: OwnBackend = self.owned
        self.ruled = FakeRules()
        self.rules: RulesBackend = self.ruled
        self._now_ns = now_ns
        self._site = site

    def put(self, event: AlertEvent) -> AlertRow:
        """Take the next event of an alert, numbering it, and publish it as the runtime would."""
        known = self.rows.get(event.id)
        numbered = msgspec.structs.replace(event, seq=len(self.events) + 1)
        row = replace(known, event=numbered) if known else AlertRow(event=numbered, opened=event.time)
        facts = self.sensors.get(event.sensor or "")
        row = replace(
            row, safety_class=event.grade == "red", sensor_type=None if facts is None else facts.type
        )
        if numbered.state == State.UNACK:
            row = replace(row, acknowledged_by=None, acknowledged_at=None)
        return self._keep(row)

    def _keep(self, row: AlertRow) -> AlertRow:
        self.events.append(row.event)
        if row.event.state == State.CLOSED:
            self.rows.pop(row.event.id, None)
        else:
            self.rows[row.event.id] = row
        self.feed.publish_alert(row)
        return row

    def site(self) -> Text:
        """Return the name shown in the page's header."""
        return self._site

    def now_ns(self) -> int:
        """Return the clock that the fake was given."""
        return self._now_ns()

    def newest_reading_age_s(self) -> float | None:
        """Return `newest_age_s`."""
        return self.newest_age_s

    def open_alerts(self) -> OpenAlerts:
        """Return the rows kept."""
        return OpenAlerts(last_seq=len(self.events), rows=list(self.rows.values()))

    def alert(self, alert_id: str) -> AlertRow | None:
        """Return an open alert."""
        return self.rows.get(alert_id)

    async def recent_events(self, limit: int, before_seq: int | None = None) -> Sequence[AlertEvent]:
        """Return events, newest first."""
        return [e for e in reversed(self.events) if before_seq is None or e.seq < before_seq][:limit]

    async def alert_lines(self, after_seq: int, limit: int) -> Sequence[AlertEvent]:
        """Return events, oldest first."""
        return self.events[after_seq : after_seq + limit]

    async def acknowledge(
        self, alert_id: str, seq: int | None, by: str, comment: str | None
    ) -> Accepted | Refused:
        """Acknowledge, or refuse what is unknown, changed since, or acknowledged already."""
        row = self.rows.get(alert_id)
        if row is None:
            return Refused(code="unknown_alert", text=Text("没有此报警", "There is no such alert"))
        if row.event.state == State.ACKED:
            text = Text(f"已由 {row.acknowledged_by} 确认", f"Already acknowledged by {row.acknowledged_by}")
            return Refused(code="already_acknowledged", text=text)
        if seq is not None and seq != row.event.seq:
            return Refused(
                code="changed",
                text=Text("报警状态已变化，请重新查看", "The alert has changed since; look again"),
            )
        closing = row.event.state == State.RTNUN
        event = msgspec.structs.replace(
            row.event,
            seq=len(self.events) + 1,
            event=(Event.CLOSED if closing else Event.ACKNOWLEDGED).value,
            state=(State.CLOSED if closing else State.ACKED).value,
            why={**row.event.why, "comment": comment} if comment else row.event.why,
        )
        return Accepted(row=self._keep(replace(row, event=event, acknowledged_by=by)))

    async def command(self, command: Command) -> Done | Refused:
        """Acknowledge; keep any other command, and answer what the fake was told to."""
        if isinstance(command, Acknowledge):
            outcome = await self.acknowledge(command.alert, command.seq, command.by, command.comment)
            return outcome if isinstance(outcome, Refused) else Done(events=[outcome.row.event])
        self.commands.append(command)
        return self.answer

    def arrangements(self) -> Sequence[Arrangement]:
        """Return the arrangements kept."""
        return self.arranged

    def causes(self) -> Mapping[str, Text]:
        """Return two causes."""
        return {"release": Text("真实泄漏", "real release"), "false_alarm": Text("误报", "false alarm")}

    def routes(self) -> Routes:
        """Return the routes of the rules."""
        return self.ruled.tree

    def silences(self) -> Sequence[SilenceView]:
        """Return the silences kept."""
        return self.silenced

    def silences_ended(self) -> Sequence[EndedSilence]:
        """Return the ended silences kept."""
        return self.unsilenced

    def incidents(self) -> Sequence[IncidentView]:
        """Return the incidents kept."""
        return list(self.gathered.values())

    def incident(self, incident_id: str) -> IncidentView | None:
        """Return an incident kept."""
        return self.gathered.get(incident_id)

    def on_duty(self) -> Mapping[str, OnDuty]:
        """Return the duties kept."""
        return self.duties

    def name_of(self, person: str) -> Text:
        """Return the id."""
        return Text.same(person)

    def deliveries(self, alert_id: str) -> Sequence[OutboxRow]:
        """Return the deliveries kept."""
        return [row for row in self.delivered if row.alert == alert_id]

    def sensor(self, sensor: str) -> SensorFacts | None:
        """Return the facts kept of a sensor."""
        return self.sensors.get(sensor)

    async def trend(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Return what the sensor's own function makes of the range, every n-th point where there are too many."""
        make = self.series.get(sensor)
        if make is None:
            return Series(np.empty(0, np.int64), _EMPTY, _EMPTY, _EMPTY)
        full = make(start_ns, end_ns)
        step = -(-len(full.t_ns) // max_points) or 1
        return Series(full.t_ns[::step], full.mean[::step], full.low[::step], full.high[::step])

    def cap(self) -> CapMaker | None:
        """Return the maker that the fake was given."""
        return self.cap_maker

    def alert_history(self, alert_id: str, until_seq: int) -> Sequence[AlertEvent]:
        """Return an alert's events."""
        return [e for e in self.events if e.id == alert_id and e.seq <= until_seq]

    def health(self) -> Mapping[str, Component]:
        """Return the components kept."""
        return self.components

    def plant(self) -> Plant:
        """Return the plant kept."""
        return self.plant_now

    def find_sensors(
        self, words: Sequence[str], sees: Callable[[Place], bool], after: int, limit: int
    ) -> Sequence[SensorNow]:
        """Look through the sensors kept."""
        found = [
            one
            for one in self.sensors_list
            if sees(one.place)
            and all(word in f"{one.id} {one.description} {one.equipment}".casefold() for word in words)
        ]
        return found[after : after + limit]

    def sensor_counts(self) -> Sequence[SensorCount]:
        """Count the sensors kept."""
        groups: dict[tuple[Place, str | None], list[SensorNow]] = {}
        for one in self.sensors_list:
            groups.setdefault((one.place, one.source), []).append(one)
        return [
            SensorCount(
                place=place, source=source, sensors=len(members), alive=sum(one.alive for one in members)
            )
            for (place, source), members in groups.items()
        ]

    def alert_counts(self) -> Sequence[AlertCount]:
        """Count the rows kept."""
        return [
            AlertCount(
                place=row.place,
                source=row.event.source,
                open={row.event.grade: 1},
                unacknowledged=int(row.event.state in UNACKNOWLEDGED_STATES),
            )
            for row in self.rows.values()
        ]

    @property
    def source(self) -> FakeSource:
        """What the page of a hazard source asks."""
        return FakeSource(self)

    def activations(self) -> Sequence[Activation]:
        """Return the activations kept."""
        return self.activated


class FakeAlerts:
    """What the page of one alert asks for, as it was given."""

    def __init__(self, backend: FakeBackend) -> None:
        self._backend = backend
        self.similar: list[list[AlertEvent]] = []
        self.around: dict[str, Surroundings] = {}
        self.outlooks: dict[str, Outlook] = {}
        self.next: dict[str, Upcoming] = {}

    async def record(self, alert: str) -> Record:
        """Return the alert's events, and what was given."""
        events = self._backend.alert_history(alert, len(self._backend.events))
        return Record(
            events=events,
            deliveries=self._backend.deliveries(alert),
            similar=self.similar if events else (),
        )

    def surroundings(self, sensor: str) -> Surroundings:
        """Return what was given."""
        return self.around.get(sensor, Surroundings())

    def outlook(self, sensor: str) -> Outlook | None:
        """Return what was given."""
        return self.outlooks.get(sensor)

    def upcoming(self, alert: str) -> Upcoming | None:
        """Return what was given."""
        return self.next.get(alert)

    def grades(self) -> GradeTable:
        """Return the packaged table."""
        return default_grades()
