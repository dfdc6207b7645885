"""Pictures of every page of the console over `hazwatch demo`: both languages; desk, wall and hand.

``python bench/screenshots.py FOLDER [--docs] [--after MINUTES]``. The demo is started here, on a free port, and left to run
for some minutes, so that alerts of its story stand; then each page that the page itself names is taken. With ``--docs``
the chosen ones go into docs/img as well, reduced to a palette. Needs Debian's package chromium and the built page.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "console/page/src/lib/page.svelte.ts"
IMAGES = ROOT / "docs/img"
SIZES = {"desk": (1920, 1080), "wall": (3840, 2160), "hand": (390, 844)}
LANGUAGES = {"en": "en-GB", "zh": "zh-CN"}
CHOSEN = {
    "alarms-desk-en": "console-en.png",
    "alarms-desk-zh": "console-zh.png",
    "overview-desk-en": "overview-en.png",
    "overview-desk-zh": "overview-zh.png",
    "source-desk-en": "source-en.png",
    "alert-desk-en": "alert-en.png",
    "alarms-hand-zh": "hand-zh.png",
    "wall-desk-en": "wall-en.png",
}
"""Which pictures the documents show, by the name that they have there."""
DOCS_WIDTH = 1600
_STARTS_WITHIN_S = 600
"""Where the detectors are compiled first, beside other work."""
SETTLE_MS = 1500


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demonstration."""

    url: str
    user: str
    password: str


@contextmanager
def demo() -> Iterator[Demo]:
    """Run `hazwatch demo` on a free port until it is no longer needed."""
    command = [sys.executable, "-m", "service.main", "demo", "--port", "0"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=ROOT, stdout=said, stderr=subprocess.STDOUT)
        try:
            yield _told(said, process)
        finally:
            process.terminate()
            process.wait(30)


def _told(said: Any, process: subprocess.Popen[bytes]) -> Demo:
    ends_s = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < ends_s and process.poll() is None:
        time.sleep(0.5)
        said.seek(0)
        text = said.read().decode(errors="replace")
        found = re.search(r"(http://[\d.:]+)/?\s+user\W+\S+\s+(\S+)\s+password\W+\S+\s+(\S+)", text)
        if found:
            return Demo(*found.groups())
    raise SystemExit("the demonstration did not start")


def named(table: str) -> list[str]:
    """Return the pages of a table of the page's own source."""
    listed = re.search(rf"const {table} = \[(.*?)\]", TABLES.read_text(encoding="utf-8"), re.DOTALL)
    if listed is None:
        raise SystemExit(f"{TABLES} has no table {table}")
    return re.findall(r'"(\w+)"', listed[1])


def addresses(running: Demo) -> dict[str, str]:
    """Every page's address; pages of one thing show the gravest alert, its source and its sensors."""
    with httpx.Client(base_url=running.url, headers={"X-Hazwatch": "1"}, timeout=30) as client:
        client.post(
            "/api/v1/login", json={"name": running.user, "password": running.password}
        ).raise_for_status()
        alerts = client.get("/api/v1/alerts").json()["alerts"]
    grades = ["red", "orange", "yellow", "blue"]
    placed = [row for row in alerts if row["sensor"] and row["source"]]
    if not placed:
        raise SystemExit("no alert stands yet; give the story more time by --after")
    worst = min(placed, key=lambda row: (row["kind"] not in {"high", "low"}, grades.index(row["grade"])))
    of_one = {
        "alert": f"#/alert/{worst['id']}",
        "source": f"#/source/{worst['enterprise']}/{worst['source']}",
        "trends": f"#/trends/{worst['sensor'].replace('/', '%2F')}",
    }
    names = [*named("PAGES"), *named("OF_ONE"), *named("ALONE")]
    return {name: of_one.get(name, f"#/{name}") for name in names}


def signed_in(browser: Browser, running: Demo, size: str, language: str) -> Page:
    """Open the console as somebody with this screen and language."""
    width, height = SIZES[size]
    page = browser.new_page(viewport={"width": width, "height": height}, locale=LANGUAGES[language])
    page.goto(running.url)
    page.locator("input[name=username]").fill(running.user)
    page.locator("input[name=password]").fill(running.password)
    page.locator("form button.go").click()
    page.locator("tbody tr[data-id]").first.wait_for()
    return page


def take(page: Page, name: str, address: str, path: Path) -> None:
    """Take one page; what blinks is taken while it is seen."""
    page.evaluate("address => { location.hash = address }", address)
    page.locator("main, .body > section").first.wait_for()
    if name == "alarms" and (page.viewport_size or {"width": 0})["width"] > 1100:
        page.locator("tbody tr[data-id] .title").first.click()
    if name == "reports":
        page.locator("main table").first.wait_for()
    page.wait_for_timeout(SETTLE_MS)
    if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        print(f"{path.name}: wider than its screen")
    while page.evaluate("document.documentElement.classList.contains('dim-phase')"):
        page.wait_for_timeout(50)
    page.screenshot(path=path, animations="disabled")


def reduce(taken: Path, kept: Path) -> None:
    """Write a picture as documents need it: no wider than they show it, of 256 colours; an octree keeps the few that grades have."""
    with Image.open(taken) as image:
        height = round(image.height * min(1, DOCS_WIDTH / image.width))
        small = image.convert("RGB").resize((min(image.width, DOCS_WIDTH), height), Image.Resampling.LANCZOS)
        small.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(kept, optimize=True)


def main() -> None:
    """Run the demonstration and take the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", action="store_true", help="put the chosen ones into docs/img")
    parser.add_argument(
        "--after", type=float, default=4.0, metavar="MINUTES", help="how long the story runs first"
    )
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    with demo() as running, sync_playwright() as playwright:
        time.sleep(asked.after * 60)
        pages = addresses(running)
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for size in SIZES:
            for language in LANGUAGES:
                page = signed_in(browser, running, size, language)
                for name, address in pages.items():
                    take(page, name, address, asked.folder / f"{name}-{size}-{language}.png")
                page.context.close()
        browser.close()
    if asked.docs:
        for taken, kept in CHOSEN.items():
            reduce(asked.folder / f"{taken}.png", IMAGES / kept)
    print(f"{len(pages) * len(SIZES) * len(LANGUAGES)} pictures in {asked.folder}")


if __name__ == "__main__":
    main()
