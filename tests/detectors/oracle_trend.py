"""The slow, obvious version of course, forecast and mode: whole lists of blocks, windows cut from them, one rule after another."""

import math
from dataclasses import dataclass, field
from typing import Any

from detectors.clock import Clock
from detectors.memory import Params
from detectors.state import TANK
from tests.detectors.oracle import LIMITS, OracleBank, Sensor

MODES = ("unknown", "fill", "hold", "drain", "idle")
Block = tuple[int, float]


@dataclass
class Course:
    """What is kept of one sensor: readings until their block closes, blocks of three scales, what was learnt."""

    readings: list[tuple[int, float]] = field(default_factory=list)
    open: list[tuple[int, float]] = field(default_factory=list)
    closed: int = 0
    blocks: list[list[Block]] = field(default_factory=lambda: [[], [], []])
    noise: list[list[float]] = field(default_factory=lambda: [[0, 0.0] for _ in range(4)])
    step: float = math.inf
    nearness: float = 0.0
    target: int | None = None
    left: float = math.inf
    slope: float = 0.0
    span: float = 0.0
    known: bool = False
    aimed: bool = False
    state: str = "off"
    told: int = 0
    urgent: bool = False
    turns: int = 0
    extreme: float = 0.0
    turned: dict[int, tuple[int, float]] = field(default_factory=dict)
    steepest: dict[int, float] = field(default_factory=lambda: {1: 0.0, 2: 0.0})


@dataclass
class Mode:
    mode: str = "unknown"
    since: int = 0
    wanted: tuple[str, int] | None = None
    ruling: str = "unknown"
    changed: int | None = None


def learn(noise: list[float], new: Block, mid: Block, old: Block) -> None:
    """Put what three blocks say of their noise into a mean that forgets."""
    t1, t2, y1, y2 = mid[0] - new[0], old[0] - new[0], mid[1] - new[1], old[1] - new[1]
    if t2 == 2 * t1:
        off = y1 - 0.5 * y2
        var = off * off * (1.0 / 1.5)
    else:
        share = t1 / t2
        off = y1 - share * y2
        var = off * off / (1.0 + share * share + (1.0 - share) * (1.0 - share))
    if noise[0] < 16:
        noise[1] += 1.0 / (noise[0] + 1) * (var - noise[1])
    else:
        noise[1] += 1.0 / 64 * (min(var, 9.0 * noise[1]) - noise[1])
    noise[0] = min(noise[0] + 1, 64)


def at_most(noise: list[float]) -> float:
    """Return what a variance is at most with 90 % confidence, by Wilson and Hilferty's chi-square quantile."""
    if noise[0] == 0:
        return math.inf
    part = 2.0 / (9.0 * noise[0])
    root = max(1.0 - part - 1.2815515655446004 * math.sqrt(part), 0.25)
    return noise[1] / (root * root * root)


def merged(four: list[Block]) -> Block:
    total = 0.0
    for _, y in reversed(four):
        total += y
    return four[0][0] + ((four[3][0] - four[0][0]) >> 1), total / 4


def line(points: list[tuple[float, float]]) -> tuple[float, ...]:
    x = y = xx = xy = yy = 0.0
    for a, b in points:
        x, y, xx, xy, yy = x + a, y + b, xx + a * a, xy + a * b, yy + b * b
    return x, y, xx, xy, yy


def slope_by(n: int, x: float, y: float, xx: float, xy: float) -> tuple[float, float]:
    spread = xx - x * x / n
    return (xy - x * y / n) / spread, spread


def alike(a: float, b: float) -> bool:
    return a * b > 0.0 and max(abs(a), abs(b)) <= 4.0 * min(abs(a), abs(b))


class TrendOracle(OracleBank):
    def __init__(self, params: Params, clock: Clock) -> None:
        super().__init__(params, clock)
        self.params = params
        self.ahead = [{name: row[name] for name in row.dtype.names or ()} for row in params.ahead]
        self.tanks = [{name: row[name] for name in row.dtype.names or ()} for row in params.tanks]
        self.courses = [Course() for _ in self.sensors]
        self.modes = [Mode() for _ in self.sensors]

    # the course

    def follow(self, i: int, s: Sensor, t: int, v: float) -> float:
        c, watch = self.courses[i], int(s.p["watch"])
        c.aimed = False
        if not s.p["course_every_ms"]:
            return 0.0
        if self.joined(i, s, t, v):
            pushed = len(c.blocks[0])
            if watch & TANK and (pushed % 4 == 0 or pushed == 1):
                self.judge_mode(i, t)
            standing = c.target is not None or self.stands(i)
            if watch >> 5 & 1 and (standing or not self.ahead[i]["ahead_lo"] < v < self.ahead[i]["ahead_hi"]):
                self.look_ahead(i, s, t, v)
                c.aimed = standing or c.target is not None
        return c.nearness

    def joined(self, i: int, s: Sensor, t: int, v: float) -> bool:
        c, every = self.courses[i], int(s.p["course_every_ms"]) * 1_000_000
        if c.readings:
            gap = t - c.readings[-1][0]
            if gap > every and gap > self.ahead[i]["stale_ns"]:
                c.readings, c.open, c.blocks = [], [], [[], [], []]
        c.readings.append((t, v))
        if len(c.readings) < 3:
            if len(c.readings) == 2:
                c.closed = t - every
            return False
        (_, before), (at, last), _ = c.readings[-3:]
        c.open.append((at, sorted((before, last, v))[1]))
        if at - c.closed < every:
            return False
        if v != last:
            c.step = min(c.step, abs(v - last))
        total = 0.0
        for _, y in c.open:
            total += y
        block = (c.open[0][0] + ((at - c.open[0][0]) >> 1), total / len(c.open))
        c.closed, c.open = at, []
        for k in range(3):
            blocks = c.blocks[k]
            blocks.append(block)
            if len(blocks) >= 3:
                learn(c.noise[k], *blocks[:-4:-1])
            if len(blocks) % 4:
                break
            if k == 2 and len(blocks) >= 12:
                learn(c.noise[3], merged(blocks[-4:]), merged(blocks[-8:-4]), merged(blocks[-12:-8]))
            block = merged(blocks[-4:])
        return True

    def var(self, i: int, k: int) -> float:
        c = self.courses[i]
        step = float(min(self.ahead[i]["step"], c.step))
        return max(c.noise[k][1], step * step / 12.0)

    def window(self, i: int, k: int, size: int) -> tuple[float, float, float, float, float]:
        """Slope, error, slopes of the older and the newer half, span."""
        c = self.courses[i]
        newest_first = c.blocks[k][: -size - 1 : -1]
        t0, y0 = newest_first[0]
        points = [((t - t0) * 1e-9, y - y0) for t, y in newest_first]
        new, old = line(points[: size // 2]), line(points[size // 2 :])
        x, y, xx, xy, yy = (a + b for a, b in zip(old, new, strict=True))
        slope, spread = slope_by(size, x, y, xx, xy)
        rest = max(yy - y * y / size - slope * slope * spread, 0.0)
        var = self.var(i, k)
        once = min(at_most(c.noise[k + 1]), 6.0 * var)
        twice = min(at_most(c.noise[min(k + 2, 3)]), 6.0 * once)
        span = -points[-1][0]
        error = max(
            math.sqrt(max(rest / (size - 2), var) / spread),
            2.0 * math.sqrt(once + 0.5 * twice) / span,
            1e-6 * abs(slope),
        )
        return slope, error, slope_by(size // 2, *old[:4])[0], slope_by(size // 2, *new[:4])[0], span

    def slope_of(self, i: int) -> tuple[float, float, float, float]:
        """Slope, span, bend, and the span of that."""
        low, high, best, rejected = -math.inf, math.inf, (0.0, math.inf, 0.0, 0.0, 0.0), None
        for k, size in ((k, size) for k in range(3) for size in (6, 12)):
            if len(self.courses[i].blocks[k]) < size:
                continue
            found = self.window(i, k, size)
            low, high = max(low, found[0] - 2.0 * found[1]), min(high, found[0] + 2.0 * found[1])
            if low > high or found[1] > 1.5 * best[1]:
                rejected = found
                break
            best = found
        slope, error, older, newer, span = best
        if abs(slope) <= self.ahead[i]["sigmas"] * error or not alike(older, newer):
            return 0.0, span, 0.0, 0.0
        if rejected is None or not alike(rejected[2], slope):
            return slope, span, 0.0, 0.0 if rejected is None else rejected[4]
        bend = (slope - rejected[2]) / (slope * (0.75 * rejected[4] - 0.5 * span))
        return slope, span, bend, rejected[4]

    def settles_short(self, i: int, seen: float, gap: float) -> bool:
        """Whether the halves of a window say that the value comes to rest within half of the gap."""
        shortest = self.courses[i].blocks[0][-12:]
        if (shortest[-1][0] - shortest[0][0]) * 1e-9 < seen:
            return False
        for size in (6, 12):
            if len(self.courses[i].blocks[0]) < size:
                continue
            _, _, older, newer, span = self.window(i, 0, size)
            if gap < 0:
                older, newer = -older, -newer
            half, every = size // 2, span / (size - 1)
            error = math.sqrt(2.0 * self.var(i, 0) / (every * every * half * (half * half - 1) / 12.0))
            if older - newer <= 3.0 * error:
                continue
            if newer <= 0 or 2.0 * newer * half * every <= abs(gap) * math.log(older / newer):
                return True
        return False

    # forecast

    def stands(self, i: int) -> bool:
        condition = self.sensors[i].condition("forecast")
        return condition.active or bool(condition.pending)

    def gate(self, i: int, s: Sensor, v: float) -> bool:
        a, c = self.ahead[i], self.courses[i]
        for k in range(3):
            if not c.blocks[k]:
                return False
            now, then = c.blocks[0][-1], c.blocks[k][-12:][0]
            moved, took = now[1] - then[1], (now[0] - then[0]) * 1e-9
            if moved * moved <= 4.0 * self.var(i, k):
                continue
            if v <= a["ahead_lo"] and moved < 0:
                gap = s.p["limit"][1] - v
            elif v >= a["ahead_hi"] and moved > 0:
                gap = s.p["limit"][2] - v
            else:
                continue
            if math.isnan(gap) or gap * moved <= 0 or gap / moved * took <= 2.0 * a["forecast_s"]:
                return True
        return False

    def look_ahead(self, i: int, s: Sensor, t: int, v: float) -> None:
        a, c = self.ahead[i], self.courses[i]
        c.target, c.left, c.nearness, c.known = None, math.inf, 0.0, True
        if not self.stands(i) and not self.gate(i, s, v):
            return
        slope, c.span, bend, bent = self.slope_of(i)
        c.known = c.span > 0
        if slope == 0 or (v < a["ahead_hi"] if slope > 0 else v > a["ahead_lo"]):
            return
        for k in (2, 3, 4) if slope > 0 else (1, 0):
            limit = float(s.p["limit"][k])
            if (v < limit if slope > 0 else v > limit) and not s.condition(LIMITS[k]).active:
                break
        else:
            return
        at, now = c.blocks[0][-1]
        left = (limit - now) / slope
        if bend and left <= 4.0 * bent:
            grown = 1.0 + bend * left
            if grown > 0:
                left = math.log(grown) / bend
            elif left > a["urgent_s"]:
                left = math.inf
        left -= (t - at) * 1e-9
        if left > 12.0 * c.span or self.settles_short(i, c.span, limit - now):
            return
        c.target, c.left, c.slope = k, max(left, 0.0), abs(slope)
        if not self.usual(i, s, v):
            c.nearness = a["forecast_s"] / max(c.left, 0.01 * a["forecast_s"])

    def usual(self, i: int, s: Sensor, v: float) -> bool:
        c = self.courses[i]
        if c.target not in {1, 2}:
            return False
        count, utmost = c.turned.get(c.target, (0, 0.0))
        if count < (20 if c.left <= self.ahead[i]["urgent_s"] else 5) or c.slope > 1.5 * c.steepest[c.target]:
            return False
        return bool((v - utmost if c.target == 2 else utmost - v) <= s.p["deadband"])

    def end(self, c: Course, came: bool) -> bool:
        told, c.state, c.nearness = c.state == "told", "off", 0.0
        if c.told in {1, 2}:
            if came:
                utmost = c.turned.get(c.told, (0, 0.0))[1]
                c.turned[c.told], c.steepest[c.told] = (0, utmost), 0.0
            else:
                count, utmost = c.turned.get(c.told, (0, 0.0))
                further = max if c.told == 2 else min
                c.turned[c.told] = (
                    min(count + 1, 20),
                    further(utmost, c.extreme) if count else c.extreme,
                )
        return told

    def after_limits(self, i: int, s: Sensor, t: int, v: float) -> list[tuple[Any, ...]]:
        a, c, f = self.ahead[i], self.courses[i], s.condition("forecast")
        if not c.aimed and not self.stands(i):
            return []

        def note(edge: str) -> list[tuple[Any, ...]]:
            return [(self.now, i, "forecast", edge, LIMITS[c.told], f.onset)]

        if f.active and s.condition(LIMITS[c.told]).active:
            f.active, f.pending = False, []
            return note("recovered") if self.end(c, True) else []
        if not c.aimed:
            return []
        if not f.active:
            near = 10.0 <= c.left <= a["forecast_s"]
            if not f.move(t, inside=near, outside=False, on=0, off=0, least=a["samples"]):
                return []
            assert c.target is not None
            f.onset = t - int(c.span / 1e-9)
            c.told, c.urgent, c.turns, c.extreme = c.target, bool(c.left <= a["urgent_s"]), 0, v
            c.state = "withheld" if self.usual(i, s, v) else "told"
            return note("raised") if c.state == "told" else []
        high = c.told >= 2
        c.extreme = max(c.extreme, v) if high else min(c.extreme, v)
        limit = s.p["limit"][c.told]
        reached = v >= limit if high else v <= limit
        gone = bool(c.known and not reached and (c.target != c.told or c.left > 1.5 * a["forecast_s"]))
        if f.move(t, inside=False, outside=gone, on=0, off=s.p["off_delay_ns"]):
            return note("recovered") if self.end(c, False) else []
        if gone or reached or c.target != c.told:
            return []
        side = 2 if high else 1
        c.steepest[side] = max(c.steepest[side], c.slope)
        if c.state == "withheld":
            if self.usual(i, s, v):
                return []
            c.state, c.urgent, c.turns = "told", bool(c.left <= a["urgent_s"]), 0
            return note("raised")
        c.turns = (
            c.turns + 1 if (c.left > 3.0 * a["urgent_s"] if c.urgent else c.left <= a["urgent_s"]) else 0
        )
        if c.turns < a["samples"]:
            return []
        c.urgent, c.turns = not c.urgent, 0
        return note("raised")

    # mode

    def judge_mode(self, i: int, t: int) -> None:
        tank, m = self.tanks[i], self.modes[i]
        way = self.direction(i)
        if len(self.courses[i].blocks[0]) == 1:
            m.mode, m.since, m.wanted = "unknown", t, None
        wanted = {1: "fill", -1: "drain", 0: "hold"}[way]
        if not way and (m.mode == "idle" or (m.mode == "hold" and t - m.since >= tank["idle_ns"])):
            wanted = "idle"
        if wanted == m.mode:
            m.wanted = None
        else:
            if m.wanted is None or m.wanted[0] != wanted:
                m.wanted = (wanted, t)
            if wanted == "idle" or t - m.wanted[1] >= tank["least_ns"]:
                m.mode, m.since, m.wanted = wanted, m.wanted[1], None
        alive = [row for row in self.levels(i) if not self.sensors[row].condition("dead").active]
        equipment = self.modes[tank["first"]]
        if (alive or self.levels(i))[0] == i and equipment.ruling != m.mode:
            if equipment.ruling != "unknown" and not {equipment.ruling, m.mode} <= {"hold", "idle"}:
                equipment.changed = t
            equipment.ruling = m.mode
            self.set_points(int(tank["first"]), m.mode)

    def levels(self, i: int) -> list[int]:
        rows, row = [], int(self.tanks[i]["first"])
        while row >= 0:
            rows.append(row)
            row = int(self.tanks[row]["next"])
        return rows

    def direction(self, i: int) -> int:
        c, tank, m = self.courses[i], self.tanks[i], self.modes[i]

        def change(k: int) -> tuple[float, float]:
            now, then = c.blocks[0][-1], c.blocks[k][-12:][0]
            return now[1] - then[1], (now[0] - then[0]) * 1e-9

        for k in range(3):
            if len(c.blocks[k]) < 4:
                return 0
            moved, took = change(k)
            way = 1 if moved > 0 else -1
            least = tank["moving"] * (0.5 if m.mode == ("fill" if way > 0 else "drain") else 1.0)
            if abs(moved) < least * took or moved * moved < 2.0 * 4.0 * 4.0 * self.var(i, k):
                continue
            for j in range(k):
                shorter, took_j = change(j)
                expected = moved / took * took_j
                if expected * expected >= 2.0 * 4.0 * 4.0 * self.var(i, j) and shorter * way < 0.5 * abs(
                    expected
                ):
                    break
            else:
                return way
        return 0

    def set_points(self, first: int, mode: str) -> None:
        for row in self.params.setpoints:
            if row["first"] == first and MODES[row["mode"]] == mode:
                s, a = self.sensors[row["sensor"]], self.ahead[row["sensor"]]
                s.p["limit"] = [float(x) for x in row["limit"]]
                a["ahead_lo"], a["ahead_hi"] = row["ahead_lo"], row["ahead_hi"]
