"""SIGHUP on a running service: bad files change nothing, good ones are taken over with the state kept."""

import os
import signal
import time
from pathlib import Path

import httpx
import paho.mqtt.publish
import pytest

from ledger.audit import verify_file
from ledger.reader import open_readonly
from tests.servers.hazwatch import Hazwatch, wait_until
from tests.servers.mosquitto import Mosquitto

pytestmark = pytest.mark.server
POINTS = "sensor,enterprise,type,unit,range_lo,range_hi,h,hh,on_delay_s\n"
LT1 = "LT-1,e,level,%,0,100,80,90,0\n"
LT2 = "LT-2,e,level,%,0,100,80,90,0\n"


def send(broker: Mosquitto, sensor: str, value: float) -> None:
    paho.mqtt.publish.single(
        f"hazwatch/v1/e/{sensor}",
        f'{{"t": {time.time_ns() // 1_000_000}, "v": {value}}}',
        qos=1,
        hostname="127.0.0.1",
        port=broker.port,
    )


def test_new_settings_are_taken_over_and_bad_ones_refused(tmp_path: Path, cache: Path) -> None:
    with Mosquitto(tmp_path / "mosquitto") as broker:
        settings = {"points": "points.csv", "mqtt": {"url": broker.url}, "store": {"kind": "none"}}
        service = Hazwatch(tmp_path / "run", cache, settings, {"points.csv": POINTS + LT1})
        service.start()
        try:
            service.wait_connected()
            send(broker, "LT-1", 85.0)
            wait_until(lambda: service.metric("hazwatch_alerts_open") == 1, 60, "the first alert")

            (service.folder / "points.csv").write_text(POINTS + LT1 + "LT-2,e,level,%,0,100,95,90,0\n")
            os.kill(service.pid, signal.SIGHUP)
            wait_until(lambda: service.part("settings")["state"] == "degraded", 60, "the refusal")
            assert "line 3" in service.part("settings")["detail"]["en"]
            assert service.metric("hazwatch_sensors") == 1

            (service.folder / "points.csv").write_text(POINTS + LT2 + LT1.replace("80,90", "80,92"))
            os.kill(service.pid, signal.SIGHUP)

            def taken_over() -> bool:
                try:
                    return service.metric("hazwatch_sensors") == 2
                except httpx.TransportError:
                    return False

            wait_until(taken_over, 60, "the new settings")
            service.wait_connected()
            send(broker, "LT-2", 85.0)
            send(broker, "LT-1", 95.0)
            wait_until(lambda: len(service.alerts()) >= 5, 60, service.alerts)
        finally:
            service.stop()
        lines = [line.decode() for line in service.alerts()]
    with open_readonly(service.state_dir) as ledger:
        changes = ledger.limit_changes(["e/LT-1", "e/LT-2"], 10)
    assert [(one.sensor, one.name, one.old, one.new, one.loaded.file) for one in changes] == [
        ("e/LT-1", "hh", 90.0, 92.0, "points.csv")
    ]
    fault, head = verify_file(service.state_dir)
    assert (fault, head.n) == (None, 2), "one row for the start, one for the settings that were taken over"
    told = [(line.count('"kind":"system"'), line.split('"event":"')[1].split('"')[0]) for line in lines]
    assert told[:1] == [(0, "opened")]
    assert told.count((1, "opened")) == told.count((1, "cleared")) == 1, "the refusal is told, and its end"
    assert told.count((0, "escalated")) == 1, "LT-1 goes on from where it was, under another index"
    assert [line.split('"seq":')[1].split(",")[0] for line in lines] == [
        str(n) for n in range(1, len(lines) + 1)
    ]
