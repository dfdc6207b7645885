"""The real server with the fake backend, on a loop in a thread of its own."""

import asyncio
import contextlib
import functools
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Self, TypeVar

from console.accounts import Accounts, Role, add_user, database_path
from console.app import STATIC_DIR, create_app
from console.feed import Feed
from console.server import ConsoleServer
from console.tiles import Tiles
from ledger.audit import AuditLog
from tests.console.site import LPG, build

if TYPE_CHECKING:
    from console.fake import FakeBackend

PASSWORD = "correct horse"
USERS = {
    "li": (Role.OPERATOR, None),
    "gu": (Role.VIEWER, None),
    "zhou": (Role.ADMIN, None),
    "bo": (Role.OPERATOR, LPG),
}

T = TypeVar("T")


@functools.cache
def _accounts_file() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = database_path(Path(folder))
        for name, (role, enterprise) in USERS.items():
            add_user(path, name, role, PASSWORD, None, enterprise)
        return path.read_bytes()


def add_users(state_dir: Path) -> None:
    """Add the accounts of `USERS`, all with one password, hashed once for all tests."""
    database_path(state_dir).write_bytes(_accounts_file())


class Live:
    """A running console; `call` does something on its loop."""

    def __init__(
        self,
        state_dir: Path,
        feed: Feed | None = None,
        port: int = 0,
        static_dir: Path = STATIC_DIR,
        tiles: Tiles | None = None,
    ) -> None:
        self._state_dir = state_dir
        self._static_dir = static_dir
        self._tiles = tiles
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._run(feed, port)), name="live console"
        )
        self.backend: FakeBackend
        self.feed: Feed
        self.server: ConsoleServer
        self._loop: asyncio.AbstractEventLoop

    async def _run(self, feed: Feed | None, port: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.feed = feed or Feed()
        self.backend = build(self.feed)
        with Accounts(self._state_dir) as accounts, AuditLog(self._state_dir) as audit:
            app = create_app(
                self.backend, accounts, self.feed, audit, static_dir=self._static_dir, tiles=self._tiles
            )
            self.server = ConsoleServer(app, self.feed, "127.0.0.1", port)
            self._ready.set()
            await self.server.run()

    def call(self, do: Callable[[], T]) -> T:
        """Do it on the console's loop and return what it returns."""

        async def doing() -> T:
            return do()

        return asyncio.run_coroutine_threadsafe(doing(), self._loop).result(10)

    @contextlib.contextmanager
    def stalled(self) -> Iterator[None]:
        """Hold the console's loop, so that the server neither says nor answers anything, for a minute at most."""
        release = threading.Event()
        self._loop.call_soon_threadsafe(release.wait, 60)
        try:
            yield
        finally:
            release.set()

    def stop(self) -> None:
        """Stop the server and wait for its end."""
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(10)
        self._thread.join(10)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        if self._thread.is_alive():
            self.stop()
        self._thread.join(10)
        assert not self._thread.is_alive()


@contextlib.contextmanager
def live_console(state_dir: Path, **kwargs: object) -> Iterator[Live]:
    """Run a console with the accounts of `USERS`."""
    add_users(state_dir)
    with Live(state_dir, **kwargs) as live:  # type: ignore[arg-type]
        yield live
