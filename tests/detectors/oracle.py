"""The slow, obvious version of the step: plain Python objects, one method after another, written from the definitions.

It keeps whole lists where the kernel keeps rings and bit masks, and finds deadlines by looking at every sensor before
every reading.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from detectors.clock import Clock
from detectors.findings import Method
from detectors.memory import Params
from detectors.state import FOREVER, RING
from tests.detectors.oracle_location import MINUTE, Calendar, Charts, Novelty

LIMITS = ("ll", "l", "h", "hh", "design")
SICK = ("out_of_range", "dead", "stuck", "noise", "saturation", "clock", "quality", "drift", "uncertain")


@dataclass
class Condition:
    active: bool = False
    onset: int = 0
    pending: list[int] = field(default_factory=list)

    def move(
        self, t: int, *, inside: bool, outside: bool, on: int, off: int, least: int = 1, most: int = 0
    ) -> str | None:
        if not (outside if self.active else inside):
            self.pending = []
            return None
        self.pending.append(t)
        lasted = t - self.pending[0]
        if self.active:
            if lasted < off:
                return None
            self.active, self.pending = False, []
            return "recovered"
        if (lasted >= on and len(self.pending) >= least) or (most and len(self.pending) >= most):
            self.active, self.onset, self.pending = True, self.pending[0], []
            return "raised"
        return None


@dataclass
class Sensor:
    p: dict[str, Any]
    own: dict[str, Any]
    uncertain_ns: int
    charts: Charts
    calendar: Calendar
    novelty: Novelty
    doubted: bool = False
    last: int | None = None
    good_t: int | None = None
    good_now: int = 0
    mean: float = 0.0
    var: float = 0.0
    count: int = 0
    window: list[tuple[int, float]] = field(default_factory=list)
    conditions: dict[str, Condition] = field(default_factory=dict)

    def condition(self, name: str) -> Condition:
        return self.conditions.setdefault(name, Condition())

    def teaches(self, v: float) -> bool:
        """Whether a value may teach anything: nothing is wrong with the sensor itself, nor about to be."""
        sick = any(c.active or c.pending for name, c in self.conditions.items() if name in SICK)
        return not sick and not v < self.p["range_lo"] and not v > self.p["range_hi"]


def on(p: dict[str, Any], method: Method) -> bool:
    return bool(int(p["watch"]) >> method & 1)


def _plain(row: Any) -> dict[str, Any]:
    return {name: row[name] for name in row.dtype.names}


def _sensor(p: dict[str, Any], own: dict[str, Any], health: dict[str, Any]) -> Sensor:
    return Sensor(p, own, int(health["uncertain_ns"]), Charts(own), Calendar(), Novelty(own))


class OracleBank:
    def __init__(self, params: Params, clock: Clock) -> None:
        self.clock = clock
        self.now: int | None = None
        self.sensors = [
            _sensor(*map(_plain, rows))
            for rows in zip(params.base, params.location, params.health, strict=True)
        ]

    def step(
        self, readings: list[tuple[int, int, float, int]], now: int
    ) -> tuple[list[tuple[Any, ...]], list[int], list[float]]:
        found: list[tuple[Any, ...]] = []
        statuses, scores = [], []
        if self.clock is Clock.WALL:
            found += self.tick(now)
        for i, t, v, q in readings:
            if self.clock is Clock.EVENT:
                found += self.tick(t)
            s = self.sensors[i]
            if s.last is not None and t <= s.last:
                statuses.append(2 if t == s.last else 1)
                scores.append(math.nan)
                continue
            statuses.append(0)
            s.last = t
            if q == 2 or math.isnan(v) or abs(v) > 1e30:
                scores.append(math.nan)
                continue
            events, score = self.judge(i, s, t, v, uncertain=q == 1)
            found += events
            scores.append(score)
        return found, statuses, scores

    def tick(self, now: int) -> list[tuple[Any, ...]]:
        if self.now is None:
            self.now = now
            for s in self.sensors:
                s.good_now = now
        self.now = max(self.now, now)
        due = []
        for i, s in enumerate(self.sensors):
            after = int(s.p["dead_after_ns"])
            if after != FOREVER and not s.condition("dead").active and s.good_now + after <= self.now:
                due.append((s.good_now + after, i))
        found: list[tuple[Any, ...]] = []
        for deadline, i in sorted(due):
            s = self.sensors[i]
            c = s.condition("dead")
            c.active = True
            c.onset = s.good_t if s.good_t is not None else s.good_now
            found.append((deadline, i, "dead", "raised", None, c.onset))
        return found

    def judge(
        self, i: int, s: Sensor, t: int, v: float, *, uncertain: bool
    ) -> tuple[list[tuple[Any, ...]], float]:
        p = s.p
        found: list[tuple[Any, ...]] = []
        assert self.now is not None
        s.good_now = self.now
        dead = s.condition("dead")
        if dead.active:
            dead.active = False
            found.append((self.now, i, "dead", "recovered", None, dead.onset))

        def note(name: str, edge: str | None, limit: str | None = None) -> None:
            if edge:
                found.append((self.now, i, name, edge, limit, s.condition(limit or name).onset))

        note(
            "uncertain",
            s.condition("uncertain").move(
                t, inside=uncertain, outside=not uncertain, on=s.uncertain_ns, off=0
            ),
        )
        excess = self.follow(i, s, t, v)
        teaches = s.teaches(v)
        rate, z = self.rate(s, t, v), self.z(s, t, v, teaches)
        if not math.isnan(p["rate_limit"]) and not math.isnan(rate):
            excess = max(excess, abs(rate) / p["rate_limit"])
        if not math.isnan(p["z_threshold"]) and not math.isnan(z):
            excess = max(excess, abs(z) / p["z_threshold"])
        located, season, novel = self.locate(s, t, v, z, teaches)
        excess = max(excess, located)
        low = [x for x in p["limit"][:2] if not math.isnan(x)]
        high = [x for x in p["limit"][2:] if not math.isnan(x)]
        if any(v <= x for x in low) or any(v >= x for x in high):
            excess = max(excess, 1.0)

        out = bool(v < p["range_lo"] or v > p["range_hi"])
        note(
            "out_of_range",
            s.condition("out_of_range").move(t, inside=out, outside=not out, on=0, off=0, least=2),
        )
        for k, name in enumerate(LIMITS):
            limit, db = p["limit"][k], p["deadband"]
            if math.isnan(limit):
                continue
            inside = v <= limit if k < 2 else v >= limit
            outside = v > limit + db if k < 2 else v < limit - db
            edge = s.condition(name).move(
                t,
                inside=bool(inside),
                outside=bool(outside),
                on=p["on_delay_ns"],
                off=p["off_delay_ns"],
                most=p["max_samples"][k],
            )
            note("limit", edge, name)
        found += self.after_limits(i, s, t, v)
        if not math.isnan(p["rate_limit"]) and not math.isnan(rate):
            edge = s.condition("rate").move(
                t,
                inside=abs(rate) >= p["rate_limit"],
                outside=abs(rate) < 0.8 * p["rate_limit"],
                on=0,
                off=p["off_delay_ns"],
                least=2,
            )
            note("rate", edge)
        if not math.isnan(p["z_threshold"]) and not math.isnan(z):
            edge = s.condition("robust_z").move(
                t,
                inside=abs(z) >= p["z_threshold"],
                outside=abs(z) < 0.6 * p["z_threshold"],
                on=0,
                off=p["z_off_ns"],
                least=p["z_samples"],
            )
            note("robust_z", edge)
            begun = s.condition("robust_z")
            if begun.active and teaches and abs(z) >= p["z_threshold"] and t - begun.onset >= p["z_tau_ns"]:
                s.count = 0
        self.located(s, t, z, season, novel=None if uncertain else novel, note=note)
        s.good_t = t
        score = excess / (1.0 + excess)
        found += self.vouch(i, s, v, found, uncertain=uncertain)
        return found, score

    def vouch(
        self, i: int, s: Sensor, v: float, found: list[tuple[Any, ...]], *, uncertain: bool
    ) -> list[tuple[Any, ...]]:
        """Tell again on the first good reading beyond a limit what limits were told on uncertain ones."""
        if uncertain:
            s.doubted |= any(f[2] == "limit" and f[3] == "raised" for f in found)
            return []
        standing = {name: s.p["limit"][k] for k, name in enumerate(LIMITS) if s.condition(name).active}
        if not s.doubted or not standing:
            s.doubted = False
            return []
        beyond = [
            name for name, limit in standing.items() if (v <= limit if name in {"ll", "l"} else v >= limit)
        ]
        s.doubted = not beyond
        return [(self.now, i, "limit", "raised", name, s.condition(name).onset) for name in beyond]

    def follow(self, i: int, s: Sensor, t: int, v: float) -> float:
        """Let a family that looks at every reading first do so; return its share of the score's excess."""
        del i, s, t, v
        return 0.0

    def after_limits(self, i: int, s: Sensor, t: int, v: float) -> list[tuple[Any, ...]]:
        """Return what a family tells after the limits."""
        del i, s, t, v
        return []

    def locate(
        self, s: Sensor, t: int, v: float, z: float, teaches: bool
    ) -> tuple[float, float | None, bool]:
        """Return the excess of charts, season and novelty, the season's z, and whether novelty tells this reading.

        The season's z is None where it was not asked for, NaN where it is not known.
        """
        p, excess, season, novel = s.p, 0.0, None, False
        if not math.isnan(z):
            s.charts.learn(t, z, teaches)
            if on(p, Method.CUSUM):
                excess = max(excess, abs(s.charts.total()) / s.own["cusum_h"])
            if on(p, Method.EWMA):
                excess = max(excess, abs(s.charts.mean()) / s.own["ewma_width"])
        due = s.calendar.count == 0 or t - s.calendar.last >= MINUTE
        doubt = s.condition("uncertain")
        if not (doubt.active or doubt.pending) and (on(p, Method.NOVELTY) or (on(p, Method.SEASON) and due)):
            away, unusual = s.calendar.follow(t, v)
            if on(p, Method.SEASON):
                season = s.calendar.z(t, away, unusual)
                if not math.isnan(season):
                    excess = max(excess, abs(season) / s.own["season_z"])
            if on(p, Method.NOVELTY):
                weighed, novel = s.novelty.weigh(s.calendar, t, away, unusual)
                excess = max(excess, weighed)
        return excess, season, novel

    def located(
        self,
        s: Sensor,
        t: int,
        z: float,
        season: float | None,
        *,
        novel: bool | None,
        note: Callable[[str, str | None], None],
    ) -> None:
        if not math.isnan(z):
            self.chart(s, t, note)
        if season is not None:
            lost = math.isnan(season)
            edge = s.condition("season").move(
                t,
                inside=abs(season) >= s.own["season_z"],
                outside=lost or abs(season) < 0.6 * s.own["season_z"],
                on=0,
                off=max(s.p["z_off_ns"], 60 * MINUTE) if lost else s.p["z_off_ns"],
                least=s.p["z_samples"],
            )
            note("season", edge)
        if on(s.p, Method.NOVELTY) and novel is not None:
            edge = s.condition("novelty").move(
                t, inside=novel, outside=s.novelty.back(), on=0, off=s.own["off_ns"]
            )
            if edge == "recovered":
                s.novelty.told_stats = {}
            note("novelty", edge)

    def chart(self, s: Sensor, t: int, note: Callable[[str, str | None], None]) -> None:
        total = s.charts.total()
        began = s.charts.up_began if total > 0 else s.charts.down_began
        for method, statistic, limit, onset in (
            (Method.CUSUM, total, s.own["cusum_h"], began),
            (Method.EWMA, s.charts.mean(), s.own["ewma_width"], t),
        ):
            if not on(s.p, method):
                continue
            c = s.condition(method.label)
            inside, outside = abs(statistic) >= limit, abs(statistic) < 0.5 * limit
            edge = c.move(t, inside=inside, outside=outside, on=0, off=s.p["z_off_ns"])
            if edge == "raised":
                c.onset = onset
            note(method.label, edge)

    def rate(self, s: Sensor, t: int, v: float) -> float:
        window = int(s.p["rate_window_ns"])
        s.window = [(a, b) for a, b in s.window if t - a <= window][-RING:]
        rate = math.nan
        if s.window:
            t0, v0 = s.window[0]
            if 2 * (t - t0) >= window:
                rate = (v - v0) / ((t - t0) * 1e-9)
        if not s.window or t - s.window[-1][0] >= window // (RING - 1):
            s.window = [*s.window, (t, v)][-RING:]
        return rate

    def z(self, s: Sensor, t: int, v: float, teaches: bool) -> float:
        p = s.p
        if not teaches and s.count < p["z_warm_samples"]:
            return math.nan
        if s.count == 0:
            s.mean, s.var, s.count = v, 0.0, 1
            return math.nan
        warm = s.count >= p["z_warm_samples"]
        assert s.good_t is not None
        dt = t - s.good_t
        weight = (
            min(dt / (int(p["z_tau_ns"]) + dt), 1.0 / p["z_warm_samples"]) if warm else 1.0 / (s.count + 1.0)
        )
        sigma = max(math.sqrt(s.var), p["sigma_min"], 1e-9 * abs(s.mean), 1e-12)
        residual = v - s.mean
        z: float = residual / sigma
        if not teaches:
            return z
        if warm:
            residual = min(max(residual, -3.0 * sigma), 3.0 * sigma)
        s.mean += weight * residual
        s.var = (1.0 - weight) * (s.var + weight * residual * residual)
        s.count += 1
        return z if warm else math.nan
