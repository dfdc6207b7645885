"""The alarm list with many rows and in a burst: how long the page keeps its reader waiting.

A real Chromium over the real server with a backend in memory. A page has so many alerts open and one marked; then so many
more come in one second, while keys are pressed twenty times a second. Measured in the page: the long tasks (over 50 ms, as the
browser itself reports them), and from each key to the next painted frame. `python -m bench.console_list --out FILE` writes the
table; nothing here decides a test.
"""

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Browser, Page, sync_playwright

from tests.console.live import PASSWORD, Live, live_console
from tests.console.site import event
from tests.servers.chromium import launched

GRADES = ("red", "orange", "yellow", "blue")
KEY_EVERY_S = 0.05
BURST_S = 1.0
STEPS = 50
"""A burst comes in so many pieces."""
CASES = (
    ("as it stands", "", STEPS),
    ("sorted by title", "sort=title", STEPS),
    ("filtered by words", "text=tank", STEPS),
    ("gathered by incident", "group=1", STEPS),
    ("all at once, so that the page asks for everything anew", "", 1),
)
WISHES = (
    ("sort by title", "th.c-title button"),
    ("sort by value", "th.c-value button"),
    ("search", "input[type=search]"),
    ("mark all", "th input"),
)
WATCH = """() => {
  window.measured = { tasks: [], waits: [], frames: 0 };
  new PerformanceObserver((list) => { for (const e of list.getEntries()) measured.tasks.push(Math.round(e.duration)); })
    .observe({ type: "longtask" });
  // From the event's own time stamp, so that waiting for a busy page counts.
  addEventListener("keydown", (e) => {
    requestAnimationFrame(() => { const c = new MessageChannel(); c.port1.onmessage = () => measured.waits.push(performance.now() - e.timeStamp); c.port2.postMessage(0); });
  }, true);
  const frame = () => { measured.frames += 1; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""


def put(live: Live, first: int, count: int) -> None:
    """Open so many alerts, each of one of fifty incidents."""
    now_ns = time.time_ns()
    for n in range(first, first + count):
        name = f"a{n:06}"
        what = {"zh": f"储罐 V-{n} 液位超过高限", "en": f"Tank V-{n} level above high limit"}
        told = event(name, now_ns - n * 1_000_000, grade=GRADES[n % 4], sensor=f"bh-lpg/LT-{n}", what=what)
        first_out = {"alert": f"a{n % 50:06}", "sensor": "LT", "time": told.time, "title": what}
        incident = {"id": f"i{n % 50}", "size": 200, "grade": "red", "sensors": 9, "first_out": first_out}
        live.backend.put(msgspec.structs.replace(told, why={**told.why, "incident": incident}))


class Watched:
    """A page that is signed in, and what is measured of it; the processor time is that of the page's own thread."""

    def __init__(self, browser: Browser, live: Live) -> None:
        self.page = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="en-GB")
        self.page.goto(live.server.url)
        self.page.locator("input[name=username]").fill("li")
        self.page.locator("input[name=password]").fill(PASSWORD)
        self._session = self.page.context.new_cdp_session(self.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.page.evaluate(WATCH)
        self._from_s = self._busy_s()
        self.page.locator("form button.go").click()
        self.page.locator("tbody tr").first.wait_for(timeout=60_000)

    def reset(self) -> None:
        """Forget what was measured so far."""
        self.page.evaluate("() => { measured.tasks = []; measured.waits = []; measured.frames = 0; }")
        self._from_s = self._busy_s()

    def measured(self, case: str, seconds: float = 1.0) -> dict[str, Any]:
        """Return what was measured since `reset`."""
        self.page.wait_for_timeout(300)
        found = self.page.evaluate("measured")
        waits = sorted(found["waits"]) or [0.0]
        return {
            "case": case,
            "busy_ms": round((self._busy_s() - self._from_s) * 1000),
            "keys": len(found["waits"]),
            "key_p50_ms": round(statistics.median(waits), 1),
            "key_max_ms": round(waits[-1], 1),
            "long_tasks": len(found["tasks"]),
            "longest_task_ms": max(found["tasks"], default=0),
            "frames_per_s": round(found["frames"] / seconds),
        }

    def heap_mb(self) -> int:
        """Return what the page's heap holds after it was swept."""
        self._session.send("HeapProfiler.collectGarbage")
        return round(float(self._session.send("Runtime.getHeapUsage")["usedSize"]) / 1e6)

    def _busy_s(self) -> float:
        found = {one["name"]: one["value"] for one in self._session.send("Performance.getMetrics")["metrics"]}
        return float(found["TaskDuration"])


def burst(page: Page, live: Live, first: int, count: int, steps: int) -> float:
    """Let alerts come within a second, in so many pieces, while keys are pressed; return how long it took."""
    began = time.perf_counter()
    due = began
    for step in range(steps):
        live.call(partial(put, live, first + step * count // steps, count // steps))
        if time.perf_counter() >= due:
            page.keyboard.press("j")
            due += KEY_EVERY_S
        time.sleep(max(0.0, began + (step + 1) * BURST_S / STEPS - time.perf_counter()))
    while time.perf_counter() < began + 2 * BURST_S:
        page.keyboard.press("j")
        time.sleep(KEY_EVERY_S)
    return time.perf_counter() - began


def run(rows: int, came: int) -> list[dict[str, Any]]:
    """Measure every case."""
    with (
        tempfile.TemporaryDirectory() as folder,
        live_console(Path(folder)) as live,
        sync_playwright() as playwright,
    ):
        live.call(lambda: put(live, 0, rows))
        browser = launched(playwright)
        watched = Watched(browser, live)
        results = [watched.measured(f"sign in, {rows} alerts open")]
        results += bursts(watched, live, rows, came)
        results += wishes(watched, rows + len(CASES) * came)
        results[-1]["rows_in_the_page"] = watched.page.locator("tbody tr").count()
        results[-1]["heap_mb"] = watched.heap_mb()
        browser.close()
    return results


def show(page: Page, query: str) -> None:
    """Open the list by an address."""
    page.evaluate("a => { location.hash = '#/alarms/' + encodeURIComponent(a) }", query)
    page.wait_for_timeout(500)


def bursts(watched: Watched, live: Live, first: int, came: int) -> list[dict[str, Any]]:
    """Measure what comes while keys are pressed."""
    results = []
    for case, query, steps in CASES:
        show(watched.page, query)
        watched.reset()
        seconds = burst(watched.page, live, first, came, steps)
        results.append(watched.measured(f"{came} more in {BURST_S:g} s, {case}", seconds))
        first += came
    return results


def wishes(watched: Watched, rows: int) -> list[dict[str, Any]]:
    """Measure what a person asks of the whole list."""
    show(watched.page, "group=0")
    results = []
    for case, target in WISHES:
        watched.reset()
        if case == "search":
            watched.page.locator(target).fill("v-77")
        else:
            watched.page.locator(target).click()
        results.append(watched.measured(f"{case}, {rows} alerts open"))
    return results


def table(results: list[dict[str, Any]], rows: int, came: int, load: tuple[float, float]) -> str:
    """Return the results as the page in bench/results."""
    head = (
        f"# The alarm list with {rows} rows and {came} alerts in a second\n\n"
        f"`python -m bench.console_list`, {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Debian's Chromium without a "
        f"GPU, server and browser on the same two cores, which others used too (load average {load[0]:.1f} before, {load[1]:.1f} after). A key's wait is from the press to the frame after it was painted; "
        "a long task is one over 50 ms, as the browser reports it. The processor time is that of the page's own thread in the whole case (two seconds for a burst), which others do not lengthen. Wanted: no key waits over 100 ms.\n\n"
        "| case | processor, ms | keys | wait p50, ms | wait max, ms | long tasks | longest, ms | frames/s |\n|---|---|---|---|---|---|---|---|\n"
    )
    lines = [
        f"| {r['case']} | {r['busy_ms']} | {r['keys'] or '–'} | {r['key_p50_ms'] if r['keys'] else '–'} | {r['key_max_ms'] if r['keys'] else '–'} "
        f"| {r['long_tasks']} | {r['longest_task_ms'] or '–'} | {r['frames_per_s'] if r['keys'] else '–'} |"
        for r in results
    ]
    last = results[-1]
    foot = f"\n\nAt the end {last['rows_in_the_page']} rows stand in the page and its heap holds {last['heap_mb']} MB.\n"
    return head + "\n".join(lines) + foot


def main() -> None:
    """Measure and print; write where asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--came", type=int, default=1000)
    parser.add_argument("--out", type=Path, help="the table as Markdown; beside it the figures as JSON")
    args = parser.parse_args()
    before = os.getloadavg()[0]
    results = run(args.rows, args.came)
    text = table(results, args.rows, args.came, (before, os.getloadavg()[0]))
    print(text)
    if args.out:
        args.out.write_text(text, encoding="utf-8")
        args.out.with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
