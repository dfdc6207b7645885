"""What one event costs in routing, beside so many alerts that are open already: it must not grow with them."""

import gc
from collections.abc import Callable

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alerting.commands import Silence
from alerting.dispatch import Dispatcher
from alerting.events import AlertEvent
from alerting.inhibition import InhibitRule
from alerting.limits import Limit
from alerting.notify.settings import LogSettings
from alerting.routes import Routes
from alerting.routing import Grouping, Matcher, Op, Route
from registry.sensors import SensorRegistry
from service.bench.workload import T0_NS, plant

EVENTS = 200
_S = 1_000_000_000
_BLANK = AlertEvent(
    id="", seq=0, time="2026-01-01T00:00:00.000Z", event="opened", state="unack", grade="yellow", kind="high",
    sensor=None, enterprise=None, source=None, equipment=None, area=None, value=1.0, unit="m", limit=1.0,
    limit_name="h", forecast_s=None, onset=None, score=0.5, title={"zh": "高", "en": "high"}, why={"reasons": []},
)  # fmt: skip
ROUTES = Routes(
    Route(
        path="route",
        receiver="duty",
        children=(
            Route(path="route.routes[0]", receiver="plain", carry_on=True),
            Route(
                path="route.routes[1]",
                receiver="groups",
                grouping=Grouping(by=("kind",), wait_s=10.0, interval_s=10.0),
                carry_on=True,
            ),
            Route(path="route.routes[2]", receiver="few"),
        ),
    ),
    {name: LogSettings() for name in ("duty", "plain", "groups", "few")},
    inhibit=(
        InhibitRule(
            path="inhibit[0]",
            source=(Matcher("grade", Op.EQUAL, "orange"),),
            target=(Matcher("grade", Op.EQUAL, "yellow"),),
            equal=("sensor",),
        ),
    ),
    limits={"few": Limit(10, 60.0)},
)


def _made(open_alerts: int, registry: SensorRegistry) -> Dispatcher:
    made = Dispatcher(ROUTES, registry)
    silence = Silence(matchers=("grade=blue",), by="li", comment="x", until_ns=T0_NS + 3600 * _S)
    made.command(silence, T0_NS)
    for n in range(open_alerts):
        made.offer([opening(n, registry)], T0_NS)
    made.tick(T0_NS + 60 * _S)
    return made


def opening(n: int, registry: SensorRegistry) -> AlertEvent:
    """Return the opening of the alert number `n`."""
    sensor = registry.specs[n % len(registry.specs)].id
    grade = ("blue", "yellow", "orange", "yellow")[n % 4]
    return msgspec.structs.replace(_BLANK, id=f"a{n}", seq=n + 1, sensor=sensor, grade=grade)


@pytest.mark.parametrize("open_alerts", [10, 1_000, 100_000])
def test_events_beside_open_alerts(
    benchmark: BenchmarkFixture, sized: Callable[[int], int], open_alerts: int
) -> None:
    open_alerts = sized(open_alerts)
    registry = plant(1_000)
    made = _made(open_alerts, registry)
    first = open_alerts

    def run() -> int:
        nonlocal first
        told = 0
        for n in range(first, first + EVENTS):
            event = opening(n, registry)
            told += len(made.offer([event], T0_NS + 60 * _S)[1])
            over = msgspec.structs.replace(event, event="cleared", state="rtnun")
            told += len(made.offer([over], T0_NS + 60 * _S)[1])
            closed = msgspec.structs.replace(event, event="closed", state="closed")
            told += len(made.offer([closed], T0_NS + 60 * _S)[1])
        first += EVENTS
        return told

    gc.collect()
    gc.freeze()  # as the service does after its start: what is measured is routing
    try:
        benchmark.pedantic(run, rounds=5, warmup_rounds=1)  # type: ignore[no-untyped-call]  # it has none
    finally:
        gc.unfreeze()
    benchmark.extra_info["events"] = 3 * EVENTS
