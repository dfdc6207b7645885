"""What goes wrong at the demo site, and when: the plan of every cycle of about ten minutes, drawn from the seed."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

CYCLE_S = 600
"""A cycle begins every ten minutes; its events are jittered within it."""

LEAK_FROM_DEG = (240.0, 290.0)
"""Wind that carries the leak to the first detector, and to the second."""
_PREVAILING_FROM_DEG = 262.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One telling of the story; times in seconds since the start of the simulation.

    The tank being overfilled: the one gauge sticks at `stuck_s`, the level passes h at `high_s`, the filling is
    stopped at `stop_s`, the gauge is freed at `freed_s`. The leak: opens at `leak_s`, the wind turns between
    `turn_s` and `turned_s`, it is isolated at `isolated_s`; `leak_g_s` is its rate. The transmitter says nothing
    in [`dead_s`, `alive_s`). The planned filling of the neighbour tank runs in [`plan_s`, `plan_end_s`).
    """

    number: int
    stuck_s: float
    high_s: float
    stop_s: float
    freed_s: float
    leak_s: float
    turn_s: float
    turned_s: float
    isolated_s: float
    leak_g_s: float
    dead_s: float
    alive_s: float
    plan_s: float
    plan_end_s: float


class Story:
    """The plans of all cycles of one seed; a pure function of the seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.cycle = lru_cache(maxsize=8)(self._cycle)

    def _cycle(self, number: int) -> Cycle:
        draw = np.random.Generator(np.random.PCG64([self._seed, number, 0x5707]))

        def at(low: float, high: float) -> float:
            return round(float(draw.uniform(low, high)), 3)

        base = CYCLE_S * number + (at(-15, 15) if number else 0.0)
        high = base + at(31, 37)
        stop = high + at(80, 88)
        leak = base + at(67, 73)
        turn = leak + at(22, 27)
        dead = base + at(35, 41)
        plan = base + at(18, 24)
        return Cycle(
            number=number,
            stuck_s=base + at(12, 16),
            high_s=high,
            stop_s=stop,
            freed_s=stop + at(125, 135),
            leak_s=leak,
            turn_s=turn,
            turned_s=turn + at(12, 18),
            isolated_s=base + at(147, 153),
            leak_g_s=at(5.6, 6.6),
            dead_s=dead,
            alive_s=dead + at(70, 85),
            plan_s=plan,
            plan_end_s=plan + at(130, 150),
        )

    def at(self, t_s: float) -> Cycle:
        """Return the cycle that `t_s` lies in; a cycle's jitter never reaches before its neighbour's last event."""
        return self.cycle(max(0, int((t_s + CYCLE_S / 6) // CYCLE_S)))

    def wind_from_deg(self, t_s: float) -> float:
        """Return the mean wind direction at the cold store: it turns during the leak, else it wanders a little."""
        now = self.at(t_s)
        times = (
            now.leak_s - 25,
            now.leak_s - 5,
            now.turn_s,
            now.turned_s,
            now.isolated_s + 30,
            now.freed_s + 90,
        )
        calm = _PREVAILING_FROM_DEG
        degrees = (calm, LEAK_FROM_DEG[0], LEAK_FROM_DEG[0], LEAK_FROM_DEG[1], LEAK_FROM_DEG[1], calm)
        return float(np.interp(t_s, times, degrees))

    def leak_g_s(self, t_s: float) -> float:
        """Return the rate of the leak: it opens within 2 s and dies away within 10 s of its isolation."""
        now = self.at(t_s)
        times = (now.leak_s, now.leak_s + 2, now.isolated_s, now.isolated_s + 10)
        return float(np.interp(t_s, times, (0.0, now.leak_g_s, now.leak_g_s, 0.0)))
