"""What `hazwatch tune` writes: detectors.yaml keys with their evidence as comments, and the same as JSON."""

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import yaml

from alerting.texts import both, with_local_times
from service.tuning.calibrate import Calibration, Judgement
from service.tuning.normal import Abnormal
from service.tuning.tail import CONFIDENCE, Interval

_HEAD = """\
# Thresholds written by `hazwatch tune`. Lay them over the plant's own by the key `tuned` of hazwatch.yaml, after
# `hazwatch backtest` has shown what they change. docs/tuning.md says what the evidence means.
"""


def overlay(calibration: Calibration, source: str, zone: ZoneInfo) -> str:
    """Return the overlay: only what was tuned; what was refused stands there as a comment with its reason.

    Comments tell their times in `zone`.
    """
    by_sensor: dict[str, list[Judgement]] = {}
    for judgement in calibration.judgements:
        by_sensor.setdefault(judgement.evidence.sensor, []).append(judgement)
    tuned = {s: j for s, j in by_sensor.items() if any(one.evidence.chosen is not None for one in j)}
    lines = [_HEAD, *(f"# {line}\n" for line in _summary(calibration, source)), "sensors:"]
    lines.append("\n" if tuned else " {}\n")
    for sensor, judgements in by_sensor.items():
        if sensor not in tuned:
            continue
        chosen = {
            j.evidence.tunable.key: j.evidence.chosen for j in judgements if j.evidence.chosen is not None
        }
        lines += [f"  # {line}\n" for j in judgements for line in _evidence_lines(j)]
        lines.append(
            f"  {_key(sensor)}: {{{', '.join(f'{key}: {value!r}' for key, value in chosen.items())}}}\n"
        )
    refused = [
        line for s, js in by_sensor.items() if s not in tuned for j in js for line in _evidence_lines(j)
    ]
    lines += ["# left as they are:\n"] if refused else []
    lines += [f"#   {line}\n" for line in refused]
    return "".join(with_local_times(line, zone) if line.lstrip().startswith("#") else line for line in lines)


def report(calibration: Calibration, source: str, ids: list[str]) -> bytes:
    """Return all of it as JSON; keys always in this order, null where there is none."""
    body = {
        "source": source,
        "from": _time(calibration.first_ns),
        "to": _time(calibration.last_ns),
        "readings": calibration.readings,
        "rate_per_sensor_day": calibration.per_day,
        "confidence": CONFIDENCE,
        "abnormal": [_abnormal(time, ids) for time in calibration.abnormal],
        "thresholds": [_threshold(judgement) for judgement in calibration.judgements],
    }
    return msgspec.json.format(msgspec.json.encode(body), indent=1)


def _summary(calibration: Calibration, source: str) -> Iterator[str]:
    yield f"recording: {source}, {_time(calibration.first_ns)} to {_time(calibration.last_ns)}, {calibration.readings} readings"
    yield f"wanted: at most {calibration.per_day:g} false episodes a day and sensor; intervals are of {CONFIDENCE:.0%}"
    yield f"cut out as abnormal: {len(calibration.abnormal)} times"


def _evidence_lines(judgement: Judgement) -> Iterator[str]:
    e = judgement.evidence
    name = f"{e.sensor} {e.tunable.key}"
    now = "null" if e.was_off else f"{e.now:g}"
    if e.refusal is not None:
        yield f"{name} stays {now}: {e.refusal.reason}: {e.refusal.why.en} (needed: {e.refusal.needed.en})"
        return
    assert e.chosen is not None
    assert e.rate_interval is not None
    if e.told is not None:
        yield (
            f"{name} {now} -> {e.chosen:g}; told {e.told} times in {e.days:.3g} days, {_range(e.rate_interval)} a day; "
            f"raised here {judgement.before}, tuned {judgement.after}"
        )
        return
    assert e.fitted is not None
    assert e.interval is not None
    tail = e.fitted.tail
    least = ", the least allowed" if e.at_least else ""
    yield (
        f"{name} {now} -> {e.chosen:g}{least}; exactly {_range(e.interval)} {e.tunable.unit}; "
        f"{_range(e.rate_interval)} episodes/day there"
    )
    yield (
        f"  {e.days:.3g} days, {e.readings} readings, {e.cut_days:.2g} days cut; {tail.episodes} episodes beyond "
        f"{tail.level * e.now:.3g}, shape {tail.shape:.2f}, scale {tail.scale * e.now:.3g}, fit p {tail.goodness:.2g}; "
        f"raised here {judgement.before}, tuned {judgement.after}"
    )


def _threshold(judgement: Judgement) -> dict[str, Any]:
    e = judgement.evidence
    tail = e.fitted.tail if e.fitted else None
    refusal = e.refusal
    return {
        "sensor": e.sensor,
        "type": e.type,
        "method": e.tunable.method.label,
        "key": e.tunable.key,
        "unit": e.tunable.unit,
        "now": None if e.was_off else e.now,
        "chosen": e.chosen,
        "at_least_allowed": e.at_least,
        "interval": _pair(e.interval),
        "episodes_per_day": e.rate,
        "episodes_per_day_interval": _pair(e.rate_interval),
        "episodes_per_day_now": e.rate_now,
        "raised_in_recording": {"now": judgement.before, "tuned": judgement.after},
        "days": e.days,
        "cut_days": e.cut_days,
        "readings": e.readings,
        "told": e.told,
        "tail": None if tail is None else {
            "level": tail.level * e.now, "episodes": tail.episodes, "shape": tail.shape, "scale": tail.scale * e.now,
            "goodness": tail.goodness,
        },
        "refused": None if refusal is None else {
            "reason": refusal.reason.value, "why": both(refusal.why), "needed": both(refusal.needed),
        },
    }  # fmt: skip


def _abnormal(time: Abnormal, ids: list[str]) -> dict[str, Any]:
    return {
        "sensor": ids[time.sensor],
        "method": time.method.label,
        "limit_name": time.limit or None,
        "from": _time(time.start_ns),
        "to": _time(time.end_ns),
    }


def _pair(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [interval.lo, interval.hi]


def _range(interval: Interval) -> str:
    return f"{interval.lo:.3g} to {interval.hi:.3g}"


def _time(t_ns: int | None) -> str | None:
    return None if t_ns is None else str(np.datetime64(t_ns // 1_000_000, "ms")) + "Z"


def _key(sensor: str) -> str:
    """Return a sensor's id as a key of YAML."""
    return yaml.safe_dump(sensor, default_style='"', allow_unicode=True, width=10_000).strip()
