"""Shape and health against their oracles, their own splits and their snapshots; and what they are for, in small stories."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import Edge, FindingBlock, Method
from detectors.health_rows import partners_of
from detectors.profile import Methods, Profile
from detectors.shape_state import HEALTH_BITS, NO_PARTNER
from detectors.state import condition_of
from registry.readings import Quality, ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.detectors.oracle_health import HealthOracle, Told
from tests.detectors.oracle_shape import PulseOracle
from tests.detectors.test_bank import T0, S

PULSE = Methods(
    spike_false_per_day=50, spike_gap_s=20, step_false_per_day=50, step_samples=3, step_hold_s=60, variance_false_per_day=50,
    oscillation_false_per_day=200, stuck_false_per_day=50, stuck_min_s=5, noise_false_per_day=50,
)  # fmt: skip
HEALTH = Methods(
    saturation_s=2,
    saturation_samples=2,
    saturation_ends=2,
    clock_max_s=20,
    clock_samples=3,
    bad_s=1,
    dead_scans=math.nan,
)
OTHER = SensorSpec(id="e/X", sensor="X", enterprise="e", type=SensorType.OTHER)
RANGED = replace(OTHER, id="e/P", sensor="P", type=SensorType.PRESSURE, range_lo=-10.0, range_hi=100.0)
LEVEL = replace(
    OTHER, type=SensorType.LEVEL, unit="m", equipment="T-1", group="T-1-level", range_lo=0.0, range_hi=10.0
)
PROFILE = Profile({SensorType.OTHER: PULSE, SensorType.PRESSURE: HEALTH, SensorType.LEVEL: PULSE})
Row = tuple[int, int, float, int]


def bank_of(*specs: SensorSpec, clock: Clock = Clock.EVENT, profile: Profile = PROFILE) -> DetectorBank:
    return DetectorBank(SensorRegistry(specs), profile, clock)


def block_of(rows: list[Row]) -> ReadingBlock:
    return ReadingBlock.of(*zip(*rows, strict=True)) if rows else ReadingBlock.empty()


def told(findings: FindingBlock) -> list[Told]:
    return [(int(f["t_ns"]), Method(f["method"]).label, Edge(f["edge"]).label, int(f["onset_ns"])) for f in findings]  # fmt: skip


def record(row: np.void) -> dict[str, Any]:
    return {name: row[name] for name in row.dtype.names or ()}


@dataclass(frozen=True)
class Piece:
    """A stretch of a made-up signal."""

    kind: str
    samples: int
    size: float


def signal(kind: str, k: int, size: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a stretch of so many samples."""
    steady = rng.normal(size=k)
    made = {
        "noise": size * steady,
        "walk": size * np.cumsum(steady),
        "rest": np.full(k, size),
        "ramp": size * np.arange(k) + 0.1 * size * steady,
        "swing": 8 * size * np.sin(np.arange(k) * 0.7) + 0.1 * size * steady,
        "coarse": size * np.round(steady),
        "spikes": size * steady + 100 * size * (rng.random(k) < 0.03),
        "steps": size * steady + 50 * size * np.floor(np.arange(k) / 40),
        "wild": rng.choice([0.0, 1e30, -1e30, 1e-300, math.nan, math.inf, 2e30], size=k),
        "gaps": np.where(rng.random(k) < 0.1, math.nan, size * steady),
    }
    return np.asarray(made[kind], np.float64)


KINDS = ("noise", "walk", "rest", "ramp", "swing", "coarse", "spikes", "steps", "wild", "gaps")
pieces = st.lists(
    st.builds(
        Piece,
        st.sampled_from(KINDS),
        st.integers(1, 400),
        st.sampled_from([1.0, 1.0, 3.0, 0.2, 1e-9, 1e12]),
    ),
    min_size=1,
    max_size=5,
)


def rows_of(parts: list[Piece], seed: int, warm: bool, jitter: bool) -> list[Row]:
    """Good, bad and missing readings of sensor 0 about a second apart; some late, some doubled, with gaps."""
    rng = np.random.default_rng(seed)
    parts = [Piece("noise", 700, 1.0), *parts] if warm else parts
    value = np.concatenate([signal(p.kind, p.samples, p.size, rng) for p in parts])
    step_ns = rng.integers(S // 2, 2 * S, len(value)) if jitter else np.full(len(value), S)
    step_ns = np.where(rng.random(len(value)) < 0.01, 30 * S, step_ns)
    t_ns = T0 + np.cumsum(step_ns)
    late = rng.random(len(value)) < 0.02
    t_ns = np.where(late, t_ns - rng.integers(0, 5, len(value)) * S, t_ns)
    quality = np.where(rng.random(len(value)) < 0.02, int(Quality.BAD), int(Quality.GOOD))
    return [
        (0, int(t), float(v), int(q))
        for t, v, q in zip(t_ns.tolist(), value.tolist(), quality.tolist(), strict=True)
    ]


@settings(max_examples=60, deadline=None)
@given(pieces, st.integers(0, 1 << 30), st.booleans(), st.booleans())
def test_the_pulse_is_as_its_oracle_feels_it(parts: list[Piece], seed: int, warm: bool, jitter: bool) -> None:
    rows = rows_of(parts, seed, warm, jitter)
    params = PROFILE.params(SensorRegistry((OTHER,)))
    oracle = PulseOracle(record(params.shape[0]), record(params.health[0]))
    expected: list[Told] = []
    newest = None
    for _, t, v, quality in rows:
        if newest is not None and t <= newest:
            continue
        newest = t
        if quality != Quality.BAD and abs(v) <= 1e30:
            expected += oracle.read(t, v)
    assert told(bank_of(OTHER).step(block_of(rows), 0).findings) == expected


@settings(max_examples=40, deadline=None)
@given(
    pieces,
    st.integers(0, 1 << 30),
    st.booleans(),
    st.lists(st.integers(1, 1500), max_size=5),
    st.integers(0, 1500),
)
def test_pieces_and_snapshots_change_nothing(
    parts: list[Piece], seed: int, warm: bool, cuts: list[int], saved: int
) -> None:
    rows = rows_of(parts, seed, warm, jitter=True)
    straight = bank_of(OTHER)
    whole = straight.step(block_of(rows), 0)
    bank = bank_of(OTHER)
    edges = sorted({0, len(rows), *(c for c in (*cuts, saved) if c < len(rows))})
    parts_told = []
    for a, b in pairwise(edges):
        if a == saved:
            again = bank_of(OTHER)
            again.restore(bank.snapshot())
            bank = again
        parts_told.append(bank.step(block_of(rows[a:b]), 0))
    assert b"".join(p.findings.rows.tobytes() for p in parts_told) == whole.findings.rows.tobytes()
    assert b"".join(p.score.tobytes() for p in parts_told) == whole.score.tobytes()
    assert bank.snapshot() == straight.snapshot()


stamps = st.lists(
    st.tuples(
        st.integers(-60, 60),  # how far the reading's time is from the clock, s
        st.sampled_from([0, 1, 1, 1, 5, 40]),  # how far the clock goes on, s
        st.sampled_from([-10.05, -10.0, -9.95, 0.0, 50.0, 99.95, 100.0, 100.05, math.nan, 1e31]),
        st.sampled_from([0, 0, 0, 2]),
        st.integers(1, 8),  # so often in a row
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(stamps, st.sampled_from([Clock.EVENT, Clock.WALL]))
def test_saturation_clock_and_quality_are_as_their_oracle_says(
    runs: list[tuple[int, int, float, int, int]], clock: Clock
) -> None:
    bank = bank_of(RANGED, clock=clock)
    params = PROFILE.params(SensorRegistry((RANGED,)))
    oracle = HealthOracle(
        record(params.health[0]), record(params.base[0]), {"saturation", "clock", "quality"}, event_clock=clock is Clock.EVENT
    )  # fmt: skip
    now = newest = T0
    for offset, going, v, quality, times in runs:
        for _ in range(times):
            now += going * S
            t = now + offset * S
            newest = max(newest, t) if clock is Clock.EVENT and bank.now_ns > 0 else t
            judged = bank.step(block_of([(0, t, v, quality)]), now)
            heard = judged.now_ns
            ours = [f for f in told(judged.findings) if f[1] in {"saturation", "clock", "quality"}]
            assert ours == oracle.read(heard, t, v, quality == Quality.BAD)


def methods_told(bank: DetectorBank, rows: list[Row], now: int = 0) -> list[tuple[str, str]]:
    return [(f[1], f[2]) for f in told(bank.step(block_of(rows), now).findings)]


def noise(k: int, size: float = 1.0, seed: int = 1) -> list[float]:
    return list(map(float, size * np.random.default_rng(seed).normal(size=k)))


def every_second(values: list[float], sensor: int = 0, start: int = 0) -> list[Row]:
    return [(sensor, T0 + (start + k) * S, v, 0) for k, v in enumerate(values)]


def quiet(**changed: float) -> Profile:
    """Methods as packaged, one false finding in a hundred days."""
    wanted = {
        f"{m}_false_per_day": 0.01 for m in ("spike", "step", "variance", "oscillation", "stuck", "noise")
    }
    methods = Methods(**(wanted | changed))  # type: ignore[arg-type]  # whole numbers are whole where it counts
    return Profile(dict.fromkeys(SensorType, methods))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (lambda v: [*v[:600], v[600] + 40.0, *v[601:]], ["spike"]),
        (lambda v: [*v[:600], *(x + 40.0 for x in v[600:])], ["step"]),
        (lambda v: [*v[:600], *(3.0 * x for x in v[600:])], ["noise"]),
        (lambda v: [*v[:600], *([v[600]] * 300)], ["stuck"]),
        (lambda v: [*v[:600], *(x + 8.0 * math.sin(k * 0.2) for k, x in enumerate(v[600:]))], ["oscillation", "variance"]),
        (lambda v: v, []),
    ],
)  # fmt: skip
def test_each_fault_is_called_by_its_name(fault: Any, expected: list[str]) -> None:
    rows = every_second(fault(noise(1200)))
    found = methods_told(bank_of(OTHER, profile=quiet()), rows)
    assert sorted({method for method, _ in found}) == expected


def test_spikes_are_no_flood() -> None:
    values = [v + (60.0 if k > 300 and k % 7 == 0 else 0.0) for k, v in enumerate(noise(1200))]
    found = methods_told(bank_of(OTHER, profile=quiet(variance_false_per_day=math.nan)), every_second(values))
    assert 1 <= found.count(("spike", "raised")) <= 2
    assert found.count(("spike", "raised")) == found.count(("spike", "recovered"))


def test_a_coarse_sensor_that_rests_for_minutes_is_not_stuck_and_a_live_one_is() -> None:
    coarse = [round(k / 400) * 0.5 for k in range(4000)]
    assert methods_told(bank_of(OTHER, profile=quiet(stuck_min_s=60)), every_second(coarse)) == []
    live = [*noise(400), *([0.25] * 200)]
    assert methods_told(bank_of(OTHER, profile=quiet(stuck_min_s=60)), every_second(live)) == [
        ("stuck", "raised")
    ]


def test_a_rest_while_the_partner_moves_is_told_from_the_first_minute_on_and_never_becomes_a_habit() -> None:
    a, b = (replace(LEVEL, id=f"e/{n}", sensor=n) for n in "AB")
    bank = bank_of(a, b, profile=quiet(stuck_min_s=60, oscillation_false_per_day=math.nan))
    found = []
    for cycle in range(8):
        rows: list[Row] = []
        for k in range(300):
            t, level = T0 + (cycle * 300 + k) * S, 5.0 + 0.004 * abs(150 - k)
            mine = level if k < 8 or k > 200 else 5.568
            jitter = np.random.default_rng(cycle * 1000 + k).normal(0, 0.001, 2)
            rows += [
                (0, t, round(level + jitter[0], 3), 0),
                (1, t, round(mine + (mine == level) * jitter[1], 3), 0),
            ]
        found += methods_told(bank, rows)
    assert found.count(("stuck", "raised")) == 8
    assert found.count(("stuck", "recovered")) == 8
    assert set(found) == {("stuck", "raised"), ("stuck", "recovered")}


def test_partners_measure_the_same_at_the_same_place() -> None:
    gas = replace(LEVEL, type=SensorType.GAS_COMBUSTIBLE)
    specs = [
        replace(s, id=str(i)) for i, s in enumerate((LEVEL, gas, LEVEL, gas, replace(LEVEL, unit="%"), LEVEL))
    ]
    assert partners_of(SensorRegistry(tuple(specs))) == [2, NO_PARTNER, 5, NO_PARTNER, NO_PARTNER, 0]


def test_a_rest_at_an_end_of_the_range_is_saturation_or_nothing_but_not_stuck() -> None:
    profile = quiet(stuck_min_s=60, saturation_s=10.0)
    ranged = replace(OTHER, range_lo=0.0, range_hi=100.0)
    live = [50.0 + v for v in noise(400)]
    empty = methods_told(bank_of(ranged, profile=profile), every_second([*live, *([0.0] * 600)]))
    full = methods_told(bank_of(ranged, profile=profile), every_second([*live, *([100.0] * 600)]))
    assert {m for m, _ in empty} <= {"step"}
    assert {m for m, _ in full} <= {"step", "saturation"}
    assert ("saturation", "raised") in full


@pytest.mark.parametrize(("lively_blocks", "wanted", "expected"), [(2, 2, 1), (2, 3, 0), (3, 3, 1)])
def test_variance_waits_for_as_many_blocks_as_are_wanted(
    lively_blocks: int, wanted: int, expected: int
) -> None:
    values = noise(1200)
    for k in range(641, 641 + 32 * lively_blocks):  # the first reading begins a block, and belongs to none
        values[k] += 8.0 * math.sin(0.2 * k)
    found = methods_told(bank_of(OTHER, profile=quiet(variance_blocks=wanted)), every_second(values))
    assert found.count(("variance", "raised")) == expected


def test_bad_readings_that_were_told_are_no_silence_but_none_at_all_is() -> None:
    spec = replace(OTHER, scan_s=2.0)
    profile = Profile({SensorType.OTHER: Methods(dead_min_s=15, bad_s=5)})
    bank = bank_of(spec, profile=profile)
    rows: list[Row] = [(0, T0 + 2 * k * S, 1.0, 0 if k < 5 else 2) for k in range(20)]
    assert methods_told(bank, rows) == [("quality", "raised")]
    assert told(bank.tick(T0 + 53 * S)) == [(T0 + 38 * S, "dead", "raised", T0 + 38 * S)], (
        "from the last reading of any kind"
    )
    after: list[Row] = [(0, T0 + (60 + 2 * k) * S, 1.0, 2 if k < 3 else 0) for k in range(8)]
    assert methods_told(bank, after) == [("dead", "recovered"), ("quality", "recovered")], (
        "a good one ends it"
    )


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([1, 1, 2, 3, 7, 20]), st.sampled_from([0, 0, 2, 2, 2])), min_size=1, max_size=60),
    st.integers(0, 60),
)  # fmt: skip
def test_silence_is_told_at_its_deadline_however_good_and_bad_readings_come(
    runs: list[tuple[int, int]], cut: int
) -> None:
    methods = Methods(dead_scans=3, dead_min_s=6, bad_s=3)
    spec = replace(OTHER, scan_s=2.0)
    profile = Profile({SensorType.OTHER: methods})
    params = profile.params(SensorRegistry((spec,)))
    oracle = HealthOracle(record(params.health[0]), record(params.base[0]), {"quality"}, event_clock=True)
    t, heard, dead = T0, T0, False
    expected: list[tuple[int, str, str]] = []
    rows: list[Row] = []
    for gap, quality in runs:
        t += gap * S
        rows.append((0, t, 1.0, quality))
        if not rows[:-1]:
            heard = t  # the clock begins here
        if not dead and heard + 6 * S <= t:
            dead = True
            expected.append((heard + 6 * S, "dead", "raised"))
        if quality == 0 and dead:
            dead = False
            expected.append((t, "dead", "recovered"))
        expected += [(at, method, edge) for at, method, edge, _ in oracle.read(t, t, 1.0, quality == 2)]
        if quality == 0 or oracle.quality_since is not None:
            heard = t
    bank = bank_of(spec, profile=profile)
    found = []
    for part in (rows[:cut], rows[cut:]):
        judged = bank.step(block_of(part), 0).findings
        found += [(int(f["now_ns"]), Method(f["method"]).label, Edge(f["edge"]).label) for f in judged]
    assert sorted(found) == sorted(expected)


def test_a_clock_that_went_back_is_told_and_a_backlog_is_not() -> None:
    profile = Profile({SensorType.OTHER: Methods(clock_max_s=120)})
    other = replace(OTHER, id="e/Y", sensor="Y")
    bank = bank_of(OTHER, other, profile=profile)
    rows: list[Row] = [(i, T0 + k * S, 1.0, 0) for k in range(60) for i in (0, 1)]
    rows += [
        (1, T0 + k * S, 1.0, 0) if i else (0, T0 + (k - 600) * S, 1.0, 0)
        for k in range(60, 120)
        for i in (0, 1)
    ]
    assert methods_told(bank, rows) == [("clock", "raised")]
    backlog: list[Row] = [(0, T0 + k * S, 1.0, 0) for k in range(1000, 1060)]
    backlog += [
        (0, T0 + t * S, 1.0, 0)
        for k in range(1060, 1200)
        for t in (k, 500 + 2 * (k - 1060), 501 + 2 * (k - 1060))
    ]
    assert methods_told(bank_of(OTHER, profile=profile), backlog) == []


def test_a_wrong_zone_is_told_under_the_wall_clock_and_a_late_delivery_is_not() -> None:
    profile = Profile({SensorType.OTHER: Methods(clock_max_s=120)})
    bank = bank_of(OTHER, clock=Clock.WALL, profile=profile)
    found = []
    for k in range(80):
        now = T0 + k * S
        found += methods_told(bank, [(0, now - 8 * 3600 * S, 1.0, 0)], now)
    assert found == [("clock", "raised")]
    delivered = bank_of(OTHER, clock=Clock.WALL, profile=profile)
    for k in range(600):  # ten hours of readings within a minute
        assert methods_told(delivered, [(0, T0 + 60 * k * S, 1.0, 0)], T0 + 36_000 * S + k * S // 10) == []


def test_a_sick_sensor_teaches_nothing() -> None:
    bank = bank_of(OTHER, profile=quiet(stuck_min_s=60))
    bank.step(block_of(every_second(noise(1000))), 0)
    bank.step(block_of(every_second([0.5] * 400, start=1000)), 0)
    stuck = bank._memory.shape.copy()
    assert int(bank._memory.state["busy"][0]) & HEALTH_BITS == 1 << condition_of(Method.STUCK)
    bank.step(block_of(every_second([0.5] * 4000, start=1400)), 0)
    for name in ("scale", "spread", "spread_var", "tail_share"):
        assert bank._memory.shape[name] == stuck[name]
    assert math.exp(float(bank._memory.health["noise"][0])) > 0.5
