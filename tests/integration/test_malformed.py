"""A thousand malformed messages among good ones: each counted by its reason and kept, and no good reading lost."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ingest.messages import MAX_KEPT_BYTES, MAX_PAYLOAD_BYTES, RejectReason
from ingest.mqtt import MqttSettings
from sim.outgoing import Outgoing
from sim.publish import Publisher
from tests.integration.reading_back import gathered, of_duck
from tests.servers.hazwatch import Hazwatch, wait_until
from tests.servers.mosquitto import Mosquitto

pytestmark = pytest.mark.server
SEED = 11
MALFORMED = 1000
OVERSIZE = 8
POINTS = "sensor,enterprise,type,topic\nLT-1,acme,level,\nPT-2,acme,pressure,plc/7/pt2\n罐3,acme,level,\n"
ONE, MANY, BARE = "hazwatch/v1/acme/LT-1", "hazwatch/v1/acme", "plc/7/pt2"

Make = Callable[[random.Random, int], str | bytes]


def _noise(draw: random.Random, _: int) -> bytes:
    return b"\xff" + draw.randbytes(draw.randrange(300))


def _torn(draw: random.Random, t_ms: int) -> bytes:
    whole = json.dumps({"t": t_ms, "s": ["LT-1", "罐3"], "v": [1.5, draw.random()]}).encode()
    return whole[: draw.randrange(1, len(whole) - 1)]


# Topic, reason, and how such a payload is made from a draw and a time that would be good.
KINDS: tuple[tuple[str, RejectReason, Make], ...] = (
    ("other/thing", RejectReason.UNKNOWN_TOPIC, lambda _, t: f'{{"t": {t}, "v": 1}}'),
    ("hazwatch/v2/acme", RejectReason.UNKNOWN_TOPIC, lambda _, t: f'{{"t": {t}, "v": 1}}'),
    ("spBv1.0/g/NDATA/n", RejectReason.UNKNOWN_TOPIC, lambda draw, _: draw.randbytes(40)),
    ("plc/" + "x" * 3000, RejectReason.UNKNOWN_TOPIC, lambda _draw, _t: "12.5"),
    ("hazwatch/v1/acme/LT-9", RejectReason.UNKNOWN_SENSOR, lambda _, t: f'{{"t": {t}, "v": 1}}'),
    ("hazwatch/v1/nobody/LT-1", RejectReason.UNKNOWN_SENSOR, lambda _, t: f'{{"t": {t}, "v": 1}}'),
    ("hazwatch/v1/acme/' OR 1=1 --", RejectReason.UNKNOWN_SENSOR, lambda _, t: f'{{"t": {t}, "v": 1}}'),
    (MANY, RejectReason.UNKNOWN_SENSOR, lambda _, t: f'{{"t": {t}, "s": ["<script>"], "v": [1]}}'),
    (ONE, RejectReason.BAD_JSON, _noise),
    (MANY, RejectReason.BAD_JSON, _noise),
    (MANY, RejectReason.BAD_JSON, _torn),
    (ONE, RejectReason.BAD_JSON, lambda _draw, _t: b""),
    (ONE, RejectReason.BAD_JSON, lambda draw, _: "[" * draw.randrange(2000, 200_000)),
    (MANY, RejectReason.BAD_JSON, lambda _, t: f'{{"t": {t}, "s": ["LT-1"], "v": [NaN]}}'),
    (ONE, RejectReason.WRONG_TYPE, lambda _, t: f'{{"t": {t}, "v": "12.3"}}'),
    (ONE, RejectReason.WRONG_TYPE, lambda _, t: f'{{"t": {t}, "v": true}}'),
    (ONE, RejectReason.WRONG_TYPE, lambda _draw, _t: '{"t": "yesterday", "v": 1}'),
    (MANY, RejectReason.WRONG_TYPE, lambda _, t: f'[{{"s": 7, "t": {t}, "v": 1}}]'),
    (BARE, RejectReason.WRONG_TYPE, lambda draw, _: f"{draw.random()} bar"),
    (BARE, RejectReason.WRONG_TYPE, lambda _draw, _t: "1" * 100_000 + "x"),
    (ONE, RejectReason.WRONG_SHAPE, lambda _draw, _t: '{"v": 1}'),
    (MANY, RejectReason.WRONG_SHAPE, lambda _, t: f'{{"t": {t}, "s": ["LT-1"], "v": [1, 2]}}'),
    (MANY, RejectReason.WRONG_SHAPE, lambda _draw, _t: "[12.3]"),
    (ONE, RejectReason.ABSURD_TIME, lambda draw, _: f'{{"t": {draw.randrange(946_684_800_000)}, "v": 1}}'),
    (ONE, RejectReason.ABSURD_TIME, lambda _, t: f'{{"t": {t + 3_600_000}, "v": 1}}'),
    (ONE, RejectReason.ABSURD_TIME, lambda _draw, _t: '{"t": ' + "9" * 5000 + ', "v": 1}'),
    (MANY, RejectReason.ABSURD_TIME, lambda _draw, _t: '{"t": 1e999, "s": ["LT-1"], "v": [1]}'),
)


def malformed(draw: random.Random, t_ms: int) -> Iterator[tuple[str, bytes, RejectReason]]:
    """Yield malformed messages with the reason for which each must be refused."""
    for _ in range(OVERSIZE):
        yield ONE, b" " * MAX_PAYLOAD_BYTES + b"1", RejectReason.OVERSIZE
    for i in range(MALFORMED - OVERSIZE):
        topic, reason, make = KINDS[i % len(KINDS)]
        payload = make(draw, t_ms)
        yield topic, payload.encode() if isinstance(payload, str) else payload, reason


def good(draw: random.Random, t_ms: int) -> Iterator[tuple[str, bytes, list[tuple[str, int, float]]]]:
    """Yield good messages with the readings in them, each of a time of its own."""
    for i in range(MALFORMED):
        at, values = t_ms + i, [draw.gauss(50, 20) for _ in range(3)]
        if i % 2:
            yield ONE, json.dumps({"t": at, "v": values[0]}).encode(), [("acme/LT-1", at, values[0])]
        else:
            named = ["LT-1", "PT-2", "罐3"]
            body = json.dumps({"t": at, "s": named, "v": values}, ensure_ascii=False).encode()
            yield MANY, body, [(f"acme/{s}", at, v) for s, v in zip(named, values, strict=True)]


def test_a_thousand_malformed_messages_among_good_ones(tmp_path: Path, cache: Path) -> None:
    draw = random.Random(SEED)
    t_ms = time.time_ns() // 1_000_000 - 60_000
    bad, fine = list(malformed(draw, t_ms)), list(good(draw, t_ms))
    assert {reason for *_, reason in bad} == set(RejectReason)
    wanted = gathered((sensor, t * 1_000_000, value) for *_, rows in fine for sensor, t, value in rows)
    mixed = [(topic, payload) for topic, payload, _ in bad]
    draw.shuffle(mixed)
    for at, (topic, payload, _) in enumerate(fine):
        mixed.insert(2 * at + draw.randrange(2), (topic, payload))

    with Mosquitto(tmp_path / "mosquitto") as broker:
        settings = {
            "points": "points.csv", "store": {"kind": "duckdb"},
            "mqtt": {"url": broker.url, "topics": ["hazwatch/#", "plc/#", "other/#", "spBv1.0/#"]},
        }  # fmt: skip
        service = Hazwatch(tmp_path / "run", cache, settings, {"points.csv": POINTS})
        service.start()
        try:
            service.wait_connected()
            before = service.part("broker")
            with Publisher(MqttSettings(url=broker.url, client_id="", clean=True)) as publisher:
                for topic, payload in mixed:
                    publisher.send(Outgoing(topic, payload, 0, 1))
                publisher.finish()
            wait_until(lambda: service.metric("hazwatch_messages_total") == len(mixed), 30, service.taken)

            expected = Counter(reason for *_, reason in bad)
            counted = {r: service.metric("hazwatch_rejects_total", reason=r) for r in RejectReason}
            assert counted == expected
            assert service.metric("hazwatch_readings_total") == sum(map(len, wanted.values()))
            assert service.part("broker") == before, "the connection lived on"
            assert service.probe("readyz")[0] == 200
            assert service.stop() == 0
        finally:
            service.kill()

    with service.ledger() as ledger:
        assert ledger.dead_letter_counts() == expected
        kept = Counter((x.reason, x.topic, x.payload) for x in ledger.dead_letters(2 * MALFORMED))
        assert all(x.detail for x in ledger.dead_letters(2 * MALFORMED))
    assert kept == Counter((reason, topic, payload[:MAX_KEPT_BYTES]) for topic, payload, reason in bad)
    assert of_duck(service.state_dir / "readings.duckdb") == wanted
