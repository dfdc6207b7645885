"""How much of a period sensors gave no usable value, from the alerts of their own troubles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from alerting.events import ACTIVATIONS, Kind
from service.reports.lines import Line
from service.reports.period import Period

UNUSABLE = frozenset({Kind.DEAD, Kind.BAD_QUALITY, Kind.OUT_OF_RANGE, Kind.STUCK, Kind.SATURATION})
"""Troubles in which nothing can be seen by a sensor; noise, drift and a wrong clock make its value worse, not useless."""

Span = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """How long a sensor could not be used, and how many times; `stands` where it still cannot when the period ends."""

    sensor: str
    lost_ns: int
    times: int
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability:
    """The sensors that were lost at some time, the longest first; `sensors` is how many there are, None where not known."""

    outages: tuple[Outage, ...]
    sensors: int | None
    span_ns: int

    @property
    def percent(self) -> float | None:
        """The share of the time of all sensors in which they could be used."""
        if not self.sensors:
            return None
        lost_ns = sum(outage.lost_ns for outage in self.outages)
        return max(0.0, 100.0 * (1 - lost_ns / (self.sensors * self.span_ns)))


class Outages:
    """Takes lines in their order; a sensor's troubles that overlap count once."""

    def __init__(self, period: Period) -> None:
        self._period = period
        self._running: dict[str, dict[str, int]] = {}
        self._spans: dict[str, list[Span]] = {}

    def take(self, line: Line) -> None:
        """Take the next line."""
        if line.t_ns >= self._period.end_ns or line.alarm[1] not in UNUSABLE:
            return
        if line.event in ACTIVATIONS:
            self._running.setdefault(line.id, {}).setdefault(line.alarm[0], line.t_ns)
        running = self._running.get(line.id)
        if running is None:
            return
        for one in line.silent:
            if one.returned_ns is None:
                running.setdefault(one.sensor, one.since_ns)
            else:
                running.pop(one.sensor, None)
                self._add(one.sensor, (one.since_ns, one.returned_ns))
        if line.event in {"cleared", "closed"}:
            for sensor, since_ns in self._running.pop(line.id).items():
                self._add(sensor, (since_ns, line.t_ns))

    def availability(self, sensors: int | None) -> Availability:
        """Return what was lost until the period's end, of so many sensors."""
        end_ns = self._period.end_ns
        stands = {sensor for running in self._running.values() for sensor in running}
        for running in self._running.values():
            for sensor, since_ns in running.items():
                self._add(sensor, (since_ns, end_ns))
        outages = sorted(_outages(self._spans, stands), key=lambda one: (-one.lost_ns, one.sensor))
        span_ns = end_ns - self._period.start_ns
        return Availability(outages=tuple(outages), sensors=sensors, span_ns=span_ns)

    def _add(self, sensor: str, span: Span) -> None:
        start_ns, end_ns = max(span[0], self._period.start_ns), min(span[1], self._period.end_ns)
        if start_ns < end_ns:
            self._spans.setdefault(sensor, []).append((start_ns, end_ns))


def _outages(spans: Mapping[str, list[Span]], stands: set[str]) -> Iterator[Outage]:
    for sensor, given in spans.items():
        merged = list(_merged(given))
        yield Outage(
            sensor=sensor,
            lost_ns=sum(end_ns - start_ns for start_ns, end_ns in merged),
            times=len(merged),
            stands=sensor in stands,
        )


def _merged(spans: list[Span]) -> Iterator[Span]:
    """Yield the stretches that spans cover together."""
    ordered = sorted(spans)
    start_ns, end_ns = ordered[0]
    for begins_ns, ends_ns in ordered[1:]:
        if begins_ns > end_ns:
            yield start_ns, end_ns
            start_ns, end_ns = begins_ns, ends_ns
        end_ns = max(end_ns, ends_ns)
    yield start_ns, end_ns
