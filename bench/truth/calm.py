"""False findings where nothing is wrong: what the packaged default says in normal operation, by method and sensor-day.

Recordings that are free of faults, fed to the bank as they are, once as sensors of type `other` (nothing is known of
them) and, where a channel's name tells what it measures, once by their types; and the simulated demo site, which is
always in the middle of some fault, outside the sources that a fault is at.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from scipy.stats import chi2

from bench.truth import recordings
from bench.truth.recordings import Table
from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import Edge, FindingBlock, Method
from detectors.profile import Profile
from detectors.profile_file import load_profile
from registry.load import load_registry
from registry.readings import ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from sim.demo import write_demo
from sim.scenarios import DEMO_START_NS, simulate, truth_of

SIM_SEED, SIM_HOURS = 20_261_124, 4.0
AFTER_FAULT_NS = 120_000_000_000
"""How long after a fault's end what its source does is still its consequence: off-delays, and the dead that come back."""
_DAY_NS = 86_400_000_000_000
_NAB_FREE = "artificialNoAnomaly/"
_TYPES: Mapping[str, Mapping[str, SensorType]] = {
    "skab": {
        "Pressure": SensorType.PRESSURE,
        "Temperature": SensorType.TEMPERATURE,
        "Thermocouple": SensorType.TEMPERATURE,
        "Volume Flow RateRMS": SensorType.FLOW,
    },
    "air quality": {"T": SensorType.TEMPERATURE},
    "tep": {
        **{f"XMEAS_{k}": SensorType.FLOW for k in (1, 2, 3, 4, 5, 6, 10, 14, 17, 19)},
        **{f"XMEAS_{k}": SensorType.PRESSURE for k in (7, 13, 16)},
        **{f"XMEAS_{k}": SensorType.LEVEL for k in (8, 12, 15)},
        **{f"XMEAS_{k}": SensorType.TEMPERATURE for k in (9, 11, 18, 21, 22)},
    },
}
"""What a channel measures, where its set's documentation says so and hazwatch has the type (TEP: Downs and Vogel 1993)."""


@dataclass(frozen=True, slots=True)
class Episode:
    """A time in which something is really wrong with some sensors; their findings then are not false."""

    sensors: frozenset[int]
    begin_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Calm:
    """A recording to be silent on: its sensors, its readings in order, and the times that do not count."""

    name: str
    registry: SensorRegistry
    block: ReadingBlock
    faults: tuple[Episode, ...] = ()

    @property
    def sensor_days(self) -> float:
        """Sensors times days, less those that do not count."""
        first, last = int(self.block.t_ns.min()), int(self.block.t_ns.max())
        whole = len(self.registry) * (last - first)
        # a sensor may be in two faults at once: the union of its times
        spoilt = sum(
            _union(
                [(max(first, f.begin_ns), min(last, f.end_ns)) for f in self.faults if sensor in f.sensors]
            )
            for sensor in range(len(self.registry))
        )
        return (whole - spoilt) / _DAY_NS

    def counts(self, findings: FindingBlock) -> dict[str, int]:
        """Return how many findings were raised outside the faults, by method; methods without any are not named."""
        rows = findings.rows
        raised = rows["edge"] == Edge.RAISED
        for fault in self.faults:
            there = np.isin(rows["sensor"], list(fault.sensors))
            raised &= ~(there & (rows["now_ns"] >= fault.begin_ns) & (rows["now_ns"] <= fault.end_ns))
        methods, counts = np.unique(rows["method"][raised], return_counts=True)
        return {
            Method(method).label: count
            for method, count in zip(methods.tolist(), counts.tolist(), strict=True)
        }


def panel(data: Path, profile: Profile) -> Iterator[dict[str, Any]]:
    """Return a row a recording: its sensor-days, findings raised by method, and all of them by sensor-day."""
    for calm in calm_recordings(data):
        bank = DetectorBank(calm.registry, profile, Clock.EVENT)
        by_method = calm.counts(bank.step(calm.block, 0).findings)
        total, days = sum(by_method.values()), calm.sensor_days
        low, high = poisson_95(total)
        yield {
            "detector": calm.name,
            "sensors": len(calm.registry),
            "sensor_days": days,
            "raised": total,
            "per_sensor_day": total / days,
            "per_sensor_day_95": [low / days, high / days],
            "by_method": by_method,
        }


def poisson_95(count: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a Poisson mean of which `count` was seen (Garwood 1936)."""
    low = float(chi2.ppf(0.025, 2 * count)) / 2.0 if count else 0.0
    return low, float(chi2.ppf(0.975, 2 * count + 2)) / 2.0


def calm_recordings(data: Path) -> Iterator[Calm]:
    """Read every recording of normal operation that there is, as type `other` and by type, and simulate one."""
    history, normal, _ = recordings.tep(data / "tep", faults=())
    for name, names, tables in (
        ("skab", *recordings.skab_free(data / "skab")),
        ("air quality", *recordings.air_quality(data / "airquality")),
        ("tep", recordings.tep_names(data / "tep"), (history, normal)),
    ):
        for table in tables:
            yield _calm(f"{name} {table.name}, all other", table, [SensorType.OTHER] * len(names))
            yield _calm(
                f"{name} {table.name}, by type",
                table,
                [_TYPES[name].get(channel, SensorType.OTHER) for channel in names],
            )
    for table, _ in recordings.nab(data / "nab"):
        if table.name.startswith(_NAB_FREE):
            yield _calm(f"nab {table.name.removeprefix(_NAB_FREE)}, other", table, [SensorType.OTHER])
    yield demo_site(SIM_SEED, SIM_HOURS)


def _calm(name: str, table: Table, types: list[SensorType]) -> Calm:
    n, channels = table.values.shape
    specs = tuple(
        SensorSpec(id=f"{i}", sensor=f"{i}", enterprise="", type=kind) for i, kind in enumerate(types)
    )
    block = ReadingBlock(
        sensor=np.tile(np.arange(channels, dtype=np.int32), n),
        t_ns=np.repeat(table.t_ns, channels),
        value=table.values.ravel(),
        quality=np.zeros(n * channels, np.uint8),
    )
    return Calm(name, SensorRegistry(specs), block)


def demo_site(seed: int, hours: float) -> Calm:
    """Simulate the demo site with its own points table; what its faults' sources do meanwhile does not count."""
    _, defaults, faults = load_profile(None)
    with TemporaryDirectory() as folder:
        files = write_demo(Path(folder)).parent
        registry, more = load_registry(files / "plant.yaml", files / "points.csv", defaults)
    assert registry is not None, [*faults, *more]
    chunks = list(simulate("demo-site", seed, hours))
    index = np.array([registry.index[name] for name in chunks[0].names], np.int32)
    block = ReadingBlock(
        sensor=np.concatenate([index[chunk.column] for chunk in chunks]),
        t_ns=np.concatenate([chunk.t_ns for chunk in chunks]),
        value=np.concatenate([chunk.value for chunk in chunks]),
        quality=np.zeros(sum(map(len, chunks)), np.uint8),
    )
    events = truth_of("demo-site", seed, hours)["events"]
    wrong = tuple(_episode(event, registry) for event in events if event["fault"])
    assert block.t_ns[0] >= DEMO_START_NS
    return Calm("simulated demo site", registry, block, wrong)


def _episode(event: Mapping[str, Any], registry: SensorRegistry) -> Episode:
    """Return when a fault counts, and for all sensors of the hazard sources that it is at."""
    sources = {registry.specs[registry.index[sensor]].source for sensor in event["sensors"]}
    sensors = frozenset(i for i, spec in enumerate(registry.specs) if spec.source in sources)
    begin, end = (round(datetime.fromisoformat(event[key]).timestamp() * 1e9) for key in ("onset", "end"))
    return Episode(sensors, begin, end + AFTER_FAULT_NS)


def _union(spans: list[tuple[int, int]]) -> int:
    """Return the length of the union of spans."""
    length, reached = 0, 0
    for begin, end in sorted(spans):
        length += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return length
