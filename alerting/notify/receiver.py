"""What a receiver is, and what may come of sending to it."""

from dataclasses import dataclass
from typing import Protocol

from alerting.notification import Notification
from registry.plant import Text


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Not now; the same may succeed later. `after_s` is what the receiver asked for, None leaves it to back-off."""

    reason: Text
    after_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Sending the same again is no use."""

    reason: Text


Outcome = Sent | Retry | Failed


class Receiver(Protocol):
    """Somebody who is told; sending twice is allowed, a receiver knows a notification by its id."""

    async def send(self, notification: Notification) -> Outcome:
        """Send once, within the receiver's own timeout; never raises for what the other side does."""

    async def close(self) -> None:
        """Let go of what is held open."""
