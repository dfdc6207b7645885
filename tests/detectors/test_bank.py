"""The step against its oracle, against its own splits, and against its snapshots."""

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank import DetectorBank, SnapshotError, warm_up
from detectors.clock import Clock
from detectors.findings import NO_LIMIT, Edge, FindingBlock, Method
from detectors.kernels import DUPLICATE, LATE, OK
from detectors.profile import Methods, Profile
from registry.readings import Quality, ReadingBlock
from registry.sensors import LIMIT_NAMES, SensorRegistry, SensorSpec, SensorType
from tests.detectors.oracle import OracleBank

S = 1_000_000_000
T0 = 1_764_000_000 * S
Row = tuple[int, int, float, int]

LEVEL = SensorSpec(
    id="e/LT", sensor="LT", enterprise="e", type=SensorType.LEVEL, range_lo=0, range_hi=100, ll=5, l=10, h=90, hh=95,
    design=99, deadband=1, on_delay_s=3, off_delay_s=2, scan_s=2,
)  # fmt: skip
GAS = replace(
    LEVEL,
    id="e/GT",
    sensor="GT",
    type=SensorType.GAS_COMBUSTIBLE,
    ll=math.nan,
    l=math.nan,
    h=25,
    hh=50,
    design=math.nan,
)
OTHER = SensorSpec(id="e/X", sensor="X", enterprise="e", type=SensorType.OTHER)
PROFILE = Profile(
    {
        SensorType.LEVEL: Methods(uncertain_s=7, dead_min_s=4, rate_pct_per_min=600, rate_window_s=5),
        SensorType.GAS_COMBUSTIBLE: Methods(
            dead_min_s=5,
            z_threshold=4,
            z_tau_s=20,
            z_warm_samples=5,
            z_samples=2,
            z_off_s=2,
            sigma_min_pct=0.5,
            rate_window_s=1,
        ),
        SensorType.OTHER: Methods(z_threshold=3, z_tau_s=10, z_warm_samples=4, z_samples=1),
    }
)
REGISTRY = SensorRegistry((LEVEL, GAS, OTHER))


def block_of(rows: list[Row]) -> ReadingBlock:
    return ReadingBlock.of(
        [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows], [r[3] for r in rows]
    )


def told(findings: FindingBlock) -> list[tuple[Any, ...]]:
    return [
        (int(f["now_ns"]), int(f["sensor"]), Method(f["method"]).label, Edge(f["edge"]).label,
         None if f["limit"] == NO_LIMIT else LIMIT_NAMES[f["limit"]], int(f["onset_ns"]))
        for f in findings
    ]  # fmt: skip


def new_bank(clock: Clock = Clock.EVENT, registry: SensorRegistry = REGISTRY) -> DetectorBank:
    return DetectorBank(registry, PROFILE, clock)


values = st.one_of(
    st.sampled_from(
        [0.0, 4.9, 5.0, 9.5, 10.0, 11.5, 24.0, 25.0, 50.0, 50.5, 89.0, 90.0, 94.0, 95.0, 99.0, 101.0, -1.0]
    ),
    st.floats(0, 100),
    st.sampled_from([math.nan, math.inf, -math.inf, 1e300, -1e300, 1e30, 1e-300]),
)
rows_strategy = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.one_of(st.integers(-5, 60).map(lambda s: T0 + s * S), st.integers(0, 60_000).map(lambda ms: T0 + ms * 1_000_000)),
        values,
        st.sampled_from([0, 0, 0, 0, 1, 2]),
    ),
    max_size=60,
)  # fmt: skip
ordered = st.booleans()


def arranged(rows: list[Row], in_order: bool) -> list[Row]:
    return sorted(rows, key=lambda r: r[1]) if in_order else rows


@settings(max_examples=300, deadline=None)
@given(rows_strategy, ordered, st.sampled_from([Clock.EVENT, Clock.WALL]))
def test_step_equals_the_slow_obvious_version(rows: list[Row], in_order: bool, clock: Clock) -> None:
    rows = arranged(rows, in_order)
    bank = new_bank(clock)
    oracle = OracleBank(PROFILE.params(REGISTRY), clock)
    for k in range(0, len(rows), 7):
        part, now = rows[k : k + 7], T0 + k * S
        judged = bank.step(block_of(part), now)
        found, status, score = oracle.step(part, now)
        assert told(judged.findings) == found
        assert judged.status.tolist() == status
        np.testing.assert_array_equal(judged.score, np.array(score, float))
    assert told(bank.tick(T0 + 200 * S)) == oracle.tick(T0 + 200 * S)


@settings(max_examples=150, deadline=None)
@given(rows_strategy, ordered, st.lists(st.integers(1, 60), max_size=8))
def test_cutting_a_sequence_into_batches_changes_nothing(
    rows: list[Row], in_order: bool, cuts: list[int]
) -> None:
    rows = arranged(rows, in_order)
    whole = new_bank().step(block_of(rows), 0)
    bank = new_bank()
    edges = [0, *sorted({c for c in cuts if c < len(rows)}), len(rows)]
    parts = [bank.step(block_of(rows[a:b]), 0) for a, b in pairwise(edges)]
    assert b"".join(p.findings.rows.tobytes() for p in parts) == whole.findings.rows.tobytes()
    assert b"".join(p.status.tobytes() for p in parts) == whole.status.tobytes()
    assert b"".join(p.score.tobytes() for p in parts) == whole.score.tobytes()


@settings(max_examples=100, deadline=None)
@given(rows_strategy, ordered, st.integers(0, 60))
def test_a_restored_snapshot_goes_on_bit_for_bit(rows: list[Row], in_order: bool, cut: int) -> None:
    rows = arranged(rows, in_order)
    straight, first, second = new_bank(), new_bank(), new_bank()
    first.step(block_of(rows[:cut]), 0)
    second.restore(first.snapshot())
    straight.step(block_of(rows[:cut]), 0)
    a, b = straight.step(block_of(rows[cut:]), 0), second.step(block_of(rows[cut:]), 0)
    assert a.findings.rows.tobytes() == b.findings.rows.tobytes()
    assert straight.snapshot() == second.snapshot()


def test_adding_and_removing_sensors_leaves_the_others_alone() -> None:
    rows = [(0, T0 + k * S, 91.0, 0) for k in range(10)]
    bank = new_bank()
    bank.step(block_of(rows), 0)
    changed = new_bank(registry=SensorRegistry((OTHER, LEVEL, replace(GAS, id="e/new", sensor="new"))))
    changed.restore(bank.snapshot())
    back = changed.step(block_of([(1, T0 + k * S, 80.0, 0) for k in range(10, 14)]), 0)
    assert (T0 + 12 * S, 1, "limit", "recovered", "h", T0) in told(back.findings)


def test_limits_wait_for_their_delays_and_the_graver_ones_only_two_samples() -> None:
    rows = [(0, T0 + k * S, 96.0, 0) for k in range(5)]
    found = told(new_bank().step(block_of(rows), 0).findings)
    assert found == [
        (T0 + 1 * S, 0, "limit", "raised", "hh", T0),
        (T0 + 3 * S, 0, "limit", "raised", "h", T0),
    ]


def test_a_missing_or_bad_value_never_reads_as_safe() -> None:
    bank = new_bank()
    bank.step(block_of([(1, T0, 60.0, 0), (1, T0 + S, 60.0, 0)]), 0)
    quiet = [(1, T0 + (2 + k) * S, v, q) for k, (v, q) in enumerate([(math.nan, 0), (0.0, Quality.BAD)] * 4)]
    found = told(bank.step(block_of(quiet), 0).findings)
    assert found == [
        (T0 + 6 * S, 0, "dead", "raised", None, T0),
        (T0 + 7 * S, 1, "dead", "raised", None, T0 + S),
    ]


def test_a_dead_sensor_is_told_at_its_deadline_and_cleared_by_its_next_good_reading() -> None:
    bank = new_bank(Clock.WALL)
    bank.step(block_of([(0, T0, 50.0, 0), (1, T0, 1.0, 0)]), T0)
    assert bank.next_deadline_ns() == T0 + 6 * S
    assert told(bank.tick(T0 + 6 * S)) == [
        (T0 + 6 * S, 0, "dead", "raised", None, T0),
        (T0 + 6 * S, 1, "dead", "raised", None, T0),
    ]
    assert len(bank.tick(T0 + 9 * S)) == 0
    found = told(bank.step(block_of([(0, T0 + 10 * S, 50.0, 0)]), T0 + 10 * S).findings)
    assert found == [(T0 + 10 * S, 0, "dead", "recovered", None, T0)]
    assert bank.active_conditions()["dead"] == 1


def test_silence_does_not_count_while_the_program_was_down() -> None:
    bank = new_bank(Clock.WALL)
    bank.step(block_of([(0, T0, 50.0, 0), (1, T0, 1.0, 0)]), T0)
    bank.resume(T0 + 600 * S)
    assert len(bank.tick(T0 + 605 * S)) == 0
    assert len(bank.tick(T0 + 606 * S)) == 2


def test_late_and_doubled_readings_are_marked() -> None:
    judged = new_bank().step(block_of([(2, T0 + S, 1.0, 0), (2, T0, 1.0, 0), (2, T0 + S, 9.0, 0)]), 0)
    assert judged.status.tolist() == [OK, LATE, DUPLICATE]
    assert np.isnan(judged.score).tolist() == [False, True, True]


def test_a_mass_outage_larger_than_the_buffer_is_told_whole_and_in_order() -> None:
    n = 10_000
    registry = SensorRegistry(tuple(replace(LEVEL, id=f"e/{i}", sensor=str(i)) for i in range(n)))
    bank = new_bank(registry=registry)
    found = bank.step(block_of([(0, T0, 50.0, 0), (0, T0 + 60 * S, 50.0, 0)]), 0).findings
    assert [f[1] for f in told(found)] == [*range(n), 0]
    assert told(found)[-1][3] == "recovered"


def test_a_lasting_shift_is_learnt_and_its_finding_ends() -> None:
    rng = np.random.default_rng(1)
    level = np.where(np.arange(600) < 200, 10.0, 20.0) + rng.normal(0, 0.1, 600)
    rows = [(2, T0 + k * S, float(v), 0) for k, v in enumerate(level)]
    found = [f for f in told(new_bank().step(block_of(rows), 0).findings) if f[0] >= T0 + 200 * S]
    assert found[0][2:4] == ("robust_z", "raised")
    assert found[0][0] == T0 + 200 * S
    assert found[-1][3] == "recovered"


def test_forecast_says_when_the_next_limit_comes() -> None:
    rows = [(0, T0 + k * S, 60.0 + 0.5 * k, 0) for k in range(70)]
    found = [f for f in new_bank().step(block_of(rows), 0).findings if f["limit"] == LIMIT_NAMES.index("h")]
    assert len(found) == 1
    assert found[0]["forecast_s"] == pytest.approx((95.0 - found[0]["value"]) / 0.5, rel=0.01)


def test_a_foreign_snapshot_is_refused() -> None:
    with pytest.raises(SnapshotError):
        new_bank().restore(b"not a snapshot")


def test_warm_up_compiles_without_sensors() -> None:
    warm_up()
