"""The stretch of time that a report is of: minutes from its beginning, and the calendar days of a zone."""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from service.reports.rules import MINUTE_NS, PERIOD_MINUTES

DAY_NS = 24 * 60 * MINUTE_NS
MAX_DAYS = 3660
"""Ten years; a bin of every day is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `start_ns` to before `end_ns`; `days` begin at midnight in `zone`, the first where the period does."""

    start_ns: int
    end_ns: int
    zone: ZoneInfo
    day_starts: tuple[int, ...] = field(init=False)
    days: tuple[date, ...] = field(init=False)

    def __post_init__(self) -> None:
        assert self.start_ns < self.end_ns
        days = _days(self.start_ns, self.end_ns, self.zone)
        object.__setattr__(self, "days", days)
        starts = (self.start_ns, *(_midnight_ns(day, self.zone) for day in days[1:]))
        object.__setattr__(self, "day_starts", starts)

    def __contains__(self, t_ns: int) -> bool:
        return self.start_ns <= t_ns < self.end_ns

    @property
    def span_days(self) -> float:
        """How long it is."""
        return (self.end_ns - self.start_ns) / DAY_NS

    @property
    def minutes(self) -> int:
        """How many minutes it has, the last of which may be cut."""
        return -(-(self.end_ns - self.start_ns) // MINUTE_NS)

    @property
    def periods(self) -> int:
        """How many periods of ten minutes it has, the last of which may be cut."""
        return -(-self.minutes // PERIOD_MINUTES)

    @property
    def hours(self) -> int:
        """How many hours it has, counted from its beginning, the last of which may be cut."""
        return -(-self.minutes // 60)

    def minute(self, t_ns: int) -> int:
        """Return the number of the minute of a time inside, from 0."""
        return (t_ns - self.start_ns) // MINUTE_NS

    def day(self, t_ns: int) -> int:
        """Return the number of the day of a time inside, from 0."""
        return bisect_right(self.day_starts, t_ns) - 1


def _days(start_ns: int, end_ns: int, zone: ZoneInfo) -> tuple[date, ...]:
    first, last = _local(start_ns, zone).date(), _local(end_ns - 1, zone).date()
    return tuple(first + timedelta(days=k) for k in range((last - first).days + 1))


def _local(t_ns: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(t_ns // 1_000_000_000, UTC).astimezone(zone)


def _midnight_ns(day: date, zone: ZoneInfo) -> int:
    return round(datetime.combine(day, time(), zone).timestamp()) * 1_000_000_000
