"""What the routes file says of each receiver, checked; a secret is read from its file when the settings are."""

from dataclasses import dataclass, field
from pathlib import Path

from alerting.events import Event
from alerting.throttle import DEFAULT_EVENTS

ALL_EVENTS = frozenset(Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Alerts go to the program's log, or are appended to the file `path`, one alert line each."""

    path: Path | None = None
    events: frozenset[Event] = DEFAULT_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Alerts are posted to `url`; with a `secret` each post is signed."""

    url: str
    secret: bytes | None = field(default=None, repr=False)
    timeout_s: float = 5.0
    events: frozenset[Event] = DEFAULT_EVENTS


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """Alerts are published, retained, below `topic_prefix`; every event, so that the topic shows how it stands."""

    topic_prefix: str = "hazwatch/alerts"
    events: frozenset[Event] = ALL_EVENTS


ReceiverSettings = LogSettings | WebhookSettings | MqttSettings
