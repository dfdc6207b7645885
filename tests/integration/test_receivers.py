"""Receivers against real servers: sirens on Mosquitto, and a whole service whose webhook fails."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from alerting.annunciator import Annunciator
from alerting.notify.receiver import Retry, Sent
from alerting.notify.settings import SirenSettings
from alerting.notify.siren import SirenReceiver
from ingest.mqtt import MqttPublisher, MqttSettings, MqttSource
from tests.alerting.plant import REGISTRY, T0, S
from tests.alerting.test_annunciator import event
from tests.integration.lines import of_part
from tests.servers.hazwatch import Hazwatch, wait_until
from tests.servers.mail import MailServer, mail_server
from tests.servers.mosquitto import Mosquitto
from tests.servers.webhook import Webhook

pytestmark = pytest.mark.server

SECRET = b"s3cret"
POINTS = "sensor,enterprise,type,unit,range_lo,range_hi,h,hh\nLT,e,level,%,0,100,85,90\n"


@contextmanager
def publisher(broker: Mosquitto) -> Iterator[MqttPublisher]:
    link = MqttPublisher(MqttSettings(url=broker.url, client_id="publisher", clean=True), time.time_ns)
    link.start()
    try:
        yield link
    finally:
        link.stop()


def retained(broker: Mosquitto, topic: str, count: int = 1) -> dict[str, dict[str, object]]:
    """Return what a subscriber that comes late finds on topics."""
    settings = MqttSettings(url=broker.url, topics=(topic,), client_id="late", clean=True)
    source = MqttSource(settings, time.time_ns, on_ready=lambda: None)
    source.start()
    found: dict[str, dict[str, object]] = {}

    def all_there() -> bool:
        for item in source.drain(100):
            found[item.message.topic] = json.loads(item.message.payload)
            source.ack([item.token])
        return len(found) >= count

    try:
        wait_until(all_there, 60, lambda: found)
    finally:
        source.stop()
    return found


def test_a_siren_that_connects_late_finds_how_its_place_stands_and_the_all_clear(tmp_path: Path) -> None:
    desk = Annunciator({"horn": SirenSettings()}, REGISTRY)
    topic = "hazwatch/sirens/source/farm"
    with Mosquitto(tmp_path) as broker, publisher(broker) as link:
        horn = SirenReceiver(link)
        [on] = desk.offer([event("a", "unack", 1)], T0)
        assert asyncio.run(horn.send(on)) == Sent()
        shown = retained(broker, "hazwatch/sirens/#")
        assert {name: (body["siren"], body["light"]) for name, body in shown.items()} == {
            topic: ("on", "red")
        }
        [quiet] = desk.offer([event("a", "acked", 2)], T0 + S)
        assert asyncio.run(horn.send(quiet)) == Sent()
        broker.kill()
        [clear] = desk.offer([event("a", "closed", 3)], T0 + 2 * S)
        assert isinstance(asyncio.run(horn.send(clear)), Retry)
        broker.start()
        wait_until(lambda: link.state().healthy, 60, link.state)
        assert asyncio.run(horn.send(clear)) == Sent()
        body = retained(broker, topic)[topic]
        assert (body["siren"], body["light"], body["alerts"]) == ("off", "off", 0)
        assert body["text"] == {"zh": "球罐区：警报解除", "en": "sphere farm: all clear"}


def subjects(server: MailServer) -> list[str]:
    return [str(mail.message["Subject"]) for mail in list(server.mails)]


@pytest.mark.timeout(180)
def test_a_receiver_that_fails_is_told_of_by_another_way_and_everything_arrives(
    tmp_path: Path, cache: Path
) -> None:
    works = False
    with (
        Mosquitto(tmp_path / "mosquitto") as broker,
        mail_server() as mail,
        Webhook(SECRET, lambda _id, _n: 200 if works else 503) as hook,
        publisher(broker) as link,
    ):
        routes = (
            "receivers:\n"
            f"  duty: {{kind: webhook, url: '{hook.url}', secret_file: secret, fallback: post, fallback_after_s: 2}}\n"
            f"  post: {{kind: mail, host: 127.0.0.1, port: {mail.port}, security: none, from: hz@e.cn, to: li@e.cn}}\n"
            "  horn: {kind: siren, place: enterprise, grades: [red, orange, yellow]}\n"
            "route: {receiver: duty}\n"
        )
        settings = {
            "points": "points.csv",
            "routes": "routes.yaml",
            "mqtt": {"url": broker.url},
            "store": {"kind": "none"},
        }
        files = {"points.csv": POINTS, "routes.yaml": routes, "secret": "s3cret"}
        service = Hazwatch(tmp_path / "run", cache, settings, files)
        try:
            service.start()
            service.wait_connected()
            for earlier_s in (60, 0):
                value = json.dumps({"t": (time.time() - earlier_s) * 1000, "v": 88.0}).encode()
                assert link.publish("hazwatch/v1/e/LT", value).confirmed
            # told by mail in place of the webhook, once, and why
            wait_until(lambda: len(mail.mails) >= 1, 30, service.log.read_text)
            first = mail.mails[0].message
            assert "LT" in first["Subject"]
            assert "told post instead of duty, which could not be reached (answered 503)" in str(
                first.get_content()
            )
            # the siren sounds meanwhile
            shown = retained(broker, "hazwatch/sirens/#")["hazwatch/sirens/enterprise/e"]
            assert (shown["siren"], shown["light"]) == ("on", "yellow")
            # that the webhook fails is an alert, and not left to the webhook
            wait_until(lambda: any("duty" in one for one in subjects(mail)), 40, lambda: subjects(mail))
            assert of_part(service.alerts(), "receiver_failing:duty") == ["opened"]
            works = True
            wait_until(
                lambda: of_part(service.alerts(), "receiver_failing:duty") == ["opened", "cleared"],
                90,
                service.alerts,
            )
            wait_until(lambda: len(hook.taken()) >= 3, 40, hook.taken)
            with service.ledger() as ledger:
                [line] = [e for e in ledger.alert_events() if b'"kind":"high"' in e.line]
                told = [(row.receiver, row.instead_of is not None) for row in ledger.deliveries(line.id)]
            assert sorted(told) == [("duty", False), ("horn", False), ("post", True)]
            assert len([one for one in subjects(mail) if "LT" in one]) == 1
        finally:
            service.stop()
