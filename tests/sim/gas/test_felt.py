"""Detectors: their lag, range, poisoning, and the bead that says less when there is more."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.gas.felt import Felt, burnt_lel_percent, detector_kind
from sim.gas.substances import substances
from sim.gas.units import MeaninglessError

METHANE, PROPANE, CHLORINE = (substances()[key] for key in ("methane", "propane", "chlorine"))


@pytest.mark.parametrize("dt_s", [1.0, 3.0, 15.0])
def test_ninety_percent_is_felt_after_t90_whatever_the_step(dt_s: float) -> None:
    detectors = Felt([15.0, 30.0], 100.0)
    for _ in range(int(15 / dt_s)):
        shown = detectors.step(dt_s, np.array([50.0, 50.0]))
    assert shown[0] == pytest.approx(45.0)
    assert shown[1] == pytest.approx(50 * (1 - 10**-0.5))


def test_clean_air_clears_a_detector_as_slowly() -> None:
    detector = Felt(15.0, 100.0)
    detector.step(1e4, np.array([50.0]))
    assert detector.step(15.0, np.array([0.0]))[0] == pytest.approx(5.0)


def test_a_reading_ends_with_the_range_and_comes_back_late() -> None:
    detector = Felt(10.0, 100.0)
    assert detector.step(1e3, np.array([500.0]))[0] == 100.0
    assert detector.step(5.0, np.array([0.0]))[0] == 100.0
    assert detector.step(5.0, np.array([0.0]))[0] == pytest.approx(50.0)


def test_poison_takes_a_share_a_day_and_leaves_the_zero() -> None:
    detectors = Felt([15.0, 15.0], 100.0)
    for _ in range(48):
        detectors.step(3600.0, np.zeros(2), np.array([0.1, 0.0]))
    assert detectors.felt.tolist() == [0.0, 0.0]
    assert detectors.sensitivity.tolist() == pytest.approx([0.81, 1.0])
    assert detectors.step(1e4, np.array([50.0, 50.0])).tolist() == pytest.approx([40.5, 50.0])
    detectors.replace(np.array([True, False]))
    assert detectors.step(1e4, np.array([50.0, 50.0])).tolist() == pytest.approx([50.0, 50.0])


def test_a_bead_reads_true_up_to_the_stoichiometric_mixture_and_nothing_in_pure_gas() -> None:
    # methane: x = 0.2095 (1 - x) / 2 at 9.48 % by volume, 215 %LEL
    felt = burnt_lel_percent([0.0, 100.0, 215.0, 230.0, 100 / 0.044, 1e5], METHANE)
    assert felt.tolist()[:3] == pytest.approx([0.0, 100.0, 215.0])
    assert felt[3] < felt[2]
    assert felt[4:].tolist() == pytest.approx([0.0, 0.0])


def test_a_bead_in_rich_gas_reads_as_in_lean_gas() -> None:
    # 80 % by volume: 0.2095 x 0.2 / 2 = 2.1 % burns, 48 %LEL
    bead = Felt(15.0, 100.0, folds_for=METHANE)
    assert bead.step(1e4, np.array([80 / 0.044]))[0] == pytest.approx(47.6, abs=0.1)
    assert Felt(15.0, 100.0).step(1e4, np.array([80 / 0.044]))[0] == 100.0


@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=20))
def test_a_bead_never_reads_more_than_there_is(true: list[float]) -> None:
    assert (burnt_lel_percent(true, PROPANE) <= np.array(true) + 1e-9).all()


def test_what_does_not_burn_has_no_bead() -> None:
    with pytest.raises(MeaninglessError, match="chlorine does not burn"):
        burnt_lel_percent([1.0], CHLORINE)


@pytest.mark.parametrize(
    "kind", ["catalytic", "infrared", "electrochemical", "electrochemical_slow", "photoionisation"]
)
def test_usual_detectors_meet_the_standard(kind: str) -> None:
    it = detector_kind(kind)  # type: ignore[arg-type]  # the names above
    assert 0 < it.t90_s <= it.t90_most_s
    assert it.needs_oxygen == (kind == "catalytic")
