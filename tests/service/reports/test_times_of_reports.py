"""Days, months, the periods that they are held against, and shifts: by the clock of a zone."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from alerting.escalation.schedule import Crew, Schedule
from alerting.escalation.schedule import Shift as Turn
from service.reports.calendar import before, day_of, month_of
from service.reports.period import Period
from service.reports.shifts import Hours, OfSchedule, shift_at, shifts_from

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
EIGHTS = (0, 8 * 60, 16 * 60)


def ns(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 10**9


def told(period: Period) -> tuple[str, str]:
    start, end = (
        datetime.fromtimestamp(t_ns // 10**9, UTC).astimezone(period.zone)
        for t_ns in (period.start_ns, period.end_ns)
    )
    return f"{start:%Y-%m-%d %H:%M}", f"{end:%Y-%m-%d %H:%M}"


def test_a_day_and_a_month_are_those_of_the_zone() -> None:
    assert day_of(date(2026, 11, 26), SHANGHAI).start_ns == ns("2026-11-25T16:00:00+00:00")
    hours = [day_of(date(2026, 3, day), BERLIN).hours for day in (28, 29)]
    assert (*hours, day_of(date(2026, 10, 25), BERLIN).hours) == (24, 23, 25)
    assert told(month_of(2026, 12, SHANGHAI)) == ("2026-12-01 00:00", "2027-01-01 00:00")


@pytest.mark.parametrize(
    ("start", "end", "by_month", "earlier"),
    [
        ("2026-11-26T00:00", "2026-11-27T00:00", False, ("2026-11-25 00:00", "2026-11-26 00:00")),
        ("2026-11-26T00:00", "2026-11-26T10:00", False, ("2026-11-25 00:00", "2026-11-25 10:00")),
        ("2026-03-01T00:00", "2026-04-01T00:00", True, ("2026-02-01 00:00", "2026-03-01 00:00")),
        ("2026-03-01T00:00", "2026-03-31T10:00", True, ("2026-02-01 00:00", "2026-02-28 10:00")),
        ("2026-01-01T00:00", "2026-02-01T00:00", True, ("2025-12-01 00:00", "2026-01-01 00:00")),
    ],
)
def test_a_period_is_held_against_the_same_stretch_before(
    start: str, end: str, *, by_month: bool, earlier: tuple[str, str]
) -> None:
    period = Period(start_ns=ns(f"{start}+08:00"), end_ns=ns(f"{end}+08:00"), zone=SHANGHAI)
    assert told(before(period, by_month=by_month)) == earlier


def test_shifts_begin_by_the_clock_on_the_wall_also_where_it_is_changed() -> None:
    hours = Hours(zone=BERLIN, starts_min=EIGHTS)
    shift = shift_at(hours, ns("2026-10-25T04:00:00+01:00"))
    assert shift is not None
    assert (shift.name, shift.end_ns - shift.start_ns) == ("00:00–08:00", 9 * 3600 * 10**9)
    assert shift_at(hours, shift.end_ns) != shift
    night = shift_at(hours, ns("2026-11-26T23:59:59+01:00"))
    assert night is not None
    assert (night.name, night.end_ns) == ("16:00–00:00", ns("2026-11-27T00:00:00+01:00"))


def test_one_start_a_day_is_a_shift_of_a_day() -> None:
    shift = shift_at(Hours(zone=SHANGHAI, starts_min=(480,)), ns("2026-11-26T07:00:00+08:00"))
    assert shift is not None
    assert (shift.start_ns, shift.end_ns) == (
        ns("2026-11-25T08:00:00+08:00"),
        ns("2026-11-26T08:00:00+08:00"),
    )


TURNS = {
    "day": Turn(name="day", start_min=480, end_min=1200),
    "night": Turn(name="night", start_min=1200, end_min=1920),
}
ROTA = Schedule(
    name="operators",
    zone="Asia/Shanghai",
    first_day=date(2026, 11, 1),
    shifts=TURNS,
    cycle=(("day",), ("night",), ()),
    crews=(Crew(name="A", people=("wang",), first=0), Crew(name="B", people=("li",), first=2)),
)


def test_a_schedule_goes_before_fixed_hours_and_has_gaps() -> None:
    hours = Hours(zone=SHANGHAI, starts_min=EIGHTS)
    assert shifts_from([], hours) is hours
    shifts = shifts_from([ROTA], hours)
    assert shifts == OfSchedule(schedule=ROTA)
    shift = shift_at(shifts, ns("2026-11-02T02:00:00+08:00"))
    assert shift is None, "the night of crew B began a day earlier, that of A begins on the second"
    night = shift_at(shifts, ns("2026-11-03T02:00:00+08:00"))
    assert night is not None
    assert (night.name, night.start_ns) == ("night", ns("2026-11-02T20:00:00+08:00"))
