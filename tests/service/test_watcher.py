"""The watcher over a real ledger: troubles become alerts, also when they could not be kept at first."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import service.watcher as watcher_module
from alerting.commands import SystemCondition
from console.backend import Health
from console.feed import Feed
from ingest.mqtt import Phase
from registry.plant import Text
from service.live import LiveConsole
from service.plan import Loaded, Secrets
from service.settings import Settings
from service.watcher import Watcher
from store.null import NullStore
from tests.service.rig import Rig, running, turns, until
from tests.service.site import FlakyLedger, plan


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FlakyLedger]:
    monkeypatch.setattr(watcher_module, "WATCH_S", 0.001)
    with FlakyLedger.open(tmp_path / "state") as opened:
        yield opened


class Parts:
    """The shells as the watcher sees them, all well."""

    def __init__(self) -> None:
        self.link: Any = SimpleNamespace(healthy=True, phase=Phase.CONNECTED, since_ns=0, reason="")
        self.store: Any = SimpleNamespace(state="ok", since_ns=0, last_error="", dropped=0, spooled_bytes=0)
        self.states: dict[str, Any] = {}

    def state(self) -> Any:
        return self.link

    def filling(self) -> float:
        return 0.0

    def health(self) -> Any:
        return self.store


def watcher_of(rig: Rig, parts: Any, state_dir: Path) -> Watcher:
    settings = Settings(points=state_dir / "points.csv", state_dir=state_dir)
    loaded = Loaded(settings=settings, plan=plan(), secrets=Secrets(), warnings=())
    live = LiveConsole(rig.runtime, NullStore(), Feed())
    return Watcher(
        loaded, rig.runtime, parts, parts, parts, live, tell_troubles=True, settings_refused=lambda: None
    )


def told(ledger: FlakyLedger) -> list[str]:
    """Name and event of each line about hazwatch itself."""
    events = [e.line.decode() for e in ledger.alert_events()]
    return [line.split('"event":"')[1].split('"')[0] for line in events]


def test_all_is_well_and_the_probes_say_so(ledger: FlakyLedger) -> None:
    async def main() -> None:
        rig = Rig(ledger)
        probes = watcher_of(rig, Parts(), ledger.path.parent).probes()
        for probe in (probes.healthz, probes.readyz):
            well, body = probe()
            assert well
            assert body["state"] is Health.OK
            assert body["parts"]["disk"]["detail"]["zh"]
        text, kind = probes.metrics()
        assert b"hazwatch_health" in text
        assert kind.startswith("text/plain")

    asyncio.run(main())


def test_a_lost_broker_is_not_ready_and_alive(ledger: FlakyLedger) -> None:
    async def main() -> None:
        parts = Parts()
        parts.link = SimpleNamespace(healthy=False, phase=Phase.CONNECTED, since_ns=7, reason="refused")
        probes = watcher_of(Rig(ledger), parts, ledger.path.parent).probes()
        assert probes.healthz()[0]
        ready, body = probes.readyz()
        assert not ready
        assert body["parts"]["broker"]["detail"]["en"] == "lost, readings may be missing: refused"

    asyncio.run(main())


def test_a_trouble_that_an_earlier_run_told_of_ends(ledger: FlakyLedger) -> None:
    async def main() -> None:
        rig = Rig(ledger)
        trouble = SystemCondition(name="store", active=True, detail=Text("库", "store"))
        async with running(rig):
            rig.runtime.command(trouble)
            watch = asyncio.create_task(watcher_of(rig, Parts(), ledger.path.parent).run())
            await until(lambda: len(told(ledger)) >= 2)
            watch.cancel()
        assert told(ledger) == ["opened", "cleared"]

    asyncio.run(main())


def test_a_full_disk_ends_nobody_and_is_told_afterwards(
    ledger: FlakyLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        rig = Rig(ledger)
        monkeypatch.setattr("service.runtime.LEDGER_RETRY_S", 0.001)
        async with running(rig):
            watch = asyncio.create_task(watcher_of(rig, Parts(), ledger.path.parent).run())
            ledger.down = True
            rig.high()
            await rig.pass_by()
            await asyncio.sleep(0.02)
            assert not watch.done()
            assert told(ledger) == []
            ledger.down = False
            await until(lambda: len(told(ledger)) >= 3)
            await turns()
            watch.cancel()
        assert told(ledger) == ["opened", "opened", "cleared"], "the level, then the ledger's own trouble"

    asyncio.run(main())
