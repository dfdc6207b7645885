"""The service as one object: everything built from settings, started, supervised, and ended in order."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

import structlog

from alerting.events import AlertEvent
from alerting.notify.build import build_receivers
from console.accounts import Accounts
from console.app import create_app
from console.feed import Feed
from console.server import ConsoleServer, Tls
from ingest.mqtt import MqttPublisher, MqttSettings, MqttSource
from ledger.ledger import Ledger
from registry.plant import Text
from service.clock import SteadyClock
from service.effects import store_batch
from service.live import LiveConsole
from service.pipeline import Outcome
from service.plan import Loaded, mqtt_settings
from service.recovery import recover
from service.runtime import Runtime
from service.sender import Sender
from service.stores import open_store
from service.watcher import Watcher
from store.writer import StoreWriter, WriterSettings

_log = structlog.get_logger(__name__)

DRAIN_S = 1.0
REDO_QUEUED = 500
"""Batches of an earlier run that may wait for the store before folding the journal waits for it too."""
REDO_WAIT_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A service that runs; for the commands and for tests that run the whole product in one process."""

    runtime: Runtime
    source: MqttSource
    writer: StoreWriter
    sender: Sender
    accounts: Accounts
    url: str | None


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
        self._settings_refused: list[Text] = []

    def refuse_settings(self, why: Text) -> None:
        """Show that newer settings were not taken over."""
        self._settings_refused = [why]

    def stop(self) -> None:
        """Begin to end: drain, snapshot, close."""
        self._stop.set()

    async def run(self) -> None:
        """Serve until `stop`.

        Raises:
            LedgerError: the state folder cannot be used; `LedgerLocked` while another process has it.
            StoreError, ListenError: the store cannot be opened, the console's address cannot be listened on.
        """
        settings = self._loaded.settings
        async with AsyncExitStack() as stack:
            ledger = Ledger.open(settings.state_dir)
            stack.callback(ledger.close)
            store = open_store(self._loaded, ledger.ledger_id)
            writer = StoreWriter(
                store,
                settings.state_dir / "spool",
                WriterSettings(
                    queue_bytes=round(settings.store.queue_mb * 1e6),
                    spool_bytes=round(settings.store.spool_mb * 1e6),
                ),
                stored_seq=ledger.stored_seq,
            )
            stack.callback(writer.close)
            writer.start()
            runtime, source = await self._runtime(ledger, writer)
            publisher = MqttPublisher(self._mqtt(suffix="-alerts"), time.time_ns)
            sender = Sender(ledger, build_receivers(self._loaded.plan.routes.receivers, publisher))
            runtime.hooks.on_notifications.append(sender.wake)
            if self._on_events is not None:
                runtime.hooks.on_events.append(self._on_events)
            feed = Feed()
            live = LiveConsole(runtime, store, feed)
            accounts = Accounts(settings.state_dir)
            watcher = Watcher(
                self._loaded,
                runtime,
                source,
                writer,
                sender,
                live,
                tell_troubles=self._tell_troubles,
                settings_refused=lambda: next(iter(self._settings_refused), None),
            )
            async with asyncio.TaskGroup() as tasks:
                server = await stack.enter_async_context(self._console(tasks, live, accounts, feed, watcher))
                publisher.start()
                stack.callback(publisher.stop)
                source.start()
                stack.callback(source.stop)
                pump = tasks.create_task(runtime.run(), name="pipeline")
                send = tasks.create_task(sender.run(), name="sender")
                watch = tasks.create_task(watcher.run(), name="watch")
                self._on_running(
                    Running(
                        runtime=runtime, source=source, writer=writer, sender=sender, accounts=accounts,
                        url=server.url if server else None,
                    )
                )  # fmt: skip
                _log.info(
                    "running", console=server.url if server else None, sensors=len(self._loaded.plan.registry)
                )
                await self._stop.wait()
                _log.info("stopping")
                watch.cancel()
                runtime.stop()
                await pump
                await sender.flush(DRAIN_S)
                send.cancel()
                if server is not None:
                    await server.stop()
        _log.info("stopped")

    async def _runtime(self, ledger: Ledger, writer: StoreWriter) -> tuple[Runtime, MqttSource]:
        """Fold what an earlier run left, and put the shell around it."""
        settings = self._loaded.settings
        began = time.perf_counter()

        def redo(seq: int, outcome: Outcome) -> None:
            writer.offer(store_batch(seq, outcome))
            if writer.health().queued > REDO_QUEUED:
                writer.drained(REDO_WAIT_S)

        recovered = recover(ledger, self._loaded.plan, writer.stored_seq, redo)
        recovered.pipeline.book.continue_after(ledger.last_event_seq)
        _log.info(
            "recovered",
            journal_seq=ledger.last_seq,
            snapshot_seq=recovered.snapshot_seq,
            replayed=recovered.replayed,
            open_alerts=len(recovered.pipeline.book.open_alerts()),
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
    async def _console(
        self, tasks: asyncio.TaskGroup, live: LiveConsole, accounts: Accounts, feed: Feed, watcher: Watcher
    ) -> AsyncIterator[ConsoleServer | None]:
        part = self._loaded.settings.console
        if part is None:
            yield None
            return
        app = create_app(live, accounts, feed, probes=watcher.probes())
        tls = Tls(certificate=part.cert, key=part.key) if part.cert and part.key else None
        server = ConsoleServer(app, feed, part.host, part.port, tls)
        tasks.create_task(server.run(), name="console")
        yield server
