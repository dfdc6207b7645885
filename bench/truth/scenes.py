"""What the pictures of docs/detectors.md show: for each method a recording, one of its sensors, and how it is judged.

Real recordings where one shows it; else the demo site, the small tank of tests/detectors/tanks.py, or a fault of
bench/truth/injected.py put into the demo site, and the caption says so.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.truth import recordings
from bench.truth.injected import inject
from bench.truth.normal import demo
from bench.truth.recordings import Table
from detectors.findings import Method
from registry.readings import Quality, ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.detectors.tanks import LEVEL_A, LEVEL_B, T0, Faults, record, tank_registry

Marked = tuple[tuple[int, int], ...]
"""Event times between which something was really wrong."""
_HOUR_NS = 3_600_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A recording with the sensor that is shown.

    Attributes:
        beside: other sensors that are drawn in grey.
        late_ns: when the readings of the block arrived, where that is not their event time.
    """

    registry: SensorRegistry
    block: ReadingBlock
    sensor: int
    marked: Marked = ()
    beside: tuple[int, ...] = ()
    late_ns: NDArray[np.int64] | None = None

    @property
    def arrival_ns(self) -> NDArray[np.int64]:
        """When each reading of the block arrived."""
        return self.block.t_ns if self.late_ns is None else self.late_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture.

    Attributes:
        around_h: hours before and after the first finding that is shown.
        skip_h: hours from the beginning of which no finding is shown: there the detector is still learning.
        settings: `Methods` of the sensor's type that are not the packaged ones.
        together: a finding on another sensor is shown as well, for it is about all of them.
        offset: the picture is of how far the event times are from the arrival, and not of the values.
    """

    method: Method
    caption: str
    axis: str
    stage: Callable[[Path], Staged]
    around_h: tuple[float, float]
    skip_h: float = 0.0
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    together: bool = False
    offset: bool = False


def _of_table(load: Callable[[Path], tuple[Table, NDArray[np.bool_]]], channel: int, **spec: Any) -> Callable[[Path], Staged]:  # fmt: skip
    """Every channel is a sensor of type other, but for what `spec` says of the one that is shown."""

    def stage(data: Path) -> Staged:
        table, marked = load(data)
        n, channels = table.values.shape
        bare = [
            SensorSpec(id=f"{i}", sensor=f"{i}", enterprise="", type=SensorType.OTHER)
            for i in range(channels)
        ]
        bare[channel] = replace(bare[channel], **spec)
        block = ReadingBlock(
            sensor=np.tile(np.arange(channels, dtype=np.int32), n), t_ns=np.repeat(table.t_ns, channels),
            value=table.values.ravel(), quality=np.zeros(n * channels, np.uint8),
        )  # fmt: skip
        edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(np.int8)))
        spans = tuple(
            (int(table.t_ns[a]), int(table.t_ns[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)
        )
        return Staged(registry=SensorRegistry(tuple(bare)), block=block, sensor=channel, marked=spans)

    return stage


def _nab(name: str) -> Callable[[Path], tuple[Table, NDArray[np.bool_]]]:
    def load(data: Path) -> tuple[Table, NDArray[np.bool_]]:
        table, labelled = next((t, w) for t, w in recordings.nab(data / "nab") if t.name.endswith(name))
        marked = np.zeros(len(table.t_ns), bool)
        for first, last in labelled.windows:
            marked[first : last + 1] = True
        return table, marked

    return load


def _skab(name: str) -> Callable[[Path], tuple[Table, NDArray[np.bool_]]]:
    return lambda data: next((t, m) for t, m in recordings.skab(data / "skab") if t.name == name)


def _tep(fault: int) -> Callable[[Path], tuple[Table, NDArray[np.bool_]]]:
    def load(data: Path) -> tuple[Table, NDArray[np.bool_]]:
        history, _, faulty = recordings.tep(data / "tep")
        table = history.then(faulty[fault])
        return table, np.arange(len(table.t_ns)) >= len(history.t_ns) + recordings.TEP_ONSET

    return load


def _street(code: float) -> Callable[[Path], tuple[Table, NDArray[np.bool_]]]:
    """The street's year; `code` stands where an analyser gave no value (-200 in the file)."""

    def load(data: Path) -> tuple[Table, NDArray[np.bool_]]:
        _, (table,) = recordings.air_quality(data / "airquality")
        values = np.where(np.isnan(table.values), code, table.values)
        return replace(table, values=values), np.zeros(len(table.t_ns), bool)

    return load


def _site(sensor: str, *beside: str, seed: int = 1, hours: float = 2.0) -> Callable[[Path], Staged]:
    """The demo site; what its story does to the sensor is marked."""

    def stage(_: Path) -> Staged:
        normal = demo(seed, hours)
        index = normal.registry.index
        i = index[next(s for s in index if s.endswith(f"/{sensor}") or s == sensor)]
        others = tuple(index[next(s for s in index if s.endswith(f"/{b}") or s == b)] for b in beside)
        marked = tuple((a, b) for who, a, b in normal.excused if who == i)
        return Staged(registry=normal.registry, block=normal.block, sensor=i, marked=marked, beside=others)

    return stage


def _damaged(sensor: str, fault: str, seed: int = 3, hours: float = 3.0) -> Callable[[Path], Staged]:
    """The demo site with one fault put into one sensor."""

    def stage(data: Path) -> Staged:
        sound = _site(sensor, hours=hours)(data)
        made = inject(demo(1, hours), sound.sensor, fault, seed)
        assert made is not None
        return replace(
            sound, block=made.block, marked=((made.from_ns, made.to_ns),), late_ns=sound.block.t_ns
        )

    return stage


def _in_calibration(sensor: str, begins_h: float, lasts_h: float) -> Callable[[Path], Staged]:
    """The demo site with a detector that is marked uncertain: gas for a few minutes at both ends, and forgotten between."""

    def stage(data: Path) -> Staged:
        sound = _site(sensor, hours=4.0)(data)
        block = sound.block
        begins_ns = int(block.t_ns[0] + begins_h * _HOUR_NS)
        ends_ns = begins_ns + round(lasts_h * _HOUR_NS)
        own = (block.sensor == sound.sensor) & (block.t_ns >= begins_ns) & (block.t_ns < ends_ns)
        since_s, left_s = (block.t_ns - begins_ns) * 1e-9, (ends_ns - block.t_ns) * 1e-9
        gas = np.clip(np.minimum(since_s - 60, 300 - since_s) / 20, 0, 1) + np.clip(
            np.minimum(left_s - 60, 300 - left_s) / 20, 0, 1
        )
        value = np.where(own, np.maximum(block.value, 40.0 * gas), block.value)
        quality = np.where(own, np.uint8(Quality.UNCERTAIN), block.quality)
        return replace(
            sound, block=replace(block, value=value, quality=quality), marked=((begins_ns, ends_ns),)
        )

    return stage


def _tank(sensor: int, fault: Faults, *beside: int) -> Callable[[Path], Staged]:
    def stage(_: Path) -> Staged:
        block = record(1003, 72, fault).block()
        marked = ((T0 + round(fault.at_s * 1e9), int(block.t_ns[-1])),)
        return Staged(
            registry=tank_registry("tank"), block=block, sensor=sensor, marked=marked, beside=beside
        )

    return stage


_PRESSURE = {
    "type": SensorType.PRESSURE, "range_lo": 2000.0, "range_hi": 3200.0, "deadband": 10.0, "scan_s": 180.0,
    "h": 2850.0, "hh": 2950.0,
}  # fmt: skip
_LEARN_H = 25.0
"""TEP's normal run goes before each faulty one."""
_CHARTS = {"z_threshold": 8.0, "z_tau_s": 36_000.0}

SCENES = (
    Scene(method=Method.NOVELTY, caption="an office temperature whose control failed (NAB)", axis="°F",
          stage=_of_table(_nab("ambient_temperature_system_failure.csv"), 0), around_h=(1500, 2500), skip_h=2000),
    Scene(method=Method.T2, caption="a pump loop whose valve is closed part-way (SKAB valve1/6)", axis="channel",
          stage=_of_table(_skab("6"), 5), around_h=(0.07, 0.14), skip_h=0.12, together=True),
    Scene(method=Method.Q, caption="Tennessee Eastman, fault 5: condenser cooling water", axis="XMEAS 22",
          stage=_of_table(_tep(5), 21), around_h=(6, 15), skip_h=_LEARN_H, together=True),
    Scene(method=Method.LIMIT, caption="Tennessee Eastman, fault 6: reactor pressure and an h of 2 850 kPa", axis="kPa",
          stage=_of_table(_tep(6), 6, **_PRESSURE), around_h=(6, 3), skip_h=_LEARN_H),
    Scene(method=Method.FORECAST, caption="Tennessee Eastman, fault 6: reactor pressure and an h of 2 850 kPa", axis="kPa",
          stage=_of_table(_tep(6), 6, **_PRESSURE), around_h=(6, 3), skip_h=_LEARN_H, settings={"forecast_s": 7200.0}),
    Scene(method=Method.RATE, caption="Tennessee Eastman, fault 6: reactor pressure rises",
          axis="kPa", stage=_of_table(_tep(6), 6, **_PRESSURE), around_h=(6, 3), skip_h=_LEARN_H,
          settings={"rate_pct_per_min": 0.1, "rate_window_s": 1200.0}),
    Scene(method=Method.OUT_OF_RANGE, caption="air of a street: -200 where the analyser failed (UCI Air Quality)", axis="T, °C",
          stage=_of_table(_street(-200.0), 10, range_lo=-20.0, range_hi=60.0), around_h=(72, 72), skip_h=240),
    Scene(method=Method.ROBUST_Z, caption="Tennessee Eastman, fault 7: temperature of the separator", axis="°C",
          stage=_of_table(_tep(7), 10, type=SensorType.TEMPERATURE, scan_s=180.0), around_h=(8, 6), skip_h=_LEARN_H,
          settings={"z_tau_s": 7200.0}),
    Scene(method=Method.CUSUM, caption="Tennessee Eastman, fault 1: stripper temperature",
          axis="XMEAS 18, °C", stage=_of_table(_tep(1), 17, scan_s=180.0), around_h=(10, 8), skip_h=_LEARN_H,
          settings=_CHARTS | {"cusum_false_per_day": 0.01, "cusum_shift": 2.0}),
    Scene(method=Method.EWMA, caption="the same with an average over 20 readings", axis="XMEAS 18, °C",
          stage=_of_table(_tep(1), 17, scan_s=180.0), around_h=(10, 8), skip_h=_LEARN_H,
          settings=_CHARTS | {"ewma_false_per_day": 0.01}),
    Scene(method=Method.SEASON, caption="taxi rides in New York, the night of a marathon (NAB)", axis="rides",
          stage=_of_table(_nab("nyc_taxi.csv"), 0, scan_s=1800.0), around_h=(200, 120), skip_h=2500,
          settings={"season_z": 5.0}),
    Scene(method=Method.DRIFT, caption="one of two gauges of a tank drifts by 0.2 % an hour (simulated)",
          axis="m", stage=_tank(LEVEL_A, Faults(at_s=48 * 3600.0, drift_m_h=0.024), LEVEL_B), around_h=(4, 6), skip_h=40,
          together=True),
    Scene(method=Method.BALANCE, caption="20 m³/h leak out of a tank unmeasured (simulated)", axis="m",
          stage=_tank(LEVEL_A, Faults(at_s=48 * 3600.0, leak_m3_h=20.0)), around_h=(6, 6), skip_h=40, together=True),
    Scene(method=Method.DEAD, caption="an office temperature that is not sent for days (NAB); scan 1 h", axis="°F",
          stage=_of_table(_nab("ambient_temperature_system_failure.csv"), 0, scan_s=3600.0), around_h=(100, 200), skip_h=100),
    Scene(method=Method.VOTE, caption="two detectors over one compressor (demo site)", axis="mg/m³",
          stage=_site("GT-501", "GT-502"), around_h=(0.15, 0.15), together=True),
    Scene(method=Method.SPIKE, caption="load of a group of servers (NAB)", axis="%",
          stage=_of_table(_nab("grok_asg_anomaly.csv"), 0), around_h=(25, 25), skip_h=25,
          settings={"spike_false_per_day": 0.01}),
    Scene(method=Method.STEP, caption="Tennessee Eastman, fault 6: feed A is lost", axis="XMEAS 1, kscmh",
          stage=_of_table(_tep(6), 0), around_h=(6, 3), skip_h=_LEARN_H, settings={"step_false_per_day": 0.01}),
    Scene(method=Method.VARIANCE, caption="Tennessee Eastman, fault 7: reactor pressure is livelier", axis="kPa",
          stage=_of_table(_tep(7), 6), around_h=(12.5, 12.5), skip_h=_LEARN_H),
    Scene(method=Method.OSCILLATION, caption="Tennessee Eastman, fault 7: compressor power", axis="kW",
          stage=_of_table(_tep(7), 19), around_h=(12.5, 7.5), skip_h=_LEARN_H),
    Scene(method=Method.STUCK, caption="Tennessee Eastman, fault 6: the plant has shut down, all values rest", axis="XMEAS 1",
          stage=_of_table(_tep(6), 0), around_h=(10, 5), skip_h=_LEARN_H),
    Scene(method=Method.NOISE, caption="load of a database (NAB)", axis="%",
          stage=_of_table(_nab("rds_cpu_utilization_cc0c53.csv"), 0), around_h=(33, 25), skip_h=25),
    Scene(method=Method.SATURATION, caption="Tennessee Eastman, fault 6: the valve of feed A is wide open", axis="XMV 3, %",
          stage=_of_table(_tep(6), 43, range_lo=0.0, range_hi=100.0), around_h=(6, 4), skip_h=_LEARN_H,
          settings={"saturation_s": 600.0}),
    Scene(method=Method.CLOCK, caption="a clock is put back by ten minutes (demo site)", axis="event time - arrival, s",
          stage=_damaged("TT-101", "clock put back"), around_h=(0.3, 0.6), offset=True),
    Scene(method=Method.QUALITY, caption="air of a street: readings without a value (UCI Air Quality)", axis="T, °C",
          stage=_of_table(_street(np.nan), 10), around_h=(72, 72), skip_h=240),
    Scene(method=Method.UNCERTAIN, caption="a detector forgotten in calibration (demo site, its quality set)", axis="%LEL",
          stage=_in_calibration("GT-103", 1.0, 1.75), around_h=(1.3, 1.2)),
)  # fmt: skip
"""One for each method, in the order of the page."""
