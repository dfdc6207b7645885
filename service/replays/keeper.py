"""The live side of replays: begins a process for each, and ends it; a few at a time, none that nobody looks at."""

import asyncio
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from console.accounts import Account
from console.replay_backend import OpenReplay, Period, ReplayOrder, ReplayRefused
from ledger.reader import LedgerReader
from ledger.snapshots import SnapshotFolder
from ledger.when import journal_span, time_of
from service.plan import Loaded
from service.replays.door import StoreDoor
from service.replays.process import LENGTH
from service.replays.task import Task, packed
from store.duck import DuckStore
from store.series import SeriesStore

AT_ONCE = 2
READY_S = 30.0
IDLE_S = 120.0
"""A replay whose stream nobody reads is ended after so long."""
LOOK_S = 2.0
_log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class _Running:
    opened: OpenReplay
    process: asyncio.subprocess.Process
    folder: Path
    allowed: Callable[[], bool]
    looked_s: float
    watch: asyncio.Task[None] | None = field(default=None)


class Replays:
    """All replays of one service; used on the event loop's thread.

    Args:
        loaded: the settings of now, by which the past is judged.
        ledger: the journal.
        store: where readings of the past are; an embedded one is read through a door.
        now_s: a clock that no one sets.
    """

    def __init__(
        self,
        loaded: Loaded,
        ledger: LedgerReader,
        store: SeriesStore,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._loaded = loaded
        self._ledger = ledger
        self._store = store
        self._now_s = now_s
        self._folder = Path(tempfile.mkdtemp(prefix="hazwatch-replays-"))
        self._door: StoreDoor | None = None
        self._running: dict[str, _Running] = {}
        self._opening = 0

    async def period(self) -> Period:
        """Return what can be replayed."""
        return await asyncio.to_thread(self._period)

    def _period(self) -> Period:
        span = journal_span(self._ledger)
        return Period(
            journal_ns=span,
            exact_from_ns=None if span is None else self._exact_from(span[0]),
            store=self._loaded.settings.store.kind != "none",
        )

    def _exact_from(self, oldest_ns: int) -> int | None:
        """Return the time of the oldest state from which the journal can be folded."""
        first = self._ledger.first_seq
        if first <= 1:
            return oldest_ns
        folder = SnapshotFolder(self._loaded.settings.state_dir / "snapshots", self._ledger.ledger_id)
        usable = [seq for seq in folder.seqs() if seq >= first]
        return time_of(self._ledger, usable[-1]) if usable else None

    async def open(self, account: Account, order: ReplayOrder, allowed: Callable[[], bool]) -> OpenReplay:
        """Begin a replay in a process of its own."""
        if len(self._running) + self._opening >= AT_ONCE:
            raise ReplayRefused("too_many_replays")
        self._opening += 1
        try:
            await self._check(order)
            return await self._opened(account, order, allowed)
        finally:
            self._opening -= 1

    async def _check(self, order: ReplayOrder) -> None:
        period = await self.period()
        if order.source == "store":
            if not period.store:
                raise ReplayRefused("no_such_period")
            return
        span = period.journal_ns
        if span is None or order.end_ns <= span[0] or order.start_ns > span[1]:
            raise ReplayRefused("no_such_period")

    async def _opened(self, account: Account, order: ReplayOrder, allowed: Callable[[], bool]) -> OpenReplay:
        name = secrets.token_hex(8)
        folder = self._folder / name
        folder.mkdir(mode=0o700)
        opened = OpenReplay(id=name, account=account.name, order=order, socket=folder / "console")
        process = await _spawned()
        running = _Running(
            opened=opened, process=process, folder=folder, allowed=allowed, looked_s=self._now_s()
        )
        try:
            await self._hand_over(running)
        except BaseException:
            await _ended(running)
            raise
        self._running[name] = running
        running.watch = asyncio.create_task(self._watch(running), name=f"replay {name}")
        _log.info("replay_begun", replay=name, account=account.name, source=order.source)
        return opened

    async def _hand_over(self, running: _Running) -> None:
        """Give the process its task and wait until its console answers."""
        order = running.opened.order
        task = packed(
            Task(
                loaded=self._loaded,
                source=order.source,
                start_ns=order.start_ns,
                end_ns=order.end_ns,
                folder=running.folder,
                socket=running.opened.socket,
                door=await self._opened_door(),
            )
        )
        stdin, stdout = running.process.stdin, running.process.stdout
        assert stdin is not None, "both are pipes"
        assert stdout is not None, "both are pipes"
        said = b""
        with suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(READY_S):
                stdin.write(LENGTH.pack(len(task)) + task)
                await stdin.drain()
                said = await stdout.readline()
        if said != b"ready\n":
            raise ReplayRefused("replay_failed")

    async def _opened_door(self) -> Path | None:
        if not isinstance(self._store, DuckStore):
            return None
        if self._door is None:
            self._door = StoreDoor(self._store, self._folder / "store")
            await self._door.open()
        return self._door.path

    def find(self, replay: str) -> OpenReplay | None:
        """Return a replay that runs, and note that somebody looks at it."""
        running = self._running.get(replay)
        if running is None:
            return None
        running.looked_s = self._now_s()
        return running.opened

    def of(self, account: str) -> Sequence[OpenReplay]:
        """Return an account's replays."""
        return [one.opened for one in self._running.values() if one.opened.account == account]

    async def end(self, replay: str) -> None:
        """End a replay."""
        running = self._running.pop(replay, None)
        if running is None:
            return
        if running.watch is not None and running.watch is not asyncio.current_task():
            running.watch.cancel()
        await _ended(running)
        _log.info("replay_ended", replay=replay)

    async def close(self) -> None:
        """End all replays."""
        for name in list(self._running):
            await self.end(name)
        if self._door is not None:
            await self._door.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _watch(self, running: _Running) -> None:
        """End it when its process has ended, its session has, or nobody looks at it."""
        while running.allowed() and self._now_s() - running.looked_s < IDLE_S:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await running.process.wait()
                    break
        await self.end(running.opened.id)


async def _spawned() -> asyncio.subprocess.Process:
    """Start the process; it imports from where this one does, and gets no signal that is meant for this one."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "service.replays.process"),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )


async def _ended(running: _Running) -> None:
    if running.process.returncode is None:
        with suppress(ProcessLookupError):
            running.process.kill()
    await running.process.wait()
    await asyncio.to_thread(shutil.rmtree, running.folder, ignore_errors=True)
