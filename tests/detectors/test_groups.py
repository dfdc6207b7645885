"""Groups: against their oracle, against their own splits and snapshots, and what they must find and learn."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from detectors.bank import DetectorBank, Judged
from detectors.clock import Clock
from detectors.findings import Edge, Method
from detectors.profile import Methods, Profile
from registry.readings import Quality, ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.detectors.oracle_groups import OracleGroup

S = 1_000_000_000
T0 = 1_764_000_000 * S
TOGETHER = Methods(group=1, group_every_s=0.0, group_false_rate=1e-5, group_rounds=5)


def registry_of(n: int, **facts: object) -> SensorRegistry:
    return SensorRegistry(
        tuple(
            SensorSpec(id=f"e/{i}", sensor=f"{i}", enterprise="e", type=SensorType.OTHER, **facts)  # type: ignore[arg-type]
            for i in range(n)
        )
    )


def bank_of(n: int, methods: Methods = TOGETHER, **facts: object) -> DetectorBank:
    return DetectorBank(registry_of(n, **facts), Profile({SensorType.OTHER: methods}), Clock.EVENT)


def process(rounds: int, n: int, seed: int, *, noise: float = 0.3) -> NDArray[np.float64]:
    """`n` sensors that follow two hidden causes, one of which wanders slowly."""
    rng = np.random.default_rng(seed)
    causes = np.stack([rng.normal(size=rounds), np.cumsum(rng.normal(0, 0.02, rounds))], axis=1)
    return np.asarray(causes @ rng.normal(size=(2, n)) + noise * rng.normal(size=(rounds, n)) + 50.0)


def block_of(values: NDArray[np.float64], first: int = 0, step_ns: int = S) -> ReadingBlock:
    rounds, n = values.shape
    return ReadingBlock(
        sensor=np.tile(np.arange(n, dtype=np.int32), rounds),
        t_ns=np.repeat(T0 + (first + np.arange(rounds, dtype=np.int64)) * step_ns, n),
        value=values.ravel(),
        quality=np.zeros(rounds * n, np.uint8),
    )


def told(judged: Judged) -> list[tuple[str, str, int]]:
    return [(Method(f["method"]).label, Edge(f["edge"]).label, int(f["sensor"])) for f in judged.findings]


def raised_on(judged: Judged) -> set[int]:
    return {sensor for method, edge, sensor in told(judged) if method in {"t2", "q"} and edge == "raised"}


def worn(block: ReadingBlock, seed: int) -> ReadingBlock:
    """The block as plants send it: some readings missing, empty, bad, doubled, or out of order."""
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(rng.random(len(block)) > 0.03)
    rows = np.sort(np.concatenate([rows, rng.choice(rows, len(rows) // 50)]))
    swap = rng.choice(len(rows) - 1, len(rows) // 50)
    rows[swap], rows[swap + 1] = rows[swap + 1], rows[swap].copy()
    value = block.value[rows].copy()
    wild = rng.random(len(rows)) < 0.01
    wild[:100] = False
    value[wild] = rng.choice([np.nan, np.inf, 1e6], wild.sum())
    quality = np.where(rng.random(len(rows)) < 0.01, 2, 0).astype(np.uint8)
    return ReadingBlock(sensor=block.sensor[rows], t_ns=block.t_ns[rows], value=value, quality=quality)


def shifted(values: NDArray[np.float64], sensor: int, first: int, by: float) -> NDArray[np.float64]:
    values = values.copy()
    values[first:, sensor] += by
    return values


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 6), st.sampled_from([0, 2 * S]), st.floats(-8, 8))
def test_rounds_t2_and_q_equal_the_slow_obvious_version(
    seed: int, n: int, every_ns: int, shift: float
) -> None:
    block = worn(block_of(shifted(process(1500 if every_ns else 700, n, seed), 0, 500, shift)), seed)
    methods = replace(TOGETHER, group_every_s=every_ns / S)
    oracle = OracleGroup(n, every_ns, methods.group_false_rate, methods.group_rounds)
    judged = bank_of(n, methods).step(block, 0)
    score, found = [], []
    for row in range(len(block)):
        if math.isnan(judged.score[row]):
            score.append(math.nan)
            continue
        came = oracle.read(int(block.sensor[row]), int(block.t_ns[row]), float(block.value[row]))
        excess = 0.0 if came is None or math.isnan(came[0]) else came[0]
        score.append(excess / (1.0 + excess))
        found += [] if came is None else came[1]
    assert oracle.plane is not None
    np.testing.assert_allclose(judged.score, score, rtol=1e-6, atol=1e-9)
    assert [f"{method} {edge}" for method, edge, _ in told(judged)] == found


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.lists(st.integers(1, 3000), max_size=6), st.integers(1, 3000))
def test_batches_and_a_restored_snapshot_change_no_bit(seed: int, cuts: list[int], at: int) -> None:
    block = worn(block_of(shifted(process(700, 4, seed), 1, 500, 4.0)), seed)
    straight = bank_of(4)
    whole = straight.step(block, 0)
    bank = bank_of(4)
    edges = sorted({0, len(block), *(min(c, len(block)) for c in (*cuts, at))})
    parts = []
    for a, b in pairwise(edges):
        parts.append(bank.step(block[a:b], 0))
        if b == min(at, len(block)):
            again = bank_of(4)
            again.restore(bank.snapshot())
            bank = again
    assert b"".join(p.score.tobytes() for p in parts) == whole.score.tobytes()
    assert b"".join(p.findings.rows.tobytes() for p in parts) == whole.findings.rows.tobytes()
    assert bank.snapshot() == straight.snapshot()


def test_a_sensor_that_leaves_the_others_is_found_and_named_and_let_go() -> None:
    values = process(1200, 6, 3)
    values[700:800, 2] += 2.0
    judged = bank_of(6).step(block_of(values), 0)
    assert ("q", "raised", 2) in told(judged)
    assert told(judged)[-1][1] == "recovered"
    raised = next(f for f in judged.findings if f["method"] == Method.Q)
    assert T0 + 700 * S <= raised["onset_ns"] <= T0 + 720 * S
    assert raised["statistic"] >= raised["threshold"]
    assert raised["window_s"] == pytest.approx(2 / 0.15 - 1)
    assert raised["share"] > raised["peer_1_share"] >= raised["peer_2_share"] >= 0.0
    assert len({2, int(raised["peer_1"]), int(raised["peer_2"])}) == 3


def test_together_where_they_never_were_is_t2() -> None:
    """All sensors move as they always do, only much further."""
    rng = np.random.default_rng(5)
    cause = rng.normal(size=900)
    cause[600:] += 4.0
    values = cause[:, None] * np.array([1.0, -2.0, 0.5, 1.5]) + 0.3 * rng.normal(size=(900, 4))
    methods = [m for m, _, _ in told(bank_of(4).step(block_of(values), 0))]
    assert "t2" in methods


@pytest.mark.parametrize("n", [5, 30])
@pytest.mark.parametrize("memory", [0.0, 0.7])
def test_limits_keep_about_the_wanted_false_rate_on_rounds_not_seen_before(n: int, memory: float) -> None:
    """White and autocorrelated noise, over three planes."""
    rng = np.random.default_rng(n)
    values = rng.normal(size=(8000, n)) @ rng.normal(size=(n, n))
    for row in range(1, len(values)):
        values[row] = memory * values[row - 1] + values[row]
    bank = bank_of(n, replace(TOGETHER, group_false_rate=0.001))
    score = bank.step(block_of(values), 0).score.reshape(-1, n)[400:].max(axis=1)
    assert (score >= 0.5).mean() < 0.003


def test_learning_follows_a_slow_drift_and_stops_while_something_is_told() -> None:
    rng = np.random.default_rng(1)
    drift = np.concatenate([np.zeros(400), np.linspace(0, 5, 4000)])[:, None]
    values = drift + rng.normal(size=(4400, 4))
    assert told(bank_of(4).step(block_of(values), 0)) == []
    values = rng.normal(size=(2400, 4))
    values[600:, 1] += 4.0
    bank = bank_of(4)
    found = told(bank.step(block_of(values), 0))
    assert found
    assert {edge for _, edge, _ in found} == {"raised"}


def test_a_lasting_shift_is_accepted_after_the_stated_time() -> None:
    values = np.random.default_rng(2).normal(size=(2600, 4))
    values[600:, 1] += 6.0
    judged = bank_of(4, replace(TOGETHER, group_relearn_s=900.0)).step(block_of(values), 0)
    edges = [edge for _, edge, _ in told(judged)]
    assert edges.count("raised") == edges.count("recovered") > 0
    ended = max(int(f["t_ns"]) for f in judged.findings)
    assert T0 + 1500 * S < ended < T0 + 2200 * S


def test_a_silent_member_does_not_blind_the_group_and_contributes_nothing() -> None:
    values = process(1000, 5, 7)
    values[500:, 0] = np.nan
    values[700:, 2] += 3.0
    judged = bank_of(5).step(block_of(values), 0)
    assert raised_on(judged) == {2}
    assert all(f["t_ns"] >= T0 + 700 * S for f in judged.findings)


def test_a_dead_member_is_not_waited_for() -> None:
    values = process(900, 4, 8)
    values[500:, 3] = np.nan
    bank = bank_of(4, replace(TOGETHER, dead_min_s=20.0), scan_s=1.0)
    score = bank.step(block_of(values), 0).score.reshape(-1, 4)
    ended = (np.nan_to_num(score[600:]) > 0).any(axis=1)
    assert ended.mean() > 0.95  # nearly every round, not every fifth


def test_a_member_that_calls_its_readings_bad_is_not_waited_for() -> None:
    values = process(900, 4, 8)
    rows = block_of(values)
    quality = rows.quality.copy().reshape(-1, 4)
    quality[500:, 3] = int(Quality.BAD)
    bank = bank_of(4, replace(TOGETHER, dead_min_s=20.0, bad_s=4.0), scan_s=1.0)
    block = ReadingBlock(sensor=rows.sensor, t_ns=rows.t_ns, value=rows.value, quality=quality.reshape(-1))
    judged = bank.step(block, 0)
    assert not (judged.findings.rows["method"] == Method.DEAD).any()
    score = judged.score.reshape(-1, 4)
    assert (np.nan_to_num(score[600:]) > 0).any(axis=1).mean() > 0.95


def test_a_slow_member_ends_a_round_every_fifth_reading() -> None:
    values = process(2600, 4, 9)
    slow = values.copy()
    slow[np.arange(len(slow)) % 20 != 0, 3] = np.nan
    score = bank_of(4).step(block_of(slow), 0).score.reshape(-1, 4)
    judged = (np.nan_to_num(score[2200:]) > 0).any(axis=1).mean()
    assert 0.15 < judged < 0.3


def test_rounds_beyond_a_limit_teach_nothing() -> None:
    """While a member is beyond a limit of its own, the group neither learns nor is silent."""
    values = process(1000, 4, 10)
    quiet = bank_of(4, h=1000.0)
    alarmed = bank_of(4, h=1000.0)
    quiet.step(block_of(values[:500]), 0)
    alarmed.step(block_of(values[:500]), 0)
    values[500:520, 0] = 2000.0
    alarmed.step(block_of(values[500:520], 500), 0)
    before = alarmed._groups.member["centre"].copy()
    np.testing.assert_array_equal(quiet._groups.member["centre"], before)


@pytest.mark.parametrize("wild", [1e29, -1e29, 1e6])
def test_one_wild_value_spoils_neither_the_fit_nor_the_rounds_after_it(wild: float) -> None:
    values = process(1000, 4, 11)
    values[100, 1] = values[600, 1] = wild
    judged = bank_of(4).step(block_of(values), 0)
    assert told(judged) == []
    values[700:, 1] += 5.0
    assert 1 in raised_on(bank_of(4).step(block_of(values), 0))


def test_a_first_value_that_is_wild_only_costs_time() -> None:
    values = process(1200, 4, 15)
    values[0, :] = 1e12
    values[900:, 1] += 3.0
    assert 1 in raised_on(bank_of(4).step(block_of(values), 0))


def _constant(values: NDArray[np.float64]) -> None:
    values[:, 0] = 7.0


def _double(values: NDArray[np.float64]) -> None:
    values[:, 0] = values[:, 1]


def _huge(values: NDArray[np.float64]) -> None:
    values[:, 0] = values[:, 0] * 1e-9 + 1e9


def _tiny(values: NDArray[np.float64]) -> None:
    values *= 1e-12


@pytest.mark.parametrize("bend", [_constant, _double, _huge, _tiny])
def test_odd_sensors_do_no_harm(bend: Callable[[NDArray[np.float64]], None]) -> None:
    values = process(1500, 5, 12)
    bend(values)
    judged = bank_of(5).step(block_of(values), 0)
    assert told(judged) == []
    assert np.isfinite(judged.score).all()


def test_a_new_member_leaves_the_plane_and_a_lost_one_lets_it_be_fitted_again() -> None:
    values = process(700, 6, 13)
    bank = DetectorBank(registry_of(5), Profile({SensorType.OTHER: TOGETHER}), Clock.EVENT)
    bank.step(block_of(values[:500, :5]), 0)
    more = bank_of(6)
    more.restore(bank.snapshot())
    assert more._groups.group["ready"][0] == 1
    values[600:, 2] += 3.0
    assert 2 in raised_on(more.step(block_of(values[500:], 500), 0))
    fewer = bank_of(4)
    fewer.restore(bank.snapshot())
    assert fewer._groups.group["ready"][0] == 0
    values = process(1200, 6, 13)
    fewer.step(block_of(values[500:900, :4], 500), 0)
    assert fewer._groups.group["ready"][0] == 1


def test_fits_of_many_groups_are_spread_over_rounds() -> None:
    specs = tuple(replace(spec, source=f"s{i // 3}") for i, spec in enumerate(registry_of(30).specs))
    bank = DetectorBank(SensorRegistry(specs), Profile({SensorType.OTHER: TOGETHER}), Clock.EVENT)
    values = process(500, 30, 14)
    ready = []
    for k in range(380, 400):
        bank.step(block_of(values[:380]) if k == 380 else block_of(values[k : k + 1], k), 0)
        ready.append(int(bank._groups.group["ready"].sum()))
    assert max(np.diff(ready)) == 1
    assert ready[-1] == 10
