"""The scores of bench/quality.py by hand-made cases, and that no detector of its table looks ahead."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from bench.truth import nab, rows
from bench.truth.bank import bank_detectors, packaged
from bench.truth.nab import Labelled
from bench.truth.recordings import Table
from bench.truth.rivals import PCA, RIVALS, Detector, refractory, windowed_gaussian
from bench.truth.trials import TRIALS

STANDARD = nab.APPLICATIONS["standard"]
ONE = Labelled(rows=200, windows=((100, 109),), days=2.0)  # probation 30 rows
TWO = Labelled(rows=200, windows=((60, 79), (150, 159)), days=1.0)


def firing(series: Labelled, *at: int) -> NDArray[np.float64]:
    score = np.zeros(series.rows)
    score[list(at)] = 1.0
    return score


@pytest.mark.parametrize(
    ("position", "worth"), [(-1.0, 0.986614), (-0.5, 0.848284), (0.0, 0.0), (1.0, -0.986614), (3.1, -1.0)]
)
def test_sigmoid(position: float, worth: float) -> None:
    assert nab.scaled_sigmoid(position) == pytest.approx(worth, abs=1e-6)


@pytest.mark.parametrize(("length", "probation"), [(100, 15), (199, 29), (5000, 750), (20_000, 750)])
def test_probation(length: int, probation: int) -> None:
    assert nab.probation_rows(length) == probation


def test_worth_of_a_row() -> None:
    value, window = nab.worth(TWO)
    assert value[0] == -1.0
    assert value[59] == -1.0
    assert value[60] == 1.0
    assert value[79] == pytest.approx(nab.scaled_sigmoid(-1 / 20) / nab.scaled_sigmoid(-1.0))
    assert value[80] == pytest.approx(nab.scaled_sigmoid(1 / 19))
    assert value[149] == -1.0  # 70 rows behind a window of 20
    assert list(np.flatnonzero(window >= 0)) == [*range(60, 80), *range(150, 160)]


@pytest.mark.parametrize("weights", nab.APPLICATIONS.values(), ids=nab.APPLICATIONS)
def test_null_is_0_and_perfect_100(weights: nab.Weights) -> None:
    corpus = [ONE, TWO]
    perfect = [firing(ONE, 100), firing(TWO, 60, 150)]
    null = [np.zeros(200), np.zeros(200)]
    assert nab.tally(corpus, null, weights, 0.5).score == 0.0
    assert nab.best_threshold(corpus, null, weights) == math.inf
    threshold = nab.best_threshold(corpus, perfect, weights)
    told = nab.tally(corpus, perfect, weights, threshold)
    assert threshold == 1.0
    assert told.score == 100.0
    assert (told.hits, told.windows, told.position, told.false_rows) == (3, 3, 0.0, 0)
    assert told.days == pytest.approx(0.85 * 3)


def test_one_late_detection() -> None:
    told = nab.tally([ONE], [firing(ONE, 109)], STANDARD, 0.5)
    late = nab.scaled_sigmoid(-0.1) / nab.scaled_sigmoid(-1.0)
    assert told.score == pytest.approx(100 * (late + 1) / 2)
    assert (told.hits, told.position, told.delay_rows) == (1, 1.0, 9.0)


def test_only_the_first_detection_of_a_window_pays() -> None:
    once = nab.tally([ONE], [firing(ONE, 103)], STANDARD, 0.5)
    often = nab.tally([ONE], [firing(ONE, 103, 104, 109)], STANDARD, 0.5)
    assert once.score == often.score


def test_always_pays_for_every_false_row() -> None:
    told = nab.tally([ONE], [np.ones(200)], STANDARD, 0.5)
    behind = sum(nab.scaled_sigmoid(k / 9) for k in range(1, 91))
    assert told.score == pytest.approx(100 * (1 + 0.11 * (behind - 70) + 1) / 2)
    assert (told.false_rows, told.false_episodes, told.hits) == (160, 2, 1)
    assert nab.best_threshold([ONE], [np.ones(200)], STANDARD) == math.inf


def test_a_detection_in_probation_does_not_count() -> None:
    assert nab.tally([ONE], [firing(ONE, 0, 29)], STANDARD, 0.5).score == 0.0
    assert nab.tally([ONE], [firing(ONE, 30)], STANDARD, 0.5).score == pytest.approx(-100 * 0.11 / 2)


def test_a_series_without_windows_can_only_lose() -> None:
    quiet = Labelled(rows=100, windows=(), days=1.0)
    corpus = [ONE, quiet]
    told = nab.tally(corpus, [firing(ONE, 100), firing(quiet, 50)], STANDARD, 0.5)
    assert told.score == pytest.approx(100 - 100 * 0.11 / 2)


@given(st.lists(st.integers(0, 6), min_size=400, max_size=400))
def test_the_best_threshold_is_the_best_of_all(levels: list[int]) -> None:
    corpus, flat = [ONE, TWO], np.array(levels, np.float64)
    scores = [flat[:200], flat[200:]]
    best = nab.tally(corpus, scores, STANDARD, nab.best_threshold(corpus, scores, STANDARD)).score
    tried = [nab.tally(corpus, scores, STANDARD, k).score for k in (*range(7), math.inf)]
    assert best == pytest.approx(max(tried))


@pytest.mark.parametrize(("flags", "count"), [("", 0), ("0", 0), ("1", 1), ("1101", 2), ("0110", 1)])
def test_runs(flags: str, count: int) -> None:
    assert nab.runs(np.array([flag == "1" for flag in flags], np.bool_)) == count


def test_confusion() -> None:
    truth = np.array([0, 0, 0, 1, 1], np.bool_)
    told = rows.Confusion.of(np.array([0, 0, 1, 1, 0], np.bool_), truth)
    assert told == rows.Confusion(hit=1, false=1, missed=1, quiet=2)
    assert [told.f1, told.false_alarm_rate, told.missed_rate] == pytest.approx([1 / 2, 1 / 3, 1 / 2])
    always, never = (rows.Confusion.of(np.full(5, flag), truth) for flag in (True, False))
    assert [always.f1, always.false_alarm_rate, always.missed_rate] == pytest.approx([4 / 7, 1, 0])
    assert [never.f1, never.false_alarm_rate, never.missed_rate] == [0.0, 0.0, 1.0]


def test_best_f1_threshold_takes_ties_whole() -> None:
    truth = np.array([0, 1, 1, 0, 1], np.bool_)
    assert rows.best_f1_threshold(np.array([0.1, 0.9, 0.8, 0.2, 0.7]), truth) == 0.7
    assert rows.best_f1_threshold(np.ones(5), truth) == 1.0


def test_a_threshold_for_a_false_alarm_rate() -> None:
    normal = np.arange(200, dtype=np.float64)
    limit = rows.threshold_for(normal, 0.01)
    assert (normal > limit).mean() == 0.01
    assert rows.threshold_for(np.ones(200), 0.01) == 1.0  # what is always at its greatest can never alarm


def test_first_alarm() -> None:
    alarm = np.array([0, 1, 0, 1, 1, 1], np.bool_)
    assert rows.first_alarm(alarm) == 1.0
    assert rows.first_alarm(alarm, 3) == 5.0
    assert rows.first_alarm(alarm, 4) == math.inf


def wandering(length: int, channels: int) -> Table:
    rng = np.random.default_rng(7)
    values = rng.normal(size=(length, channels)).cumsum(axis=0) * 0.1 + rng.normal(size=(length, channels))
    values[300:310] += 30.0
    values[250] = np.nan
    t_ns = 1_400_000_000_000_000_000 + np.arange(length, dtype=np.int64) * 300_000_000_000
    return Table("wandering", t_ns, values)


@pytest.mark.parametrize(
    "detector", [*RIVALS, PCA, *bank_detectors(packaged()), *TRIALS], ids=lambda d: d.name
)
@pytest.mark.parametrize("channels", [1, 3])
def test_no_detector_looks_ahead(detector: Detector, channels: int) -> None:
    if detector.missing:
        pytest.skip(f"{detector.needs} is not installed")
    whole = wandering(500, channels)
    part = Table(whole.name, whole.t_ns[:320], whole.values[:320])
    score = detector.score(whole, 150)
    assert score.shape == (500,)
    assert np.isfinite(score).all()
    # sums over another length may be added up in another order
    np.testing.assert_allclose(detector.score(part, 150), score[:320], rtol=0, atol=1e-9)


def test_windowed_gaussian_against_its_definition() -> None:
    table = wandering(6_800, 1)
    x = np.nan_to_num(table.values[:, 0])
    score = windowed_gaussian(table, 0)
    for row, window in ((1, x[:1]), (50, x[:50]), (6400, x[:6400]), (6499, x[:6400]), (6750, x[300:6700])):
        sigma = window.std() or 1e-6
        tail = 0.5 * math.erfc(abs(x[row] - window.mean()) / sigma / math.sqrt(2))
        assert score[row] == pytest.approx(1 - tail, abs=1e-9)


def test_the_bank_by_what_it_told() -> None:
    table = wandering(500, 1)
    _, raised, standing = bank_detectors(packaged({"z_threshold": 6, "z_samples": 2}))
    ups, stands = raised.score(table, 0), standing.score(table, 0)
    assert list(np.flatnonzero(ups)) == [301]
    assert list(np.flatnonzero(stands)) == list(range(301, 310))


def test_refractory_lets_only_a_new_greatest_stand() -> None:
    excess = np.zeros(500)
    excess[[10, 20, 30, 300]] = [2.0, 1.0, 3.0, 1.0]
    assert list(np.flatnonzero(refractory(excess))) == [10, 30, 300]
