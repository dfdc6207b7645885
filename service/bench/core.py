"""`hazwatch bench core`: the detectors' step, from a thousand sensors to a million, beside what others do."""

from collections.abc import Callable

import numpy as np

from detectors.profile import Profile
from detectors.profile_file import load_profile
from registry.readings import ReadingBlock
from service.bench.core_peers import PEERS
from service.bench.figures import Figure, Peer, Target, beside_each
from service.bench.methods import all_on, alone, with_windows
from service.bench.step import Shards, StepRun, forward
from service.bench.timing import best_s
from service.bench.touched import COLUMN_BYTES, touched
from service.bench.workload import MOST_ROUNDS, readings

SENSORS = (1_000, 10_000, 100_000, 1_000_000)
FEW, USUAL, MANY = SENSORS[0], SENSORS[1], SENSORS[-1]
WINDOWS_S = (60, 600, 3_600)
"""Also in scans, for every sensor reports once a second."""
CORES = 2
BLOCK = 200_000
UNIT = "readings/s"
RATE_TARGET = Target(limit=20e6)
COST_TARGET = Target(limit=4.0, at_least=False)
_BEYOND_CACHES = 8_000_000
"""Readings whose columns no cache holds."""


Rates = dict[tuple[int, bool], float]
"""Readings/s by the number of sensors and whether they report in order."""


def measure(seconds: float, say: Callable[[str], None]) -> list[Figure]:
    """Measure for about `seconds`, and set up plants for about as long again."""
    profile, _, _ = load_profile(None)
    profiles = {
        **{f"{name} alone": each for name, each in alone().items()},
        "every method on": all_on(),
        **{f"window {window_s}": with_windows(profile, window_s) for window_s in WINDOWS_S},
    }
    share_s = seconds / (3 * len(SENSORS) + 2 * len(PEERS) + len(profiles))
    rates = _step_rates(profile, share_s, say)
    say("core: methods and windows")
    usual = {name: step_rate(StepRun(USUAL, each), share_s, in_order=True) for name, each in profiles.items()}
    say(f"core: {CORES} cores")
    sharded = {
        sensors: sharded_rate(Shards(sensors, CORES, profile), share_s, in_order=True)
        for sensors in (USUAL, MANY)
    }
    peers = []
    for name, run_peer in PEERS.items():
        say(f"core: {name}")
        peers.append(run_peer(share_s))
    return [
        *_step_figures(rates, copy_rate(BLOCK, share_s)),
        *_usual_figures(rates, usual, sharded),
        *_memory_figures(profile, rates, share_s),
        *beside_each(f"detector step, {USUAL:,} sensors, in order", rates[USUAL, True], UNIT, peers),
    ]


def _step_rates(profile: Profile, share_s: float, say: Callable[[str], None]) -> Rates:
    """Return the rate of every size of plant; one plant is in memory at a time."""
    rates: Rates = {}
    for sensors in SENSORS:
        say(f"core: step, {sensors} sensors")
        run = StepRun(sensors, profile)
        for in_order in (True, False):
            rates[sensors, in_order] = step_rate(run, share_s, in_order=in_order)
        del run
    return rates


def _step_figures(rates: Rates, copied: float) -> list[Figure]:
    """Return the rates of the step, and what a reading costs more in a large plant than in a small one."""
    beside = Peer(name="numpy copy of the same readings", value=copied)
    return [
        *(
            Figure(
                name=f"detector step, {sensors:,} sensors, {_order(in_order)}",
                value=rate,
                unit=UNIT,
                beside=beside,
                target=RATE_TARGET if sensors == USUAL else None,
            )
            for (sensors, in_order), rate in rates.items()
        ),
        *(
            Figure(
                name=f"cost per reading, {MANY:,} sensors against {FEW:,}, {_order(in_order)}",
                value=rates[FEW, in_order] / rates[MANY, in_order],
                unit="x",
                target=COST_TARGET,
            )
            for in_order in (True, False)
        ),
    ]


def _usual_figures(rates: Rates, usual: dict[str, float], sharded: dict[int, float]) -> list[Figure]:
    """Return the rates of other profiles beside the packaged one, and those of several cores beside one."""
    default = Peer(name="the packaged profile", value=rates[USUAL, True])
    return [
        *(
            Figure(
                name=f"detector step, {USUAL:,} sensors, in order, {name}",
                value=rate,
                unit=UNIT,
                beside=default,
            )
            for name, rate in usual.items()
        ),
        *(
            Figure(
                name=f"detector step, {sensors:,} sensors, in order, {CORES} cores",
                value=rate,
                unit=UNIT,
                beside=Peer(name="one core", value=rates[sensors, True]),
            )
            for sensors, rate in sharded.items()
        ),
    ]


def _memory_figures(profile: Profile, rates: Rates, share_s: float) -> list[Figure]:
    """Return what a reading touches, and how near the step comes to what memory gives."""
    counted = touched(profile)
    column_bytes = sum(COLUMN_BYTES.values())
    limit = Peer(
        name="numpy copy beyond the caches, read and written",
        value=copy_rate(_BEYOND_CACHES, share_s) * 2 * COLUMN_BYTES["read"] / 1e9,
    )
    return [
        Figure(
            name="bytes touched by a reading, packaged profile",
            value=counted.bytes_touched,
            unit="B",
            beside=Peer(name="of them the reading's own columns", value=column_bytes),
        ),
        *(
            Figure(
                name=f"memory moved by the step, {MANY:,} sensors, {_order(in_order)}",
                value=rates[MANY, in_order] * counted.bytes_moved / 1e9,
                unit="GB/s",
                beside=limit,
            )
            for in_order in (True, False)
        ),
    ]


def step_rate(run: StepRun, within_s: float, *, in_order: bool) -> float:
    """Return readings judged per second on one core; the run may have judged others before."""
    block = run.next_readings(BLOCK, in_order=in_order)
    return len(block) / best_s(lambda: run(block), within_s, lambda: forward(block))


def sharded_rate(shards: Shards, within_s: float, *, in_order: bool) -> float:
    """Return readings judged per second by the cores of all shards together."""
    shards.take(CORES * BLOCK, in_order=in_order)
    return len(shards) / best_s(shards.judge, within_s, shards.forward)


def copy_rate(count: int, within_s: float) -> float:
    """Return readings per second when the columns of `count` are merely copied: what memory allows."""
    block = readings(max(USUAL, count // MOST_ROUNDS), count, in_order=True)
    into = ReadingBlock(
        sensor=np.empty_like(block.sensor),
        t_ns=np.empty_like(block.t_ns),
        value=np.empty_like(block.value),
        quality=np.empty_like(block.quality),
    )

    def copy() -> None:
        for name in ("sensor", "t_ns", "value", "quality"):
            np.copyto(getattr(into, name), getattr(block, name))

    return len(block) / best_s(copy, within_s)


def _order(in_order: bool) -> str:  # noqa: FBT001 - the key of a table
    return "in order" if in_order else "shuffled"
