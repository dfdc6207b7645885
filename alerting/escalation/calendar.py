"""A schedule over a span of time: who is on duty from when until when, gaps too; for people who look ahead. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerting.escalation.schedule import OnDuty, Override, Schedule, on_call

_NS_PER_S = 10**9
_DAY_NS = 86_400 * _NS_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """Somebody's duty, or a gap, from `from_ns` until just before `until_ns`."""

    from_ns: int
    until_ns: int
    duty: OnDuty


def turns(
    schedule: Schedule, from_ns: int, until_ns: int, commanded: Sequence[Override] = ()
) -> tuple[Turn, ...]:
    """Return the turns in [from, until), in order and without a hole; a turn ends where another one's reason begins."""
    edges = {from_ns, until_ns, *_edges(schedule, from_ns, until_ns)}
    edges |= {edge for one in (*commanded, *schedule.overrides) for edge in (one.from_ns, one.until_ns)}
    found: list[Turn] = []
    for start_ns, end_ns in pairwise(sorted(edge for edge in edges if from_ns <= edge <= until_ns)):
        duty = on_call(schedule, start_ns, commanded)
        if found and found[-1].duty == duty:
            start_ns = found.pop().from_ns  # noqa: PLW2901 - an edge at which nothing changes is none
        found.append(Turn(from_ns=start_ns, until_ns=end_ns, duty=duty))
    return tuple(found)


def _edges(schedule: Schedule, from_ns: int, until_ns: int) -> Iterator[int]:
    """Yield every instant at which a shift could begin or end, and midnights; both of an hour that comes twice.

    On a day on which the clocks are changed that may also be when they are: every half hour of it is yielded.
    """
    zone = ZoneInfo(schedule.zone)
    minutes = {0, *(edge for shift in schedule.shifts.values() for edge in (shift.start_min, shift.end_min))}
    first = datetime.fromtimestamp((from_ns - 2 * _DAY_NS) / _NS_PER_S, zone).date()
    for day in range((until_ns - from_ns) // _DAY_NS + 5):
        midnight = datetime.combine(first + timedelta(days=day), datetime.min.time())
        for minute in minutes:
            for fold in (0, 1):
                local = (midnight + timedelta(minutes=minute)).replace(tzinfo=zone, fold=fold)
                yield _ns(local)
        start = midnight.replace(tzinfo=zone)
        if start.utcoffset() != (start + timedelta(days=1)).utcoffset():
            yield from (_ns(start) + half_hour * 1800 * _NS_PER_S for half_hour in range(50))


def _ns(local: datetime) -> int:
    return int(local.astimezone(UTC).timestamp()) * _NS_PER_S
