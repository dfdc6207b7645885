"""One gateway's clock and link: what time it stamps, and when each of its polls arrives. Functions of time alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

_NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_STREAM = 61
_DRAWS = 4
"""Numbers drawn for each poll: latency, whether it is late, how late, whether it is sent twice."""
_NEVER = -1
_POLLS = 512
"""Polls settled in one go; part of what a seed means where breaks come close upon each other."""


class Backfill(StrEnum):
    """What a gateway sends first when its link is back: what it kept, oldest first, or what is new."""

    OLDEST_FIRST = "oldest_first"
    LIVE_FIRST = "live_first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """How a gateway behaves; left as it is, it loses, doubles and disorders nothing.

    Attributes:
        id: its name.
        poll_s: it sends what it gathered this often; `phase_s` later than the whole polls of the simulation.
        latency_s: from the end of a poll to the broker, uniform between these.
        clock_offset_s: what its clock is ahead (behind, if negative) at the start.
        clock_drift_ppm: what it gains; with `clock_sync_s` it is set right that often, and is then exact.
        stamp_ms: what its times are rounded down to.
        buffer_s: how much it keeps while the link is broken; older readings are lost.
        backfill: what it sends first afterwards; `backfill_speed` is how many times faster than they came.
        unconfirmed_s: what it sent this long before a break was not confirmed yet, and is sent again (QoS 1).
        duplicate_share: polls that it sends twice, the second time one poll later.
        late_share: polls that take another way and come up to `late_s` later, behind newer ones.
    """

    id: str
    poll_s: float = 1.0
    phase_s: float = 0.0
    latency_s: tuple[float, float] = (0.02, 0.12)
    clock_offset_s: float = 0.0
    clock_drift_ppm: float = 0.0
    clock_sync_s: float | None = None
    stamp_ms: int = 1
    buffer_s: float = 86_400.0
    backfill: Backfill = Backfill.OLDEST_FIRST
    backfill_speed: float = 20.0
    unconfirmed_s: float = 0.0
    duplicate_share: float = 0.0
    late_share: float = 0.0
    late_s: float = 0.0

    def __post_init__(self) -> None:
        assert 0 <= self.phase_s <= self.poll_s
        assert self.poll_s > 0
        assert 0 <= self.latency_s[0] <= self.latency_s[1]
        assert self.backfill_speed > 1
        assert self.stamp_ms >= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """A break of one gateway's link, from the moment it breaks until before it is back."""

    gateway: int
    from_ns: int
    until_ns: int

    def __post_init__(self) -> None:
        assert self.from_ns < self.until_ns


def draw_outages(
    gateways: int, seed: int, start_ns: int, seconds: int, *, every_h: float, mean_s: float
) -> tuple[Outage, ...]:
    """Return random breaks of each gateway's link: about one in `every_h` hours, of `mean_s` on average.

    Gaps and lengths are exponential, at least a second each. A longer simulation begins with the same breaks.
    """
    found = []
    for i in range(gateways):
        rng = np.random.Generator(np.random.PCG64([seed, _STREAM + 1, i]))
        t_s = 0.0
        while True:
            gap, length = rng.standard_exponential(2).tolist()
            begin = t_s + max(1.0, gap * every_h * 3600)
            t_s = begin + max(1.0, length * mean_s)
            if begin >= seconds:
                break
            found.append(
                Outage(gateway=i, from_ns=start_ns + round(begin * _NS), until_ns=start_ns + round(t_s * _NS))
            )
    return tuple(found)


class Link:
    """The link and clock of gateway `index`; its state are the polls settled so far that may be asked for again.

    Polls are settled in blocks of a fixed number, so that how far one is asked ahead changes nothing.
    """

    def __init__(
        self, gateway: Gateway, index: int, seed: int, start_ns: int, outages: Sequence[Outage]
    ) -> None:
        self._gateway = gateway
        self._start_ns = start_ns
        self._poll_ns = round(gateway.poll_s * _NS)
        self._zero_ns = start_ns + round(gateway.phase_s * _NS) - self._poll_ns
        self._from_ns = np.array([outage.from_ns for outage in outages], np.int64)
        self._until_ns = np.array([outage.until_ns for outage in outages], np.int64)
        assert (self._from_ns[1:] >= self._until_ns[:-1]).all()
        self._rng = np.random.Generator(np.random.PCG64([seed, _STREAM, index]))
        self._first = 0
        self._arrival = np.empty((3, 0), np.int64)
        self._free_ns = start_ns

    def stamped(self, t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what the gateway's clock says at true times."""
        gateway = self._gateway
        since = t_ns - self._start_ns
        offset = np.full(len(since), round(gateway.clock_offset_s * _NS))
        if gateway.clock_sync_s is not None:
            sync_ns = round(gateway.clock_sync_s * _NS)
            offset[since >= sync_ns] = 0
            since %= sync_ns
        told = t_ns + offset + np.rint(since * (gateway.clock_drift_ppm * 1e-6)).astype(np.int64)
        step = gateway.stamp_ms * _NS_PER_MS
        return np.asarray(told // step * step)

    def arrivals(self, t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when readings taken at these ascending times arrive: up to three times each, -1 where not.

        The first row is the reading itself (not where the buffer ran over), the second what is sent again because it
        was not confirmed when the link broke, the third what the gateway sends twice.
        """
        poll = (t_ns - self._zero_ns) // self._poll_ns
        known = self._first + self._arrival.shape[1]
        blocks = [self._block(number) for number in range(known, int(poll[-1]) + 1, _POLLS)]
        settled = np.concatenate([self._arrival, *blocks], axis=1)
        found = settled[:, poll - self._first]
        past = int(poll[-1]) - self._first
        self._arrival, self._first = settled[:, past:], self._first + past
        return found

    def _block(self, number: int) -> NDArray[np.int64]:
        """Settle the next polls, those without a reading too."""
        gateway = self._gateway
        end_ns = self._zero_ns + (np.arange(number, number + _POLLS, dtype=np.int64) + 1) * self._poll_ns
        latency, is_late, late, is_double = self._rng.random((_POLLS, _DRAWS)).T
        low, high = gateway.latency_s
        way_ns = _ns(low + (high - low) * latency)
        until = self._back(end_ns)
        broken = until > end_ns
        lost = broken & (end_ns < until - round(gateway.buffer_s * _NS))
        first = self._queued(until + way_ns, broken, lost)
        again = self._redelivered(first)
        first += _ns(np.where(is_late < gateway.late_share, late * gateway.late_s, 0.0))
        double = np.where(is_double < gateway.duplicate_share, self._back(first + self._poll_ns), _NEVER)
        return np.where(lost, _NEVER, np.stack((first, again, double)))

    def _queued(
        self, arrival: NDArray[np.int64], broken: NDArray[np.bool_], lost: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        """Return when polls that could come at these times do: one by one, or live ones past those that were kept."""
        spacing = round(self._poll_ns / self._gateway.backfill_speed)
        waits = ~lost if self._gateway.backfill is Backfill.OLDEST_FIRST else broken & ~lost
        if waits.any():
            # each as soon as it can, but not within `spacing` of the one before it
            ramp = np.arange(int(waits.sum()), dtype=np.int64) * spacing
            apart = np.maximum.accumulate(arrival[waits] - ramp)
            arrival[waits] = np.maximum(apart, self._free_ns) + ramp
        back = self._back(arrival)
        while (back > arrival).any():  # a break came before all that was kept had been sent
            arrival = back
            arrival[waits] = np.maximum.accumulate(arrival[waits])
            back = self._back(arrival)
        if waits.any():
            self._free_ns = int(arrival[waits][-1]) + spacing
        return arrival

    def _back(self, t_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the link is there: these times, or the end of the break that they lie in."""
        if not len(self._from_ns):
            return t_ns.copy()
        at = np.searchsorted(self._from_ns, t_ns, side="right") - 1
        return np.where(at >= 0, np.maximum(t_ns, self._until_ns[at]), t_ns)

    def _redelivered(self, arrival_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when polls come again because the next break took their confirmation."""
        again = np.full(len(arrival_ns), _NEVER)
        if len(self._from_ns):
            after = np.searchsorted(self._from_ns, arrival_ns, side="right")
            there = after < len(self._from_ns)
            next_break = self._from_ns[after[there]]
            taken = next_break - arrival_ns[there] <= round(self._gateway.unconfirmed_s * _NS)
            again[there] = np.where(taken, self._until_ns[after[there]], _NEVER)
        return again


def _ns(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(seconds * _NS).astype(np.int64)
