"""The siren receiver: how a place stands, retained on the place's topic; `alerting.annunciator` makes what it sends."""

from alerting.notification import Notification
from alerting.notify.mqtt import Publisher, publish
from alerting.notify.receiver import Outcome


class SirenReceiver:
    """Publishes through a connection that belongs to the caller."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher

    async def send(self, notification: Notification) -> Outcome:
        """Publish the state of a place."""
        assert notification.topic is not None, "the annunciator names it"
        return await publish(self._publisher, notification.topic, notification.body)

    async def close(self) -> None:
        """The connection is the caller's."""
