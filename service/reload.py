"""New settings without a new process: the running service drains, and the next one goes on from its snapshot.

Everything is built anew from the new files, so that nothing keeps an old sensor's index. Meanwhile the broker holds what
comes. A file at fault changes nothing: the running service goes on and says so, as a part of its health and as an alert.
"""

import asyncio
from pathlib import Path

import structlog

from registry.faults import InputError, errors_in
from registry.plant import Text
from service.app import Service
from service.plan import Loaded, load

_log = structlog.get_logger(__name__)


class Reloading:
    """Runs one service after the other; `stop` and `reload` are called on the loop's thread."""

    def __init__(self, config: Path, loaded: Loaded) -> None:
        self._config = config
        self._service = Service(loaded)
        self._next: Loaded | None = None
        self._loading: asyncio.Task[None] | None = None
        self._stopped = False

    def stop(self) -> None:
        """End for good."""
        self._stopped = True
        self._service.stop()

    def reload(self) -> None:
        """Load the settings; where they hold, let the next service take over."""
        if self._loading is None or self._loading.done():
            self._loading = asyncio.get_running_loop().create_task(self._load(), name="reload")

    async def run(self) -> None:
        """Run until `stop`."""
        while True:
            await self._service.run()
            if self._stopped or self._next is None:
                return
            self._service, self._next = Service(self._next), None
            _log.info("settings_reloaded")

    async def _load(self) -> None:
        try:
            self._next = await asyncio.to_thread(load, self._config)
        except InputError as error:
            faults = errors_in(error.faults)
            for fault in faults:
                _log.error("settings_refused", fault=str(fault))
            self._service.refuse_settings(
                Text(
                    f"新设置有 {len(faults)} 处错误，仍按原设置运行：{faults[0]}",
                    f"the new settings have {len(faults)} faults, running on the old ones: {faults[0]}",
                )
            )
        else:
            self._service.stop()
