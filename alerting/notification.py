"""A notification: what one receiver is told at one time, as the outbox keeps it."""

import hashlib

import msgspec

from alerting.events import Grade
from registry.plant import Text

_ID_BYTES = 12


class Notification(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one receiver is told.

    `id` is derived from alert, `seq`, receiver and step, so that making it again after a crash changes nothing. `body` is
    the alert line, or what docs/alerts.md says of a group. `person` is who is meant, None where the receiver alone is;
    `group` names the group of a notification about several alerts. `route` is the place in the routes file by which the
    receiver is told. `grade` is the gravest that it speaks of, None where it has none: what is graver leaves first. `topic` is where a retained message goes, None for what is no such message. Notifications of one
    receiver leave in their order where they have one `order_key`.
    """

    id: str
    receiver: str
    alert: str
    seq: int
    time: str
    body: bytes
    reason: Text
    person: str | None = None
    group: str | None = None
    route: str = ""
    topic: str | None = None
    grade: Grade | None = None

    @property
    def order_key(self) -> str:
        """What is told in order: a topic, else the alert."""
        return self.alert if self.topic is None else self.topic


def notification_id(alert: str, seq: int, receiver: str, step: str = "") -> str:
    """Return the id of a notification: the same whenever it is made.

    `step` tells apart what one receiver is told of one event at different times: a repetition, a step of an escalation.
    """
    named = f"{alert}|{seq}|{receiver}" + (f"|{step}" if step else "")
    return hashlib.blake2b(named.encode(), digest_size=_ID_BYTES).hexdigest()
