"""The table of families names only what there is."""

import pytest

from sim.faults.acting import _SCALES
from sim.faults.families import FAMILIES, FAULTS, LOOK_ALIKES, Family
from sim.faults.senses import LAWS
from sim.plant.equipment import CHANNELS
from sim.plant.kinds import KINDS

ROLES = {"level", "pressure", "temperature", "gas", "target", "all"}


def test_twelve_families_of_faults_and_seven_look_alikes() -> None:
    assert [family.kind for family in FAULTS] == [
        "slow_leak", "fast_leak", "stuck_inlet", "stuck_gauge", "blocked_outlet", "pressure_creep", "relief_chatter",
        "small_release", "large_release", "cooling_loss", "sensor_drift", "dead_transmitter",
    ]  # fmt: skip
    assert [family.kind for family in LOOK_ALIKES] == [
        "planned_filling", "calibration_gas", "wash_down", "sun_on_tank", "barometric_swing", "maintenance",
        "gateway_outage",
    ]  # fmt: skip
    assert sum(family.daily for family in LOOK_ALIKES) == 3 * len(FAULTS)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.kind)
def test_a_family_names_only_what_there_is(family: Family) -> None:
    assert family.text.zh
    assert family.text.en
    assert set(family.names) <= ROLES
    assert set(family.kinds) <= set(KINDS)
    assert (family.target == "vessel") == bool(family.kinds)
    for effect in family.effects:
        assert effect.channel in CHANNELS
        assert effect.scale in _SCALES
        assert set(effect.kinds) <= set(KINDS)
        assert any(effect.size)
    for sense in family.senses:
        assert set(sense.law) <= set(LAWS)
        assert sense.on in ROLES
    assert list(family.lead) == sorted(family.lead, reverse=True)


@pytest.mark.parametrize("family", FAULTS, ids=lambda family: family.kind)
def test_a_graver_fault_is_no_weaker(family: Family) -> None:
    sizes = [e.size for e in family.effects] + ([family.releases] if family.releases else [])
    assert all(a <= b <= c for a, b, c in sizes)
    assert family.daily == 0


@pytest.mark.parametrize("family", LOOK_ALIKES, ids=lambda family: family.kind)
def test_a_look_alike_has_its_share_of_the_day(family: Family) -> None:
    assert family.daily > 0
