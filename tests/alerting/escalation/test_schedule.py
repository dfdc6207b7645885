"""Who is on duty when: literal instants, and every minute of a cycle beside a plain count."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.escalation import OnDuty, Override, Schedule, on_call
from tests.alerting.escalation.works import ROUTES, read, settings

OPERATORS = settings().schedules["operators"]


def at(text: str, zone: str = "Asia/Shanghai") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 10**9


def schedule(body: str) -> Schedule:
    people = ROUTES[: ROUTES.index("schedules:")]
    made, faults = read(people + body)
    assert [fault for fault in faults if fault.level == "error"] == []
    return made.schedules["one"]


@pytest.mark.parametrize(
    ("time", "person"),
    [
        # the first day of the cycle: A has the day, B the evening, C the night, D is off
        ("2025-11-24T07:59", "zhao"),
        ("2025-11-24T08:00", "wang"),
        ("2025-11-24T15:59", "wang"),
        ("2025-11-24T16:00", "li"),
        ("2025-11-24T23:59", "li"),
        # two days later everybody has moved on by one place
        ("2025-11-26T00:00", "li"),
        ("2025-11-26T08:00", "qian"),
        ("2025-11-26T16:00", "wang"),
        # the cycle has no beginning and no end
        ("2025-11-16T08:00", "wang"),
        ("2033-06-30T08:00", "li"),
    ],
)
def test_four_crews_take_three_shifts_in_turn(time: str, person: str) -> None:
    assert on_call(OPERATORS, at(time)).people == (person,)


def test_why_somebody_is_on_duty_is_said_in_both_languages() -> None:
    assert on_call(OPERATORS, at("2025-11-24T08:00")) == OnDuty(
        ("wang",),
        type(on_call(OPERATORS, 0).reason)(
            "值班表 operators：A 班当值（day）", "on duty by schedule operators: crew A, shift day"
        ),
        "A",
        "day",
    )


@given(st.integers(min_value=0, max_value=4 * 10**18))
def test_at_every_instant_exactly_one_crew_is_on_duty(t_ns: int) -> None:
    assert len(on_call(OPERATORS, t_ns).people) == 1


WEEKLY = """
schedules:
  one:
    zone: Europe/Berlin
    first_day: 2026-01-05
    shifts: {night: "20:00-08:00", day: "08:00-20:00"}
    cycle: [[day, night], [day, night], [day, night], [day, night], [day, night], [day, night], [day, night],
            rest, rest, rest, rest, rest, rest, rest]
    crews: {odd: {people: [wang], first: 1}, even: {people: [li, zhao], first: 8}}
"""


def test_a_shift_over_midnight_belongs_to_the_crew_that_began_it() -> None:
    one = schedule(WEEKLY)
    assert on_call(one, at("2026-01-12T07:59", "Europe/Berlin")).people == ("wang",)
    assert on_call(one, at("2026-01-12T08:00", "Europe/Berlin")).people == ("li", "zhao")


def test_a_change_of_clocks_moves_no_shift_and_leaves_no_gap() -> None:
    one = schedule(WEEKLY)
    for day in ("2026-03-29", "2026-10-25"):  # one has 23 hours, the other 25
        start = at(f"{day}T00:00", "Europe/Berlin")
        for minute in range(0, 25 * 60, 15):
            assert on_call(one, start + minute * 60 * 10**9).people
    before, after = at("2026-03-30T07:59", "Europe/Berlin"), at("2026-03-30T08:00", "Europe/Berlin")
    assert on_call(one, before).people != on_call(one, after).people


def test_somebody_stands_in_the_gaps_of_a_schedule() -> None:
    one = schedule("""
schedules:
  one:
    zone: Asia/Shanghai
    first_day: 2026-01-05
    shifts: {office: "09:00-17:00"}
    cycle: [office, office, office, office, office, rest, rest]
    crews: {office: {people: [wang]}}
    otherwise: [li]
""")
    assert on_call(one, at("2026-01-09T16:59")).people == ("wang",)
    gap = on_call(one, at("2026-01-10T12:00"))
    assert gap.people == ("li",)
    assert "no crew is on duty" in gap.reason.en


def test_an_override_counts_from_its_beginning_until_just_before_its_end() -> None:
    override = Override(
        people=("qian",),
        from_ns=at("2025-11-24T09:00"),
        until_ns=at("2025-11-24T10:00"),
        by="sun",
        reason="swap",
    )
    times = ("2025-11-24T08:59", "2025-11-24T09:00", "2025-11-24T09:59", "2025-11-24T10:00")
    assert [on_call(OPERATORS, at(t), (override,)).people[0] for t in times] == [
        "wang",
        "qian",
        "qian",
        "wang",
    ]


def test_an_override_of_the_settings_holds_and_gives_way_to_one_by_command() -> None:
    one = schedule(
        WEEKLY
        + "    overrides: [{people: [qian], from: 2026-01-05T08:00, until: 2026-01-05T12:00, by: sun, reason: swap}]\n"
    )
    t_ns = at("2026-01-05T09:00", "Europe/Berlin")
    assert on_call(one, t_ns).people == ("qian",)
    by_command = Override(people=("zhao",), from_ns=t_ns, until_ns=t_ns + 1, by="sun", reason="ill")
    assert on_call(one, t_ns, (by_command,)).people == ("zhao",)
