"""What an alert costs at each stage of the alarm desk, with few and with many alerts open, and a burst of 100 000 findings.

``python bench/alerts.py [--burst N] [--open N ...] [--json OUT] [--markdown OUT]``. Processor time of one process. Each
burst is a process of its own, for its memory; half of its findings are of hazard sources of grade I, so that red and
yellow come mixed. The collector runs as often as in the service. The findings of a burst are of 1 000 hazard sources: of one
sensor each, ten findings of ten sensors each (`WORSE`), or every one of another sensor, an alert of its own.
"""

import argparse
import gc
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from alerting.desk import AlertDesk, Told  # noqa: E402 - the rooms are found from the checkout
from alerting.events import Event, Grade  # noqa: E402 - as above
from alerting.grades_file import default_grades  # noqa: E402 - as above
from alerting.routes_file import load_routes  # noqa: E402 - as above
from detectors.findings import FINDING, NO_PEER, Edge, FindingBlock, Method  # noqa: E402 - as above
from registry.plant import Area, Enterprise, HazardSource, Plant, SourceGrade, Text  # noqa: E402 - as above
from registry.sensors import LIMIT_NAMES, SensorRegistry, SensorSpec, SensorType  # noqa: E402 - as above
from service.app import COLLECTED_EVERY  # noqa: E402 - as above

Row = dict[str, Any]
T0_NS = 1_764_000_000_000_000_000
SECOND_NS = 1_000_000_000
SOURCES = 1000
ENTERPRISES = 100
PROBES = 2000
ROUTES = ROOT / "bench" / "alerts_routes.yaml"


def plant(sensors: int) -> SensorRegistry:
    """Return sensors of 1 000 hazard sources, half of grade I and half of grade IV, in 100 enterprises of one district."""
    areas = {
        "370200": Area(code="370200", name=Text("青岛市", "Qingdao")),
        "370211": Area(code="370211", name=Text("黄岛区", "Huangdao"), parent="370200"),
    }
    enterprises = {
        f"e{i}": Enterprise(id=f"e{i}", name=Text.same(f"works {i}"), area="370211")
        for i in range(ENTERPRISES)
    }
    sources = {
        f"s{i}": HazardSource(
            id=f"s{i}",
            enterprise=f"e{i % ENTERPRISES}",
            name=Text(f"罐区 {i}", f"tank farm {i}"),
            alpha=1.5,
            chemicals=(),
            r=160.0 if i % 2 else 5.0,
            s=25.0,
            grade=SourceGrade.I if i % 2 else SourceGrade.IV,
        )
        for i in range(SOURCES)
    }
    specs = tuple(
        SensorSpec(
            id=f"e{i % ENTERPRISES}/LT-{i}",
            sensor=f"LT-{i}",
            enterprise=f"e{i % ENTERPRISES}",
            source=f"s{i % SOURCES}",
            type=SensorType.LEVEL,
            unit="%",
            l=10.0,
            h=85.0,
            hh=90.0,
        )
        for i in range(sensors)
    )
    return SensorRegistry(specs, Plant(areas=areas, enterprises=enterprises, sources=sources))


def crossings(sensors: np.ndarray[Any, Any], limit: str, edge: Edge, at_ns: int) -> FindingBlock:
    """Return one finding a sensor about a limit."""
    rows = np.zeros(len(sensors), FINDING)
    rows["now_ns"] = rows["t_ns"] = rows["onset_ns"] = at_ns
    rows["sensor"] = sensors
    rows["method"], rows["edge"] = Method.LIMIT, edge
    rows["limit"] = LIMIT_NAMES.index(limit)
    rows["value"] = rows["statistic"] = 91.0
    rows["threshold"] = rows["bound"] = 85.0
    rows["score"], rows["forecast_s"] = 0.5, np.nan
    rows["peer_1"] = rows["peer_2"] = NO_PEER
    return FindingBlock(rows)


WORSE = (
    (Method.RATE, "", 1),
    (Method.EWMA, "", 1),
    (Method.FORECAST, "h", 1),
    (Method.CUSUM, "", 1),
    (Method.LIMIT, "h", 1),
    (Method.ROBUST_Z, "", 1),
    (Method.FORECAST, "hh", 1),
    (Method.STEP, "", 1),
    (Method.LIMIT, "hh", 1),
    (Method.RATE, "", 0),
)
"""What is found of a vessel that fills up: method, limit, whether it begins (1) or ends (0)."""


def filling(sensors: int) -> FindingBlock:
    """Return the findings of `WORSE`, each of all the sensors, at one time."""
    blocks = []
    for method, limit, begins in WORSE:
        edge = Edge.RAISED if begins else Edge.RECOVERED
        rows = crossings(np.arange(sensors), limit or "h", edge, T0_NS).rows
        rows["method"] = method
        if not limit:
            rows["limit"] = -1
        if method is Method.FORECAST:
            rows["forecast_s"] = 600.0
        blocks.append(rows)
    return FindingBlock(np.concatenate(blocks))


def of_one_sensor_each(findings: int) -> FindingBlock:
    """Return findings of as many sensors as there are hazard sources: each crosses its limit and comes back, again and again."""
    everyone = np.arange(SOURCES)
    rounds = range(findings // SOURCES)
    edges = (Edge.RAISED, Edge.RECOVERED)
    return FindingBlock(
        np.concatenate([crossings(everyone, "hh", edges[k % 2], T0_NS + k * SECOND_NS).rows for k in rounds])
    )


BURSTS: Mapping[str, tuple[Callable[[int], int], Callable[[int], FindingBlock]]] = {
    "1 sensor of each source, to and fro": (lambda _: SOURCES, of_one_sensor_each),
    "10 sensors of each source, 10 findings of each": (
        lambda n: n // len(WORSE),
        lambda n: filling(n // len(WORSE)),
    ),
    "every finding an alert of its own": (
        lambda n: n,
        lambda n: crossings(np.arange(n), "hh", Edge.RAISED, T0_NS),
    ),
}
"""Bursts by name: how many sensors there are, and the findings."""


def desk_of(registry: SensorRegistry) -> AlertDesk:
    """Return the desk with the bench's routes, without groups and chains."""
    routes, faults = load_routes(ROUTES, registry.plant)
    assert routes is not None, [str(fault) for fault in faults]
    return AlertDesk(registry, default_grades(), routes)


class Timed:
    """Stands before a stage and adds up the processor time of what it does with events."""

    def __init__(self, stage: Any, name: str, spent: dict[str, int]) -> None:
        self._stage, self._name, self._spent = stage, name, spent

    def __getattr__(self, called: str) -> Any:
        found = getattr(self._stage, called)
        if called not in {"take", "offer", "tick"}:
            return found

        def timed(*args: Any) -> Any:
            began_ns = time.process_time_ns()
            result = found(*args)
            self._spent[self._name] += time.process_time_ns() - began_ns
            return result

        return timed


def stages(open_alerts: int) -> list[Row]:
    """Return what an event costs at each stage with so many alerts open, in microseconds."""
    registry = plant(open_alerts + PROBES)
    desk = desk_of(registry)
    desk.apply(crossings(np.arange(open_alerts), "h", Edge.RAISED, T0_NS), T0_NS)
    desk.tick(T0_NS + 3_600 * SECOND_NS)
    gc.collect()
    gc.freeze()
    spent: Counter[str] = Counter()
    for name, stage in vars(desk).copy().items():
        if hasattr(stage, "offer") or hasattr(stage, "take"):
            setattr(desk, name, Timed(stage, name.strip("_"), spent))
    probes = np.arange(open_alerts, open_alerts + PROBES)
    at_ns, events = T0_NS + 3_601 * SECOND_NS, 0
    for limit, edge in (
        ("h", Edge.RAISED),
        ("hh", Edge.RAISED),
        ("hh", Edge.RECOVERED),
        ("h", Edge.RECOVERED),
    ):
        events += len(desk.apply(crossings(probes, limit, edge, at_ns), at_ns).events)
        at_ns += SECOND_NS
    gc.unfreeze()
    return [
        {"open": open_alerts, "stage": name, "us_per_event": ns / 1000 / events}
        for name, ns in {**spent, "all": sum(spent.values())}.items()
    ]


def burst(name: str, findings: int) -> Row:
    """Route so many findings in one burst, half of them of sources of grade I."""
    sensors, found = BURSTS[name]
    desk, block = desk_of(plant(sensors(findings))), found(findings)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTED_EVERY)
    began_s = time.process_time()
    told: Told = desk.apply(block, int(block.rows["now_ns"][-1]))
    seconds = time.process_time() - began_s
    status = Path("/proc/self/status").read_text()
    peak_mb = int(re.search(r"VmHWM:\s*(\d+)", status)[1]) / 1000  # type: ignore[index]  # a process has one
    assert len(block.rows) == findings
    return {
        "burst": name,
        "findings": findings,
        "seconds": seconds,
        "peak_mb": peak_mb,
        "alerts": sum(event.event == Event.OPENED for event in told.events),
        "events": len(told.events),
        "notifications": len(told.notifications),
        "red_notifications": sum(note.grade == Grade.RED for note in told.notifications),
    }


def main() -> None:
    """Measure, and write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--burst", type=int, default=100_000)
    parser.add_argument("--open", type=int, nargs="+", default=[10, 1000, 100_000])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--markdown", type=Path)
    parser.add_argument("--alone", choices=[*BURSTS, "stages"], help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.alone:
        print(
            json.dumps(stages(given.open[0]) if given.alone == "stages" else burst(given.alone, given.burst))
        )
        return
    load = os.getloadavg()[0]
    rows = [row for count in given.open for row in _alone("stages", "--open", count)]
    bursts = [_alone(name, "--burst", given.burst) for name in BURSTS]
    answer = {"load": load, "python": platform.python_version(), "stages": rows, "burst": bursts}
    text = markdown(answer)
    print(text)
    if given.json:
        given.json.write_text(json.dumps(answer, indent=1) + "\n")
    if given.markdown:
        given.markdown.write_text(text + "\n")


def _alone(part: str, option: str, value: int) -> Any:
    command = [sys.executable, __file__, "--alone", part, option, str(value)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def markdown(answer: Row) -> str:
    """Return the measured as a page."""
    counts = sorted({row["open"] for row in answer["stages"]})
    cost = {(row["stage"], row["open"]): row["us_per_event"] for row in answer["stages"]}
    names = list(dict.fromkeys(row["stage"] for row in answer["stages"]))
    lines = [
        "# The alarm desk under load",
        "",
        f"`python bench/alerts.py`. Processor time, Python {answer['python']}, load average {answer['load']:.1f} before.",
        "",
        "| microseconds an event | " + " | ".join(f"{n:,} open" for n in counts) + " |",
        "|---|" + "---|" * len(counts),
        *(
            f"| {name} | " + " | ".join(f"{cost[name, count]:.1f}" for count in counts) + " |"
            for name in names
        ),
        "",
        "| findings in one burst, of 1 000 hazard sources | s | microseconds each | peak MB | alerts | events | notifications | of red |",
        "|---|---|---|---|---|---|---|---|",
        *(
            f"| {b['findings']:,}: {b['burst']} | {b['seconds']:.2f} | {1e6 * b['seconds'] / b['findings']:.0f} |"
            f" {b['peak_mb']:.0f} | {b['alerts']:,} | {b['events']:,} | {b['notifications']:,} | {b['red_notifications']:,} |"
            for b in answer["burst"]
        ),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
