"""`hazwatch bench alerts`: the alarm desk in a burst, and what an event costs beside how many alerts are open."""

from collections.abc import Callable

import numpy as np

from alerting.desk import AlertDesk, Told
from alerting.grades_file import default_grades
from alerting.routes_file import routes_to_log
from detectors.findings import FINDING, NO_PEER, Edge, FindingBlock, Method
from registry.sensors import LIMIT_NAMES, SensorRegistry
from service.bench.figures import Figure, Peer, Target
from service.bench.timing import best_s
from service.bench.workload import T0_NS, plant

BURST, BURST_SENSORS = 100_000, 1_000
BURST_WITHIN_S = 5.0
OPEN = (10, 1_000, 100_000)
"""So many alerts are open while the cost of an event is measured."""
TOUCHED = 10
"""Of them these are cleared and reopened."""
SECOND_NS = 1_000_000_000


def crossings(sensors: np.ndarray, edge: Edge, at_ns: int) -> FindingBlock:
    """Return one finding for each of the sensors, by number: its limit h is crossed, or left."""
    rows = np.zeros(len(sensors), FINDING)
    rows["now_ns"] = rows["t_ns"] = rows["onset_ns"] = at_ns
    rows["sensor"] = sensors
    rows["method"], rows["edge"] = Method.LIMIT, edge
    rows["limit"] = LIMIT_NAMES.index("h")
    rows["value"] = rows["statistic"] = 86.0 + sensors * 7919 % 1000 / 100
    rows["threshold"], rows["bound"], rows["score"] = 85.0, 85.0, 0.5
    rows["forecast_s"] = np.nan
    rows["peer_1"] = rows["peer_2"] = NO_PEER
    return FindingBlock(rows)


def desk_of(registry: SensorRegistry) -> AlertDesk:
    """Return a desk with the packaged grades and routes."""
    return AlertDesk(registry, default_grades(), routes_to_log())


def burst() -> list[FindingBlock]:
    """Return the burst: all sensors cross their limit and come back, again and again, a second apart."""
    everyone = np.arange(BURST_SENSORS)
    edges = (Edge.RAISED, Edge.RECOVERED)
    return [crossings(everyone, edges[k % 2], T0_NS + k * SECOND_NS) for k in range(BURST // BURST_SENSORS)]


def taken(desk: AlertDesk, blocks: list[FindingBlock]) -> Told:
    """Let a desk take blocks a second apart; return all that it told."""
    told = Told()
    for k, block in enumerate(blocks):
        more = desk.apply(block, T0_NS + k * SECOND_NS)
        told.events += more.events
        told.notifications += more.notifications
    return told


def passed(desk: AlertDesk, blocks: list[FindingBlock]) -> int:
    """Let a desk take blocks and keep nothing, as the service does when they are on disk; return the notifications."""
    return sum(len(desk.apply(block, T0_NS + k * SECOND_NS).notifications) for k, block in enumerate(blocks))


def with_open(count: int) -> tuple[AlertDesk, Callable[[], None]]:
    """Return a desk with so many open alerts, and what clears and reopens some of them."""
    desk = desk_of(plant(count))
    desk.apply(crossings(np.arange(count), Edge.RAISED, T0_NS), T0_NS)
    few = np.arange(min(count, TOUCHED))
    clock = [T0_NS]

    def step() -> None:
        for edge in (Edge.RECOVERED, Edge.RAISED):
            clock[0] += SECOND_NS
            desk.apply(crossings(few, edge, clock[0]), clock[0])

    return desk, step


def measure(seconds: float, say: Callable[[str], None]) -> list[Figure]:
    """Measure for about `seconds`."""
    say(f"alerts: a burst of {BURST} findings over {BURST_SENSORS} sensors")
    registry, blocks = plant(BURST_SENSORS), burst()
    found = best_s(lambda: passed(desk_of(registry), blocks), seconds / 4)
    figures = [
        Figure(
            name=f"burst of {BURST} findings over {BURST_SENSORS} sensors, to notifications",
            value=found,
            unit="s",
            target=Target(limit=BURST_WITHIN_S, at_least=False),
        )
    ]
    first: float | None = None
    for count in OPEN:
        say(f"alerts: {count} open")
        _, step = with_open(count)
        each_s = best_s(step, seconds / 4) / (2 * min(count, TOUCHED))
        first = first or each_s
        figures.append(
            Figure(
                name=f"one event with {count} alerts open",
                value=each_s * 1e6,
                unit="µs",
                beside=Peer(name=f"with {OPEN[0]} open", value=first * 1e6),
                target=Target(limit=2.0, at_least=False, of="ratio"),
            )
        )
    return figures
