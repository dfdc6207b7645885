"""Times of the week: when they hold, and when that changes."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.intervals import Calendar, DayClass, Interval, Span

SHANGHAI = ZoneInfo("Asia/Shanghai")
CALENDAR = Calendar(
    holidays=frozenset({date(2026, 10, 1), date(2026, 10, 2)}), workdays=frozenset({date(2026, 10, 10)})
)
NS = 1_000_000_000


def at(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()) * NS


def interval(*spans: Span, zone: ZoneInfo = SHANGHAI) -> Interval:
    return Interval("x", zone, spans, CALENDAR)


NIGHT = interval(Span(from_min=22 * 60, to_min=6 * 60))
OFFICE = interval(Span(from_min=8 * 60, to_min=17 * 60, classes=frozenset({DayClass.WORKDAY})))
REST = interval(Span(classes=frozenset({DayClass.RESTDAY})))


@pytest.mark.parametrize(
    ("made", "moment", "inside", "until"),
    [
        (NIGHT, "2026-09-01 21:59", False, "2026-09-01 22:00"),
        (NIGHT, "2026-09-01 22:00", True, "2026-09-02 06:00"),
        (NIGHT, "2026-09-02 05:59", True, "2026-09-02 06:00"),
        (NIGHT, "2026-09-02 06:00", False, "2026-09-02 22:00"),
        (OFFICE, "2026-09-30 12:00", True, "2026-09-30 17:00"),
        (OFFICE, "2026-10-01 12:00", False, "2026-10-05 08:00"),  # holidays, then a weekend
        (OFFICE, "2026-10-10 12:00", True, "2026-10-10 17:00"),  # a Saturday that is worked
        (REST, "2026-10-01 00:00", True, "2026-10-05 00:00"),  # days that touch are one stretch
        (REST, "2026-10-10 12:00", False, "2026-10-11 00:00"),
    ],
)
def test_when_it_holds_and_until_when(made: Interval, moment: str, inside: bool, until: str) -> None:
    assert made.holds_at(at(moment)) is inside
    assert made.until_ns(at(moment)) == at(until)


def test_an_hour_that_the_clocks_skip_does_not_move_the_end() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    made = interval(Span(from_min=0, to_min=6 * 60), zone=berlin)
    before = at("2026-03-29 01:00", berlin)
    assert made.holds_at(before)
    assert made.until_ns(before) - before == 4 * 3600 * NS


def test_what_never_holds_says_so_and_asks_again_in_a_year() -> None:
    never = Interval("x", SHANGHAI, (Span(classes=frozenset({DayClass.HOLIDAY})),), Calendar())
    moment = at("2026-09-01 00:00")
    assert not never.holds_at(moment)
    assert never.until_ns(moment) > moment + 300 * 86_400 * NS


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Span,
            from_min=st.integers(0, 1439),
            to_min=st.integers(1, 1440),
            days=st.frozensets(st.integers(0, 6)),
            classes=st.frozensets(st.sampled_from(DayClass)),
        ),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.integers(0, 20 * 1440), min_size=1, max_size=20),
)
def test_the_remembered_answer_is_the_plain_one(spans: list[Span], minutes: list[int]) -> None:
    made = interval(*spans)
    start = datetime(2026, 9, 25, tzinfo=UTC)
    for minute in minutes:
        moment = start + timedelta(minutes=minute)
        assert made.holds_at(int(moment.timestamp()) * NS) is _holds(spans, moment)


def _holds(spans: list[Span], moment: datetime) -> bool:
    local = moment.astimezone(SHANGHAI)
    now = local.hour * 60 + local.minute
    today, yesterday = local.date(), local.date() - timedelta(days=1)
    for span in spans:
        wraps = span.to_min <= span.from_min
        if span.begins_on(today, CALENDAR) and span.from_min <= now and (wraps or now < span.to_min):
            return True
        if wraps and span.begins_on(yesterday, CALENDAR) and now < span.to_min:
            return True
    return False
