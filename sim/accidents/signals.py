"""What every signal of an accident really was, on the accident's grid; pure, from the accident and a seed.

Random numbers come from one stream a signal and purpose, drawn for the whole length at once, so that a shorter run is
the beginning of a longer one.
"""

import math
from collections.abc import Mapping
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from sim.accidents.model import Accident, Course, Induction, Knot, Repeat, Tank, Wander

Floats = NDArray[np.float64]

_DAY_S = 86_400.0
_HOUR_S = 3600.0
_JUST_BEFORE_S = 1e-3
_SHIFTS, _WANDERS = 1, 2
"""Purposes of a signal's random streams."""


def stream(*numbers: int) -> np.random.Generator:
    """Return a random stream of its own; PCG64 by name, because the default may change with numpy."""
    return np.random.Generator(np.random.PCG64(list(numbers)))


def grid_s(accident: Accident) -> Floats:
    """Return the instants at which signals are known, seconds since the accident file's start."""
    return np.arange(0, accident.length_s, accident.step_s, dtype=np.float64)


def true_values(accident: Accident, seed: int | None) -> Mapping[str, Floats]:
    """Return every signal on the grid; without a seed nothing wanders and no repeat is shifted."""
    t_s = grid_s(accident)
    clock_s = _time_of_day_s(accident.start)
    found: dict[str, Floats] = {}
    for number, (name, signal) in enumerate(accident.signals.items()):
        if isinstance(signal, Course):
            found[name] = _course(signal, t_s, clock_s, None if seed is None else (seed, number))
    for name, signal in accident.signals.items():
        if isinstance(signal, Tank):
            found[name] = _tank(signal, t_s, found)
    return found


def knots_at(knots: tuple[Knot, ...], t_s: Floats) -> Floats:
    """Return the line through knots; before the first and after the last it rests."""
    return _line([(k.t_s, k.value, k.step) for k in knots], t_s)


def _course(course: Course, t_s: Floats, clock_s: float, streams: tuple[int, int] | None) -> Floats:
    points = [(k.t_s, k.value, k.step) for k in course.knots]
    shifts = None if streams is None else stream(*streams, _SHIFTS)
    for repeat in course.repeats:
        points += _repeated(repeat, shifts)
    value = _line(sorted(points, key=lambda point: point[0]), t_s)
    if course.daily is not None:
        turn = 2 * np.pi * ((t_s + clock_s) / _DAY_S - course.daily.peak_h / 24)
        value = value + course.daily.amplitude * np.cos(turn)
    if course.wander is not None and streams is not None:
        wander = _wandered(course.wander, t_s, stream(*streams, _WANDERS))
        value = value * (1 + wander) if course.wander.share else value + wander
    return value if course.model is None else _taken_over(course.model, value, t_s)


def _repeated(repeat: Repeat, shifts: np.random.Generator | None) -> list[tuple[float, float, bool]]:
    points = []
    for i in range(repeat.times):
        shift_s = 0.0 if shifts is None else float(shifts.uniform(-repeat.jitter_s, repeat.jitter_s))
        begin_s = repeat.first_s + i * repeat.every_s + round(shift_s)
        points += [(begin_s + beat.after_s, beat.value, beat.step) for beat in repeat.beats]
    return points


def _line(points: list[tuple[float, float, bool]], t_s: Floats) -> Floats:
    times: list[float] = []
    values: list[float] = []
    for at_s, value, step in points:
        if step and values:
            times.append(at_s - _JUST_BEFORE_S)
            values.append(values[-1])
        times.append(at_s)
        values.append(value)
    return np.asarray(np.interp(t_s, times, values))


def remembered(pushes: Floats, keep: float) -> Floats:
    """Return a course that keeps this share of itself from one instant to the next and is pushed anew at each."""
    return np.fromiter(accumulate(pushes.tolist(), lambda before, push: keep * before + push), np.float64)


def _wandered(wander: Wander, t_s: Floats, draws: np.random.Generator) -> Floats:
    """Return an Ornstein-Uhlenbeck course from its stationary distribution."""
    keep = math.exp(-(float(t_s[1]) - float(t_s[0])) / wander.tau_s)
    pushes = draws.standard_normal(len(t_s)) * (wander.sd * math.sqrt(1 - keep**2))
    pushes[0] = pushes[0] / math.sqrt(1 - keep**2)
    return remembered(pushes, keep)


def _taken_over(model: Induction, value: Floats, t_s: Floats) -> Floats:
    """Let the model's value stand from its beginning on."""
    part = np.clip((t_s - model.from_s) / (model.blow_up_s - model.from_s), 0.0, 1.0 - 1e-12)
    heated = np.minimum(model.base - model.theta * np.log1p(-part), model.most)
    return np.where(t_s >= model.from_s, heated, value)


def _tank(tank: Tank, t_s: Floats, flows: Mapping[str, Floats]) -> Floats:
    """Return the level that flows in and out make, through the anchor, from empty to full."""
    net_m3_s = np.zeros(len(t_s))
    for name in tank.inflows:
        net_m3_s += flows[name] / _HOUR_S
    for name in tank.outflows:
        net_m3_s -= flows[name] / _HOUR_S
    moved_m3 = np.concatenate(([0.0], np.cumsum(net_m3_s[:-1] * np.diff(t_s))))
    level = tank.anchor.value + (moved_m3 - np.interp(tank.anchor.t_s, t_s, moved_m3)) / tank.area_m2
    return np.clip(level, 0.0, tank.full_m)


def _time_of_day_s(start: str) -> float:
    """Return the seconds since midnight of a start such as 2005-12-04 18:00."""
    hours, minutes = start.split(" ")[1].split(":")[:2]
    return int(hours) * _HOUR_S + int(minutes) * 60.0
