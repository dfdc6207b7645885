"""Redundant partners and balances: against the slow version, on faults, and where they must say nothing."""

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import NO_PEER, Edge, FindingBlock, Method
from detectors.profile import Methods, Profile
from detectors.profile_file import load_profile
from detectors.relations.pairs import MOST, Form, Shape, relations_of
from registry.readings import Quality, ReadingBlock
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.detectors.oracle_relations import Balance, History, Pair, majority
from tests.detectors.tanks import (
    BOTTOM,
    LEVEL_A,
    LEVEL_B,
    T0,
    VOLUME,
    Faults,
    S,
    record,
    tank_registry,
)

PROFILE = load_profile(None)[0]
GAUGE = SensorSpec(
    id="e/A", sensor="A", enterprise="e", type=SensorType.LEVEL, unit="m", range_lo=0, range_hi=10, scan_s=2,
    group="g",
)  # fmt: skip
QUICK = Profile({SensorType.LEVEL: Methods(drift_pct=1, drift_off_s=4, drift_relearn_s=40, drift_tau_s=100)})
LEAKING = record(11, 10, Faults(at_s=9 * 3600, leak_m3_h=12))
Row = tuple[int, int, float, int]


def gauges(n: int) -> SensorRegistry:
    return SensorRegistry(tuple(replace(GAUGE, id=f"e/{k}", sensor=str(k)) for k in range(n)))


def bank_of(registry: SensorRegistry, profile: Profile = PROFILE) -> DetectorBank:
    return DetectorBank(registry, profile, Clock.EVENT)


def block_of(rows: Iterable[Row]) -> ReadingBlock:
    some = list(rows)
    return ReadingBlock.of(
        [r[0] for r in some], [r[1] for r in some], [r[2] for r in some], [r[3] for r in some]
    )


def told(findings: FindingBlock, method: Method) -> list[tuple[int, str, float]]:
    """Sensor, event and time in s of the findings of a method."""
    return [
        (int(f["sensor"]), Edge(f["edge"]).label, (int(f["t_ns"]) - T0) / S)
        for f in findings
        if f["method"] == method
    ]


def rounds(values: Iterable[Iterable[float]], every_s: float = 2.0) -> list[Row]:
    """One row a round, one column a sensor, a tenth of a second apart."""
    return [
        (k, T0 + int((n * every_s + 0.1 * k) * S), float(v), 0)
        for n, row in enumerate(values)
        for k, v in enumerate(row)
    ]


# which relations there are


def test_partners_share_a_group_or_read_one_tank_alike() -> None:
    alone = replace(GAUGE, group=None, equipment="T-1")
    flow = replace(alone, type=SensorType.FLOW, unit="m3/h")
    specs = (
        replace(alone, id="e/LA"), replace(alone, id="e/LB"), replace(alone, id="e/LC", range_hi=20),
        replace(alone, id="e/LD", equipment="T-2"), replace(flow, id="e/F1"), replace(flow, id="e/F2"),
        replace(GAUGE, id="e/G1"), replace(GAUGE, id="e/G2"), replace(GAUGE, id="e/G3", unit="mm"),
    )  # fmt: skip
    partners = {
        spec.id: r.partners for spec, r in zip(specs, relations_of(SensorRegistry(specs)), strict=True)
    }
    assert partners == {
        "e/LA": (1,), "e/LB": (0,), "e/LC": (), "e/LD": (), "e/F1": (), "e/F2": (),
        "e/G1": (7,), "e/G2": (6,), "e/G3": (),
    }  # fmt: skip


def test_a_sensor_has_no_more_than_four_partners() -> None:
    assert [len(r.partners) for r in relations_of(gauges(9))] == [MOST] * 9


def test_flows_explain_levels_and_a_level_explains_the_pressure_below_it() -> None:
    relations = relations_of(tank_registry("sphere"))
    assert (relations[LEVEL_A].form, relations[LEVEL_A].inputs, relations[LEVEL_A].shape) == (
        Form.MASS,
        (3, 4),
        Shape.SPHERE,
    )
    assert (relations[BOTTOM].form, relations[BOTTOM].inputs) == (Form.COLUMN, (LEVEL_A,))
    assert relations_of(tank_registry("odd"))[LEVEL_A].shape is Shape.UNKNOWN


def test_a_vapour_pressure_is_not_explained_by_the_level() -> None:
    registry = tank_registry()
    specs = list(registry.specs)
    specs[BOTTOM] = replace(specs[BOTTOM], unit="MPa", range_hi=2.5)
    assert relations_of(SensorRegistry(tuple(specs)))[BOTTOM].form is Form.NONE


# against the slow version

values = st.one_of(
    st.sampled_from([4.9, 5.0, 5.01, 5.02, 5.05, 5.2, 6.0, 10.4, 10.6, -0.4, -0.6]),
    st.floats(4.95, 5.05),
    st.sampled_from([math.nan, math.inf, 1e300, -1e30]),
)
rows_strategy = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.integers(0, 1200).map(lambda k: T0 + k * 100_000_000),
        values,
        st.sampled_from([0] * 9 + [2]),
    ),
    max_size=120,
).map(lambda rows: sorted(rows, key=lambda r: r[1]))


def slow_drift(bank: DetectorBank, rows: list[Row]) -> list[tuple[int, str, float]]:
    """What drift should say of rows in time order."""
    records = bank._params.relation
    names = records.dtype.names or ()
    params = [{name: row[name].tolist() for name in names} for row in records]
    heard = [History(p) for p in params]
    pairs = [[Pair() for _ in range(p["partners"])] for p in params]
    active = [False] * len(params)
    pending: list[list[int]] = [[] for _ in params]
    last = [-1] * len(params)
    found: list[tuple[int, str, float]] = []
    for i, t, v, q in rows:
        if t <= last[i]:
            continue
        last[i] = t
        if q == Quality.BAD or not abs(v) <= 1e30 or not heard[i].hear(t, v):
            continue
        p = params[i]
        new = [
            pairs[i][j].compare(p, heard[i], heard[other], learns=not active[i] and not active[other])
            for j, other in enumerate(p["partner"][: p["partners"]])
        ]
        voters = [
            j
            for j, other in enumerate(p["partner"][: p["partners"]])
            if pairs[i][j].at and t - pairs[i][j].at <= p["hold_ns"] and not active[other]
        ]
        if not any(new) or not voters:
            continue
        decides = majority([pairs[i][j].ratio for j in voters])
        ratio = pairs[i][voters[decides]].ratio
        if not (ratio < 0.7 if active[i] else ratio >= 1):
            pending[i] = []
            continue
        pending[i].append(t)
        done = t - pending[i][0] >= p["drift_off_ns"] if active[i] else len(pending[i]) >= p["drift_samples"]
        if done:
            active[i], pending[i] = not active[i], []
            found.append((i, "raised" if active[i] else "recovered", (t - T0) / S))
    return found


@settings(max_examples=200, deadline=None)
@given(rows_strategy, st.integers(2, 4))
def test_drift_equals_the_slow_version(rows: list[Row], sensors: int) -> None:
    rows = [r for r in rows if r[0] < sensors]
    bank = bank_of(gauges(sensors), QUICK)
    assert told(bank.step(block_of(rows), 0).findings, Method.DRIFT) == slow_drift(bank, rows)


@settings(max_examples=100, deadline=None)
@given(rows_strategy, st.lists(st.integers(1, 120), max_size=6), st.integers(0, 120))
def test_batches_and_snapshots_change_nothing(rows: list[Row], cuts: list[int], kept: int) -> None:
    whole = bank_of(gauges(4), QUICK)
    all_at_once = whole.step(block_of(rows), 0).findings.rows.tobytes()
    bank, parts = bank_of(gauges(4), QUICK), []
    for a, b in pairwise([0, *sorted({c for c in (*cuts, kept) if 0 < c < len(rows)}), len(rows)]):
        parts.append(bank.step(block_of(rows[a:b]), 0).findings.rows.tobytes())
        if b == kept:
            later = bank_of(gauges(4), QUICK)
            later.restore(bank.snapshot())
            bank = later
    assert b"".join(parts) == all_at_once
    assert bank.snapshot() == whole.snapshot()


def slow_balance(bank: DetectorBank, block: ReadingBlock, y: int) -> Balance:
    records = bank._params.relation
    params: list[dict[str, Any]] = [
        {name: row[name].tolist() for name in records.dtype.names or ()} for row in records
    ]
    heard = [History(p) for p in params]
    model = Balance(sigma2=params[y]["balance_sigma_min"] ** 2)
    for i, t, v in zip(block.sensor.tolist(), block.t_ns.tolist(), block.value.tolist(), strict=True):
        if heard[i].hear(t, v) and i == y:
            inputs = [heard[j] for j in params[y]["input"][: params[y]["inputs"]]]
            model.gather(params[y], heard[y], inputs, t, v)
    return model


@pytest.mark.parametrize("y", [LEVEL_A, BOTTOM])
@pytest.mark.parametrize("shape", list(VOLUME))
def test_balance_equals_the_slow_version(y: int, shape: str) -> None:
    leak = Faults(at_s=9 * 3600, leak_m3_h=12)
    block = record(11, 10, leak, shape=shape).block()
    bank = bank_of(tank_registry(shape))
    bank.step(block, 0)
    fast, slow = bank._memory.balance[y], slow_balance(bank, block, y)
    assert len(slow.charts) > 500
    assert fast["steps"] == slow.steps
    assert (fast["high"], fast["low"]) == pytest.approx(slow.charts[-1], rel=1e-6, abs=1e-6)
    assert fast["sigma2"] == pytest.approx(slow.sigma2, rel=1e-6)
    assert fast["share2"] == pytest.approx(slow.share2, rel=1e-6)
    np.testing.assert_allclose(fast["gain"], slow.table.gain, rtol=1e-5)
    if y == LEVEL_A:
        assert max(low for _, low in slow.charts) >= 11


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 20_000), min_size=1, max_size=5), st.integers(0, 4))
def test_a_balance_is_the_same_in_any_batches_and_from_a_snapshot(cuts: list[int], kept: int) -> None:
    block = LEAKING.block()
    whole, bank, parts = bank_of(tank_registry()), bank_of(tank_registry()), []
    judged = whole.step(block, 0)
    edges = [0, *sorted({c for c in cuts if c < len(block)}), len(block)]
    for n, (a, b) in enumerate(pairwise(edges)):
        parts.append(bank.step(block[a:b], 0))
        if n == kept % (len(edges) - 1):
            later = bank_of(tank_registry())
            later.restore(bank.snapshot())
            bank = later
    assert any(f["method"] == Method.BALANCE for f in judged.findings)
    assert b"".join(p.findings.rows.tobytes() for p in parts) == judged.findings.rows.tobytes()
    assert b"".join(p.score.tobytes() for p in parts) == judged.score.tobytes()
    assert bank.snapshot() == whole.snapshot()


# what they catch


def filling(sensors: int, rounds_: int, stuck_at: int, rate: float = 0.005) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(1)
    level = 5 + rate * np.arange(rounds_)
    value = level[:, None] + rng.normal(0, 0.0015, (rounds_, sensors))
    value[stuck_at:, 0] = value[min(stuck_at, rounds_ - 1), 0]
    return value


def test_a_gauge_that_sticks_while_filling_is_told_within_twenty_seconds() -> None:
    found = bank_of(gauges(2)).step(block_of(rounds(filling(2, 60, 20))), 0).findings
    drift = found.rows[found.rows["method"] == Method.DRIFT]
    assert len(drift) == 1
    assert (drift[0]["t_ns"] - T0) / S - 40 < 20
    assert {int(drift[0]["sensor"]), int(drift[0]["peer_1"])} == {0, 1}
    assert drift[0]["peer_2"] == NO_PEER
    assert math.isnan(drift[0]["peer_1_share"])


@pytest.mark.parametrize("sensors", [3, 4, 5])
def test_of_three_and_more_the_one_that_leaves_is_told(sensors: int) -> None:
    found = bank_of(gauges(sensors)).step(block_of(rounds(filling(sensors, 60, 20))), 0).findings
    drift = found.rows[found.rows["method"] == Method.DRIFT]
    assert drift["sensor"].tolist() == [0]
    assert 0 < drift[0]["peer_1"] != drift[0]["peer_2"] > 0


def test_a_partner_that_was_off_before_we_came_is_told() -> None:
    value = filling(2, 20, 99)
    value[:, 1] += 0.2
    assert told(bank_of(gauges(2)).step(block_of(rounds(value)), 0).findings, Method.DRIFT)


def test_different_scans_and_fast_filling_are_no_drift() -> None:
    rows = [(0, T0 + k * S, 1 + 0.002 * k, 0) for k in range(1500)]
    rows += [(1, T0 + k * S + 400_000_000, 1 + 0.002 * (k + 0.4), 0) for k in range(0, 1500, 17)]
    registry = SensorRegistry((replace(GAUGE, scan_s=1), replace(GAUGE, id="e/B", sensor="B", scan_s=17)))
    assert not told(
        bank_of(registry).step(block_of(sorted(rows, key=lambda r: r[1])), 0).findings, Method.DRIFT
    )


def test_a_lag_of_some_seconds_is_no_drift() -> None:
    at = np.arange(600)
    level = np.interp(at, [0, 200, 400, 600], [2, 2, 3, 3])
    lagged = np.interp(at - 4, [0, 200, 400, 600], [2, 2, 3, 3])
    rows = rounds(np.column_stack((level, lagged)), 1.0)
    assert not told(bank_of(gauges(2)).step(block_of(rows), 0).findings, Method.DRIFT)


def test_a_dead_or_bad_partner_says_nothing() -> None:
    value = filling(2, 60, 20)
    rows = [r if r[0] or n < 40 else (*r[:3], int(Quality.BAD)) for n, r in enumerate(rounds(value))]
    assert not told(bank_of(gauges(2)).step(block_of(rows), 0).findings, Method.DRIFT)
    rows = [r for n, r in enumerate(rounds(value)) if r[0] or n < 40]
    assert not told(bank_of(gauges(2)).step(block_of(rows), 0).findings, Method.DRIFT)


def test_a_freed_gauge_recovers() -> None:
    value = filling(2, 120, 20)
    value[60:, 0] = value[60:, 1]
    events = [
        event
        for _, event, _ in told(bank_of(gauges(2)).step(block_of(rounds(value)), 0).findings, Method.DRIFT)
    ]
    assert events == ["raised", "recovered"]


def test_a_departure_that_lasts_is_the_new_usual() -> None:
    value = np.full((90, 2), 5.0)
    value[20:, 0] += 0.05
    events = told(bank_of(gauges(2), QUICK).step(block_of(rounds(value)), 0).findings, Method.DRIFT)
    assert [event for _, event, _ in events] == ["raised", "recovered"]
    assert events[1][2] > 80


def test_other_partners_after_a_reload_are_learnt_anew() -> None:
    bank = bank_of(gauges(2))
    value = np.full((30, 2), 5.0)
    value[:, 1] += 0.05
    bank.step(block_of(rounds(value)), 0)
    other = bank_of(SensorRegistry((gauges(2).specs[0], replace(GAUGE, id="e/new", sensor="new"))))
    other.restore(bank.snapshot())
    rows = [(k, t + 60 * S, 5.0, q) for k, t, _, q in rounds(np.zeros((30, 2)))]
    assert not told(other.step(block_of(rows), 0).findings, Method.DRIFT)


@pytest.mark.parametrize("kind", [*VOLUME, "unheard of"])
def test_a_sound_tank_says_nothing(kind: str) -> None:
    shape = kind if kind in VOLUME else "sphere"
    found = bank_of(tank_registry(kind)).step(record(5, 48, shape=shape).block(), 0).findings
    assert not told(found, Method.DRIFT)
    assert not told(found, Method.BALANCE)


def test_a_leak_is_told_with_its_onset_and_learnt_anew_after_a_day() -> None:
    at_h = 30
    leaking = record(5, 60, Faults(at_s=at_h * 3600, leak_m3_h=10))
    found = bank_of(tank_registry()).step(leaking.block(), 0).findings
    level = [f for f in found if f["method"] == Method.BALANCE and f["sensor"] in (LEVEL_A, LEVEL_B)]
    assert level[0]["statistic"] <= -11
    after_h = (int(level[0]["t_ns"]) - T0) / 3.6e12 - at_h
    assert 0 < after_h < 4
    assert abs((int(level[0]["onset_ns"]) - T0) / 3.6e12 - at_h) <= after_h
    assert any(f["edge"] == Edge.RECOVERED for f in level)


def test_a_balance_says_nothing_before_flows_have_moved() -> None:
    still = record(5, 20)
    still.value[:, :3] = still.value[0, :3] + np.random.default_rng(1).normal(
        0, 0.0015, (len(still.value), 3)
    )
    still.value[:, 3:] = 0.0
    still.value[60_000:, LEVEL_A] -= 0.0005 * np.arange(len(still.value) - 60_000)
    found = bank_of(tank_registry()).step(still.block(), 0).findings
    assert LEVEL_A not in {sensor for sensor, _, _ in told(found, Method.BALANCE)}


def test_a_dead_flow_meter_silences_the_balance() -> None:
    block = record(5, 40, Faults(at_s=30 * 3600, leak_m3_h=20)).block()
    keep = (block.sensor != 3) | (block.t_ns < T0 + 30 * 3600 * S)
    cut = ReadingBlock(
        sensor=block.sensor[keep], t_ns=block.t_ns[keep], value=block.value[keep], quality=block.quality[keep]
    )
    found = bank_of(tank_registry()).step(cut, 0).findings
    assert {sensor for sensor, _, _ in told(found, Method.BALANCE)} <= {BOTTOM}


def test_bad_and_missing_readings_of_a_tank_are_nothing() -> None:
    block = record(6, 40).block()
    rng = np.random.default_rng(2)
    value = block.value.copy()
    value[rng.random(len(value)) < 0.02] = math.nan
    quality = np.where(rng.random(len(value)) < 0.02, int(Quality.BAD), 0).astype(np.uint8)
    found = bank_of(tank_registry()).step(replace(block, value=value, quality=quality), 0).findings
    assert not told(found, Method.DRIFT)
    assert not told(found, Method.BALANCE)
