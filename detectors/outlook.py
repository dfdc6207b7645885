"""What the bank knows of one sensor at this moment, for people to look at: its usual values, and the slope it goes by.

Asked seldom and for one sensor, so the course's own kernels are run here as plain Python: a compiled entry of their own would
cost seconds of compiling for what takes half a millisecond, and a second formula could say something else than the forecast.
"""

import math
from dataclasses import dataclass
from functools import cache
from types import FunctionType
from typing import Any

import numpy as np

from detectors import course
from detectors.memory import Memory, Params
from detectors.state import BLOCKS, C_FORECAST, DESIGN, LL, SCALES, L

WIDTH = 1.645
"""Standard errors on either side of a slope that hold it with 90 % confidence, if it goes on as it went."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usual:
    """The baseline of robust z as learnt by now: mean and standard deviation, and how many of these are told as abnormal."""

    mean: float
    sigma: float
    z_threshold: float
    tau_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A forecast that stands: from `value` at `t_ns` (the newest whole block of readings) by `slope` a second.

    `low` and `high` are the bounds of the slope at 90 % confidence, from its standard error over the window of `span_s`.
    `left_s` is the forecast itself, which also knows of bends; `limit` is an index of `LIMIT_NAMES`, of value `limit_value`.
    """

    t_ns: int
    value: float
    slope: float
    low: float
    high: float
    span_s: float
    left_s: float
    limit: int
    limit_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Both, None where there is none: not warm yet, no forecast that is borne out now."""

    usual: Usual | None
    ahead: Ahead | None


def outlook(params: Params, memory: Memory, i: int) -> Outlook:
    """Return what is known of sensor `i`."""
    return Outlook(usual=_usual(params, memory, i), ahead=_ahead(params, memory, i))


def _usual(params: Params, memory: Memory, i: int) -> Usual | None:
    p, s = params.base[i], memory.state[i]
    if p["z_warm_samples"] <= 0 or s["z_count"] < p["z_warm_samples"] or not math.isfinite(p["z_threshold"]):
        return None
    sigma = max(math.sqrt(float(s["var"])), float(p["sigma_min"]))
    return Usual(
        mean=float(s["mean"]),
        sigma=sigma,
        z_threshold=float(p["z_threshold"]),
        tau_s=float(p["z_tau_ns"]) / 1e9,
    )


def _ahead(params: Params, memory: Memory, i: int) -> Ahead | None:
    if memory.cond["active"][i, C_FORECAST] != 1:
        return None
    a, c = params.ahead.view(np.recarray)[i], memory.course.view(np.recarray)[i]
    if c.target != c.told or not LL <= c.told <= DESIGN or not math.isfinite(c.left_s):
        return None
    blocks = memory.blocks.view(np.recarray)
    kernels = _in_python()
    slope, span_s, _, _ = kernels["slope_of"](a, c, blocks, i)
    error = next(
        (
            fit[1]
            for k in range(SCALES)
            for size in (BLOCKS // 2, BLOCKS)
            if c.pushed[k] >= size and (fit := kernels["_fit"](a, c, blocks, i, k, size))[4] == span_s
        ),
        math.nan,
    )
    if slope == 0.0 or not math.isfinite(error) or (slope < 0.0) != (c.told <= L):
        return None
    newest = kernels["newest"](c, blocks, i)
    return Ahead(
        t_ns=int(newest.t_ns),
        value=float(newest.value),
        slope=float(slope),
        low=float(slope - WIDTH * error),
        high=float(slope + WIDTH * error),
        span_s=float(span_s),
        left_s=float(c.left_s),
        limit=int(c.told),
        limit_value=float(params.base["limit"][i, c.told]),
    )


@cache
def _in_python() -> dict[str, Any]:
    """Return the functions of `detectors.course` as they are before they are compiled, calling each other so."""
    names: dict[str, Any] = {**vars(course), "keep_apart": lambda: None}
    for name, value in vars(course).items():
        plain = getattr(value, "py_func", None)
        if plain is not None and plain.__module__ == course.__name__:
            names[name] = FunctionType(plain.__code__, names, name, plain.__defaults__)
    return names
