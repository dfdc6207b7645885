"""Log, file and MQTT receivers, back-off, and how they are built."""

import asyncio
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from alerting.commands import SystemCondition
from alerting.dispatch import Dispatcher
from alerting.notification import Notification
from alerting.notify.apprise import AppriseReceiver
from alerting.notify.backoff import CAP_S, FIRST_S, delay_s
from alerting.notify.build import build_receivers, needs_publisher
from alerting.notify.log import FileReceiver, LogReceiver
from alerting.notify.mail import MailReceiver
from alerting.notify.mqtt import MqttReceiver, topic_of
from alerting.notify.receiver import Retry, Sent
from alerting.notify.settings import (
    AppriseSettings,
    LogSettings,
    MailSettings,
    MqttSettings,
    ReceiverSettings,
    SirenSettings,
    WebhookSettings,
)
from alerting.notify.siren import SirenReceiver
from alerting.notify.webhook import WebhookReceiver
from alerting.routes_file import routes_to_log
from detectors.findings import Edge, Method
from registry.plant import Text
from tests.alerting.plant import LONE, LT1, REGISTRY, T0, apply, block, book, finding


@dataclass(frozen=True)
class Answer:
    confirmed: bool
    reason: str = ""


class Broker:
    """Keeps what was published, as a broker keeps retained messages; or confirms nothing, as told."""

    def __init__(self, answer: Answer = Answer(confirmed=True)) -> None:
        self.retained: dict[str, bytes] = {}
        self.answer = answer

    def offer(self, topic: str, payload: bytes, *, retain: bool = False) -> Future[Any]:
        assert retain
        future: Future[Any] = Future()
        if self.answer.confirmed:
            self.retained[topic] = payload
        future.set_result(self.answer)
        return future


def notes(*rows: tuple[Any, ...]) -> list[Notification]:
    return Dispatcher(routes_to_log(), REGISTRY).offer(apply(book(), block(rows)), T0)[1]


def test_the_log_receiver_tells_the_log_in_both_languages() -> None:
    [note] = notes(finding(LT1, 0, limit="hh"))
    with capture_logs() as logs:
        assert asyncio.run(LogReceiver().send(note)) == Sent()
    [entry] = logs
    assert (entry["grade"], entry["event"], entry["state"]) == ("orange", "alert", "unack")
    assert entry["what"] == "opened"
    assert entry["zh"].startswith("T-101 球罐液位高高报")
    assert entry["en"].startswith("T-101 level high-high")


def test_the_file_receiver_appends_a_line_each(tmp_path: Path) -> None:
    made = notes(finding(LT1, 0, limit="h"), finding(LT1, 1, limit="hh"))
    path = tmp_path / "alerts.ndjson"
    receiver = FileReceiver(path)
    assert [asyncio.run(receiver.send(note)) for note in made] == [Sent(), Sent()]
    assert path.read_bytes().splitlines() == [note.body for note in made]


def test_a_file_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    [note] = notes(finding(LT1, 0, limit="h"))
    outcome = asyncio.run(FileReceiver(tmp_path / "no" / "alerts").send(note))
    assert isinstance(outcome, Retry)
    assert "No such file" in outcome.reason.en


def test_the_topics_of_a_sensor_show_each_of_its_alerts_as_it_stands() -> None:
    made = notes(
        finding(LT1, 0, limit="hh"),
        finding(LONE, 1, limit="h"),
        finding(LT1, 2, method=Method.OUT_OF_RANGE, value=120, threshold=100),
        finding(LT1, 3, method=Method.OUT_OF_RANGE, edge=Edge.RECOVERED),
    )
    broker = Broker()
    receiver = MqttReceiver("hazwatch/alerts", broker)
    assert [asyncio.run(receiver.send(note)) for note in made] == [Sent()] * 4
    states = {topic: msgspec.json.decode(body)["state"] for topic, body in broker.retained.items()}
    assert states == {
        "hazwatch/alerts/lpg/LT-101/process": "unack",
        "hazwatch/alerts/_/x/process": "unack",
        "hazwatch/alerts/lpg/LT-101/out_of_range": "rtnun",
    }


def test_an_alert_whose_kind_changes_stays_on_its_topic() -> None:
    made = notes(
        finding(LT1, 0, method=Method.ROBUST_Z, statistic=7, threshold=6),
        finding(LT1, 1, limit="h"),
        finding(LT1, 2, limit="h", edge=Edge.RECOVERED, value=80),
        finding(LT1, 3, method=Method.ROBUST_Z, edge=Edge.RECOVERED, value=80),
    )
    broker = Broker()
    receiver = MqttReceiver("p", broker)
    lines = []
    for note in made:
        asyncio.run(receiver.send(note))
        lines.append({topic: msgspec.json.decode(body) for topic, body in broker.retained.items()})
    assert [set(line) for line in lines] == [{"p/lpg/LT-101/process"}] * 4
    shown = [next(iter(line.values())) for line in lines]
    assert [(line["kind"], line["state"]) for line in shown] == [
        ("anomaly", "unack"),
        ("high", "unack"),
        ("anomaly", "unack"),
        ("anomaly", "rtnun"),
    ]


def test_a_group_is_told_alert_by_alert(tmp_path: Path) -> None:
    made = notes(finding(LT1, 0, limit="hh"), finding(LONE, 1, limit="h"))
    lines = [note.body for note in made]
    body = b'{"group":{},"status":"firing","alerts":[' + b",".join(lines) + b"]}"
    group = msgspec.structs.replace(made[0], body=body, group="g")
    broker, path = Broker(), tmp_path / "alerts.ndjson"
    with capture_logs() as logs:
        for receiver in (MqttReceiver("p", broker), FileReceiver(path), LogReceiver()):
            assert asyncio.run(receiver.send(group)) == Sent()
    assert broker.retained == {"p/lpg/LT-101/process": lines[0], "p/_/x/process": lines[1]}
    assert path.read_bytes().splitlines() == lines
    assert [log["seq"] for log in logs] == [1, 2]


def test_a_group_that_was_held_up_does_not_hide_what_came_after_it() -> None:
    old, new = notes(finding(LT1, 0, limit="h"), finding(LT1, 1, limit="hh"))
    group = msgspec.structs.replace(
        old, body=b'{"group":{},"status":"firing","alerts":[' + old.body + b"]}", group="g"
    )
    broker = Broker()
    receiver = MqttReceiver("p", broker)
    assert [asyncio.run(receiver.send(note)) for note in (new, group)] == [Sent(), Sent()]
    assert broker.retained == {"p/lpg/LT-101/process": new.body}

    async def both_at_once() -> None:
        slow = MqttReceiver("q", broker)
        await asyncio.gather(slow.send(new), slow.send(group))

    asyncio.run(both_at_once())
    assert broker.retained["q/lpg/LT-101/process"] == new.body


def test_a_broker_that_says_nothing_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Broker):
        def offer(self, topic: str, payload: bytes, *, retain: bool = False) -> Future[Any]:
            del topic, payload, retain
            waiting.append(Future())
            return waiting[0]

    waiting: list[Future[Any]] = []
    monkeypatch.setattr("alerting.notify.mqtt.CONFIRMED_S", 0.05)
    [note] = notes(finding(LT1, 0, limit="h"))
    outcome = asyncio.run(MqttReceiver("p", Silent()).send(note))
    assert outcome == Retry(
        reason=Text("消息服务器 0.05 秒内未确认", "the broker did not confirm within 0.05 s")
    )
    assert waiting[0].cancelled(), "what was not sent yet is taken back"


def test_a_broker_that_does_not_confirm_is_tried_again() -> None:
    [note] = notes(finding(LT1, 0, limit="h"))
    broker = Broker(Answer(confirmed=False, reason="no confirmation within 5 s"))
    assert asyncio.run(MqttReceiver("a", broker).send(note)) == Retry(
        reason=Text(
            "消息服务器未确认：no confirmation within 5 s",
            "the broker did not confirm: no confirmation within 5 s",
        )
    )


def test_topics_of_system_alerts_and_of_ids_that_mqtt_would_misread() -> None:
    detail = Text("盘满", "disk full")
    [event] = book().command(SystemCondition(name="disk/full", active=True, detail=detail), T0)
    assert topic_of("p", event) == "p/_system/disk%2Ffull/system"
    odd = msgspec.structs.replace(event, enterprise="a+b", sensor="a+b/c#/d%", kind="dead")
    assert topic_of("p", odd) == "p/a%2Bb/c%23%2Fd%25/dead"


def test_receivers_are_built_by_kind(tmp_path: Path) -> None:
    settings: dict[str, ReceiverSettings] = {
        "a": LogSettings(),
        "b": LogSettings(path=tmp_path / "x"),
        "c": WebhookSettings(url="http://127.0.0.1:1/"),
        "d": MqttSettings(),
        "e": SirenSettings(),
        "f": MailSettings(host="127.0.0.1", port=1, sender="a@b.cn", to=("c@d.cn",)),
        "g": AppriseSettings(url="wecombot://abcdef"),
    }
    built = build_receivers(settings, Broker())
    kinds = [type(receiver) for receiver in built.values()]
    assert kinds == [
        *(LogReceiver, FileReceiver, WebhookReceiver, MqttReceiver),
        *(SirenReceiver, MailReceiver, AppriseReceiver),
    ]
    assert needs_publisher(settings)
    assert needs_publisher({"e": SirenSettings()})
    assert not needs_publisher({"a": LogSettings()})

    async def close() -> None:
        for receiver in built.values():
            await receiver.close()

    asyncio.run(close())


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_back_off_grows_to_its_cap_and_jitter_takes_at_most_half(attempt: int, jitter: float) -> None:
    wait_s = delay_s(attempt, jitter)
    longest_s = delay_s(attempt, 0.0)
    assert FIRST_S <= longest_s <= CAP_S
    assert longest_s / 2 <= wait_s <= longest_s
    assert delay_s(attempt + 1, 0.0) >= longest_s


def test_back_off_by_example() -> None:
    assert [delay_s(n, 0.0) for n in (1, 2, 3, 9, 10)] == [1.0, 2.0, 4.0, 256.0, 300.0]
