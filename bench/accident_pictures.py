"""Pictures of re-enacted accidents: what was true, what was shown, the limits, and what hazwatch told."""

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
_INK, _PALE, _MARK = "#1f3a5f", "#7f8c8d", "#c0392b"
_LEAST_MIN, _MOST_MIN = 20.0, 12 * 60.0


def picture(of: Accident, told: "list[Told]", seed: int, folder: Path) -> None:
    """Draw the accident's leading sensor, true and shown, its limits, and what hazwatch told below."""
    mpl.rcParams.update({"svg.hashsalt": "hazwatch", "font.size": 8})
    folder.mkdir(parents=True, exist_ok=True)
    no_return_s = of.main.no_return_s
    assert no_return_s is not None
    sensor = next((s for s in of.sensors if s.id in of.main.sensors), None)
    figure = Figure(figsize=(7.5, 5.0), layout="constrained")
    panels: list[Axes] = list(figure.subplots(3, 1, sharex=True, height_ratios=[2, 2, 1.6]))
    t_s = grid_s(of)
    span_min = min(max((no_return_s - of.main.onset_s) / 60 * 1.3, _LEAST_MIN), _MOST_MIN)
    rows = t_s >= no_return_s - span_min * 60
    before_min = (t_s[rows] - no_return_s) / 60
    if sensor is None:
        _blind(of, seed, panels, rows, before_min)
    else:
        _levels(
            sensor,
            true_values(of, seed)[sensor.reads][rows],
            shown_values(of, seed)[sensor.id][rows],
            panels,
            before_min,
        )
    _alerts(of, told, panels[2], span_min, no_return_s)
    for panel in panels:
        panel.axvline(0, color=_MARK, lw=1.2)
    panels[0].set_title(of.title.en, loc="left")
    panels[2].set_xlabel("minutes to the point of no return (red line)")
    panels[2].set_xlim(-span_min, max(2.0, span_min * 0.04))
    figure.savefig(folder / f"{of.name}.svg", metadata={"Date": None, "Creator": None})


def _levels(
    sensor: Sensor,
    true: NDArray[np.float64],
    shown: NDArray[np.float64],
    panels: list[Axes],
    before_min: NDArray[np.float64],
) -> None:
    panels[0].plot(before_min, true, lw=1.2, color=_PALE, label="true")
    panels[0].plot(before_min, shown, lw=0.9, color=_INK, label="shown")
    panels[0].set_ylabel(f"{sensor.id}, {sensor.unit}")
    panels[1].plot(before_min, shown, lw=0.9, color=_INK)
    panels[1].set_ylabel("shown alone")
    for name, limit in sensor.limits.items():
        panels[1].axhline(limit, color=_MARK, lw=0.7, ls=":")
        panels[1].annotate(name, (before_min[0], limit), fontsize=7, color=_MARK)
    if np.isnan(shown).all():
        panels[1].text(0.5, 0.5, "nothing was shown", transform=panels[1].transAxes, ha="center")
    panels[0].legend(loc="upper left", fontsize=7, frameon=False)


def _blind(
    of: Accident,
    seed: int,
    panels: list[Axes],
    rows: NDArray[np.bool_],
    before_min: NDArray[np.float64],
) -> None:
    """Draw what no sensor saw: the first signal, and nothing below."""
    name = next(iter(of.signals))
    panels[0].plot(before_min, true_values(of, seed)[name][rows], lw=1.2, color=_PALE, label="true")
    panels[0].set_ylabel(name)
    panels[0].legend(loc="upper left", fontsize=7, frameon=False)
    panels[1].text(0.5, 0.5, "there was no sensor", transform=panels[1].transAxes, ha="center")


def _alerts(of: Accident, told: "list[Told]", panel: Axes, span_min: float, no_return_s: float) -> None:
    standing: dict[str, tuple[float, str]] = {}
    for t in told:
        at_min = (t.t_s - no_return_s) / 60
        key = str(t.line["id"])
        if key in standing:
            _bar(panel, *standing.pop(key), at_min, span_min)
        if t.line["event"] not in {"cleared", "closed"}:
            standing[key] = (at_min, str(t.line["grade"]))
            if -span_min <= at_min and t.line["event"] in {"opened", "reopened", "escalated"}:
                panel.plot(at_min, _ROWS[t.line["grade"]], "o", ms=4, color=_COLOURS[t.line["grade"]])
                panel.annotate(
                    f"{t.sensor} {t.methods[0] if t.methods else ''}",
                    (at_min, _ROWS[t.line["grade"]] + 0.18),
                    fontsize=5.5,
                    rotation=20,
                )
    end_min = (of.length_s - no_return_s) / 60
    for begun_min, grade in standing.values():
        _bar(panel, begun_min, grade, end_min, span_min)
    panel.set_yticks(list(_ROWS.values()), list(_ROWS))
    panel.set_ylim(-0.5, 4.2)
    panel.set_ylabel("hazwatch")


def _bar(panel: Axes, from_min: float, grade: str, to_min: float, span_min: float) -> None:
    if to_min > -span_min:
        panel.hlines(_ROWS[grade], max(from_min, -span_min), to_min, color=_COLOURS[grade], lw=2.5, alpha=0.5)
