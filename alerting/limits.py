"""The rate limit of a receiver: so many notifications in so many seconds, the rest in one digest when there is room."""

from collections.abc import Mapping
from dataclasses import dataclass

from alerting.dispatch_state import Digest
from alerting.events import AlertEvent
from alerting.texts import duration
from registry.plant import Text

_NS_PER_S = 1_000_000_000
MOST_HELD = 10_000
"""So many alerts wait for a digest, each with its newest event; of more only the number is told."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` notifications in any `per_s` seconds."""

    count: int
    per_s: float


class Limits:
    """The limits of all receivers, and what they hold back; a red alert and a recovery are never held back."""

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self._limits = limits
        self.digests: dict[str, Digest] = {}

    def free_ns(self, receiver: str, now_ns: int) -> int | None:
        """Return when the receiver can be told of something next; None where it can be now.

        While something waits for its digest nothing goes before that.
        """
        digest = self.digests.get(receiver)
        if digest is None:
            return None
        room_ns = self.room_ns(receiver, now_ns)
        return room_ns if room_ns > now_ns or digest.held else None

    def room_ns(self, receiver: str, now_ns: int) -> int:
        """Return the first time from `now_ns` on at which one more notification is within the limit."""
        limit, sent_ns = self._limits.get(receiver), self.digests[receiver].sent_ns
        if limit is None or len(sent_ns) < limit.count:
            return now_ns
        return max(now_ns, sent_ns[-limit.count] + int(limit.per_s * _NS_PER_S))

    def sent(self, receiver: str, now_ns: int) -> None:
        """Count a notification."""
        limit = self._limits.get(receiver)
        if limit is None:
            return
        digest = self.digests.setdefault(receiver, Digest())
        digest.sent_ns.append(now_ns)
        del digest.sent_ns[: -limit.count]

    def hold(self, receiver: str, path: str, event: AlertEvent) -> None:
        """Keep an event for the digest, instead of what was kept of its alert."""
        digest = self.digests.setdefault(receiver, Digest())
        if event.id in digest.held or len(digest.held) < MOST_HELD:
            digest.held[event.id] = (path, event)
        else:
            digest.omitted += 1

    def holds(self, receiver: str, alert: str) -> bool:
        """Return whether the alert waits for the receiver's digest."""
        digest = self.digests.get(receiver)
        return digest is not None and alert in digest.held

    def note(self, event: AlertEvent) -> None:
        """Bring what waits of an alert up to date, so that a digest tells how it stands."""
        for digest in self.digests.values():
            if event.id in digest.held:
                digest.held[event.id] = (digest.held[event.id][0], event)

    def told(self, receiver: str, alert: str) -> None:
        """Keep nothing of an alert that the receiver was told of meanwhile."""
        digest = self.digests.get(receiver)
        if digest is not None:
            digest.held.pop(alert, None)

    def take(self, receiver: str) -> tuple[list[tuple[str, AlertEvent]], int]:
        """Return, once, what waits for the digest with its routes, and how many alerts are left out of it."""
        digest = self.digests[receiver]
        held, omitted = list(digest.held.values()), digest.omitted
        digest.held, digest.omitted = {}, 0
        return held, omitted

    def reason(self, receiver: str) -> Text:
        """Return the limit in words."""
        limit = self._limits[receiver]
        span = duration(limit.per_s)
        many = "notification" if limit.count == 1 else "notifications"
        return Text(
            f"该接收方每 {span.zh}最多 {limit.count} 条", f"at most {limit.count} {many} in {span.en} for it"
        )
