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


def before(period: Period, *, by_month: bool = False) -> Period:
    """Return the period before it: the same stretch of the month before, else as many days earlier as it has."""
    start, end = (_local(t_ns, period.zone) for t_ns in (period.start_ns, period.end_ns))
    if by_month:
        earlier = [_month_before(moment) for moment in (start, end)]
    else:
        earlier = [moment - timedelta(days=len(period.days)) for moment in (start, end)]
    start_ns = _ns(earlier[0])
    return Period(start_ns=start_ns, end_ns=max(_ns(earlier[1]), start_ns + _S), zone=period.zone)


def _month_before(moment: datetime) -> datetime:
    last = moment.replace(day=1) - timedelta(days=1)
    return last.replace(day=min(moment.day, last.day))


def _between(first: date, end: date, zone: ZoneInfo) -> Period:
    start, stop = (_ns(datetime.combine(day, time(), zone)) for day in (first, end))
    return Period(start_ns=start, end_ns=stop, zone=zone)


def _next_month(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _local(t_ns: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(t_ns // _S, UTC).astimezone(zone)


def _ns(moment: datetime) -> int:
    return round(moment.timestamp()) * _S
