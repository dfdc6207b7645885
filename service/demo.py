"""The demo: a simulated site that publishes over a real broker to a real service, all on this machine."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from alerting.events import AlertEvent
from alerting.notification import Notification
from console.accounts import Role, add_user, database_path
from detectors.clock import Clock
from ingest.mqtt import MqttSettings
from service.app import Running, Service
from service.pipeline import Outcome
from service.plan import Loaded
from service.settings_parts import ConsolePart, MqttPart
from sim.outgoing import Addresses, Packer
from sim.publish import Published, Publisher, publish
from sim.recorded import Recorded
from sim.site import SiteSim

NS = 1_000_000_000
USER = "demo"
STEP_S = 1
"""Simulated seconds that are made at a time."""
POLL_S = 0.02
SETTLE_S = 30.0
"""How long the service may take to work off what was published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """What a demo shows and where its gateway publishes: how long (None: until it is ended), from which start, live or as fast as it goes."""

    gateway_url: str
    seed: int
    start_ns: int
    minutes: float | None
    headless: bool


@dataclass(frozen=True, slots=True)
class Greeting:
    """Where the page is and how to sign in; None without a console."""

    url: str | None
    user: str
    password: str


def demo_settings(loaded: Loaded, broker_url: str, port: int, *, headless: bool) -> Loaded:
    """Return the demo site's settings on this broker: without a console and on the event clock when headless."""
    settings = loaded.settings.model_copy(
        update={
            "mqtt": MqttPart(url=broker_url),
            "clock": Clock.EVENT if headless else Clock.WALL,
            "console": None if headless else ConsolePart(listen=f"127.0.0.1:{port}"),
        }
    )
    plan = replace(loaded.plan, clock=settings.clock, routes=loaded.plan.routes.rehearsed())
    return replace(loaded, settings=settings, plan=plan)


class Demo:
    """One run of the demo."""

    def __init__(
        self,
        loaded: Loaded,
        show: Show,
        *,
        greet: Callable[[Greeting], None],
        tell: Callable[[Sequence[AlertEvent]], None],
        call: Callable[[Sequence[Notification]], None],
    ) -> None:
        self._loaded = loaded
        self._show = show
        self._greet = greet
        self._call = call
        self._service = Service(
            loaded, on_running=self._on_running, on_events=tell, tell_troubles=not show.headless
        )
        self._running: asyncio.Future[Running] | None = None
        self._ended = False
        self.published: Published | None = None

    def stop(self) -> None:
        """End it: nothing more is published, the service drains."""
        self._ended = True
        self._service.stop()

    async def run(self) -> None:
        """Run until `stop` or until its minutes are over and everything published is worked off."""
        self._running = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._service.run(), name="service")
            running = await self._running
            self.published = await asyncio.to_thread(self._publish, running)
            await self._worked_off(running, self.published.readings)
            self._service.stop()

    def _on_running(self, running: Running) -> None:
        running.runtime.hooks.on_outcome.append(self._call_people)
        password = secrets.token_urlsafe(9)
        if running.url is not None:
            add_user(database_path(self._loaded.settings.state_dir), USER, Role.ADMIN, password)
        self._greet(Greeting(running.url, USER, password))
        assert self._running is not None, "the service runs inside `run`"
        self._running.set_result(running)

    def _call_people(self, outcome: Outcome) -> None:
        """Tell of those who are called while nobody acknowledges."""
        called = [one for one in outcome.notifications if one.person is not None]
        if called:
            self._call(called)

    def _publish(self, running: Running) -> Published:
        """Publish once the service has subscribed: what a broker gets before that, nobody gets."""
        while not self._ended and not running.source.state().healthy:
            time.sleep(POLL_S)
        with Publisher(MqttSettings(url=self._show.gateway_url, client_id="", clean=True)) as publisher:
            return publish(self._chunks(), [publisher], Packer(Addresses()), None)

    def _chunks(self) -> Iterator[Recorded]:
        """Yield the site's readings; live, each second's when that second has come."""
        show = self._show
        site = SiteSim(show.seed, show.start_ns)
        until_ns = show.start_ns
        end_ns = None if show.minutes is None else show.start_ns + round(show.minutes * 60 * NS)
        while not self._ended and (end_ns is None or until_ns < end_ns):
            until_ns += STEP_S * NS
            if not show.headless:
                self._wait_until(until_ns)
            yield site.step(until_ns)

    def _wait_until(self, t_ns: int) -> None:
        while not self._ended and (left_ns := t_ns - time.time_ns()) > 0:
            time.sleep(min(0.05, left_ns / NS))

    async def _worked_off(self, running: Running, readings: int) -> None:
        """Wait until the service has taken what was published, unless the demo was ended early."""
        done = asyncio.Event()

        def look(_: object) -> None:
            if running.runtime.pipeline.counts.readings >= readings:
                done.set()

        running.runtime.hooks.on_outcome.append(look)
        look(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0 if self._ended else SETTLE_S):
                await done.wait()
