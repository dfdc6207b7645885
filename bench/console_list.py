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
from tests.console.test_browser import ARGS, CHROMIUM

GRADES = ("red", "orange", "yellow", "blue")
KEY_EVERY_S = 0.05
BURST_S = 1.0
STEPS = 50
"""A burst comes in so many pieces."""
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


def reset(page: Page) -> None:
    """Forget what was measured so far."""
    page.evaluate("() => { measured.tasks = []; measured.waits = []; measured.frames = 0; }")


def measured(page: Page, case: str, seconds: float) -> dict[str, Any]:
    """Return what was measured since `reset`."""
    page.wait_for_timeout(300)
    found = page.evaluate("measured")
    waits = sorted(found["waits"]) or [0.0]
    return {
        "case": case,
        "keys": len(found["waits"]),
        "key_p50_ms": round(statistics.median(waits), 1),
        "key_max_ms": round(waits[-1], 1),
        "long_tasks": len(found["tasks"]),
        "longest_task_ms": max(found["tasks"], default=0),
        "frames_per_s": round(found["frames"] / seconds),
    }


def opened(browser: Browser, live: Live) -> Page:
    """Sign in."""
    page = browser.new_page(viewport={"width": 1920, "height": 1080}, locale="en-GB")
    page.goto(live.server.url)
    page.locator("input[name=username]").fill("li")
    page.locator("input[name=password]").fill(PASSWORD)
    page.evaluate(WATCH)
    page.locator("form button.go").click()
    page.locator("tbody tr").first.wait_for(timeout=60_000)
    return page


def burst(  # noqa: PLR0917 - what comes, and how
    page: Page, live: Live, first: int, count: int, keys: str, steps: int
) -> float:
    """Let alerts come within a second, in so many pieces, while keys are pressed; return how long it took."""
    began = time.perf_counter()
    due = began
    for step in range(steps):
        live.call(partial(put, live, first + step * count // steps, count // steps))
        if time.perf_counter() >= due:
            page.keyboard.press(keys)
            due += KEY_EVERY_S
        time.sleep(max(0.0, began + (step + 1) * BURST_S / STEPS - time.perf_counter()))
    while time.perf_counter() < began + 2 * BURST_S:
        page.keyboard.press(keys)
        time.sleep(KEY_EVERY_S)
    return time.perf_counter() - began


def run(rows: int, came: int) -> list[dict[str, Any]]:
    """Measure every case."""
    results = []
    with (
        tempfile.TemporaryDirectory() as folder,
        live_console(Path(folder)) as live,
        sync_playwright() as playwright,
    ):
        live.call(lambda: put(live, 0, rows))
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = opened(browser, live)
        results.append(measured(page, f"sign in, {rows} alerts open", 1))
        first = rows
        for case, address, steps in (
            ("as it stands", "", STEPS),
            ("sorted by title", "sort=title", STEPS),
            ("filtered by words", "text=tank", STEPS),
            ("gathered by incident", "group=1", STEPS),
            ("all at once, so that the page asks for everything anew", "", 1),
        ):
            page.evaluate("a => { location.hash = '#/alarms/' + encodeURIComponent(a) }", address)
            page.wait_for_timeout(500)
            reset(page)
            seconds = burst(page, live, first, came, "j", steps)
            results.append(measured(page, f"{came} more in {BURST_S:g} s, {case}", seconds))
            first += came
        page.evaluate("location.hash = '#/alarms/group=0'")
        page.wait_for_timeout(500)
        for case, target in (
            ("sort by title", "th.c-title button"),
            ("sort by value", "th.c-value button"),
            ("search", "input[type=search]"),
            ("mark all", "th input"),
        ):
            reset(page)
            if case == "search":
                page.locator(target).fill("v-77")
            else:
                page.locator(target).click()
            results.append(measured(page, f"{case}, {first} alerts open", 1))
        results[-1]["rows_in_the_page"] = page.locator("tbody tr").count()
        heap = page.context.new_cdp_session(page).send("Runtime.getHeapUsage")["usedSize"]
        results[-1]["heap_mb"] = round(heap / 1e6)
        browser.close()
    return results


def table(results: list[dict[str, Any]], rows: int, came: int, load: tuple[float, float]) -> str:
    """Return the results as the page in bench/results."""
    head = (
        f"# The alarm list with {rows} rows and {came} alerts in a second\n\n"
        f"`python -m bench.console_list`, {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Debian's Chromium without a "
        f"GPU, server and browser on the same two cores, which others used too (load average {load[0]:.1f} before, {load[1]:.1f} after). A key's wait is from the press to the frame after it was painted; "
        "a long task is one over 50 ms, as the browser reports it. Wanted: no key waits over 100 ms.\n\n"
        "| case | keys | wait p50, ms | wait max, ms | long tasks | longest, ms | frames/s |\n|---|---|---|---|---|---|---|\n"
    )
    lines = [
        f"| {r['case']} | {r['keys'] or '–'} | {r['key_p50_ms'] if r['keys'] else '–'} | {r['key_max_ms'] if r['keys'] else '–'} "
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
