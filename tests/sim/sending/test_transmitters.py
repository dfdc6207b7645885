"""Transmitters: cut in any way the same, each with its own luck; lag, saturation and resolution; modes and what they say."""

import hashlib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.readings import Quality
from sim.demo import demo_points
from sim.recorded import Recorded
from sim.sending.demo_transmitters import DemoTransmitters
from sim.sending.diagnostics import Mode, loop, state_currents, transmitter_data
from sim.sending.transmitters import Transmitters, _Filter

NS = 1_000_000_000
START = 1_700_000_000 * NS


@dataclass(frozen=True)
class _Point:
    id: str
    type: str = "level"
    range_lo: float = 0.0
    range_hi: float = 10.0
    scan_s: int = 1


POINTS = (
    _Point("e/LT-1"),
    _Point("e/PT-1", "pressure", 0, 2.5),
    _Point("e/TT-1", "temperature", -40, 80, scan_s=5),
    _Point("e/GT-1", "gas_combustible", 0, 100),
    _Point("e/WD-1", "wind_direction", 0, 360, scan_s=3),
    _Point("e/XX-1", "made_up", 0, 1),
)
MIDDLE = np.array([5.0, 1.2, 20.0, 0.0, 359.5, 0.5])


def _true(seconds: int, points: int = len(POINTS)) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    waves = np.sin(np.arange(seconds)[:, None] / 50.0) * 0.1
    return np.asarray(MIDDLE[:points] * (1 + waves))


def _modes(seconds: int) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    mode = np.zeros((seconds, len(POINTS)), np.uint8)
    for column, state in enumerate(
        [Mode.HELD, Mode.FAILED_LOW, Mode.WARM_UP, Mode.CALIBRATING, Mode.SILENT, Mode.NO_VALUE]
    ):
        mode[20 + column : 60, column] = state
    mode[80:, 0] = Mode.HELD
    return mode


def _bytes(parts: Sequence[Recorded]) -> tuple[bytes, ...]:
    whole = Recorded.concat(parts)
    return tuple(part.tobytes() for part in (whole.column, whole.t_ns, whole.value, whole.qualities()))


@settings(max_examples=40, deadline=None)
@given(cuts=st.lists(st.integers(0, 120), max_size=8).map(sorted))
def test_any_split_gives_the_same_readings(cuts: list[int]) -> None:
    true, mode = _true(120), _modes(120)
    edges = [0, *cuts, 120]
    parts = Transmitters(POINTS, 5, START)
    cut = [parts.step(true[lo:hi], mode[lo:hi]) for lo, hi in itertools.pairwise(edges)]
    assert _bytes(cut) == _bytes([Transmitters(POINTS, 5, START).step(true, mode)])


def test_a_point_that_is_added_changes_no_other() -> None:
    few = Transmitters(POINTS[:3], 5, START).measure(_true(50, 3))
    more = Transmitters((_Point("new"), *POINTS[:3]), 5, START).measure(
        np.insert(_true(50, 3), 0, 1.0, axis=1)
    )
    assert np.array_equal(few.value, more.value[:, 1:])


def test_seeds_differ() -> None:
    one, other = (Transmitters(POINTS, seed, START).measure(_true(50)).value for seed in (1, 2))
    assert not np.array_equal(one, other)


def test_noise_is_as_large_as_the_table_says() -> None:
    # the mean of many points settles the offset, the spread over time the noise (with the resolution's own 0.29 steps)
    points = [_Point(f"p{i}", "pressure", 0, 1000) for i in range(40)]
    value = Transmitters(points, 1, START).measure(np.full((400, 40), 500.0)).value
    kind = transmitter_data()["kinds"]["pressure"]
    fast = np.diff(value, axis=0).std() / math.sqrt(2)
    assert fast == pytest.approx(kind["noise"] * 1000, rel=0.05)
    offsets = value.mean(axis=0) - 500
    assert np.abs(offsets).max() < (kind["offset"] + 3 * kind["drift"]) * 1000
    assert offsets.std() > kind["offset"] * 1000 * 0.3


def test_drift_wanders_slowly() -> None:
    points = [replace(POINTS[1], id=f"p{i}") for i in range(200)]
    value = Transmitters(points, 1, START).measure(np.full((7200, 200), 1.2)).value
    kind = transmitter_data()["kinds"]["pressure"]
    spread = (value[-300:].mean(axis=0) - value[:300].mean(axis=0)).std()
    # an Ornstein-Uhlenbeck process begun at its mean, after one time constant: sd * sqrt(1 - e^-2)
    assert spread == pytest.approx(kind["drift"] * 2.5 * math.sqrt(1 - math.exp(-2)), rel=0.2)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.lists(st.floats(-1e3, 1e3), min_size=3, max_size=3), min_size=1, max_size=20),
    cut=st.integers(0, 20),
)
def test_the_filter_against_a_loop(rows: list[list[float]], cut: int) -> None:
    keep = np.array([0.0, 0.5, 0.9])
    table = np.array(rows)
    filters = _Filter(keep)
    got = np.concatenate([filters.through(table[:cut]), filters.through(table[cut:])])
    state, wanted = table[0].copy(), []
    for row in table:
        state = keep * state + (1 - keep) * row
        wanted.append(state)
    assert got == pytest.approx(np.array(wanted), abs=1e-9)


def test_a_step_is_seen_with_the_lag_of_its_kind() -> None:
    point = _Point("T", "temperature", 0, 1000)
    true = np.concatenate([np.zeros(100), np.full(100, 800.0)])[:, None]
    value = Transmitters([point], 1, START).measure(true).value[:, 0]
    assert value[99] == pytest.approx(0, abs=5)
    assert value[100 + 19] == pytest.approx(800 * (1 - math.exp(-1)), abs=8)


@pytest.mark.parametrize(("true", "told"), [(12.0, 10 * 16.5 / 16), (-1.0, -10 * 0.2 / 16)])
def test_beyond_its_range_it_saturates_and_is_uncertain(true: float, told: float) -> None:
    got = Transmitters([_Point("L")], 1, START).measure(np.full((5, 1), true))
    assert got.value[:, 0] == pytest.approx(told, abs=0.001)
    assert (got.quality == Quality.UNCERTAIN).all()


@pytest.mark.parametrize(
    ("current", "quality"),
    [
        (0.0, Quality.BAD),
        (3.6, Quality.BAD),
        (3.61, Quality.UNCERTAIN),
        (3.8, Quality.UNCERTAIN),
        (3.81, Quality.GOOD),
        (20.49, Quality.GOOD),
        (20.5, Quality.UNCERTAIN),
        (20.99, Quality.UNCERTAIN),
        (21.0, Quality.BAD),
    ],
)
def test_a_current_is_judged_by_namur_ne_43(current: float, quality: Quality) -> None:
    assert loop().quality(np.array([current])).tolist() == [quality]


@pytest.mark.parametrize(
    ("kind", "mode", "quality", "told"),
    [
        ("level", Mode.MEASURING, Quality.GOOD, 5.0),
        ("level", Mode.CALIBRATING, Quality.UNCERTAIN, 5.0),
        ("level", Mode.WARM_UP, Quality.BAD, 10 * (3.55 - 4) / 16),
        ("level", Mode.FAILED_LOW, Quality.BAD, 10 * (3.5 - 4) / 16),
        ("level", Mode.FAILED_HIGH, Quality.BAD, 10 * (22 - 4) / 16),
        ("gas_toxic", Mode.WARM_UP, Quality.UNCERTAIN, 10 * (3.75 - 4) / 16),
        ("gas_toxic", Mode.FAILED_LOW, Quality.BAD, 10 * (3 - 4) / 16),
        ("level", Mode.NO_VALUE, Quality.BAD, math.nan),
    ],
)
def test_modes_and_what_they_say(kind: str, mode: Mode, quality: Quality, told: float) -> None:
    point = _Point("p", kind)
    got = Transmitters([point], 1, START).measure(np.full((3, 1), 5.0), np.full((3, 1), mode, np.uint8))
    assert got.quality[:, 0].tolist() == [quality] * 3
    assert got.value[:, 0] == pytest.approx(told, abs=0.6 if kind == "gas_toxic" else 0.01, nan_ok=True)
    assert set(state_currents(kind)) == {Mode.WARM_UP, Mode.FAILED_LOW, Mode.FAILED_HIGH}


def test_a_held_gauge_repeats_what_it_sent_last_and_says_it_is_good() -> None:
    true = np.linspace(2, 8, 30)[:, None]
    mode = np.zeros((30, 1), np.uint8)
    mode[10:20] = Mode.HELD
    got = Transmitters([_Point("L")], 1, START).measure(true, mode)
    free = Transmitters([_Point("L")], 1, START).measure(true)
    assert (got.value[10:20, 0] == got.value[9, 0]).all()
    assert (got.quality == Quality.GOOD).all()
    assert np.array_equal(got.value[20:], free.value[20:])
    assert free.value[19, 0] > free.value[9, 0] + 1


def test_nothing_comes_from_a_silent_one() -> None:
    mode = _modes(100)
    run = Transmitters(POINTS, 1, START).step(_true(100), mode)
    silent = run.column == 4
    seconds = (run.t_ns[silent] - START) // NS
    assert not ((seconds >= 24) & (seconds < 60)).any()
    assert len(seconds) > 15
    assert np.isnan(run.value[run.column == 5]).sum() == 35


def test_each_is_scanned_at_its_own_turn_within_the_second() -> None:
    run = Transmitters(POINTS, 1, START).step(_true(600))
    assert (np.diff(run.t_ns) >= 0).all()
    assert (run.t_ns % 1_000_000 == 0).all()
    for column, point in enumerate(POINTS):
        t = run.t_ns[run.column == column] - START
        assert len(t) == 600 // point.scan_s
        assert (np.diff(t // NS) == point.scan_s).all()
        kind = transmitter_data()["kinds"].get(point.type, transmitter_data()["kinds"]["other"])
        within = t % NS // 1_000_000
        assert 0 < within.max() - within.min() < kind["jitter_ms"]


def test_numbers_have_the_resolution_of_their_kind() -> None:
    value = Transmitters(POINTS, 1, START).measure(_true(200)).value
    for column, decimals in enumerate([3, 4, 1, 1, 0, 4]):
        assert [float(f"{v:.{decimals}f}") for v in value[:, column]] == value[:, column].tolist()
        assert len(set(value[:, column].tolist())) > 5
    assert not np.signbit(value[value == 0]).any()


def test_the_demo_site_keeps_its_readings() -> None:
    points = demo_points()
    true = np.linspace(0, 1, 40 * len(points)).reshape(40, len(points))
    rng = np.random.Generator(np.random.PCG64([7, 3]))
    sent = DemoTransmitters(points, rng).measure(true)
    told = hashlib.sha256(sent.tobytes()).hexdigest()
    assert told == "3ac9e6be7cd091b3e170bdf017926a33a08c96117b3ea040e5980c75f5a21c1b"


def test_rows_may_be_further_apart_than_a_second() -> None:
    points = [_Point("T", "temperature", 0, 1000, scan_s=10), _Point("L", scan_s=5)]
    true = np.concatenate([np.zeros((20, 2)), np.tile([800.0, 5.0], (20, 1))])
    run = Transmitters(points, 1, START, row_s=5).step(true)
    seconds = (run.t_ns - START) // NS
    assert np.bincount(run.column).tolist() == [20, 40]
    assert (seconds % 5 == 0).all()
    assert seconds.max() <= 195
    value = Transmitters(points, 1, START, row_s=5).measure(true).value
    # four rows of 5 s are one time constant of 20 s
    assert value[20 + 3, 0] == pytest.approx(800 * (1 - math.exp(-1)), abs=8)


@pytest.mark.parametrize("kind", ["gas_combustible", "gas_toxic"])
def test_clean_air_is_a_good_reading(kind: str) -> None:
    points = [_Point(f"G{i}", kind, 0, 100) for i in range(30)]
    got = Transmitters(points, 1, START).measure(np.zeros((3600, 30)))
    assert not got.quality.any()
    assert 1 < np.median(got.value) < 3
    assert got.value.max() < 5


def test_no_flow_and_an_empty_tank_are_good_readings() -> None:
    points = [_Point("F", "flow", 0, 600), _Point("L"), _Point("P", "pressure", 0, 2.5)]
    assert not Transmitters(points, 1, START).measure(np.zeros((20_000, 3))).quality.any()
