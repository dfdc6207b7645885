"""`hazwatch bench core`: the detectors' step, from a thousand sensors to a million, beside what others do."""

from collections.abc import Callable

import numpy as np

from detectors.profile import Profile
from detectors.profile_file import load_profile
from registry.readings import ReadingBlock
from service.bench.core_peers import PEERS
from service.bench.figures import Figure, Peer, Target, beside_each
from service.bench.step import StepRun
from service.bench.timing import best_s
from service.bench.workload import later, readings

SENSORS = (1_000, 10_000, 100_000, 1_000_000)
FEW, USUAL, MANY = SENSORS[0], SENSORS[1], SENSORS[-1]
BLOCK = 200_000
UNIT = "readings/s"
RATE_TARGET = Target(limit=20e6)
COST_TARGET = Target(limit=4.0, at_least=False)


def measure(seconds: float, say: Callable[[str], None]) -> list[Figure]:
    """Measure for about `seconds`."""
    profile, _, _ = load_profile(None)
    share_s = seconds / (2 * len(SENSORS) + 2 * len(PEERS))
    rates: dict[tuple[int, bool], float] = {}
    for sensors in SENSORS:
        for in_order in (True, False):
            say(f"core: step, {sensors} sensors, {_order(in_order)}")
            rates[sensors, in_order] = step_rate(sensors, profile, share_s, in_order=in_order)
    peers = []
    for name, run in PEERS.items():
        say(f"core: {name}")
        peers.append(run(share_s))
    copied = copy_rate(share_s)
    figures = [
        Figure(
            name=f"detector step, {sensors:,} sensors, {_order(in_order)}",
            value=rate,
            unit=UNIT,
            beside=Peer(name="numpy copy of the same readings", value=copied),
            target=RATE_TARGET if sensors == USUAL else None,
        )
        for (sensors, in_order), rate in rates.items()
    ]
    figures += [
        Figure(
            name=f"cost per reading, {MANY:,} sensors against {FEW:,}, {_order(in_order)}",
            value=rates[FEW, in_order] / rates[MANY, in_order],
            unit="x",
            target=COST_TARGET,
        )
        for in_order in (True, False)
    ]
    return figures + beside_each(
        f"detector step, {USUAL:,} sensors, in order", rates[USUAL, True], UNIT, peers
    )


def step_rate(sensors: int, profile: Profile, within_s: float, *, in_order: bool) -> float:
    """Return readings judged per second on one core."""
    block = readings(sensors, BLOCK, in_order=in_order)
    step = StepRun(sensors, profile)

    def forward() -> None:
        nonlocal block
        block = later(block)

    return len(block) / best_s(lambda: step(block), within_s, forward)


def copy_rate(within_s: float) -> float:
    """Return readings per second when their columns are merely copied: what memory allows."""
    block = readings(USUAL, BLOCK, in_order=True)
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
