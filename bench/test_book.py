"""The alarm desk under a burst: every sensor of a plant crosses a limit at once, and comes back."""

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from alerting.desk import AlertDesk
from alerting.grades_file import default_grades
from alerting.routes_file import routes_to_log
from detectors.findings import FINDING, NO_PEER, Edge, FindingBlock, Method
from registry.sensors import LIMIT_NAMES
from service.bench.workload import T0_NS, plant

SENSORS = 500
REGISTRY = plant(SENSORS)


def crossings(edge: Edge, at_ns: int) -> FindingBlock:
    """Return one finding a sensor at its limit h."""
    rows = np.zeros(SENSORS, FINDING)
    rows["now_ns"] = rows["t_ns"] = rows["onset_ns"] = at_ns
    rows["sensor"] = np.arange(SENSORS)
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
