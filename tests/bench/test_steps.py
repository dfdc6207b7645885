"""The steps judge with the functions of the bank, so the last of them must be the bank."""

import numpy as np

from bench.truth.bank import bank_detectors, packaged
from bench.truth.recordings import Table
from bench.truth.steps import Step, halves


def test_the_whole_step_is_what_the_bank_gives() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(0, 1, 1500) + 6.0 * (rng.random(1500) < 0.01)
    table = Table("noise", np.arange(1500) * 300_000_000_000, values[:, None])
    score, *_ = bank_detectors(packaged())
    np.testing.assert_array_equal(Step("default").scores(table), score.score(table, 0))


def test_halves_part_the_files() -> None:
    for a, b in halves(29):
        assert sorted([*a, *b]) == list(range(29))
