"""The alarm desk under a burst, and what one alert costs the book among few and among many open ones."""

from collections.abc import Callable

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alerting.book import AlertBook
from alerting.commands import Shelve, Unshelve
from alerting.conditions import changes
from alerting.desk import AlertDesk
from alerting.grades_file import default_grades
from alerting.routes_file import routes_to_log
from detectors.findings import FINDING, NO_PEER, Edge, FindingBlock, Method
from registry.sensors import LIMIT_NAMES
from service.bench.workload import T0_NS, plant

SENSORS = 500
REGISTRY = plant(SENSORS)


def crossings(edge: Edge, at_ns: int, sensors: int = SENSORS) -> FindingBlock:
    """Return one finding a sensor at its limit h."""
    rows = np.zeros(sensors, FINDING)
    rows["now_ns"] = rows["t_ns"] = rows["onset_ns"] = at_ns
    rows["sensor"] = np.arange(sensors)
    rows["method"], rows["edge"] = Method.LIMIT, edge
    rows["limit"] = LIMIT_NAMES.index("h")
    rows["value"] = rows["statistic"] = 86.0
    rows["threshold"], rows["bound"], rows["score"] = 85.0, 85.0, 0.5
    rows["forecast_s"] = np.nan
    rows["peer_1"] = rows["peer_2"] = NO_PEER
    return FindingBlock(rows)


@pytest.mark.parametrize("returns", [False, True], ids=["opened", "opened_and_cleared"])
def test_burst(benchmark: BenchmarkFixture, returns: bool) -> None:
    raised = crossings(Edge.RAISED, T0_NS)
    recovered = crossings(Edge.RECOVERED, T0_NS + 1_000_000_000)

    def burst() -> int:
        desk = AlertDesk(REGISTRY, default_grades(), routes_to_log())
        events = desk.apply(raised, T0_NS).events
        return len(events) + (len(desk.apply(recovered, T0_NS + 1_000_000_000).events) if returns else 0)

    benchmark.extra_info["findings"] = SENSORS * (1 + returns)
    assert benchmark(burst) >= SENSORS * (1 + returns)


@pytest.mark.parametrize("already", [10, 1_000, 100_000])
def test_among_open_alerts(benchmark: BenchmarkFixture, sized: Callable[[int], int], already: int) -> None:
    """Shelve an alert, unshelve it, and let its re-alarm be set, while so many others are open."""
    already = sized(already)
    registry = plant(already)
    book = AlertBook(registry, default_grades())
    ids = [spec.id for spec in registry.specs]
    for change in changes(crossings(Edge.RAISED, T0_NS, already), ids):
        book.take(change)
    sensor = registry.specs[already // 2].id
    shelve = Shelve(by="li", reason="x", sensor=sensor, second="wang")
    unshelve = Unshelve(by="li", sensor=sensor)

    def there_and_back() -> int:
        told = book.command(shelve, T0_NS) + book.command(unshelve, T0_NS)
        return len(told) + (book.next_deadline_ns() is not None)

    assert benchmark(there_and_back) >= 2
