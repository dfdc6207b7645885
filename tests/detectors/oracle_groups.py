"""The slow, obvious version of a group: lists of rounds, whole matrices, nothing kept that can be worked out again.

What is fitted (detectors.groups.pca) is taken from there and tested by itself; here is when a round ends, what T2 and Q
are, and from what a group learns.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from detectors.groups import pca
from detectors.groups.rounds import lot_of
from detectors.groups.state import CAPACITY, SEGMENT

LAMBDA, CENTRE, FARTHEST, LONE, PATIENCE = 0.15, 100.0, 10.0, 4.0, 5


@dataclass
class OracleGroup:
    n: int
    every_ns: int
    false_rate: float
    rounds: int
    values: list[list[float]] = field(default_factory=list)
    accepted: list[tuple[int, list[float]]] = field(default_factory=list)
    zero: list[float | None] = field(default_factory=list)
    judged: int | None = None
    plane: pca.Plane | None = None
    limits: tuple[float, float] = (math.inf, math.inf)
    stride: int = 1
    fitted_at: int = 0
    age: float = 0.0
    active: list[bool] = field(default_factory=lambda: [False, False])
    pending: list[int] = field(default_factory=lambda: [0, 0])

    def __post_init__(self) -> None:
        self.values = [[] for _ in range(self.n)]
        self.zero = [None] * self.n
        self.centre, self.smooth, self.step = np.zeros(self.n), np.zeros(self.n), np.zeros(self.n)

    def read(self, i: int, t: int, v: float) -> tuple[float, list[str]] | None:
        """Take a good reading; if it ends a round, return the excess and what is raised or recovered."""
        self.values[i].append(v)
        silent = sum(not heard for heard in self.values)
        if silent and (len(self.values[i]) < PATIENCE or 2 * silent > self.n):
            return None
        if self.judged is not None and t - self.judged < self.every_ns:
            return None
        before = t if self.judged is None else self.judged
        self.judged = max(t, before)
        told = self.judge((self.judged - before) * 1e-9)
        self.values = [[] for _ in range(self.n)]
        self.fit()
        return told

    def judge(self, dt: float) -> tuple[float, list[str]]:
        latest = [heard[-1] if heard else math.nan for heard in self.values]
        excess, told, calm = math.nan, [], True
        if self.plane is not None:
            self.age += dt
            statistics = self.statistics(latest)
            excess = max(s / limit for s, limit in zip(statistics, self.limits, strict=True))
            for e, name in enumerate(("t2", "q")):
                told += self.move(e, name, statistics[e], self.limits[e])
            calm = excess < 1.0 and not any(self.active)
            if calm:
                self.centre = np.where(
                    np.isnan(latest), self.centre, self.centre + (self.scaled(latest) - self.centre) / CENTRE
                )
                self.age *= 1.0 - 1.0 / CENTRE
        if calm:
            assert self.judged is not None
            self.accepted.append((self.judged, latest))
            if lot_of((len(self.accepted) - 1) // SEGMENT) % self.stride == 0:
                self.zero = [
                    v if z is None and not math.isnan(v) else z
                    for z, v in zip(self.zero, latest, strict=True)
                ]
        return excess, told

    def move(self, e: int, name: str, statistic: float, limit: float) -> list[str]:
        turning = statistic < 0.8 * limit if self.active[e] else statistic >= limit
        self.pending[e] = self.pending[e] + 1 if turning else 0
        if self.pending[e] < self.rounds:
            return []
        self.active[e] = not self.active[e]
        self.pending[e] = 0
        return [f"{name} {'raised' if self.active[e] else 'recovered'}"]

    def scaled(self, latest: list[float]) -> np.ndarray:
        assert self.plane is not None
        zero = np.array([0.0 if z is None else z for z in self.zero])
        place = (np.array(latest) - (zero + self.plane.mean)) * self.plane.per_spread
        return np.asarray(np.clip(place, self.centre - FARTHEST, self.centre + FARTHEST))

    def statistics(self, latest: list[float]) -> tuple[float, float]:
        plane = self.plane
        assert plane is not None
        missing = np.isnan(latest)
        place = self.scaled(latest)
        far = np.abs(self.step) >= LONE
        back = np.isnan(place) | (np.abs(place - (self.smooth - LAMBDA * self.step)) < LONE)
        if far.any() and back[far].all():
            self.smooth = self.smooth - LAMBDA * self.step
        self.step = np.where(missing, 0.0, place - self.smooth)
        self.smooth = self.smooth + LAMBDA * self.step
        weight = 1.0 / (LAMBDA / (2.0 - LAMBDA) + self.age * plane.drift)
        axes = plane.axes.astype(np.float32).astype(np.float64)
        deviation = np.where(missing, 0.0, self.smooth - self.centre)
        inverse = (axes * weight) @ axes.T
        for _ in range(3):
            for a in np.flatnonzero(missing):
                if inverse[a, a] > 0:
                    deviation[a] -= inverse[a] @ deviation / inverse[a, a]
        squares = (deviation @ axes) ** 2 * weight
        return float(squares[: plane.principal].sum()), float(squares[plane.principal :].sum())

    def fit(self) -> None:
        """Fit when the kept rounds are full: those of all accepted segments whose lot the stride divides."""
        kept = self.kept()
        if len(kept) < CAPACITY:
            return
        if self.plane is None or len(self.accepted) >= 4 * self.fitted_at:
            zero = np.array([0.0 if z is None else z for z in self.zero])
            rows = (np.array([latest for _, latest in kept]) - zero).astype(np.float32)
            seen = pca.seen_in(rows, np.array([t for t, _ in kept]), self.stride)
            plane, limits = pca.plane_of(seen), pca.held_out_limits(seen, rows, self.false_rate)
            if plane is not None and limits is not None:
                self.take_over(plane, limits, seen)
                self.fitted_at = len(self.accepted)
        while len(self.kept()) == CAPACITY:
            self.stride *= 2

    def kept(self) -> list[tuple[int, list[float]]]:
        return [item for k, item in enumerate(self.accepted) if lot_of(k // SEGMENT) % self.stride == 0]

    def take_over(self, plane: pca.Plane, limits: tuple[float, float], seen: pca.Seen) -> None:
        old = self.plane
        if old is None:
            self.age = float(seen.t_s[-1] - seen.t_s.mean())
        else:
            spread = 1.0 / np.where(old.per_spread > 0, old.per_spread, 1.0)
            where = np.where(old.per_spread > 0, old.mean + self.centre * spread, plane.mean)
            self.centre = (where - plane.mean) * plane.per_spread
        self.plane, self.limits = plane, limits
        self.smooth, self.step = np.zeros(self.n), np.zeros(self.n)
        for row in (seen.values[-SEGMENT:] - plane.mean) * plane.per_spread:
            self.smooth = self.smooth + LAMBDA * (row - self.smooth)
