"""The service as one object: everything built from settings, started, supervised, and ended in order."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import structlog

from alerting.commands import CommandRefused
from alerting.events import AlertEvent
from alerting.notify.build import build_receivers
from console.accounts import Accounts
from console.app import Probes, create_app
from console.backend import Health
from console.feed import Feed
from console.server import ConsoleServer, Tls
from detectors.state import NEVER
from ingest.mqtt import MqttPublisher, MqttSettings, MqttSource, Phase
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from registry.plant import Text
from service.health import Seen, Watch, parts_of, worst
from service.live import LiveConsole
from service.metrics import CONTENT_TYPE, PipelineCollector, exposition
from service.plan import Loaded
from service.recovery import recover
from service.runtime import Runtime, store_batch
from service.sender import Sender
from service.stores import open_store
from store.writer import StoreWriter, WriterSettings

_log = structlog.get_logger(__name__)

WATCH_S = 1.0
DRAIN_S = 1.0


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
        self.settings_refused: Text | None = None
        """Why newer settings were not taken over, None where there are none."""

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
            watcher = _Watcher(
                self._loaded,
                runtime,
                source,
                writer,
                sender,
                live,
                tell_troubles=self._tell_troubles,
                settings_refused=lambda: self.settings_refused,
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
        recovered = recover(
            ledger,
            self._loaded.plan,
            writer.stored_seq,
            lambda seq, outcome: writer.offer(store_batch(seq, outcome)),
        )
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
        part = self._loaded.settings.mqtt
        return MqttSettings(
            url=part.url,
            topics=part.topics,
            username=part.username,
            password=self._loaded.secrets.mqtt_password,
            ca=part.ca,
            cert=part.cert,
            key=part.key,
            client_id=part.client_id + suffix,
            receive_maximum=part.receive_maximum,
            keepalive_s=part.keepalive_s,
            session_expiry_s=part.session_expiry_s,
            clean=bool(suffix),
        )

    @asynccontextmanager
    async def _console(
        self, tasks: asyncio.TaskGroup, live: LiveConsole, accounts: Accounts, feed: Feed, watcher: "_Watcher"
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


class _Watcher:
    """Looks at every part once a second: for the probes, the console, and alerts about hazwatch itself."""

    def __init__(  # noqa: PLR0917 - it looks at every part
        self,
        loaded: Loaded,
        runtime: Runtime,
        source: MqttSource,
        writer: StoreWriter,
        sender: Sender,
        live: LiveConsole,
        *,
        tell_troubles: bool,
        settings_refused: Callable[[], Text | None],
    ) -> None:
        self._loaded = loaded
        self._settings_refused = settings_refused
        self._tell_troubles = tell_troubles
        self._runtime = runtime
        self._source = source
        self._writer = writer
        self._sender = sender
        self._live = live
        self._watch = Watch()
        self._collector = PipelineCollector(runtime.pipeline, runtime.gauges, sender.states)
        self._look()

    async def run(self) -> None:
        """Look until cancelled."""
        journal = self._loaded.settings.journal
        while True:
            self._look()
            if self._tell_troubles:
                self._tell()
            self._runtime.ledger.prune(
                older_than_ns=time.time_ns() - round(journal.keep_h * 3.6e12),
                above_bytes=round(journal.max_mb * 1e6),
            )
            await asyncio.sleep(WATCH_S)

    def probes(self) -> Probes:
        """Return the answers for those that watch hazwatch from outside."""
        return Probes(healthz=self._healthz, readyz=self._readyz, metrics=self._metrics)

    def _look(self) -> None:
        parts = parts_of(self._seen())
        self._live.parts = parts
        self._collector.parts = parts

    def _tell(self) -> None:
        if self._runtime.pipeline.now_ns == NEVER and not self._runtime.is_wall:
            return  # an event clock that has not begun has no time at which anything could happen
        for condition in self._watch.changes(self._live.parts, time.time_ns()):
            try:
                self._runtime.command(condition)
            except (CommandRefused, LedgerError) as error:
                _log.error("system_condition_untold", name=condition.name, reason=str(error))

    def _seen(self) -> Seen:
        settings = self._loaded.settings
        link = self._source.state()
        store = self._writer.health()
        gauges = self._runtime.gauges
        free_mb = shutil.disk_usage(settings.state_dir).free / 1e6
        return Seen(
            broker="connected"
            if link.healthy
            else str(Phase.LOST if link.phase is Phase.CONNECTED else link.phase),
            broker_since_ns=link.since_ns,
            broker_reason=link.reason,
            store=None if settings.store.kind == "none" else store.state,
            store_since_ns=store.since_ns,
            store_error=store.last_error,
            store_dropped=store.dropped,
            spooled_bytes=store.spooled_bytes,
            ledger_error=gauges.ledger_error,
            ledger_error_since_ns=gauges.ledger_error_since_ns,
            receivers_failing={
                name: state.last_error
                for name, state in self._sender.states.items()
                if state.last_error is not None
            },
            lag_s=self._runtime.lag_s(),
            free_mb=free_mb,
            min_free_mb=settings.journal.min_free_mb,
            settings_refused=self._settings_refused(),
        )

    def _healthz(self) -> tuple[bool, Mapping[str, Any]]:
        """Alive and able to do its work at all: not down in the ledger."""
        parts = self._live.parts
        return parts["ledger"].state is not Health.DOWN, self._body(worst(parts.values()))

    def _readyz(self) -> tuple[bool, Mapping[str, Any]]:
        """Ready: connected to the broker, and keeping what comes."""
        parts = self._live.parts
        ready = all(parts[name].state is Health.OK for name in ("broker", "ledger"))
        return ready, self._body(worst(parts.values()))

    def _body(self, state: Health) -> Mapping[str, Any]:
        return {
            "state": state,
            "parts": {
                name: {
                    "state": part.state,
                    "detail": {"zh": part.detail.zh, "en": part.detail.en},
                    "since_ns": part.since_ns,
                }
                for name, part in self._live.parts.items()
            },
        }

    def _metrics(self) -> tuple[bytes, str]:
        return exposition(self._collector), CONTENT_TYPE
