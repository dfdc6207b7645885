"""A schedule over a span: the turns are those that the schedule itself says of every instant."""

import itertools
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.escalation.calendar import turns
from alerting.escalation.schedule import Crew, Override, Schedule, Shift, on_call

S = 10**9
DAY = 86_400 * S
SPRING, AUTUMN = 1_774_486_800 * S, 1_792_630_800 * S
"""Some days before the clocks of Berlin are changed in 2026."""


def schedule(zone: str = "Europe/Berlin") -> Schedule:
    return Schedule(
        name="gas",
        zone=zone,
        first_day=date(2026, 1, 1),
        shifts={
            "early": Shift(name="early", start_min=150, end_min=14 * 60),
            "night": Shift(name="night", start_min=22 * 60, end_min=26 * 60 + 30),
        },
        cycle=(("early",), ("night",), ()),
        crews=(Crew(name="A", people=("li",), first=0), Crew(name="B", people=("wang",), first=2)),
    )


@pytest.mark.parametrize("begin", [SPRING, AUTUMN], ids=["spring", "autumn"])
@given(
    at_s=st.integers(0, 7 * 86_400 - 1),
    start_s=st.integers(-86_400, 7 * 86_400),
    long_s=st.integers(1, 3 * 86_400),
)
def test_a_turn_holds_at_every_instant_what_the_schedule_says(
    begin: int, at_s: int, start_s: int, long_s: int
) -> None:
    one = schedule()
    stand_in = Override(
        people=("zhao",),
        from_ns=begin + start_s * S,
        until_ns=begin + (start_s + long_s) * S,
        by="li",
        reason="ill",
    )
    found = turns(one, begin, begin + 7 * DAY, [stand_in])
    t_ns = begin + at_s * S
    (turn,) = [turn for turn in found if turn.from_ns <= t_ns < turn.until_ns]
    assert turn.duty == on_call(one, t_ns, [stand_in])


def test_turns_follow_each_other_without_a_hole_and_gaps_are_turns_of_nobody() -> None:
    found = turns(schedule("Asia/Shanghai"), SPRING, SPRING + 14 * DAY)
    assert (found[0].from_ns, found[-1].until_ns) == (SPRING, SPRING + 14 * DAY)
    assert all(one.until_ns == next_.from_ns for one, next_ in itertools.pairwise(found))
    assert all(one.duty != next_.duty for one, next_ in itertools.pairwise(found))
    assert any(not one.duty.people for one in found)
