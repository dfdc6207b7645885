"""MQTT: receiving with late acknowledgement, publishing with confirmation. Only here is the client library used."""

from ingest.mqtt.inbox import InboxLimits, Received
from ingest.mqtt.publisher import Delivery, MqttPublisher
from ingest.mqtt.settings import MqttSettings, settings_faults
from ingest.mqtt.source import MqttSource, connection_of
from ingest.mqtt.state import LinkCounters, LinkState, Phase, Protocol

__all__ = [
    "Delivery",
    "InboxLimits",
    "LinkCounters",
    "LinkState",
    "MqttPublisher",
    "MqttSettings",
    "MqttSource",
    "Phase",
    "Protocol",
    "Received",
    "connection_of",
    "settings_faults",
]
