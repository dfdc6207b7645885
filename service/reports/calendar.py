"""Days and months of a zone as periods, and the period that one is held against."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from service.reports.period import Period

_S = 1_000_000_000


def day_of(day: date, zone: ZoneInfo) -> Period:
    """Return a local day, of 23 or 25 hours where the clocks are changed."""
    return _between(day, day + timedelta(days=1), zone)


def month_of(year: int, month: int, zone: ZoneInfo) -> Period:
    """Return a local month."""
    first = date(year, month, 1)
    return _between(first, _next_month(first), zone)


def before(period: Period) -> Period:
    """Return the period before: of a whole month the month before, else as many days as it has."""
    start, end = (_local(t_ns, period.zone) for t_ns in (period.start_ns, period.end_ns))
    if (
        _is_midnight(start)
        and _is_midnight(end)
        and start.day == 1
        and end.date() == _next_month(start.date())
    ):
        last = start.date() - timedelta(days=1)
        return month_of(last.year, last.month, period.zone)
    days = max(1, len(period.days))
    earlier = datetime.combine(start.date() - timedelta(days=days), start.time(), period.zone)
    return Period(start_ns=_ns(earlier), end_ns=period.start_ns, zone=period.zone)


def _between(first: date, end: date, zone: ZoneInfo) -> Period:
    start, stop = (_ns(datetime.combine(day, time(), zone)) for day in (first, end))
    return Period(start_ns=start, end_ns=stop, zone=zone)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _is_midnight(moment: datetime) -> bool:
    return moment.time() == time()


def _local(t_ns: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(t_ns // _S, UTC).astimezone(zone)


def _ns(moment: datetime) -> int:
    return round(moment.timestamp()) * _S
