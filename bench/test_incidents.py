"""Incidents and floods: what an event costs with few and with many alerts open; silence of a whole plant at once."""

from collections.abc import Callable

import msgspec
import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alerting.book import AlertBook
from alerting.conditions import changes
from alerting.desk import AlertDesk
from alerting.events import AlertEvent
from alerting.grades_file import default_grades
from alerting.incidents.flood import FloodWatch
from alerting.incidents.gathering import Incidents
from alerting.incidents.settings import IncidentSettings
from alerting.routes_file import routes_to_log
from bench.test_book import REGISTRY, crossings
from detectors.findings import Edge, FindingBlock, Method
from service.bench.workload import T0_NS

[OPENED] = (
    AlertDesk(REGISTRY, default_grades(), routes_to_log())
    .apply(FindingBlock(crossings(Edge.RAISED, T0_NS).rows[:1]), T0_NS)
    .events
)
SECOND_NS = 1_000_000_000


def event(n: int, sources: int, what: str) -> AlertEvent:
    """Return an event of alert `n`, which is of one of so many sources."""
    return msgspec.structs.replace(
        OPENED, id=f"a{n}", sensor=f"p/s{n}", source=f"source {n % sources}", event=what
    )


@pytest.mark.parametrize("open_alerts", [10, 1000, 100_000])
def test_event(benchmark: BenchmarkFixture, sized: Callable[[int], int], open_alerts: int) -> None:
    open_alerts = sized(open_alerts)
    sources = max(open_alerts // 100, 1)
    incidents, floods = Incidents(IncidentSettings()), FloodWatch(IncidentSettings(), REGISTRY.plant)
    standing = [event(n, sources, "opened") for n in range(open_alerts)]
    floods.offer(incidents.offer(standing, T0_NS), T0_NS)
    more = [
        event(open_alerts + n, sources, what)
        for n in range(300)
        for what in ("opened", "escalated", "closed")
    ]

    def offer() -> int:
        return len(floods.offer(incidents.offer(more, T0_NS + SECOND_NS), T0_NS + SECOND_NS))

    benchmark.extra_info["events"] = len(more)
    assert benchmark(offer) == len(more)
    assert sum(len(view.open_alerts) for view in incidents.open_incidents()) == open_alerts


def test_silence_of_all(benchmark: BenchmarkFixture) -> None:
    rows = crossings(Edge.RAISED, T0_NS).rows
    rows["method"], rows["limit"], rows["bound"], rows["value"] = Method.DEAD, -1, np.nan, np.nan
    ids = [spec.id for spec in REGISTRY.specs]
    silent = list(changes(FindingBlock(rows), ids))

    def fall_silent() -> int:
        book = AlertBook(REGISTRY, default_grades())
        return sum(len(book.take(change)) for change in silent)

    benchmark.extra_info["findings"] = len(silent)
    assert 0 < benchmark(fall_silent) <= len(silent)
