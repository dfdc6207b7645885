"""Old and new settings on one recording: which alerts were gained and lost, and which came earlier or later. Pure.

An occurrence lasts from its onset to its return to normal. Occurrences of one sensor and slot (alerting.events) that overlap in time, of
the one side or the other, are the same trouble: told by both, it came earlier or later; told by one, it is gained or
lost.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import msgspec

from alerting.events import AlertEvent, Event, Kind, slot_of
from sim.writing import time_texts
from store.lineprotocol import time_ns

_BEGINS = frozenset({Event.OPENED, Event.REOPENED})
DAY_NS = 86_400 * 10**9


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Occurrence:
    """One alert from its onset until it cleared; `told_ns` is when it was told. Event and pipeline times in ns."""

    sensor: str
    slot: str
    onset_ns: int
    told_ns: int
    end_ns: int
    kind: str
    grade: str


class Occurrences:
    """Collects occurrences from alert events in their order."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[AlertEvent, int, int]] = {}
        self._done: list[Occurrence] = []

    def add(self, events: Iterable[AlertEvent]) -> None:
        """Take what happened."""
        for event in events:
            if event.event in _BEGINS:
                told_ns = time_ns(event.time)
                onset_ns = told_ns if event.onset is None else time_ns(event.onset)
                self._open[event.id] = (event, min(onset_ns, told_ns), told_ns)
            elif event.event == Event.CLEARED and event.id in self._open:
                self._end(event.id, time_ns(event.time))

    def all(self, last_ns: int) -> list[Occurrence]:
        """Return every occurrence in order of sensor, slot and time; what is open lasts until `last_ns`."""
        for alert in list(self._open):
            self._end(alert, last_ns)
        return sorted(self._done)

    def _end(self, alert: str, end_ns: int) -> None:
        event, onset_ns, told_ns = self._open.pop(alert)
        self._done.append(
            Occurrence(
                sensor=event.sensor or "", slot=slot_of(Kind(event.kind)), kind=event.kind, grade=event.grade,
                onset_ns=onset_ns, told_ns=told_ns, end_ns=max(end_ns, told_ns),
            )
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """One trouble: what the old and what the new settings told of it; one of the two may be empty."""

    old: tuple[Occurrence, ...]
    new: tuple[Occurrence, ...]

    @property
    def shift_ns(self) -> int | None:
        """How much later the new settings told of it first, negative for earlier; None where only one side did."""
        return self.new[0].told_ns - self.old[0].told_ns if self.old and self.new else None

    @property
    def fate(self) -> str:
        """What became of it under the new settings."""
        shift = self.shift_ns
        if shift is None:
            return "gained" if self.new else "lost"
        return "earlier" if shift < 0 else "later" if shift > 0 else "same"


FATES = ("gained", "lost", "earlier", "later", "same")


@dataclass(slots=True)
class Line:
    """Counts of one kind of alert."""

    old: int = 0
    new: int = 0
    fates: Counter[str] = field(default_factory=Counter)
    shifts_ns: list[int] = field(default_factory=list)

    @property
    def median_shift_s(self) -> float | None:
        """The median shift of what both told, later is positive; None where there is none."""
        return median(self.shifts_ns) / 1e9 if self.shifts_ns else None


def matched(old: Sequence[Occurrence], new: Sequence[Occurrence]) -> list[Match]:
    """Return every trouble of either side, in order of sensor, slot and onset."""
    both = sorted([(o, 0) for o in old] + [(o, 1) for o in new], key=lambda pair: (pair[0], pair[1]))
    return [Match(old=tuple(o for o, side in group if side == 0), new=tuple(o for o, side in group if side == 1))
            for group in _overlapping(both)]  # fmt: skip


def _overlapping(sorted_: Iterable[tuple[Occurrence, int]]) -> Iterator[list[tuple[Occurrence, int]]]:
    """Yield unbroken runs of occurrences of one sensor and slot in which each overlaps one before."""
    group: list[tuple[Occurrence, int]] = []
    end_ns = 0
    for one in sorted_:
        occurrence = one[0]
        last = group[-1][0] if group else None
        if (
            last
            and (last.sensor, last.slot) == (occurrence.sensor, occurrence.slot)
            and occurrence.onset_ns <= end_ns
        ):
            group.append(one)
            end_ns = max(end_ns, occurrence.end_ns)
            continue
        if group:
            yield group
        group, end_ns = [one], occurrence.end_ns
    if group:
        yield group


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both sides on one recording of `sensors` sensors over `days`; `lines` by kind of alert."""

    sensors: int
    days: float
    matches: tuple[Match, ...]
    lines: dict[str, Line]
    total: Line

    def per_sensor_day(self, count: int) -> float | None:
        """Return a count as a rate, None where no time has passed."""
        return count / (self.sensors * self.days) if self.sensors and self.days else None


def compared(old: Sequence[Occurrence], new: Sequence[Occurrence], sensors: int, span_ns: int) -> Comparison:
    """Return the comparison."""
    matches = matched(old, new)
    lines: dict[str, Line] = {}
    total = Line()
    for match in matches:
        for line in (lines.setdefault((match.old or match.new)[0].kind, Line()), total):
            line.old += len(match.old)
            line.new += len(match.new)
            line.fates[match.fate] += 1
            if match.shift_ns is not None:
                line.shifts_ns.append(match.shift_ns)
    return Comparison(
        sensors=sensors,
        days=span_ns / DAY_NS,
        matches=tuple(matches),
        lines=dict(sorted(lines.items())),
        total=total,
    )


def report(comparison: Comparison, source: str, old: str, against: str) -> bytes:
    """Return the comparison as JSON; keys always in this order, null where there is none."""
    body = {
        "source": source,
        "old": old,
        "new": against,
        "sensors": comparison.sensors,
        "days": comparison.days,
        "total": line_of(comparison, comparison.total),
        "kinds": {kind: line_of(comparison, line) for kind, line in comparison.lines.items()},
        "alerts": [_match(match) for match in comparison.matches],
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=1)


def line_of(comparison: Comparison, line: Line) -> dict[str, Any]:
    """Return the counts of one kind, or of all, with their rates."""
    return {
        "old": line.old,
        "new": line.new,
        "old_per_sensor_day": comparison.per_sensor_day(line.old),
        "new_per_sensor_day": comparison.per_sensor_day(line.new),
        **{fate: line.fates[fate] for fate in FATES},
        "median_shift_s": line.median_shift_s,
    }


def _match(match: Match) -> dict[str, Any]:
    first = (match.old or match.new)[0]
    shift_ns = match.shift_ns
    return {
        "sensor": first.sensor,
        "kind": first.kind,
        "fate": match.fate,
        "shift_s": None if shift_ns is None else shift_ns / 1e9,
        "old": [_occurrence(o) for o in match.old],
        "new": [_occurrence(o) for o in match.new],
    }


def _occurrence(occurrence: Occurrence) -> dict[str, Any]:
    onset, told, end = time_texts([occurrence.onset_ns, occurrence.told_ns, occurrence.end_ns])
    return {"onset": onset, "told": told, "end": end, "grade": occurrence.grade}
