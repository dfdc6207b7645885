"""`hazwatch demo`: everything on this machine, no server needed."""

import asyncio
import math
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from alerting.texts import with_local_times
from service.broker import Urls, embedded_broker
from service.commands.answers import USAGE, cause_of, end
from service.logs import configure_logs
from service.terminal import terminal
from service.warm import use_compile_cache, user_cache, warm_up
from sim.demo import write_demo
from sim.site import START_NS
from sim.truth import truth_of_site
from sim.writing import write_truth

if TYPE_CHECKING:
    from alerting.events import AlertEvent
    from alerting.notification import Notification
    from service.demo import Greeting

STYLES = {
    "red": "bold white on red",
    "orange": "bold black on orange1",
    "yellow": "black on yellow",
    "blue": "white on blue",
}
TRUTH_HOURS = 1.0
"""How much truth is written for a demo that runs until it is ended."""


def command(
    *,
    seed: Annotated[int, typer.Option(min=0, help="the same seed gives the same story")] = 1,
    minutes: Annotated[
        float | None, typer.Option(help="ends by itself after so many simulated minutes")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="of the console; 0 takes a free one")] = 8080,
    headless: Annotated[
        bool,
        typer.Option(help="no console, simulated time as fast as it goes, alert lines on standard output"),
    ] = False,
    truth: Annotated[
        Path | None, typer.Option(help="writes the labelled truth here, where it outlives the demo")
    ] = None,
) -> None:
    """Run embedded broker, simulated site, pipeline, store and console on this machine."""
    if minutes is not None and not 0 < minutes < math.inf:
        end(f"error: --minutes: {minutes} is no duration (allowed: a number above 0)", USAGE)
    if headless and minutes is None:
        minutes = 3.0
    with tempfile.TemporaryDirectory(prefix="hazwatch-demo-") as name:
        folder = Path(name)
        use_compile_cache(user_cache())
        configure_logs("error" if not headless else "warning")
        config = write_demo(folder)
        warm_up()
        start_ns = START_NS if headless else time.time_ns()
        truth = truth or folder / "truth.json"
        hours = TRUTH_HOURS if minutes is None else minutes / 60
        write_truth(truth_of_site(seed, start_ns, round(hours * 3600)), truth)
        voice = _Voice(truth, headless=headless)
        with embedded_broker(folder) as urls:
            _run(config, urls, port, voice, seed=seed, start_ns=start_ns, minutes=minutes, headless=headless)


def _run(
    config: Path,
    urls: Urls,
    port: int,
    voice: "_Voice",
    *,
    seed: int,
    start_ns: int,
    minutes: float | None,
    headless: bool,
) -> None:
    from console.server import ListenError  # noqa: PLC0415 - imports numba, whose cache has its place only now
    from service.demo import Demo, Show, demo_settings  # noqa: PLC0415 - as above
    from service.plan import load  # noqa: PLC0415 - as above

    loaded = demo_settings(load(config), urls.mqtt5, port, headless=headless)
    show = Show(gateway_url=urls.mqtt311, seed=seed, start_ns=start_ns, minutes=minutes, headless=headless)

    async def main() -> Demo:
        demo = Demo(loaded, show, greet=voice.greet, tell=voice.tell, call=voice.call)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, demo.stop)
        await demo.run()
        return demo

    try:
        done = asyncio.run(main())
    except* ListenError as group:
        end(f"error: {cause_of(group)}")
    voice.sum_up(0 if done.published is None else done.published.readings)


class _Voice:
    """What the demo says: alert lines on standard output when headless, else for people."""

    def __init__(self, truth: Path, *, headless: bool) -> None:
        self._truth = truth
        self._headless = headless
        self._console = terminal(stderr=headless)
        self._zone = datetime.now().astimezone().tzinfo or UTC
        self._opened: Counter[str] = Counter()
        self._began = time.monotonic()

    def greet(self, greeting: "Greeting") -> None:
        """Say where the page is."""
        if greeting.url is None:
            return
        self._say("\n  console / 控制台   ", (greeting.url, "bold"))
        self._say("  user / 用户        ", (greeting.user, "bold"))
        self._say("  password / 密码    ", (greeting.password, "bold"))
        self._say(f"  truth / 真值       {self._truth}")
        self._say("  Ctrl-C ends it. / 按 Ctrl-C 结束。\n")

    def tell(self, events: Sequence["AlertEvent"]) -> None:
        """Tell alert events."""
        for event in events:
            if event.event == "opened":
                self._opened[event.grade] += 1
            if self._headless:
                sys.stdout.buffer.write(event.line() + b"\n")
                sys.stdout.buffer.flush()
                continue
            self._say(
                f"{self._clock(event.time)} ",
                (f" {event.grade:^6} ", STYLES[event.grade]),
                with_local_times(f" {event.event:<12} {event.title['zh']} / {event.title['en']}", self._zone),
            )

    def call(self, called: Sequence["Notification"]) -> None:
        """Tell who is called for an alert that nobody has acknowledged, and by which step of which chain."""
        for one in called:
            said = with_local_times(f" {one.person:<12} {one.reason.zh} / {one.reason.en}", self._zone)
            self._say(f"{self._clock(one.time)} ", ("  call  ", "bold"), said)

    def _clock(self, time: str) -> str:
        return f"{datetime.fromisoformat(time).astimezone(self._zone):%H:%M:%S}"

    def _say(self, *parts: str | tuple[str, str]) -> None:
        self._console.print(Text.assemble(*parts), highlight=False)

    def sum_up(self, readings: int) -> None:
        """Tell what there was."""
        table = Table(
            "readings / 读数", *(f"{grade}" for grade in STYLES), "seconds / 秒", title="demo / 演示"
        )
        counts = (str(self._opened[grade]) for grade in STYLES)
        table.add_row(f"{readings:,}", *counts, f"{time.monotonic() - self._began:.1f}")
        self._console.print(table)
