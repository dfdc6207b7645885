"""How well the forecast is calibrated: what it said, and when the limit was reached.

``python bench/forecast.py [--set NAME=VALUE] [--seeds N] [--only TEXT] [--type TYPE] [--site-hours H]``. Synthetic courses of sensors with limits, by the
packaged profile; the demo site with its truth. docs/detectors.md tells what the figures are for.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from detectors.bank import DetectorBank  # noqa: E402 - the rooms are found from the checkout
from detectors.clock import Clock  # noqa: E402 - as above
from detectors.findings import Edge, Method  # noqa: E402 - as above
from detectors.profile import Profile  # noqa: E402 - as above
from detectors.profile_file import load_profile  # noqa: E402 - as above
from registry.readings import ReadingBlock  # noqa: E402 - as above
from registry.sensors import LIMIT_NAMES, SensorRegistry, SensorSpec, SensorType  # noqa: E402 - as above
from service.plan import load  # noqa: E402 - as above
from sim.demo import write_demo  # noqa: E402 - as above
from sim.site import BLOCK_S, Plant, SiteSim  # noqa: E402 - as above

NS = 1_000_000_000
T0_NS = 1_764_000_000 * NS
SENSORS = 60
"""Courses of each kind, side by side in one bank."""
SPEC = SensorSpec(
    id="", sensor="", enterprise="e", type=SensorType.LEVEL, range_lo=0.0, range_hi=100.0, ll=5.0, l=10.0, h=90.0, hh=95.0,
    deadband=1.0, on_delay_s=5.0, off_delay_s=30.0,
)  # fmt: skip
BANDS = ((30.0, 90.0), (90.0, 180.0), (270.0, 330.0), (540.0, 660.0), (1080.0, 1320.0))
"""Seconds said, in bands; the third is the five minutes of the goal."""
HIT = (0.6, 1.6)
"""Reached between 3 and 8 minutes of 5 said, and in the same shares of anything else."""
URGENT_S = 300.0
SITE_SEEDS = 10
Course = Callable[[np.random.Generator, NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One kind of course: its true values by time, what the transmitter makes of them, and how often it reports."""

    name: str
    true: Course
    noise: float = 0.05
    wander: float = 0.0
    wander_tau_s: float = 60.0
    step: float = 0.0
    spikes: float = 0.0
    scan_s: float = 1.0
    hours: float = 1.4
    kind: SensorType = SensorType.LEVEL


def rise(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rest, then a steady rise that reaches the limit 8 to 40 minutes after it began."""
    begins, reaches = rng.uniform(1800, 2400), rng.uniform(480, 2400)
    low = rng.uniform(40, 80)
    return low + (90 - low) / reaches * np.clip(t - begins, 0, None)


def at_once(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A steady rise that is under way when the first reading comes."""
    return 90 - rng.uniform(10, 30) * (1 - t / rng.uniform(300, 1800))


def runaway(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A rise that grows by its share of itself."""
    tau, low = rng.uniform(150, 500), rng.uniform(40, 75)
    reaches = rng.uniform(3600, 4800)
    return low + (90 - low) * np.exp(np.clip((t - reaches) / tau, None, 2.0))


def settling_beyond(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A rise that slows down and still passes the limit."""
    tau, low, begins = rng.uniform(300, 1200), rng.uniform(40, 75), rng.uniform(1800, 2400)
    end = 90 + rng.uniform(3, 20)
    return low + (end - low) * -np.expm1(-np.clip(t - begins, 0, None) / tau)


def settling_below(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A rise that slows down and ends below the limit."""
    tau, low, begins = rng.uniform(100, 900), rng.uniform(40, 70), rng.uniform(1800, 2400)
    end = rng.uniform(78, 88)
    return low + (end - low) * -np.expm1(-np.clip(t - begins, 0, None) / tau)


def stopped(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A filling that is stopped below the limit: someone intervenes."""
    low, top = rng.uniform(40, 70), rng.uniform(76, 88)
    begins, took = rng.uniform(1800, 2400), rng.uniform(300, 1800)
    return low + (top - low) * np.clip((t - begins) / took, 0, 1)


def rest(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Nothing, close below the limit."""
    return np.full(len(t), rng.uniform(80, 88))


def breathing(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """The swing of a day, close below the limit."""
    return rng.uniform(80, 82) + 5 * np.sin(2 * np.pi * (t / 86400 + rng.uniform()))


def cycling(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """A controller between two points, up and down in minutes, the upper one 5 below the limit."""
    period = rng.uniform(240, 1200)
    phase = (t / period + rng.uniform()) % 1.0
    return 65 + 20 * np.where(phase < 0.3, phase / 0.3, (1 - phase) / 0.7)


def jumps(rng: np.random.Generator, t: NDArray[np.float64]) -> NDArray[np.float64]:
    """Steps up and down below the limit, of a machine that starts and stops."""
    edges = np.cumsum(rng.exponential(900, 400))
    levels = rng.uniform(72, 88, 401)
    return levels[np.searchsorted(edges, t)]


COMES = (
    Case(name="rise, white noise 0.05 %", true=rise),
    Case(name="rise, noise 0.3 %", true=rise, noise=0.3),
    Case(name="rise, steps of 0.1 %, no noise", true=rise, noise=0.0, step=0.1),
    Case(name="rise, steps of 0.5 %", true=rise, noise=0.1, step=0.5),
    Case(name="rise, wander 0.2 % over 60 s", true=rise, wander=0.2),
    Case(name="rise, wander 0.5 % over 300 s", true=rise, wander=0.5, wander_tau_s=300),
    Case(name="rise, 1 % of readings are spikes", true=rise, spikes=0.01),
    Case(name="rise, every 10 s", true=rise, scan_s=10),
    Case(name="rise, every 60 s", true=rise, scan_s=60),
    Case(name="rise right after the start", true=at_once, hours=1.0),
    Case(name="runaway", true=runaway),
    Case(name="runaway, noise 0.3 %", true=runaway, noise=0.3),
    Case(name="slowing, passes the limit", true=settling_beyond, hours=2),
)
STAYS = (
    Case(name="rest, noise 0.05 %", true=rest, hours=12),
    Case(name="rest, noise 1 %", true=rest, noise=1.0, hours=12),
    Case(name="rest, wander 0.3 % over 30 s", true=rest, wander=0.3, wander_tau_s=30, hours=12),
    Case(name="rest, wander 0.5 % over 300 s", true=rest, wander=0.5, wander_tau_s=300, hours=12),
    Case(name="rest, steps of 0.5 %", true=rest, noise=0.15, step=0.5, hours=12),
    Case(name="rest, 1 % spikes", true=rest, spikes=0.01, hours=12),
    Case(name="rest, every 60 s, wander 0.5 % over 300 s", true=rest, wander=0.5, wander_tau_s=300, scan_s=60, hours=48),
    Case(name="swing of a day", true=breathing, wander=0.1, hours=24),
    Case(name="steps of a machine", true=jumps, hours=12),
    Case(name="a controller's cycle", true=cycling, hours=12),
    Case(name="slowing, ends below", true=settling_below),
    Case(name="filling, stopped below", true=stopped),
)  # fmt: skip


def measured(case: Case, true: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Return what the transmitters report of true values, a row a moment."""
    value: NDArray[np.float64] = true + rng.normal(0, case.noise, true.shape) if case.noise else true.copy()
    if case.wander:
        keep = np.exp(-case.scan_s / case.wander_tau_s)
        drift = rng.normal(0, case.wander, true.shape[1])
        for n in range(len(value)):
            value[n] += drift
            drift = keep * drift + rng.normal(0, case.wander * np.sqrt(1 - keep**2), true.shape[1])
    if case.spikes:
        value += rng.normal(0, 5, true.shape) * (rng.random(true.shape) < case.spikes)
    if case.step:
        value = np.round(value / case.step) * case.step
    return np.asarray(value)


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one kind: every moment at which a limit stood as ahead, and the findings.

    `moments` has columns: seconds said, seconds until the true value reached that limit (infinite: never). `findings`: the
    same of findings raised. `lead_s`: by sensor, how long before h the first finding for h came, NaN for none. `days`: sensor-days.
    """

    moments: NDArray[np.float64]
    findings: NDArray[np.float64]
    lead_s: NDArray[np.float64]
    days: float


def run(case: Case, profile: Profile, seed: int, kind: SensorType | None = None) -> Said:
    """Feed `SENSORS` courses of a kind and note what is said of them."""
    rng = np.random.default_rng([seed, *case.name.encode()])
    t_s = np.arange(0, case.hours * 3600, case.scan_s)
    true = np.column_stack([case.true(rng, t_s) for _ in range(SENSORS)])
    value = measured(case, true, rng)
    spec = replace(SPEC, scan_s=case.scan_s, type=kind or case.kind)
    registry = SensorRegistry(tuple(replace(spec, id=str(i), sensor=str(i)) for i in range(SENSORS)))
    bank = DetectorBank(registry, profile, Clock.EVENT)
    reach = {k: _first(true >= getattr(SPEC, name), t_s) for k, name in ((2, "h"), (3, "hh"))}
    everyone, good = np.arange(SENSORS, dtype=np.int32), np.zeros(SENSORS, np.uint8)
    moments, findings, lead_s = [], [], np.full(SENSORS, np.nan)
    for at_s, row in zip(t_s, value, strict=True):
        t_ns = np.full(SENSORS, T0_NS + round(at_s * NS))
        block = ReadingBlock(sensor=everyone, t_ns=t_ns, value=row, quality=good)
        for f in bank.step(block, 0).findings:
            if f["method"] == Method.FORECAST and f["edge"] == Edge.RAISED:
                i, k = int(f["sensor"]), int(f["limit"])
                findings.append((float(f["forecast_s"]), reach[k][i] - at_s if k in reach else np.inf))
                if k == 2 and np.isnan(lead_s[i]) and np.isfinite(reach[k][i]):
                    lead_s[i] = reach[k][i] - at_s
        for i, k, left_s in bank.ahead():
            if k in reach:
                moments.append((left_s, reach[k][i] - at_s))
    days = SENSORS * case.hours / 24
    return Said(_table(moments), _table(findings), lead_s, days)


def _first(beyond: NDArray[np.bool_], t_s: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(beyond.any(axis=0), t_s[beyond.argmax(axis=0)], np.inf)


def _table(rows: list[tuple[float, float]]) -> NDArray[np.float64]:
    return np.array(rows, np.float64).reshape(-1, 2)


def share_hit(rows: NDArray[np.float64], band: tuple[float, float]) -> tuple[int, float, float, float]:
    """Return how many said a time in the band, and the shares that were reached too soon, in time, too late or never."""
    inside = rows[(rows[:, 0] >= band[0]) & (rows[:, 0] <= band[1])]
    if not len(inside):
        return 0, np.nan, np.nan, np.nan
    middle = (band[0] + band[1]) / 2
    soon, late = inside[:, 1] < HIT[0] * middle, inside[:, 1] > HIT[1] * middle
    return len(inside), float(soon.mean()), float((~soon & ~late).mean()), float(late.mean())


def site(seed: int, profile: Profile, hours: float) -> list[tuple[str, float, str, float, float]]:
    """Return what is forecast at the demo site: sensor, when, limit, seconds said, seconds until the true value was there."""
    with TemporaryDirectory() as folder:
        registry = load(write_demo(Path(folder))).plan.registry
    seconds = round(hours * 3600)
    plant = Plant(seed, T0_NS)
    known_s = seconds + 1800  # what is said at the end is held against what comes after it
    true = np.concatenate([plant.advance(BLOCK_S) for _ in range(-(-known_s // BLOCK_S))])
    sim = SiteSim(seed, T0_NS)
    where = np.array([registry.index[name] for name in sim.names], np.int32)
    readings = sim.step(T0_NS + seconds * NS)
    block = ReadingBlock(
        sensor=where[readings.column],
        t_ns=readings.t_ns,
        value=readings.value,
        quality=np.zeros(len(readings.value), np.uint8),
    )
    told = []
    for f in DetectorBank(registry, profile, Clock.EVENT).step(block, 0).findings:
        if f["method"] != Method.FORECAST or f["edge"] != Edge.RAISED:
            continue
        spec, k, at_s = registry.specs[f["sensor"]], int(f["limit"]), (int(f["t_ns"]) - T0_NS) / NS
        ahead = true[int(at_s) :, sim.names.index(spec.id)]
        beyond = ahead <= spec.limits[k] if k <= 1 else ahead >= spec.limits[k]
        reached_s = float(beyond.argmax()) if beyond.any() else np.inf
        told.append((spec.id, at_s, LIMIT_NAMES[k], float(f["forecast_s"]), reached_s))
    return told


def changed(settings: Mapping[str, str]) -> Profile:
    """Return the packaged profile with settings of every type changed for a trial."""
    profile, _, faults = load_profile(None)
    assert not faults
    typed: dict[str, Any] = {
        name: (int if name.endswith("samples") else float)(value) for name, value in settings.items()
    }
    return Profile({kind: replace(methods, **typed) for kind, methods in profile.types.items()})


def comes(profile: Profile, kind: SensorType, seeds: int, only: str) -> None:
    """Print what is said of courses that reach the limit, and when they did."""
    print("| course that reaches the limit | moments that said 4.5 to 5.5 min | reached in 3 to 8 | sooner | later or never | findings that said so | reached in 3 to 8 | told before | lead, median s | longest s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|")
    every = []
    for case in (c for c in COMES if only in c.name):
        said = [run(case, profile, seed, kind) for seed in range(seeds)]
        rows, found = np.concatenate([s.moments for s in said]), np.concatenate([s.findings for s in said])
        every.append((rows, found))
        n, soon, hit, late = share_hit(rows, BANDS[2])
        m, _, hit_told, _ = share_hit(found, BANDS[2])
        lead = np.concatenate([s.lead_s for s in said])
        told = lead[np.isfinite(lead) & (lead > 0)]
        cells = (case.name, n, f"{hit:.1%}", f"{soon:.1%}", f"{late:.1%}", m, f"{hit_told:.0%}", f"{len(told)} of {len(lead)}",
                 f"{np.median(told) if len(told) else np.nan:.0f}", f"{told.max(initial=0):.0f}")  # fmt: skip
        print(_row(cells), flush=True)
    if not every:
        return
    rows, found = (np.concatenate([e[j] for e in every]) for j in (0, 1))
    print("\n| said | moments | in time | sooner | later or never | findings | in time |")
    print("|---|---|---|---|---|---|---|")
    for band in BANDS:
        n, soon, hit, late = share_hit(rows, band)
        m, _, hit_told, _ = share_hit(found, band)
        shares = (f"{share:.1%}" for share in (hit, soon, late))
        print(_row((f"{band[0]:.0f} to {band[1]:.0f} s", n, *shares, m, f"{hit_told:.1%}")))


def stays(profile: Profile, kind: SensorType, seeds: int, only: str) -> None:
    """Print what is said of courses that do not reach the limit."""
    print(
        "\n| course that does not | sensor-days | forecasts raised | per sensor-day | urgent |\n|---|---|---|---|---|"
    )
    for case in (c for c in STAYS if only in c.name):
        said = [run(case, profile, seed, kind) for seed in range(seeds)]
        found, days = np.concatenate([s.findings for s in said]), sum(s.days for s in said)
        urgent = int((found[:, 0] <= URGENT_S).sum())
        print(_row((case.name, f"{days:.1f}", len(found), f"{len(found) / days:.2f}", urgent)), flush=True)


def sites(profile: Profile, seeds: int, hours: float) -> None:
    """Print what is forecast at the demo site, by sensor and limit, and when the true value was there."""
    told: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for seed in range(seeds):
        for sensor, _, limit, said_s, reached_s in site(seed, profile, hours):
            told.setdefault((sensor, limit), []).append((said_s, reached_s))
    print(f"\n| demo site, {seeds} seeds of {hours:g} h | limit | forecasts | reached | said, median s | reached after, median s | said less reached, median s | worst s |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for (sensor, limit), rows in sorted(told.items()):
        came = np.array([row for row in rows if np.isfinite(row[1])]).reshape(-1, 2)
        off = came[:, 0] - came[:, 1] if len(came) else np.array([np.nan])
        figures = (np.median(came[:, 0]), np.median(came[:, 1])) if len(came) else (np.nan, np.nan)
        cells = (*figures, np.median(off), off[np.abs(off).argmax()])
        print(_row((sensor, limit, len(rows), len(came), *(f"{cell:.0f}" for cell in cells))))


def _row(cells: Iterable[object]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--type", default="level")
    parser.add_argument("--site-hours", type=float, default=1.0)
    arguments = parser.parse_args()
    profile, kind = changed(dict(pair.split("=") for pair in arguments.set)), SensorType(arguments.type)
    comes(profile, kind, arguments.seeds, arguments.only)
    stays(profile, kind, arguments.seeds, arguments.only)
    if not arguments.only:
        sites(profile, SITE_SEEDS, arguments.site_hours)


if __name__ == "__main__":
    main()
