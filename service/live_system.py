"""What the console sees of hazwatch itself: figures, refused messages, and its notification channels, which can be tried."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from alerting.notify.receiver import Failed, Retry, Sent
from alerting.notify.settings import ReceiverSettings
from alerting.notify.trial import trial, why_not
from console.system_backend import Letter, Tried
from ledger.ledger import Ledger
from ledger.records import DeadLetter
from registry.plant import Text
from service.sender import Sender

_log = structlog.get_logger(__name__)

APART_S = 5.0
"""A receiver is tried no sooner than this after the last time, so that nobody floods a phone by it."""
_JUST_TRIED = Tried(
    sent=False,
    again=True,
    refused="just_tried",
    why=Text("该渠道刚刚测试过，请稍候", "this channel was tried a moment ago; wait a little"),
)


class LiveOwn:
    """hazwatch itself over its parts; `figures` gives the figures of now."""

    def __init__(
        self,
        ledger: Ledger,
        sender: Sender,
        receivers: Mapping[str, ReceiverSettings],
        figures: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._ledger = ledger
        self._sender = sender
        self._receivers = receivers
        self._figures = figures
        self._tried_s: dict[str, float] = {}

    def figures(self) -> Mapping[str, Any]:
        """Return hazwatch's own figures."""
        return self._figures()

    def letters(self, limit: int, before: int | None, reason: str | None) -> Sequence[Letter]:
        """Return refused messages, newest first."""
        return [_letter(*row) for row in self._ledger.numbered_dead_letters(limit, before, reason)]

    def letter(self, number: int) -> Letter | None:
        """Return one refused message."""
        found = self._ledger.numbered_dead_letters(1, number + 1)
        return _letter(*found[0]) if found and found[0][0] == number else None

    async def try_receiver(self, name: str, by: str) -> Tried | None:
        """Try a receiver; the answer says what came of it."""
        settings = self._receivers.get(name)
        if settings is None:
            return None
        never = why_not(settings)
        if never is not None:
            return Tried(sent=False, refused="not_tried", why=never)
        now_s = time.monotonic()
        if now_s - self._tried_s.get(name, -APART_S) < APART_S:
            return _JUST_TRIED
        self._tried_s[name] = now_s
        outcome = await self._sender.try_out(trial(name, by, time.time_ns()))
        _log.info("receiver_tried", receiver=name, by=by, outcome=type(outcome).__name__)
        match outcome:
            case Sent():
                return Tried(sent=True)
            case Retry(reason=why):
                return Tried(sent=False, again=True, why=why)
            case Failed(reason=why):
                return Tried(sent=False, why=why)


def _letter(number: int, kept: DeadLetter) -> Letter:
    return Letter(
        number=number,
        now_ns=kept.now_ns,
        reason=kept.reason,
        detail=kept.detail,
        topic=kept.topic,
        payload=kept.payload,
        count=kept.count,
    )
