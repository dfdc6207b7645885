"""`kill -9` of `hazwatch run` again and again while readings come: nothing is lost, nothing happens twice."""

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from registry.readings import ReadingBlock
from service.pipeline import Pipeline, unpack_messages
from service.plan import load
from service.replaying import Columns
from sim.recording import open_recording
from tests.integration.inputs import Given, given, names
from tests.integration.lines import of_plant
from tests.integration.reading_back import of_duck, of_influx
from tests.servers.hazwatch import Hazwatch, Publication, wait_until
from tests.servers.influx import influx
from tests.servers.mosquitto import Mosquitto
from tests.servers.webhook import Webhook

pytestmark = [pytest.mark.server, pytest.mark.shared]
SEED = int(os.environ.get("HAZWATCH_CRASH_SEED", "20"))
SECRET = b"only the two of us"
ROUTES = """\
receivers:
  duty: {{kind: webhook, url: "{url}", secret_file: hook.secret, timeout_s: 2}}
  board: {{kind: log}}
route:
  receiver: board
  routes: [{{match: ["grade=~red|orange|yellow|blue"], receiver: duty}}]
"""


def refuses_some(of: str, before: int) -> int:
    """Refuse every third notification once."""
    return 503 if before == 0 and of[-1] in "02468" else 200


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", names()[-1:])
def test_killed_while_readings_come(
    name: str, tmp_path: Path, cache: Path, note: Callable[[str], None]
) -> None:
    this = given(name, tmp_path)
    draw = random.Random(SEED)
    with (
        Mosquitto(tmp_path / "mosquitto") as broker,
        influx(tmp_path / "influx") as influxd,
        Webhook(SECRET, refuses_some) as hook,
        ExitStack() as ends,
    ):
        files = {**this.files, "routes.yaml": ROUTES.format(url=hook.url), "hook.secret": SECRET.decode()}
        stores: Mapping[str, Mapping[str, str]] = {
            "to-influx": {"kind": "influx", "url": influxd.url},
            "to-duck": {"kind": "duckdb"},
        }
        both = [
            Hazwatch(
                tmp_path / name, cache, files=files,
                settings={
                    "plant": "plant.yaml", "points": "points.csv", "routes": "routes.yaml", "clock": "event",
                    "mqtt": {"url": broker.url, "client_id": name}, "store": store,
                    "journal": {"snapshot_s": 2},
                },
            )
            for name, store in stores.items()
        ]  # fmt: skip
        for each in both:
            ends.callback(each.kill)
            each.begin()
        for each in both:
            wait_until(each.answers, 60, "does not answer")
            each.wait_connected()
        points = both[0].folder / "points.csv"
        sending = ends.enter_context(
            Publication(
                tmp_path, cache, this.recording, broker.url,
                "--points", points, "--shape", "single", "--speed", this.within(20),
            )
        )  # fmt: skip
        kills = 0
        while sending.runs():
            time.sleep(draw.uniform(0.3, 3.0))  # while it starts, folds its journal, or takes readings
            victims = draw.choice([both[:1], both[1:], both])
            for each in victims:
                each.kill()
            kills += len(victims)
            time.sleep(draw.uniform(0, 0.3))
            for each in victims:
                each.begin()
        assert f"published {this.all:,} readings" in sending.said(1)
        for each in both:
            wait_until(each.answers, 60, "does not answer")
        assert kills >= 4
        note(f"{name}: killed {kills} times, each reading once, each alert opened once")

        for each in both:
            wait_until(partial(has_all, each, this.all), 60, partial(journalled, each))
            wait_until(partial(has_told, each), 60, partial(outbox, each))
        live = [each.alerts() for each in both]
        assert [each.stop() for each in both] == [0, 0]

        replayed = both[0].replay(this.recording)
        for each, lines in zip(both, live, strict=True):
            assert journalled(each) == this.all
            assert of_plant(lines) == of_plant(replayed)
            assert each.alerts() == lines
        opened = Counter(line["id"] for line in map(json.loads, replayed) if line["event"] == "opened")
        assert len(opened) > 3
        assert set(opened.values()) == {1}

        assert of_influx(influxd) == this.readings
        assert of_duck(both[1].state_dir / "readings.duckdb") == this.readings

        expected = notifications(both[0].config, this)
        assert {post.signed for post in hook.posts} == {True}
        assert hook.taken() == {of: {body} for of, body in expected.items()}
        assert [outbox(each) for each in both] == [{"sent": len(expected)}] * 2


def journalled(service: Hazwatch) -> int:
    """Return how many messages the journal has."""
    with service.ledger() as ledger:
        return sum(len(unpack_messages(e.body)) for e in ledger.entries() if e.kind == "messages")


def has_all(service: Hazwatch, count: int) -> bool:
    return journalled(service) >= count


def has_told(service: Hazwatch) -> bool:
    return not outbox(service).get("pending")


def outbox(service: Hazwatch) -> dict[str, int]:
    with service.ledger() as ledger:
        return ledger.outbox_counts()


def notifications(config: Path, this: Given) -> dict[str, bytes]:
    """Return what an uninterrupted run tells the webhook: body by id."""
    plan = load(config).plan
    pipeline, columns = Pipeline(plan), Columns(plan.registry)
    block = ReadingBlock.concat([columns.block(chunk) for chunk in open_recording(this.recording)])
    return {n.id: n.body for n in pipeline.block(block, 0).notifications}
