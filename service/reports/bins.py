"""Counts over time whose memory grows with the time that they cover and not with what is counted."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from service.reports.period import Period
from service.reports.rules import HOUR_NS, PERIOD_MINUTES, Rules

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """A flood of alarms, in minutes from the period's beginning; `peak` is the most in any ten of its minutes."""

    start_minute: int
    end_minute: int
    count: int
    peak: int


def sliding(minutes: Counter[int]) -> Iterator[tuple[int, int]]:
    """Yield, in order, each minute at which the sum of the ten minutes up to it changes, with that sum."""
    steps: Counter[int] = Counter()
    for minute, count in minutes.items():
        steps[minute] += count
        steps[minute + PERIOD_MINUTES] -= count
    total = 0
    for minute in sorted(steps):
        total += steps[minute]
        yield minute, total


def floods(minutes: Counter[int], last_minute: int, rules: Rules) -> list[Flood]:
    """Return the floods, the first one first.

    Each begins with the first alarm of the ten minutes that had too many, and ends with the first minute whose ten have
    few enough, or with the period.
    """
    found: list[Flood] = []
    start, peak, after = None, 0, 0
    for minute, total in sliding(minutes):
        if start is None and total > rules.flood_begins_above:
            first = max(after, minute - PERIOD_MINUTES + 1)
            start, peak = next(m for m in range(first, minute + 1) if minutes[m]), total
        elif start is not None and total < rules.flood_ends_below:
            found.append(_flood(minutes, start, min(minute, last_minute), peak))
            start, after = None, minute
        peak = max(peak, total)
    assert start is None, "the last step leaves nothing"
    return found


def _flood(minutes: Counter[int], start: int, end: int, peak: int) -> Flood:
    count = sum(minutes[minute] for minute in range(start, end))
    return Flood(start_minute=start, end_minute=end, count=count, peak=peak)


class Gauge:
    """How many there are over time inside a period: the mean, the most, and the most in each of its hours.

    A number that holds for no time at all does not count.
    """

    def __init__(self, period: Period) -> None:
        self._period = period
        self._t_ns = period.start_ns
        self._level = self._integral = 0
        self.peak = 0
        self._most: dict[int, int] = {}
        self._left_with: dict[int, int] = {}

    def change(self, t_ns: int, by: int) -> None:
        """Count more or less from a time on; times never go back."""
        self._advance(min(t_ns, self._period.end_ns))
        self._level += by

    def mean(self) -> float:
        """Return the mean over the whole period."""
        self._advance(self._period.end_ns)
        return self._integral / (self._period.end_ns - self._period.start_ns)

    def by_hour(self) -> list[int]:
        """Return the most in each hour of the period."""
        self._advance(self._period.end_ns)
        filled, level = [], 0
        for hour in range(self._period.hours):
            filled.append(self._most.get(hour, level))
            level = self._left_with.get(hour, level)
        return filled

    def _advance(self, t_ns: int) -> None:
        """Note that the level held until now: in the hour in which it began, and in the one that it reaches into."""
        if t_ns <= self._t_ns:
            return
        level = self._level
        self._integral += level * (t_ns - self._t_ns)
        self.peak = max(self.peak, level)
        start_ns = self._period.start_ns
        first, last = (self._t_ns - start_ns) // HOUR_NS, (t_ns - 1 - start_ns) // HOUR_NS
        if level > self._most.get(first, -1):
            self._most[first] = level
        if last != first:
            self._left_with[first] = self._most[last] = level
        self._left_with[last] = level
        self._t_ns = t_ns


_EXACT_S, _SECONDS_UNTIL_S = 60, 3600


class Spans:
    """How long things took: kept to 0.1 s below a minute, to a second below an hour, to a minute above."""

    def __init__(self) -> None:
        self._counts: Counter[int] = Counter()

    def add(self, span_ns: int) -> None:
        """Count one."""
        seconds = span_ns / NS_PER_S
        if seconds < _EXACT_S:
            tenths = round(seconds * 10)
        elif seconds < _SECONDS_UNTIL_S:
            tenths = round(seconds) * 10
        else:
            tenths = round(seconds / 60) * 600
        self._counts[tenths] += 1

    @property
    def count(self) -> int:
        """How many there are."""
        return self._counts.total()

    def quantile(self, share: float) -> float | None:
        """Return, in seconds, the least span that this share does not exceed; None where there is none."""
        need = share * self.count
        passed = 0
        for tenths in sorted(self._counts):
            passed += self._counts[tenths]
            if passed >= need:
                return tenths / 10
        return None
