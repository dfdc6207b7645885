"""Pictures of what methods tell on real recordings, for docs/detectors.md.

``python bench/pictures.py [METHOD ...] [--data FOLDER] [--out FOLDER]``. Each entry of `SCENES` is a recording, one of its channels
and the settings that it is judged with; the picture shows a stretch around the first finding of the method on that channel.
Two runs write the same bytes. matplotlib comes with ``pip install 'hazwatch[bench]'``.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.truth import recordings  # noqa: E402 - bench and the rooms are found from the checkout
from bench.truth.bank import packaged  # noqa: E402 - as above
from bench.truth.recordings import Table  # noqa: E402 - as above
from detectors.bank import DetectorBank  # noqa: E402 - as above
from detectors.clock import Clock  # noqa: E402 - as above
from detectors.findings import Edge, Method  # noqa: E402 - as above
from detectors.profile import Profile  # noqa: E402 - as above
from registry.readings import ReadingBlock  # noqa: E402 - as above
from registry.sensors import SensorRegistry, SensorSpec, SensorType  # noqa: E402 - as above

_INK, _MARK, _PALE, _TRUTH = "#1f3a5f", "#c0392b", "#f5b7b1", "#d5dbdb"
_MOST_POINTS = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture.

    Attributes:
        table: the recording, and the rows that it labels as anomalous.
        channel: the column that is shown.
        spec, settings: what the channel's sensor has beside its type; `Methods` of its type that are not the packaged ones.
        around: rows before and after the finding.
        skip: rows of which no finding is shown: there the detector is still learning.
    """

    method: Method
    caption: str
    axis: str
    table: Callable[[Path], tuple[Table, NDArray[np.bool_]]]
    channel: int
    around: tuple[int, int]
    skip: int = 0
    spec: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


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


_PRESSURE = {
    "type": SensorType.PRESSURE,
    "range_lo": 2000.0,
    "range_hi": 3200.0,
    "deadband": 10.0,
    "scan_s": 180.0,
}
SCENES = (
    Scene(method=Method.NOVELTY, caption="an office temperature whose control failed (NAB)", axis="°F", channel=0,
          table=_nab("ambient_temperature_system_failure.csv"), around=(1500, 4000), skip=2000),
    Scene(method=Method.T2, caption="a pump loop whose valve is closed part-way (SKAB valve1/6)", axis="channel", channel=5,
          table=_skab("6"), around=(250, 500), skip=400),
    Scene(method=Method.Q, caption="Tennessee Eastman, fault 5: condenser cooling water", axis="XMEAS 22", channel=21,
          table=_tep(5), around=(120, 300), skip=500),
    Scene(method=Method.LIMIT, caption="Tennessee Eastman, fault 6: reactor pressure and an h of 2 850 kPa", axis="kPa",
          channel=6, table=_tep(6), around=(120, 60), skip=500, spec=_PRESSURE | {"h": 2850.0, "hh": 2950.0}),
    Scene(method=Method.FORECAST, caption="Tennessee Eastman, fault 6: reactor pressure and an h of 2 850 kPa", axis="kPa",
          channel=6, table=_tep(6), around=(120, 60), skip=500, spec=_PRESSURE | {"h": 2850.0, "hh": 2950.0},
          settings={"forecast_s": 7200.0}),
    Scene(method=Method.SPIKE, caption="load of a group of servers (NAB)", axis="%", channel=0,
          table=_nab("grok_asg_anomaly.csv"), around=(300, 300), skip=300, settings={"spike_false_per_day": 0.01}),
    Scene(method=Method.VARIANCE, caption="Tennessee Eastman, fault 7: reactor pressure is livelier", axis="kPa", channel=6,
          table=_tep(7), around=(250, 250), skip=500),
    Scene(method=Method.OSCILLATION, caption="Tennessee Eastman, fault 7: compressor power", axis="kW", channel=19,
          table=_tep(7), around=(250, 150), skip=500),
    Scene(method=Method.STUCK, caption="Tennessee Eastman, fault 6: the plant has shut down, all values rest", axis="XMEAS 1",
          channel=0, table=_tep(6), around=(200, 100), skip=500),
    Scene(method=Method.NOISE, caption="load of a database (NAB)", axis="%", channel=0,
          table=_nab("rds_cpu_utilization_cc0c53.csv"), around=(400, 300), skip=300),
)  # fmt: skip


def main() -> None:
    """Write the pictures that were asked for."""
    parser = argparse.ArgumentParser(description="pictures of what methods tell on recordings")
    parser.add_argument("methods", nargs="*", metavar="METHOD", help="all when none is given")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "img" / "detectors")
    asked = parser.parse_args()
    mpl.rcParams.update({"svg.hashsalt": "hazwatch", "font.size": 8})
    asked.out.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        if asked.methods and scene.method.label not in asked.methods:
            continue
        path = asked.out / f"{scene.method.label}.svg"
        figure, told = draw(scene, asked.data)
        figure.savefig(path, metadata={"Date": None, "Creator": None})
        print(f"{path.name}: {told} findings shown")


def draw(scene: Scene, data: Path) -> tuple[Figure, int]:
    """Return the picture, and how many findings of the method are in it."""
    table, marked = scene.table(data)
    spans, score = _judge(scene, table)
    first = next((told for _, told, _ in spans if told >= scene.skip), scene.skip + scene.around[0])
    rows = slice(max(0, first - scene.around[0]), first + scene.around[1])
    hours = (table.t_ns - table.t_ns[rows.start]) / 3.6e12
    shown = [span for span in spans if rows.start <= span[1] < rows.stop]
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    thin = slice(rows.start, rows.stop, max(1, (rows.stop - rows.start) // _MOST_POINTS))
    for panel in (upper, lower):
        panel.fill_between(
            hours[rows], 0, 1, where=marked[rows], color=_TRUTH, lw=0, transform=panel.get_xaxis_transform()
        )
    upper.plot(hours[thin], table.values[thin, scene.channel], lw=0.8, color=_INK)
    for name in ("ll", "l", "h", "hh"):
        if name in scene.spec:
            upper.axhline(scene.spec[name], color=_MARK, lw=0.7, ls=":")
    last = min(rows.stop, len(hours)) - 1
    for onset, told, end in shown:
        upper.axvspan(hours[told], hours[min(end, last)], color=_PALE, alpha=0.6, lw=0)
        upper.axvline(hours[told], color=_MARK, lw=1.0)
        upper.axvline(hours[max(onset, rows.start)], color=_MARK, lw=0.7, ls="--")
    ratio = score / np.maximum(1.0 - score, 1e-9)
    lower.plot(hours[thin], ratio[thin], lw=0.8, color=_INK)
    lower.axhline(1.0, color=_MARK, lw=0.7)
    lower.set_ylim(0, 3)
    lower.set_ylabel("statistic / threshold")
    lower.set_xlabel("hours")
    upper.set_ylabel(scene.axis)
    upper.set_title(f"{scene.method.label}: {scene.caption}", loc="left")
    return figure, len(shown)


def _judge(scene: Scene, table: Table) -> tuple[list[tuple[int, int, int]], NDArray[np.float64]]:
    """Return rows of onset, of the finding and of its end on the channel, and the row's greatest score."""
    n, channels = table.values.shape
    own = {
        "id": f"{scene.channel}",
        "sensor": f"{scene.channel}",
        "enterprise": "",
        "type": SensorType.OTHER,
    } | dict(scene.spec)
    specs = [
        SensorSpec(**own)
        if i == scene.channel
        else SensorSpec(id=f"{i}", sensor=f"{i}", enterprise="", type=SensorType.OTHER)
        for i in range(channels)
    ]
    profile = packaged()
    kind = SensorType(own["type"])
    profile = Profile({**profile.types, kind: replace(profile.types[kind], **scene.settings)})
    bank = DetectorBank(SensorRegistry(tuple(specs)), profile, Clock.EVENT)
    judged = bank.step(
        ReadingBlock(
            sensor=np.tile(np.arange(channels, dtype=np.int32), n),
            t_ns=np.repeat(table.t_ns, channels),
            value=table.values.ravel(),
            quality=np.zeros(n * channels, np.uint8),
        ),
        0,
    )
    group = scene.method in {Method.T2, Method.Q}
    spans: list[tuple[int, int, int]] = []
    open_at: dict[int, tuple[int, int]] = {}
    for row in judged.findings:
        sensor = int(row["sensor"])
        if row["method"] != scene.method or (sensor != scene.channel and not group):
            continue
        at, onset = (int(np.searchsorted(table.t_ns, row[name])) for name in ("t_ns", "onset_ns"))
        if row["edge"] == Edge.RAISED:
            open_at.setdefault(sensor, (onset, at))
        elif sensor in open_at:
            spans.append((*open_at.pop(sensor), at))
    spans += [(*begun, n - 1) for begun in open_at.values()]
    score = np.nan_to_num(judged.score).reshape(n, channels)
    return sorted(spans, key=lambda span: span[1]), score.max(axis=1) if group else score[:, scene.channel]


if __name__ == "__main__":
    main()
