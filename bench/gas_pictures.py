"""Pictures of a light and of a heavy gas for docs/gas.md; drawn by ``python bench/gas.py --pictures docs/img/gas``."""

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from sim.gas.dense import Air, DenseCloud, DenseSource, dense_cloud
from sim.gas.felt import Felt
from sim.gas.puffs import Puffs
from sim.gas.substances import substances
from sim.gas.units import reading_of
from sim.gas.wind import Meander, towards

Numbers = NDArray[np.float64]

_INK, _MARK, _PALE = "#1b4f72", "#b9770e", "#85929e"
_LEVELS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
_DETECTORS = np.array([[30.0, 0.0, 1.5], [60.0, 8.0, 1.5], [100.0, -10.0, 1.5]])
_SECONDS, _STOP_S = 900, 600


def draw(folder: Path) -> None:
    """Write both pictures."""
    mpl.rcParams.update({"svg.hashsalt": "hazwatch", "font.size": 8})
    folder.mkdir(parents=True, exist_ok=True)
    for name, figure in (("puffs", _puffs()), ("dense", _dense())):
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None, "Creator": None})


def _grid(x: Numbers, y: Numbers, *, height_m: float) -> Numbers:
    flat = np.stack(np.meshgrid(x, y, indexing="ij"), -1).reshape(-1, 2)
    return np.column_stack((flat, np.full(len(flat), height_m)))


def _contours(panel: Any, x: Numbers, y: Numbers, ppm: Numbers, colour: str) -> None:
    lines = panel.contour(x, y, ppm.reshape(len(x), len(y)).T, levels=_LEVELS, colors=colour, linewidths=0.8)
    panel.clabel(lines, fmt="%g", fontsize=6)


def _puffs() -> Figure:
    """10 g/s of hydrogen sulfide for ten minutes in a wandering wind: a moment, and what three detectors say."""
    gas = substances()["hydrogen_sulfide"]
    wind = towards(*Meander(np.random.Generator(np.random.PCG64([8, 1]))).block(2.5, 270.0, "D", _SECONDS))
    puffs, felt = Puffs(_DETECTORS), Felt(30.0 * np.ones(3), 100.0)
    x, y = np.linspace(-5, 160, 300), np.linspace(-40, 40, 200)
    there, shown, moment = np.empty((_SECONDS, 3)), np.empty((_SECONDS, 3)), np.empty(0)
    for second in range(_SECONDS):
        rate = 0.01 if second < _STOP_S else 0.0
        there[second] = reading_of(puffs.step(1.0, rate, (0.0, 0.0, 1.0), wind[second], "D"), "ppm", gas)
        shown[second] = felt.step(1.0, there[second])
        if second == _STOP_S // 2:
            moment = reading_of(puffs.concentration_kg_m3(_grid(x, y, height_m=1.5)), "ppm", gas)
    figure = Figure(figsize=(7.5, 5.2), layout="constrained")
    panels = figure.subplots(2, 1, height_ratios=[1, 1])
    _contours(panels[0], x, y, moment, _INK)
    panels[0].plot(*_DETECTORS[:, :2].T, "s", color=_MARK, ms=4)
    for letter, (east, north, _) in zip("abc", _DETECTORS, strict=True):
        panels[0].annotate(letter, (east, north), (4, 4), textcoords="offset points", color=_MARK)
    panels[0].set(aspect="equal", xlabel="m east", ylabel="m north")
    panels[0].set_title("H2S, 10 g/s: ppm at 1.5 m after 5 min", loc="left")
    for column, (letter, style) in enumerate(zip("abc", ("-", "--", ":"), strict=True)):
        panels[1].plot(there[:, column], color=_PALE, lw=0.6, ls=style)
        panels[1].plot(shown[:, column], color=_INK, lw=1.1, ls=style, label=letter)
    panels[1].axvline(_STOP_S, color=_MARK, lw=0.7)
    panels[1].set(xlabel="s", ylabel="ppm", ylim=(0, 150))
    panels[1].set_title("at the detectors (pale) and what they show: T90 30 s, range 100 ppm", loc="left")
    panels[1].legend(frameon=False)
    return figure


def _dense() -> Figure:
    """1 kg/s of chlorine as the heavy gas that it is, and as if it weighed no more than air."""
    gas = substances()["chlorine"]
    air = Air(wind_m_s=3.0, stability="D")
    heavy = dense_cloud(
        DenseSource(of=gas, kind="pool", rate_kg_s=1.0, duration_s=600.0, area_m2=20.0),
        air,
        averaging_s=600.0,
    )
    light = Puffs([[0.0, 0.0, 0.0]], averaging_s=600.0, source_m=2.0)
    for _ in range(300):
        light.step(1.0, 1.0, (0.0, 0.0, 0.0), (3.0, 0.0), "D")

    def ppm(of: DenseCloud | Puffs, places: Numbers) -> Numbers:
        found = of.at_kg_m3(places, 300.0) if isinstance(of, DenseCloud) else of.concentration_kg_m3(places)
        return reading_of(found, "ppm", gas)

    x, y, z = np.linspace(2, 400, 300), np.linspace(-80, 80, 200), np.linspace(0, 20, 100)
    figure = Figure(figsize=(7.5, 6.4), layout="constrained")
    panels = figure.subplots(3, 1, height_ratios=[2, 2, 1.4])
    for panel, cloud, title, colour in (
        (panels[0], heavy, "heavy: SLAB", _INK),
        (panels[1], light, "as if it were light: puffs", _MARK),
    ):
        _contours(panel, x, y, ppm(cloud, _grid(x, y, height_m=1.0)), colour)
        panel.set(ylabel="m across", xlim=(0, 400))
        panel.set_title(
            f"chlorine, 1 kg/s, ppm at 1 m after five minutes, 3 m/s, class D; {title}", loc="left"
        )
    panels[1].set_xlabel("m down the wind")
    column = np.stack((100 + 0 * z, 0 * z, z), 1)
    for cloud, label, colour in ((heavy, "heavy", _INK), (light, "light", _MARK)):
        panels[2].plot(ppm(cloud, column), z, color=colour, label=label)
    panels[2].set(xlabel="ppm on the axis 100 m down the wind", ylabel="m up", ylim=(0, 20))
    panels[2].legend(frameon=False)
    return figure
