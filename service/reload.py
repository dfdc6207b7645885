"""New settings without a new process: the running service drains, and the next one goes on from its snapshot.

Everything is built anew from the new files, so that nothing keeps an old sensor's index. Meanwhile the broker holds what
comes. A file at fault changes nothing: the running service goes on and says so, as a part of its health and as an alert.
"""

import asyncio
from pathlib import Path

import structlog

from registry.faults import InputError, errors_in
from registry.plant import Text
from service.app import Running, Service
from service.commands.answers import cause_of
from service.plan import Loaded, load

_log = structlog.get_logger(__name__)


class Reloading:
    """Runs one service after the other; `stop` and `reload` are called on the loop's thread."""

    def __init__(self, config: Path, loaded: Loaded) -> None:
        self._config = config
        self._loaded = loaded
        self._before: Loaded | None = None
        self._next: Loaded | None = None
        self._loading: asyncio.Task[None] | None = None
        self._stopped = False
        self._service = self._made()

    def stop(self) -> None:
        """End for good."""
        self._stopped = True
        self._service.stop()

    def reload(self) -> None:
        """Load the settings; where they hold, let the next service take over."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.get_running_loop().create_task(self._load(), name="reload")

    async def run(self) -> None:
        """Run until `stop`; a next service that cannot start gives way to the one before."""
        while True:
            try:
                await self._service.run()
            except Exception as error:
                if self._before is None:
                    raise
                self._back_to(self._before, cause_of(error))
                continue
            if self._stopped or self._next is None:
                return
            self._before, self._loaded, self._next = self._loaded, self._next, None
            self._service = self._made()
            _log.info("settings_reloaded")

    def _made(self) -> Service:
        return Service(self._loaded, on_running=self._on_running)

    def _on_running(self, _: Running) -> None:
        self._before = None

    def _back_to(self, before: Loaded, error: BaseException) -> None:
        _log.error("settings_cannot_run", reason=str(error))
        self._loaded, self._before = before, None
        self._service = self._made()
        self._service.refuse_settings(
            Text(
                f"按新设置无法启动，仍按原设置运行：{error}",
                f"the service does not start on the new settings, running on the old ones: {error}",
            )
        )

    async def _load(self) -> None:
        try:
            self._next = await asyncio.to_thread(load, self._config)
        except InputError as error:
            faults = errors_in(error.faults)
            for fault in faults:
                _log.error("settings_refused", fault=str(fault))
            self._service.refuse_settings(
                Text(
                    f"新设置有错误（共 {len(faults)} 处），仍按原设置运行：{faults[0]}",
                    f"the new settings are at fault (faults: {len(faults)}), running on the old ones: {faults[0]}",
                )
            )
        else:
            self._service.stop()
