"""A runtime with everything around it: a real ledger, a source that is no broker, a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from detectors.clock import Clock
from ingest.messages import Message
from service.pipeline import Pipeline, unpack_messages
from service.runtime import Runtime
from tests.service.site import FakeClock, FakeSink, FakeSource, FlakyLedger, pipeline, reading


class Rig:
    """A runtime with everything around it."""

    def __init__(
        self,
        ledger: FlakyLedger,
        clock: Clock = Clock.WALL,
        *,
        pipe: Pipeline | None = None,
        in_flight: int = 1000,
    ) -> None:
        self.ledger = ledger
        self.clock = FakeClock()
        self.source = FakeSource()
        self.sink = FakeSink()
        self.runtime = Runtime(
            pipe or pipeline(clock), ledger, self.sink, self.source, in_flight=in_flight, clock_ns=self.clock
        )

    async def pass_by(self, seconds: float = 0.01) -> None:
        """Let time pass, and the runtime do what is then due."""
        self.clock.advance(seconds)
        for _ in range(3):
            self.runtime.wake()
            await turns()
            self.clock.advance(0.01)

    def high(self, at_s: float = 0) -> list[int]:
        """Let the level rise over its high limit."""
        return self.source.put(reading("LT", at_s, 86.0), reading("LT", at_s + 1, 87.0))

    def journalled(self) -> list[Message]:
        return [
            m
            for entry in self.ledger.entries()
            if entry.kind == "messages"
            for m in unpack_messages(entry.body)
        ]

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.ledger.entries()]


async def turns(count: int = 12) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def until(true: Callable[[], bool]) -> None:
    """Let the loop turn until something is true; that takes as long as the machine makes it take."""
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.001)


@asynccontextmanager
async def running(rig: Rig) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(rig.runtime.run())
    await turns()
    try:
        yield task
    finally:
        rig.ledger.down = False
        rig.runtime.stop()
        async with asyncio.timeout(60):
            await task
