"""What the console sees of the running pipeline."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import islice

import msgspec

from alerting.alert import AlertView
from alerting.arrangements import Arrangement
from alerting.cap.making import CapMaker
from alerting.commands import Acknowledge, Command, CommandRefused
from alerting.escalation.schedule import OnDuty
from alerting.events import AlertEvent, State
from alerting.incidents.incident import IncidentView
from alerting.notify.build import CapParts
from alerting.routes import Routes
from alerting.silences import EndedSilence, SilenceView
from alerting.texts import rfc3339
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
from console.feed import Feed
from console.replay_backend import ReplaysBackend
from console.reports_backend import ReportsBackend
from console.rules_backend import RulesBackend
from console.scope import Place
from console.system_backend import OwnBackend
from ledger.errors import LedgerError
from ledger.records import OutboxRow
from registry.plant import Plant, Text
from service.history import AlertHistory
from service.live_alarms import LiveAlarms
from service.live_alert import LiveAlerts, facts_of
from service.live_rules import LiveRules
from service.live_source import LiveSource
from service.naming import site_name
from service.newest import Activations, Newest
from service.settings import Settings
from service.shown import Shown
from service.tally import Tally
from store.series import Series, SeriesReader, TooMuchError

_LINE = msgspec.json.Decoder(AlertEvent)
KEPT_EVENTS = 2000
"""How many events of an earlier run are looked through for the last hour's activations."""
TURN_S = 10.0
"""So long a trend waits for others that are read before it; the page waits longer than this and a reading together."""


class LiveConsole:
    """The console's backend over one runtime; everything but history and trends comes from memory.

    `own` is set by whoever watches the parts of the program, `rules` by whoever knows the settings, `replays` and `reports`
    by whoever makes them.
    """

    own: OwnBackend
    rules: RulesBackend
    reports: ReportsBackend
    replays: ReplaysBackend

    def __init__(
        self,
        runtime: Shown,
        store: SeriesReader,
        feed: Feed,
        cap: CapParts | None = None,
    ) -> None:
        self._runtime = runtime
        self._cap = cap
        self._store = store
        self._store_turn = asyncio.Lock()
        self._feed = feed
        self.alarms = LiveAlarms(runtime)
        self.parts: Mapping[str, Component] = {}
        self._newest = Newest(runtime.pipeline.plan.registry)
        self.alerts = LiveAlerts(runtime, self._newest)
        self._recent = self._kept_activations()
        self._activations = Activations(self._recent)
        self._tally = Tally(view.event for view in runtime.pipeline.desk.book.open_alerts())
        self._source = LiveSource(runtime, store, self._store_turn, self._newest, self._tally, self.alert)
        runtime.hooks.on_events.append(self._on_events)
        runtime.hooks.on_outcome.append(self._newest.take)

    def site(self) -> Text:
        """Return what the site is called."""
        return site_name(self.plant())

    def now_ns(self) -> int:
        """Return the pipeline's clock."""
        return self._runtime.now_ns()

    def newest_reading_age_s(self) -> float | None:
        """Return how long ago the newest message arrived."""
        return self._runtime.message_age_s()

    def open_alerts(self) -> OpenAlerts:
        """Return all open alerts."""
        rows = [self._row(view) for view in self._runtime.pipeline.desk.book.open_alerts()]
        return OpenAlerts(last_seq=self._runtime.pipeline.desk.book.last_seq, rows=rows)

    def alert(self, alert_id: str) -> AlertRow | None:
        """Return an open alert."""
        view = self._view(alert_id)
        return None if view is None else self._row(view)

    async def recent_events(self, limit: int, before_seq: int | None = None) -> Sequence[AlertEvent]:
        """Return the newest events of the ledger."""
        lines = self._runtime.ledger.alert_events(limit=limit, newest_first=True, before_seq=before_seq)
        return [_LINE.decode(event.line) for event in lines]

    async def alert_lines(self, after_seq: int, limit: int) -> Sequence[AlertEvent]:
        """Return events of the ledger in their order."""
        return [_LINE.decode(event.line) for event in self._runtime.ledger.alert_events(after_seq, limit)]

    async def acknowledge(
        self, alert_id: str, seq: int | None, by: str, comment: str | None
    ) -> Accepted | Refused:
        """Acknowledge; the outcome is durable when this returns."""
        before = self.alert(alert_id)
        outcome = await self.command(Acknowledge(alert=alert_id, by=by, seq=seq, comment=comment or ""))
        if isinstance(outcome, Refused):
            return outcome
        row = self.alert(alert_id)
        if row is None:
            assert before is not None, "what was acknowledged was open"
            row = _closed_row(before, outcome.events[-1], by, outcome.events[0].time)
        return Accepted(row=row)

    async def command(self, command: Command) -> Done | Refused:
        """Carry out a command; the outcome is durable when this returns."""
        try:
            return Done(events=self._runtime.command(command).events)
        except CommandRefused as refused:
            return Refused(code=refused.code, text=refused.text)
        except LedgerError as error:
            return Refused(
                code="ledger",
                text=Text(
                    f"本地日志无法写入，恢复后请重新查看：{error}",
                    f"the ledger cannot be written, look again when it can: {error}",
                ),
            )

    def arrangements(self) -> Sequence[Arrangement]:
        """Return all that holds alerts back now."""
        return self._runtime.pipeline.desk.book.arrangements()

    def causes(self) -> Mapping[str, Text]:
        """Return the causes that a confirmation may name."""
        return {code: cause.name for code, cause in self._runtime.pipeline.desk.book.causes.items()}

    def routes(self) -> Routes:
        """Return what the routes file says."""
        return self._runtime.pipeline.plan.routes

    def silences(self) -> Sequence[SilenceView]:
        """Return the silences in force."""
        return self._runtime.pipeline.desk.dispatcher.silences()

    def silences_ended(self) -> Sequence[EndedSilence]:
        """Return the last silences that ended."""
        return self._runtime.pipeline.desk.dispatcher.silences_ended()

    def incidents(self) -> Sequence[IncidentView]:
        """Return the open incidents."""
        return self._runtime.pipeline.desk.incidents.open_incidents()

    def incident(self, incident_id: str) -> IncidentView | None:
        """Return an incident."""
        return self._runtime.pipeline.desk.incidents.incident(incident_id)

    def on_duty(self) -> Mapping[str, OnDuty]:
        """Return who is on duty now."""
        return self._runtime.pipeline.desk.escalation.on_duty(self.now_ns())

    def name_of(self, person: str) -> Text:
        """Return what a person is called."""
        return self._runtime.pipeline.desk.escalation.name_of(person)

    def deliveries(self, alert_id: str) -> Sequence[OutboxRow]:
        """Return who was told of an alert."""
        return self._runtime.ledger.deliveries(alert_id)

    def sensor(self, sensor: str) -> SensorFacts | None:
        """Return the facts of a sensor."""
        registry = self._runtime.pipeline.plan.registry
        i = registry.index.get(sensor)
        return None if i is None else facts_of(registry, i)

    async def trend(self, sensor: str, start_ns: int, end_ns: int, max_points: int) -> Series:
        """Read from the store, off the loop; one reader at a time, and none waits longer than `TURN_S` for those before it."""
        try:
            async with asyncio.timeout(TURN_S):
                await self._store_turn.acquire()
        except TimeoutError:
            raise TooMuchError("others were reading from the store") from None
        try:
            return await asyncio.to_thread(self._store.read, sensor, start_ns, end_ns, max_points)
        finally:
            self._store_turn.release()

    def cap(self) -> CapMaker | None:
        """Return what makes CAP messages."""
        return None if self._cap is None else self._cap.maker

    def alert_history(self, alert_id: str, until_seq: int) -> Sequence[AlertEvent]:
        """Return an alert's events."""
        return AlertHistory(self._runtime.ledger).events(alert_id, until_seq)

    def health(self) -> Mapping[str, Component]:
        """Return the parts as they were when last looked at."""
        return self.parts

    def plant(self) -> Plant:
        """Return what the plant file names."""
        return self._runtime.pipeline.plan.registry.plant

    def find_sensors(
        self, words: Sequence[str], sees: Callable[[Place], bool], after: int, limit: int
    ) -> Sequence[SensorNow]:
        """Return sensors with their newest reading since the start."""
        which = islice(self._newest.find(words, sees), after, after + limit)
        return list(self._newest.sensors(self._silent(), which))

    def sensor_counts(self) -> Sequence[SensorCount]:
        """Return how many sensors there are and are alive."""
        return self._newest.counts(self._silent())

    def alert_counts(self) -> Sequence[AlertCount]:
        """Return what stands open."""
        return self._tally.counts()

    @property
    def source(self) -> LiveSource:
        """What the page of a hazard source asks."""
        return self._source

    def activations(self) -> Sequence[Activation]:
        """Return the activations of the last hour."""
        return self._activations.all()

    def _silent(self) -> frozenset[str]:
        return self._newest.silent(self._runtime.pipeline.desk.book, self._runtime.now_ns())

    def _kept_activations(self) -> list[tuple[int, AlertEvent]]:
        """Return what the ledger has of the last hour, oldest first."""
        lines = self._runtime.ledger.alert_events(limit=KEPT_EVENTS, newest_first=True)
        events = [_LINE.decode(line.line) for line in lines]
        return [(_ns(event.time), event) for event in reversed(events)]

    def rules_of(self, settings: Settings) -> LiveRules:
        """Return the rules in force, which settings say."""
        return LiveRules(self._runtime, settings, self._recent, whole=len(self._recent) < KEPT_EVENTS)

    def show_untold(self) -> None:
        """Show the alerts anew whose reasons changed without anything being told of them."""
        for alert_id in self._runtime.pipeline.desk.book.take_untold():
            view = self._view(alert_id)
            if view is not None:
                self._feed.publish_alert(self._row(view))

    def _on_events(self, events: Sequence[AlertEvent]) -> None:
        """Show each alert of which something was told as it now stands."""
        self._activations.take(events, self._runtime.now_ns())
        self._tally.take(events)
        for event in {event.id: event for event in events}.values():
            view = self._view(event.id)
            if view is None:
                acknowledged = next(
                    (e for e in events if e.id == event.id and e.event == "acknowledged"), None
                )
                self._feed.publish_alert(
                    AlertRow(event=event, acknowledged_at=acknowledged.time if acknowledged else None)
                )
            else:
                self._feed.publish_alert(self._row(view))

    def _view(self, alert_id: str) -> AlertView | None:
        return self._runtime.pipeline.desk.book.find(alert_id)

    def _row(self, view: AlertView) -> AlertRow:
        acknowledged, told = view.acknowledged_ns, view.event
        return AlertRow(
            # the line as it was told, with the reasons that stand now
            event=msgspec.structs.replace(
                told, why={**told.why, "reasons": view.reasons, "blind": view.blind}
            ),
            opened=rfc3339(view.opened_ns),
            acknowledged_by=view.acknowledged_by,
            acknowledged_at=None if acknowledged is None else rfc3339(acknowledged),
            safety_class=view.safety_class,
            sensor_type=self._sensor_type(told.sensor),
            assigned_to=None if view.assigned is None else self.name_of(view.assigned.to),
        )

    def _sensor_type(self, sensor: str | None) -> str | None:
        registry = self._runtime.pipeline.plan.registry
        i = None if sensor is None else registry.index.get(sensor)
        return None if i is None else registry.specs[i].type.value


def _closed_row(before: AlertRow, event: AlertEvent, by: str, at: str) -> AlertRow:
    assert event.state == State.CLOSED, "an alert that is not in the book is closed"
    return AlertRow(event=event, opened=before.opened, acknowledged_by=by, acknowledged_at=at)


def _ns(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000) * 1_000_000
