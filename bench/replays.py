"""Figures of the console's replays: what they take from the live pipeline, and the browser's heap over a day at 600 times the pace.

``python bench/replays.py [--json OUT] [--markdown OUT] [--hours H]``. A day is journalled first, with about 2 000 alerts of 200 level
gauges. Then a real Mosquitto, a real service over that state folder and Debian's Chromium run on this machine at the same time.
The page must have been built.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import CDPSession, Page, sync_playwright  # noqa: E402 - found from the checkout

from bench.console import PASSWORD, cookie_of, running, says, signed_in  # noqa: E402 - as above
from ingest.messages import Message  # noqa: E402 - as above
from ledger.ledger import Ledger  # noqa: E402 - as above
from ledger.records import Commit, JournalEntry  # noqa: E402 - as above
from service.effects import commit_of  # noqa: E402 - as above
from service.pipeline import Pipeline, pack_messages  # noqa: E402 - as above
from service.plan import load  # noqa: E402 - as above
from sim.publish import Publisher  # noqa: E402 - as above
from tests.servers.chromium import launched  # noqa: E402 - as above
from tests.servers.hazwatch import Hazwatch  # noqa: E402 - as above

Row = dict[str, Any]
LIVED = 200
PROBES = 120
"""Gauges that are silent in the past, and each of which opens one alert in the present."""
EVERY_S = 10
ALERTS_A_DAY = 2000
PROBE_S = 0.25
HEAP_POINTS = 12
S = 10**9


def journal(config: Path, state_dir: Path, hours: float, end_ns: int) -> int:
    """Live a day in its state folder; return how many alert lines were told."""
    pipe = Pipeline(load(config).plan)
    rng = np.random.default_rng(7)
    steps = round(hours * 3600 / EVERY_S)
    high = rng.random((steps, LIVED)) < ALERTS_A_DAY / 24 * EVERY_S / 3600 / LIVED
    names = [f"LT-{i}" for i in range(LIVED)]
    told, start_ns = 0, end_ns - round(hours * 3600 * S)
    with Ledger.open(state_dir) as ledger:
        kept: list[Commit] = []
        for step in range(steps):
            now_ns = start_ns + step * EVERY_S * S
            values = np.where(high[max(0, step - 3) : step + 1].any(0), 9.5, 5.0 + rng.normal(0, 0.1, LIVED))
            body = {"t": now_ns // 10**6, "s": names, "v": np.round(values, 3).tolist()}
            messages = [Message("hazwatch/v1/acme", json.dumps(body).encode())]
            entry = JournalEntry(now_ns=now_ns, kind="messages", body=pack_messages(messages))
            kept.append(commit_of(entry, pipe.messages(messages, now_ns), None))
            if len(kept) == 60 or step == steps - 1:
                told += sum(len(one.events) for one in kept)
                ledger.commit(
                    Commit(
                        entries=[e for one in kept for e in one.entries],
                        events=[e for one in kept for e in one.events],
                        openings=[e for one in kept for e in one.openings],
                    )
                )
                kept = []
        ledger.save_snapshot(ledger.last_seq, pipe.snapshot())
        ledger.commit(Commit(stored_seq=ledger.last_seq))
    return told


@contextmanager
def lived(hours: float) -> Iterator[tuple[Hazwatch, Publisher, int]]:
    """Run a broker and a service over a state folder in which a day was lived; give how many lines were told in it."""
    told: list[int] = []

    def live(service: Hazwatch) -> None:
        told.append(journal(service.config, service.state_dir, hours, time.time_ns() - 60 * S))

    with running(LIVED + 3 * PROBES, {"store": {"kind": "none"}}, live) as (service, publisher):
        yield service, publisher, told[0]


class Stream:
    """The live stream, read on a thread: when each alert came."""

    def __init__(self, client: httpx.Client) -> None:
        self.came_ms: dict[str, float] = {}
        self._client = client
        self._opened = threading.Event()
        threading.Thread(target=self._read, daemon=True).start()
        assert self._opened.wait(10)

    def _read(self) -> None:
        ended = suppress(httpx.TransportError)  # with the service
        with ended, self._client.stream("GET", "/api/v1/stream", timeout=None) as answer:
            for line in answer.iter_lines():
                self._opened.set()
                if line.startswith("data: ") and '"opened"' in line:
                    row = json.loads(line[6:])
                    if (row.get("event"), row.get("kind")) == (
                        "opened",
                        "high",
                    ):  # they are silent too long, some of them
                        self.came_ms.setdefault(row["sensor"], time.time_ns() / 1e6)


def latencies(publisher: Publisher, stream: Stream, first: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return the ms from publishing a reading over its limit to its alert on the stream, one gauge after the other."""
    sent = {}
    for i in range(first, first + PROBES):
        sent[f"acme/LT-{i}"] = says(publisher, [i], 9.5)
        time.sleep(PROBE_S)
    time.sleep(3)
    missing = [name for name in sent if name not in stream.came_ms]
    assert not missing, f"no alert of {missing}"
    return np.array([stream.came_ms[name] - at_ms for name, at_ms in sent.items()])


@contextmanager
def replaying(
    client: httpx.Client, span: tuple[float, float], orders: list[dict[str, Any]]
) -> Iterator[None]:
    """Keep a replay at work: give it the orders round and round."""
    body = {"from_ms": int(span[0]), "to_ms": int(span[1])}
    answer = client.post("/api/v1/replays", json=body, timeout=60)
    assert answer.is_success, answer.text
    under = f"/api/v1/replays/{answer.json()['id']}"
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            for order in orders:
                client.post(f"{under}/replay", json=order, timeout=30)
                stop.wait(2.0)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        client.post(f"{under}/end", timeout=30)


def live_beside(service: Hazwatch, publisher: Publisher) -> list[Row]:
    """Return how late alerts are live: alone, beside a replay at 600 times, and beside two that run as fast as they can."""
    rows: list[Row] = []
    with httpx.Client(base_url=service.url, headers={"X-Hazwatch": "1"}) as client:
        login = {"name": "li", "password": PASSWORD}
        assert client.post("/api/v1/login", json=login, timeout=30).is_success
        stream = Stream(client)
        journal_ms = client.get("/api/v1/replays").json()["journal"]
        span = (journal_ms[0], journal_ms[1])
        fast = [{"speed": 600, "paused": False, "seek_ms": int(span[0])}, {}, {}, {}, {}]
        seeks = [{"seek_ms": int(span[1])}, {"seek_ms": int(span[0])}]
        cases: list[tuple[str, list[list[dict[str, Any]]]]] = [
            ("no replay", []),
            ("a replay at 600×", [fast]),
            ("two replays that seek to and fro", [seeks, seeks]),
        ]
        for number, (name, replays) in enumerate(cases):
            with ExitStack() as stack:
                for orders in replays:
                    stack.enter_context(replaying(client, span, orders))
                took = latencies(publisher, stream, LIVED + number * PROBES)
            for share in (50, 99):
                value = float(np.percentile(took, share))
                rows.append(
                    {
                        "name": f"publish to alert, {name}, p{share}",
                        "value": value,
                        "unit": "ms",
                        "target": None,
                    }
                )
    return rows


def heap_mb(page: Page, cdp: CDPSession) -> tuple[float, int]:
    """Return the script heap after a collection, in MB, and how many nodes the page has."""
    for _ in range(2):
        cdp.send("HeapProfiler.collectGarbage")
    metrics = {m["name"]: m["value"] for m in cdp.send("Performance.getMetrics")["metrics"]}
    nodes = page.evaluate("document.querySelectorAll('*').length")
    return metrics["JSHeapUsedSize"] / 1e6, nodes


def heap_over_a_day(service: Hazwatch, hours: float, told: int) -> list[Row]:
    """Play the whole day at 600 times in a browser; return its heap on the way."""
    seconds = hours * 3600 / 600
    heaps: list[float] = []
    with sync_playwright() as playwright:
        browser = launched(playwright)
        page = signed_in(browser, service.url, cookie_of(service.url)).new_page()
        cdp = page.context.new_cdp_session(page)
        cdp.send("Performance.enable")
        page.goto(f"{service.url}/#/replay")
        page.get_by_role("button", name="last 24 h").click()
        page.get_by_role("button", name="Begin").click()
        past = page.get_by_role("region", name="Replay")
        past.wait_for(timeout=60_000)
        began = time.monotonic()
        past.get_by_role("button", name="600×").click()
        for point in range(HEAP_POINTS):
            time.sleep(max(0.0, began + seconds * (point + 1) / HEAP_POINTS - time.monotonic()))
            mb, nodes = heap_mb(page, cdp)
            heaps.append(mb)
            at = past.get_by_role("heading").inner_text()
            print(f"{at}: {mb:.2f} MB, {nodes} nodes", file=sys.stderr)
        past.get_by_text("at the end").wait_for(timeout=120_000)
        took_s = time.monotonic() - began
        last, _ = heap_mb(page, cdp)
        past.get_by_role("button", name="End", exact=True).click()
        past.wait_for(state="detached")
        browser.close()
    early, late = statistics.median(heaps[1:4]), statistics.median(heaps[-3:])
    slope = float(np.polyfit(np.arange(1, len(heaps)), heaps[1:], 1)[0]) * (HEAP_POINTS / hours)
    return [
        {"name": "alert lines in the day", "value": told, "unit": "", "target": None},
        {"name": "a day at 600×, seconds", "value": took_s, "unit": "s", "target": None},
        {"name": "heap after collection, first quarter", "value": early, "unit": "MB", "target": None},
        {"name": "heap after collection, last quarter", "value": late, "unit": "MB", "target": None},
        {"name": "heap at the end of the day", "value": last, "unit": "MB", "target": None},
        {"name": "growth by recorded hour", "value": slope, "unit": "MB/h", "target": 0.05},
    ]


def main() -> None:
    """Measure everything."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--hours", type=float, default=24.0)
    options = parser.parse_args()
    with lived(options.hours) as (service, publisher, told):
        rows = heap_over_a_day(service, options.hours, told) + live_beside(service, publisher)
    about = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        "# Replays in the console",
        "",
        f"`python bench/replays.py --hours {options.hours:g}`, {about}.",
        "",
    ]
    lines += ["| what | value | target |", "|---|---|---|"]
    for row in rows:
        target = "" if row["target"] is None else f"≤ {row['target']:g}"
        lines.append(f"| {row['name']} | {row['value']:.4g} {row['unit']} | {target} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if options.markdown is not None:
        options.markdown.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
