"""The service as one object: everything built from settings, started, supervised, and ended in order."""

import asyncio
import gc
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from zoneinfo import ZoneInfo

import structlog

from alerting.cap.making import CapMaker
from alerting.events import AlertEvent
from alerting.notify.build import CapParts, build_receivers, needs_publisher
from console.accounts import Accounts
from console.app import create_app
from console.audit import Audit
from console.connections import connections_allowed
from console.feed import Feed
from console.server import ConsoleServer, Tls
from console.tiles import Tiles
from detectors.clock import Clock
from detectors.groups.pca import make_ready
from ingest.mqtt import MqttPublisher, MqttSettings, MqttSource
from ledger.audit import AuditLog
from ledger.handover import HandoverNotes
from ledger.ledger import Ledger
from registry.plant import Text
from service.clock import SteadyClock
from service.effects import store_batch
from service.history import AlertHistory
from service.limits import note_limits
from service.live import LiveConsole
from service.live_reports import LiveReports
from service.pipeline import Outcome
from service.plan import Loaded, mqtt_settings
from service.recovery import recover
from service.replays.keeper import Replays
from service.runtime import Runtime
from service.sender import Sender
from service.stores import open_store
from service.watcher import Watcher
from store.writer import StoreWriter, WriterSettings

_log = structlog.get_logger(__name__)

DRAIN_S = 1.0
COLLECTED_EVERY = (50_000, 20, 50)
"""New objects after which the collector looks at the young, and how often it then looks at the older ones."""
REDO_QUEUED = 500
"""Batches of an earlier run that may wait for the store before folding the journal waits for it too."""
REDO_WAIT_S = 0.2


@dataclass(frozen=True, slots=True)
class Running:
    """A service that runs; for the commands and for tests that run the whole product in one process."""

    runtime: Runtime
    source: MqttSource
    writer: StoreWriter
    sender: Sender
    accounts: Accounts
    url: str | None


@dataclass(frozen=True, slots=True)
class _Parts:
    runtime: Runtime
    source: MqttSource
    writer: StoreWriter
    sender: Sender
    accounts: Accounts
    audit: AuditLog
    feed: Feed
    live: LiveConsole
    watcher: Watcher
    publisher: MqttPublisher | None


def _leave_alone_what_stands() -> None:
    """Take what the start has made out of the collector's way: it would walk over all of it while an alert waits.

    That is 100 ms at 10 000 sensors. After a reload what stood before is looked at once, for some of it is garbage now. And
    it looks seldom: open alerts are no garbage, and in a burst of them it would spend a quarter of the time on finding that out.
    """
    gc.set_threshold(*COLLECTED_EVERY)
    if gc.get_freeze_count():
        gc.unfreeze()
        gc.collect()
    gc.freeze()


def cap_parts(loaded: Loaded, ledger: Ledger) -> CapParts | None:
    """Return what makes CAP messages; on the event clock readings are not of now, and no message is Actual."""
    plan = loaded.plan
    routes = plan.routes.rehearsed() if plan.clock is Clock.EVENT else plan.routes
    if routes.cap is None:
        return None
    zone = ZoneInfo(loaded.settings.reports.time_zone)
    return CapParts(CapMaker(routes.cap, plan.registry, zone=zone), AlertHistory(ledger).events)


class Service:
    """One plant's service; `run` returns when `stop` was called.

    `on_running` is called once everything runs, `on_events` after each commit. Without `tell_troubles` hazwatch's own
    troubles are seen by the probes alone: they belong to the wall clock, and have no place in simulated time.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        on_running: Callable[[Running], None] = lambda _: None,
        on_events: Callable[[Sequence[AlertEvent]], None] | None = None,
        tell_troubles: bool = True,
    ) -> None:
        self._loaded = loaded
        self._on_running = on_running
        self._on_events = on_events
        self._tell_troubles = tell_troubles
        self._stop = asyncio.Event()
        self._settings_refused: Text | None = None

    def refuse_settings(self, why: Text) -> None:
        """Show that newer settings were not taken over."""
        self._settings_refused = why

    def stop(self) -> None:
        """Begin to end: drain, snapshot, close."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until `stop`.

        Raises:
            LedgerError: the state folder cannot be used; `LedgerLocked` while another process has it.
            StoreError, ListenError: the store cannot be opened, the console's address cannot be listened on.
        """
        async with AsyncExitStack() as stack:
            parts = await self._build(stack)
            async with asyncio.TaskGroup() as tasks:
                server = await stack.enter_async_context(self._console(tasks, parts))
                _leave_alone_what_stands()
                self._start(parts, stack)
                pump = tasks.create_task(parts.runtime.run(), name="pipeline")
                send = tasks.create_task(parts.sender.run(), name="sender")
                watch = tasks.create_task(parts.watcher.run(), name="watch")
                tasks.create_task(asyncio.to_thread(make_ready), name="libraries")
                url = server.url if server else None
                self._on_running(
                    Running(parts.runtime, parts.source, parts.writer, parts.sender, parts.accounts, url)
                )
                _log.info("running", console=url, sensors=len(self._loaded.plan.registry))
                await self._stop.wait()
                _log.info("stopping")
                watch.cancel()
                parts.runtime.stop()
                await pump
                await parts.sender.flush(DRAIN_S)
                send.cancel()
                if server is not None:
                    await server.stop()
        _log.info("stopped")

    async def _build(self, stack: AsyncExitStack) -> _Parts:
        """Open what lies on disk, fold what an earlier run left, and put the shells around it."""
        settings, receivers = self._loaded.settings, self._loaded.plan.routes.receivers
        ledger = Ledger.open(settings.state_dir)
        stack.callback(ledger.close)
        note_limits(ledger, self._loaded.plan.registry, settings, time.time_ns())
        store = open_store(self._loaded, ledger.ledger_id)
        bounds = WriterSettings(
            queue_bytes=round(settings.store.queue_mb * 1e6), spool_bytes=round(settings.store.spool_mb * 1e6)
        )
        writer = StoreWriter(store, settings.state_dir / "spool", bounds, stored_seq=ledger.stored_seq)
        stack.callback(writer.close)
        writer.start()
        runtime, source = self._runtime(ledger, writer)
        publisher = (
            MqttPublisher(self._mqtt(suffix="-alerts"), time.time_ns) if needs_publisher(receivers) else None
        )
        cap = cap_parts(self._loaded, ledger)
        made = build_receivers(receivers, publisher, cap)
        for receiver in made.values():
            stack.push_async_callback(receiver.close)
        sender = Sender(ledger, made, settings=receivers)
        runtime.hooks.on_notifications.append(sender.wake)
        if self._on_events is not None:
            runtime.hooks.on_events.append(self._on_events)
        feed = Feed()
        notes = HandoverNotes(settings.state_dir)
        stack.callback(notes.close)
        live = LiveConsole(runtime, store, feed, cap)
        live.reports = LiveReports(runtime, notes, settings.reports)
        live.rules = live.rules_of(settings)
        live.replays = replays = Replays(self._loaded, ledger, store)
        stack.push_async_callback(replays.close)
        accounts = Accounts(settings.state_dir)
        stack.callback(accounts.close)
        audit = AuditLog(settings.state_dir)
        stack.callback(audit.close)
        self._note_start(audit)
        watcher = Watcher(
            self._loaded,
            runtime,
            source,
            writer,
            sender,
            live,
            tell_troubles=self._tell_troubles,
            settings_refused=lambda: self._settings_refused,
        )
        return _Parts(runtime, source, writer, sender, accounts, audit, feed, live, watcher, publisher)

    def _note_start(self, audit: AuditLog) -> None:
        """Note that a service begins, at its start or with new settings, and log the anchor: a log kept elsewhere has it then."""
        Audit(audit).note("hazwatch", "start", detail={"version": version("hazwatch")})
        _log.info("audit_anchor", anchor=audit.head.told)

    def _start(self, parts: _Parts, stack: AsyncExitStack) -> None:
        """Begin to speak with the broker."""
        links = [parts.source] if parts.publisher is None else [parts.publisher, parts.source]
        for link in links:
            link.start()
            stack.callback(link.stop)

    def _runtime(self, ledger: Ledger, writer: StoreWriter) -> tuple[Runtime, MqttSource]:
        """Fold what an earlier run left, and put the shell around it."""
        settings = self._loaded.settings
        began = time.perf_counter()

        def redo(seq: int, outcome: Outcome) -> None:
            writer.offer(store_batch(seq, outcome))
            if writer.health().queued > REDO_QUEUED:
                writer.drained(REDO_WAIT_S)

        recovered = recover(ledger, self._loaded.plan, writer.stored_seq, redo)
        recovered.pipeline.desk.book.continue_after(ledger.last_event_seq)
        _log.info(
            "recovered",
            journal_seq=ledger.last_seq,
            snapshot_seq=recovered.snapshot_seq,
            replayed=recovered.replayed,
            open_alerts=recovered.pipeline.desk.book.open_count,
            seconds=round(time.perf_counter() - began, 3),
        )
        loop = asyncio.get_running_loop()
        woken: list[Runtime] = []

        def on_ready() -> None:
            loop.call_soon_threadsafe(woken[0].wake)

        source = MqttSource(self._mqtt(), time.time_ns, on_ready=on_ready)
        runtime = Runtime(
            recovered.pipeline,
            ledger,
            writer,
            source,
            in_flight=settings.mqtt.receive_maximum,
            snapshot_s=settings.journal.snapshot_s,
            clock_ns=SteadyClock(recovered.pipeline.now_ns),
        )
        woken.append(runtime)
        note = {
            "version": version("hazwatch"),
            "clock": settings.clock,
            "sensors": len(self._loaded.plan.registry),
        }
        runtime.start(json.dumps(note).encode())
        return runtime, source

    def _mqtt(self, suffix: str = "") -> MqttSettings:
        return mqtt_settings(self._loaded.settings.mqtt, self._loaded.secrets.mqtt_password, suffix)

    @asynccontextmanager
    async def _console(self, tasks: asyncio.TaskGroup, parts: _Parts) -> AsyncIterator[ConsoleServer | None]:
        part = self._loaded.settings.console
        if part is None:
            yield None
            return
        tiles = self._loaded.settings.tiles
        app = create_app(
            parts.live,
            parts.accounts,
            parts.feed,
            parts.audit,
            probes=parts.watcher.probes(),
            tiles=None if tiles is None else Tiles(**tiles.model_dump()),
        )
        tls = Tls(certificate=part.cert, key=part.key) if part.cert and part.key else None
        most = connections_allowed()
        server = ConsoleServer(app, parts.feed, part.host, part.port, tls, most_connections=most)
        tasks.create_task(server.run(), name="console")
        yield server
