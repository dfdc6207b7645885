"""Pictures of what methods tell, for docs/detectors.md: ``python bench/pictures.py [METHOD ...] [--data FOLDER] [--out FOLDER]``.

bench/truth/scenes.py has the recordings. A picture shows a stretch around the first finding of the method. Two runs write the
same bytes. matplotlib comes with ``pip install 'hazwatch[bench]'``.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench.truth.bank import packaged  # noqa: E402 - bench and the rooms are found from the checkout
from bench.truth.scenes import SCENES, Scene, Staged  # noqa: E402 - as above
from detectors.bank import DetectorBank, Judged  # noqa: E402 - as above
from detectors.clock import Clock  # noqa: E402 - as above
from detectors.findings import Edge, Method  # noqa: E402 - as above
from detectors.profile import Profile  # noqa: E402 - as above

_INK, _MARK, _PALE, _TRUTH, _OTHER = "#1f3a5f", "#c0392b", "#f5b7b1", "#d5dbdb", "#95a5a6"
_MOST_POINTS = 1500
_HOUR_NS = 3.6e12
_GAP = 5.0
"""After a pause of so many usual intervals a line begins anew."""
Span = tuple[int, int, int]
"""Of a finding: onset, when it was told, and its end; ns."""


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
        print(f"{path.name}: {told} findings shown", flush=True)


def draw(scene: Scene, data: Path) -> tuple[Figure, int]:
    """Return the picture, and how many findings of the method are in it."""
    staged = scene.stage(data)
    judged = _judge(scene, staged)
    arrival_ns = staged.arrival_ns
    spans = _spans(scene, staged, judged, int(arrival_ns.max()))
    skipped_ns = int(arrival_ns[0]) + round(scene.skip_h * _HOUR_NS)
    first_ns = next((told for _, told, _ in spans if told >= skipped_ns), skipped_ns)
    from_ns = max(int(arrival_ns[0]), first_ns - round(scene.around_h[0] * _HOUR_NS))
    to_ns = min(int(arrival_ns.max()), first_ns + round(scene.around_h[1] * _HOUR_NS))
    shown = [span for span in spans if from_ns <= span[1] < to_ns]

    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    for panel in (upper, lower):
        for begin_ns, end_ns in staged.marked:
            if begin_ns < to_ns and end_ns > from_ns:
                panel.axvspan(
                    _hours(max(begin_ns, from_ns), from_ns),
                    _hours(min(end_ns, to_ns), from_ns),
                    color=_TRUTH,
                    lw=0,
                )
    for sensor in (*staged.beside, staged.sensor):
        _plot_values(upper, scene, staged, sensor, (from_ns, to_ns))
    spec = staged.registry.specs[staged.sensor]
    for limit in (spec.ll, spec.l, spec.h, spec.hh):
        if np.isfinite(limit) and not scene.offset:
            upper.axhline(limit, color=_MARK, lw=0.7, ls=":")
    for onset_ns, told_ns, end_ns in shown:
        upper.axvspan(
            _hours(told_ns, from_ns), _hours(min(end_ns, to_ns), from_ns), color=_PALE, alpha=0.6, lw=0
        )
        upper.axvline(_hours(told_ns, from_ns), color=_MARK, lw=1.0)
        upper.axvline(_hours(max(onset_ns, from_ns), from_ns), color=_MARK, lw=0.7, ls="--")
    _plot_score(lower, scene, staged, judged, (from_ns, to_ns))
    upper.set_ylabel(scene.axis)
    upper.set_title(f"{scene.method.label}: {scene.caption}", loc="left")
    return figure, len(shown)


def _judge(scene: Scene, staged: Staged) -> Judged:
    profile = packaged()
    kind = staged.registry.specs[staged.sensor].type
    changed = Profile({**profile.types, kind: replace(profile.types[kind], **scene.settings)})
    return DetectorBank(staged.registry, changed, Clock.EVENT).step(staged.block, 0)


def _spans(scene: Scene, staged: Staged, judged: Judged, last_ns: int) -> list[Span]:
    """Return the findings of the method that are shown, first told first."""
    spans: list[Span] = []
    open_at: dict[int, tuple[int, int]] = {}
    for row in judged.findings:
        sensor = int(row["sensor"])
        if row["method"] != scene.method or (sensor != staged.sensor and not scene.together):
            continue
        if row["edge"] == Edge.RAISED:
            open_at.setdefault(sensor, (int(row["onset_ns"]), int(row["now_ns"])))
        elif sensor in open_at:
            spans.append((*open_at.pop(sensor), int(row["now_ns"])))
    spans += [(*begun, last_ns) for begun in open_at.values()]
    return sorted(spans, key=lambda span: span[1])


def _plot_values(panel: Axes, scene: Scene, staged: Staged, sensor: int, within: tuple[int, int]) -> None:
    arrival_ns = staged.arrival_ns
    rows = np.flatnonzero(
        (staged.block.sensor == sensor) & (arrival_ns >= within[0]) & (arrival_ns <= within[1])
    )
    rows = rows[:: max(1, len(rows) // _MOST_POINTS)]
    at_ns = arrival_ns[rows]
    y = (staged.block.t_ns[rows] - at_ns) * 1e-9 if scene.offset else staged.block.value[rows].copy()
    pause = np.diff(at_ns, prepend=at_ns[:1])
    y[pause > _GAP * max(float(np.median(pause)), 1.0)] = np.nan
    color = _INK if sensor == staged.sensor else _OTHER
    panel.plot(_hours(at_ns, within[0]), y, lw=0.8, color=color)


def _plot_score(panel: Axes, scene: Scene, staged: Staged, judged: Judged, within: tuple[int, int]) -> None:
    """The combined score as the ratio of the leading method's statistic to its threshold; of a group, of whoever leads."""
    own = np.flatnonzero(staged.block.sensor == staged.sensor)
    score, arrival_ns = np.nan_to_num(judged.score), staged.arrival_ns
    led = np.maximum.reduceat(score, own) if scene.method in {Method.T2, Method.Q} else score[own]
    ratio = led / np.maximum(1.0 - led, 1e-9)
    inside = (arrival_ns[own] >= within[0]) & (arrival_ns[own] <= within[1])
    thin = slice(None, None, max(1, int(inside.sum()) // _MOST_POINTS))
    panel.plot(_hours(arrival_ns[own][inside], within[0])[thin], ratio[inside][thin], lw=0.8, color=_INK)
    panel.axhline(1.0, color=_MARK, lw=0.7)
    panel.set_ylim(0, 3)
    panel.set_ylabel("statistic / threshold")
    panel.set_xlabel("hours")


def _hours(t_ns: Any, from_ns: int) -> Any:
    return (t_ns - from_ns) / _HOUR_NS


if __name__ == "__main__":
    main()
