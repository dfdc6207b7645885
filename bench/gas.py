"""Figures and pictures of the gas models of sim/gas, for docs/gas.md and bench/results/.

``python bench/gas.py [OUT.md] [--pictures FOLDER]``. Without a folder no picture is drawn. Two runs draw the same bytes; the
times of the first table are this machine's. matplotlib comes with ``pip install 'hazwatch[bench]'``.
"""

import argparse
import math
import platform
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import sim.gas.puffs  # noqa: E402 - bench and the rooms are found from the checkout
from sim.gas.dense import Air, DenseSource, dense_cloud, flashed_area_m2  # noqa: E402 - as above
from sim.gas.puffs import Puffs  # noqa: E402 - as above
from sim.gas.release import flash_fraction  # noqa: E402 - as above
from sim.gas.spread import Stability, across, up  # noqa: E402 - as above
from sim.gas.substances import substances  # noqa: E402 - as above
from sim.gas.units import fraction_of, reading_of  # noqa: E402 - as above
from sim.gas.wind import Meander, towards  # noqa: E402 - as above

Numbers = NDArray[np.float64]

RECEPTORS = 60
CLASSES: tuple[Stability, ...] = ("A", "D", "F")


@dataclass(frozen=True, slots=True, kw_only=True)
class Jet:
    """One trial of liquid ammonia; `seen` is the largest concentration in ppm at 100 m and at 800 m, 1 m up."""

    name: str
    rate_kg_s: float
    lasts_s: float
    air: Air
    liquid_c: float
    pressure_pa: float
    averaging_s: float
    seen: tuple[float, float]


def _desert(wind_m_s: float, stability: Stability, temp_c: float, humidity: float) -> Air:
    return Air(
        wind_m_s=wind_m_s, measured_at_m=2.0, stability=stability, temp_k=temp_c + 273.15,
        humidity_percent=humidity, roughness_m=0.003,
    )  # fmt: skip


# Goldwire et al. (1985) and the Modelers Data Archive (Hanna, Chang and Strimaitis 1993), as remembered.
DESERT_TORTOISE = (
    Jet(name="DT1", rate_kg_s=79.7, lasts_s=126, air=_desert(7.4, "D", 28.8, 13), liquid_c=21.5, pressure_pa=1.01e6,
        averaging_s=80, seen=(49_943, 8_843)),
    Jet(name="DT2", rate_kg_s=111.5, lasts_s=255, air=_desert(5.8, "D", 30.4, 18), liquid_c=20.1, pressure_pa=1.12e6,
        averaging_s=160, seen=(83_203, 10_804)),
    Jet(name="DT3", rate_kg_s=130.7, lasts_s=166, air=_desert(7.4, "D", 34.0, 15), liquid_c=22.1, pressure_pa=1.14e6,
        averaging_s=120, seen=(76_881, 7_087)),
    Jet(name="DT4", rate_kg_s=96.7, lasts_s=381, air=_desert(4.5, "E", 32.4, 21), liquid_c=24.1, pressure_pa=1.18e6,
        averaging_s=300, seen=(57_300, 16_678)),
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="figures and pictures of the gas models")
    parser.add_argument("out", nargs="?", type=Path)
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    lines = [*_head(), *_costs(), *_joining(), *_widths(), *_trials()]
    text = "\n".join(lines) + "\n"
    print(text)
    if asked.out:
        asked.out.write_text(text)
    if asked.pictures:
        from bench.gas_pictures import draw  # noqa: PLC0415 - matplotlib only where a picture is asked for

        draw(asked.pictures)


def _head() -> Iterator[str]:
    yield "# Gas models, November 2026"
    yield ""
    yield f"`python bench/gas.py`, {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}."
    yield ""


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def _places() -> Numbers:
    rng = np.random.Generator(np.random.PCG64([3, 1]))
    return np.stack(
        (rng.uniform(2, 300, RECEPTORS), rng.normal(0, 10, RECEPTORS), rng.uniform(0, 5, RECEPTORS)), 1
    )


def _wind(stability: Stability, seconds: int) -> Numbers:
    rng = np.random.Generator(np.random.PCG64([1, 2]))
    return towards(*Meander(rng).block(3.0, 270.0, stability, seconds))


def _leak(puffs: Puffs, wind: Numbers, stability: Stability) -> Numbers:
    return np.array([puffs.step(1.0, 0.1, (0.0, 0.0, 1.0), w, stability) for w in wind])


def _costs() -> Iterator[str]:
    yield f"## Cost: {RECEPTORS} receptors, steps of 1 s, a wandering wind of 3 m/s"
    yield ""
    rows = []
    for stability in CLASSES:
        wind = _wind(stability, 1800)
        puffs, began = Puffs(_places()), time.perf_counter()
        _leak(puffs, wind, stability)
        per_s = (time.perf_counter() - began) / len(wind)
        rows.append([stability, f"{per_s * 1e3:.2f} ms", str(len(puffs)), f"{per_s * 100 * 1800:.0f} s"])
    yield from _table(["class", "a step", "puffs after 30 min", "100 leaks of 30 min"], rows)
    source = DenseSource(of=substances()["chlorine"], kind="pool", rate_kg_s=1.0, duration_s=600, area_m2=20)
    began = time.perf_counter()
    cloud = dense_cloud(source, Air(wind_m_s=3.1, stability="D"))
    run = time.perf_counter() - began
    places, began = _places(), time.perf_counter()
    for t_s in range(1000):
        cloud.at_kg_m3(places, t_s)
    yield f"A dense cloud: {run:.2f} s for its tables, {time.perf_counter() - began:.2f} ms to read {RECEPTORS} receptors."
    yield ""


def _joining() -> Iterator[str]:
    yield "## What joining puffs costs in truth: against puffs that are never joined"
    yield ""
    rows = []
    shift = sim.gas.puffs._SHIFT  # noqa: SLF001 - compared with itself switched off
    for stability in CLASSES:
        wind = _wind(stability, 600)
        short = _leak(Puffs(_places()), wind, stability)
        sim.gas.puffs._SHIFT = -1.0  # noqa: SLF001 - as above
        long = _leak(Puffs(_places(), most=10_000), wind, stability)
        sim.gas.puffs._SHIFT = shift  # noqa: SLF001 - as above
        worst = np.abs(short - long).max() / long.max()
        typical = math.sqrt(((short - long) ** 2).mean() / (long**2).mean())
        rows.append([stability, f"{worst:.1%}", f"{typical:.1%}"])
    yield from _table(
        ["class", "worst, of the greatest value", "root mean square, of that of the values"], rows
    )


def _widths() -> Iterator[str]:
    yield "## Two hours of puffs in a wandering wind over the ten-minute Gaussian plume, on the axis"
    yield ""
    x = np.array([10.0, 30.0, 100.0, 200.0, 300.0])
    places = np.stack((x, 0 * x, 0 * x + 1), 1)
    rows = []
    for stability in CLASSES:
        felt = _leak(Puffs(places), _wind(stability, 7200), stability)[600:].mean(0)
        wide, high = np.hypot(across(stability).sigma_m(x), 0.3), np.hypot(up(stability).sigma_m(x), 0.3)
        plume = 0.1 / (2 * np.pi * 3 * wide * high) * (1 + np.exp(-0.5 * (2 / high) ** 2))
        rows.append([stability, *(f"{ratio:.2f}" for ratio in felt / plume)])
    yield from _table(["class", *(f"{distance:.0f} m" for distance in x)], rows)


def _trials() -> Iterator[str]:
    yield "## Field trials"
    yield ""
    ammonia = substances()["ammonia"]
    rows, ratios = [], []
    for jet in DESERT_TORTOISE:
        liquid = 1 - flash_fraction(jet.liquid_c + 273.15, ammonia)
        speed = math.sqrt(2 * (jet.pressure_pa - 101_325) / ammonia.density_kg_m3(jet.liquid_c + 273.15))
        source = DenseSource(
            of=ammonia, kind="jet", rate_kg_s=jet.rate_kg_s, duration_s=jet.lasts_s, height_m=0.79,
            area_m2=flashed_area_m2(jet.rate_kg_s, speed, ammonia, liquid), liquid_fraction=liquid,
        )  # fmt: skip
        cloud = dense_cloud(source, jet.air, averaging_s=jet.averaging_s)
        for distance, seen in zip((100.0, 800.0), jet.seen, strict=True):
            course = [
                reading_of(cloud.at_kg_m3([[distance, 0, 1]], t), "ppm", ammonia, jet.air.temp_k)[0]
                for t in np.arange(0.0, 1200.0, 2.0)
            ]
            said = float(max(course))
            ratios.append(said / seen)
            rows.append([jet.name, f"{distance:.0f} m", f"{seen:,.0f}", f"{said:,.0f}", f"{said / seen:.2f}"])
    yield "Desert Tortoise, liquid ammonia; the trials' conditions and measured values are remembered, not read:"
    yield ""
    yield from _table(["trial", "at", "measured ppm", "model ppm", "ratio"], rows)
    within = sum(0.5 <= ratio <= 2 for ratio in ratios)
    mean = math.exp(sum(math.log(ratio) for ratio in ratios) / len(ratios))
    yield f"{within} of {len(ratios)} within a factor of 2; geometric mean of the ratios {mean:.2f}."
    yield ""
    methane = substances()["methane"]
    rate, lasts = 116.93, 107.0
    pool = DenseSource(of=methane, kind="pool", rate_kg_s=rate, duration_s=lasts, area_m2=rate / 0.167)
    sea = Air(
        wind_m_s=1.94, measured_at_m=3.0, stability="E", temp_k=290, humidity_percent=50, roughness_m=2e-4
    )
    cloud = dense_cloud(pool, sea, averaging_s=80)
    x = np.arange(50.0, 1000.0, 5.0)
    places = np.stack((x, 0 * x, 0 * x + 1), 1)
    most = np.max(
        [fraction_of(cloud.at_kg_m3(places, t), methane.molar_kg, 290) for t in range(0, 900, 5)], axis=0
    )
    yield (
        f"Burro 8, LNG on water: 5 % by volume as far as {x[most >= 0.05].max():.0f} m; measured 455 m, conditions and"
        " measured value as in the documentation of slabx 1.0.7."
    )


if __name__ == "__main__":
    main()
