"""Receivers from their settings."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from alerting.cap.making import CapMaker
from alerting.events import AlertEvent
from alerting.notify.log import FileReceiver, LogReceiver
from alerting.notify.mqtt import MqttReceiver, Publisher
from alerting.notify.receiver import Receiver
from alerting.notify.settings import (
    AppriseSettings,
    CapReceiverSettings,
    LogSettings,
    MailSettings,
    MqttSettings,
    ReceiverSettings,
    SirenSettings,
    WebhookSettings,
)
from alerting.notify.siren import SirenReceiver


@dataclass(frozen=True, slots=True)
class CapParts:
    """What makes CAP messages, and an alert's events up to a number, oldest first, of which it makes them."""

    maker: CapMaker
    history: Callable[[str, int], Sequence[AlertEvent]]


def build_receivers(
    settings: Mapping[str, ReceiverSettings],
    publisher: Publisher | None,
    cap: CapParts | None = None,
) -> dict[str, Receiver]:
    """Return the receivers by name; a `publisher` is there where `needs_publisher` says so, `cap` where CAP is set up."""
    return {name: _build(one, publisher, cap) for name, one in settings.items()}


def needs_publisher(settings: Mapping[str, ReceiverSettings]) -> bool:
    """Return whether any receiver publishes by MQTT."""
    return any(isinstance(one, MqttSettings | SirenSettings) for one in settings.values())


def _build(  # noqa: PLR0911 - one for each kind
    settings: ReceiverSettings, publisher: Publisher | None, cap: CapParts | None
) -> Receiver:
    match settings:
        case LogSettings(path=None):
            return LogReceiver()
        case LogSettings(path=path):
            assert path is not None
            return FileReceiver(path)
        case WebhookSettings():
            from alerting.notify.webhook import WebhookReceiver  # noqa: PLC0415 - the HTTP client is slow to import

            return WebhookReceiver(settings)
        case MqttSettings():
            assert publisher is not None, "the caller asks needs_publisher"
            return MqttReceiver(settings.topic_prefix, publisher)
        case SirenSettings():
            assert publisher is not None, "the caller asks needs_publisher"
            return SirenReceiver(publisher)
        case MailSettings():
            from alerting.notify.mail import MailReceiver  # noqa: PLC0415 - as above

            return MailReceiver(settings)
        case AppriseSettings():
            from alerting.notify.apprise import AppriseReceiver  # noqa: PLC0415 - as above

            return AppriseReceiver(settings)
        case CapReceiverSettings():
            from alerting.notify.cap import CapReceiver  # noqa: PLC0415 - as above

            assert cap is not None, "the routes file is refused without"
            return CapReceiver(settings, cap.maker, cap.history)
        case _:
            assert_never(settings)
