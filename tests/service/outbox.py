"""An outbox with receivers that are no servers, for the tests of the sender."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType

from alerting.notification import Notification
from alerting.notify.receiver import Outcome, Receiver, Retry, Sent
from alerting.notify.settings import ReceiverSettings
from ledger.ledger import Ledger
from ledger.records import Commit, OutboxItem
from registry.plant import Text
from service.sender import Sender
from tests.service.site import T0, FakeClock, S, pipeline, reading

NO_SETTINGS: Mapping[str, ReceiverSettings] = MappingProxyType({})
DOWN = Retry(reason=Text("断", "down"))


@dataclass
class FakeReceiver:
    """Answers what it is told to, the last answer for ever; notes what it got."""

    answers: Sequence[Outcome | Exception] = (Sent(),)
    got: list[str] = field(default_factory=list)
    bodies: list[Notification] = field(default_factory=list)

    async def send(self, notification: Notification) -> Outcome:
        answer = self.answers[min(len(self.got), len(self.answers) - 1)]
        self.got.append(notification.id)
        self.bodies.append(notification)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        pass


@dataclass
class HangingReceiver(FakeReceiver):
    """Never answers."""

    async def send(self, notification: Notification) -> Outcome:
        self.got.append(notification.id)
        await asyncio.Event().wait()
        raise AssertionError("nobody lets it go")


def _body() -> bytes:
    (event,) = pipeline().messages([reading("LT", 0, 86.0), reading("LT", 1, 87.0)], T0 + S).events
    return event.line()


BODY = _body()


def put(ledger: Ledger, *items: tuple[str, str, str]) -> None:
    """Put (id, receiver, key) into the outbox."""
    notes = [
        OutboxItem(id=i, receiver=r, body=BODY, key=k, reason=Text.same("because"), alert=k, event_seq=1)
        for i, r, k in items
    ]
    ledger.commit(Commit(notifications=notes))


@asynccontextmanager
async def sending(
    ledger: Ledger,
    receivers: Mapping[str, Receiver],
    clock: FakeClock,
    jitter: Callable[[], float] = lambda: 0.0,
    settings: Mapping[str, ReceiverSettings] = NO_SETTINGS,
) -> AsyncIterator[Sender]:
    sender = Sender(ledger, receivers, clock_ns=clock, jitter=jitter, note_after_s=0.0, settings=settings)
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task


async def settle(sender: Sender) -> None:
    """Let the sender do all that is due."""
    for _ in range(5):
        sender.wake()
        for _ in range(20):
            await asyncio.sleep(0)
