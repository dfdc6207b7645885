"""Pictures of re-enacted accidents: what was true, what was shown, the limits, and what hazwatch told."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.accidents.model import Accident, Sensor
from sim.accidents.readings import shown_values
from sim.accidents.signals import grid_s, true_values

if TYPE_CHECKING:
    from bench.accidents import Told

_COLOURS = {"blue": "#2e6fb7", "yellow": "#d4a900", "orange": "#e07b1a", "red": "#c0392b"}
_ROWS = {"blue": 0, "yellow": 1, "orange": 2, "red": 3}
_INK, _PALE, _MARK = "#1f3a5f", "#8fc79a", "#c0392b"
_LEAST_MIN, _MOST_MIN = 20.0, 12 * 60.0
_MOST_POINTS = 1500
_LABEL_SHARE = 0.06
"""Labels of one row keep this share of the picture's width apart."""


def picture(of: Accident, told: "list[Told]", seed: int, folder: Path) -> None:
    """Draw the accident's leading sensors, true and shown, with their limits, and below what hazwatch told."""
    mpl.rcParams.update({"svg.hashsalt": "hazwatch", "font.size": 8})
    folder.mkdir(parents=True, exist_ok=True)
    no_return_s = of.main.no_return_s
    assert no_return_s is not None
    leading = [s for s in of.sensors if s.id in of.main.sensors][:2]
    figure = Figure(figsize=(7.5, 3.6 + 1.5 * max(1, len(leading))), layout="constrained")
    panels: list[Axes] = list(figure.subplots(2 + max(1, len(leading)), 1, sharex=True))
    t_s = grid_s(of)
    span_min = min(max((no_return_s - of.main.onset_s) / 60 * 1.3, _LEAST_MIN), _MOST_MIN)
    rows = np.flatnonzero(t_s >= no_return_s - span_min * 60)
    rows = rows[:: max(1, len(rows) // _MOST_POINTS)]
    before_min = (t_s[rows] - no_return_s) / 60
    true, shown = true_values(of, seed), shown_values(of, seed)
    if leading:
        first = leading[0]
        panels[0].plot(before_min, true[first.reads][rows], lw=2.0, color=_PALE, label="true")
        panels[0].plot(before_min, shown[first.id][rows], lw=0.9, color=_INK, label="shown")
        panels[0].set_ylabel(f"{first.id}, {first.unit}")
        for panel, sensor in zip(panels[1:-1], leading, strict=True):
            _shown(sensor, shown[sensor.id][rows], panel, before_min)
    else:
        name = next(iter(of.signals))
        panels[0].plot(before_min, true[name][rows], lw=2.0, color=_PALE, label="true")
        panels[0].set_ylabel(name)
        panels[1].text(0.5, 0.5, "there was no sensor", transform=panels[1].transAxes, ha="center")
    panels[0].legend(loc="upper left", fontsize=7, frameon=False)
    _alerts(of, told, panels[-1], span_min, no_return_s)
    for panel in panels:
        panel.axvline(0, color=_MARK, lw=1.2)
    panels[0].set_title(of.title.en, loc="left")
    panels[-1].set_xlabel("minutes to the point of no return (red line)")
    panels[-1].set_xlim(-span_min, max(2.0, span_min * 0.04))
    figure.savefig(folder / f"{of.name}.svg", metadata={"Date": None, "Creator": None})


def _shown(sensor: Sensor, shown: NDArray[np.float64], panel: Axes, before_min: NDArray[np.float64]) -> None:
    """Draw what a sensor showed, and its set limits."""
    panel.plot(before_min, shown, lw=0.9, color=_INK)
    panel.set_ylabel(f"{sensor.id} shown")
    for name, limit in sensor.limits.items():
        panel.axhline(limit, color=_MARK, lw=0.7, ls=":")
        panel.annotate(name, (before_min[0], limit), fontsize=7, color=_MARK)
    if np.isnan(shown).all():
        panel.text(0.5, 0.5, "nothing was shown", transform=panel.transAxes, ha="center")


def _alerts(of: Accident, told: "list[Told]", panel: Axes, span_min: float, no_return_s: float) -> None:
    standing: dict[str, tuple[float, str]] = {}
    labelled: dict[int, float] = {}
    for t in told:
        at_min = (t.t_s - no_return_s) / 60
        key = str(t.line["id"])
        if key in standing:
            _bar(panel, *standing.pop(key), at_min, span_min)
        if t.line["event"] not in {"cleared", "closed"}:
            standing[key] = (at_min, str(t.line["grade"]))
            if -span_min <= at_min and t.line["event"] in {"opened", "reopened", "escalated"}:
                row = _ROWS[t.line["grade"]]
                panel.plot(at_min, row, "o", ms=4, color=_COLOURS[t.line["grade"]])
                if at_min - labelled.get(row, -math.inf) > span_min * _LABEL_SHARE:
                    text = f"{t.sensor} {t.methods[0] if t.methods else ''}"
                    panel.annotate(text, (at_min, row + 0.18), fontsize=5.5, rotation=20)
                    labelled[row] = at_min
    end_min = (of.length_s - no_return_s) / 60
    for begun_min, grade in standing.values():
        _bar(panel, begun_min, grade, end_min, span_min)
    panel.set_yticks(list(_ROWS.values()), list(_ROWS))
    panel.set_ylim(-0.5, 4.2)
    panel.set_ylabel("hazwatch")


def _bar(panel: Axes, from_min: float, grade: str, to_min: float, span_min: float) -> None:
    if to_min > -span_min:
        panel.hlines(_ROWS[grade], max(from_min, -span_min), to_min, color=_COLOURS[grade], lw=2.5, alpha=0.5)
