"""The log receiver: to the program's log, or one alert line each to the end of a file."""

import asyncio
import os
from pathlib import Path

import msgspec
import structlog

from alerting.events import AlertEvent
from alerting.notification import Notification
from alerting.notify.bodies import lines_of
from alerting.notify.receiver import Outcome, Retry, Sent
from registry.plant import Text

_log = structlog.get_logger(__name__)


class LogReceiver:
    """Tells the program's log."""

    async def send(self, notification: Notification) -> Outcome:
        """Log each event with its title in both languages."""
        for line in lines_of(notification.body):
            self._tell(msgspec.json.decode(line, type=AlertEvent), notification)
        return Sent()

    async def close(self) -> None:
        """Nothing is held open."""

    @staticmethod
    def _tell(event: AlertEvent, notification: Notification) -> None:
        _log.info(
            "alert",
            id=event.id,
            seq=event.seq,
            time=event.time,
            what=event.event,
            state=event.state,
            grade=event.grade,
            zh=event.title["zh"],
            en=event.title["en"],
            person=notification.person,
            why=notification.reason.en,
        )


class FileReceiver:
    """Appends alert lines to a file; opened anew for each, so that the file may be rotated away."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def send(self, notification: Notification) -> Outcome:
        """Append the line, or those of a group, and have it on disk before it counts as sent."""
        try:
            await asyncio.to_thread(
                self._append, b"".join(line + b"\n" for line in lines_of(notification.body))
            )
        except OSError as exc:
            why = exc.strerror or str(exc)
            return Retry(reason=Text(f"无法写入 {self._path}：{why}", f"cannot write {self._path}: {why}"))
        return Sent()

    async def close(self) -> None:
        """Nothing is held open."""

    def _append(self, line: bytes) -> None:
        with self._path.open("ab", buffering=0) as file:
            file.write(line)
            os.fsync(file.fileno())
