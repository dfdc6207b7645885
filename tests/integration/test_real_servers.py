"""Real input through real servers: `hazwatch sim` to Mosquitto to two `hazwatch run`, into InfluxDB and VictoriaMetrics.

Every reading is there once, value for value, and what was told live is line by line what `hazwatch replay` tells.
HAZWATCH_SOAK=1 publishes the slow recording at 100x too, which takes half an hour.
"""

import csv
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx
import pytest

from registry.sensors import SensorType
from tests.integration.inputs import HEADER, Given, given, names
from tests.integration.reading_back import of_influx, of_victoria
from tests.servers.hazwatch import Hazwatch, Publication, hazwatch, wait_until
from tests.servers.influx import influx
from tests.servers.mosquitto import Mosquitto
from tests.servers.victoria import victoria

pytestmark = [pytest.mark.server, pytest.mark.shared]
USER = ("gateway", "s3cret of the gateway")
SOAK = bool(os.environ.get("HAZWATCH_SOAK"))


@contextmanager
def services(
    tmp_path: Path, cache: Path, this: Given, broker: Mosquitto, stores: tuple[str, str]
) -> Iterator[tuple[Hazwatch, Hazwatch]]:
    """Run one service into each of the stores, both on one broker."""
    made = []
    for name, url in zip(("to-influx", "to-victoria"), stores, strict=True):
        settings = {
            "plant": "plant.yaml", "points": "points.csv", "clock": "event",
            "mqtt": {"url": broker.url, "username": USER[0], "password_file": "secret", "client_id": name},
            "store": {"kind": "influx", "url": url},
        }  # fmt: skip
        files = {**this.files, "secret": USER[1] + "\n"}
        made.append(Hazwatch(tmp_path / name, cache, settings, files))
    try:
        for each in made:
            each.begin()
        for each in made:
            wait_until(each.answers, 60, "does not answer")
            each.wait_connected()
        yield made[0], made[1]
    finally:
        for each in made:
            each.kill()


@pytest.mark.timeout(7200 if SOAK else 180)
@pytest.mark.parametrize("name", names())
def test_every_reading_once_and_alerts_as_in_replay(name: str, tmp_path: Path, cache: Path) -> None:
    this = given(name, tmp_path)
    speed = "100x" if SOAK and this.speed != "40x" else this.speed
    with (
        Mosquitto(tmp_path / "mosquitto", password=USER) as broker,
        influx(tmp_path / "influx") as influxd,
        victoria(tmp_path / "victoria") as victoria_metrics,
        services(tmp_path, cache, this, broker, (influxd.url, victoria_metrics.url)) as both,
    ):
        points, secret = both[0].folder / "points.csv", both[0].folder / "secret"
        with Publication(
            tmp_path, cache, this.recording, broker.url, "--points", points, "--speed", speed,
            "--username", USER[0], "--password-file", secret,
        ) as sending:  # fmt: skip
            said = sending.said(within_s=3600 if SOAK else 90)
        assert f"published {this.all:,} readings" in said
        for each in both:
            wait_until(partial(_has, each, this.all), 30, each.taken)
            assert each.metric("hazwatch_readings_total") == this.count
            assert each.metric("hazwatch_readings_duplicate_total") == 0
            assert each.metric("hazwatch_rejects_total", reason="unknown_sensor") == this.all - this.count
            assert each.probe("healthz")[1]["state"] == "ok"
        live = [each.alerts() for each in both]
        assert [each.stop() for each in both] == [0, 0]
        assert live == [each.alerts() for each in both]

        scores = tmp_path / "scores.csv"
        replayed = both[0].replay(this.recording, "--scores", scores)
        assert len(replayed) > 5
        assert live[0] == replayed
        assert live[1] == replayed

        assert of_influx(influxd) == this.readings
        assert of_victoria(victoria_metrics) == this.readings
        assert of_influx(influxd, "scores", "score") == scores_of(scores)
        (row,) = influxd.ask("SELECT count(seq) FROM alerts")
        assert row[1] == len(replayed)


def _has(service: Hazwatch, count: int) -> bool:
    return service.taken() >= count


def scores_of(path: Path) -> dict[str, dict[int, float]]:
    """Return the scores that a replay wrote; its times have whole milliseconds, as these recordings have."""
    found: dict[str, dict[int, float]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["score"]:
                found.setdefault(row["sensor"], {})[_ns(row["time"])] = float(row["score"])
    return found


def _ns(text: str) -> int:
    seconds, _, rest = text.removesuffix("Z").partition(".")
    return round(datetime.fromisoformat(seconds + "Z").timestamp()) * 10**9 + int(rest.ljust(9, "0"))


def test_influx_keeps_nanoseconds_the_whole_way(tmp_path: Path, cache: Path) -> None:
    wanted = _nanosecond_readings(tmp_path / "recording.csv")
    points = "\n".join([HEADER, *(f"N-{i},,,,{SensorType.OTHER},,,,,,,,," for i in range(3)), ""])
    with (
        Mosquitto(tmp_path / "mosquitto") as broker,
        influx(tmp_path / "influx") as influxd,
    ):
        settings = {
            "points": "points.csv", "clock": "event", "mqtt": {"url": broker.url},
            "store": {"kind": "influx", "url": influxd.url},
        }  # fmt: skip
        service = Hazwatch(tmp_path / "run", cache, settings, {"points.csv": points})
        service.start()
        try:
            service.wait_connected()
            command = ("sim", tmp_path / "recording.csv", "--points", service.folder / "points.csv")
            ran = hazwatch(tmp_path, cache, *command, "--mqtt", broker.url, "--speed", "max")
            assert ran.returncode == 0, ran.stderr
            count = sum(len(series) for series in wanted.values())
            wait_until(lambda: service.taken() >= count, 60, service.taken)
            assert service.stop() == 0
        finally:
            service.kill()
        assert of_influx(influxd) == wanted


def _nanosecond_readings(path: Path) -> dict[str, dict[int, float]]:
    """Write a long recording with times to the nanosecond and values of every digit; return what is in it."""
    draw = random.Random(7)
    wanted: dict[str, dict[int, float]] = {}
    t_ns = 1_700_000_000_000_000_001
    with path.open("w", encoding="utf-8") as file:
        file.write("time,sensor,value\n")
        for _ in range(2000):
            t_ns += draw.randrange(1, 3_000_000_000)
            name, value = f"N-{draw.randrange(3)}", draw.gauss() * 10.0 ** draw.randrange(-8, 8)
            wanted.setdefault(name, {})[t_ns] = value
            file.write(f"{_text(t_ns)},{name},{value!r}\n")
    return wanted


def _text(t_ns: int) -> str:
    seconds, rest = divmod(t_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"


def test_a_wrong_password_is_told_and_tried_again(tmp_path: Path, cache: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto", password=USER) as broker:
        settings = {
            "points": "points.csv", "store": {"kind": "none"},
            "mqtt": {"url": broker.url, "username": USER[0], "password_file": "secret"},
        }  # fmt: skip
        files = {"points.csv": "sensor,type\nN-0,other\n", "secret": "guessed"}
        service = Hazwatch(tmp_path / "run", cache, settings, files)
        service.start()
        try:
            wait_until(lambda: "not auth" in _broker(service).lower(), 60, lambda: _broker(service))
            assert service.probe("readyz")[0] == httpx.codes.SERVICE_UNAVAILABLE
            assert service.probe("healthz")[0] == httpx.codes.OK
            assert service.stop() == 0
        finally:
            service.kill()


def _broker(service: Hazwatch) -> str:
    return str(service.part("broker")["detail"]["en"])
