"""The slow, obvious version of charts, season and novelty: whole lists, formulas as docs/detectors.md has them."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

DAY = 86_400_000_000_000
WEEK = 7 * 86_400 * 10**9
MINUTE = 60_000_000_000
Fields = dict[str, Any]


@dataclass
class Charts:
    """CUSUM and EWMA on what the residual before does not foretell."""

    p: Fields
    before: float = 0.0
    power: float = 1.0
    product: float = 0.0
    up: float = 0.0
    down: float = 0.0
    average: float = 0.0
    up_began: int = 0
    down_began: int = 0

    def learn(self, t: int, z: float, teaches: bool) -> None:
        r = float(np.clip(z, -3, 3))
        like = float(np.clip(self.product / self.power, 0, 0.95))
        new = float(np.clip((r - like * self.before) / math.sqrt(self.power * (1 - like * like)), -3, 3))
        if teaches:
            self.power += (r * r - self.power) / 512
            self.product += (r * self.before - self.product) / 512
        self.before = r
        if self.up == 0:
            self.up_began = t
        if self.down == 0:
            self.down_began = t
        k, h = self.p["cusum_k"], self.p["cusum_h"]
        self.up = float(np.clip(self.up + new - k, 0, h))
        self.down = float(np.clip(self.down - new - k, 0, h))
        self.average += self.p["ewma_weight"] * (new - self.average)

    def total(self) -> float:
        return self.up if self.up >= self.down else -self.down

    def mean(self) -> float:
        w: float = self.p["ewma_weight"]
        return self.average / math.sqrt(w / (2 - w))


@dataclass
class Calendar:
    """The slow level and the hours."""

    first: int = 0
    last: int = 0
    count: int = 0
    scan: float = 0.0
    level: float = 0.0
    spread: float = 0.0
    compared: int = 0
    plain: float = 0.0
    hourly: float = 0.0
    usual: dict[int, float] = field(default_factory=dict)
    visits: dict[int, int] = field(default_factory=dict)

    def follow(self, t: int, v: float) -> tuple[float, float]:
        gap = float(t - self.last)
        self.last = t
        if self.count == 0:
            self.level, self.first = v, t
        elif self.count == 1:
            self.scan = gap
        else:
            self.scan += max(1 / self.count, 1 / 1000) * (min(gap, 10 * self.scan) - self.scan)
        weight = max(1 / (self.count + 1), min(1 / 3000, self.scan / (10 * DAY)))
        away = v - self.level
        if abs(away) <= 1e-9 * abs(self.level):
            away = 0.0
        moment = datetime.fromtimestamp(t // 1_000_000_000, UTC)
        hour = moment.hour + 24 * (moment.weekday() >= 5)
        unusual = away - self.usual.get(hour, 0.0)
        pays = False
        if self.visits.get(hour, 0) >= 2:
            self.compared += 1
            share = max(weight, 1 / self.compared)
            self.plain += share * (abs(away) - self.plain)
            self.hourly += share * (abs(unusual) - self.hourly)
            pays = self.hourly < 0.75 * self.plain
        self.visits[hour] = self.visits.get(hour, 0) + 1
        settle = max(min(1 / 20, self.scan / (1.5 * DAY / 24)), 1 / self.visits[hour])
        usual = self.usual.get(hour, 0.0)
        self.usual[hour] = float(np.float32(usual + settle * (away - usual)))
        bound = 3 * self.spread if self.count >= 20 else math.inf
        self.spread += weight * (abs(away) - self.spread)
        self.level += weight * min(max(away, -bound), bound)
        self.count += 1
        return away, unusual if pays else away

    def z(self, t: int, away: float, unusual: float) -> float:
        if away == unusual or t - self.first < 5 * DAY:
            return math.nan
        return unusual / (math.sqrt(math.pi / 2) * self.hourly)


@dataclass
class Novelty:
    """Every statistic that came, sorted; the twelve greatest count."""

    p: Fields
    means: list[float] = field(default_factory=list)
    variances: list[float] = field(default_factory=lambda: [0.0] * 4)
    seen: list[list[tuple[float, int]]] = field(default_factory=lambda: [[], [], []])
    stats: list[float] = field(default_factory=list)
    told_rank: float = 0.0
    told_t: int = 0
    told_stats: dict[int, float] = field(default_factory=dict)

    def shape(self, count: int, x: float) -> float:
        self.means = self.means or [x] * 4
        weight = max(0.001, 1 / (count + 1))
        total, finer = 0.0, x
        for k in range(4):
            self.means[k] += max(0.25 ** (k + 1), 1 / (count + 1)) * (x - self.means[k])
            part, finer = finer - self.means[k], self.means[k]
            if self.variances[k] > 0:
                total += part * part / self.variances[k]
            self.variances[k] = (1 - weight) * self.variances[k] + weight * part * part
        return min(total, 1e30)

    def weigh(self, c: Calendar, t: int, away: float, unusual: float) -> tuple[float, bool]:
        count = c.count - 1
        self.stats = [abs(away), abs(unusual), self.shape(count, unusual)]
        if count < 20:
            return 0.0, False
        memory = max(10_000 * c.scan, self.p["memory_ns"])
        greatest = [max((x for x, _ in seen), default=0.0) for seen in self.seen]
        far = [self.as_far(k, t, min(stat, 1e30), memory) for k, stat in enumerate(self.stats)]
        rank = min(far)
        if count < 100 or rank == math.inf:
            return 0.0, False
        most = min(self.p["rank"], 0.0125 * count)
        excess = most / (rank + 0.5)
        records = [
            top / min(stat, 1e30)
            for top, stat, own in zip(greatest, self.stats, far, strict=True)
            if own == 0.0
        ]
        needed = (rank + 0.5) * min([1.0, *records]) ** 2
        short = self.p["rank"] * (t - c.first) / WEEK
        if short < excess * needed:
            excess = short / needed
        if excess < 1:
            return excess, False
        quiet = max(200 * c.scan, self.p["quiet_ns"])
        if self.told_rank and t - self.told_t <= quiet and rank + 0.5 > self.told_rank:
            return 0.9, False
        self.told_rank, self.told_t = rank + 0.5, t
        for k in range(3):
            if far[k] + 0.5 <= most:
                self.told_stats[k] = max(self.told_stats.get(k, 0.0), self.stats[k])
        return excess, True

    def back(self) -> bool:
        return all(self.stats[k] < 0.5 * told for k, told in self.told_stats.items())

    def as_far(self, k: int, t: int, stat: float, memory: float) -> float:
        greatest = sorted(self.seen[k], reverse=True)[:12]
        least = greatest[-1][0] if len(greatest) == 12 else 0.0
        if stat <= least:
            return math.inf
        self.seen[k].append((float(np.float32(stat)), t))
        if 0.95 * stat <= least:
            return math.inf
        return sum(math.exp((then - t) / memory) for value, then in greatest if value >= 0.95 * stat)
