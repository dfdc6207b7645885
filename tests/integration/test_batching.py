"""Batching is invisible: any split of one sequence gives the same findings, scores, alerts and notifications."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.clock import Clock
from ingest.messages import Message
from registry.readings import ReadingBlock
from service.pipeline import Outcome, Pipeline, Plan
from service.plan import load
from service.replaying import Columns
from sim.demo import write_demo
from sim.outgoing import Addresses, Packer, Shape
from sim.recorded import Recorded
from sim.scenarios import DEMO_START_NS, simulate

FIXED = (1, 7, 1000)
NS = 1_000_000_000


@cache
def demo_plan() -> Plan:
    with TemporaryDirectory() as folder:
        return load(write_demo(Path(folder))).plan


@cache
def demo() -> Recorded:
    return Recorded.concat(simulate("demo-site", 7, 0.1, DEMO_START_NS))


@dataclass(frozen=True)
class Gave:
    """Everything that came of a sequence, in a form that can be compared."""

    events: list[bytes]
    notifications: list[tuple[str, str, bytes]]
    findings: bytes
    scores: bytes
    status: bytes
    rejects: list[tuple[str, str, int]]

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> "Gave":
        return cls(
            events=[event.line() for each in outcomes for event in each.events],
            notifications=[(n.id, n.receiver, n.body) for each in outcomes for n in each.notifications],
            findings=b"".join(each.findings.rows.tobytes() for each in outcomes),
            scores=b"".join(each.score.tobytes() for each in outcomes),
            status=b"".join(each.status.tobytes() for each in outcomes),
            rejects=[(r.reason, r.topic, r.count) for each in outcomes for r in each.rejects],
        )


def cut(count: int, sizes: int | random.Random) -> Iterator[slice]:
    """Yield slices that cover `count` items in order; a random one draws sizes from 0 to 3 000, mostly small ones."""
    at = 0
    while at < count:
        size = sizes if isinstance(sizes, int) else int(3000 ** sizes.random()) - 1
        yield slice(at, at + size)
        at += size


def blocks(sequence: ReadingBlock, sizes: int | random.Random, plan: Plan) -> Gave:
    pipeline = Pipeline(plan)
    return Gave.of([pipeline.block(sequence[part], 0) for part in cut(len(sequence), sizes)])


def messages(sequence: Sequence[Message], sizes: int | random.Random, plan: Plan) -> Gave:
    pipeline = Pipeline(plan)
    return Gave.of([pipeline.messages(sequence[part], 0) for part in cut(len(sequence), sizes)])


def splits(seed: int = 7) -> list[int | random.Random]:
    return [*FIXED, *(random.Random(seed + i) for i in range(4))]


def test_the_simulated_site_in_any_batches() -> None:
    plan = replace(demo_plan(), clock=Clock.EVENT)
    sequence = Columns(plan.registry).block(demo())
    whole = blocks(sequence, len(sequence), plan)
    assert len(whole.events) > 10
    assert whole.notifications
    for sizes in splits():
        assert blocks(sequence, sizes, plan) == whole


@pytest.mark.parametrize("shape", Shape)
def test_the_simulated_site_as_messages_in_any_batches(shape: Shape) -> None:
    plan = replace(demo_plan(), clock=Clock.EVENT)
    packed = [Message(each.topic, each.payload) for each in Packer(Addresses(), shape).pack(demo())]
    sequence = Columns(plan.registry).block(demo())
    whole = messages(packed, len(packed), plan)
    assert whole.events == blocks(sequence, len(sequence), plan).events
    for sizes in splits():
        assert messages(packed, sizes, plan) == whole


@st.composite
def sequences(draw: st.DrawFn) -> ReadingBlock:
    """Draw readings such as no plant has: jumps beyond every limit, gaps, late, doubled and missing ones."""
    seed = draw(st.integers(0, 2**32 - 1))
    count = draw(st.integers(1, 400))
    rng = np.random.default_rng(seed)
    specs = demo_plan().registry.specs
    few = rng.choice(len(specs), size=draw(st.integers(1, 6)), replace=False)
    sensor = rng.choice(few, count).astype(np.int32)
    steps = rng.choice([0, 1, 1, 2, 5, 40, -3], count) * NS
    lo = np.array([spec.range_lo for spec in specs])[sensor]
    hi = np.array([spec.range_hi for spec in specs])[sensor]
    value = lo + (hi - lo) * rng.choice(
        [0.5, 0.02, 0.97, 1.3, -0.2, np.nan], count, p=[0.4, 0.2, 0.2, 0.08, 0.08, 0.04]
    )
    quality = rng.choice([0, 0, 0, 0, 1, 2], count).astype(np.uint8)
    return ReadingBlock(sensor=sensor, t_ns=DEMO_START_NS + np.cumsum(steps), value=value, quality=quality)


@given(sequence=sequences(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_readings_in_any_batches(sequence: ReadingBlock, seed: int) -> None:
    plan = replace(demo_plan(), clock=Clock.EVENT)
    whole = blocks(sequence, len(sequence), plan)
    for sizes in (1, 7, random.Random(seed)):
        assert blocks(sequence, sizes, plan) == whole


@given(sequence=sequences(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_under_the_wall_clock_ticks_and_batches_are_invisible(sequence: ReadingBlock, seed: int) -> None:
    """What counts is when each reading came: how many came together, and how often deadlines were looked at, does not."""
    draw = random.Random(seed)
    plan = demo_plan()
    came = []
    now_ns = DEMO_START_NS
    for part in cut(len(sequence), draw):
        if part.stop > part.start:
            now_ns += draw.choice([0, 1, 3, 20, 90]) * NS
            came.append((now_ns, part))
    assert _told(plan, sequence, came, None) == _told(plan, sequence, came, draw)


def _told(
    plan: Plan, sequence: ReadingBlock, came: Sequence[tuple[int, slice]], draw: random.Random | None
) -> list[bytes]:
    pipeline = Pipeline(plan)
    lines: list[bytes] = []
    last_ns = came[0][0]
    for now_ns, part in came:
        if draw is not None:
            for tick_ns in sorted(draw.randrange(last_ns, now_ns + 1) for _ in range(draw.randrange(4))):
                lines += [event.line() for event in pipeline.tick(tick_ns).events]
        last_ns = now_ns
        length = len(range(*part.indices(len(sequence))))
        for inner in cut(length, length or 1) if draw is None else cut(length, draw):
            rows = slice(part.start + inner.start, part.start + min(inner.stop, length))
            lines += [event.line() for event in pipeline.block(sequence[rows], now_ns).events]
    return lines + [event.line() for event in pipeline.tick(last_ns + 3600 * NS).events]
