"""Servers that go away and come back: hazwatch says so, waits, and loses nothing.

HAZWATCH_SOAK=1 keeps the store away for a minute more.
"""

import os
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.integration.inputs import Given, given, names
from tests.integration.lines import of_part, of_plant
from tests.integration.reading_back import of_duck, of_victoria
from tests.servers.hazwatch import Hazwatch, Publication, wait_until
from tests.servers.mosquitto import Mosquitto
from tests.servers.victoria import victoria

pytestmark = [pytest.mark.server, pytest.mark.shared]
SOAK = bool(os.environ.get("HAZWATCH_SOAK"))
AWAY_S = 60.0 if SOAK else 0.0


def service_for(
    this: Given, folder: Path, cache: Path, broker: Mosquitto, store: Mapping[str, str]
) -> Hazwatch:
    settings = {
        "plant": "plant.yaml", "points": "points.csv", "clock": "event",
        "mqtt": {"url": broker.url}, "store": store,
    }  # fmt: skip
    return Hazwatch(folder, cache, settings, this.files)


def has_share(service: Hazwatch, count: float) -> bool:
    return service.taken() > count


def told(service: Hazwatch, name: str) -> list[str]:
    return of_part(service.alerts(), name)


def thirds(recording: Path, folder: Path) -> list[Path]:
    """Write a CSV recording in three parts, each with its header."""
    header, *rows = recording.read_text(encoding="utf-8").splitlines(keepends=True)
    size = len(rows) // 3 + 1
    parts = [folder / f"part-{i}.csv" for i in range(3)]
    for i, part in enumerate(parts):
        part.write_text("".join([header, *rows[i * size : (i + 1) * size]]), encoding="utf-8")
    return parts


@pytest.mark.timeout(300 if SOAK else 180)
@pytest.mark.parametrize("name", names()[:1])
def test_broker_and_store_go_away_and_come_back(name: str, tmp_path: Path, cache: Path) -> None:
    this = given(name, tmp_path)
    parts = thirds(this.recording, tmp_path)
    with (
        Mosquitto(tmp_path / "mosquitto") as broker,
        victoria(tmp_path / "victoria") as store,
        ExitStack() as ends,
    ):
        service = service_for(this, tmp_path / "run", cache, broker, {"kind": "influx", "url": store.url})
        ends.callback(service.kill)
        service.start()
        service.wait_connected()

        def publication(part: Path) -> Publication:
            options = ("--points", service.folder / "points.csv", "--speed", this.within(12))
            return ends.enter_context(Publication(tmp_path, cache, part, broker.url, *options))

        sending = publication(parts[0])
        wait_until(lambda: service.taken() > this.all // 20, 30, service.taken)
        broker.stop()
        wait_until(lambda: service.part("broker")["state"] == "down", 60, lambda: service.probe("healthz"))
        status, ready = service.probe("readyz")
        assert status == 503
        assert "lost" in ready["parts"]["broker"]["detail"]["en"]
        assert service.probe("healthz")[0] == 200, "the process itself is well"
        wait_until(lambda: told(service, "broker"), 60, "no system alert about the broker", 0.5)
        assert sending.runs(), "it waits for the broker"
        broker.start()
        service.wait_connected(60)
        wait_until(lambda: told(service, "broker") == ["opened", "cleared"], 60, "not over", 0.5)
        sending.said(60)

        store.stop()
        publication(parts[1]).said(60)
        wait_until(lambda: service.part("store")["state"] == "down", 30, lambda: service.part("store"))
        assert "spooled" in service.part("store")["detail"]["en"]
        assert service.probe("readyz")[0] == 200, "readings are taken all the same"
        wait_until(lambda: told(service, "store"), 30, "no system alert about the store", 0.5)
        time.sleep(AWAY_S)
        store.start()
        publication(parts[2]).said(60)
        wait_until(lambda: service.part("store")["state"] == "ok", 60, lambda: service.part("store"))
        wait_until(lambda: service.taken() >= this.all, 30, service.taken)
        wait_until(lambda: told(service, "store") == ["opened", "cleared"], 60, "not over", 0.5)
        plant = of_plant(service.alerts())
        assert service.stop() == 0

        assert of_victoria(store) == this.readings
        assert plant == of_plant(service.replay(this.recording))


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", names()[-1:])
def test_broker_restarts_with_many_messages_under_way(
    name: str, tmp_path: Path, cache: Path, note: Callable[[str], None]
) -> None:
    """What was not confirmed is sent again by broker and publisher alike; DuckDB would show every doubled reading."""
    this = given(name, tmp_path)
    with Mosquitto(tmp_path / "mosquitto") as broker, ExitStack() as ends:
        service = service_for(this, tmp_path / "run", cache, broker, {"kind": "duckdb"})
        service.start()
        try:
            service.wait_connected()
            sending = ends.enter_context(
                Publication(
                    tmp_path, cache, this.recording, broker.url,
                    "--points", service.folder / "points.csv", "--shape", "single", "--speed", "max",
                )
            )  # fmt: skip
            for share in (0.2, 0.5):
                wait_until(partial(has_share, service, this.all * share), 30, service.taken, 0.01)
                broker.stop()
                broker.start()
            sending.said(60)
            service.wait_connected(40)
            wait_until(lambda: service.taken() >= this.all, 30, service.taken)
            plant = of_plant(service.alerts())
            note(
                f"broker restarts: {service.metric('hazwatch_redelivered_total'):.0f} messages recognised as sent again"
            )
            assert service.stop() == 0
        finally:
            service.kill()
        assert of_duck(service.state_dir / "readings.duckdb") == this.readings
        assert plant == of_plant(service.replay(this.recording))
