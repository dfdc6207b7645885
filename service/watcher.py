"""Looks at every part of a running service: for the probes, the console, and alerts about hazwatch itself."""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from alerting.events import Kind
from alerting.texts import both
from console.app import Probes
from console.backend import Component, Health
from detectors.state import NEVER
from ingest.mqtt import MqttSource, Phase
from ledger.errors import LedgerError
from registry.plant import Text
from service.health import Seen, Watch, parts_of, troubles_of, worst
from service.live import LiveConsole
from service.live_system import LiveOwn
from service.metrics import CONTENT_TYPE, PipelineCollector, exposition
from service.plan import Loaded
from service.runtime import Runtime
from service.sender import Sender
from service.system import figures
from store.writer import StoreWriter

_log = structlog.get_logger(__name__)

WATCH_S = 1.0


class Watcher:
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
        self._watch = Watch(
            view.event.why["system"]
            for view in runtime.pipeline.desk.book.open_alerts()
            if view.kind is Kind.SYSTEM and view.active
        )
        self._troubles: Mapping[str, Component] = {}
        self._collector = PipelineCollector(runtime.pipeline, runtime.gauges, sender.states)
        live.own = LiveOwn(
            runtime.ledger,
            sender,
            loaded.plan.routes.receivers,
            lambda: figures(loaded, runtime, source, writer, sender),
        )
        self._look()

    async def run(self) -> None:
        """Look until cancelled."""
        journal = self._loaded.settings.journal
        while True:
            self._look()
            self._live.show_untold()
            if self._tell_troubles:
                self._tell()
            with contextlib.suppress(
                LedgerError
            ):  # a full disk is told by the next commit, and must not end us
                self._runtime.ledger.prune(
                    older_than_ns=time.time_ns() - round(journal.keep_h * 3.6e12),
                    above_bytes=round(journal.max_mb * 1e6),
                )
            await asyncio.sleep(WATCH_S)

    def probes(self) -> Probes:
        """Return the answers for those that watch hazwatch from outside."""
        return Probes(healthz=self._healthz, readyz=self._readyz, metrics=self._metrics)

    def _look(self) -> None:
        seen = self._seen()
        parts = parts_of(seen)
        self._troubles = troubles_of(seen)
        self._live.parts = parts
        self._collector.parts = parts

    def _tell(self) -> None:
        if self._runtime.pipeline.now_ns == NEVER and not self._runtime.is_wall:
            return  # an event clock that has not begun has no time at which anything could happen
        for condition in self._watch.changes(self._troubles, time.time_ns()):
            try:
                self._runtime.command(condition)
            except LedgerError as error:
                if self._watch.untold(condition):
                    _log.warning("system_condition_untold", name=condition.name, reason=str(error))

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
            receivers={name: state.last_error for name, state in self._sender.states.items()},
            lag_s=self._runtime.lag_s(),
            inbox_filling=self._source.filling(),
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
                    "detail": both(part.detail),
                    "since_ns": part.since_ns,
                }
                for name, part in self._live.parts.items()
            },
        }

    def _metrics(self) -> tuple[bytes, str]:
        return exposition(self._collector), CONTENT_TYPE
