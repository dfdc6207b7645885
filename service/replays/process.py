"""The process of one replay: `python -m service.replays.process`, with a task on standard input.

It says `ready` on standard output once its console answers on its socket, and ends when standard input does: with the live
process, however that ends. The pipeline that watches now goes before it in everything.
"""

import asyncio
import os
import struct
import sys
import threading
from contextlib import AsyncExitStack, suppress
from typing import IO

import structlog
import uvicorn

from console.accounts import Accounts
from console.replay_app import ReplayConsole
from ledger.audit import AuditLog
from ledger.errors import LedgerError
from ledger.reader import LedgerReader, open_readonly
from ledger.replica import Replica
from service.commands.answers import cause_of
from service.logs import configure_logs
from service.replays.door import DoorStore
from service.replays.past import JournalPast, Past, StorePast
from service.replays.session import ReplayFeed, Session
from service.replays.task import Task, unpacked
from service.stores import open_influx
from service.tuning.feed import Span
from store.lineprotocol import tag_text
from store.null import NullStore
from store.series import SeriesReader, SeriesStore, StoreError

NICE = 19
"""Nothing goes after it."""
LENGTH = struct.Struct(">Q")
_log = structlog.get_logger(__name__)


def read_task(stdin: IO[bytes]) -> Task:
    """Return the task, and leave standard input open."""
    (length,) = LENGTH.unpack(stdin.read(LENGTH.size))
    return unpacked(stdin.read(length))


def main() -> None:
    """Run one replay."""
    os.nice(NICE)
    task = read_task(sys.stdin.buffer)
    configure_logs(task.loaded.settings.log.level, "json")
    threading.Thread(target=_end_with, args=(sys.stdin.buffer,), name="end", daemon=True).start()
    try:
        asyncio.run(_run(task))
    except* (LedgerError, StoreError) as group:
        _log.error("replay_ended", reason=str(cause_of(group)))
        sys.exit(1)


def _end_with(stdin: IO[bytes]) -> None:
    """End at once when the live process has: nothing here is kept."""
    stdin.read()
    os._exit(0)


async def _run(task: Task) -> None:
    state_dir = task.loaded.settings.state_dir
    async with AsyncExitStack() as stack:
        ledger = stack.enter_context(open_readonly(state_dir))
        replica = stack.enter_context(Replica.open(task.folder))
        accounts = stack.enter_context(Accounts(state_dir, notes_seen=False))
        audit = stack.enter_context(AuditLog(task.folder))
        store = _store(task)
        stack.callback(store.close)
        past = _past(task, ledger, store)
        feed = ReplayFeed()
        console = ReplayConsole(accounts, feed, audit)
        told = ledger if task.source == "journal" else None
        session = Session(task, past, told, replica, store, feed, console.show)
        session.begin()
        console.control(session)
        await _serve(task, console, session)


def _store(task: Task) -> DoorStore | SeriesStore:
    """Return where readings of the past are read."""
    if task.door is not None:
        return DoorStore(task.door)
    return open_influx(task.loaded) if task.loaded.settings.store.kind == "influx" else NullStore()


def _past(task: Task, ledger: LedgerReader, store: SeriesReader) -> Past:
    plan, span = task.loaded.plan, Span(start_ns=task.start_ns, end_ns=task.end_ns)
    if task.source == "journal":
        return JournalPast(plan=plan, ledger=ledger, state_dir=task.loaded.settings.state_dir, span=span)
    specs = plan.registry.specs
    if isinstance(store, DoorStore):
        return StorePast(plan=plan, scan=store.scan, span=span)
    rank = {tag_text(spec.id): i for i, spec in enumerate(specs)}
    ids = {tag_text(spec.id): spec.id for spec in specs}
    influx = open_influx(task.loaded)
    return StorePast(
        plan=plan, scan=lambda start, end: influx.scan(start, end).ranked(rank), span=span, ids=ids
    )


async def _serve(task: Task, console: ReplayConsole, session: Session) -> None:
    config = uvicorn.Config(
        console.app,
        uds=str(task.socket),
        loop="none",
        log_config=None,
        access_log=False,
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(server.serve(), name="console")
        while not server.started:
            if serving.done():
                return
            await asyncio.sleep(0.01)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        tasks.create_task(_play(session), name="player")


async def _play(session: Session) -> None:
    asked = asyncio.Event()
    session.asked = asked.set
    while True:
        asked.clear()
        wait_s = session.turn()
        if wait_s == 0:
            await asyncio.sleep(0)
            continue
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await asked.wait()


if __name__ == "__main__":
    main()
