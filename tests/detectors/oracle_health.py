"""The slow, obvious version of stuck, noise, saturation, clock and quality, written from docs/detectors.md."""

import math
from dataclasses import dataclass, field
from typing import Any

Told = tuple[int, str, str, int]
"""Event time, method, edge, onset."""
NEVER_REST = 1 << 28


@dataclass
class Edge:
    """A condition that needs so many looks in a row, and ends by so many."""

    active: bool = False
    onset: int = 0
    pending: list[int] = field(default_factory=list)

    def move(self, t: int, *, inside: bool, outside: bool, least: int, lasting: int = 0) -> str | None:
        if not (outside if self.active else inside):
            self.pending = []
            return None
        self.pending.append(t)
        if self.active:
            self.active, self.pending = False, []
            return "recovered"
        if len(self.pending) < least or t - self.pending[0] < lasting:
            return None
        self.active, self.onset, self.pending = True, self.pending[0], []
        return "raised"


class Rest:
    """stuck, by the sensor's own past."""

    def __init__(self, p: dict[str, Any]) -> None:
        self.p = p
        self.on = not math.isnan(p["stuck_false_per_day"])
        self.edge = Edge()
        self.length = 0
        self.known = 0
        self.suspect = 8
        self.since: int | None = None
        self.limit = 0
        self.repeats = 0.0
        self.moves = 0

    @property
    def sick(self) -> bool:
        return self.edge.active or bool(self.edge.pending)

    def same(self, t: int, v: float, pace: float) -> list[Told]:
        """Take in a value that repeats the one before."""
        found: list[Told] = []
        if (
            self.length + 1 >= self.suspect
            and self.on
            and not self.edge.active
            and self.p["rest_lo"] < v < self.p["rest_hi"]
        ):
            if self.since is None:
                self.since = t - int(min((self.length + 1) * pace, 1e18))
            long = t - self.since >= self.p["stuck_min_ns"]
            if self.edge.move(
                t, inside=bool(long and self.limit and self.length + 1 >= self.limit), outside=False, least=3
            ):
                self.edge.onset = self.since
                found.append((t, "stuck", "raised", self.since))
        self.length += 1
        return found  # fmt: skip

    def moved(self, t: int) -> tuple[bool, list[Told]]:
        """Take in a value that differs from the one before; return whether it was stuck."""
        told: list[Told] = []
        was = self.edge.active
        if self.length > self.known or self.length >= self.suspect:
            self.since = None
            most = max(2 * self.known, 8) if was or self.limit == 0 else self.limit
            self.known = max(self.known, min(self.length, most))
            if was:
                told.append((t, "stuck", "recovered", self.edge.onset))
            self.edge.active, self.edge.pending = False, []
        self.length = 0
        return was, told

    def learn(self, zeros: int, pace: float) -> None:
        """Learn from a block of 32 in which so many repeated the one before."""
        if not self.on:
            self.suspect = NEVER_REST
            return
        share = zeros / 32
        self.repeats = share if self.moves == 0 else self.repeats + (share - self.repeats) / 16.0
        self.moves = min(self.moves + 32 - zeros, 1 << 20)
        if self.moves >= 30:
            q = min(max(self.repeats, 1.0 / 32), 0.9999)
            chance = min(self.p["stuck_false_per_day"] * pace / 86_400e9, 0.5)
            self.limit = int(
                min(
                    max(1.0 * self.p["stuck_samples"], math.log(chance) / math.log(q), self.p["stuck_times"] * self.known),
                    1.0 * NEVER_REST,
                )
            )  # fmt: skip
        self.suspect = 8 if self.limit == 0 else self.limit


def depth(false_per_day: float, pace: float, blocks: int) -> float:
    """Return how many sigma two blocks in a row must lie out."""
    if math.isnan(false_per_day):
        return math.inf
    p = min(false_per_day * 32 * pace / 86_400e9, 0.5) ** 0.5
    return math.sqrt(-2.0 * math.log(min(2.0 * p, 0.5))) * (1.0 + 3.0 / blocks)


class HealthOracle:
    """saturation, clock and quality of one sensor."""

    def __init__(self, p: dict[str, Any], base: dict[str, Any], on: set[str], *, event_clock: bool) -> None:
        self.p, self.base, self.on, self.event_clock = p, base, on, event_clock
        self.saturation = Edge()
        self.bad: list[int] = []
        self.good = 0
        self.quality_since: int | None = None
        self.late: list[tuple[int, int, int]] = []  # clock, sensor's newest, event time
        self.off: list[tuple[int, int]] = []  # event time, clock
        self.sound = 0
        self.clock_since: int | None = None
        self.newest: int | None = None

    def read(self, now: int, t: int, v: float, bad: bool) -> list[Told]:
        """Take in one reading."""
        if self.newest is not None and t <= self.newest:
            return self._late(now, t) if t < self.newest and "clock" in self.on else []
        found = self._stamped(now, t)
        self.newest = t
        if bad or not abs(v) <= 1e30:
            return found + (self._bad(t) if "quality" in self.on else [])
        found += self._good(t)
        if "saturation" in self.on:
            found += self._rests(t, v)
        return found

    def _late(self, now: int, t: int) -> list[Told]:
        assert self.newest is not None
        if self.late and 2 * (self.newest - self.late[0][1]) > now - self.late[0][0]:
            self.late = []
        self.late.append((now, self.newest, t))
        self.sound = 0
        gone = now - self.late[0][0]
        if self.event_clock:
            gone = max(gone, t - self.late[0][2])
        return self._wrong(t, self.late[0][2], len(self.late), gone)

    def _wrong(self, t: int, onset: int, readings: int, gone: int) -> list[Told]:
        if (
            readings < self.p["clock_samples"]
            or gone < self.p["clock_hold_ns"]
            or self.clock_since is not None
        ):
            return []
        self.clock_since = onset
        return [(t, "clock", "raised", onset)]

    def _stamped(self, now: int, t: int) -> list[Told]:
        if "clock" not in self.on:
            return []
        if not self.event_clock and abs(t - now) > int(self.base["clock_max_s"]) * 10**9:
            self.sound = 0
            in_a_row = bool(self.off) and self.off[-1][0] == self.newest
            moved, gone = (t - self.off[0][0], now - self.off[0][1]) if self.off else (0, 0)
            if not in_a_row or 2 * abs(moved - gone) > max(moved, gone):
                self.off = []
            self.off.append((t, now))
            return self._wrong(t, self.off[0][0], len(self.off), now - self.off[0][1])
        if self.clock_since is None:
            return []
        self.sound += 1
        if self.sound < self.p["clock_samples"]:
            return []
        onset, self.clock_since = self.clock_since, None
        self.late, self.off, self.sound = [], [], 0
        return [(t, "clock", "recovered", onset)]

    def _bad(self, t: int) -> list[Told]:
        self.good = 0
        self.bad.append(t)
        if (
            self.quality_since is not None
            or len(self.bad) < self.p["bad_samples"]
            or t - self.bad[0] < self.p["bad_ns"]
        ):
            return []
        self.quality_since = self.bad[0]
        return [(t, "quality", "raised", self.bad[0])]  # fmt: skip

    def _good(self, t: int) -> list[Told]:
        if not self.bad:
            return []
        self.good += 1
        if self.quality_since is not None and self.good < 3:
            return []
        self.bad, self.good = [], 0
        if self.quality_since is None:
            return []
        onset, self.quality_since = self.quality_since, None
        return [(t, "quality", "recovered", onset)]

    def _rests(self, t: int, v: float) -> list[Told]:
        at_end = v <= self.p["saturation_lo"] or v >= self.p["saturation_hi"]
        within = self.base["range_lo"] <= v <= self.base["range_hi"]
        edge = self.saturation.move(
            t, inside=bool(at_end and within), outside=not at_end,
            least=int(self.p["saturation_samples"]), lasting=int(self.p["saturation_ns"]),
        )  # fmt: skip
        return [(t, "saturation", edge, self.saturation.onset)] if edge else []
