"""The city, for load: readings of every enterprise every second, lively and cheap, and a few overfilled tanks.

Theory of operation: every true value is a function of the time alone, made of straight lines and parabolas, so that it
is the same to the last bit on every machine; only the noise is drawn, a block of seconds from a stream of its own. So
blocks could be made in any order, and any number of seconds is the beginning of any larger one. No enterprise sends at
the same millisecond as another one of its thousandth: load arrives evenly.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from registry.plant import Text
from sim.city_layout import GROUPS, SENSORS, TANKS, CityLayout
from sim.recorded import Recorded
from sim.writing import time_texts

ENTERPRISES = 2000
CITY_SENSORS = ENTERPRISES * SENSORS
CITY_TEXT = Text(
    zh="城市：2 000 家企业、100 000 个测点，每秒一次，用于负载；每小时约百分之一的企业有一座储罐过量充装",
    en="city: 2 000 enterprises, 100 000 sensors, one reading a second each, for load; every hour a tank is overfilled at "
    "about one enterprise in a hundred",
)

_NS = 1_000_000_000
_NS_PER_MS = 1_000_000
_BLOCK_S = 10
"""Seconds made in one go. Noise is drawn by block, so it is part of what a seed means."""
_Array = NDArray[np.float64]


_HOUR_S = 3600
_PARAMETERS, _NOISE, _EVENTS = 71, 72, 73
_ONE_IN = 100
"""Enterprises with an overfilled tank in an hour: one in so many."""
_TOP = 0.96
"""An overfilled tank comes up to this share of its height, above hh."""
_DRAIN_S = 600
_BRISK_S = 1000
_R_PER_TONNE = 0.045
_GRADES = ((100.0, "red"), (50.0, "orange"), (10.0, "orange"), (0.0, "yellow"))
"""By the source's R: what the default grade table has for a tank beyond hh that no second sensor confirms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overfill:
    """A tank that is filled on: from onset to its top in `rise_s`, held there, and drained from `end_s` on."""

    enterprise: int
    tank: int
    onset_s: int
    rise_s: int
    end_s: int

    def share(self, t_s: _Array) -> _Array:
        """Return how far the tank is from its usual level to its top at these times, 0 to 1."""
        up = np.clip((t_s - self.onset_s) / self.rise_s, 0.0, 1.0)
        return np.asarray(up - np.clip((t_s - self.end_s) / _DRAIN_S, 0.0, 1.0))


class City:
    """The readings of a city from a seed: the same seed gives the same, however long."""

    def __init__(self, layout: CityLayout, seed: int, start_ns: int) -> None:
        self.layout = layout
        self._seed = seed
        self._start_ns = start_ns
        n = layout.enterprises
        rng = _stream(seed, _PARAMETERS)
        self._period_s = np.floor(rng.uniform(6, 14, (n, TANKS)) * 3600)
        self._phase = rng.random((n, SENSORS))
        self._base = rng.random((n, SENSORS))
        self._quick_s = np.floor(rng.uniform(900, 3600, (n, SENSORS)))
        self._scale = np.repeat([10.0**group.decimals for group in GROUPS], [group.count for group in GROUPS])
        self._least = np.repeat([group.range_lo for group in GROUPS], [group.count for group in GROUPS])
        noise = [np.full(group.count, _SIGMA[group.type]) for group in GROUPS]
        self._sigma = np.concatenate(noise).astype(np.float32)
        self._column = np.tile(np.arange(n * SENSORS, dtype=np.int32), _BLOCK_S)
        ahead = (np.arange(n, dtype=np.int64) * 1000 // n) * _NS_PER_MS
        self._after_ns = (
            np.arange(_BLOCK_S, dtype=np.int64)[:, None] * _NS + np.repeat(ahead, SENSORS)
        ).ravel()

    def readings(self, seconds: int) -> Iterator[Recorded]:
        """Yield the readings of the first seconds, in the order of their times."""
        n = len(self.layout.names)
        for first in range(0, seconds, _BLOCK_S):
            size = min(_BLOCK_S, seconds - first) * n
            yield Recorded(
                names=self.layout.names,
                column=self._column[:size],
                t_ns=self._start_ns + first * _NS + self._after_ns[:size],
                value=self._block(first).reshape(-1)[:size],
            )

    def _block(self, first: int) -> _Array:
        """Return what all sensors send in the block of seconds that begins with `first`."""
        noise = _stream(self._seed, _NOISE, first // _BLOCK_S).standard_normal(
            (_BLOCK_S, self.layout.enterprises, SENSORS), np.float32
        )
        value = self.true(np.arange(first, first + _BLOCK_S, dtype=np.float64))
        value += noise * self._sigma
        np.maximum(value, self._least, out=value)
        value *= self._scale
        np.rint(value, out=value)
        value /= self._scale
        value += 0.0  # no negative zero
        return value

    def true(self, t_s: _Array) -> _Array:
        """Return the true values at these seconds, by second, enterprise and sensor."""
        n = self.layout.enterprises
        out = np.empty((len(t_s), n, SENSORS))
        t_s = t_s[:, None, None]
        turn = _turn(t_s / self._period_s + self._phase[:, :TANKS])
        at = 0
        for group in GROUPS:
            mine = slice(at, at + group.count)
            out[:, :, mine] = self._kind(group.type, t_s, turn, mine)
            at += group.count
        for event in self._overfills(t_s):
            top = _TOP * self.layout.heights_m[event.enterprise, event.tank]
            level = out[:, event.enterprise, event.tank]
            level += (top - level) * event.share(t_s[:, 0, 0])
        return out

    def overfilled(self, event: Overfill, t_s: _Array) -> _Array:
        """Return the true level of an event's tank at these seconds of its hour, the same as `true` has."""
        place = event.enterprise, event.tank
        height_m = self.layout.heights_m[place]
        turn = _turn(t_s / self._period_s[place] + self._phase[place])
        level = _usual(turn, self._base[place], height_m)
        level += (_TOP * height_m - level) * event.share(t_s)
        return level

    def _kind(self, kind: str, t_s: _Array, turn: _Array, mine: slice) -> _Array:
        """Return true values of one group; `turn` is where each tank is in its round of filling and draining."""
        count = mine.stop - mine.start
        base = self._base[:, mine]
        if kind == "level":
            return _usual(turn, base, self.layout.heights_m)
        if kind == "flow":
            inlet = turn[:, :, :count]
            ends = np.clip(inlet * 60, 0, 1) - np.clip((inlet - _FILLED) * 60, 0, 1)
            return np.asarray(ends * (200 + 250 * base))
        quick = t_s / self._quick_s[:, mine] + self._phase[:, mine]
        if kind in {"gas_combustible", "gas_toxic"}:
            # a whiff of a few units now and then, far below any limit
            whiff = np.clip(1 - np.abs(_turn(quick * 0.1) - 0.5) * 50, 0, 1)
            return np.asarray(0.6 + 0.6 * base + 3.5 * base * whiff)
        day = _wave(t_s / 86_400 + self._phase[:, mine] * 0.1)
        swing, ripple, middle = (
            (0.06, 0.01, 0.6 + 0.5 * base) if kind == "pressure" else (5.0, 0.8, 12 + 12 * base)
        )
        return np.asarray(middle + swing * day + ripple * _wave(quick))

    def _overfills(self, t_s: _Array) -> Iterator[Overfill]:
        """Yield the overfills of the hours that these seconds lie in; each is over before its hour is."""
        for hour in range(int(t_s.min()) // _HOUR_S, int(t_s.max()) // _HOUR_S + 1):
            yield from self.overfills(hour)

    def overfills(self, hour: int) -> list[Overfill]:
        """Return the overfills of an hour of the simulation, by their onset."""
        rng = _stream(self._seed, _EVENTS, hour)
        n = self.layout.enterprises
        chosen = rng.choice(n, max(1, n // _ONE_IN), replace=False).tolist()
        found = []
        for enterprise in chosen:
            tank, onset, rise, held = rng.integers([0, 200, 700, 60], [TANKS, 900, 1500, 400]).tolist()
            onset += hour * _HOUR_S
            found.append(
                Overfill(
                    enterprise=enterprise, tank=tank, onset_s=onset, rise_s=rise, end_s=onset + rise + held
                )
            )
        return sorted(found, key=lambda event: (event.onset_s, event.enterprise))


_FILLED, _FULL, _DRAINED = 0.3, 0.5, 0.85
"""Where in its round a tank is full, begins to be drained, and is empty."""

_SIGMA = {
    "level": 0.0015,
    "pressure": 0.0008,
    "temperature": 0.06,
    "flow": 0.6,
    "gas_combustible": 0.3,
    "gas_toxic": 0.3,
}
"""White noise of each type in its unit, standard deviation."""


def _usual(turn: _Array, base: _Array, height_m: _Array) -> _Array:
    """Return levels, by where in their round the tanks are: between low and high ones of their own."""
    low, high = 0.22 + 0.08 * base, 0.55 + 0.1 * base
    return np.asarray((low + (high - low) * _round(turn)) * height_m)


def _turn(x: _Array) -> _Array:
    """Return the part behind the point: where in its round something is."""
    return np.asarray(x - np.floor(x))


def _round(turn: _Array) -> _Array:
    """Return filled, held, drained and empty as a share, by straight lines."""
    up = np.clip(turn / _FILLED, 0, 1)
    return np.asarray(up - np.clip((turn - _FULL) / (_DRAINED - _FULL), 0, 1))


def _wave(x: _Array) -> _Array:
    """Return a wave of period 1 between -1 and 1 made of parabolas, within 6 % of a sine."""
    v = 2 * _turn(x) - 1
    return np.asarray(4 * v * (1 - np.abs(v)))


def _stream(seed: int, kind: int, number: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, kind, number]))


def city_readings(
    seed: int, start_ns: int, seconds: int, enterprises: int = ENTERPRISES
) -> Iterator[Recorded]:
    """Yield the city's readings in the order of their times."""
    return City(CityLayout(enterprises), seed, start_ns).readings(seconds)


def city_settings(enterprises: int = ENTERPRISES) -> Mapping[str, str]:
    """Return the city's settings files by their names."""
    return CityLayout(enterprises).settings()


def city_truth(seed: int, start_ns: int, seconds: int, enterprises: int = ENTERPRISES) -> dict[str, Any]:
    """Return the truth about the first seconds of the city, in the form of the truth file."""
    city = City(CityLayout(enterprises), seed, start_ns)
    events = [
        _told(city, event, start_ns, seconds)
        for hour in range(-(-seconds // _HOUR_S))
        for event in city.overfills(hour)
        if event.onset_s < seconds
    ]
    begin, end = time_texts([start_ns, start_ns + seconds * _NS])
    return {"scenario": "city", "seed": seed, "start": begin, "end": end, "events": events}


def _told(city: City, event: Overfill, start_ns: int, seconds: int) -> dict[str, Any]:
    """Return an overfill as the truth file has it."""
    layout = city.layout
    hour_s = event.onset_s // _HOUR_S * _HOUR_S
    t_s = np.arange(hour_s, min(hour_s + _HOUR_S, seconds), dtype=np.float64)
    level = city.overfilled(event, t_s)
    (_, _, h, hh), height = GROUPS[0].limits, float(layout.heights_m[event.enterprise, event.tank])
    sensor = layout.names[event.enterprise * SENSORS + event.tank]
    limits = []
    for name, limit in (("h", h * height), ("hh", hh * height)):
        beyond = np.flatnonzero(level >= limit)
        if len(beyond) and beyond[0] > 0:
            at = int(beyond[0])
            part = (limit - level[at - 1]) / (level[at] - level[at - 1])
            limits.append((name, hour_s + at - 1 + float(part)))
    above = np.flatnonzero(level >= h * height)
    end_s = min(max(float(event.end_s), hour_s + float(above[-1]) + 1 if len(above) else 0.0), float(seconds))
    risk = _R_PER_TONNE * layout.quantity_t(event.enterprise)
    onset, end, *crossed = time_texts(
        [start_ns + round(s * 1000) * _NS_PER_MS for s in (event.onset_s, end_s, *(t for _, t in limits))]
    )
    return {
        "id": f"overfill-{layout.ids[event.enterprise]}-{event.onset_s}",
        "kind": "overfill",
        "severity": 3 if event.rise_s < _BRISK_S else 2,
        "fault": True,
        "onset": onset,
        "end": end,
        "grade": next(grade for least, grade in _GRADES if risk >= least),
        "sensors": [sensor],
        "limits": [
            {"sensor": sensor, "limit_name": name, "time": time}
            for (name, _), time in zip(limits, crossed, strict=True)
        ],
    }
