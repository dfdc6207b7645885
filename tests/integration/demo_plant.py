"""The demo site over a real broker, with the simulator publishing, alerts of both enterprises and texts that mean ill."""

import csv
import io
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import yaml

from console.accounts import Role, add_user, database_path
from ingest.mqtt import MqttSettings
from sim.demo import DEMO_FILES, demo_text
from sim.outgoing import Outgoing
from sim.publish import Publisher
from tests.servers.hazwatch import Hazwatch, Publication, wait_until
from tests.servers.mosquitto import Mosquitto

PASSWORD = "a password of the night shift"
MARKUP = "<script>alert(1)</script>"
RIGHT_TO_LEFT = "خزان الأمونيا رقم ١ – מכל מספר 1"
LONG = ("endless" * 100)[:500]
"""The longest description that a points table may have, and nowhere a place to break it."""
HOSTILE = {
    "<img src=x onerror=alert(1)>": MARKUP,
    "LT ..%2F..%2F?x=1&y": RIGHT_TO_LEFT,
    "L" * 128: LONG,
}
"""Sensors by id, with their descriptions; ids themselves have no slash, the points table refuses one."""
HOSTILE_SOURCE = 'S ..%2F"><b>x'
OPENED = {"haigang": ("LT-900", *HOSTILE), "beicang": ("LT-901",)}
"""Sensors that the simulator knows nothing of and that stand above their limits, by enterprise."""


@dataclass(frozen=True)
class DemoPlant:
    """The running service, and the open alert of each sensor of `OPENED`."""

    service: Hazwatch
    broker: Mosquitto
    alerts: Mapping[str, str]

    @property
    def url(self) -> str:
        """Where its page is."""
        return self.service.url


def _points() -> str:
    """Return the demo's points table with a sensor more for each enterprise, and those that mean ill."""
    rows = list(csv.reader(io.StringIO(demo_text("points.csv"))))
    head = rows[0]
    places = {"LT-900": ("haigang", "HG-SPH"), "LT-901": ("beicang", "BC-TANK")}
    described = {"LT-900": "Level of the yard", "LT-901": "Level of the store", **HOSTILE}
    for sensor, description in described.items():
        enterprise, source = places.get(sensor, ("haigang", HOSTILE_SOURCE))
        row = {
            "sensor": sensor,
            "enterprise": enterprise,
            "source": source,
            "type": "level",
            "unit": "m",
            "range_lo": "0",
            "range_hi": "12",
            "h": "9",
            "hh": "10",
            "on_delay_s": "0",
            "off_delay_s": "0",
            "scan_s": "60",
            "x": "5",
            "y": "5",
            "description": description,
        }
        rows.append([row.get(name, "") for name in head])
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _plant() -> str:
    plant = yaml.safe_load(demo_text("plant.yaml"))
    plant["sources"].append(
        {
            "id": HOSTILE_SOURCE,
            "enterprise": "haigang",
            "name": {"zh": MARKUP, "en": MARKUP},
            "chemicals": [{"substance": "汽油", "quantity_t": 10}],
            "population": 0,
            "measures": {"any": {"zh": LONG, "en": LONG}},
        }
    )
    return yaml.safe_dump(plant, allow_unicode=True)


@contextmanager
def demo_plant(
    folder: Path, cache: Path, accounts: Mapping[str, tuple[Role, str | None]]
) -> Iterator[DemoPlant]:
    """Run it with these accounts (role, enterprise of the scope); all have the same password."""
    files = {name: demo_text(name) for name in DEMO_FILES if name != "hazwatch.yaml"}
    files |= {"points.csv": _points(), "plant.yaml": _plant()}
    with Mosquitto(folder / "mosquitto") as broker:
        settings = {
            **{
                name: f"{name}.{'csv' if name == 'points' else 'yaml'}"
                for name in ("points", "plant", "routes")
            },
            "mqtt": {"url": broker.url},
            "store": {"kind": "duckdb"},
        }
        service = Hazwatch(folder / "run", cache, settings, files)
        service.state_dir.mkdir(exist_ok=True)
        for name, (role, enterprise) in accounts.items():
            add_user(database_path(service.state_dir), name, role, PASSWORD, None, enterprise)
        service.start()
        try:
            service.wait_connected()
            live = ("--shift-to", "now", "--seed", "7")
            with Publication(service.folder, cache, Path("demo-site"), broker.url, *live):
                yield DemoPlant(service, broker, _opened(service, broker))
        finally:
            service.kill()


def _opened(service: Hazwatch, broker: Mosquitto) -> dict[str, str]:
    """Say over MQTT what opens the alerts; return their ids by sensor."""
    sensors = {sensor for of in OPENED.values() for sensor in of}
    found: dict[str, str] = {}
    with (
        Publisher(MqttSettings(url=broker.url, client_id="", clean=True)) as publisher,
        httpx.Client(base_url=service.url, headers={"X-Hazwatch": "1"}, timeout=15) as client,
    ):
        client.post("/api/v1/login", json={"name": "zhou", "password": PASSWORD}).raise_for_status()

        def said(level: float) -> None:
            now_ms = time.time_ns() // 1_000_000
            for enterprise, of in OPENED.items():
                body = json.dumps({"t": now_ms, "s": list(of), "v": [level] * len(of)})
                publisher.send(Outgoing(f"hazwatch/v1/{enterprise}", body.encode(), 0, len(of)))
            publisher.finish()

        def all_open() -> bool:
            said(9.6)
            for alert in client.get("/api/v1/alerts").json()["alerts"]:
                own = str(alert["sensor"]).partition("/")[2]
                if own in sensors:
                    found[own] = alert["id"]
            return sensors <= set(found)

        wait_until(all_open, 30, lambda: f"open: {sorted(found)}", 0.5)
    return found
