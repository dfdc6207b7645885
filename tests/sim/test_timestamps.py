"""Times to the nanosecond, in every style, against the standard library."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.time_style import NS, Style, guess_style, time_zone
from sim.timestamps import TimeReader

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = st.datetimes(datetime(1750, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001 - naive on purpose


def _ns(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000


def _read(style: Style, *texts: str, zone: str = "UTC") -> list[int | None]:
    known = time_zone(zone)
    assert known is not None
    t_ns, good = TimeReader(style, known).read(texts)
    return [t if ok else None for t, ok in zip(t_ns.tolist(), good.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("text", "t_ns"),
    [
        ("2024-01-01T00:03:00Z", 1704067380 * NS),
        ("2024-01-01 00:03:00", 1704067380 * NS),
        ("2024/1/1 0:03", 1704067380 * NS),
        ("2024-01-01T08:03:00+08:00", 1704067380 * NS),
        ("2024-01-01T08:03:00+0800", 1704067380 * NS),
        ("2023-12-31T19:03:00-05", 1704067380 * NS),
        ("2024-01-01T00:03:00.123456789Z", 1704067380 * NS + 123456789),
        ("2024-01-01 00:03:00,5", 1704067380 * NS + 500_000_000),
        ("2024-01-01 12:03:00 AM", 1704067380 * NS),
        ("2024-01-01", 1704067200 * NS),
        ("2024-02-30 00:00:00", None),
        ("2023-02-29 00:00:00", None),
        ("2024-01-01 24:00:00", None),
        ("2024-01-01 00:60:00", None),
        ("2024-13-01 00:00:00", None),
        ("9999-01-01 00:00:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_year_first(text: str, t_ns: int | None) -> None:
    assert _read(Style.YEAR_FIRST, text) == [t_ns]


@pytest.mark.parametrize(
    ("style", "text", "t_ns"),
    [
        (Style.DAY_FIRST, "10/03/2004 18.00.00", 1078941600 * NS),
        (Style.MONTH_FIRST, "03/10/2004 18:00:00", 1078941600 * NS),
        (Style.MONTH_FIRST, "3/10/2004 6:00 PM", 1078941600 * NS),
        (Style.DAY_FIRST, "10.03.2004 18:00", 1078941600 * NS),
        (Style.EPOCH_S, "1704067380", 1704067380 * NS),
        (Style.EPOCH_S, "1704067380.000000001", 1704067380 * NS + 1),
        (Style.EPOCH_MS, "1704067380123", 1704067380 * NS + 123_000_000),
        (Style.EPOCH_MS, "1704067380123.5", 1704067380 * NS + 123_500_000),
        (Style.EPOCH_US, "1704067380123456", 1704067380 * NS + 123_456_000),
        (Style.EPOCH_NS, "1704067380123456789", 1704067380 * NS + 123456789),
        (Style.EPOCH_NS, "9999999999999999999", None),
        (Style.EPOCH_NS, "1704067380123456789.5", None),
        (Style.EPOCH_S, "-5", None),
    ],
)
def test_other_styles(style: Style, text: str, t_ns: int | None) -> None:
    assert _read(style, text) == [t_ns]


@given(st.lists(st.tuples(MOMENTS, st.sampled_from(["Z", "+08:00", "-03:30", ""]))))
def test_all_rows_agree_with_the_standard_library(rows: list[tuple[datetime, str]]) -> None:
    texts = [moment.isoformat() + zone for moment, zone in rows]
    wanted = [_ns(datetime.fromisoformat(moment.isoformat() + (zone or "Z"))) for moment, zone in rows]
    assert _read(Style.YEAR_FIRST, *texts) == wanted


@given(st.lists(MOMENTS, min_size=1))
def test_zones_agree_with_the_standard_library(moments: list[datetime]) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    wanted = [_ns(moment.replace(tzinfo=berlin).astimezone(UTC)) for moment in moments]
    read = _read(Style.YEAR_FIRST, *(moment.isoformat() for moment in moments), zone="Europe/Berlin")
    assert read == wanted


def test_a_row_of_another_layout_among_many_does_not_disturb_the_others() -> None:
    texts = ["2024-01-01T00:00:00Z", "2024-01-01T00:00:x0Z", "2024-01-01X00:00:00Z", "2024-01-01 00:00:01Z"]
    assert _read(Style.YEAR_FIRST, *texts) == [1704067200 * NS, None, None, 1704067201 * NS]


@pytest.mark.parametrize(
    ("samples", "style", "proven"),
    [
        (["2024-01-01 00:00:00", ""], Style.YEAR_FIRST, True),
        (["2024-01-01", "broken", "2024-01-02"], Style.YEAR_FIRST, True),
        (["03/04/2024", "13/04/2024"], Style.DAY_FIRST, True),
        (["03/04/2024", "03/14/2024"], Style.MONTH_FIRST, True),
        (["03/04/2024"], Style.DAY_FIRST, False),
        (["1704067380"], Style.EPOCH_S, True),
        (["1704067380.5"], Style.EPOCH_S, True),
        (["1704067380123"], Style.EPOCH_MS, True),
        (["1704067380123456789"], Style.EPOCH_NS, True),
    ],
)
def test_a_style_is_guessed(samples: list[str], style: Style, *, proven: bool) -> None:
    guess = guess_style(samples)
    assert guess is not None
    assert (guess.style, guess.proven) == (style, proven)


@pytest.mark.parametrize(
    "samples", [[], [""], ["12.5"], ["1"], ["2024-01-01", "x"], ["2024-01-01", "5", "x"], ["pump"]]
)
def test_what_is_no_time_is_not_guessed(samples: list[str]) -> None:
    assert guess_style(samples) is None


@pytest.mark.parametrize(
    ("name", "known"), [("Asia/Shanghai", True), ("+08:00", True), ("utc", True), ("Mars", False)]
)
def test_time_zones(name: str, *, known: bool) -> None:
    assert (time_zone(name) is not None) == known


def test_an_offset_is_a_zone() -> None:
    assert time_zone("+08:00") == timezone(timedelta(hours=8))
