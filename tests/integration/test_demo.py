"""`hazwatch demo` as a newcomer meets it: the same lines every time when headless, a page and a clean end when not."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from tests.servers.hazwatch import PROGRAM, done, environment, hazwatch

pytestmark = pytest.mark.server
KEYS = [
    "id", "seq", "time", "event", "state", "grade", "kind", "sensor", "enterprise", "source", "equipment", "area",
    "value", "unit", "limit", "limit_name", "forecast_s", "onset", "score", "title", "why",
]  # fmt: skip


COMMAND = ("demo", "--minutes", "3", "--headless", "--seed", "7")
LATE = """
import sys, time
from ingest.mqtt import MqttSource
from service.main import main
run = MqttSource._run
MqttSource._run = lambda self: (time.sleep(1.5), run(self))
sys.argv = ["hazwatch", *sys.argv[1:]]
main()
"""
"""A service whose connection to the broker comes late."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> bytes:
    """Return the lines of three minutes of seed 7."""
    folder = tmp_path_factory.mktemp("demo")
    ran = done(hazwatch(folder, cache, *COMMAND))
    assert list(folder.iterdir()) == [], "nothing is left where it was started"
    assert "Traceback" not in ran.stderr.decode()
    return ran.stdout


def test_headless_prints_alert_lines_and_nothing_else(told: bytes) -> None:
    events = [json.loads(line) for line in told.splitlines()]
    assert len(events) > 5
    assert told.endswith(b"\n")
    for seq, event in enumerate(events, 1):
        assert list(event) == KEYS
        assert event["seq"] == seq
        assert event["grade"] in {"red", "orange", "yellow", "blue"}
        assert set(event["title"]) == {"zh", "en"}
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["time"])
    assert {"dead", "high"} <= {event["kind"] for event in events}
    assert [event["time"] for event in events] == sorted(event["time"] for event in events)


def test_headless_is_the_same_byte_for_byte(told: bytes, tmp_path: Path, cache: Path) -> None:
    assert done(hazwatch(tmp_path, cache, *COMMAND)).stdout == told
    assert done(hazwatch(tmp_path, cache, *COMMAND[:-1], "8")).stdout != told


def test_nothing_is_published_before_the_service_listens(told: bytes, tmp_path: Path, cache: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LATE, *COMMAND],
        cwd=tmp_path, env=environment(cache), stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True,
    )  # fmt: skip
    assert ran.stdout == told


def test_the_story_is_told_as_the_truth_has_it(tmp_path: Path, cache: Path) -> None:
    """The overfill is seen before its limit hh, the dead transmitter is named, the planned filling is left alone."""
    lines = done(
        hazwatch(tmp_path, cache, "demo", "--minutes", "4", "--headless", "--seed", "7")
    ).stdout.splitlines()
    truth_path = tmp_path / "truth.json"
    made = hazwatch(
        tmp_path, cache, "sim", "demo-site", "--seed", "7", "--hours", str(4 / 60), "--truth", truth_path
    )
    assert made.returncode == 0, made.stderr
    truth = json.loads(truth_path.read_text())
    opened = [event for event in map(json.loads, lines) if event["event"] == "opened"]
    assert {event["fault"] for event in truth["events"]} == {True, False}
    for event in truth["events"]:
        about = [alert for alert in opened if alert["sensor"] in event["sensors"]]
        if not event["fault"]:
            assert about == [], event["id"]
            continue
        assert about, event["id"]
        onset = datetime.fromisoformat(event["onset"])
        assert all(datetime.fromisoformat(alert["time"]) >= onset for alert in about)


class Shown:
    """The demo on a terminal that is no terminal: a process group of its own, its output read as it comes."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.began = time.monotonic()
        self.out = folder / "out.txt"
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [*PROGRAM, "demo", "--port", "0", "--seed", "7"],
                cwd=folder,
                env=environment(cache) | {"TMPDIR": str(folder), "COLUMNS": "160", "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.out.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, pattern: str, within_s: float) -> re.Match[str]:
        while True:
            found = re.search(pattern, self.text())
            if found:
                return found
            assert self.process.poll() is None, self.text()
            assert time.monotonic() - self.began < within_s, self.text()
            time.sleep(0.1)

    def group(self) -> list[int]:
        """Return the live processes of its session."""
        alive = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[3]) == self.process.pid and fields[0] != "Z":
                alive.append(int(stat.parent.name))
        return alive


@pytest.fixture
def shown(tmp_path: Path, cache: Path) -> Iterator[Shown]:
    demo = Shown(tmp_path, cache)
    yield demo
    for pid in demo.group():
        os.kill(pid, signal.SIGKILL)
    demo.process.wait(10)


def test_first_alert_within_a_minute_and_a_clean_end(
    shown: Shown, tmp_path: Path, note: Callable[[str], None]
) -> None:
    url = shown.wait_for(r"http://127\.0\.0\.1:\d+", 60).group()
    user = shown.wait_for(r"user / 用户\s+(\S+)", 60).group(1)
    password = shown.wait_for(r"password / 密码\s+(\S+)", 60).group(1)
    shown.wait_for(r"(red|orange|yellow|blue)\s.*opened", 60)
    note(f"demo: first alert {time.monotonic() - shown.began:.1f} s after the program's start")
    with httpx.Client(base_url=url, headers={"X-Hazwatch": "1"}) as client:
        login = {"name": user, "password": password}
        assert client.post("/api/v1/login", json=login, timeout=10).status_code == 200
        assert client.get("/api/v1/alerts").json()["alerts"]
        assert client.get("/healthz").json()["state"] == "ok"
        assert len(shown.group()) >= 2, "the broker is a child"
        with client.stream("GET", "/api/v1/stream") as stream:  # as an open page has one
            lines = stream.iter_lines()  # held: an iterator that is dropped closes its connection
            next(lines)
            asked = time.monotonic()
            os.killpg(shown.process.pid, signal.SIGINT)
            assert shown.process.wait(30) == 0, shown.text()
            took_s = time.monotonic() - asked
    note(f"demo: ended {took_s:.1f} s after Ctrl-C")
    assert took_s < 10, "far less when the machine is idle"
    assert "Traceback" not in shown.text()
    assert shown.group() == []
    assert [path for path in tmp_path.iterdir() if path.name != "out.txt"] == []
