"""Servers that go away and come back: hazwatch says so, waits, and loses nothing.

HAZWATCH_SOAK=1 keeps them away for a minute.
"""

import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import pytest

from tests.integration.inputs import Given, given, names
from tests.integration.lines import of_part, of_plant
from tests.integration.reading_back import of_duck, of_victoria
from tests.servers.hazwatch import Hazwatch, publish, published, wait_until
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


@pytest.mark.timeout(400 if SOAK else 180)
@pytest.mark.parametrize("name", names()[:1])
def test_broker_and_store_go_away_and_come_back(name: str, tmp_path: Path, cache: Path) -> None:
    this = given(name, tmp_path)
    with (
        Mosquitto(tmp_path / "mosquitto") as broker,
        victoria(tmp_path / "victoria") as store,
    ):
        service = service_for(this, tmp_path / "run", cache, broker, {"kind": "influx", "url": store.url})
        service.start()
        try:
            service.wait_connected()
            sending = publish(
                tmp_path, cache, this.recording, broker.url,
                "--points", service.folder / "points.csv", "--speed", "10x" if SOAK else "35x",
            )  # fmt: skip
            wait_until(lambda: service.taken() > this.all // 20, 20, service.taken)

            broker.stop()
            wait_until(lambda: service.part("broker")["state"] == "down", 5, lambda: service.probe("healthz"))
            status, ready = service.probe("readyz")
            assert status == 503
            assert "lost" in ready["parts"]["broker"]["detail"]["en"]
            assert service.probe("healthz")[0] == 200, "the process itself is well"
            wait_until(lambda: told(service, "broker"), 15, "no system alert about the broker", 0.5)
            time.sleep(AWAY_S)
            broker.start()
            service.wait_connected(60)
            wait_until(lambda: told(service, "broker") == ["opened", "cleared"], 10, "not over", 0.5)

            seen = service.taken()
            wait_until(lambda: service.taken() > seen, 20, service.taken)
            store.stop()
            wait_until(lambda: service.part("store")["state"] == "down", 15, lambda: service.part("store"))
            assert "spooled" in service.part("store")["detail"]["en"]
            assert service.probe("readyz")[0] == 200, "readings are taken all the same"
            seen = service.taken()
            wait_until(lambda: told(service, "store"), 25, "no system alert about the store", 0.5)
            assert service.taken() > seen
            time.sleep(AWAY_S)
            store.start()
            wait_until(lambda: service.part("store")["state"] == "ok", 40, lambda: service.part("store"))

            published(sending, 200 if SOAK else 60)
            wait_until(lambda: service.taken() >= this.all, 30, service.taken)
            wait_until(lambda: told(service, "store") == ["opened", "cleared"], 10, "not over", 0.5)
            plant = of_plant(service.alerts())
            assert service.stop() == 0
        finally:
            service.kill()
        assert of_victoria(store) == this.readings
        assert plant == of_plant(service.replay(this.recording))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", names()[-1:])
def test_broker_restarts_with_many_messages_under_way(
    name: str, tmp_path: Path, cache: Path, note: Callable[[str], None]
) -> None:
    """What was not confirmed is sent again by broker and publisher alike; DuckDB would show every doubled reading."""
    this = given(name, tmp_path)
    with Mosquitto(tmp_path / "mosquitto") as broker:
        service = service_for(this, tmp_path / "run", cache, broker, {"kind": "duckdb"})
        service.start()
        try:
            service.wait_connected()
            sending = publish(
                tmp_path, cache, this.recording, broker.url,
                "--points", service.folder / "points.csv", "--shape", "single", "--speed", "max",
            )  # fmt: skip
            for share in (0.2, 0.5):
                wait_until(partial(has_share, service, this.all * share), 30, service.taken, 0.01)
                broker.stop()
                broker.start()
            published(sending, 60)
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
