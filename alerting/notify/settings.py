"""What the routes file says of each receiver, checked; a secret is read from its file when the settings are."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from alerting.events import Event, Grade
from alerting.throttle import DEFAULT_EVENTS

ALL_EVENTS = frozenset(Event)
DEFAULT_ZONE = "UTC"
CHAT_TIMEOUT_S = 15.0
"""For mail servers and chat services, which take their time."""


@dataclass(frozen=True, slots=True)
class Fallback:
    """Who is told instead, and how many seconds a receiver may keep failing before."""

    receiver: str
    after_s: float = 60.0


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A template as it was read; `file` is how faults name it."""

    file: str
    text: str


class Security(StrEnum):
    """How a connection to a mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class PlaceKind(StrEnum):
    """What a siren stands for: a hazard source, an enterprise, or an area with all areas in it."""

    SOURCE = "source"
    ENTERPRISE = "enterprise"
    AREA = "area"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Alerts go to the program's log, or are appended to the file `path`, one alert line each."""

    path: Path | None = None
    events: frozenset[Event] = DEFAULT_EVENTS
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Alerts are posted to `url`; with a `secret` each post is signed."""

    url: str
    secret: bytes | None = field(default=None, repr=False)
    timeout_s: float = 5.0
    events: frozenset[Event] = DEFAULT_EVENTS
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings:
    """Alerts are published, retained, below `topic_prefix`; every event, so that the topic shows how it stands."""

    topic_prefix: str = "hazwatch/alerts"
    events: frozenset[Event] = ALL_EVENTS
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SirenSettings:
    """Siren and light of each place, retained on one topic a place; they follow all alerts, whatever the routes say.

    The siren sounds for an unacknowledged alert of one of `grades`; the light shows any grade.
    """

    topic_prefix: str = "hazwatch/sirens"
    place: PlaceKind = PlaceKind.SOURCE
    grades: frozenset[Grade] = frozenset({Grade.RED, Grade.ORANGE})
    events: frozenset[Event] = frozenset()
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """Alerts are mailed by way of one SMTP server; times are shown in the zone `time_zone`."""

    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca: Path | None = None
    timeout_s: float = CHAT_TIMEOUT_S
    time_zone: str = DEFAULT_ZONE
    template: TemplateText | None = None
    events: frozenset[Event] = DEFAULT_EVENTS
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings:
    """Alerts go through the service that an Apprise URL names; the URL is a secret."""

    url: str = field(repr=False)
    timeout_s: float = CHAT_TIMEOUT_S
    time_zone: str = DEFAULT_ZONE
    template: TemplateText | None = None
    events: frozenset[Event] = DEFAULT_EVENTS
    fallback: Fallback | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapReceiverSettings:
    """CAP messages are posted to `url`, written to `folder`, or both; of every event, since messages build on each other."""

    url: str | None = None
    folder: Path | None = None
    secret: bytes | None = field(default=None, repr=False)
    timeout_s: float = 5.0
    events: frozenset[Event] = ALL_EVENTS
    fallback: Fallback | None = None


ReceiverSettings = (
    LogSettings
    | WebhookSettings
    | MqttSettings
    | SirenSettings
    | MailSettings
    | AppriseSettings
    | CapReceiverSettings
)
