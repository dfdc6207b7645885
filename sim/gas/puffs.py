"""Gaussian puffs of a light gas in a wind that wanders.

Theory of operation. What leaves the source in one step is a puff. While it leaves, the wind draws it out into a
straight streak from the source to where the wind has carried its first gas; from then on the streak drifts with the
wind as a whole and widens. Along a streak the gas is evenly spread; across and upwards it is Gaussian, as wide as
Briggs's curves say for the distance that the gas there has travelled. Streaks that join end to end in a steady wind
are so exactly the Gaussian plume, however near the source and however long the step, while round puffs would have to
lie closer together than they are wide.

Widths: sigma^2 = (share * Briggs)^2 + source^2 across, likewise upwards without the share. The ground reflects.

Number: two streaks that follow each other become one where that shifts the gas by no more than `_SHIFT` of its width and
the new one is not longer than `_LENGTH` of its width. Shifting a Gaussian by s widths changes it nowhere by more than
0.61 s of its peak. A streak is dropped once the plume that such streaks make is thinner than `floor_kg_m3` everywhere, or
once all of it is `reach_m` beyond the receptors; a wind that turned right round would have brought it back. Should there
still be more than `most`, those that shift the least are joined, and `forced` counts them.

Yellow Book: TNO CPR 14E (2005), chapter 4; the streaks are the slugs of CALPUFF (Scire, Strimaitis and Yamartino 2000).
"""

from dataclasses import dataclass, fields, replace
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from sim.gas.spread import Curve, Stability, Terrain, across, shortest_s, up, width_share

Numbers = NDArray[np.float64]

_SHIFT = 0.05
_LENGTH = 4.0
_CALM_M_S = 0.5
"""Air that hardly moves still mixes: gas counts as travelling at least this fast."""
_ROUND = 1e-3
"""A streak shorter than this share of its width is a round puff; the difference of two integrals would lose digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Streaks:
    """Streaks, oldest first. Each has a tail, which left the source last, and a head, which left first.

    `across_m` and `up_m` hold for tail and head how far gas of the present width would have travelled in the present
    air, in two columns.
    """

    mass_kg: Numbers
    tail_m: Numbers
    head_m: Numbers
    height_m: Numbers
    across_m: Numbers
    up_m: Numbers

    @classmethod
    def none(cls) -> Self:
        empty, pairs = np.zeros(0), np.zeros((0, 2))
        return cls(mass_kg=empty, tail_m=pairs, head_m=pairs, height_m=empty, across_m=pairs, up_m=pairs)

    def __len__(self) -> int:
        return len(self.mass_kg)

    def __getitem__(self, rows: NDArray[np.bool_] | NDArray[np.int64] | slice) -> Self:
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def and_then(self, later: "_Streaks") -> Self:
        return type(self)(
            **{f.name: np.concatenate((getattr(self, f.name), getattr(later, f.name))) for f in fields(self)}
        )


class Puffs:
    """Concentration at fixed receptors from one source of a gas as heavy as air.

    `receptors_m` has x (east), y (north), z (up) in its columns. `averaging_s` is over how long concentrations are
    averages: short (the default) for a wind given second by second, which does the rest of the widening itself; 600
    for a wind given as its mean. `source_m` is the standard deviation of the cloud as it leaves the source.

    Attributes:
        forced: pairs joined although that shifted them further than the stated error allows.
    """

    def __init__(
        self,
        receptors_m: ArrayLike,
        *,
        terrain: Terrain = "open",
        averaging_s: float | None = None,
        source_m: float = 0.3,
        floor_kg_m3: float = 1e-9,
        reach_m: float = 2000.0,
        most: int = 400,
    ) -> None:
        self._at_m = np.asarray(receptors_m, float).reshape(-1, 3)
        self._terrain = terrain
        self._share = width_share(shortest_s() if averaging_s is None else averaging_s)
        self._source_m = source_m
        self._floor_kg_m3 = floor_kg_m3
        low, high = self._at_m[:, :2].min(0), self._at_m[:, :2].max(0)
        self._centre_m = (low + high) / 2
        self._reach_m = reach_m + float(np.hypot(*(high - low))) / 2
        self._most = most
        self._stability: Stability = "D"
        self._streaks = _Streaks.none()
        self.forced = 0

    def __len__(self) -> int:
        return len(self._streaks)

    @property
    def mass_kg(self) -> float:
        """What is in the air and was not dropped as too thin."""
        return float(self._streaks.mass_kg.sum())

    def step(
        self, dt_s: float, rate_kg_s: float, at_m: ArrayLike, wind_m_s: ArrayLike, stability: Stability
    ) -> Numbers:
        """Let `dt_s` seconds pass in a wind of `wind_m_s` (towards east and north) and return kg/m3 at the receptors.

        During the step `rate_kg_s` comes out at `at_m` (x, y, z). The concentrations are those at its end.
        """
        wind = np.asarray(wind_m_s, float)
        if stability != self._stability:
            self._change_air(stability)
        travelled_m = max(float(np.hypot(*wind)), _CALM_M_S) * dt_s
        if len(self._streaks):
            old = self._streaks
            self._streaks = replace(
                old,
                tail_m=old.tail_m + wind * dt_s,
                head_m=old.head_m + wind * dt_s,
                across_m=old.across_m + travelled_m,
                up_m=old.up_m + travelled_m,
            )
        if rate_kg_s > 0:
            self._streaks = self._streaks.and_then(
                _fresh(rate_kg_s * dt_s, np.asarray(at_m, float), wind * dt_s, travelled_m)
            )
        if not len(self._streaks):
            return np.zeros(len(self._at_m))
        self._thin_out(dt_s)
        return self.concentration_kg_m3(self._at_m)

    def concentration_kg_m3(self, at_m: ArrayLike) -> Numbers:
        """Return the concentration now at any places, x, y, z in columns."""
        at = np.asarray(at_m, float).reshape(-1, 3)
        s = self._streaks
        along = s.head_m - s.tail_m
        length = np.hypot(along[:, 0], along[:, 1])
        unit = np.where(length[:, None] > 0, along / np.maximum(length, 1e-300)[:, None], [1.0, 0.0])
        off = at[:, None, :2] - s.tail_m
        down = off[..., 0] * unit[:, 0] + off[..., 1] * unit[:, 1]
        aside = off[..., 1] * unit[:, 0] - off[..., 0] * unit[:, 1]
        inside = np.clip(down, 0.0, length)
        part, beyond = inside / np.maximum(length, 1e-9), np.where(length > 0, down - inside, 0.0)
        wide = self._wide(_travelled(s.across_m, part, beyond))
        high = self._high(_travelled(s.up_m, part, beyond))
        tail, head = self._wide(s.across_m[:, 0]), self._wide(s.across_m[:, 0] + length)
        per_m2 = s.mass_kg * _per_metre(down, length, tail, head) / (2 * np.pi * wide * high)
        z = at[:, 2, None]
        upright = np.exp(-0.5 * ((z - s.height_m) / high) ** 2) + np.exp(
            -0.5 * ((z + s.height_m) / high) ** 2
        )
        return np.asarray((per_m2 * np.exp(-0.5 * (aside / wide) ** 2) * upright).sum(1))

    def _wide(self, travelled_m: Numbers) -> Numbers:
        curve = across(self._stability, self._terrain)
        return np.hypot(self._share * curve.sigma_m(travelled_m), self._source_m)

    def _high(self, travelled_m: Numbers) -> Numbers:
        return np.hypot(up(self._stability, self._terrain).sigma_m(travelled_m), self._source_m)

    def _change_air(self, stability: Stability) -> None:
        """Go on with the curves of another class from the widths that the gas has."""
        s, terrain = self._streaks, self._terrain
        self._streaks = replace(
            s,
            across_m=_moved_over(s.across_m, across(self._stability, terrain), across(stability, terrain)),
            up_m=_moved_over(s.up_m, up(self._stability, terrain), up(stability, terrain)),
        )
        self._stability = stability

    def _thin_out(self, dt_s: float) -> None:
        s = self._streaks
        length = np.maximum(_lengths(s.tail_m, s.head_m), _CALM_M_S * dt_s)
        thickest = s.mass_kg / (np.pi * length * self._wide(s.across_m[:, 0]) * self._high(s.up_m[:, 0]))
        near_m = np.minimum(*(np.hypot(*(end - self._centre_m).T) for end in (s.tail_m, s.head_m)))
        s = s[(thickest >= self._floor_kg_m3) & (near_m <= self._reach_m)]
        shift, longer = self._cost(s)
        s = _joined(s, _apart(np.flatnonzero((shift <= _SHIFT) & (longer <= _LENGTH))))
        while len(s) > self._most:
            least = np.argsort(self._cost(s)[0], kind="stable")[: len(s) - self._most]
            pairs = _apart(np.sort(least))
            s = _joined(s, pairs)
            self.forced += len(pairs)
        self._streaks = s

    def _cost(self, s: _Streaks) -> tuple[Numbers, Numbers]:
        """Return for each two that follow each other what joining does, in widths of the narrower end.

        First how far it shifts the gas: its centre, the gap between the two, and how much wider the far end is than
        the new streak's length explains (in a calm, gas of every age hangs at one place). Then the new one's length.
        """
        old, new = s[:-1], s[1:]
        wide = self._wide(new.across_m[:, 0])
        mass = old.mass_kg + new.mass_kg
        weight = (old.mass_kg / mass)[:, None]
        centre = weight * (old.tail_m + old.head_m) / 2 + (1 - weight) * (new.tail_m + new.head_m) / 2
        off = _lengths(centre, (old.head_m + new.tail_m) / 2)
        gap = _lengths(old.tail_m, new.head_m)
        length = _lengths(new.tail_m, old.head_m)
        far = self._wide(old.across_m[:, 1])
        uneven = np.abs(far - self._wide(new.across_m[:, 0] + length)) / far
        lift = np.abs(old.height_m - new.height_m) / self._high(new.up_m[:, 0])
        return (off + gap) / wide + uneven + lift, length / wide


def _fresh(mass_kg: float, at_m: Numbers, drift_m: Numbers, travelled_m: float) -> _Streaks:
    return _Streaks(
        mass_kg=np.array([mass_kg]),
        tail_m=at_m[None, :2],
        head_m=at_m[None, :2] + drift_m,
        height_m=at_m[2:3],
        across_m=np.array([[0.0, travelled_m]]),
        up_m=np.array([[0.0, travelled_m]]),
    )


def _lengths(a_m: Numbers, b_m: Numbers) -> Numbers:
    return np.asarray(np.hypot(a_m[:, 0] - b_m[:, 0], a_m[:, 1] - b_m[:, 1]))


def _travelled(ends_m: Numbers, part: Numbers, beyond_m: Numbers) -> Numbers:
    """Return how far gas has travelled at a part of the way from tail to head, or metres before or beyond."""
    inside = ends_m[:, 0] + part * (ends_m[:, 1] - ends_m[:, 0])
    return np.maximum(inside + beyond_m, 0.0)


def _moved_over(travelled_m: Numbers, old: Curve, new: Curve) -> Numbers:
    return new.travelled_m(old.sigma_m(travelled_m))


def _per_metre(down_m: Numbers, length_m: Numbers, tail_m: Numbers, head_m: Numbers) -> Numbers:
    """Return the share of a streak's gas per metre along it, `down_m` from its tail, for widths at tail and head."""
    middle = (tail_m + head_m) / 2
    stretch = np.maximum(length_m, _ROUND * middle)
    drawn = (ndtr(down_m / tail_m) - ndtr((down_m - length_m) / head_m)) / stretch
    dot = np.exp(-0.5 * ((down_m - length_m / 2) / middle) ** 2) / (np.sqrt(2 * np.pi) * middle)
    return np.where(length_m > _ROUND * middle, np.maximum(drawn, 0.0), dot)


def _apart(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of the ascending numbers that leave no streak in two pairs."""
    kept: list[int] = []
    for pair in pairs.tolist():
        if not kept or pair > kept[-1] + 1:
            kept.append(pair)
    return np.array(kept, np.int64)


def _joined(s: _Streaks, pairs: NDArray[np.int64]) -> _Streaks:
    """Join each of the streaks with these numbers with the one after it, which left the source later."""
    if not len(pairs):
        return s
    old, new = s[pairs], s[pairs + 1]
    mass = old.mass_kg + new.mass_kg
    whole = _Streaks(
        mass_kg=mass,
        tail_m=new.tail_m,
        head_m=old.head_m,
        height_m=(old.mass_kg * old.height_m + new.mass_kg * new.height_m) / mass,
        across_m=np.stack((new.across_m[:, 0], old.across_m[:, 1]), 1),
        up_m=np.stack((new.up_m[:, 0], old.up_m[:, 1]), 1),
    )
    for f in fields(s):
        getattr(s, f.name)[pairs] = getattr(whole, f.name)
    keep = np.ones(len(s), bool)
    keep[pairs + 1] = False
    return s[keep]
