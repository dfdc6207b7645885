"""The CAP receiver: the messages that a notification's alerts make, posted to an address, kept as files, or both.

A message is made of the alert's own lines in the ledger, so that it refers to all before it after a restart too. It is
the newest of the alert as it stood at the event that is told: a group, or what was held back, is told by its newest event,
which may be an acknowledgement. What this run has sent already is not sent again; after a restart it may be, which does
no harm, for its identifier is the same.
"""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from alerting.cap.making import CapMaker
from alerting.cap.message import CapMessage
from alerting.cap.writing import MEDIA_TYPE, to_xml
from alerting.events import AlertEvent
from alerting.notification import Notification
from alerting.notify.bodies import lines_of
from alerting.notify.receiver import Outcome, Retry, Sent
from alerting.notify.settings import CapReceiverSettings, WebhookSettings
from alerting.notify.webhook import WebhookReceiver
from registry.plant import Text

REMEMBERED = 10_000
"""How many sent messages are known by their identifiers."""
History = Callable[[str, int], Sequence[AlertEvent]]
"""Returns an alert's events up to a number, oldest first."""


class CapReceiver:
    """Sends messages; `maker` makes them of what `history` returns."""

    def __init__(self, settings: CapReceiverSettings, maker: CapMaker, history: History) -> None:
        self._folder = settings.folder
        self._maker = maker
        self._history = history
        self._hook: WebhookReceiver | None = None
        self._sent: OrderedDict[str, None] = OrderedDict()
        if settings.url is not None:
            self._hook = WebhookReceiver(
                WebhookSettings(url=settings.url, secret=settings.secret, timeout_s=settings.timeout_s)
            )

    async def send(self, notification: Notification) -> Outcome:
        """Send the message of each alert line; the first that cannot be sent ends it, and all are sent again."""
        for line in lines_of(notification.body):
            event = msgspec.json.decode(line, type=AlertEvent)
            message = self._maker.newest(self._history(event.id, event.seq))
            if message is None or message.identifier in self._sent:
                continue
            outcome = await self._send(message)
            if not isinstance(outcome, Sent):
                return outcome
            self._sent[message.identifier] = None
            while len(self._sent) > REMEMBERED:
                self._sent.popitem(last=False)
        return Sent()

    async def close(self) -> None:
        """Close what is connected."""
        if self._hook is not None:
            await self._hook.close()

    async def _send(self, message: CapMessage) -> Outcome:
        xml = to_xml(message)
        if self._folder is not None:
            path = self._folder / f"{message.identifier}.xml"
            try:
                await asyncio.to_thread(_write, path, xml)
            except OSError as exc:
                why = exc.strerror or str(exc)
                return Retry(reason=Text(f"无法写入 {path}：{why}", f"cannot write {path}: {why}"))
        if self._hook is None:
            return Sent()
        return await self._hook.post(message.identifier, xml, MEDIA_TYPE)


def _write(path: Path, xml: bytes) -> None:
    """Have the whole file on disk under its name, or none: those who read the folder never see a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(xml)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
