"""The console's figures: how heavy the page is, how soon it paints, what viewers cost, how long a reading takes to a pixel.

``python bench/console.py [--json OUT] [--markdown OUT] [--seconds S]``. A real Mosquitto, a real service, Debian's Chromium, all
on this machine at the same time, which is part of what is measured. The page must have been built.
"""

import argparse
import gzip
import json
import os
import platform
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright  # noqa: E402 - found from the checkout

from bench.viewers import viewers  # noqa: E402 - as above
from console.app import STATIC_DIR  # noqa: E402 - as above
from ingest.mqtt import MqttSettings  # noqa: E402 - as above
from service.warm import user_cache  # noqa: E402 - as above
from sim.outgoing import Outgoing  # noqa: E402 - as above
from sim.publish import Publisher  # noqa: E402 - as above
from tests.servers.chromium import launched  # noqa: E402 - as above
from tests.servers.hazwatch import Hazwatch, done, environment, hazwatch  # noqa: E402 - as above
from tests.servers.mosquitto import Mosquitto  # noqa: E402 - as above

Row = dict[str, Any]
_COMPILE = "from service.warm import use_compile_cache, user_cache, warm_up; use_compile_cache(user_cache()); warm_up()"
SENSORS = 1200
PROBES = 60
WITHIN_S = 30.0
TALL = 5000
"""So high is a page on which every row of the probes is in view, and so is painted."""
ACKNOWLEDGED = 8
LOADS = 7
STOPS = 7
BURST = 1000
PASSWORD = "a password of the bench"
WATCHER = """
() => {
  window.seen = new Map();
  const note = () => {
    for (const row of document.querySelectorAll('[data-id]')) {
      const id = row.getAttribute('data-id');
      if (!window.seen.has(id)) window.seen.set(id, performance.timeOrigin + performance.now());
    }
  };
  new MutationObserver(() => requestAnimationFrame(note)).observe(document.body, { childList: true, subtree: true });
  note();
}
"""
NOTES_ACKNOWLEDGED = """
() => {
  window.acknowledged = new Map();
  const note = () => {
    for (const row of document.querySelectorAll('tr[data-id]')) {
      const id = row.dataset.id;
      if (row.textContent.includes('Active, acknowledged') && !window.acknowledged.has(id))
        window.acknowledged.set(id, performance.timeOrigin + performance.now());
    }
  };
  const options = { childList: true, subtree: true, characterData: true };
  new MutationObserver(() => requestAnimationFrame(note)).observe(document.body, options);
}
"""
ACKNOWLEDGES = """
async id => {
  const asked = performance.timeOrigin + performance.now();
  const headers = { 'X-Hazwatch': '1', 'Content-Type': 'application/json' };
  const answer = await fetch(`/api/v1/alerts/${id}/ack`, { method: 'POST', headers, body: '{}' });
  if (!answer.ok) throw new Error(await answer.text());
  return asked;
}
"""
INPUTS = """
() => {
  window.waits = [];
  window.presses = 0;
  const press = () => {
    const asked = performance.now();
    window.presses += 1;
    document.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true }));
    requestAnimationFrame(() => setTimeout(() => window.waits.push(performance.now() - asked)));
  };
  window.pressing = setInterval(press, 50);
}
"""


def sizes() -> list[Row]:
    """Return the gzip size of the page's scripts: what the alarms need, and each page that is fetched later."""
    index = (STATIC_DIR / "index.html").read_text()
    first = {Path(name).name for name in re.findall(r'(?:src|href)="([^"]+\.js)"', index)}
    weights = {
        path.name: len(gzip.compress(path.read_bytes(), 9)) for path in (STATIC_DIR / "assets").glob("*.js")
    }
    alarms = sum(weight for name, weight in weights.items() if name in first)
    later = sum(weight for name, weight in weights.items() if name not in first)
    return [
        {"name": "scripts of the alarm page, gzip", "value": alarms / 1000, "unit": "kB", "target": 450},
        {"name": "scripts of all other pages, gzip", "value": later / 1000, "unit": "kB", "target": None},
    ]


@contextmanager
def running(
    sensors: int, more: Row | None = None, before: Callable[[Hazwatch], object] = lambda _: None
) -> Iterator[tuple[Hazwatch, Publisher]]:
    """Run a broker and a service with so many level gauges and one operator; `before` prepares its state folder.

    `more` are further settings.
    """
    head = "sensor,enterprise,type,unit,h,hh,on_delay_s,off_delay_s,scan_s\n"
    points = head + "".join(f"LT-{i},acme,level,m,9,10,0,0,600\n" for i in range(sensors))
    cache = user_cache().parent.parent
    subprocess.run([sys.executable, "-c", _COMPILE], env=environment(cache), check=True)
    with tempfile.TemporaryDirectory() as folder, Mosquitto(Path(folder) / "broker") as broker:
        settings = {"points": "points.csv", "mqtt": {"url": broker.url}, **(more or {})}
        service = Hazwatch(Path(folder) / "run", cache, settings, {"points.csv": points})
        before(service)
        add = ("user", "add", "li", "--role", "operator", "--config", service.config)
        done(hazwatch(service.folder, cache, *add, stdin=PASSWORD.encode() + b"\n"))
        service.start()
        try:
            service.wait_connected()
            with Publisher(MqttSettings(url=broker.url, client_id="", clean=True)) as publisher:
                yield service, publisher
        finally:
            service.kill()


def says(publisher: Publisher, sensors: list[int], value: float) -> float:
    """Publish one reading of each; return when, in ms since 1970."""
    now_ms = time.time_ns() / 1e6
    names = [f"LT-{i}" for i in sensors]
    body = {"t": int(now_ms), "s": names, "v": [value] * len(names)}
    publisher.send(Outgoing("hazwatch/v1/acme", json.dumps(body).encode(), 0, len(names)))
    return now_ms


def signed_in(browser: Browser, url: str, cookie: str, height: int = 1080) -> BrowserContext:
    """Return a browser context with a session and an empty cache."""
    context = browser.new_context(viewport={"width": 1920, "height": height}, locale="en-GB")
    context.add_cookies([{"name": "hazwatch_session", "value": cookie, "url": url}])
    return context


def cookie_of(url: str) -> str:
    """Sign in; return the session's cookie."""
    login = {"name": "li", "password": PASSWORD}
    with httpx.Client(base_url=url, headers={"X-Hazwatch": "1"}) as client:
        assert client.post("/api/v1/login", json=login, timeout=30).is_success
        return client.cookies["hazwatch_session"]


def paints(browser: Browser, url: str, cookie: str) -> list[Row]:
    """Return the medians over `LOADS` first visits."""
    first: list[float] = []
    usable: list[float] = []
    for _ in range(LOADS):
        context = signed_in(browser, url, cookie)
        page = context.new_page()
        page.goto(f"{url}/#/alarms")
        page.locator(".link.live").wait_for()
        usable.append(page.evaluate("performance.now()"))
        # The browser tells of a paint only once it is on the screen, which may be after the stream is up.
        until(page, "performance.getEntriesByName('first-contentful-paint').length > 0")
        first.append(page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime"))
        context.close()
    return [
        {"name": "first paint, first visit", "value": statistics.median(first), "unit": "ms", "target": 1000},
        {
            "name": "alarms loaded and live, first visit",
            "value": statistics.median(usable),
            "unit": "ms",
            "target": 2000,
        },
    ]


def until(page: Page, true: str) -> None:
    """Wait until an expression is true in the page, whose policy lets no script be made of text."""
    began = time.monotonic()
    while not page.evaluate(true):
        assert time.monotonic() - began < WITHIN_S, true
        time.sleep(0.02)


def seen_elsewhere(one: Page, other: Page, publisher: Publisher) -> list[Row]:
    """Return how long after an acknowledgement in one browser another one shows it."""
    says(publisher, list(range(1190, 1190 + ACKNOWLEDGED)), 9.5)
    until(other, f"document.querySelectorAll('tr[data-id]').length >= {ACKNOWLEDGED}")
    ids = other.evaluate("[...document.querySelectorAll('tr[data-id]')].map(row => row.dataset.id)")
    other.evaluate(NOTES_ACKNOWLEDGED)
    waits: list[float] = []
    for alert in ids:
        asked = one.evaluate(ACKNOWLEDGES, alert)
        until(other, f"window.acknowledged.has('{alert}')")
        waits.append(other.evaluate("id => window.acknowledged.get(id)", alert) - asked)
    return [
        {
            "name": "acknowledged in one browser, seen in another, p50",
            "value": statistics.median(waits),
            "unit": "ms",
            "target": 300,
        },
        {
            "name": "acknowledged in one browser, seen in another, longest",
            "value": max(waits),
            "unit": "ms",
            "target": None,
        },
    ]


def to_pixels(page: Page, publisher: Publisher) -> list[Row]:
    """Return how long after its publication an alert stands in a painted row."""
    page.evaluate(WATCHER)
    known = page.evaluate("window.seen.size")
    asked: list[float] = []
    for i in range(PROBES):
        asked.append(says(publisher, [i], 9.5))
        time.sleep(0.2)
    until(page, f"window.seen.size >= {PROBES + known}")
    seen = sorted(page.evaluate("[...window.seen.values()]"))[known:]
    waits = sorted(at - since for at, since in zip(seen, asked, strict=True))
    return [
        {"name": "publish to pixel, p50", "value": statistics.median(waits), "unit": "ms", "target": 150},
        {
            "name": "publish to pixel, p99",
            "value": waits[int(0.99 * len(waits))],
            "unit": "ms",
            "target": None,
        },
    ]


def under_load(page: Page, publisher: Publisher) -> list[Row]:
    """Return how long a key waits for its frame while a thousand alarms open in a second."""
    page.evaluate(INPUTS)
    time.sleep(1.0)
    calm = page.evaluate("Math.max(...window.waits.splice(0))")
    for k in range(10):
        says(publisher, list(range(200 + k * BURST // 10, 200 + (k + 1) * BURST // 10)), 9.5)
        time.sleep(0.1)
    time.sleep(3.0)
    page.evaluate("clearInterval(window.pressing)")
    waits = sorted(page.evaluate("window.waits"))
    open_now = page.evaluate("fetch('/api/v1/alerts').then(r => r.json()).then(a => a.alerts.length)")
    assert open_now >= BURST, f"{open_now} alerts are open"
    return [
        {"name": "a key to its frame, calm, longest", "value": calm, "unit": "ms", "target": None},
        {
            "name": "a key to its frame, 1 000 alarms in a second, p50",
            "value": statistics.median(waits),
            "unit": "ms",
            "target": None,
        },
        {
            "name": "a key to its frame, 1 000 alarms in a second, longest",
            "value": waits[-1],
            "unit": "ms",
            "target": 100,
        },
    ]


def greys(page: Page, pid: int) -> list[Row]:
    """Return how long after the service was stopped (SIGSTOP) the page is grey and says that no data come."""
    waits: list[float] = []
    for _ in range(STOPS):
        until(page, "document.querySelectorAll('.overlay').length === 0")
        # Not always as long after a beat.
        time.sleep(1.0 + random.random())
        began = time.monotonic()
        os.kill(pid, signal.SIGSTOP)
        try:
            until(page, "document.querySelectorAll('.overlay').length > 0")
            waits.append(1000 * (time.monotonic() - began))
        finally:
            os.kill(pid, signal.SIGCONT)
    return [
        {"name": "service stopped to grey page, longest", "value": max(waits), "unit": "ms", "target": 6000}
    ]


def measured(seconds: float) -> list[Row]:
    """Measure everything."""
    rows = sizes()
    with running(SENSORS) as (service, publisher), sync_playwright() as playwright:
        says(publisher, list(range(SENSORS)), 5.0)
        time.sleep(1.0)
        cookie = cookie_of(service.url)
        rows += viewers(service, service.url, cookie, seconds)
        browser = launched(playwright)
        rows += paints(browser, service.url, cookie)
        page = signed_in(browser, service.url, cookie, TALL).new_page()
        page.goto(f"{service.url}/#/alarms")
        page.locator(".link.live").wait_for()
        other = signed_in(browser, service.url, cookie).new_page()
        other.goto(f"{service.url}/#/alarms")
        other.locator(".link.live").wait_for()
        rows += seen_elsewhere(page, other, publisher)
        other.close()
        rows += to_pixels(page, publisher)
        page.set_viewport_size({"width": 1920, "height": 1080})
        rows += under_load(page, publisher)
        rows += greys(page, service.pid)
        browser.close()
    return rows


def markdown(answer: Row) -> str:
    """Return the measured as a page."""
    lines = [
        "# The console's figures",
        "",
        f"`python bench/console.py`, Python {answer['python']}, load average {answer['load']:.1f} before. Service, broker and",
        "Chromium (no GPU) on one machine. A key counts until the frame after it is painted.",
        "",
        "| what | value | target | met |",
        "|---|---|---|---|",
    ]
    for row in answer["rows"]:
        target = "" if row["target"] is None else f"< {row['target']} {row['unit']}"
        met = "" if row["target"] is None else "yes" if row["value"] < row["target"] else "**no**"
        lines.append(f"| {row['name']} | {row['value']:.1f} {row['unit']} | {target} | {met} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    given = parser.parse_args()
    answer = {
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "rows": measured(given.seconds),
    }
    text = markdown(answer)
    print(text)
    if given.json:
        given.json.write_text(json.dumps(answer, indent=1) + "\n")
    if given.markdown:
        given.markdown.write_text(text + "\n")


if __name__ == "__main__":
    main()
