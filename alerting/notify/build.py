"""Receivers from their settings."""

from collections.abc import Mapping
from typing import assert_never

from alerting.notify.log import FileReceiver, LogReceiver
from alerting.notify.mqtt import MqttReceiver, Publisher
from alerting.notify.receiver import Receiver
from alerting.notify.settings import LogSettings, MqttSettings, ReceiverSettings, WebhookSettings


def build_receivers(
    settings: Mapping[str, ReceiverSettings], publisher: Publisher | None
) -> dict[str, Receiver]:
    """Return the receivers by name; a `publisher` is there where `needs_publisher` says so."""
    return {name: _build(one, publisher) for name, one in settings.items()}


def needs_publisher(settings: Mapping[str, ReceiverSettings]) -> bool:
    """Return whether any receiver publishes by MQTT."""
    return any(isinstance(one, MqttSettings) for one in settings.values())


def _build(settings: ReceiverSettings, publisher: Publisher | None) -> Receiver:
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
        case _:
            assert_never(settings)
