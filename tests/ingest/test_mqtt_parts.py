"""The parts of the MQTT shell that need no broker: settings, back-off, the bounded inbox."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.messages import Message
from ingest.mqtt import InboxLimits, LinkState, MqttSettings, Phase, Protocol, Received, settings_faults
from ingest.mqtt.inbox import Inbox
from ingest.mqtt.state import BACKOFF_MAX_S, Outcome, delay_s, next_protocol
from tests.servers.mosquitto import make_certificates

URL = "mqtt://127.0.0.1:1883"


def where(**options: Any) -> list[str]:
    return [fault.where for fault in settings_faults(MqttSettings(**{"url": URL, **options}))]


@pytest.mark.parametrize(
    "url", [URL, "mqtt://broker", "mqtts://broker.example:8883", "mqtt://[::1]:1884", URL + "/"]
)
def test_good_addresses(url: str) -> None:
    assert where(url=url) == []


def test_address_parts() -> None:
    assert (MqttSettings(url="mqtt://a").host, MqttSettings(url="mqtt://a").port) == ("a", 1883)
    assert (MqttSettings(url="mqtts://a").port, MqttSettings(url="mqtts://a").tls) == (8883, True)
    assert (MqttSettings(url="mqtt://[::1]:9").host, MqttSettings(url="mqtt://[::1]:9").port) == ("::1", 9)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"url": "http://broker"}, ["mqtt.url"]),
        ({"url": "broker:1883"}, ["mqtt.url"]),
        ({"url": "mqtt://"}, ["mqtt.url"]),
        ({"url": "mqtt://a:0"}, ["mqtt.url"]),
        ({"url": "mqtt://a:99999"}, ["mqtt.url"]),
        ({"url": "mqtt://a/path"}, ["mqtt.url"]),
        ({"url": "mqtt://me:secret@a"}, ["mqtt.url"]),
        ({"topics": ()}, ["mqtt.topics"]),
        ({"topics": ("a/#/b", "a+")}, ["mqtt.topics", "mqtt.topics"]),
        ({"receive_maximum": 0}, ["mqtt.receive_maximum"]),
        (
            {"receive_maximum": 65536, "keepalive_s": 1, "session_expiry_s": -1},
            ["mqtt.receive_maximum", "mqtt.keepalive_s", "mqtt.session_expiry_s"],
        ),
        ({"client_id": ""}, ["mqtt.client_id"]),
        ({"client_id": "", "clean": True}, []),
        ({"password": "x"}, ["mqtt.username"]),
        ({"ca": Path("ca.pem")}, ["mqtt.ca"]),
        ({"url": "mqtts://a", "ca": Path("nowhere.pem")}, ["mqtt.ca"]),
        ({"url": "mqtts://a", "key": Path("nowhere.pem")}, ["mqtt.key", "mqtt.key"]),
    ],
)
def test_faults_name_their_keys(options: dict[str, Any], expected: list[str]) -> None:
    assert where(**options) == expected


def test_secrets_are_not_shown() -> None:
    assert "secret" not in repr(MqttSettings(url=URL, username="u", password="secret"))
    assert "secret" not in str(settings_faults(MqttSettings(url="mqtt://me:secret@a/path")))


def test_certificates_that_do_not_fit_are_told(tmp_path: Path) -> None:
    pem = make_certificates(tmp_path)
    tls = {"url": "mqtts://a", "ca": pem.ca, "cert": pem.client_cert}
    assert where(**tls, key=pem.client_key) == []
    assert where(**tls, key=pem.server_key) == ["mqtt.cert"]
    assert where(url="mqtts://a", ca=pem.client_key) == ["mqtt.ca"]


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_waits_are_bounded(attempt: int, jitter01: float) -> None:
    assert 0.125 <= delay_s(attempt, jitter01) <= BACKOFF_MAX_S


def test_waits_double() -> None:
    assert [delay_s(attempt, 0) for attempt in range(9)] == [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]
    assert delay_s(2, 1) == 0.5


def test_only_a_broker_without_mqtt_5_leads_to_3_1_1() -> None:
    for outcome in Outcome:
        expected = Protocol.V311 if outcome is Outcome.NOT_UNDERSTOOD else Protocol.V5
        assert next_protocol(Protocol.V5, outcome) is expected
        assert next_protocol(Protocol.V311, outcome) is Protocol.V5


def test_a_weakened_link_is_not_healthy() -> None:
    assert LinkState(phase=Phase.CONNECTED, since_ns=0).healthy
    assert not LinkState(phase=Phase.CONNECTED, since_ns=0, reason="a subscription refused").healthy
    assert not LinkState(phase=Phase.LOST, since_ns=0).healthy


def item(number: int, size_bytes: int = 1) -> Received:
    return Received(Message("t", b"x" * size_bytes), number)


class Calls:
    def __init__(self) -> None:
        self.ready = 0
        self.room = 0

    def on_ready(self) -> None:
        self.ready += 1

    def on_room(self) -> None:
        self.room += 1


def test_ready_is_told_once_until_drained() -> None:
    calls = Calls()
    inbox = Inbox(InboxLimits(), calls.on_ready, calls.on_room)
    inbox.put([item(1), item(2)])
    inbox.put([item(3)])
    assert calls.ready == 1
    assert [i.token for i in inbox.drain(2)] == [1, 2]
    inbox.put([item(4)])
    assert calls.ready == 1
    assert [i.token for i in inbox.drain(2)] == [3, 4]
    assert inbox.drain(2) == []
    inbox.put([item(5)])
    assert calls.ready == 2
    assert calls.room == 0


def test_a_full_inbox_has_room_again_when_half_is_free() -> None:
    calls = Calls()
    inbox = Inbox(InboxLimits(max_count=4, max_bytes=1000), calls.on_ready, calls.on_room)
    assert inbox.room() == 4
    assert inbox.filling() == 0
    inbox.put([item(i) for i in range(4)])
    assert inbox.room() == 0
    assert inbox.filling() == 1
    inbox.drain(1)
    inbox.drain(1)
    assert inbox.filling() == 0.5
    assert (inbox.room(), calls.room) == (0, 0)
    inbox.drain(1)
    assert (inbox.room(), calls.room) == (3, 1)


def test_bytes_fill_an_inbox_too() -> None:
    calls = Calls()
    inbox = Inbox(InboxLimits(max_count=100, max_bytes=10), calls.on_ready, calls.on_room)
    inbox.put([item(1, 600)])
    assert inbox.room() == 0
    assert inbox.filling() == 1, "beyond the bound is full"
    inbox.drain(100)
    assert (inbox.room(), calls.room, len(inbox)) == (100, 1, 0)
