"""The slow, obvious version of drift and balance: whole histories, numpy's own solver, one definition after another."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from detectors.relations.pairs import Form, Shape
from detectors.relations.records import BINS
from tests.detectors.tanks import VOLUME, Floats

Reading = tuple[int, float]
SHAPES = {Shape.SPHERE: VOLUME["sphere"], Shape.LYING: VOLUME["horizontal_tank"]}


class History:
    """All readings of a sensor that can be the process's, and what follows from them at any time."""

    def __init__(self, p: dict[str, Any]) -> None:
        self.p = p
        self.readings: list[Reading] = []
        self.sums: list[float] = []
        self.breaks = 0

    def hear(self, t: int, v: float) -> bool:
        if not self.p["hear_lo"] <= v <= self.p["hear_hi"]:
            return False
        total = 0.0
        if self.readings:
            t0, v0 = self.readings[-1]
            whole = t - t0 <= self.p["gap_ns"]
            self.breaks += not whole
            total = self.sums[-1] + (0.5 * (v0 + v) * (t - t0) * 1e-9 if whole else 0.0)
        self.readings.append((t, v))
        self.sums.append(total)
        return True

    def at(self, t: int, hold: int) -> float:
        if not self.readings:
            return math.nan
        t1, v1 = self.readings[-1]
        if t >= t1:
            return v1 if t - t1 <= hold else math.nan
        if len(self.readings) == 1:
            return math.nan
        t0, v0 = self.readings[-2]
        if t < t0 or t1 - t0 > hold:
            return math.nan
        return v0 + (t - t0) / (t1 - t0) * (v1 - v0)

    def sum(self, t: int, hold: int) -> float:
        t1, v1 = self.readings[-1]
        v = self.at(t, hold)
        return self.sums[-1] + (v if t >= t1 else 0.5 * (v + v1)) * (t - t1) * 1e-9

    def rate(self, hold: int, noise: float) -> float:
        if len(self.readings) == 1:
            return 0.0
        (t0, v0), (t1, v1) = self.readings[-2:]
        return max(0.0, abs(v1 - v0) - noise) / ((t1 - t0) * 1e-9) if t1 - t0 <= hold else 0.0

    def age(self, t: int) -> float:
        """Seconds from `t` to the nearer of the two readings around it."""
        return min(abs(t1 - t) for t1, _ in self.readings[-2:]) * 1e-9


@dataclass
class Pair:
    """One sensor against one partner."""

    at: int = 0
    difference: float = 0.0
    offset: float = 0.0
    var: float = 0.0
    noise2: np.float32 = field(default_factory=lambda: np.float32(0))
    since: int = 0
    count: int = 0
    statistic: float = 0.0
    threshold: float = math.inf

    @property
    def ratio(self) -> float:
        return abs(self.statistic) / self.threshold

    def compare(self, p: dict[str, Any], a: History, b: History, *, learns: bool) -> bool:
        hold = p["hold_ns"]
        if not b.readings:
            return False
        t = min(a.readings[-1][0], b.readings[-1][0])
        mine, its = a.at(t, hold), b.at(t, hold)
        if t <= self.at or math.isnan(mine + its):
            return False
        d = mine - its
        if self.count == 0:
            self.offset = d
        e = d - self.offset
        k = p["drift_sigma"]
        sigma = math.sqrt(max(self.var, float(self.noise2), (p["drift_least"] / k) ** 2))
        jitter = 2 * math.sqrt(float(self.noise2))
        rate = max(a.rate(hold, jitter), b.rate(hold, jitter))
        allowed = rate * (max(a.age(t), b.age(t)) + p["drift_skew_s"])
        most = k * sigma + allowed
        self.statistic, self.threshold = (
            d,
            max(p["drift_share"], k * math.sqrt(float(self.noise2))) + allowed,
        )
        if self.count >= 5 and abs(e) / most > abs(d) / self.threshold:
            self.statistic, self.threshold = e, most
        if self.count < 5 or abs(e) < most:
            self.since = 0
        elif not self.since:
            self.since = t
        elif t - self.since > p["drift_relearn_ns"]:
            self.since = self.count = 0
        if learns and not self.since:
            dt = t - self.at
            slow = min(dt / (p["drift_tau_ns"] + dt), 0.01)
            mean = 1 / (self.count + 1)
            if self.count:
                jump = min(abs(d - self.difference), 4 * sigma)
                step = (0.5 * jump**2 - float(self.noise2)) * max(mean, 0.01)
                self.noise2 = np.float32(float(self.noise2) + step)
                self.var += slow * (e**2 - self.var)
            if self.count < 5 or abs(e) <= 4 * sigma:
                self.offset += max(mean, slow) * e
                self.count += 1
        self.at, self.difference = t, d
        return True


class Table:
    """What a flow does at each level against what it does on the whole, by straight lines between the parts' middles."""

    def __init__(self) -> None:
        self.gain = np.ones(BINS, np.float32)
        self.steps = np.zeros(BINS, np.float32)

    def weights(self, share: float) -> Floats:
        place = min(max(share * BINS - 0.5, 0.0), BINS - 1)
        return np.asarray(np.maximum(0.0, 1 - np.abs(np.arange(BINS) - place)), np.float64)


@dataclass
class Balance:
    """One sensor's model of itself; rows of features are kept whole and weighted when they are needed."""

    step: list[tuple[int, float, list[float]]] = field(default_factory=list)
    before: tuple[float, float, list[float]] | None = None
    breaks: int = 0
    rows: list[tuple[list[float], float, float]] = field(default_factory=list)
    table: Table = field(default_factory=Table)
    steps: int = 0
    moves: int = 0
    sigma2: float = 0.0
    share2: float = 0.15**2
    mean_y: float = 0.0
    var_y: float = 0.0
    var_e: float = 0.0
    high: float = 0.0
    low: float = 0.0
    charts: list[tuple[float, float]] = field(default_factory=list)

    def gather(self, p: dict[str, Any], own: History, inputs: list[History], t: int, v: float) -> None:
        hold = p["hold_ns"]
        breaks = own.breaks + sum(h.breaks for h in inputs)
        whole = not any(math.isnan(h.at(t, hold)) for h in inputs)
        if not whole or breaks != self.breaks:
            self.breaks, self.step, self.before = breaks, [], None
        if not whole:
            return
        if self.step and t - self.step[0][0] >= p["balance_step_ns"]:
            self.close(p, v)
        mass = p["form"] == Form.MASS
        share = (v - p["y_lo"]) / p["y_span"]
        y = float(SHAPES[p["shape"]](np.array(share))) if p["shape"] in SHAPES and mass else share
        u = [h.sum(t, hold) if mass else h.at(t, hold) - p["u_lo"][j] for j, h in enumerate(inputs)]
        self.step.append((t, y, u))

    def close(self, p: dict[str, Any], v: float) -> None:
        mass, step_s = p["form"] == Form.MASS, p["balance_step_ns"] * 1e-9
        now = (
            float(np.mean([t - self.step[0][0] for t, _, _ in self.step])) + self.step[0][0],
            float(np.mean([y for _, y, _ in self.step])),
            [float(x) for x in np.mean([u for _, _, u in self.step], axis=0)],
        )
        before, self.before, self.step = self.before, now, []
        if before is None:
            return None
        passed = (now[0] - before[0]) * 1e-9
        weights = self.table.weights((v - p["y_lo"]) / p["y_span"])
        if not mass:
            features = [1.0, *(u / s for u, s in zip(now[2], p["u_span"], strict=False))]
            return self.judge(p, features, now[1], passed, weights)
        gain = float(weights @ self.table.gain.astype(float))
        flows = [(b - a) / s / passed for a, b, s in zip(before[2], now[2], p["u_span"], strict=False)]
        moved = [f * gain * passed / step_s if abs(f) > 0.005 else 0.0 for f in flows]
        features = [0.0 if any(moved) else passed / step_s, *moved]
        return self.judge(p, features, now[1] - before[1], passed, weights)

    def judge(
        self, p: dict[str, Any], features: list[float], target: float, passed: float, at: Floats
    ) -> None:
        f, size, mass = np.array(features), len(features), p["form"] == Form.MASS
        gram, right = 1e-4 * np.eye(size), np.zeros(size)
        for row, y, weight in self.rows:
            gram += weight * np.outer(row, row)
            right += weight * np.array(row) * y
        coef = np.linalg.solve(gram, right)
        leverage = float(f @ np.linalg.solve(gram, f))
        e = target - float(coef @ f)
        flowed, said = float(coef[1:] @ f[1:]), float(np.abs(coef[1:] * f[1:]).sum())
        sigma = max(math.sqrt(self.sigma2), p["balance_sigma_min"])
        share = math.sqrt(self.share2)
        moving = share * said > sigma
        tabled = not (mass and moving) or bool(
            p["shape"] != Shape.UNKNOWN and float(at @ self.table.steps) >= 5
        )
        beyond = max(0.0, abs(e) - max(p["balance_share"], 2 * share) * said) if tabled else 0.0
        z = math.copysign(min(beyond / (sigma * math.sqrt(1 + leverage)), 6.0), e) if leverage < 1 else 0.0
        if self.steps >= 60 and self.var_e <= 0.1 * self.var_y:
            h, k = p["balance_h"], p["balance_k"]
            self.high = min(2 * h, max(0.0, self.high + z - k))
            self.low = min(2 * h, max(0.0, self.low - z - k))
        else:
            self.high = self.low = 0.0
        self.charts.append((self.high, self.low))
        if max(self.high, self.low) >= p["balance_h"] / 2:
            return
        tau = p["balance_tau_ns"] * 1e-9
        keep = tau / (tau + passed)
        if leverage < 1:
            self.teach(e, leverage, said, target, keep, moving=moving, tabled=tabled)
            if moving and mass and leverage < 0.1 and flowed:
                off = min(max(e / flowed, -0.5), 1.0)
                few = np.minimum(self.table.steps + np.float32(1), 50)
                self.table.gain = (self.table.gain * (1 + off * at / few)).astype(np.float32)
                self.table.steps = (self.table.steps + at).astype(np.float32)
        self.rows = [(row, y, weight * keep) for row, y, weight in self.rows] + [(features, target, 1.0)]

    def teach(
        self,
        e: float,
        leverage: float,
        said: float,
        target: float,
        keep: float,
        *,
        moving: bool,
        tabled: bool,
    ) -> None:
        if not moving:
            self.sigma2 += (e**2 / (1 + leverage) - self.sigma2) / min(self.steps + 1, 1000)
        elif tabled:
            self.share2 += (min((e / said) ** 2, 1.0) - self.share2) / min(self.moves + 10, 1000)
            self.moves += 1
        w = max(1 - keep, 1 / (self.steps + 1))
        away = target - self.mean_y
        self.mean_y += w * away
        self.var_y = (1 - w) * (self.var_y + w * away**2)
        self.var_e += w * (e**2 - self.var_e)
        self.steps += 1


def majority(ratios: list[float]) -> int:
    """Return which of the voters' ratios a majority is at least as large as; -1 of none."""
    order = sorted(range(len(ratios)), key=lambda j: (-ratios[j], j))
    return order[len(ratios) // 2] if ratios else -1
