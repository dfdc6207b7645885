"""The slow, obvious version of what is learnt sample after sample: spike, step, variance, oscillation; with stuck and noise,
which share its blocks. It keeps the samples of a block in a list and works everything out at the block's end.
"""

import math
from typing import Any

from tests.detectors.oracle_health import Edge, Rest, Told, depth

BLOCK = 32
DAY = 86_400e9


class Taught:
    """Mean and variance of the blocks so far."""

    def __init__(self) -> None:
        self.mean = self.var = 0.0

    def teach(self, x: float, blocks: int, share: float = 1.0) -> None:
        weight = 1.0 / min(blocks + 1, 64) * share
        r = x - self.mean
        if blocks >= 16:
            most = 3.0 * math.sqrt(max(self.var, 0.01))
            r = min(max(r, -most), most)
        self.var = (1.0 - weight) * (self.var + weight * r * r)
        self.mean += weight * r


class PulseOracle:
    """One sensor whose other methods are off and which has no range."""

    def __init__(self, p: dict[str, Any], q: dict[str, Any]) -> None:
        self.p, self.q = p, q
        self.samples: list[tuple[int, float]] = []  # of the block, after the one before it
        self.changes: list[float] = []  # of the block, and the one before
        self.gap: float = -1
        self.pace = 0.0
        self.gate = math.inf
        self.resolution = math.inf
        self.scale = 0.0
        self.share, self.excess = 0.005, 0.25
        self.blocks = 0
        self.tails = 0
        self.noise, self.spread = Taught(), Taught()
        self.noise_edge, self.variance = Edge(), Edge()
        self.rest = Rest(q)
        self.watched: list[float] = []  # values since the jump that is followed
        self.jump: tuple[int, float, float] = (0, 0.0, 0.0)  # time, base, size
        self.reach = (0.0, 0.0)
        self.told_spike: int | None = None
        self.next_spike: int | None = None
        self.told_step: tuple[int, float, float] | None = None
        self.centre: float | None = None
        self.band = 0.0
        self.side = 0
        self.crossed = 0
        self.half = 0
        self.half_swing = 0.0
        self.offs: list[float] = []  # |distance from the centre| since it was crossed
        self.regular = 0
        self.swinging: int | None = None

    @property
    def sick(self) -> bool:
        return self.rest.sick or self.noise_edge.active or bool(self.noise_edge.pending)

    def read(self, t: int, v: float) -> list[Told]:
        """Take in one good reading."""
        if not self.samples:
            self._begin(t, v)
            self.gap = 2.0**70
            return []
        before, prev = self.samples[-1]
        found: list[Told] = []
        stuck = False
        if v == prev:
            so_far = len(self.samples) - 1
            pace = self.pace if self.pace > 0 else (before - self.samples[0][0]) / max(so_far, 1)
            found += self.rest.same(t, v, pace)
        else:
            stuck, found = self.rest.moved(t)
        if stuck or t - before > self.gap:
            if not stuck:
                self.gap *= 2
            self._begin(t, v)
            return found
        if v != prev:
            self.resolution = min(self.resolution, abs(v - prev))
        found += self._jumps(t, v, prev)
        found += self._swings(t, v)
        self.samples.append((t, v))
        self.changes.append(v - prev)
        if self.centre is not None:
            self.offs.append(abs(v - self.centre))
        else:
            self.offs.append(abs(v))
        if len(self.samples) == BLOCK + 1:
            found += self._end_block(t, v)
        return found

    def _begin(self, t: int, v: float) -> None:
        self.samples, self.changes = [(t, v)], [0.0]
        self.tails = 0
        self.watched, self.side, self.offs, self.regular = [], 0, [], 0

    def _reach(self, method: str) -> float:
        f = self.p[f"{method}_false_per_day"]
        if math.isnan(f):
            return math.inf
        often = DAY / max(self.pace, 1.0) * self.share / f
        return self.gate * (1.0 + self.excess * math.log(max(often, 1.0)))

    def _jumps(self, t: int, v: float, prev: float) -> list[Told]:
        found: list[Told] = []
        far = abs(v - prev) > self.gate
        if self.told_spike is not None:
            found.append((t, "spike", "recovered", self.told_spike))
            self.told_spike = None
        if self.told_step is not None:
            onset, base, size = self.told_step
            if (v - base) / size < 0.3 or t - onset >= self.p["step_hold_ns"]:
                found.append((t, "step", "recovered", onset))
                self.told_step = None
        if self.watched:
            found += self._follow(t, v)
        elif far and self.blocks >= 2 and not self.sick:
            size = abs(v - prev)
            self.reach = self._reach("spike"), self._reach("step")
            learnt = min(size, *self.reach) / self.gate - 1.0
            self.excess = max(self.excess + (learnt - self.excess) / 32, 0.05)
            self.tails += 1
            if size > max(self.p["jump_min"], 3.0 * self.resolution) and size > min(self.reach):
                self.watched, self.jump = [v], (t, prev, v - prev)
        return found

    def _follow(self, t: int, v: float) -> list[Told]:
        onset, base, size = self.jump
        away = (v - base) / size
        if away >= 0.5 and len(self.watched) + 1 < self.p["step_samples"]:
            self.watched.append(v)
            return []
        n, self.watched = len(self.watched), []
        ready = self.next_spike is None or t >= self.next_spike
        if away < 0.3 and n <= 2 and abs(size) > self.reach[0] and ready:
            self.told_spike, self.next_spike = onset, t + int(self.p["spike_gap_ns"])
            return [(t, "spike", "raised", onset)]
        if 0.5 <= away <= 1.5 and abs(size) > self.reach[1] and self.told_step is None:
            self.told_step = self.jump
            return [(t, "step", "raised", onset)]
        return []

    def _swings(self, t: int, v: float) -> list[Told]:
        off = v - (self.centre or 0.0)
        crossed = self.side * off < -self.band
        half = t - self.crossed
        if not crossed and not (self.swinging is not None and half > 2 * self.half):
            return []
        total = 0.0
        for x in self.offs:
            total += x
        wide = total / max(half, 1) * max(self.pace, 1.0)
        alike = (
            crossed
            and wide >= max(2.0 * self.band, self.p["oscillation_min"])
            and half < 1.5 * self.half
            and self.half < 1.5 * half
            and wide < 2.0 * self.half_swing
            and self.half_swing < 2.0 * wide
        )
        if crossed:
            self.crossed, self.half, self.half_swing, self.side, self.offs = t, half, wide, -self.side, []
        self.regular = self.regular + 1 if alike else 0
        f = self.p["oscillation_false_per_day"]
        needed = (
            1 << 30
            if math.isnan(f)
            else max(6, math.ceil(math.log(min(f * max(half, 1) / DAY, 1.0)) / math.log(0.2)))
        )
        if self.swinging is None and self.regular >= needed and not self.sick:
            self.swinging = t - self.regular * half
            return [(t, "oscillation", "raised", self.swinging)]
        if self.swinging is not None and not alike:
            onset, self.swinging = self.swinging, None
            return [(t, "oscillation", "recovered", onset)]
        return []  # fmt: skip

    def _end_block(self, t: int, v: float) -> list[Told]:
        began, first = self.samples[0]
        pace = (t - began) / BLOCK
        self.pace = pace if self.pace == 0.0 else self.pace + (pace - self.pace) / 4.0
        self.gap = max(1, int(min(5.0 * self.pace, 2.0**61)))
        resolution = self.resolution if self.resolution < math.inf else 0.0
        changes, bends = 0.0, 0.0
        sy = syy = sky = 0.0
        for k in range(1, BLOCK + 1):
            changes += min(abs(self.changes[k]), self.gate)
            bends += min(abs(self.changes[k] - self.changes[k - 1]), 2.0 * self.gate)
            y = self.samples[k][1] - first
            sy, syy, sky = sy + y, syy + y * y, sky + k * y
        zeros = sum(c == 0.0 for c in self.changes[1:])
        along = sky - 528.0 * sy / BLOCK
        residual = max(syy - sy * sy / BLOCK - along * along / (11440.0 - 528.0 * 528.0 / BLOCK), 0.0) / 30
        bend = bends / BLOCK
        noise = math.log(bend + 0.25 * resolution + 1e-300)
        spread = math.log(residual + resolution * resolution / 12.0 + 1e-300)

        found: list[Told] = []
        healthy = not self.rest.sick
        noisy = False
        if self.blocks >= 16:
            noisy, found = self._noise(t, began, noise, spread)
            if not self.sick and not noisy:
                found += self._variance(t, began, spread, noise - self.noise.mean, zeros)
        if healthy:
            self.noise.teach(noise, self.blocks, 0.25 if self.sick else 1.0)
            if not self.sick:
                self._learn(spread, changes, zeros, v)
            self.rest.learn(zeros, self.pace)
        elif not self.rest.on:
            self.rest.suspect = 1 << 28
        mean = first + sy / BLOCK
        self.centre = (
            mean if self.band == 0.0 or self.centre is None else self.centre + (mean - self.centre) / 8.0
        )
        self.band = max(bend, resolution, 0.25 * self.p["oscillation_min"])
        if self.side == 0:
            self.side, self.offs, self.crossed = (1 if v > self.centre else -1), [], t
        self.samples, self.changes, self.tails = [(t, v)], self.changes[-1:], 0
        return found  # fmt: skip

    def _learn(self, spread: float, changes: float, zeros: int, v: float) -> None:
        self.spread.teach(spread, self.blocks)
        if zeros < BLOCK:
            mean = changes / (BLOCK - zeros)
            self.scale = mean if self.scale == 0.0 else self.scale + (mean - self.scale) / 8.0
        self.share += (min(self.tails, 4) / BLOCK - self.share) / 64
        self.blocks = min(self.blocks + 1, 64)
        self.gate = 4.0 * max(self.scale, 1e-9 * abs(v), 1e-12)

    def _noise(self, t: int, began: int, noise: float, spread: float) -> tuple[bool, list[Told]]:
        k = depth(self.q["noise_false_per_day"], self.pace, self.blocks)
        rise = noise - self.noise.mean
        z = rise / max(math.sqrt(self.noise.var), 0.2)
        slower = spread - self.spread.mean < 2.0 * rise + math.log(4.0)
        inside = z >= k and rise >= math.log(self.q["noise_times"]) and slower
        edge = self.noise_edge.move(began, inside=bool(inside), outside=z < 0.5 * k, least=2)
        told: list[Told] = [(t, "noise", edge, self.noise_edge.onset)] if edge else []
        return bool(inside or self.noise_edge.active), told

    def _variance(self, t: int, began: int, spread: float, rise: float, zeros: int) -> list[Told]:
        k = depth(self.p["variance_false_per_day"], self.pace, self.blocks)
        change = spread - self.spread.mean
        if change > 0.0:
            change = max(change - 2.0 * max(rise, 0.0), 0.0)
        z = change / max(math.sqrt(self.spread.var), 0.3)
        inside = abs(z) >= k and abs(change) >= 2.0 * math.log(self.p["variance_times"])
        inside = bool(inside and not (z < 0.0 and 2 * zeros > BLOCK))
        edge = self.variance.move(
            began, inside=inside, outside=abs(z) < 0.5 * k, least=int(self.p["variance_blocks"])
        )
        return [(t, "variance", edge, self.variance.onset)] if edge else []
