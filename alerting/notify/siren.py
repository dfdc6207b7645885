"""The siren receiver: how a place stands, retained on the place's topic; `alerting.annunciator` makes what it sends."""

import asyncio

from alerting.notification import Notification
from alerting.notify.mqtt import Publisher, judged
from alerting.notify.receiver import Outcome


class SirenReceiver:
    """Publishes through a connection that belongs to the caller."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def send(self, notification: Notification) -> Outcome:
        """Publish the state of a place; the waiting happens on a thread of its own."""
        assert notification.topic is not None, "the annunciator names it"
        return judged(
            await asyncio.to_thread(
                self._publisher.publish, notification.topic, notification.body, retain=True
            )
        )

    async def close(self) -> None:
        """The connection is the caller's."""
