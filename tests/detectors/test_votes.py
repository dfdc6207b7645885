"""M-out-of-N votes: who is counted, who never reads as safe, and when a vote ends."""

import math
from dataclasses import replace

import pytest

from detectors.bank import DetectorBank
from detectors.clock import Clock
from detectors.findings import NO_PEER, Edge, Method
from detectors.profile import Methods, Profile
from registry.sensors import SensorRegistry, SensorSpec, SensorType
from tests.detectors.test_bank import T0, Row, S, block_of

GAS = SensorSpec(
    id="e/0", sensor="0", enterprise="e", type=SensorType.GAS_COMBUSTIBLE, h=25.0, l=-5.0, range_lo=-50.0,
    range_hi=100.0, scan_s=2.0, group="dike",
)  # fmt: skip


def bank_of(n: int, methods: Methods | None = None) -> DetectorBank:
    specs = tuple(replace(GAS, id=f"e/{i}", sensor=f"{i}") for i in range(n))
    profile = Profile({SensorType.GAS_COMBUSTIBLE: methods or Methods(dead_min_s=4.0)})
    return DetectorBank(SensorRegistry(specs), profile, Clock.EVENT)


def rows_of(*rounds: tuple[float, ...], first: int = 0) -> list[Row]:
    return [(i, T0 + (first + k) * S, v, 0) for k, values in enumerate(rounds) for i, v in enumerate(values)]


def votes(bank: DetectorBank, rows: list[Row]) -> list[tuple[int, str, int, float, float]]:
    return [
        ((int(f["t_ns"]) - T0) // S, Edge(f["edge"]).label, int(f["sensor"]), float(f["statistic"]), float(f["threshold"]))
        for f in bank.step(block_of(rows), 0).findings
        if f["method"] == Method.VOTE
    ]  # fmt: skip


def test_two_of_three_raise_and_one_is_not_enough() -> None:
    rows = rows_of((0, 30, 0), (0, 30, 0), (0, 30, 30), (0, 0, 30), (0, 0, 0))
    assert votes(bank_of(3), rows) == [(2, "raised", 2, 2.0, 2.0), (3, "recovered", 2, 1.0, 2.0)]


def test_the_vote_names_who_agrees_and_since_when() -> None:
    bank = bank_of(3)
    findings = bank.step(block_of(rows_of((0, 30, 0), (0, 30, 0), (30, 30, 0))), 0).findings
    (vote,) = [f for f in findings if f["method"] == Method.VOTE]
    assert (vote["sensor"], vote["peer_1"], vote["peer_2"]) == (0, 1, NO_PEER)
    assert vote["onset_ns"] == T0
    assert math.isnan(vote["share"])


def test_low_and_high_do_not_agree() -> None:
    assert votes(bank_of(2), rows_of((30, -10), (30, -10), (30, -10))) == []
    assert votes(bank_of(2), rows_of((-10, -10))) == [(0, "raised", 1, 2.0, 2.0)]


def test_a_dead_member_leaves_a_degraded_vote_in_which_one_is_enough() -> None:
    rows = [(0, T0, 0.0, 0), (1, T0, 0.0, 0)] + [(0, T0 + k * S, 30.0, 0) for k in range(1, 12)]
    assert votes(bank_of(2), rows) == [(6, "raised", 0, 1.0, 1.0)]


def test_an_untrusted_member_is_not_counted_and_what_it_says_does_not_count() -> None:
    """Out of range: its 200 is above h too, but it is the transmitter's trouble; two of the other two are wanted."""
    rows = rows_of(*[(200.0, 0.0, 0.0)] * 3, (200.0, 30.0, 0.0), (200.0, 30.0, 30.0))
    assert votes(bank_of(3), rows) == [(4, "raised", 2, 2.0, 2.0)]


def test_a_silence_while_the_vote_stands_does_not_end_it() -> None:
    rows = rows_of((30, 30), (30, 30)) + [(0, T0 + k * S, 30.0, 0) for k in range(2, 20)]
    assert votes(bank_of(2), rows) == [(0, "raised", 1, 2.0, 2.0)]


def test_how_many_must_agree_can_be_said() -> None:
    three = Methods(dead_min_s=4.0, vote_needed=3)
    rows = rows_of((30, 30, 0), (30, 30, 0), (30, 30, 30))
    assert votes(bank_of(3, three), rows) == [(2, "raised", 2, 3.0, 3.0)]


@pytest.mark.parametrize(
    "other",
    [
        replace(GAS, id="e/1", sensor="1", group="tank"),
        replace(GAS, id="e/1", sensor="1", type=SensorType.GAS_TOXIC),
        replace(GAS, id="f/1", sensor="1", enterprise="f"),
    ],
)
def test_only_the_same_group_type_and_enterprise_vote_together(other: SensorSpec) -> None:
    bank = DetectorBank(SensorRegistry((GAS, other)), Profile({}), Clock.EVENT)
    assert votes(bank, rows_of((30, 30), (30, 30))) == []


def test_a_standing_vote_goes_on_from_a_snapshot() -> None:
    bank = bank_of(2)
    assert votes(bank, rows_of((30, 30))) != []
    again = bank_of(2)
    again.restore(bank.snapshot())
    specs = tuple(replace(GAS, id=f"e/{i}", sensor=f"{i}") for i in (1, 0))
    turned = DetectorBank(
        SensorRegistry(specs), Profile({SensorType.GAS_COMBUSTIBLE: Methods()}), Clock.EVENT
    )
    turned.restore(bank.snapshot())
    assert votes(again, rows_of((0, 30), first=1)) == [(1, "recovered", 1, 1.0, 2.0)]
    assert turned._groups.vote["standing"][0] == -1  # the order of its sensors is another: it begins anew
